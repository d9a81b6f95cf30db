"""The decision about an experiment: by a person, against the data only by two, and undone."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.core.settled import settled_moment
from guidance.experiments.advice import advise, agrees
from guidance.experiments.evidence import evidence_of
from guidance.experiments.hooks import Testable, testable_of
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.plan import decision_digest, decision_said
from guidance.experiments.selectors import report
from guidance.experiments.services.lifecycle import mark_stopped
from guidance.experiments.services.steps import lock, lock_for, record_step, require_way

Status, Verdict = Experiment.Status, Experiment.Verdict
LEAST_REASON = 10
LONGEST_REASON = 1_000
# Evidence older than this would leave out what people see on the page.
LONGEST_OPEN = timedelta(minutes=15)


def decide_experiment(
    *, experiment: Experiment, verdict: str, arm: str = "", reason: str, actor: User
) -> Experiment:
    """Decide: `ship` an arm (no control) or `keep` what was there; a running one stops with it.

    Against what the data recommend it is only proposed: `confirm_decision` by somebody else makes
    it hold. Raises ValidationError where it cannot be decided or shipped.
    """
    reason = " ".join(reason.split())
    if len(reason) < LEAST_REASON:
        raise ValidationError(_("Say in a sentence why."))
    require_way(experiment, Status.DECIDED)
    _require_verdict(experiment, verdict, arm)
    # Counting takes its time on a large log; nobody is locked out meanwhile.
    at = settled_moment()
    if at < timezone.now() - LONGEST_OPEN:
        raise ValidationError(
            _(
                "Something has been written since %(time)s and is not finished: what the evidence "
                "holds could not be found again. Try later."
            )
            % {"time": localtime(at).strftime("%Y-%m-%d %H:%M")}
        )
    found = report(experiment, as_of=at)
    advice = advise(experiment, found, foresee=False)
    with transaction.atomic():
        locked = lock_for(experiment, Status.DECIDED)
        if locked.awaits_second:
            raise ValidationError(_("A decision waits for its second person already."))
        if locked.status != experiment.status:
            raise ValidationError(_("Somebody changed this experiment meanwhile; look again."))
        locked.decision, locked.decided_arm = verdict, arm
        locked.decision_reason, locked.decided_by = reason[:LONGEST_REASON], actor
        locked.is_against_advice = not agrees(advice, verdict, arm)
        locked.second_by = None
        locked.evidence = evidence_of(found, advice, at=at)
        changed = ["decision", "decided_arm", "decision_reason", "decided_by"]
        changed += ["is_against_advice", "second_by", "evidence"]
        if locked.is_against_advice:
            record_step(
                locked,
                verb="propose_decision",
                actor=actor,
                changed=changed,
                details=decision_said(locked),
            )
        else:
            _conclude(locked, actor=actor, changed=changed, verb="decide_experiment")
    return locked


@transaction.atomic
def confirm_decision(*, experiment: Experiment, actor: User, seen: str | None = None) -> Experiment:
    """Make a decision against the recommendation hold, as its second person.

    `seen` is the `decision_digest` that the person looked at. Raises ValidationError for the person
    who proposed it, where none waits, or where another one does by now.
    """
    locked = _lock_proposed(experiment)
    if seen is not None and seen != decision_digest(locked):
        raise ValidationError(_("Another decision was proposed meanwhile; look at it again."))
    if locked.decided_by_id == actor.pk:
        raise ValidationError(
            _("You decided this against the recommendation; somebody else must confirm it.")
        )
    locked.second_by = actor
    _conclude(locked, actor=actor, changed=["second_by"], verb="confirm_decision")
    return locked


@transaction.atomic
def withdraw_decision(*, experiment: Experiment, actor: User) -> Experiment:
    """Take a decision that waits for its second person back; anybody who may decide may."""
    locked = _lock_proposed(experiment)
    details = decision_said(locked)
    locked.decision = locked.decided_arm = locked.decision_reason = ""
    locked.decided_by, locked.is_against_advice, locked.evidence = None, False, {}
    record_step(
        locked,
        verb="withdraw_decision",
        actor=actor,
        changed=[
            *("decision", "decided_arm", "decision_reason", "decided_by"),
            *("is_against_advice", "evidence"),
        ],
        details=details,
    )
    return locked


@transaction.atomic
def undo_ship(*, experiment: Experiment, actor: User) -> Experiment:
    """Put back what the surface did before the decision shipped an arm.

    Raises ValidationError where nothing is shipped, or what was shipped has been changed since.
    """
    locked = lock(experiment)
    if locked.status != Status.DECIDED or not locked.is_shipped:
        raise ValidationError(_("Nothing of this experiment is shipped that could be taken back."))
    _testable(locked).unship(locked.surface, locked.subject, locked.shipped_before or {}, actor)
    locked.unshipped_by, locked.unshipped_at = actor, timezone.now()
    record_step(locked, verb="undo_ship", actor=actor, changed=["unshipped_by", "unshipped_at"])
    return locked


def _conclude(locked: Experiment, *, actor: User, changed: list[str], verb: str) -> None:
    require_way(locked, Status.DECIDED)
    now = timezone.now()
    if locked.status == Status.RUNNING:
        changed += mark_stopped(locked, actor=actor, cause=Experiment.StopCause.DECISION)
    locked.status, locked.decided_at = Status.DECIDED, now
    changed += ["status", "decided_at"]
    if locked.decision == Verdict.SHIP:
        # Who ships asks what else runs: this one runs no more.
        locked.save(update_fields=changed)
        arm = locked.arms.get(key=locked.decided_arm)
        locked.shipped_before = _testable(locked).ship(
            locked.surface, locked.subject, arm.policy, actor
        )
        locked.shipped_at = now
        changed += ["shipped_before", "shipped_at"]
    record_step(locked, verb=verb, actor=actor, changed=changed, details=decision_said(locked))


def _lock_proposed(experiment: Experiment) -> Experiment:
    locked = lock(experiment)
    if not locked.awaits_second:
        raise ValidationError(_("No decision waits for a second person."))
    return locked


def _require_verdict(experiment: Experiment, verdict: str, arm: str) -> None:
    if verdict not in Verdict.values:
        raise ValidationError(_("Decide to ship an arm or to keep what was there."))
    if verdict == Verdict.KEEP:
        if arm:
            raise ValidationError(_("Keeping what was there names no arm."))
        return
    if not Arm.objects.filter(experiment=experiment, key=arm, is_control=False).exists():
        raise ValidationError(_("Choose the arm to ship; the control is kept, not shipped."))
    _testable(experiment)


def _testable(experiment: Experiment) -> Testable:
    testable = testable_of(experiment.surface, experiment.subject)
    if testable is None:
        raise ValidationError(
            _("Nothing serves the surface “%(surface)s”, so nothing can be switched there.")
            % {"surface": experiment.surface}
        )
    return testable
