from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ExperimentsConfig(AppConfig):
    name = "guidance.experiments"
    verbose_name = _("Experiments")

    def ready(self) -> None:
        from guidance.behaviour.hooks import register_customer_rollup
        from guidance.core.hooks import Recurring, register_schedule
        from guidance.experiments.services.counting import count_customers
        from guidance.experiments.services.defining import sync_metrics

        post_migrate.connect(sync_metrics, sender=self, dispatch_uid="experiments.sync_metrics")
        register_customer_rollup(count_customers)

        task = "guidance.experiments.tasks.watch_guardrails"
        register_schedule(Recurring("guardrails", task, minutes=60))
        task = "guidance.experiments.tasks.settle_bandits"
        register_schedule(Recurring("experiments.bandits", task, minutes=5))
