"""The wordings of one place: its main text, its variants, and the experiments that compare them."""

import re
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from guidance.content.models import MAIN, MAIN_POLICY, PublishedCopy
from guidance.content.models.places import Placed
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import decisions_of

_SUBJECT = re.compile(r"copy-([0-9]{1,18})", re.ASCII)


def subject_of(main_id: int) -> str:
    """Return what experiments call the place of a main text; `main_id` is its `PublishedCopy`'s,
    which stays whatever is published there."""
    return f"copy-{main_id}"


def is_copy(subject: str) -> bool:
    """Tell whether an experiment's subject is the place of a text."""
    return _SUBJECT.fullmatch(subject) is not None


def main_of_subject(subject: str) -> PublishedCopy | None:
    """Return the main text's row that a subject names, with its publication, None for no such."""
    found = _SUBJECT.fullmatch(subject)
    rows = PublishedCopy.objects.select_related("publication__draft", "publication__product")
    return rows.filter(pk=int(found[1]), variant=MAIN).first() if found else None


def main_beside(text: Placed) -> PublishedCopy | None:
    """Return the row of the main text of a text's place, None where none was ever published."""
    return PublishedCopy.objects.filter(**text.place_of_all(), variant=MAIN).first()


def wordings_of(text: Placed) -> QuerySet[PublishedCopy]:
    """Return the rows of a text's place, the main text first, with their publications."""
    rows = PublishedCopy.objects.filter(**text.place_of_all())
    return rows.select_related("publication__draft", "publication__product").order_by("variant")


def live_policies(main: PublishedCopy) -> list[str]:
    """Return what arms may ask for in a place now: the main text, if it is live, and variants."""
    live = PublishedCopy.objects.filter(
        **main.place_of_all(), status=PublishedCopy.Status.LIVE
    ).order_by("variant")
    return [policy_of(variant) for variant in live.values_list("variant", flat=True)]


def comparing_fault(main: PublishedCopy) -> str:
    """Return why a place's wordings cannot be compared now, '' where they can: its main text and at
    least one variant must be live."""
    live = live_policies(main)
    if MAIN_POLICY not in live:
        return gettext("The main text is not published now.")
    if live == [MAIN_POLICY]:
        return gettext("No variant of it is published now.")
    return ""


def policy_of(variant: str) -> str:
    """Return what arms and decisions call a variant."""
    return variant or MAIN_POLICY


def variant_of(policy: str) -> str:
    """Return the variant that an arm's policy asks for."""
    return MAIN if policy == MAIN_POLICY else policy


def experiments_of(main: PublishedCopy, **narrowed: Any) -> QuerySet[Experiment]:
    """Return the experiments about the place of a main text, the newest first."""
    return Experiment.objects.filter(subject=subject_of(main.pk), **narrowed)


def shown_by_arm(experiment: Experiment) -> dict[str, set[tuple[str, str]]]:
    """Return, by arm, the policies and numbers of the texts shown in it; one statement."""
    shown: dict[str, set[tuple[str, str]]] = {}
    rows = decisions_of(experiment).order_by().values_list("arm", "policy", "policy_version")
    for arm, policy, number in rows.distinct():
        shown.setdefault(arm, set()).add((policy, number))
    return shown


def running_with(text: Placed) -> list[Experiment]:
    """Return the experiments that show this very wording to somebody now."""
    main, variant = main_beside(text), text.variant
    if main is None:
        return []
    running = experiments_of(main, status=Experiment.Status.RUNNING)
    return list(running.filter(arms__policy=policy_of(variant)).distinct())
