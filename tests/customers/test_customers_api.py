"""`POST customers`: idempotent, a verdict per row, consent as a history, addresses unreadable."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.core.models import AuditEntry
from guidance.core.services import create_api_key
from guidance.customers.models import Consent, ContactPoint, Customer
from guidance.customers.services import ensure_customer

URL = "/api/v1/customers"
YES = {"channel": "email", "purpose": "marketing", "granted": True}
NO = YES | {"granted": False}
MIRA: dict[str, Any] = {
    "ref": "c1",
    "tier": "gold",
    "language": "zh-hans",
    "country": "DE",
    "time_zone": "Europe/Berlin",
    "joined_at": "2025-04-02T08:00:00Z",
    "consents": [YES | {"at": "2025-04-02T08:01:00Z"}],
    "contacts": [{"channel": "email", "address": "mira@mail.example"}],
}


def _post(client: APIClient, *customers: Any) -> dict[str, Any]:
    answer = client.post(URL, {"customers": customers})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_customer_is_created_with_all_it_says(storefront: APIClient) -> None:
    assert _post(storefront, MIRA)["created"] == 1
    mira = Customer.objects.get()
    assert (mira.ref, mira.is_anonymous, mira.tier, mira.language) == (
        "c1",
        False,
        "gold",
        "zh-hans",
    )
    assert (mira.country, mira.time_zone) == ("DE", "Europe/Berlin")
    assert mira.joined_at is not None
    assert mira.joined_at.isoformat() == "2025-04-02T08:00:00+00:00"
    consent = mira.consents.get()
    assert (consent.channel, consent.purpose, consent.is_granted, consent.source) == (
        "email",
        "marketing",
        True,
        "api",
    )
    assert mira.contact_points.get().channel == "email"


def test_the_same_again_changes_nothing_and_leaves_no_audit(storefront: APIClient) -> None:
    _post(storefront, MIRA)

    def state() -> tuple[Any, ...]:
        tables = (Customer, Consent, ContactPoint)
        return (*(list(table.objects.values()) for table in tables), AuditEntry.objects.count())

    before = state()
    assert _post(storefront, MIRA)["unchanged"] == 1
    assert state() == before


def test_a_shopper_met_through_behaviour_becomes_known(storefront: APIClient) -> None:
    assert ensure_customer(ref="c1").is_anonymous
    assert _post(storefront, {"ref": "c1"})["updated"] == 1
    assert not Customer.objects.get().is_anonymous


def test_a_field_left_out_stays(storefront: APIClient) -> None:
    _post(storefront, MIRA)
    assert _post(storefront, {"ref": "c1", "tier": "", "joined_at": None})["updated"] == 1
    mira = Customer.objects.get()
    assert (mira.tier, mira.joined_at, mira.country) == ("", None, "DE")


REJECTED = {
    "ref missing": ({"tier": "gold"}, "missing_field", "ref"),
    "ref empty": ({"ref": " "}, "malformed", "ref"),
    "ref too long": ({"ref": "c" * 101}, "out_of_range", "ref"),
    "NUL in the tier": ({"ref": "c", "tier": "\x00"}, "bad_text", "tier"),
    "tier a number": ({"ref": "c", "tier": 1}, "wrong_type", "tier"),
    "language no tag": ({"ref": "c", "language": "English"}, "malformed", "language"),
    "time zone unknown": (
        {"ref": "c", "time_zone": "Mars/Olympus"},
        "unknown_time_zone",
        "time_zone",
    ),
    "time zone a path": ({"ref": "c", "time_zone": "../etc"}, "unknown_time_zone", "time_zone"),
    "joined before the calendar": (
        {"ref": "c", "joined_at": "0001-01-01T00:00:00+14:00"},
        "out_of_range",
        "joined_at",
    ),
    "consent without a word": (
        {"ref": "c", "consents": [{"channel": "email", "purpose": "marketing"}]},
        "missing_field",
        "consents[0].granted",
    ),
    "consent a number": (
        {"ref": "c", "consents": [YES | {"granted": 1}]},
        "wrong_type",
        "consents[0].granted",
    ),
    "consent on a channel with spaces": (
        {"ref": "c", "consents": [YES | {"channel": "e mail"}]},
        "malformed",
        "consents[0].channel",
    ),
    "consent from the future": (
        {"ref": "c", "consents": [YES | {"at": "2999-01-01T00:00:00Z"}]},
        "clock_skew",
        "consents[0].at",
    ),
    "consent and its opposite": (
        {"ref": "c", "consents": [YES, NO]},
        "repeated",
        "consents[1]",
    ),
    "address no address": (
        {"ref": "c", "contacts": [{"channel": "email", "address": "private-words"}]},
        "malformed",
        "contacts[0].address",
    ),
    "number no number": (
        {"ref": "c", "contacts": [{"channel": "sms", "address": "private-words"}]},
        "malformed",
        "contacts[0].address",
    ),
    "channel twice": (
        {"ref": "c", "contacts": [{"channel": "push", "address": "a"}] * 2},
        "repeated",
        "contacts[1]",
    ),
    "field nobody knows": ({"ref": "c", "name": "Mira"}, "unknown_field", "name"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_row_is_rejected_and_the_others_are_kept(case: str, storefront: APIClient) -> None:
    row, code, field = REJECTED[case]
    answer = _post(storefront, {"ref": "good"}, row)
    assert answer["rows"] == ["created", "rejected"]
    [verdict] = answer["rejected"]
    assert (verdict["index"], verdict["code"]) == (1, code)
    assert field in verdict["detail"]
    assert "private-words" not in verdict["detail"]
    assert Customer.objects.get().ref == "good"


def test_a_pseudonym_twice_in_a_batch_is_taken_once(storefront: APIClient) -> None:
    answer = _post(storefront, MIRA, {"ref": "c1", "tier": "silver"})
    assert answer["rejected"][0]["code"] == "repeated"
    assert Customer.objects.get().tier == "gold"


@pytest.mark.parametrize("scopes", [["read"], ["events"], []])
@pytest.mark.django_db
def test_the_key_needs_the_scope_write(scopes: list[str]) -> None:
    _key, secret = create_api_key(name="other", scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.post(URL, {"customers": [MIRA]}).status_code == 403


def test_consent_is_a_history_whose_newest_word_counts(storefront: APIClient) -> None:
    def say(consent: dict[str, Any]) -> None:
        _post(storefront, {"ref": "c1", "consents": [consent]})

    def stands() -> bool:
        newest = Consent.objects.filter(channel="email", purpose="marketing").latest("at")
        return newest.is_granted

    say(YES)
    assert stands()
    say(NO)
    assert not stands()
    say(NO)
    assert Consent.objects.count() == 2
    long_ago = (timezone.now() - timedelta(days=9)).isoformat()
    say(YES | {"at": long_ago})
    assert Consent.objects.count() == 3
    assert not stands()
    answer = _post(storefront, {"ref": "c1", "tier": "x", "consents": [NO | {"at": long_ago}]})
    assert answer["rejected"][0]["code"] == "conflict"
    assert Customer.objects.get().tier == ""


def test_an_address_changes_and_goes(storefront: APIClient) -> None:
    _post(storefront, MIRA)
    first = ContactPoint.objects.get()
    new = {"ref": "c1", "contacts": [{"channel": "email", "address": "new@mail.example"}]}
    assert _post(storefront, new)["updated"] == 1
    assert ContactPoint.objects.get().fingerprint != first.fingerprint
    gone = {"ref": "c1", "contacts": [{"channel": "email", "address": None}]}
    assert _post(storefront, gone)["updated"] == 1
    assert not ContactPoint.objects.exists()
    assert _post(storefront, gone)["unchanged"] == 1


def test_a_batch_takes_as_many_statements_as_one_customer(storefront: APIClient) -> None:
    def rows(count: int, tier: str) -> list[dict[str, Any]]:
        return [
            MIRA
            | {"ref": f"{count}-{n}", "tier": tier, "consents": [YES]}
            | {"contacts": [{"channel": "email", "address": f"{tier}{n}@mail.example"}]}
            for n in range(count)
        ]

    def statements(count: int, tier: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = _post(storefront, *rows(count, tier))
        assert answer["rejected"] == []
        return len(captured)

    _post(storefront, MIRA)
    assert statements(200, "gold") == statements(1, "gold") <= 25
    assert statements(200, "iron") == statements(1, "iron") <= 25


def test_addresses_reach_neither_logs_nor_the_audit_trail_nor_answers(
    storefront: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    rows = [MIRA | {"ref": "mira-1842"}, {"ref": "mira-1843", "tier": "\x00"}]
    answer = storefront.post(URL, {"customers": rows})
    logged = "".join(r.getMessage() for r in caplog.records if r.name != "django.db.backends")
    audited = str(list(AuditEntry.objects.values()))
    for place in (logged, audited, answer.content.decode()):
        assert "mira" not in place


def test_a_consents_proof_is_kept_and_holds_nothing_else(storefront: APIClient) -> None:
    proof = {"text": "Send me offers.", "version": "3", "where": "checkout", "by": "shopper"}
    assert _post(storefront, {"ref": "c1", "consents": [YES | {"proof": proof}]})["created"] == 1
    assert Consent.objects.get().proof == proof
    bad = YES | {"purpose": "service", "proof": proof | {"ip": "203.0.113.7"}}
    (rejected,) = _post(storefront, {"ref": "c1", "consents": [bad]})["rejected"]
    assert rejected["code"] == "unknown_field"
    assert _post(storefront, {"ref": "c2", "consents": [YES]})["created"] == 1
    assert Consent.objects.get(customer__ref="c2").proof == {}
