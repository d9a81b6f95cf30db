from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExperimentsConfig(AppConfig):
    name = "guidance.experiments"
    verbose_name = _("Experiments")

    def ready(self) -> None:
        from guidance.core.hooks import Recurring, register_schedule

        task = "guidance.experiments.tasks.watch_guardrails"
        register_schedule(Recurring("guardrails", task, minutes=60))
