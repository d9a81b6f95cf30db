from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from guidance.core.hooks import JobKind, register_job_kind


class ConsoleConfig(AppConfig):
    name = "guidance.console"
    verbose_name = _("Console")

    def ready(self) -> None:
        register_job_kind(
            JobKind("import_shop", _("Import of a shop"), "guidance.console.importing.runner.run")
        )
        register_job_kind(JobKind("replay", _("Replay"), "guidance.console.replay.runner.run"))
