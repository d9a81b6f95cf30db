from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    name = "guidance.training"
    verbose_name = _("Models")

    def ready(self) -> None:
        from guidance.core.hooks import JobKind, Recurring, register_job_kind, register_schedule

        register_job_kind(
            JobKind(
                "train",
                _("training"),
                "guidance.training.services.run_training",
                cancel_permission="training.add_trainingrun",
            )
        )
        register_schedule(Recurring("train-nightly", "guidance.training.tasks.train_nightly", 10))
