from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "guidance.content"
    verbose_name = _("Content")

    def ready(self) -> None:
        from guidance.catalog.hooks import (
            ProductAction,
            register_facts_listener,
            register_product_action,
        )
        from guidance.content.services.staleness import mark_stale
        from guidance.core.hooks import JobKind, Recurring, register_job_kind, register_schedule

        register_facts_listener(mark_stale)
        register_product_action(
            ProductAction(
                name="request_drafts",
                label=_("Request drafts …"),
                permission="content.add_draft",
                view="guidance.content.admin.drafts.request_for_products",
            )
        )
        services = "guidance.content.services"
        register_job_kind(
            JobKind("draft_copy", _("Draft copy"), f"{services}.drafting.run_draft_copy")
        )
        register_job_kind(
            JobKind("rewrite_copy", _("Rewrite copy"), f"{services}.rewriting.run_rewrite_copy")
        )
        register_schedule(Recurring("webhooks", "guidance.content.tasks.sweep_webhooks", minutes=1))
