"""A campaign on one page: what is wrong is refused at its field, what is right is kept whole."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.campaigns.models import Campaign, CampaignMessage, CampaignStep, Coupon, Offer
from guidance.content.models import Publication, PublishedCopy
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db
ADD = reverse("admin:campaigns_campaign_add")
MESSAGES = "campaigns-campaignmessage"


def _text(
    text: str = "Fresh tea.", kind: str = "campaign", channel: str = "", language: str = "en"
) -> Publication:
    told = {"kind": kind, "channel": channel, "language": language}
    made: Publication = factories.publication(text=text, **told)
    PublishedCopy.objects.create(publication=made, product=made.product, **told)
    return made


def _rows(prefix: str, *rows: dict[str, Any]) -> dict[str, Any]:
    told = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for place, row in enumerate(rows):
        told |= {f"{prefix}-{place}-{name}": value for name, value in row.items()}
    return told


def _message(**given: Any) -> dict[str, Any]:
    told = {"step_number": 1, "channel": "inbox", "language": "en", "variant": "a", "weight": 1}
    if "publication" not in given:
        told["publication"] = _text().pk
    return {**told, "subject": "", "template": "{text}", **given}


def _campaign(**given: Any) -> dict[str, Any]:
    return {
        "title_en": "Tea week",
        "key": "tea-week",
        "is_active": "on",
        "time_zone": "Europe/Berlin",
        "starts_at_0": "2030-07-01",
        "starts_at_1": "09:00",
        "ends_at_0": "2030-07-08",
        "ends_at_1": "00:00",
        "objective": "orders",
        "purpose": "marketing",
        "send_at": "10:00",
        "quiet_from": "21:00",
        "quiet_until": "09:00",
        "priority": "50",
        "holdout_percent": "10",
        "contact_cost": "0",
        **_rows("offers"),
        **_rows("steps"),
        **_rows(MESSAGES),
        **given,
    }


def _errors(answer: Any) -> dict[str, Any]:
    found = dict(answer.context["adminform"].errors)
    for inline in answer.context["inline_admin_formsets"]:
        for form in inline.formset.forms:
            found |= form.errors
        if inline.formset.non_form_errors():
            found["formset"] = inline.formset.non_form_errors()
    return found


def test_a_whole_campaign_is_made_on_one_page_and_written_down(
    desk: Callable[..., Client],
) -> None:
    body, subject = _text(), _text("Tea!", "push", "email_subject")
    product, audience = factories.product(), factories.audience()
    given = _campaign(
        audience=audience.pk,
        products=[product.pk],
        budget="500",
        currency="eur",
        **_rows(
            MESSAGES,
            _message(channel="email", publication=body.pk, subject=subject.pk),
            _message(channel="inbox"),
        ),
        **_rows("offers", {"code": "TEA", "kind": "amount", "value": "5"}),
    )
    answer = desk(Role.MARKETER).post(ADD, given)
    assert answer.status_code == 302, _errors(answer)
    campaign = Campaign.objects.get()
    assert campaign.starts_at == datetime(2030, 7, 1, 7, tzinfo=UTC)
    assert campaign.ends_at == datetime(2030, 7, 7, 22, tzinfo=UTC)
    assert (campaign.currency, list(campaign.products.all())) == ("EUR", [product])
    email = CampaignMessage.objects.get(step__campaign=campaign, channel="email")
    assert (email.publication, email.subject, email.step.number) == (body, subject, 1)
    assert Offer.objects.get().currency == "EUR"
    details = AuditEntry.objects.get(verb="create_campaign").details
    assert details["messages"] == ["1 email en a", "1 inbox en a"]


def test_times_are_shown_by_the_campaigns_clock_and_stay_when_saved_again(
    desk: Callable[..., Client],
) -> None:
    at = datetime(2030, 7, 1, 7, tzinfo=UTC)
    campaign = factories.campaign(
        time_zone="Asia/Shanghai", starts_at=at, ends_at=at + timedelta(days=1)
    )
    client = desk(Role.MARKETER)
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    shown = client.get(url).content.decode()
    assert 'value="15:00:00"' in shown
    assert 'value="07:00:00"' not in shown
    given = _campaign(
        time_zone="Asia/Shanghai",
        starts_at_1="15:00",
        ends_at_0="2030-07-02",
        ends_at_1="15:00",
        key=campaign.key,
    )
    assert client.post(url, given).status_code == 302
    campaign.refresh_from_db()
    assert campaign.starts_at == at


def test_an_hour_that_comes_twice_stays_the_one_it_was(desk: Callable[..., Client]) -> None:
    second = datetime(2030, 10, 27, 1, 30, tzinfo=UTC)
    campaign = factories.campaign(
        time_zone="Europe/Berlin", starts_at=second, ends_at=second + timedelta(days=9)
    )
    given = _campaign(key=campaign.key, starts_at_0="2030-10-27", starts_at_1="02:30")
    given |= {"ends_at_0": "2030-11-05", "ends_at_1": "02:30"}
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert desk(Role.MARKETER).post(url, given).status_code == 302
    campaign.refresh_from_db()
    assert campaign.starts_at == second


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ends_at_0": "2030-06-01"}, "ends_at"),
        ({"starts_at_0": "2030-03-31", "starts_at_1": "02:30"}, "starts_at"),
        ({"time_zone": "Berlin"}, "time_zone"),
        ({"budget": "5"}, "currency"),
        ({"response_value": "5"}, "currency"),
        ({"currency": "E1R"}, "currency"),
        ({"budget": "-5", "currency": "EUR"}, "budget"),
        ({"trigger": "cart_left"}, "daily_maximum"),
        ({"daily_maximum": "9"}, "daily_maximum"),
        ({"quiet_from": "09:00", "quiet_until": "08:30"}, "quiet_until"),
        ({"holdout_percent": "91"}, "holdout_percent"),
        ({"trigger": "cart_left", "daily_maximum": "9"}, "formset"),
    ],
)
def test_a_campaigns_fault_is_named_at_its_field(
    desk: Callable[..., Client], given: dict[str, str], field: str
) -> None:
    answer = desk(Role.MARKETER).post(ADD, _campaign(**given))
    assert answer.status_code == 200
    assert next(iter(_errors(answer))) == field
    assert not Campaign.objects.exists()


def test_money_that_no_market_takes_is_refused(desk: Callable[..., Client]) -> None:
    factories.market(currency="CNY")
    answer = desk(Role.MARKETER).post(ADD, _campaign(budget="5", currency="EUR"))
    assert list(_errors(answer)) == ["currency"]


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([{"number": 1}, {"number": 2, "wait_minutes": 0}], "wait_minutes"),
        ([{"number": 1}, {"number": 3, "wait_minutes": 60}], "number"),
        ([{"number": 2, "wait_minutes": 60}], "formset"),
        ([{"number": 1, "wait_minutes": 9}, {"number": 1, "wait_minutes": 60}], "number"),
        ([{"number": 1}, {"number": 2, "wait_minutes": 60 * 24 * 8}], "wait_minutes"),
        ([{"number": 1}, {"number": 2, "wait_minutes": 60}], "formset"),
    ],
)
def test_steps_that_overlap_or_say_nothing_are_refused(
    desk: Callable[..., Client], steps: list[dict[str, int]], field: str
) -> None:
    usual = {"wait_minutes": 0, "condition": "always", "exit_on": "purchase"}
    given = _campaign(
        trigger="cart_left",
        daily_maximum="100",
        **_rows("steps", *(usual | step for step in steps)),
        **_rows(MESSAGES, _message()),
    )
    answer = desk(Role.MARKETER).post(ADD, given)
    assert answer.status_code == 200
    assert field in _errors(answer)
    assert not CampaignStep.objects.exists()


def test_a_campaign_sent_by_a_plan_has_one_step(desk: Callable[..., Client]) -> None:
    usual = {"condition": "always", "exit_on": "purchase"}
    steps = [{"number": 1, "wait_minutes": 0}, {"number": 2, "wait_minutes": 60}]
    given = _campaign(
        **_rows("steps", *(usual | step for step in steps)),
        **_rows(MESSAGES, _message(), _message(step_number=2)),
    )
    answer = desk(Role.MARKETER).post(ADD, given)
    assert list(_errors(answer)) == ["number"]
    triggered = given | {"trigger": "cart_left", "daily_maximum": "100"}
    assert desk(Role.MARKETER, "another").post(ADD, triggered).status_code == 302
    assert list(CampaignMessage.objects.values_list("step__number", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("given", "field", "named"),
    [
        ({"template": "{text} {pirce}"}, "template", "pirce"),
        ({"template": "{text} {price"}, "template", "brace"),
        ({"template": "{text} {code}"}, "template", "{code}"),
        ({"template": "{text} {link}"}, "template", "{link}"),
        ({"language": "zh-hans"}, "publication", "language"),
        ({"channel": "email"}, "subject", "subject"),
        ({"step_number": 2}, "step_number", "step"),
        ({"weight": 0}, "weight", "weight"),
        ({"publication": ""}, "publication", "required"),
    ],
)
def test_a_messages_fault_is_named_at_its_field(
    desk: Callable[..., Client], given: dict[str, Any], field: str, named: str
) -> None:
    answer = desk(Role.MARKETER).post(ADD, _campaign(**_rows(MESSAGES, _message(**given))))
    assert answer.status_code == 200
    found = _errors(answer)
    assert field in found
    assert named in str(found[field]) or named in str(found)
    assert not Campaign.objects.exists()


def test_two_messages_for_the_same_are_refused(desk: Callable[..., Client]) -> None:
    answer = desk(Role.MARKETER).post(ADD, _campaign(**_rows(MESSAGES, _message(), _message())))
    assert "variant" in _errors(answer)


def test_only_live_texts_of_a_fitting_kind_are_offered_and_taken(
    desk: Callable[..., Client],
) -> None:
    client, url = desk(Role.MARKETER), reverse("admin:campaigns_campaign_texts")
    live, stale = _text("Picked in spring."), _text("Picked in autumn.")
    PublishedCopy.objects.filter(publication=stale).update(status="stale")
    _text("A description.", "description")
    phone, subject = _text("Ping!", "push", "ios"), _text("Tea!", "push", "email_subject")

    def offered(**query: str) -> set[str]:
        return {one["id"] for one in client.get(url, query).json()["results"]}

    assert offered() == {str(live.pk), str(phone.pk)}
    assert offered(term="spring") == {str(live.pk)}
    assert offered(subjects="1") == {str(subject.pk)}
    assert "Picked in spring." in client.get(url).content.decode()
    for chosen in (stale, phone, subject):
        given = _campaign(**_rows(MESSAGES, _message(publication=chosen.pk)))
        assert "publication" in _errors(client.post(ADD, given)), chosen.text


def test_a_text_that_went_stale_does_not_keep_others_from_being_changed(
    desk: Callable[..., Client],
) -> None:
    text = _text()
    message = factories.campaign_message(channel="inbox", publication=text)
    PublishedCopy.objects.filter(publication=text).update(status="stale")
    campaign, step = message.step.campaign, message.step
    given = _campaign(key=campaign.key, **_rows(MESSAGES, _message(publication=text.pk, weight=3)))
    given |= {f"{MESSAGES}-INITIAL_FORMS": 1, f"{MESSAGES}-0-id": message.pk}
    given |= {
        "steps-TOTAL_FORMS": 1,
        "steps-INITIAL_FORMS": 1,
        "steps-0-id": step.pk,
        "steps-0-campaign": campaign.pk,
        "steps-0-number": 1,
        "steps-0-wait_minutes": 0,
        "steps-0-condition": "always",
        "steps-0-exit_on": "purchase",
    }
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    answer = desk(Role.MARKETER).post(url, given)
    assert answer.status_code == 302, _errors(answer)
    message.refresh_from_db()
    assert message.weight == 3
    gone = given | {f"{MESSAGES}-0-DELETE": "on", "steps-0-DELETE": "on"}
    sent = factories.delivery(message=message)
    page = desk(Role.MARKETER, "a third").post(url, gone)
    assert page.content.decode().count("so it cannot be taken away") == 2
    assert CampaignMessage.objects.exists()
    sent.delete()
    assert desk(Role.MARKETER, "another").post(url, gone).status_code == 302
    assert not CampaignMessage.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "amount", "value": "5", "currency": "USD"}, "currency"),
        ({"kind": "gift"}, "title_en"),
        ({"kind": "percent", "value": ""}, "value"),
        ({"starts_at_0": "2030-06-30", "starts_at_1": "23:59"}, "starts_at"),
        ({"ends_at_0": "2030-07-08", "ends_at_1": "00:01"}, "ends_at"),
    ],
)
def test_an_offers_fault_beside_its_campaign_is_named_at_its_field(
    desk: Callable[..., Client], given: dict[str, str], field: str
) -> None:
    offer = {"code": "TEA", "kind": "shipping", "value": "", **given}
    posted = _campaign(currency="EUR", budget="9", **_rows("offers", offer))
    answer = desk(Role.MARKETER).post(ADD, posted)
    assert answer.status_code == 200
    assert list(_errors(answer)) == [field]


def test_an_offer_that_ends_with_its_campaign_fits(desk: Callable[..., Client]) -> None:
    offer = {"code": "TEA", "kind": "shipping", "ends_at_0": "2030-07-08", "ends_at_1": "00:00"}
    answer = desk(Role.MARKETER).post(ADD, _campaign(**_rows("offers", offer)))
    assert answer.status_code == 302, _errors(answer)
    assert Offer.objects.get().ends_at == Campaign.objects.get().ends_at


def test_a_standing_benefit_needs_its_tiers_and_its_time(desk: Callable[..., Client]) -> None:
    client, url = desk(Role.MARKETER), reverse("admin:campaigns_offer_add")
    given = {"code": "GOLD", "kind": "shipping", "most_per_customer": "1"}
    errors = client.post(url, given).context["adminform"].errors
    assert set(errors) == {"starts_at", "ends_at", "tiers"}
    times = {"starts_at_0": "2030-01-01", "starts_at_1": "00:00"}
    times |= {"ends_at_0": "2031-01-01", "ends_at_1": "00:00"}
    product = factories.product()
    told = given | times | {"tiers": "gold", "products": [product.pk]}
    assert client.post(url, told).status_code == 302
    offer = Offer.objects.get()
    assert (offer.campaign, list(offer.products.all())) == (None, [product])


def test_what_is_seldom_meant_is_said_and_kept(desk: Callable[..., Client]) -> None:
    given = _campaign(holdout_percent="0", send_at="22:00")
    answer = desk(Role.MARKETER).post(ADD, given, follow=True)
    said = " ".join(str(message) for message in answer.context["messages"])
    assert "holdout" in said
    assert "quiet hours" in said
    assert Campaign.objects.exists()


def test_a_new_campaign_begins_with_the_default_markets_clock_and_money(
    desk: Callable[..., Client],
) -> None:
    factories.market(is_default=True, time_zone="Asia/Shanghai", currency="CNY")
    shown = desk(Role.MARKETER).get(ADD).content.decode()
    assert 'value="Asia/Shanghai"' in shown
    assert 'value="CNY"' in shown


def test_a_pool_is_filled_at_the_desk_and_faulty_lines_are_shown(
    desk: Callable[..., Client],
) -> None:
    offer = factories.offer(is_pooled=True)
    client, url = desk(Role.MARKETER), reverse("admin:campaigns_offer_pool", args=[offer.pk])
    answer = client.post(url, {"pasted": "A1\nB 2\nA1"})
    assert [reject.line for reject in answer.context["rejects"]] == [2, 3]
    assert client.post(url, {"count": "30"}).status_code == 302
    assert Coupon.objects.filter(offer=offer).count() == 31
    assert client.post(url, {}).context["form"].non_field_errors()
    assert client.post(url, {"count": "1", "pasted": "X"}).context["form"].non_field_errors()
    page = client.get(reverse("admin:campaigns_offer_change", args=[offer.pk]))
    assert page.context["pool"] == {"free": 31, "given": 0, "redeemed": 0}
    assert desk(Role.ANALYST).post(url, {"count": "1"}).status_code == 403


def test_an_offer_whose_coupons_were_given_keeps_its_kind_of_code(
    desk: Callable[..., Client],
) -> None:
    now = timezone.now()
    offer = factories.offer(given=3, most_in_total=9)
    given = {
        "campaign": offer.campaign_id,
        "code": offer.code,
        "kind": "percent",
        "value": "5",
        "is_pooled": "on",
        "most_in_total": "2",
        "most_per_customer": "1",
    }
    url = reverse("admin:campaigns_offer_change", args=[offer.pk])
    errors = desk(Role.MARKETER).post(url, given).context["adminform"].errors
    assert set(errors) == {"is_pooled", "most_in_total"}
    assert offer.campaign.ends_at > now
