"""What waits for a person: counts of things to do, each with the list that holds exactly those."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import Failure

from guidance.console.dashboard.wording import number
from guidance.content.models import MissingFacts
from guidance.content.presentation import cause_of
from guidance.content.selectors.queue import open_tasks, queue_totals
from guidance.core.models import Job, User
from guidance.experiments.models import Experiment
from guidance.recommendations.models import HealthAlert
from guidance.training.models import ModelVersion, TrainingRun

# Nobody can close a failed job; one that failed long ago waits for nobody.
FAILED_JOBS_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Waiting:
    """One thing to do: how many, of what, where. `tone` is calm, look or alarm."""

    key: str
    count: int
    label: str | Promise
    hint: str
    url: str
    icon: str
    tone: str = "calm"

    @property
    def shown(self) -> str:
        return number(self.count)


def what_waits_for(user: User) -> list[Waiting]:
    """Return what waits for this person, the most pressing first; nothing that is zero."""
    found = [
        waiting
        for permission, source in SOURCES
        if user.has_perm(permission)
        for waiting in source(user)
    ]
    return sorted((one for one in found if one.count), key=lambda one: TONES.index(one.tone))


TONES = ("alarm", "look", "calm")


def _link(page: str, **filters: str) -> str:
    query = f"?{urlencode(filters)}" if filters else ""
    return reverse(f"admin:{page}_changelist") + query


def _drafts(user: User) -> Iterator[Waiting]:
    totals = queue_totals(user.pk)
    failed = ngettext(
        "%(count)s with a failed check", "%(count)s with failed checks", totals.failed
    ) % {"count": number(totals.failed)}
    yield Waiting(
        "drafts",
        totals.waiting,
        ngettext("draft waits for review", "drafts wait for review", totals.waiting),
        failed if totals.failed else _("none with a failed check"),
        _link("content_draft"),
        "rate_review",
    )
    yield Waiting(
        "stale",
        totals.stale,
        ngettext("approval went stale", "approvals went stale", totals.stale),
        _("a fact they cite has changed"),
        _link("content_draft", stale="yes"),
        "history_toggle_off",
        "look",
    )
    for task in open_tasks():
        left = task.left  # type: ignore[attr-defined]  # annotated by the selector
        yield Waiting(
            f"task-{task.pk}",
            left,
            ngettext("text to review together", "texts to review together", left),
            cause_of(task),
            _link("content_draft", task=str(task.pk)),
            "stacks",
            "look",
        )


def _missing_facts(user: User) -> Iterator[Waiting]:
    count = MissingFacts.objects.count()
    yield Waiting(
        "missing-facts",
        count,
        ngettext("product text lacks facts", "product texts lack facts", count),
        _("fill them in and the drafts start"),
        _link("content_missingfacts"),
        "playlist_remove",
    )


def _training_runs(user: User) -> Iterator[Waiting]:
    counts = TrainingRun.objects.aggregate(
        running=Count("pk", filter=Q(job__status=Job.Status.RUNNING)),
        queued=Count("pk", filter=Q(job__status=Job.Status.QUEUED)),
    )
    for status, label in (("running", _("training now")), ("queued", _("training soon"))):
        yield Waiting(
            f"runs-{status}",
            counts[status],
            label,
            _("watch its progress"),
            _link("training_trainingrun", job__status__exact=status),
            "model_training",
        )


def _candidates(user: User) -> Iterator[Waiting]:
    count = ModelVersion.objects.filter(
        status=ModelVersion.Status.CANDIDATE, verdict__passed=True
    ).count()
    yield Waiting(
        "candidates",
        count,
        ngettext("model version to promote", "model versions to promote", count),
        _("passed the gate; a person decides"),
        _link("training_modelversion", status__exact=ModelVersion.Status.CANDIDATE),
        "rocket_launch",
        "look",
    )


def _health_alerts(user: User) -> Iterator[Waiting]:
    alarm = HealthAlert.Severity.ALARM
    counts = HealthAlert.objects.waiting().aggregate(
        waiting=Count("pk"), alarms=Count("pk", filter=Q(severity=alarm))
    )
    alarms = ngettext("%(count)s alarm", "%(count)s alarms", counts["alarms"])
    yield Waiting(
        "health-alerts",
        counts["waiting"],
        ngettext("health alert to look into", "health alerts to look into", counts["waiting"]),
        alarms % {"count": number(counts["alarms"])}
        if counts["alarms"]
        else _("a value left its usual range"),
        _link("recommendations_healthalert", state="waiting"),
        "balance",
        "alarm" if counts["alarms"] else "look",
    )


def _experiments_to_decide(user: User) -> Iterator[Waiting]:
    stopped = Experiment.objects.awaiting_decision()
    harmed = Q(stop_cause=Experiment.StopCause.GUARDRAIL)
    counts = stopped.aggregate(all=Count("pk"), harmed=Count("pk", filter=harmed))
    harm = ngettext(
        "%(count)s stopped by a guardrail", "%(count)s stopped by a guardrail", counts["harmed"]
    )
    yield Waiting(
        "experiments-decision",
        counts["all"],
        ngettext("stopped experiment to decide", "stopped experiments to decide", counts["all"]),
        harm % {"count": number(counts["harmed"])}
        if counts["harmed"]
        else _("nobody is assigned any more"),
        _link("experiments_experiment", waits="decision"),
        "science",
        "alarm" if counts["harmed"] else "look",
    )
    second = Experiment.objects.awaiting_second(user.pk).count()
    yield Waiting(
        "experiments-second",
        second,
        ngettext("decision to confirm", "decisions to confirm", second),
        _("against what the data recommend; it takes a second person"),
        _link("experiments_experiment", waits="second"),
        "group",
        "look",
    )


def _experiments_to_approve(user: User) -> Iterator[Waiting]:
    count = Experiment.objects.awaiting_approval(user.pk).count()
    yield Waiting(
        "experiments-approval",
        count,
        ngettext("experiment to approve", "experiments to approve", count),
        _("who wrote one cannot approve it"),
        _link("experiments_experiment", waits="approval"),
        "science",
    )


def _failed_jobs(user: User) -> Iterator[Waiting]:
    since = timezone.now() - FAILED_JOBS_FOR
    failed = {"status__exact": Job.Status.FAILED, "finished_at__date__gte": f"{since:%Y-%m-%d}"}
    count = Job.objects.filter(
        status=Job.Status.FAILED, finished_at__date__gte=since.date()
    ).count()
    yield Waiting(
        "failed-jobs",
        count,
        ngettext("failed job", "failed jobs", count),
        _("in the last 7 days; its page says why"),
        _link("core_job", **failed),
        "report",
        "alarm",
    )


def _failed_tasks(user: User) -> Iterator[Waiting]:
    count = Failure.objects.filter(success=False).count()
    yield Waiting(
        "failed-tasks",
        count,
        ngettext("failed background task", "failed background tasks", count),
        _("send them again or find out why"),
        _link("django_q_failure"),
        "error",
        "alarm",
    )


Source = Callable[[User], Iterator[Waiting]]
# Each source is asked for those who can do something about it; for others it costs no query.
SOURCES: tuple[tuple[str, Source], ...] = (
    ("django_q.view_failure", _failed_tasks),
    ("training.add_trainingrun", _failed_jobs),
    ("recommendations.change_healthalert", _health_alerts),
    ("experiments.decide_experiment", _experiments_to_decide),
    ("experiments.approve_experiment", _experiments_to_approve),
    ("training.promote_modelversion", _candidates),
    ("content.view_draft", _drafts),
    ("content.view_missingfacts", _missing_facts),
    ("training.view_trainingrun", _training_runs),
)
