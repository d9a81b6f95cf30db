from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "guidance.content"
    verbose_name = _("Content")

    def ready(self) -> None:
        from guidance.catalog.hooks import register_facts_listener
        from guidance.content.services.staleness import mark_stale
        from guidance.core.hooks import JobKind, register_job_kind

        register_facts_listener(mark_stale)
        register_job_kind(
            JobKind(
                key="draft_copy",
                label=_("Draft copy"),
                runner="guidance.content.services.drafting.run_draft_copy",
            )
        )
