"""What a health report says, against traffic whose figures can be counted by hand."""

from datetime import timedelta
from math import log, log2
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.core.models import Market
from guidance.customers.models import Customer
from guidance.decisions.models import DecisionDayRollup
from guidance.recommendations.health import rows
from tests.recommendations.health_traffic import Shop, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


def _row(rows: list[dict[str, Any]], label: str) -> dict[str, Any]:
    return next(row for row in rows if row["label"] == label)


def _all(figures: dict[str, Any]) -> dict[str, Any]:
    return dict(figures["quality"]["all"]["rows"][0])


def test_exposure_is_discounted_by_position_and_set_against_purchases(shop: Shop) -> None:
    # Position 1 has exposure 1, position 3 has .5: Acme 2 / 3, Bolt 1 / 3; only Bolt is bought.
    for n in range(20):
        shop.visit(f"c{n}", shown="p0 nowhere p2", bought="p2" if n < 15 else "p2 p0")
    found = report()["exposure"]["brand"]
    acme, bolt = _row(found, "Acme"), _row(found, "Bolt")
    assert (acme["exposure"], bolt["exposure"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (acme["purchases"], bolt["purchases"]) == (5, 20)
    assert bolt["bought"] == pytest.approx(0.8)
    assert bolt["by_purchases"][0] == pytest.approx((1 / 3) / 0.8)
    assert bolt["by_purchases"][2] < 1
    assert acme["by_purchases"] is None, "five purchases tell nothing"
    assert (bolt["products"], bolt["catalogue"]) == (3, pytest.approx(0.6))


def test_a_list_nobody_saw_has_no_exposure(shop: Shop) -> None:
    shop.visit("ann", shown="p0")
    shop.visit("ann", shown="p2", seen=False)
    figures = report()
    assert figures["needs_seen"] is True
    assert [row["label"] for row in figures["exposure"]["brand"]] == ["Acme"]
    assert figures["evenness"]["shown"] == 1


def test_without_any_impression_lists_served_are_counted_and_it_is_said(shop: Shop) -> None:
    for n in range(20):
        shop.visit(f"c{n}", shown="p0 p2", seen=False, bought="p2")
    figures = report()
    assert figures["needs_seen"] is False
    assert figures["evenness"]["shown"] == 2
    row = _all(figures)
    assert (row["ctr"], row["conversion"]) == (None, None)
    assert row["judged"] == 20
    assert row["hit_rate"][0] == 1.0


def test_coverage_counts_only_what_may_be_recommended(shop: Shop) -> None:
    shop.visit("ann", shown="p0 p1")
    sold_out = shop.products[0]
    sold_out.stock = 0
    sold_out.save()
    found = report()["evenness"]
    assert (found["recommendable"], found["shown"], found["coverage"]) == (4, 1, 0.25)
    assert found["gini"] == pytest.approx(0.75)


def test_quality_counts_clicks_hits_and_ndcg_by_hand(shop: Shop) -> None:
    for n in range(10):
        shop.visit(f"a{n}", shown="p0 p1 p2", clicked="p0", bought="p2")
    for n in range(10):
        shop.visit(f"b{n}", shown="p0 p1 p2", bought="p4")
    for n in range(10):
        shop.visit(f"c{n}", seen=False, clicked="p0")
    row = _all(report())
    assert (row["shoppers"], row["served"], row["seen"], row["clicked"]) == (30, 30, 20, 10)
    assert row["ctr"][0] == 0.5
    assert row["ctr"][1] < 0.5 < row["ctr"][2]
    assert row["conversion"] == [1.0, pytest.approx(0.820, abs=0.001), 1.0]
    assert row["judged"] == 20
    assert row["hit_rate"][0] == 0.5
    assert row["ndcg"][0] == pytest.approx(0.5 / log2(4))


def test_conversion_is_that_of_the_decision_log_s_own_rollups(shop: Shop) -> None:
    # Two lists before one purchase, one of them never seen, one seen only after the purchase.
    shop.visit("ann", bought="", ago=timedelta(hours=32))
    shop.visit("ann", seen=False, bought="p0", ago=timedelta(hours=31))
    late = shop.visit("ann", seen=False, bought="p1", ago=timedelta(hours=30))
    shop.happen(
        late.customer, "impression", "", late.at + timedelta(minutes=9), decision=late.pk
    )  # fmt: skip
    shop.visit("bob", bought="p2", source="replay")
    shop.visit("eve", ago=timedelta(hours=80))
    shop.happen(
        Customer.objects.get(ref="eve"), "purchase", "p0", timezone.now() - timedelta(hours=2)
    )
    figures = report()
    kept = DecisionDayRollup.objects.filter(source="live").aggregate(
        *(Sum(name) for name in ("served", "seen", "clicked", "converted"))
    )
    days = figures["days"]
    assert sum(day["served"] for day in days) == kept["served__sum"] == 4
    assert sum(day["seen"] for day in days) == kept["seen__sum"] == 3
    assert sum(day["judged"] for day in days) == kept["converted__sum"] == 1


def test_groups_of_few_shoppers_are_not_shown(shop: Shop) -> None:
    for n in range(25):
        shop.visit(f"g{n}", facts={"tier": "gold"})
    for n in range(21):
        shop.visit(f"s{n}", facts={"tier": "silver"})
    shop.visit("rare", facts={"tier": "diamond"})
    found = report()["quality"]["tier"]
    assert [row["label"] for row in found["rows"]] == ["gold", "*"]
    assert found["rows"][1]["shoppers"] == 22, "silver hides diamond from subtraction"
    assert "diamond" not in str(found)


def _lists_after(shop: Shop, ref: str, *lines: int) -> None:
    """Get a list after so many order lines in all, and the next one after so many."""
    shopper = Customer.objects.create(ref=ref)
    had, now = 0, timezone.now()
    for n, wanted in enumerate(lines):
        at = now - timedelta(days=20 - 2 * n)
        for line in range(had, wanted):
            shop.happen(shopper, "purchase", "p1", at - timedelta(hours=30, minutes=line))
        shop.visit(ref, ago=now - at)
        had = wanted


def test_a_shopper_in_two_small_groups_is_one_shopper(shop: Shop) -> None:
    for n in range(40):
        shop.visit(f"new {n}")
    for n in range(12):
        _lists_after(shop, f"busy {n}", 2, 7)
    found = report()["quality"]["activity"]
    assert found["withheld"] == 3, "12 shoppers in both groups would be what is left of the whole"
    assert found["rows"] == []


def test_groups_put_together_count_each_shopper_once(shop: Shop) -> None:
    for n in range(40):
        shop.visit(f"new {n}")
    for n in range(12):
        _lists_after(shop, f"both {n}", 2, 7)
    for n in range(5):
        _lists_after(shop, f"some {n}", 2)
        _lists_after(shop, f"many {n}", 7)
    fresh, together = report()["quality"]["activity"]["rows"]
    assert (fresh["label"], fresh["shoppers"], fresh["served"]) == ("0", 40, 40)
    assert (together["label"], together["shoppers"], together["served"]) == ("*", 22, 34)


def test_lists_for_nobody_hide_no_small_group(shop: Shop) -> None:
    for n in range(30):
        shop.visit(f"gold {n}", facts={"tier": "gold"})
        shop.visit("")
    for n in range(3):
        shop.visit(f"plain {n}")
    quality = report()["quality"]
    assert quality["tier"] == {"rows": [], "withheld": 2}
    nobody = _row(quality["visitor"]["rows"], "nobody")
    assert (nobody["shoppers"], nobody["served"]) == (0, 30)
    assert _all({"quality": quality})["shoppers"] == 33


def test_a_rate_is_told_from_those_shoppers_alone_who_have_one(shop: Shop) -> None:
    for n in range(60):
        shop.visit(f"c{n}", bought="p2" if n < 3 else "")
    row = _all(report())
    assert row["judged"] == 3
    assert row["hit_rate"][0] == row["hit_rate"][2] == 1.0
    assert row["hit_rate"][1] < 0.5, "three buyers are few, however many did not buy"
    assert row["ndcg"][0] == pytest.approx(1 / log2(3)), "all alike is a value as well"
    assert row["ndcg"][1] < row["ndcg"][0] < row["ndcg"][2] <= 1.0


def test_new_and_known_shoppers_are_told_apart_at_the_decision(shop: Shop) -> None:
    for n in range(20):
        known = Customer.objects.create(ref=f"k{n}")
        shop.happen(known, "view", "p0", timezone.now() - timedelta(days=40))
        shop.visit(f"k{n}", clicked="p0")
        shop.visit(f"n{n}")
    found = report()["quality"]["familiarity"]["rows"]
    assert _row(found, "known")["ctr"][0] == 1.0
    assert _row(found, "new")["ctr"][0] == 0.0


def test_a_market_is_told_by_time_zone_or_language_and_never_guessed(shop: Shop) -> None:
    for key, zone, language in (
        ("uk", "Europe/London", "en"),
        ("us", "America/New_York", "en"),
        ("cn", "Asia/Shanghai", "zh-hans"),
    ):
        Market.objects.create(key=key, name=key, time_zone=zone, language=language)
    for n in range(20):
        shop.visit(f"u{n}", facts={"time_zone": "America/New_York", "language": "en"})
        shop.visit(f"c{n}", facts={"language": "zh-hans"})
        shop.visit(f"x{n}", facts={"language": "en"})
    found = report()["quality"]["market"]["rows"]
    assert {row["label"]: row["shoppers"] for row in found} == {"us": 20, "cn": 20, "": 20}


def test_lists_more_popular_than_their_shoppers_tastes_have_a_lift(shop: Shop) -> None:
    long_ago = timezone.now() - timedelta(days=60)
    crowd = [Customer.objects.create(ref=f"crowd {n}") for n in range(40)]
    for place, product in enumerate(shop.products):
        for shopper in crowd[: 40 - 9 * place]:
            shop.happen(shopper, "view", product.sku, long_ago)
    for n in range(24):
        shop.visit(f"crowd {n % 4}", shown="p0", ago=timedelta(hours=30 + n))
    for shopper in crowd[4:]:
        for product in shop.products:
            shop.happen(shopper, "view", product.sku, long_ago)
        shop.visit(shopper.ref, shown="p0")
    found = report()["popularity"][0]
    assert found["shoppers"] == 40
    assert found["shown"] == pytest.approx(1.0), "everybody looked at p0"
    assert found["lift"] is None or found["lift"][0] > 0


def test_calibration_compares_lists_with_the_shoppers_own_categories(shop: Shop) -> None:
    long_ago = timezone.now() - timedelta(days=60)
    shop.products += [
        type(shop.products[0]).objects.create(
            sku=f"p{n}", title=f"P{n}", category=shop.products[0].category
        )
        for n in (5, 6)
    ]
    for n in range(20):
        shopper = Customer.objects.create(ref=f"c{n}")
        for sku in ("p0", "p1", "p5", "p2", "p3"):
            shop.happen(shopper, "view", sku, long_ago)
        shop.visit(f"c{n}", shown="p0")
    found = report()["calibration"]
    assert found["shoppers"] == 20
    tea, ware = found["categories"]
    assert (tea["label"], tea["own"], tea["shown"]) == ("Tea", pytest.approx(0.6), 1.0)
    assert (ware["own"], ware["shown"]) == (pytest.approx(0.4), 0.0)
    assert found["everybody"] == pytest.approx(_stecks_divergence())


def _stecks_divergence() -> float:
    return 0.6 * log(0.6 / (0.99 + 0.006)) + 0.4 * log(0.4 / 0.004)


def test_scores_are_set_against_clicks_by_band(shop: Shop) -> None:
    for n in range(60):
        shop.visit(f"c{n % 20}", shown="p0 p1 p2 p3", clicked="p0", ago=timedelta(hours=30 + n))
    (found,) = report()["scores"]
    assert (found["policy"], found["items"]) == ("popularity", 240)
    assert found["bands"][-1]["clicked"] == found["bands"][-1]["items"] == 60
    assert sum(band["clicked"] for band in found["bands"][:-1]) == 0


def test_scores_of_what_is_no_product_are_left_out_and_a_click_on_the_list_is_none_on_them(
    shop: Shop,
) -> None:
    for n in range(70):
        shown = shop.visit(f"c{n % 20}", shown="p0 banner p1 p2", ago=timedelta(hours=30 + n))
        shop.happen(shown.customer, "click", "", shown.at + timedelta(minutes=2), decision=shown.pk)
    (found,) = report()["scores"]
    assert found["items"] == 210
    assert sum(band["items"] for band in found["bands"]) == 210
    assert sum(band["clicked"] for band in found["bands"]) == 0


def test_a_purchase_of_what_is_no_product_is_no_hit_of_a_banner(shop: Shop) -> None:
    for n in range(20):
        shown = shop.visit(f"c{n}", shown="p0 banner")
        shop.happen(shown.customer, "purchase", "", shown.at + timedelta(minutes=3))
    row = _all(report())
    assert (row["judged"], row["conversion"][0]) == (20, 1.0)
    assert (row["hit_rate"][0], row["ndcg"][0]) == (0.0, 0.0)


def test_ndcg_is_that_of_the_whole_list_however_long(shop: Shop) -> None:
    for n in range(20):
        shop.visit(f"c{n}", shown="p0 p1 " + "x " * 10 + "p2", bought="p0 p2")
    by_hand = (1 + 1 / log2(14)) / (1 + 1 / log2(3))
    assert _all(report())["ndcg"][0] == pytest.approx(by_hand)


def test_a_drop_in_the_last_days_is_told_with_its_interval(shop: Shop) -> None:
    for n in range(40):
        shop.visit(f"c{n}", clicked="p0" if n % 2 else "", ago=timedelta(days=15))
        shop.visit(f"c{n}", clicked="", ago=timedelta(days=2))
    found = report()["changes"]["home"]["ctr"]
    assert (found["before"], found["now"]) == (0.5, 0.0)
    assert found["change"][0] == -1.0
    assert found["change"][2] < 0


def test_answers_that_moved_have_a_high_index_and_the_others_none(shop: Shop) -> None:
    for n in range(100):
        shop.visit(f"c{n}", facts={"language": "en"}, ago=timedelta(days=15))
        policy = "model" if n % 2 else "popularity"
        shop.visit(f"c{n}", policy=policy, ago=timedelta(days=2))
    policy, *others = report()["answered"]
    assert (policy["input"], policy["certain"]) == ("policy", True)
    assert policy["index"] > 0.5
    assert {policy["before"], policy["now"]} in ({0.0, 0.5}, {1.0, 0.5})
    assert {row["input"] for row in others} == {"language", "history", "scores"}
    assert all(row["index"] < 0.01 for row in others)


def test_surface_version_and_traffic_narrow_every_figure(shop: Shop) -> None:
    shop.visit("ann", shown="p0")
    shop.visit("ann", shown="p2", surface="cart", policy_version="recommender 3")
    shop.visit("bob", shown="p3", source="replay")
    assert [r["label"] for r in report(surface="cart")["exposure"]["brand"]] == ["Bolt"]
    assert sum(d["served"] for d in report(version="recommender 3")["days"]) == 1
    assert sum(d["served"] for d in report(source="replay")["days"]) == 1
    assert sum(d["served"] for d in report()["days"]) == 2


def test_a_report_of_an_empty_shop_and_of_broken_rows_is_no_error(shop: Shop) -> None:
    empty = report()
    assert empty["days"] == []
    assert empty["evenness"]["coverage"] == 0.0
    decision = shop.visit("", shown="")
    decision.items = [{"sku": "gone"}, {"position": None, "score": None}, {}]
    decision.save()
    shop.visit("ann", clicked="p4")
    assert sum(day["served"] for day in report()["days"]) == 2


def test_the_number_of_statements_grows_with_lists_of_shoppers_not_with_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            report()
        return len(captured)

    shop.visit("c0")
    report()
    at_one = statements()
    for n in range(1, 30):
        shop.visit(f"c{n}", ago=timedelta(hours=30, minutes=n))
    report()
    at_thirty = statements()
    assert at_thirty <= at_one
    monkeypatch.setattr(rows, "SHOPPERS_AT_ONCE", 15)
    two_lists = statements()
    monkeypatch.setattr(rows, "SHOPPERS_AT_ONCE", 10)
    assert statements() - two_lists == two_lists - at_thirty, "each list costs the same"
