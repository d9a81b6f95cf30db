from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "guidance.core"
    verbose_name = _("House")

    def ready(self) -> None:
        from guidance.core.roles import sync_roles

        post_migrate.connect(sync_roles, dispatch_uid="core.sync_roles")
