"""Steps of variants' tests: written, approved, compared, told of."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from guidance.content.models import Draft, Publication
from guidance.content.services.drafting import draft_products
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.variants import compare_variants, request_variant
from guidance.core.ids import new_id
from guidance.core.jobs import run_job
from guidance.core.models import User
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.services import (
    approve_experiment,
    confirm_decision,
    decide_experiment,
    start_experiment,
)

URL = "/api/v1/products/mug/copy"


SHOPPERS = [f"shopper-{number}" for number in range(12)]


def draft_main(product_id: int) -> Draft:
    draft_products(product_ids=[product_id], kind="description", language="en", requested_by=None)
    return Draft.objects.waiting().get(product=product_id, variant="")


def approve(draft: Draft, actor: User) -> Publication:
    return approve_draft(draft_id=draft.pk, version=draft.version, actor=actor)


def write(main: Publication, actor: User) -> Draft:
    before = set(Draft.objects.waiting().values_list("pk", flat=True))
    run_job(request_variant(publication_id=main.pk, actor=actor).pk)
    return Draft.objects.waiting().exclude(pk__in=before).get()


def plan(main: Publication, actor: User, **given: Any) -> Experiment:
    asked = {"surface": "product", "metric": "ctr", **given}
    experiment = compare_variants(publication_id=main.pk, actor=actor, **asked)
    experiment.hypothesis, experiment.horizon_days = "Other words, more clicks.", 14
    experiment.smallest_effect = Decimal(5)
    experiment.save()
    return experiment


def start(main: Publication, author: User, approver: User, **given: Any) -> Experiment:
    experiment = plan(main, author, **given)
    approved = approve_experiment(experiment=experiment, actor=approver)
    return start_experiment(experiment=approved, actor=author)


def get(storefront: APIClient, **query: str) -> dict[str, Any]:
    copy: dict[str, Any] = storefront.get(URL, {"language": "en", **query}).json()["copy"]
    return copy.get("description", {})


def ship(experiment: Experiment, first: User, second: User, arm: str = "b") -> Experiment:
    why = "The other words are read more."
    decided = decide_experiment(
        experiment=experiment, verdict="ship", arm=arm, reason=why, actor=first
    )
    if decided.awaits_second:
        decided = confirm_decision(experiment=decided, actor=second)
    return decided


def tell(storefront: APIClient, kind: str, customer: str, decision: str) -> None:
    event = {
        "id": str(new_id()),
        "kind": kind,
        "customer": customer,
        "decision_id": decision,
        "position": 1,
        "time": timezone.now().isoformat(),
    }
    answer = storefront.post("/api/v1/events", {"events": [event]}, format="json")
    assert answer.json()["accepted"] == 1, answer.content


def shopper_of(arm: str, storefront: APIClient) -> str:
    for shopper in SHOPPERS:
        get(storefront, customer=shopper)
    found = Decision.objects.filter(arm=arm).first()
    assert found is not None
    assert found.customer is not None
    return found.customer.ref


def edited(draft: Draft, actor: User, text: str) -> Draft:
    return edit_draft(draft_id=draft.pk, version=draft.version, actor=actor, text=text)
