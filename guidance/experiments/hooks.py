"""What higher apps let people test: what an arm's policy means, and how one is shipped; and what
bandits of theirs learn from, where a decision shows more than one arm."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from guidance.core.models import User
from guidance.decisions.models import DecisionQuerySet

# A policy as arms keep it, and what people call it.
Choice = tuple[str, str | Promise]


@dataclass(frozen=True)
class Testable:
    """A kind of thing that can be tested, by the app that serves it.

    `handles(surface, subject)` tells whether what is tested there is of this kind; one surface may
    have several kinds, each with subjects of its own. `fault(surface, subject)` says, in
    words for people, why that subject cannot be tested there, '' where it can.
    `policies(surface, subject)` are what its arms may ask for. `exposing(decisions)` keeps those
    of a surface's decisions that an experiment there would have counted, where not all are.

    `ship(surface, subject, policy, actor)` makes a policy what everybody gets, writes who did so,
    and returns, as JSON, what `unship(surface, subject, before, actor)` needs to put back what was
    there. Both run in the decision's transaction and raise ValidationError where it cannot be done:
    `unship` also where what was shipped has been changed since.
    """

    key: str
    label: str | Promise
    handles: Callable[[str, str], bool]
    fault: Callable[[str, str], str]
    policies: Callable[[str, str], Sequence[Choice]]
    ship: Callable[[str, str, str, User | None], dict[str, Any]]
    unship: Callable[[str, str, dict[str, Any], User | None], None]
    exposing: Callable[[DecisionQuerySet], DecisionQuerySet] = lambda decisions: decisions


_testables: dict[str, Testable] = {}


def register_testable(testable: Testable) -> None:
    """Let people test surfaces of a kind; call it in `AppConfig.ready()` only."""
    _testables[testable.key] = testable


def testables() -> list[Testable]:
    """Return every registered kind."""
    return list(_testables.values())


def testable_of(surface: str, subject: str) -> Testable | None:
    """Return the kind of what is tested, None where no app serves it."""
    return next((one for one in _testables.values() if one.handles(surface, subject)), None)


# Bandits whose decisions show one arm each, which experiments reads itself.
DECISIONS = "decisions"
_trials: dict[str, Callable[[Any], Any]] = {}
_labels: dict[str, Mapping[str, str | Promise]] = {}


def register_trials(
    key: str, trials: Callable[[Any], Any], labels: Mapping[str, str | Promise] | None = None
) -> None:
    """Let bandits opened with `trials=key` learn from `trials(bandit)`, which tells what
    `experiments.services.learning.Trials` says; `labels` are what people call their arms. Call it
    in `AppConfig.ready()` only."""
    _trials[key] = trials
    _labels[key] = labels or {}


def arm_label(trials: str, arm: str) -> str:
    """Return what people call an arm; the arm itself where nobody said."""
    return str(_labels.get(trials, {}).get(arm, arm))


def trials_called(key: str, bandit: Any) -> Any:
    """Return what tells the trials of a bandit; None where nobody registered it."""
    found = _trials.get(key)
    return found(bandit) if found else None
