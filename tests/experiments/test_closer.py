"""An experiment looked at closer: day by day, and by segments."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.experiments.closer import time_page
from guidance.experiments.models import Experiment, Unit
from guidance.experiments.selectors import metrics_of, report
from guidance.experiments.selectors.adjusting import adjusted_in
from guidance.experiments.selectors.segments import MOST_VALUES, Part, parts_of, segments_of
from guidance.experiments.selectors.sums import ARM_NUMBERS, ArmTotal
from guidance.experiments.selectors.unfolding import unfold
from guidance.experiments.services import recount_experiment
from guidance.experiments.statistics import Comparison, NotMeasured
from tests import factories
from tests.experiments.conftest import Visit
from tests.experiments.counted import count_everybody

PAGES = "/admin/experiments/experiment/"
START = timezone.now() - timedelta(days=20)


@pytest.fixture
def traffic(visit: Visit, experiment: Experiment) -> Experiment:
    """Over four days 30 shoppers a day and arm; gold ones click more on the model's, and only
    they: 12 of 15 against 3 of 15. Half of them were known before."""
    Experiment.objects.filter(pk=experiment.pk).update(started_at=START)
    for day in range(4):
        for number in range(30):
            for arm in ("baseline", "model"):
                ref = f"{arm}-{day}-{number}"
                is_gold = number < 15
                clicks = number % 15 < (12 if is_gold and arm == "model" else 3)
                tier, language = "gold" if is_gold else "", "en" if number % 2 else "zh"
                Customer.objects.create(ref=ref, tier=tier, language=language)
                made = visit(
                    ref,
                    arm,
                    at=START + timedelta(days=day, hours=1),
                    seen=1,
                    clicks=int(clicks),
                    buys_after_hours=1 if number % 3 == 0 else None,
                )
                if number % 2:
                    factories.event(
                        customer=made.customer, occurred_at=START - timedelta(days=1), kind="view"
                    )
    count_everybody()
    return Experiment.objects.get(pk=experiment.pk)


def test_the_last_day_says_what_the_report_says(traffic: Experiment) -> None:
    curves = unfold(traffic, metrics_of(traffic))
    told = {one.metric: one.difference for one in report(traffic).comparisons}
    for metric in ("ctr", "conversion"):
        [curve] = curves[metric]
        assert [point.shoppers for point in curve.points] == [60, 120, 180, 240]
        found, same = curve.points[-1].found, told[metric]
        assert isinstance(found, Comparison)
        assert isinstance(same, Comparison)
        assert (found.value, found.low) == pytest.approx((same.value, same.low))
    [curve] = curves["satisfaction"]
    assert all(isinstance(point.found, NotMeasured) for point in curve.points)


def test_days_whose_figures_can_still_change_are_greyed(traffic: Experiment, visit: Visit) -> None:
    before = {key: figure for key, _title, figure in time_page(traffic)["figures"]}
    assert "shapes" not in before["conversion"]["layout"]
    visit("late", "model", at=timezone.now() - timedelta(days=2), seen=1)
    count_everybody()
    figures = {key: figure for key, _title, figure in time_page(traffic)["figures"]}
    [ground] = figures["conversion"]["layout"]["shapes"]
    last = figures["conversion"]["data"][-1]["x"][-1]
    assert (ground["x0"] < last, ground["x1"]) == (True, last)
    assert "shapes" not in figures["ctr"]["layout"]


def test_a_sequential_plans_band_is_the_always_valid_one(traffic: Experiment) -> None:
    widths = {}
    for rule in ("fixed", "sequential"):
        traffic.stop_rule = rule
        [curve] = unfold(traffic, metrics_of(traffic))["ctr"]
        found = curve.points[-1].found
        assert isinstance(found, Comparison)
        widths[rule] = found.high - found.low
    assert widths["sequential"] > widths["fixed"]


def test_segments_find_whom_the_effect_is_in_and_correct_for_all(traffic: Experiment) -> None:
    found = segments_of(traffic, metrics_of(traffic))
    clear = {(one.kind, one.value, one.metric.key) for one in found if one.is_clear}
    assert ("tier", "gold", "ctr") in clear
    assert ("tier", "", "ctr") not in clear
    assert not [one for one in clear if one[2] == "conversion"]
    gold = next(one for one in found if (one.value, one.metric.key) == ("gold", "ctr"))
    assert isinstance(gold.found, Comparison)
    assert gold.found.value == pytest.approx(12 / 15 - 3 / 15)
    assert (gold.control_shoppers, gold.shoppers) == (60, 60)
    assert gold.corrected.family == sum(isinstance(one.found, Comparison) for one in found) == 12
    assert gold.corrected.adjusted == pytest.approx(12 * gold.found.p_value)
    known = next(one for one in found if (one.value, one.metric.key) == ("known", "ctr"))
    assert known.shoppers == 60


def test_differences_are_adjusted_for_who_each_arm_happened_to_meet(
    traffic: Experiment, visit: Visit
) -> None:
    """Gold shoppers alone buy; the model's arm met 60 more of them by chance."""
    Event.objects.filter(kind="purchase").delete()
    for number in range(60):
        Customer.objects.create(ref=f"more-{number}", tier="gold")
        visit(f"more-{number}", "model", at=START + timedelta(days=3), seen=1)
    for number, shopper in enumerate(Customer.objects.filter(tier="gold").order_by("ref")):
        if number % 3:
            at = START + timedelta(days=4)
            factories.event(customer=shopper, kind="purchase", occurred_at=at, price=1)
    count_everybody()
    metrics = metrics_of(traffic)
    parts = parts_of(traffic, metrics)
    found = next(
        one for one in adjusted_in(traffic, metrics, parts) if one.metric.key == "conversion"
    )
    plain = next(one for one in report(traffic).comparisons if one.metric == "conversion")
    adjusted = found.by_kind["tier"]
    assert isinstance(adjusted, Comparison)
    assert isinstance(plain.difference, Comparison)
    assert plain.difference.value > 0.1
    assert abs(adjusted.value) < 0.01
    assert adjusted.standard_error < plain.difference.standard_error
    assert set(found.by_kind) == {"tier", "language", "history"}


def test_what_an_arm_did_is_not_put_right_as_if_chance_had_done_it(traffic: Experiment) -> None:
    """Both arms met the same shoppers; the model's shows its lists to more of the new ones, who
    click less. Weighed by who saw something, the difference would be nothing."""
    ctr = metrics_of(traffic)["ctr"]

    def totals(seers: int, clicks: int) -> ArmTotal:
        counts = dict.fromkeys(ARM_NUMBERS, 0) | {"shoppers": 1_000, "saw": seers}
        return ArmTotal(counts, {ctr.pk: [seers, clicks, seers, clicks, seers, clicks]}, {})

    new = Part("history", "new", {"baseline": totals(100, 10), "model": totals(500, 50)})
    known = Part("history", "known", {"baseline": totals(1_000, 300), "model": totals(1_000, 300)})
    [found] = adjusted_in(traffic, {"ctr": ctr}, [new, known])
    adjusted = found.by_kind["history"]
    assert isinstance(adjusted, Comparison)
    assert adjusted.value == pytest.approx(350 / 1_500 - 310 / 1_100)


def test_segments_are_those_of_the_first_decision_whatever_shoppers_became(
    traffic: Experiment,
) -> None:
    """An arm that makes people gold must not be compared by who became it."""
    before = segments_of(traffic, metrics_of(traffic))
    Customer.objects.filter(ref__startswith="model").update(tier="gold", language="fr")
    count_everybody()
    for _share in recount_experiment(experiment=traffic, again=True):
        pass
    assert segments_of(traffic, metrics_of(traffic)) == before


def test_as_of_a_past_moment_days_and_segments_are_those_of_that_moment(
    traffic: Experiment, visit: Visit
) -> None:
    """Figures counted again from the rows say, to the last digit, what was kept then."""
    metrics = metrics_of(traffic)
    days, segments = unfold(traffic, metrics), segments_of(traffic, metrics)
    then = timezone.now()
    visit("late", "model", at=START + timedelta(days=5), seen=1, clicks=1)
    visit("model-0-0", "baseline", at=START + timedelta(days=2), seen=1)
    for shopper in Customer.objects.filter(ref__startswith="baseline"):
        factories.event(customer=shopper, kind="purchase", occurred_at=START + timedelta(days=4))
    Customer.objects.update(tier="gold", language="fr")
    count_everybody()
    assert unfold(traffic, metrics) != days
    assert segments_of(traffic, metrics) != segments
    again = unfold(traffic, metrics, then)
    assert {
        key: [(curve.arm, curve.points) for curve in curves] for key, curves in again.items()
    } == {key: [(curve.arm, curve.points) for curve in curves] for key, curves in days.items()}
    assert segments_of(traffic, metrics, then) == segments


def test_pages_of_a_past_day_say_so_and_lead_to_each_other(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    day = (START + timedelta(days=30)).date().isoformat()
    today = timezone.localdate().isoformat()
    for page in ("time", "segments"):
        address = f"{PAGES}{traffic.pk}/{page}/"
        answer = client.get(address, {"as_of": today})
        text = answer.content.decode()
        assert "decisions made and events received by then" in text
        for other in ("change", "time", "segments"):
            assert f"{PAGES}{traffic.pk}/{other}/?as_of={answer.context['as_of_day']}" in text
        assert "received by then" not in client.get(address).content.decode()
        for wrong in ("soon", day):
            assert client.get(address, {"as_of": wrong}).headers["Location"] == address


def test_of_many_values_the_largest_are_looked_at(traffic: Experiment) -> None:
    for number, unit in enumerate(Unit.objects.order_by("pk")):
        Unit.objects.filter(pk=unit.pk).update(language=f"l{number % 9}")
    found = segments_of(traffic, metrics_of(traffic))
    assert len({one.value for one in found if one.kind == "language"}) == MOST_VALUES
    parts = [one for one in parts_of(traffic, metrics_of(traffic)) if one.kind == "language"]
    shoppers = [part.totals["model"].counts["shoppers"] for part in parts]
    assert (len(shoppers), sum(shoppers)) == (MOST_VALUES + 1, 120), "the rest is one part more"


def test_the_days_take_the_same_statements_at_any_size(
    traffic: Experiment, django_assert_num_queries: Any
) -> None:
    metrics = metrics_of(traffic)
    with django_assert_num_queries(5):
        unfold(traffic, metrics)
    Unit.objects.filter(experiment=traffic).delete()
    with django_assert_num_queries(5):
        assert len(unfold(traffic, metrics)["ctr"][0].points) == 4


def test_a_shopper_of_two_arms_is_in_no_figure(traffic: Experiment, visit: Visit) -> None:
    visit("model-0-0", "baseline", at=START + timedelta(days=2), seen=1)
    count_everybody()
    assert unfold(traffic, metrics_of(traffic))["ctr"][0].points[-1].shoppers == 239
    sizes = {
        one.value: one.shoppers + one.control_shoppers
        for one in segments_of(traffic, metrics_of(traffic))
        if one.kind == "tier"
    }
    assert sizes == {"gold": 119, "": 120}


def test_the_pages_show_it(traffic: Experiment, desk: Callable[..., Client]) -> None:
    client = desk(Role.ANALYST)
    main = client.get(f"{PAGES}{traffic.pk}/change/").content.decode()
    for page in ("time", "segments"):
        assert f"{PAGES}{traffic.pk}/{page}/" in main
    days = client.get(f"{PAGES}{traffic.pk}/time/")
    assert [key for key, _name, _figure in days.context["figures"]] == ["ctr", "conversion"]
    assert "do not decide on the day" in days.content.decode()
    text = client.get(f"{PAGES}{traffic.pk}/segments/").content.decode()
    assert "Membership tier: gold: CTR of" in text
    assert "for all 12 tests" in text
    assert "adjusted for: Membership tier" in text


@pytest.mark.django_db
def test_without_shoppers_the_pages_say_what_they_need(
    experiment: Experiment, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    text = client.get(f"{PAGES}{experiment.pk}/time/").content.decode()
    assert "Nothing can be compared yet" in text
    text = client.get(f"{PAGES}{experiment.pk}/segments/").content.decode()
    assert "There is nothing to divide yet" in text
