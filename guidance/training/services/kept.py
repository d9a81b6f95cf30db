"""The settings that a recipe's retraining keeps for every later run."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.training.models import RetrainingPolicy


@transaction.atomic
def keep_params(*, recipe_key: str, params: dict[str, Any], actor: User | None) -> RetrainingPolicy:
    """Have every later run of a recipe use these settings, beside those it keeps already."""
    policy = _locked(recipe_key)
    _write(policy, {**policy.params, **params}, actor)
    return policy


@transaction.atomic
def replace_params(
    *, recipe_key: str, params: dict[str, Any], seen: Mapping[str, Any], actor: User | None
) -> bool:
    """Keep settings that were found from those `seen`; False, and nothing kept, where somebody
    has kept others of their names since. Kept already, they are not written again.
    """
    policy = _locked(recipe_key)
    if params.items() <= policy.params.items():
        return True
    if any(policy.params.get(name) != seen.get(name) for name in params):
        return False
    _write(policy, {**policy.params, **params}, actor)
    return True


@transaction.atomic
def forget_params(*, recipe_key: str, actor: User) -> RetrainingPolicy:
    """Have every later run of a recipe use the usual settings again."""
    policy = _locked(recipe_key)
    _write(policy, {}, actor)
    return policy


def _locked(recipe_key: str) -> RetrainingPolicy:
    policies = RetrainingPolicy.objects.select_for_update()
    policy, _created = policies.get_or_create(recipe=recipe_key)
    return policy


def _write(policy: RetrainingPolicy, params: dict[str, Any], actor: User | None) -> None:
    before, policy.params = policy.params, params
    policy.save(update_fields=["params", "updated_at"])
    record_audit(
        actor=actor, verb="keep_settings", target=policy, details={"before": before, "now": params}
    )
