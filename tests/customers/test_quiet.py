"""Quiet hours: by the wall clock of the shopper, the strictest where nobody knows which that is."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from guidance.customers.quiet import DAY, NEVER, Window, check_quiet, country_zones, zones_of

NIGHT = Window(time(21), time(9))
WINDOWS = [
    NIGHT,
    Window(time(12, 30), time(14)),
    Window(time(1, 30), time(2, 30)),
    Window(time(0), time(6)),
]
ZONES = [
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
    *("Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Shanghai"),
]
# Around days on which clocks change in some of them.
DAYS = ["2025-03-28", "2025-10-24", "2025-03-08", "2025-11-01", "2025-04-05"]
SHOP = ("Europe/Berlin", "America/New_York")


def _at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def _one(
    moment: int, zone: str = "", country: str = "", window: Window = NIGHT
) -> tuple[bool, int]:
    quiet = check_quiet(
        np.array([moment]), zones=[zone], countries=[country], window=window, shop_zones=SHOP
    )
    return bool(quiet.allowed[0]), int(quiet.next_allowed[0])


def _is_quiet_there(moment: int, zone: str, window: Window) -> bool:
    """The wall clock, read by the standard library alone."""
    clock = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone)).time()
    if window.begins <= window.ends:
        return window.begins <= clock < window.ends
    return clock >= window.begins or clock < window.ends


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS)
def test_every_ten_minutes_agree_with_the_wall_clock_over_changes_of_offset(
    window: Window, zone: str, day: str
) -> None:
    moments = _at(day) + np.arange(0, 4 * DAY, 600)
    told = check_quiet(
        moments,
        zones=[zone] * len(moments),
        countries=[""] * len(moments),
        window=window,
        shop_zones=SHOP,
    )
    expected = [not _is_quiet_there(int(moment), zone, window) for moment in moments]
    assert told.allowed.tolist() == expected
    for moment, allowed, following in zip(moments, told.allowed, told.next_allowed, strict=True):
        if allowed:
            assert following == moment
        else:
            assert not _is_quiet_there(int(following), zone, window)
            assert _is_quiet_there(int(following) - 1, zone, window)


def test_the_morning_after_a_change_comes_an_hour_earlier_in_utc() -> None:
    saturday = _at("2025-03-29 22:00", "Europe/Berlin")
    assert _one(saturday, "Europe/Berlin") == (False, _at("2025-03-30 09:00", "Europe/Berlin"))
    assert _at("2025-03-30 09:00", "Europe/Berlin") - saturday == 10 * 3600


def test_edges_belong_to_the_day() -> None:
    assert _one(_at("2025-06-02 09:00", "Europe/Berlin"), "Europe/Berlin")[0]
    assert _one(_at("2025-06-02 20:59:59", "Europe/Berlin"), "Europe/Berlin")[0]
    assert not _one(_at("2025-06-02 21:00", "Europe/Berlin"), "Europe/Berlin")[0]
    assert not _one(_at("2025-06-02 08:59:59", "Europe/Berlin"), "Europe/Berlin")[0]


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "CEST+2"])
def test_an_unknown_zone_waits_for_every_zone_of_the_shop(zone: str) -> None:
    """Between New York's 9:00 and Berlin's 21:00: 13:00 to 19:00 UTC in summer."""
    assert _one(_at("2025-06-02 12:59:59"), zone) == (False, _at("2025-06-02 13:00"))
    assert _one(_at("2025-06-02 18:59:59"), zone)[0]
    assert _one(_at("2025-06-02 19:00"), zone) == (False, _at("2025-06-03 13:00"))


@pytest.mark.parametrize("country", ["US", "us", "United States", "美国"])
def test_of_a_country_every_zone_counts(country: str) -> None:
    """Between Honolulu's 9:00 and New York's 21:00: 19:00 to 01:00 UTC in summer."""
    assert _one(_at("2025-06-02 18:59"), "", country) == (False, _at("2025-06-02 19:00"))
    assert _one(_at("2025-06-03 00:59"), "", country)[0]
    assert not _one(_at("2025-06-03 01:00"), "", country)[0]


def test_a_country_of_one_zone_is_as_good_as_the_zone() -> None:
    assert _one(_at("2025-06-02 08:00"), "", "DE") == _one(_at("2025-06-02 08:00"), "Europe/Berlin")


def test_where_no_hour_is_day_everywhere_nothing_is_ever_sent() -> None:
    moments = np.array([_at("2025-06-02 12:00"), _at("2025-12-24 12:00")])
    around = ["Pacific/Auckland", "Europe/London", "America/Los_Angeles", "Asia/Tokyo"]
    told = check_quiet(moments, zones=["", ""], countries=["", ""], window=NIGHT, shop_zones=around)
    assert told.allowed.tolist() == [False, False]
    assert told.next_allowed.tolist() == [NEVER, NEVER]


def test_a_shop_that_knows_no_zone_never_sends_in_the_dark() -> None:
    told = check_quiet(
        np.array([0]), zones=["nowhere"], countries=[""], window=NIGHT, shop_zones=[]
    )
    assert (told.allowed[0], told.next_allowed[0]) == (False, NEVER)


def test_without_a_window_everything_is_allowed() -> None:
    assert _one(5, "", "", Window(time(9), time(9))) == (True, 5)


def test_each_customer_is_held_to_their_own_zone() -> None:
    moment = _at("2025-06-02 12:00")
    zones = ["Europe/Berlin", "America/Los_Angeles", "", "Asia/Tokyo", "Europe/Berlin"]
    told = check_quiet(
        np.full(5, moment), zones=zones, countries=[""] * 5, window=NIGHT, shop_zones=SHOP
    )
    assert told.allowed.tolist() == [True, False, False, False, True]
    with pytest.raises(ValueError, match="length"):
        check_quiet(
            np.full(4, moment), zones=zones, countries=[""] * 5, window=NIGHT, shop_zones=SHOP
        )


def test_countries_are_known_with_all_their_zones() -> None:
    zones = country_zones()
    assert len(zones) > 200
    assert {"America/New_York", "Pacific/Honolulu", "America/Anchorage"} <= set(zones["US"])
    assert zones_of("", "UK", ("UTC",)) == ("Europe/London",)
    assert zones_of("", "Atlantis", ("UTC",)) == ("UTC",)
