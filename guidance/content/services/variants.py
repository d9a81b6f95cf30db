"""Asking for another wording of what is published, and for an experiment that compares them."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from string import ascii_lowercase

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.content.models import MAIN_POLICY, Draft, Publication, PublishedCopy
from guidance.content.presentation import language_label, place_label
from guidance.content.selectors.variants import (
    comparing_fault,
    experiments_of,
    live_policies,
    main_beside,
    subject_of,
)
from guidance.content.services.drafting import JOB_KIND, request_drafts
from guidance.content.services.refusals import Invalid
from guidance.content.services.waiting import require
from guidance.core.models import Job, User
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.services import save_arms, save_experiment

Status = Experiment.Status
# What comparing wordings may be about; ratings of one text are too rare to tell wordings apart.
COMPARED_BY = ("ctr", "conversion")


@transaction.atomic
def request_variant(*, publication_id: uuid.UUID, actor: User) -> Job:
    """Ask for another wording in the place of a publication; who asks can never approve it.

    Returns the job that writes it, or one that is about to already. Raises PermissionDenied, or
    Invalid where the main text is not live: a variant is compared with it.
    """
    require(actor, "content.add_draft")
    publication = Publication.objects.select_related("draft").get(pk=publication_id)
    Product.objects.select_for_update(no_key=True).get(pk=publication.product_id)
    main = main_beside(publication)
    if main is None or not main.is_served:
        raise Invalid(_("A variant stands beside the main text: publish that first."))
    brief = replace(publication.draft.brief(), variant=_next_variant(publication))
    asked = {
        "kind": publication.kind,
        "languages": [publication.language],
        "product_ids": [publication.product_id],
        "brief": brief.as_fields(),
    }
    if job := Job.objects.active().filter(kind=JOB_KIND, params=asked).first():
        return job
    return request_drafts(
        requested_by=actor,
        kind=publication.kind,
        languages=[publication.language],
        product_ids=[publication.product_id],
        brief=brief,
    )


def _next_variant(text: Publication) -> str:
    """Return the first letter that no text of the place ever had: figures stay with their text."""
    place = text.place_of_all()
    taken = set(Publication.objects.filter(**place).values_list("variant", flat=True))
    taken |= set(Draft.objects.filter(**place).values_list("variant", flat=True))
    return next(name for name in _names() if name not in taken)


def _names() -> Iterator[str]:
    """Yield b, c, … z, then b2, c2, …; the main text counts as a."""
    yield from ascii_lowercase[1:]
    number = 2
    while True:
        yield from (f"{letter}{number}" for letter in ascii_lowercase[1:])
        number += 1


@transaction.atomic
def compare_variants(
    *, publication_id: uuid.UUID, actor: User, surface: str, metric: str
) -> Experiment:
    """Draft an experiment between the live wordings of a publication's place in equal shares.

    What its author expects, the least effect and the end are still to be filled in. Raises
    PermissionDenied, or Invalid where there is nothing to compare, an experiment on that surface
    compares them already, or the surface or the metric is none.
    """
    require(actor, "experiments.add_experiment")
    publication = Publication.objects.select_related("product").get(pk=publication_id)
    Product.objects.select_for_update(no_key=True).get(pk=publication.product_id)
    if metric not in COMPARED_BY:
        raise Invalid(_("Wordings are compared by clicks or by purchases."))
    if not surface or slugify(surface) != surface:
        raise Invalid(_("Name the surface in small letters, numbers and hyphens."))
    main = main_beside(publication)
    if main is None:
        raise Invalid(_("The main text is not published now."))
    if fault := comparing_fault(main):
        raise Invalid(fault)
    if other := experiments_of(main, surface=surface, status__in=Experiment.UNDECIDED).first():
        raise Invalid(_("“%(name)s” compares them there already.") % {"name": other.name})
    experiment = Experiment(
        key=_free_key(main),
        name=_name(main, publication)[:200],
        surface=surface,
        subject=subject_of(main.pk),
        primary_metric=metric,
    )
    try:
        save_experiment(experiment=experiment, actor=actor)
        save_arms(experiment=experiment, arms=_arms(live_policies(main)), actor=actor)
    except ValidationError as refused:
        raise Invalid(" ".join(refused.messages)) from refused
    return experiment


def _free_key(main: PublishedCopy) -> str:
    subject = subject_of(main.pk)
    taken = set(Experiment.objects.filter(key__startswith=subject).values_list("key", flat=True))
    return next(key for n in range(1, len(taken) + 2) if (key := f"{subject}-{n}") not in taken)


def _name(main: PublishedCopy, publication: Publication) -> str:
    return _("Wordings: %(product)s, %(place)s, %(language)s") % {
        "product": publication.product.title_in(main.language),
        "place": place_label(main),
        "language": language_label(main.language),
    }


def _arms(policies: list[str]) -> list[Arm]:
    weight = round(Decimal(1) / len(policies), 4)
    return [
        Arm(
            key=policy,
            policy=policy,
            weight=weight,
            is_control=policy == MAIN_POLICY,
            position=place,
        )
        for place, policy in enumerate(policies)
    ]
