"""Writes of audiences: saved, deleted, looked into, read from lists, made from found shoppers."""

import io
import zipfile
from typing import Any
from xml.sax.saxutils import escape

import pytest
from django.core.exceptions import ValidationError

from guidance.campaigns.audiences import lists
from guidance.campaigns.audiences.lists import read_file, read_text
from guidance.campaigns.models import Audience, AudienceImport, AudienceMember
from guidance.campaigns.services.audience_lists import import_list
from guidance.campaigns.services.audiences import (
    count_audience,
    delete_audience,
    look_at_members,
    save_audience,
    start_list,
)
from guidance.core.models import AuditEntry
from guidance.customers.services import merge_customer
from tests import factories

pytestmark = pytest.mark.django_db
GOLD = {"field": "tier", "operator": "in", "value": ["gold"]}


def _verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def _on(audience: Audience) -> set[str]:
    rows = AudienceMember.objects.filter(audience=audience)
    return set(rows.values_list("customer__ref", flat=True))


def test_a_saved_audience_gets_a_key_of_its_name_and_is_audited() -> None:
    person = factories.user()
    for name in ("Gold people", "Gold people", "金卡会员"):
        save_audience(audience=Audience(name=name, rules=GOLD), actor=person)
    keys = list(Audience.objects.order_by("pk").values_list("key", flat=True))
    assert keys[0] == "gold-people"
    assert keys[1].startswith("gold-people-")
    assert keys[2] == "audience"
    assert _verbs() == ["create_audience"] * 3


def test_wrong_rules_are_not_saved() -> None:
    with pytest.raises(ValidationError) as problem:
        save_audience(audience=Audience(name="X", rules={"all": []}), actor=factories.user())
    assert "all: " in problem.value.message_dict["rules"][0]
    assert not Audience.objects.exists()


def test_changed_rules_forget_the_size_and_a_count_keeps_it() -> None:
    factories.customer(tier="gold")
    told = factories.audience(rules=GOLD)
    count_audience(audience=told)
    told.refresh_from_db()
    assert (told.size, told.size_low, told.size_high) == (1, 1, 1)
    told.rules = {"not": GOLD}
    save_audience(audience=told, actor=factories.user())
    told.refresh_from_db()
    assert told.size is None
    assert told.sized_at is None


def test_a_used_audience_is_not_deleted_and_says_by_whom() -> None:
    used, person = factories.audience(), factories.user()
    factories.campaign(titles={"en": "Spring"}, audience=used)
    rules = {"field": "audience", "operator": "in", "value": [used.key]}
    factories.audience(name="Outer", rules=rules)
    with pytest.raises(ValidationError, match=r"Spring, Outer"):
        delete_audience(audience=used, actor=person)
    free = factories.audience()
    delete_audience(audience=free, actor=person)
    assert not Audience.objects.filter(pk=free.pk).exists()
    assert _verbs() == ["delete_audience"]


def test_who_looks_at_members_is_written_down_without_them() -> None:
    shopper, person = factories.customer(tier="gold"), factories.user()
    assert look_at_members(audience=Audience(rules=GOLD), actor=person) == [shopper]
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.verb) == (person, "look_at_audience_members")
    assert shopper.ref not in str(entry.details)


def test_a_list_says_of_each_row_what_became_of_it() -> None:
    ann, bea = factories.customer(ref="ann"), factories.customer(ref="bea")
    factories.customer(ref="old-ann", merged_into=ann)
    told, person = factories.audience(kind="list", members=[bea]), factories.user()
    lines = [
        *((2, "ann"), (3, "old-ann"), (4, "bea"), (5, "nobody"), (6, ""), (7, "ann")),
        *((8, "x" * 101), (9, "a\tb")),
    ]
    done = import_list(audience=told, lines=lines, actor=person)
    assert (done.rows, done.added, done.known, done.rejected) == (8, 1, 1, 6)
    assert done.rejects == [
        *([3, "repeated"], [5, "unknown"], [6, "empty"], [7, "repeated"]),
        *([8, "too_long"], [9, "bad_text"]),
    ]
    assert _on(told) == {"ann", "bea"}
    again = import_list(audience=told, lines=lines, actor=person)
    assert (again.added, again.known, _on(told)) == (0, 2, {"ann", "bea"})
    told.refresh_from_db()
    assert told.size == 2
    assert "nobody" not in str(list(AuditEntry.objects.values_list("details", flat=True)))


def test_a_list_may_replace_the_one_before() -> None:
    ann, bea = factories.customer(ref="ann"), factories.customer(ref="bea")
    told = factories.audience(kind="list", members=[ann, bea])
    done = import_list(audience=told, lines=[(1, "bea")], actor=factories.user(), replaces=True)
    assert (done.removed, _on(told)) == (1, {"bea"})


def test_a_list_is_not_read_into_rules() -> None:
    with pytest.raises(ValidationError, match="rules"):
        import_list(audience=factories.audience(), lines=[(1, "a")], actor=factories.user())
    assert not AudienceImport.objects.exists()


def test_merged_shoppers_take_their_places_on_lists_along() -> None:
    known = factories.customer(ref="ann")
    visitor = factories.customer(ref="v-1", is_anonymous=True)
    both = factories.audience(kind="list", members=[known, visitor])
    one = factories.audience(kind="list", members=[visitor])
    merge_customer(anonymous_ref="v-1", customer_ref="ann")
    assert (_on(both), _on(one)) == ({"ann"}, {"ann"})


def test_an_audience_starts_from_found_shoppers() -> None:
    ann = factories.customer(ref="ann")
    gone = factories.customer(merged_into=ann)
    told = start_list(
        name="Funnel", customer_ids=[ann.pk, gone.pk, 0], origin="a figure", actor=factories.user()
    )
    assert (_on(told), told.size, told.kind, told.origin) == ({"ann"}, 1, "list", "a figure")
    assert _verbs() == ["start_audience"]


def _workbook(cells: list[list[Any]]) -> bytes:
    """Return a small real workbook, numbers as numbers and texts in place."""

    def cell(value: Any) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'

    rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in cells)
    name = "http://schemas.openxmlformats.org/"
    main, rel = f"{name}spreadsheetml/2006/main", f"{name}officeDocument/2006/relationships"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{name}package/2006/content-types"><Default Extension="xml" '
            'ContentType="application/xml"/></Types>',
        )
        folder.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{name}package/2006/relationships"><Relationship Id="r1" '
            f'Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        folder.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
            '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        folder.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{name}package/2006/relationships"><Relationship Id="r1" '
            f'Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        folder.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        )
    return packed.getvalue()


READ = [
    ("a\nb\n\nc", [(1, "a"), (2, "b"), (4, "c")]),
    ("Customer\r\na\r\n", [(2, "a")]),
    ("\ufeffname;Pseudonym\nAnn;a\nBea;\n", [(2, "a"), (3, "")]),
    ('tier\tref\ngold\t"a,b"', [(2, "a,b")]),
    ("客户\n甲", [(2, "甲")]),
]


@pytest.mark.parametrize(("text", "lines"), READ)
def test_lists_are_read_as_people_write_them(text: str, lines: list[tuple[int, str]]) -> None:
    assert read_text(text) == lines
    content = text.encode()
    assert read_file(io.BytesIO(content), "people.CSV", len(content)) == lines


def test_workbooks_are_read_by_their_first_sheet() -> None:
    content = _workbook([["tier", "customer"], ["gold", "a"], ["gold", 12345]])
    found = read_file(io.BytesIO(content), "people.xlsx", len(content))
    assert found == [(2, "a"), (3, "12345")]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\xff\xffa", "a.csv", "UTF-8"),
        (b"PK nothing", "a.xlsx", "cannot be read"),
        (b"a", "a.pdf", "CSV or XLSX"),
        (b"\n\n", "a.csv", "no pseudonym"),
        (b'"' + b"x" * 200_000 + b'"', "a.csv", "cannot be read"),
    ],
)
def test_files_that_are_no_list_are_refused(content: bytes, name: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read_file(io.BytesIO(content), name, len(content))


def test_no_list_is_longer_or_larger_than_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_ROWS", 2)
    with pytest.raises(ValidationError, match="More than 2 rows"):
        read_text("a\nb\nc")
    with pytest.raises(ValidationError, match="larger than"):
        read_file(io.BytesIO(b"a"), "a.csv", lists.MOST_BYTES + 1)
    monkeypatch.setattr(lists, "MOST_UNPACKED", 10)
    content = _workbook([["a"]])
    with pytest.raises(ValidationError, match="too large"):
        read_file(io.BytesIO(content), "a.xlsx", len(content))
