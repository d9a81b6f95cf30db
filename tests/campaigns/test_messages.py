"""One message: its words are safe in HTML, and it exists once for each occasion."""

import uuid

import pytest
from django.db import IntegrityError

from guidance.campaigns.services.composing import words_for
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_mails_html_escapes_what_is_a_shoppers_own() -> None:
    message = factories.campaign_message(channel="email", template="{text} {code}")
    for _again in range(2):
        words = words_for(
            message,
            campaign=message.step.campaign,
            customer=factories.customer(),
            offer=None,
            code="<b>&",
        )
        assert "<b>&" in words.body
        assert "&lt;b&gt;&amp;" in words.html
        assert "<b>&" not in words.html


def test_the_database_refuses_a_second_message_for_the_same_occasion() -> None:
    one = factories.delivery()
    with pytest.raises(IntegrityError):
        factories.delivery(
            id=uuid.uuid4(),
            message=one.message,
            customer=one.customer,
            occurrence=one.occurrence,
        )
