"""Which days a dashboard shows: what its address says, and nothing it says is a crash."""

from datetime import date

import pytest

from guidance.behaviour.period import Period, Traffic, asked_period

TODAY = date(2026, 11, 23)


def test_the_last_28_live_days_are_shown_unless_asked_otherwise() -> None:
    asked = asked_period({}, TODAY)
    assert asked.errors == []
    assert asked.period == Period(date(2026, 10, 27), TODAY, Traffic.LIVE, preset=28)
    assert asked.period.days == 28


@pytest.mark.parametrize("days", [7, 28, 90])
def test_a_preset_ends_today(days: int) -> None:
    period = asked_period({"days": str(days), "traffic": "replay"}, TODAY).period
    assert (period.days, period.last, period.preset, period.traffic) == (
        days,
        TODAY,
        days,
        Traffic.REPLAY,
    )


def test_days_of_ones_own_are_shown_both_counted() -> None:
    period = asked_period({"start": "2026-02-27", "end": "2026-03-01"}, TODAY).period
    assert (period.days, period.preset) == (3, None)
    assert period.before == Period(date(2026, 2, 24), date(2026, 2, 26))


def test_one_end_alone_is_enough() -> None:
    assert asked_period({"start": "2026-11-20"}, TODAY).period.last == TODAY
    assert asked_period({"end": "2026-11-20"}, TODAY).period.days == 28


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ({"start": "yesterday"}, "From"),
        ({"start": "2026-02-30"}, "From"),
        ({"start": "0001-01-01"}, "From"),
        ({"start": "99999-01-01"}, "From"),
        ({"start": "2026-11-20\x00"}, "From"),
        ({"start": "2026-11-24"}, "From"),
        ({"start": "2026-11-03", "end": "2026-11-02"}, "From"),
        ({"start": "2020-01-01"}, "From"),
        ({"end": "2026/11/20"}, "To"),
        ({"end": "9999-12-31"}, "To"),
        ({"days": "29"}, "Days"),
        ({"days": "-1"}, "Days"),
        ({"traffic": "all"}, "Traffic"),
    ],
)
def test_what_makes_no_sense_is_named_and_the_usual_days_are_shown(
    query: dict[str, str], label: str
) -> None:
    asked = asked_period(query, TODAY)
    assert [str(error).partition(":")[0] for error in asked.errors] == [label]
    assert asked.period.days == 28


def test_a_mistake_in_the_days_keeps_the_traffic_asked_for() -> None:
    assert asked_period({"days": "x", "traffic": "replay"}, TODAY).period.is_replay


def test_an_address_leads_back_to_the_same_period() -> None:
    for query in ({"days": "7"}, {"start": "2026-01-02", "end": "2026-01-05"}):
        for traffic in Traffic:
            period = asked_period({**query, "traffic": traffic}, TODAY).period
            address = dict(part.split("=") for part in period.address()[1:].split("&"))
            assert asked_period(address, TODAY).period == period


def test_changing_the_traffic_keeps_the_days_and_the_other_way_round() -> None:
    period = asked_period({"start": "2026-01-02", "end": "2026-01-05"}, TODAY).period
    assert period.address(traffic=Traffic.REPLAY).endswith("end=2026-01-05&traffic=replay")
    replayed = asked_period({"traffic": "replay"}, TODAY).period
    assert replayed.address(days=7) == "?days=7&traffic=replay"
