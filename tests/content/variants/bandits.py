"""A bandit among wordings, and decisions of it with what came of them."""

from datetime import datetime, timedelta

from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.content.models import CopyBandit, Publication
from guidance.content.services.bandits import request_bandit
from guidance.core.models import User
from guidance.decisions.models import Decision
from tests import factories


def ask(main: Publication, actor: User, **given: object) -> CopyBandit:
    asked = CopyBandit(**{"surface": "product", "window_hours": 2, **given})
    return request_bandit(publication_id=main.pk, asked=asked, actor=actor)


def decided(
    bandit: CopyBandit,
    text: Publication,
    arm: str,
    *,
    ago: timedelta,
    clicked_after: timedelta | None = None,
    seen: bool = True,
) -> Decision:
    """Log a decision of some time ago with what came of it."""
    at = timezone.now() - ago
    running = CopyBandit.objects.get(pk=bandit.pk)
    for known in running.arms.values():
        known["since"] = min(known["since"], at.isoformat())
    CopyBandit.objects.filter(pk=bandit.pk, settled_until__gt=at).update(settled_until=at)
    CopyBandit.objects.filter(pk=bandit.pk).update(arms=running.arms)
    item = {"kind": "copy", "key": str(text.pk), "position": 1, "propensity": 0.5}
    shown = factories.decision(
        surface="product", policy=arm, experiment=bandit.key, arm=arm, at=at, items=[item]
    )
    if seen:
        happened(shown, "impression", at)
    if clicked_after is not None:
        happened(shown, "click", at + clicked_after)
    return shown


def happened(shown: Decision, kind: str, at: datetime) -> None:
    """Let the shopper answer a decision, and hear of it at once."""
    Event.objects.create(
        kind=kind, occurred_at=at, received_at=at, customer=shown.customer, decision=shown.pk
    )


def known_of(bandit: CopyBandit) -> dict[str, list[float]]:
    """Return successes and failures by wording, the prior left out."""
    bandit.refresh_from_db()
    sums: dict[str, list[float]] = bandit.state["memory"]["sums"]
    return {arm: [round(value, 6) for value in values] for arm, values in sums.items()}


def without_fading(bandit: CopyBandit) -> dict[str, object]:
    return {**bandit.state, "memory": {**bandit.state["memory"], "half_life": None}}
