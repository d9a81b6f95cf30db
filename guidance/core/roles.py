"""Roles are groups; what each may do is written here and synced after every migration."""

from enum import StrEnum
from typing import Any

from django.apps import apps as installed
from django.contrib.auth.models import Group, Permission


class Role(StrEnum):
    MERCHANDISER = "merchandiser"
    MARKETER = "marketer"
    ANALYST = "analyst"
    SUPPORT_AGENT = "support agent"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"


# App label -> model -> actions. The view of what one may change is always included.
_SHOP_VIEW = {
    "catalog.category": "view",
    "catalog.product": "view",
    "core.job": "view",
    "core.market": "view",
}
ROLE_PERMISSIONS: dict[Role, dict[str, str]] = {
    Role.MERCHANDISER: _SHOP_VIEW
    | {
        "catalog.product": "view change",
        "catalog.category": "view change",
        "content.draft": "view add change review",
        "content.missingfacts": "view change",
        "content.publication": "view withdraw",
        "content.copybandit": "view add approve",
        "content.rulepackversion": "view",
        "content.signedexception": "view",
        "content.labelpolicy": "view",
        "content.styleguide": "view add change",
        "content.glossaryterm": "view add change delete",
        "behaviour.dayrollup": "view",
        "behaviour.savedview": "view add change delete",
        "recommendations.surface": "view change",
        "recommendations.rule": "view add change delete",
        "recommendations.healthreport": "view add",
        "recommendations.healthalert": "view change",
        "recommendations.healththreshold": "view",
        "decisions.decision": "view",
        "decisions.outcome": "view",
        "experiments.experiment": "view add change approve decide",
        "experiments.holdout": "view",
        "experiments.metric": "view",
        "training.trainingrun": "view add",
        "training.modelversion": "view",
        "training.retrainingpolicy": "view",
    },
    Role.MARKETER: _SHOP_VIEW
    | {
        "campaigns.campaign": "view add change delete stop",
        "campaigns.pushplan": "view add approve",
        "campaigns.delivery": "view settle",
        "campaigns.channellimit": "view",
        "campaigns.frequencycap": "view add change delete",
        "campaigns.offer": "view add change delete",
        "campaigns.inboxmessage": "view",
        "campaigns.audience": "view add change delete sample",
        "customers.customer": "view",
        "customers.suppression": "view add",
        "content.publication": "view",
        "content.styleguide": "view",
        "content.glossaryterm": "view",
        "behaviour.dayrollup": "view",
        "behaviour.savedview": "view add change delete",
        "behaviour.shoppers": "open",
        "experiments.experiment": "view",
        "experiments.holdout": "view",
        "experiments.metric": "view",
    },
    Role.ANALYST: _SHOP_VIEW
    | {
        "behaviour.event": "view",
        "behaviour.dayrollup": "view",
        "behaviour.savedview": "view add change delete",
        "behaviour.shoppers": "open",
        "decisions.decision": "view",
        "decisions.outcome": "view",
        "experiments.experiment": "view add change approve decide",
        "experiments.holdout": "view add change",
        "experiments.metric": "view add change",
        "training.trainingrun": "view add",
        "training.modelversion": "view promote",
        "training.retrainingpolicy": "view change",
        "campaigns.campaign": "view",
        "campaigns.pushplan": "view",
        "campaigns.delivery": "view",
        "campaigns.frequencycap": "view",
        "campaigns.offer": "view",
        "campaigns.audience": "view",
        "content.publication": "view",
        "content.copybandit": "view approve",
        "content.providerusage": "view",
        "recommendations.surface": "view",
        "recommendations.rule": "view",
        "recommendations.healthreport": "view add",
        "recommendations.healthalert": "view change",
        "recommendations.healththreshold": "view change",
    },
    Role.SUPPORT_AGENT: {
        "campaigns.delivery": "view",
        "customers.customer": "view exclude",
        "customers.suppression": "view add",
        "catalog.product": "view",
    },
    Role.COMPLIANCE: {
        "campaigns.campaign": "view stop",
        "campaigns.pushplan": "view approve",
        "campaigns.delivery": "view",
        "campaigns.frequencycap": "view change",
        "core.auditentry": "view",
        "customers.suppression": "view add lift",
        "content.draft": "view",
        "content.publication": "view withdraw",
        "content.rulepackversion": "view add activate",
        "content.signedexception": "view",
        "content.exception": "sign",
        "content.labelpolicy": "view add change",
        "core.market": "view",
        "decisions.decision": "view",
        "decisions.outcome": "view",
        "recommendations.healthreport": "view",
        "recommendations.healthalert": "view",
        "recommendations.healththreshold": "view",
    },
    Role.ADMINISTRATOR: {},
}


def sync_roles(**kwargs: Any) -> None:
    """Give each role's group exactly its permissions; runs after every app's migrations."""
    known = {
        (p.content_type.app_label, p.codename): p
        for p in Permission.objects.select_related("content_type")
    }
    for role, models in ROLE_PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=role.value)
        wanted = {
            known[key]
            for model, actions in models.items()
            for key in _permission_keys(model, actions)
            if key in known
        }
        group.permissions.set(wanted)


def _permission_keys(model: str, actions: str) -> list[tuple[str, str]]:
    app, name = model.split(".")
    if not installed.is_installed(f"guidance.{app}"):
        return []
    return [(app, f"{action}_{name}") for action in actions.split()]
