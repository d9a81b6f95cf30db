from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BehaviourConfig(AppConfig):
    name = "guidance.behaviour"
    verbose_name = _("Behaviour")

    def ready(self) -> None:
        from guidance.behaviour.panels import LATEST_EVENTS
        from guidance.behaviour.services.merge import move_events
        from guidance.behaviour.services.withdrawals import record_withdrawal
        from guidance.core.hooks import Recurring, register_schedule
        from guidance.customers.hooks import (
            register_merge_mover,
            register_panel,
            register_withdrawal_listener,
        )

        register_schedule(Recurring("roll-up", "guidance.behaviour.tasks.roll_up", minutes=1))
        scripts = "guidance.behaviour.tasks.leave_out_scripts"
        register_schedule(Recurring("scripts", scripts, minutes=360))
        register_merge_mover("events", move_events)
        register_panel(LATEST_EVENTS)
        register_withdrawal_listener(record_withdrawal)
