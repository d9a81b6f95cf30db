"""The audiences' pages: rules built of boxes, errors at their inputs, sizes, lists."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from guidance.campaigns.audiences.builder import Box, boxes_of, operate, read_boxes, rules_of
from guidance.campaigns.audiences.fields import FIELDS
from guidance.campaigns.audiences.language import read
from guidance.campaigns.audiences.showing import Input, ShownBox, shown
from guidance.campaigns.audiences.words import in_words
from guidance.campaigns.models import Audience
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db
Desk = Callable[..., Client]
GOLD = {"field": "tier", "operator": "in", "value": ["gold"]}
BOUGHT = {
    "field": "event",
    "operator": "did",
    "value": {"kind": "purchase", "times": 2, "days": 30},
}
SPENT = {
    "field": "spent",
    "operator": "at_least",
    "value": {"amount": 10.5, "currency": "EUR", "days": 9},
}
NESTED = {"all": [GOLD, {"any": [BOUGHT, SPENT]}, {"not": {"any": [{"not": {"any": [GOLD]}}]}}]}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _sent(box: ShownBox) -> Iterator[tuple[str, str]]:
    """Yield what a browser would send of a page."""
    if box.is_group:
        yield f"{box.name}:mode", next(one.value for one in box.modes if one.is_chosen)
        for inner in box.boxes:
            yield from _sent(inner)
        return
    yield f"{box.name}:was", box.asks
    yield f"{box.name}:field", box.asks
    yield f"{box.name}:operator", next((o.value for o in box.operators if o.is_chosen), "")
    for one in box.inputs:
        yield from _answers(one)


def _answers(one: Input) -> Iterator[tuple[str, str]]:
    if one.options:
        yield from ((one.name, option.value) for option in one.options if option.is_chosen)
    elif one.kind != "checks":
        yield one.name, str(one.value)


def _form(rules: Any) -> dict[str, list[str]]:
    data: dict[str, list[str]] = {}
    for name, value in _sent(shown(boxes_of(rules), {})):
        data.setdefault(name, []).append(value)
    return data


def _query(rules: Any) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, values in _form(rules).items():
        query.setlist(name, values)
    return query


@pytest.mark.parametrize("rules", [{}, NESTED, {"any": [BOUGHT]}, {"not": {"any": [SPENT]}}])
def test_rules_come_back_out_of_the_form_that_shows_them(rules: Any) -> None:
    assert rules_of(read_boxes(_query(rules))) == rules


@pytest.mark.parametrize("rules", [GOLD, {"not": GOLD}, {"not": {"all": [GOLD, BOUGHT]}}])
def test_other_rules_come_back_in_the_forms_own_shape(rules: Any) -> None:
    once = rules_of(read_boxes(_query(rules)))
    assert read(once)[1] == []
    assert rules_of(read_boxes(_query(once))) == once


@pytest.mark.parametrize("name", FIELDS)
def test_a_new_condition_of_every_field_has_its_inputs(name: str) -> None:
    root = Box(mode="all", boxes=[Box(name=name)])
    (box,) = shown(root, {}).boxes
    assert [one.name for one in box.inputs] == [f"r.0:value.{key}" for key in FIELDS[name].parts]
    assert rules_of(root)["all"][0]["field"] == name


def test_buttons_change_the_boxes_and_say_where_to_go_on() -> None:
    root = boxes_of({})
    assert operate(root, "condition:r") == "r.0"
    assert operate(root, "group:r") == "r.1"
    assert operate(root, "condition:r.1") == "r.1.1"
    assert operate(root, "up:r.1") == "r.0"
    assert [box.mode for box in root.boxes] == ["any", ""]
    assert operate(root, "remove:r.0.1") == "r.0.0"
    assert operate(root, "remove:r.1") == "r.0"
    for nonsense in ("remove:r", "remove:r.9", "dance:r", "condition:r.0.0", "up:r.0"):
        operate(root, nonsense)
    assert len(root.boxes) == 1


def test_groups_nest_no_deeper_than_rules_may() -> None:
    root, name = boxes_of({}), "r"
    for _n in range(9):
        name = operate(root, f"group:{name}")
    operate(root, f"condition:{name}")
    for box in _groups(root):
        box.mode = "none"
    assert {problem.code for problem in read(rules_of(root))[1]} == {"missing"}


def _groups(box: Box) -> Iterator[Box]:
    if box.mode:
        yield box
        for inner in box.boxes:
            yield from _groups(inner)


def test_rules_are_told_in_words() -> None:
    node, problems = read(NESTED)
    assert problems == []
    assert in_words(node) == (
        "Shoppers: membership tier is one of “gold” and (“purchase” at least 2 times within 30 "
        "days or spent at least 10.50 EUR within 9 days) and not (not (membership tier is one of "
        "“gold”))."
    )
    assert in_words(read({})[0]) == "Every shopper."
    for spec in FIELDS.values():
        for operator in spec.operators:
            with override("en"):
                assert in_words(read(_example(spec.name, operator))[0])


def _example(name: str, operator: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "anonymous": True,
        "rfm": {"segments": ["best"], "days": 9},
        "event": {"kind": "view", "times": 1, "days": 9, "category": "Tea"},
        "cart_left": {"days": 9},
        "spent": {"amount": 1, "currency": "EUR", "days": 9},
    }
    numbers = ("joined", "last_seen", "propensity", "uplift")
    usual: Any = 1 if name in numbers else ["a"]
    return {"field": name, "operator": operator, "value": values.get(name, usual)}


def _add(client: Client, rules: Any, **more: Any) -> Any:
    data = {"name": "Gold", "key": "", **_form(rules), **more}
    return client.post(reverse("admin:campaigns_audience_add"), data)


def test_an_audience_is_built_saved_counted_and_audited(desk: Desk) -> None:
    factories.customer(tier="gold")
    client = desk(Role.MARKETER)
    assert _add(client, {"all": [GOLD]}).status_code == 302
    made = Audience.objects.get()
    assert (made.key, made.rules, made.size) == ("gold", {"all": [GOLD]}, 1)
    assert AuditEntry.objects.filter(verb="create_audience").count() == 1
    page = client.get(reverse("admin:campaigns_audience_change", args=[made.pk]))
    assert "membership tier is one of “gold”" in page.content.decode()


def test_rules_that_say_only_what_they_must_open_in_the_form(desk: Desk) -> None:
    """As a sentence begins them: without the parts that may be left out."""
    bought = {
        "field": "event",
        "operator": "did",
        "value": {"kind": "purchase", "times": 1, "days": 30},
    }
    made = factories.audience(rules={"all": [bought]})
    assert rules_of(boxes_of(made.rules)) == made.rules
    page = desk(Role.MARKETER).get(reverse("admin:campaigns_audience_change", args=[made.pk]))
    assert page.status_code == 200


def test_a_mistake_stands_at_its_input_and_what_was_written_stays(desk: Desk) -> None:
    factories.market(currency="EUR")
    wrong = {"all": [GOLD, {**SPENT, "value": {**SPENT["value"], "days": 0, "currency": "EUR"}}]}
    page = _add(desk(Role.MARKETER), wrong)
    assert page.status_code == 200
    html = page.content.decode()
    assert 'id="error-r.1:value.days" data-rules-error="r.1:value.days" role="alert">Must' in html
    assert (
        'id="error-r.1:value.amount" data-rules-error="r.1:value.amount" role="alert" hidden'
        in html
    )
    assert 'name="r.1:value.amount" value="10.5"' in html
    assert not Audience.objects.exists()


def test_the_builder_answers_buttons_mistakes_and_words(desk: Desk) -> None:
    client, url = desk(Role.MARKETER), reverse("admin:campaigns_audience_preview")
    told = client.post(url, {**_form({"all": [GOLD]}), "operation": "group:r"}).json()
    assert told["focus"] == "r.1"
    assert 'name="r.1.0:field"' in told["html"]
    assert told["errors"] == {"r.1.0:value.": "Choose at least one."}
    assert told["words"] == ""
    assert client.post(url, _form({"all": [GOLD]})).json()["words"].startswith("Shoppers: ")


def test_a_changed_field_gets_its_own_inputs(desk: Desk) -> None:
    data = {**_form({"all": [GOLD]}), "r.0:field": ["cart_left"], "operation": "draw:r.0"}
    told = desk(Role.MARKETER).post(reverse("admin:campaigns_audience_preview"), data).json()
    assert 'name="r.0:value.days" value="7"' in told["html"]
    assert told["focus"] == "r.0"


def test_the_builder_speaks_chinese(desk: Desk) -> None:
    client = desk(Role.MARKETER)
    client.cookies["django_language"] = "zh-hans"
    url = reverse("admin:campaigns_audience_preview")
    assert client.post(url, _form({"all": [GOLD]})).status_code == 200


def test_sizes_overlaps_and_members_are_answered(desk: Desk) -> None:
    shopper = factories.customer(tier="gold", country="DE", language="")
    factories.customer(tier="silver")
    factories.audience(name="All", key="all", rules={})
    factories.audience(name="Broken", rules={"all": []})
    client, data = desk(Role.MARKETER), _form({"all": [GOLD]})

    def ask(name: str, **more: str) -> Any:
        answer = client.post(reverse(f"admin:campaigns_audience_{name}"), {**data, **more})
        assert answer.status_code == 200
        return answer.json()

    assert ask("size") == {
        "count": 1, "low": 1, "high": 1, "exact": True, "told": "Shoppers: 1",
    }  # fmt: skip
    (found,) = ask("overlap")["overlaps"]
    assert found["name"] == "All"
    assert found["told"] == "100.0 % of this one, 50.0 % of that one: 1"
    looked = AuditEntry.objects.filter(verb="look_at_audience_members")
    assert not looked.exists()
    (member,) = ask("members")["members"]
    assert (member["ref"], member["told"]) == (shopper.ref, "gold, DE")
    assert looked.get().details["shown"] == 1
    listed = factories.audience(kind="list", members=[shopper])
    assert ask("size", own_key=listed.key)["count"] == 1


def test_wrong_rules_have_no_size_but_a_reason(desk: Desk) -> None:
    wrong = {"all": [{"field": "audience", "operator": "in", "value": ["gone"]}]}
    url = reverse("admin:campaigns_audience_size")
    answer = desk(Role.MARKETER).post(url, {**_form(wrong)})
    assert answer.status_code == 400
    assert "gone" in answer.json()["problem"]


def test_analysts_see_rules_in_words_and_no_members(desk: Desk) -> None:
    told = factories.audience(rules={"all": [GOLD]})
    client = desk(Role.ANALYST)
    page = client.get(reverse("admin:campaigns_audience_change", args=[told.pk])).content.decode()
    assert "membership tier is one of “gold”" in page
    assert 'name="r:mode"' not in page
    url = reverse("admin:campaigns_audience_members")
    assert client.post(url, _form({})).status_code == 403


def test_the_list_shows_sizes_and_campaigns(desk: Desk) -> None:
    told = factories.audience(
        size=411_873, size_low=409_123, size_high=414_670, sized_at=factories.audit_entry().at
    )
    factories.campaign(titles={"en": "Spring"}, audience=told)
    factories.audience()
    page = desk(Role.MARKETER).get(reverse("admin:campaigns_audience_changelist"))
    html = page.content.decode()
    for words in ("about 412,000 (409,000 to 415,000)", "Spring", "not counted"):
        assert words in html


def test_deleting_a_used_audience_names_its_users(desk: Desk) -> None:
    told = factories.audience()
    factories.audience(
        name="Outer", rules={"field": "audience", "operator": "in", "value": [told.key]}
    )
    client = desk(Role.MARKETER)
    url = reverse("admin:campaigns_audience_delete", args=[told.pk])
    assert "Outer" in client.post(url, {"post": "yes"}).content.decode()
    assert Audience.objects.filter(pk=told.pk).exists()
    Audience.objects.filter(name="Outer").delete()
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not Audience.objects.filter(pk=told.pk).exists()


def test_a_list_is_read_from_a_file_and_its_rejects_are_shown(desk: Desk) -> None:
    factories.customer(ref="ann")
    client = desk(Role.MARKETER)
    file = SimpleUploadedFile("vip.csv", b"customer\nann\nnobody\n")
    answer = client.post(
        reverse("admin:campaigns_audience_list"), {"name": "VIP", "file": file}, follow=True
    )
    html = answer.content.decode()
    assert "Added: 1." in html
    assert "No shopper has this pseudonym." in html
    made = Audience.objects.get()
    rejects = client.get(
        reverse("admin:campaigns_audience_rejects", args=[made.imports.get().pk])
    ).content.decode()
    assert "3,No shopper has this pseudonym." in rejects
    again = client.post(
        reverse("admin:campaigns_audience_import", args=[made.pk]), {"pasted": "ann"}, follow=True
    )
    assert "On the list already: 1." in again.content.decode()


@pytest.mark.parametrize("data", [{}, {"pasted": "\n"}, {"pasted": "customer\n"}])
def test_a_list_of_nothing_is_refused(desk: Desk, data: dict[str, str]) -> None:
    page = desk(Role.MARKETER).post(
        reverse("admin:campaigns_audience_list"), {"name": "VIP", **data}
    )
    assert page.status_code == 200
    assert not Audience.objects.exists()


def test_an_audience_is_counted_again_by_a_button(desk: Desk) -> None:
    factories.customer(tier="gold")
    told = factories.audience(rules=GOLD)
    desk(Role.MARKETER).post(reverse("admin:campaigns_audience_count", args=[told.pk]))
    told.refresh_from_db()
    assert told.size == 1
