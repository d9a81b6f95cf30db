"""From a frame to what a shopper reads: named variables, escaped words, localised money."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from guidance.campaigns.rendering import (
    BadFrame,
    Links,
    OfferFacts,
    ProductFacts,
    Reader,
    Rendered,
    Words,
    greeting,
    money,
    offer_line,
    parse_frame,
    render,
)

TEN = OfferFacts(kind="percent", value=Decimal(10))
LINKS = Links(
    product="https://shop.example/p/tea?a=1&b=2",
    preferences="https://desk.example/preferences/t",
    unsubscribe="https://desk.example/u/t",
)


def _rendered(frame: str, **given: Any) -> Rendered:
    words = Words(frame=frame, text=given.pop("text", "Fresh tea."), language="en", subject="Tea")
    return render(
        words,
        product=ProductFacts(title="Uji", price=Decimal("9.5"), currency="EUR"),
        offer=given.pop("offer", TEN),
        reader=Reader(tier="gold", code="SPRING", links=given.pop("links", LINKS)),
        **given,
    )


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ("{text} {pirce}", "pirce"),
        ("{text} {}", "{}"),
        ("{text} {0}", "0"),
        ("{text} {text.__class__}", "text.__class__"),
        ("{text} {text!r}", "text"),
        ("{text} {price:>9}", "price"),
        ("{text} {price", "brace"),
        ("{text} }", "brace"),
        ("Buy now", "{text}"),
    ],
)
def test_a_frame_that_cannot_be_filled_is_refused_by_name(frame: str, named: str) -> None:
    with pytest.raises(BadFrame) as refused:
        parse_frame(frame)
    assert named in str(refused.value)


def test_every_variable_finds_its_value() -> None:
    frame = (
        "{greeting}\n{text}\n{title} {price}\n{offer}\n{code}\n{link}\n{preferences}\n{unsubscribe}"
    )
    assert _rendered(frame).body.split("\n") == [
        "Dear gold member,",
        "Fresh tea.",
        "Uji €9.50",
        "10% off with the code SPRING",
        "SPRING",
        LINKS.product,
        LINKS.preferences,
        LINKS.unsubscribe,
    ]


def test_what_has_no_value_leaves_no_gap_and_doubled_braces_stay() -> None:
    assert _rendered("{{x}} {text}\n\n{offer}\n\nBye", offer=None).body == "{x} Fresh tea.\n\nBye"


def test_a_text_with_braces_is_never_taken_for_a_frame() -> None:
    assert _rendered("{text}", text="{price} {").body == "{price} {"


def test_an_email_escapes_every_word_and_links_what_is_an_address() -> None:
    told = _rendered("<b>{text}\n{link}", text="<script>&\n\nmore", as_html=True)
    assert "<script>" not in told.html
    assert "<b>" not in told.html
    assert "&lt;b&gt;&lt;script&gt;&amp;</p>" in told.html
    assert 'more<br><a href="https://shop.example/p/tea?a=1&amp;b=2">' in told.html
    assert f'<a href="{LINKS.unsubscribe}">Unsubscribe</a>' in told.html
    assert f"Unsubscribe: {LINKS.unsubscribe}" in told.body


def test_a_way_out_that_the_frame_names_is_not_told_twice_in_the_plain_text() -> None:
    told = _rendered("{text} {unsubscribe}", as_html=True)
    assert told.body.count(LINKS.unsubscribe) == 1
    assert LINKS.preferences in told.body


def test_a_message_that_must_be_told_has_no_way_out_of_it() -> None:
    told = _rendered("{text}", links=Links(preferences=LINKS.preferences), as_html=True)
    assert "Unsubscribe" not in told.html + told.body


@pytest.mark.parametrize(
    ("offer", "line"),
    [
        (TEN, "10% off with the code X"),
        (OfferFacts(kind="percent", value=Decimal("12.5")), "12.5% off with the code X"),
        (OfferFacts(kind="amount", value=Decimal(5), currency="EUR"), "€5.00 off with the code X"),
        (OfferFacts(kind="shipping", value=Decimal(0)), "Free shipping with the code X"),
        (
            OfferFacts(kind="gift", value=Decimal(0), title="A cup"),
            "A cup as a gift with the code X",
        ),
        (OfferFacts(kind="gift", value=Decimal(0)), "A gift with the code X"),
        (
            OfferFacts(
                kind="percent",
                value=Decimal(10),
                currency="JPY",
                minimum_spend=Decimal(3000),
                ends_at=datetime(2026, 5, 3, 22, tzinfo=UTC),
                zone=ZoneInfo("Europe/Berlin"),
            ),
            "10% off with the code X (from ¥3,000, until May 3, 2026)",
        ),
    ],
)
def test_an_offer_is_told_in_words(offer: OfferFacts, line: str) -> None:
    assert offer_line(offer, code="X", language="en") == line


def test_money_is_written_as_people_of_a_language_write_it() -> None:
    assert money(Decimal("1234.5"), "EUR", "de") == "1.234,50\xa0€"
    assert money(Decimal("1234.5"), "CNY", "zh-hans") == "¥1,234.50"
    assert money(Decimal("1234.5"), "USD", "nobody-speaks-this") == "$1,234.50"


def test_rendering_speaks_the_messages_language_and_leaves_the_pages() -> None:
    with translation.override("zh-hans"):
        assert offer_line(TEN, code="X", language="en") == "10% off with the code X"
        assert greeting(tier="", language="en") == "Hello,"
        assert translation.get_language() == "zh-hans"
