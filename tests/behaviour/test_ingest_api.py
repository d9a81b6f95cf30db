"""`POST events`: every row gets its verdict, whatever it holds, and no body breaks the server."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import DirtyDay, Event
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.core.services import create_api_key
from guidance.customers.models import Customer

URL = "/api/v1/events"


def _ago(**span: float) -> str:
    return (timezone.now() - timedelta(**span)).isoformat()


def _post_raw(client: APIClient, body: bytes, content_type: str = "application/json") -> Any:
    return client.generic("POST", URL, body, content_type=content_type)


def _only_verdict(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    assert answer.json()["accepted"] == 0
    [verdict] = answer.json()["rejected"]
    return verdict


REJECTED = {
    "id of version 4": ({"id": str(uuid.uuid4())}, "not_uuid7", "id"),
    "id no uuid": ({"id": "17"}, "not_uuid7", "id"),
    "id a number": ({"id": 17}, "wrong_type", "id"),
    "unknown kind": ({"kind": "wink"}, "unknown_kind", "kind"),
    "kind null": ({"kind": None}, "wrong_type", "kind"),
    "customer empty": ({"customer": ""}, "malformed", "customer"),
    "customer with a line break": ({"customer": "c1\n"}, "malformed", "customer"),
    "customer too long": ({"customer": "c" * 101}, "out_of_range", "customer"),
    "NUL in the customer": ({"customer": "c\x001"}, "malformed", "customer"),
    "time ahead": ({"time": _ago(hours=-2)}, "clock_skew", "time"),
    "time too old": ({"time": _ago(days=91)}, "too_old", "time"),
    "time without an offset": ({"time": "2026-01-01T00:00:00"}, "malformed", "time"),
    "time no time": ({"time": "yesterday"}, "malformed", "time"),
    "time a number": ({"time": 1_790_000_000}, "wrong_type", "time"),
    "first day of the calendar": ({"time": "0001-01-01T00:00:00+14:00"}, "out_of_range", "time"),
    "last day of the calendar": ({"time": "9999-12-31T23:59:59-14:00"}, "out_of_range", "time"),
    "unknown product": ({"sku": "coffee"}, "unknown_product", "sku"),
    "no product": ({"sku": None}, "missing_field", "sku"),
    "NUL in the sku": ({"sku": "te\x00a"}, "malformed", "sku"),
    "click on nothing": ({"kind": "click", "sku": None}, "missing_field", "decision_id"),
    "search without words": ({"kind": "search", "text": " "}, "missing_field", "text"),
    "NUL in the text": ({"kind": "search", "text": "a\x00b"}, "bad_text", "text"),
    "text too long": ({"kind": "review", "text": "x" * 10_001}, "out_of_range", "text"),
    "rating without stars": ({"kind": "rating"}, "missing_field", "rating"),
    "six stars": ({"kind": "rating", "rating": 6}, "out_of_range", "rating"),
    "half a star": ({"kind": "rating", "rating": 4.5}, "wrong_type", "rating"),
    "decision of version 4": ({"decision_id": str(uuid.uuid4())}, "not_uuid7", "decision_id"),
    "quantity nought": ({"quantity": 0}, "out_of_range", "quantity"),
    "quantity huge": ({"quantity": 10**400}, "out_of_range", "quantity"),
    "quantity a text": ({"quantity": "2"}, "wrong_type", "quantity"),
    "quantity true": ({"quantity": True}, "wrong_type", "quantity"),
    "position huge": ({"position": 40_000}, "out_of_range", "position"),
    "results huge": ({"result_count": 2**31}, "out_of_range", "result_count"),
    "price negative": ({"price": -1}, "out_of_range", "price"),
    "price NaN": ({"price": "NaN"}, "out_of_range", "price"),
    "price infinite": ({"price": "-Infinity"}, "out_of_range", "price"),
    "price huge": ({"price": "1e400"}, "out_of_range", "price"),
    "price too fine": ({"price": "0.001"}, "out_of_range", "price"),
    "price no number": ({"price": "cheap"}, "malformed", "price"),
    "price a truth": ({"price": True}, "wrong_type", "price"),
    "worth too much": ({"price": 9_999_999, "quantity": 9_999}, "out_of_range", "price"),
    "currency long": ({"currency": "euro"}, "malformed", "currency"),
    "field nobody knows": ({"colour": "red"}, "unknown_field", "colour"),
    "original time": ({"original_time": _ago(days=1)}, "not_allowed", "original_time"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_row_is_rejected_with_what_and_where(
    case: str, storefront: APIClient, event: Any
) -> None:
    fields, code, field = REJECTED[case]
    verdict = _only_verdict(storefront.post(URL, {"events": [event(**fields)]}))
    assert (verdict["index"], verdict["code"]) == (0, code)
    assert field in verdict["detail"]
    assert not Event.objects.exists()
    assert not Customer.objects.exists()


@pytest.mark.parametrize("field", ["id", "kind", "customer", "time"])
def test_a_missing_field_is_named(field: str, storefront: APIClient, event: Any) -> None:
    row = event()
    del row[field]
    verdict = _only_verdict(storefront.post(URL, {"events": [row]}))
    assert verdict["code"] == "missing_field"
    assert field in verdict["detail"]


@pytest.mark.parametrize("row", ["5", '"text"', "null", "[]", "[[[]]]", "1e999"])
def test_a_row_that_is_no_object_is_rejected(row: str, storefront: APIClient) -> None:
    verdict = _only_verdict(_post_raw(storefront, f'{{"events": [{row}]}}'.encode()))
    assert verdict["code"] in {"wrong_type", "out_of_range"}


@pytest.mark.parametrize("text", [r"\ud800", r"\udc00\ud800", r"\ud83dx"])
def test_a_lone_surrogate_is_rejected(text: str, storefront: APIClient, event: Any) -> None:
    body = json.dumps({"events": [event(kind="search", text="@@")]}).replace("@@", text)
    verdict = _only_verdict(_post_raw(storefront, body.encode()))
    assert (verdict["code"], verdict["detail"][:5]) == ("bad_text", "text:")


@pytest.mark.parametrize("text", [r"\ud83c\udf75", r"\\ud800", r"\u8336", "🍵"])
def test_a_whole_surrogate_pair_is_kept(text: str, storefront: APIClient, event: Any) -> None:
    body = json.dumps({"events": [event(kind="search", text="@@")]}).replace("@@", text)
    assert _post_raw(storefront, body.encode()).json()["accepted"] == 1
    assert Event.objects.get().text == json.loads(f'"{text}"')


BODIES = {
    "nothing": (b"", 400, "bad_json"),
    "spaces": (b"  ", 400, "bad_json"),
    "half a document": (b'{"events": [{"id": ', 400, "bad_json"),
    "no JSON": (b"events=1", 400, "bad_json"),
    "NaN": (b'{"events": [{"price": NaN}]}', 400, "bad_json"),
    "Infinity": (b'{"events": [{"price": -Infinity}]}', 400, "bad_json"),
    "a raw NUL": (b'{"events": [{"text": "a\x00b"}]}', 400, "bad_json"),
    "not UTF-8": (b'{"events": [{"text": "\xff"}]}', 400, "bad_json"),
    "a list": (b"[]", 400, "wrong_type"),
    "a number": (b"7", 400, "wrong_type"),
    "no events": (b"{}", 400, "missing_field"),
    "events an object": (b'{"events": {}}', 400, "wrong_type"),
    "something else as well": (b'{"events": [], "shop": 1}', 400, "unknown_field"),
    "a hundred thousand brackets": (b'{"events": ' + b"[" * 100_000, 400, "bad_json"),
    "too many rows": (b'{"events": [' + b"1," * 1000 + b"1]}", 413, "too_many_rows"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_bad_body_gets_a_problem_document(case: str, storefront: APIClient) -> None:
    body, status, code = BODIES[case]
    answer = _post_raw(storefront, body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_a_body_over_the_limit_is_413(storefront: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = _post_raw(storefront, b'{"events": ["' + b"x" * 1000 + b'"]}')
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_of_another_type_is_415(storefront: APIClient) -> None:
    answer = _post_raw(storefront, b'{"events": []}', content_type="text/plain")
    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["replay"], []])
def test_the_key_needs_the_scope_events(scopes: list[str], event: Any) -> None:
    _key, secret = create_api_key(name="other", scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.post(URL, {"events": [event()]}).status_code == 403
    assert APIClient().post(URL, {"events": [event()]}).status_code == 401
    assert not Event.objects.exists()


def test_good_rows_are_kept_beside_bad_ones(storefront: APIClient, event: Any) -> None:
    rows = [event(), event(kind="wink"), event(sku="coffee"), event(kind="purchase")]
    answer = storefront.post(URL, {"events": rows}).json()
    assert answer["accepted"] == 2
    assert [(v["index"], v["code"]) for v in answer["rejected"]] == [
        (1, "unknown_kind"),
        (2, "unknown_product"),
    ]
    assert {str(pk) for pk in Event.objects.values_list("pk", flat=True)} == {
        rows[0]["id"],
        rows[3]["id"],
    }


def test_every_field_is_kept(storefront: APIClient, event: Any, tea: Product) -> None:
    decision = new_id()
    row = event(
        kind="purchase",
        decision_id=str(decision),
        position=3,
        session="s1",
        basket="order-1",
        quantity=2,
        price="4.90",
        currency="EUR",
        rating=5,
        text="good 茶",
        result_count=0,
    )
    assert storefront.post(URL, {"events": [row]}).json()["accepted"] == 1
    kept = Event.objects.get(pk=row["id"])
    assert kept.occurred_at.isoformat() == row["time"]
    assert (kept.customer.ref, kept.customer.is_anonymous, kept.product) == ("c1", True, tea)
    assert (kept.decision, kept.position, kept.session, kept.basket) == (
        decision,
        3,
        "s1",
        "order-1",
    )
    assert (kept.quantity, str(kept.price), kept.currency) == (2, "4.90", "EUR")
    assert (kept.rating, kept.text, kept.result_count, kept.source) == (5, "good 茶", 0, "live")


def test_a_resend_is_a_duplicate(storefront: APIClient, event: Any) -> None:
    rows = [event(), event(kind="purchase", price=4.9, decision_id=str(new_id()))]
    storefront.post(URL, {"events": rows})
    marks = DirtyDay.objects.count()
    again = storefront.post(URL, {"events": rows}).json()
    assert again == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert (Event.objects.count(), DirtyDay.objects.count()) == (2, marks)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "cart"},
        {"customer": "c2"},
        {"quantity": 2},
        {"price": "1.00"},
        {"basket": "b"},
        {"session": "s"},
        {"text": "t"},
        {"rating": 2},
        {"position": 1},
        {"result_count": 1},
        {"currency": "EUR"},
        {"time": _ago(hours=1)},
        {"decision_id": str(new_id())},
    ],
)
def test_the_same_id_with_another_payload_is_a_conflict(
    change: dict[str, Any], storefront: APIClient, event: Any
) -> None:
    row = event()
    storefront.post(URL, {"events": [row]})
    verdict = _only_verdict(storefront.post(URL, {"events": [row | change]}))
    assert verdict["code"] == "conflict"
    assert Event.objects.get().kind == "view"


def test_the_same_id_twice_in_a_batch(storefront: APIClient, event: Any) -> None:
    row = event()
    batch = [row, row, row | {"quantity": 7}]
    answer = storefront.post(URL, {"events": batch}).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert [(v["index"], v["code"]) for v in answer["rejected"]] == [(2, "conflict")]
    assert Event.objects.get().quantity == 1


def test_clocks_may_be_five_minutes_ahead(storefront: APIClient, event: Any) -> None:
    answer = storefront.post(URL, {"events": [event(time=_ago(minutes=-4.9))]}).json()
    assert answer["accepted"] == 1


def test_a_replaying_key_may_tell_any_past_and_marks_what_it_writes(event: Any) -> None:
    _key, secret = create_api_key(name="replay", scopes=["events", "replay"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    old = event(time="2011-12-01T08:00:00Z", original_time="2010-12-01T08:00:00Z")
    future = event(time=_ago(minutes=-6))
    answer = client.post(URL, {"events": [old, future]}).json()
    assert [v["code"] for v in answer["rejected"]] == ["clock_skew"]
    kept = Event.objects.get()
    assert (kept.source, kept.original_time.year, kept.occurred_at.year) == ("replay", 2010, 2011)


def test_a_batch_takes_as_many_statements_as_one_event(storefront: APIClient, event: Any) -> None:
    Product.objects.bulk_create(Product(sku=f"p{n}", title="P") for n in range(200))
    storefront.post(URL, {"events": [event()]})

    def statements(count: int) -> int:
        rows = [event(customer=f"new{count}-{n}", sku=f"p{n}") for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert storefront.post(URL, {"events": rows}).json()["accepted"] == count
        return len(captured)

    assert statements(200) == statements(1) <= 24


def test_nothing_of_a_row_reaches_the_logs(
    storefront: APIClient, event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    rows = [event(customer="ada-lovelace"), event(customer="ada-lovelace", kind="wink")]
    answer = storefront.post(URL, {"events": rows})
    assert "ada-lovelace" not in answer.content.decode()
    assert "ada-lovelace" not in "".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
