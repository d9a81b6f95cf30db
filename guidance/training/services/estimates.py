"""What the decision log says of a version that nobody served yet: asked for, computed, kept."""

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.core.jobs import JobContext
from guidance.core.locks import hold_lock
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job
from guidance.training.hooks import recipe
from guidance.training.models import ModelVersion
from guidance.training.rewards import Reward
from guidance.training.selectors import ESTIMATE_JOB, estimate_under_way

PHASE = gettext_noop("reading logged decisions")


class NothingToEstimate(Exception):
    """The recipe draws nothing by chance; the message says so, in words for people."""


@transaction.atomic
def request_estimate(
    *, version: ModelVersion, requested_by: User | None, reward: Reward = Reward.CLICK
) -> Job:
    """Have a version estimated from the decision log; return the job, or one under way already,
    whatever that asks after.

    Raises NothingToEstimate for a recipe whose models draw nothing.
    """
    if not recipe(version.recipe).estimator:
        raise NothingToEstimate(_("The decision log holds no probabilities of this model."))
    hold_lock(f"training.estimate.{version.pk}")
    if (under_way := estimate_under_way(version)) is not None:
        return under_way
    job = request_job(
        kind=ESTIMATE_JOB,
        params={"version": str(version.pk), "reward": reward.value},
        requested_by=requested_by,
    )
    details = {"reward": reward.value}
    record_audit(actor=requested_by, verb="estimate_version", target=version, details=details)
    return job


def run_estimate(context: JobContext) -> dict[str, Any]:
    """Estimate the version of this job; the runner of the job kind.

    An attempt that was killed begins anew: it writes nothing before its end.
    """
    version = ModelVersion.objects.get(pk=uuid.UUID(context.params["version"]))
    context.progress(PHASE, 0.0, line=PHASE)
    estimate = recipe(version.recipe).load_estimator()
    reward = Reward(context.params.get("reward", Reward.CLICK))
    found = estimate(version, partial(context.progress, PHASE), reward)
    context.check()
    _keep(version, reward, {"at": timezone.now().isoformat(), **found})
    return {"surfaces": len(found["surfaces"])}


@transaction.atomic
def _keep(version: ModelVersion, reward: Reward, found: dict[str, Any]) -> None:
    """Put one reward's figures beside those of the others."""
    kept = ModelVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    kept.off_policy = {**kept.off_policy, reward.value: found}
    kept.save(update_fields=["off_policy"])
