from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    name = "guidance.training"
    verbose_name = _("Models")

    def ready(self) -> None:
        from guidance.core.hooks import JobKind, Recurring, register_job_kind, register_schedule
        from guidance.training.selectors import ESTIMATE_JOB
        from guidance.training.services import ensure_policies

        register_job_kind(
            JobKind(
                "train",
                _("training"),
                "guidance.training.services.run_training",
                cancel_permission="training.add_trainingrun",
            )
        )
        register_job_kind(
            JobKind(
                ESTIMATE_JOB,
                _("estimate from the log"),
                "guidance.training.services.estimates.run_estimate",
                cancel_permission="training.add_trainingrun",
            )
        )
        register_schedule(Recurring("retrain", "guidance.training.tasks.retrain_where_due", 5))
        register_schedule(Recurring("read-drift", "guidance.training.tasks.read_drift", 15))
        post_migrate.connect(ensure_policies, dispatch_uid="training.ensure_policies")
