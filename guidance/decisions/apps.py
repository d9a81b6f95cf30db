from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DecisionsConfig(AppConfig):
    name = "guidance.decisions"
    verbose_name = _("Decisions")

    def ready(self) -> None:
        from guidance.behaviour.hooks import register_rollup
        from guidance.customers.hooks import register_merge_mover
        from guidance.decisions.services.merge import move_decisions
        from guidance.decisions.services.rollups import roll_up_decisions

        register_rollup(roll_up_decisions)
        register_merge_mover("decisions", move_decisions)
