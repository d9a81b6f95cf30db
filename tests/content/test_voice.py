"""The house voice: edited in versions, seen on ten products, followed by every draft and check."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import Draft, GlossaryTerm, StyleGuide
from guidance.content.selectors.rules import active_rules
from guidance.content.selectors.voice import voice_in
from guidance.content.services.drafting import draft_products
from guidance.content.services.refusals import ChecksFailed
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.rewriting import rewrite_draft
from guidance.content.services.rule_packs import activate_version, create_version
from guidance.content.services.staleness import examine_again
from guidance.content.services.voice import add_version, preview, use_version
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from models_ml.writer.packs import builtin_text
from tests import factories
from tests.content.conftest import MakeDraft, MakeProduct

GREY = {"material": "oak", "colour": "grey", "capacity": "350 ml", "dishwasher_safe": "yes"}


@pytest.fixture
def american(root: User) -> StyleGuide:
    guide = add_version(guide=StyleGuide(language="en", spelling="us"), actor=root)
    use_version(guide=guide, actor=root)
    return guide


def test_drafts_are_written_in_the_voice_and_keep_their_facts(
    american: StyleGuide, make_product: MakeProduct, mia: User
) -> None:
    factories.glossary_term(term="mug", preferred="beaker")
    product = make_product("mug", facts=GREY)
    update_product(product=product, actor=None,
                   attributes=[AttributeRow(key="type", value="mug", language="en")])  # fmt: skip
    draft_products(product_ids=[product.pk], kind="description", language="en", requested_by=None)
    draft = Draft.objects.get()
    assert "gray" in draft.text
    assert "grey" not in draft.text
    assert "this mug" not in draft.text.lower()
    assert [one["text"] in draft.text for one in draft.sentences] == [True] * len(draft.sentences)
    assert draft.blocking_findings == 0
    publication = approve_draft(draft_id=draft.pk, version=1, actor=mia)
    assert {"colour", "material"} <= {one.fact_key for one in publication.citations.all()}


def test_a_rewritten_draft_follows_the_voice_of_today(
    make_draft: MakeDraft, mia: User, root: User
) -> None:
    draft = make_draft("mug", facts=GREY)
    assert "grey" in draft.text
    use_version(guide=add_version(guide=StyleGuide(language="en", spelling="us"), actor=root),
                actor=root)  # fmt: skip
    assert "gray" in rewrite_draft(draft_id=draft.pk, version=1, actor=mia).text


def test_a_forbidden_word_blocks_whoever_wrote_it(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    factories.glossary_term(term="cup", preferred="", forbidden="vessel")
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text="A vessel of oak in black.")
    draft.refresh_from_db()
    assert "shop's own list" in str(draft.findings)
    with pytest.raises(ChecksFailed):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)
    GlossaryTerm.objects.all().delete()
    examine_again(draft_ids=[draft.pk])
    draft.refresh_from_db()
    assert draft.blocking_findings == 0


def test_a_new_draft_that_says_a_forbidden_word_is_blocked_from_the_start(
    make_draft: MakeDraft,
) -> None:
    factories.glossary_term(term="tint", preferred="", forbidden="black")
    draft = make_draft("mug")
    assert "black" in draft.text
    assert draft.blocking_findings == 1


def test_a_batch_reads_the_voice_once(make_product: MakeProduct, american: StyleGuide) -> None:
    products = [make_product(f"mug-{number}").pk for number in range(5)]
    active_rules("en")  # a process reads a version's rules once

    def statements(pks: list[int]) -> int:
        with CaptureQueriesContext(connection) as captured:
            draft_products(product_ids=pks, kind="description", language="en", requested_by=None)
        return len(captured)

    assert statements(products[:1]) == statements(products[1:])


def test_versions_are_kept_and_one_is_in_use(root: User, american: StyleGuide) -> None:
    second = add_version(guide=StyleGuide(language="en", tone="warm"), actor=root)
    assert (second.number, second.is_active) == (2, False)
    assert voice_in("en").spelling == "us"
    use_version(guide=second, actor=root)
    assert (voice_in("en").tone, voice_in("en").spelling) == ("warm", "")
    use_version(guide=american, actor=root)
    assert [one.number for one in StyleGuide.objects.filter(is_active=True)] == [1]
    assert AuditEntry.objects.filter(verb="use_style_guide").count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.style_guide(language="en", is_active=True)


def test_a_version_made_of_an_earlier_one_says_who_made_it_and_when(
    american: StyleGuide, desk: Callable[..., Client]
) -> None:
    long_ago = timezone.now() - timedelta(days=90)
    StyleGuide.objects.update(created_at=long_ago)
    client, url = desk(Role.MERCHANDISER, "ida"), "/admin/content/styleguide/"
    sent = {"tone": "brisk", "spelling": "us", "do": "", "dont": ""}
    client.post(f"{url}{american.pk}/change/", sent)
    first, second = StyleGuide.objects.order_by("number")
    assert (first.created_at, first.created_by == second.created_by) == (long_ago, False)
    assert timezone.now() - second.created_at < timedelta(hours=1)
    assert "ida" in client.get(f"{url}{second.pk}/change/").content.decode()


def test_only_who_may_add_a_version_adds_one(db: None, person: Callable[..., User]) -> None:
    with pytest.raises(PermissionDenied):
        add_version(guide=StyleGuide(language="en"), actor=person(Role.MARKETER))


def test_a_preview_is_checked_by_the_rules_in_force(
    make_product: MakeProduct, root: User, person: Callable[..., User]
) -> None:
    make_product("mug", facts=GREY)
    assert preview(voice=voice_in("en"), kind="description")[0].voiced_failed == 0
    pack = json.loads(builtin_text("us"))
    pack["rules"].append(
        {"key": "no_oak", "category": "origin", "severity": "block", "language": "en",
         "terms": ["oak"], "hint": {"en": "No.", "zh-hans": "不。"}}
    )  # fmt: skip
    version = create_version(
        pack="us", rules=json.dumps(pack), note="no oak", actor=person(Role.COMPLIANCE)
    )
    activate_version(version_id=version.pk, actor=root)
    assert preview(voice=voice_in("en"), kind="description")[0].voiced_failed == 1


def test_only_who_may_change_it_puts_a_version_into_use(
    american: StyleGuide, person: Callable[..., User]
) -> None:
    with pytest.raises(PermissionDenied):
        use_version(guide=american, actor=person(Role.MARKETER))


def test_a_preview_shows_ten_products_with_and_without_and_skips_thin_ones(
    make_product: MakeProduct, american: StyleGuide
) -> None:
    make_product("thin", facts={})
    made = [make_product(f"mug-{number}", facts=GREY) for number in range(12)]
    first = preview(voice=voice_in("en"), kind="description")
    assert [sample.product for sample in first] == made[:10]
    assert all("grey" in one.plain and "gray" in one.voiced for one in first)
    assert {one.voiced_failed for one in first} == {0}
    rest = preview(voice=voice_in("en"), kind="description", after=first[-1].product.pk)
    assert [sample.product for sample in rest] == made[10:]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"term": "cotton", "preferred": "silk"}, "preferred"),
     ({"term": "x"}, "preferred"),
     ({"term": "x", "preferred": "y", "never_translated": True}, "preferred"),
     ({"term": "x", "preferred": "sofa", "forbidden": "Sofa"}, "forbidden"),
     ({"term": "x", "forbidden": "y" * 61}, "forbidden")],
)  # fmt: skip
@pytest.mark.django_db
def test_an_entry_that_makes_no_sense_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        GlossaryTerm(language="en", **given).full_clean()
    assert set(refused.value.message_dict) == {field}


@pytest.mark.parametrize(
    "given", [{"language": "en", "address": "nin"}, {"language": "zh-hans", "spelling": "us"}]
)
@pytest.mark.django_db
def test_a_choice_of_another_language_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StyleGuide(**given).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.style_guide(**given)


def test_a_style_guide_is_edited_seen_and_put_into_use_at_the_desk(
    make_product: MakeProduct, desk: Callable[..., Client]
) -> None:
    make_product("mug", facts=GREY, price=Decimal("9.50"))
    client, url = desk(Role.MERCHANDISER), "/admin/content/styleguide/"
    sent = {"language": "en", "tone": "warm", "spelling": "us", "do": "", "dont": ""}
    page = client.post(f"{url}add/", sent, follow=True)
    first = StyleGuide.objects.get()
    said = page.content.decode()
    assert "<del>grey" in said or "grey</del>" in said
    assert "<ins>gray" in said or "gray</ins>" in said
    assert "American spelling" in said
    assert not first.is_active
    client.post(f"{url}{first.pk}/use/")
    client.post(f"{url}{first.pk}/change/", sent | {"tone": "brisk"})
    numbers = {guide.number: (guide.tone, guide.is_active) for guide in StyleGuide.objects.all()}
    assert numbers == {1: ("warm", True), 2: ("brisk", False)}
    for query in ("?language=xx&kind=y&after=-1&guide=z", "?after=999", "?language=zh-hans"):
        assert client.get(f"{url}preview/{query}").status_code == 200


def test_a_glossary_entry_is_added_at_the_desk_and_written_into_the_audit_trail(
    desk: Callable[..., Client],
) -> None:
    client, url = desk(Role.MERCHANDISER), "/admin/content/glossaryterm/"
    sent = {"language": "en", "term": "couch", "preferred": "sofa", "forbidden": "settee\r\n\r\n"}
    assert client.post(f"{url}add/", sent).status_code == 302
    assert GlossaryTerm.objects.get().forbidden == "settee"
    assert AuditEntry.objects.filter(verb="add_glossaryterm").exists()
    assert "would change what a text claims" in (
        client.post(f"{url}add/", sent | {"term": "oak", "preferred": "beech"}).content.decode()
    )
