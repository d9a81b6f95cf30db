"""A bandit over the wordings of a place: asked for, approved by somebody else, stopped."""

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.content.models import MAIN_POLICY, CopyBandit, Publication, PublishedCopy
from guidance.content.readers import features_for
from guidance.content.selectors.variants import (
    experiments_of,
    live_policies,
    main_beside,
    subject_of,
)
from guidance.content.services.learning_wordings import begin, follow_wordings
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.content.services.waiting import require
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.models import Experiment

Status = CopyBandit.Status
# A draft of an experiment is nobody's decision yet; it cannot start while a bandit runs.
COMPARING = (
    Experiment.Status.APPROVED,
    Experiment.Status.RUNNING,
    Experiment.Status.STOPPED,
)
SETTINGS = ("surface", "method", "reward", "exploration", "window_hours", "half_life_days")


@transaction.atomic
def request_bandit(*, publication_id: uuid.UUID, asked: CopyBandit, actor: User) -> CopyBandit:
    """Ask for a bandit over the live wordings of a publication's place; another approves it.

    `asked`, unsaved, holds the SETTINGS. Raises PermissionDenied, or Invalid where there is nothing
    to choose among, an experiment or a bandit does so there already, or a setting cannot be.
    """
    require(actor, "content.add_copybandit")
    publication = Publication.objects.select_related("product").get(pk=publication_id)
    Product.objects.select_for_update(no_key=True).get(pk=publication.product_id)
    main = main_beside(publication)
    if main is None:
        raise Invalid(_("Publish the main text and a variant of it first."))
    _require_a_choice(main)
    _require_alone(main, asked.surface)
    asked.main, asked.requested_by, asked.key = main, actor, _free_key(main)
    try:
        asked.full_clean(exclude=["main", "requested_by"])
    except ValidationError as refused:
        raise Invalid(" ".join(refused.messages)) from refused
    asked.save()
    details = {name: getattr(asked, name) for name in SETTINGS}
    record_audit(actor=actor, verb="request_copy_bandit", target=asked, details=details)
    return asked


@transaction.atomic
def approve_bandit(*, bandit_id: uuid.UUID, actor: User) -> CopyBandit:
    """Let a bandit run that somebody else asked for.

    Raises PermissionDenied, OwnRequest, or Invalid where it does not wait any more or there is
    nothing left to choose among.
    """
    require(actor, "content.approve_copybandit")
    bandit = _locked(bandit_id)
    if bandit.status != Status.WAITING:
        raise Invalid(_("It is decided already."))
    if bandit.requested_by_id == actor.pk:
        raise OwnRequest(_("You asked for it; somebody else must approve it."))
    _require_a_choice(bandit.main)
    if other := _experiment(bandit.main, bandit.surface):
        raise Invalid(_("“%(name)s” compares them there already.") % {"name": other})
    now = timezone.now()
    bandit.features = features_for(bandit.method)
    policy = begin(bandit)
    bandit.arms = follow_wordings(bandit, policy, at=now)
    bandit.state, bandit.settled_until, bandit.heard_until = policy.state(), now, now
    bandit.status, bandit.approved_by, bandit.approved_at = Status.RUNNING, actor, now
    bandit.save()
    record_audit(
        actor=actor,
        verb="approve_copy_bandit",
        target=bandit,
        details={"arms": list(policy.arms), "features": bandit.features},
    )
    return bandit


@transaction.atomic
def stop_bandit(*, bandit_id: uuid.UUID, actor: User) -> CopyBandit:
    """Stop a bandit, or one that waits: everybody gets the main text again at once.

    Raises PermissionDenied, or Invalid where it is stopped already.
    """
    require(actor, "content.add_copybandit")
    bandit = _locked(bandit_id)
    if bandit.status == Status.STOPPED:
        raise Invalid(_("It is stopped already."))
    before, bandit.status = bandit.status, Status.STOPPED
    bandit.stopped_by, bandit.stopped_at = actor, timezone.now()
    bandit.save(update_fields=["status", "stopped_by", "stopped_at"])
    record_audit(actor=actor, verb="stop_copy_bandit", target=bandit, details={"before": before})
    return bandit


def _locked(bandit_id: uuid.UUID) -> CopyBandit:
    """Return the bandit, its product's copy held still."""
    product_id = CopyBandit.objects.values_list("main__product_id", flat=True).get(pk=bandit_id)
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    rows = CopyBandit.objects.select_for_update(of=("self",)).select_related("main")
    return rows.get(pk=bandit_id)


def _require_a_choice(main: PublishedCopy) -> None:
    policies = live_policies(main)
    if MAIN_POLICY not in policies or policies == [MAIN_POLICY]:
        raise Invalid(_("Publish the main text and a variant of it first."))


def _require_alone(main: PublishedCopy, surface: str) -> None:
    if other := _experiment(main, surface):
        raise Invalid(_("“%(name)s” compares them there already.") % {"name": other})
    others = CopyBandit.objects.exclude(status=Status.STOPPED)
    if others.filter(main=main, surface=surface).exists():
        raise Invalid(_("A bandit chooses among them there already, or waits for approval."))


def _experiment(main: PublishedCopy, surface: str) -> str:
    """Return the name of the experiment that compares the wordings there, '' for none."""
    found = experiments_of(main, surface=surface, status__in=COMPARING).first()
    return found.name if found else ""


def _free_key(main: PublishedCopy) -> str:
    """Return the next key of a place; no experiment's drafted there has its form."""
    before = CopyBandit.objects.filter(main=main).count()
    return f"{subject_of(main.pk)}-bandit-{before + 1}"
