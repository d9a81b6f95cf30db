"""The inbox in the app: a message once, fetched page by page, read once, moved in a merge."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from guidance.campaigns.channels import Outcome, Result, channel_of, channels
from guidance.campaigns.models import Channel, InboxMessage
from guidance.core.services import create_api_key
from guidance.customers.services import merge_customer
from tests import factories
from tests.campaigns.messages import message

pytestmark = pytest.mark.django_db
URL = "/api/v1/inbox"


def _put(count: int = 1, **given: Any) -> list[Any]:
    sent = [message(channel="inbox", subject=f"No. {n}", **given) for n in range(count)]
    assert channel_of("inbox").send(sent) == [Outcome.sent()] * count
    return sent


def test_every_channel_of_the_tables_has_its_class() -> None:
    assert set(channels()) == set(Channel.values)


def test_the_channel_to_nowhere_says_that_all_is_sent() -> None:
    outcomes = channel_of("null").send([message(), message()])
    assert [one.result for one in outcomes] == [Result.SENT] * 2


def test_a_message_sent_again_is_there_once() -> None:
    sent = _put(2)
    channel_of("inbox").send(sent)
    assert InboxMessage.objects.count() == 2
    assert set(InboxMessage.objects.values_list("delivery", flat=True)) == {
        one.delivery_id for one in sent
    }


def test_a_batch_takes_few_statements() -> None:
    factories.customer(ref="mira")
    with CaptureQueriesContext(connection, ) as captured:  # fmt: skip
        _put(50)
    assert len(captured) <= 5


def test_a_shopper_reads_newest_first_page_by_page(storefront: APIClient) -> None:
    _put(5, data={"link": "/tea"})
    _put(1, customer_ref="tom")
    first = storefront.get(f"{URL}?customer=mira&limit=2").json()
    assert [one["subject"] for one in first["messages"]] == ["No. 4", "No. 3"]
    assert (first["unread"], first["messages"][0]["data"]) == (5, {"link": "/tea"})
    second = storefront.get(f"{URL}?customer=mira&limit=3&before={first['next']}").json()
    assert [one["subject"] for one in second["messages"]] == ["No. 2", "No. 1", "No. 0"]
    assert second["next"] is None


def test_a_message_is_read_by_whose_it_is_and_once(storefront: APIClient) -> None:
    _put(2)
    _put(1, customer_ref="tom")
    newest = storefront.get(f"{URL}?customer=mira").json()["messages"][0]["id"]
    assert storefront.post(f"{URL}/{newest}/read", {"customer": "tom"}).status_code == 404
    assert storefront.post(f"{URL}/{newest}/read", {"customer": "nobody"}).status_code == 404
    read = storefront.post(f"{URL}/{newest}/read", {"customer": "mira"}).json()["read_at"]
    assert storefront.post(f"{URL}/{newest}/read", {"customer": "mira"}).json()["read_at"] == read
    left = storefront.get(f"{URL}?customer=mira&unread=1").json()
    assert (left["unread"], [one["subject"] for one in left["messages"]]) == (1, ["No. 0"])


@pytest.mark.parametrize("query", ["", "?customer=", "?customer=a&limit=0", "?customer=a&before=1"])
def test_a_bad_question_is_a_problem_document(storefront: APIClient, query: str) -> None:
    answer = storefront.get(URL + query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_a_stranger_has_an_empty_inbox(storefront: APIClient) -> None:
    assert storefront.get(f"{URL}?customer=nobody").json() == {
        "messages": [],
        "unread": 0,
        "next": None,
    }


def test_an_inbox_takes_the_scope_that_reads() -> None:
    _key, secret = create_api_key(name="browser", scopes=["events"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.get(f"{URL}?customer=mira").status_code == 403


def test_a_browsers_key_reads_nobodys_inbox(storefront: APIClient) -> None:
    """Whoever holds it could ask in anybody's name."""
    _put(1)
    _key, secret = create_api_key(
        name="browser", scopes=["read", "events"], origins=["https://shop.example"]
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_ORIGIN="https://shop.example")
    assert client.get(f"{URL}?customer=mira").status_code == 403
    message_id = InboxMessage.objects.get().pk
    answer = client.post(f"{URL}/{message_id}/read", {"customer": "mira"}, format="json")
    assert answer.status_code == 403
    assert storefront.get(f"{URL}?customer=mira").json()["unread"] == 1


def test_a_visitors_messages_follow_a_merge(storefront: APIClient) -> None:
    factories.customer(ref="visitor", is_anonymous=True)
    _put(2, customer_ref="visitor")
    assert merge_customer(anonymous_ref="visitor", customer_ref="mira").moved["inbox"] == 2
    assert storefront.get(f"{URL}?customer=mira").json()["unread"] == 2
