from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DecisionsConfig(AppConfig):
    name = "guidance.decisions"
    verbose_name = _("Decisions")

    def ready(self) -> None:
        from guidance.customers.hooks import register_merge_mover
        from guidance.decisions.services.merge import move_decisions

        register_merge_mover("decisions", move_decisions)
