"""Two people, or a person and an import, at the same draft in the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections, transaction

from guidance.catalog.models import Category, Product
from guidance.catalog.rows import AttributeRow, ProductRow
from guidance.catalog.services import update_product, upsert_products
from guidance.content.models import Draft, Publication, PublishedCopy, RulePackVersion, StyleGuide
from guidance.content.services.refusals import Refused
from guidance.content.services.review import approve_draft
from guidance.content.services.rule_packs import create_version, seed_rule_packs
from guidance.content.services.voice import add_version
from guidance.core.models import User
from guidance.core.roles import Role
from models_ml.writer.packs import builtin_text
from tests.content.conftest import MakeDraft

GLASS = AttributeRow(key="material", value="glass", language="en")
pytestmark = pytest.mark.django_db(transaction=True)


def _both(first: Callable[[], object], second: Callable[[], object]) -> list[str]:
    """Run both at once in threads of their own; return what each came to."""
    start = Barrier(2)

    def run(act: Callable[[], object]) -> str:
        start.wait(timeout=10)
        try:
            act()
        except Refused as refused:
            return refused.code
        else:
            return "done"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, [first, second]))


@pytest.fixture(autouse=True)
def _needs_row_locks() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite's test database lives in one connection; PostgreSQL runs this")


def test_of_two_approvals_at_once_one_publishes(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug")
    outcomes = _both(
        lambda: approve_draft(draft_id=draft.pk, version=1, actor=mia),
        lambda: approve_draft(draft_id=draft.pk, version=1, actor=max_),
    )
    assert sorted(outcomes) == ["decided", "done"]
    assert Publication.objects.count() == 1


def test_two_versions_written_at_once_get_two_numbers(person: Callable[..., User]) -> None:
    officer, editor = person(Role.COMPLIANCE), person(Role.MERCHANDISER)
    seed_rule_packs()

    def write() -> None:
        create_version(pack="us", rules=builtin_text("us"), note="again", actor=officer)

    def add() -> None:
        add_version(guide=StyleGuide(language="en"), actor=editor)

    assert _both(write, write) == _both(add, add) == ["done", "done"]
    assert sorted(RulePackVersion.objects.filter(pack="us").values_list("number", flat=True)) == [
        *(1, 2, 3),
    ]
    assert sorted(StyleGuide.objects.values_list("number", flat=True)) == [1, 2]


def test_an_approval_that_meets_a_changing_fact_never_stays_live(
    make_draft: MakeDraft, mia: User
) -> None:
    """Whichever comes first: the change stops the approval, or it finds it and makes it stale."""
    for round_ in range(8):
        draft = make_draft(f"mug-{round_}")

        def change(product: Product = draft.product) -> None:
            update_product(product=product, actor=None, attributes=[GLASS])

        def approve(draft: Draft = draft) -> None:
            approve_draft(draft_id=draft.pk, version=1, actor=mia)

        _both(change, approve)
        live = PublishedCopy.objects.filter(product=draft.product, status="live")
        assert not live.exists()


def test_an_approval_waits_for_a_change_under_way_and_reads_it(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            update_product(product=draft.product, actor=None, attributes=[GLASS])
            approval = pool.submit(_approve_alone, draft, mia)
        assert approval.result(timeout=10) == "checks_failed"
    assert not Publication.objects.exists()


def test_an_approval_waits_while_its_category_is_renamed_through_another_product(
    make_draft: MakeDraft, mia: User
) -> None:
    kitchen = Category.objects.create(path="Kitchen")
    draft = make_draft("mug", category=kitchen)
    row = ProductRow(
        sku="bowl", title="Bowl", category="Kitchen", category_names={"en": "Tableware"}
    )
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            upsert_products(rows=[row], source="import")
            approval = pool.submit(_approve_alone, draft, mia)
            with pytest.raises(TimeoutError):
                approval.result(timeout=1)
        approval.result(timeout=10)
    draft.refresh_from_db()
    assert "Tableware" in [fact["value"] for fact in draft.facts]


def _approve_alone(draft: Draft, actor: User) -> str:
    try:
        approve_draft(draft_id=draft.pk, version=1, actor=actor)
    except Refused as refused:
        return refused.code
    finally:
        connections.close_all()
    return "done"
