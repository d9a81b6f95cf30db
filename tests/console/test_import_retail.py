"""The Online Retail layout: which lines become events, products and customers, and which not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from guidance.behaviour.models import DayRollup, Event, Source
from guidance.catalog.models import Product, ProductAttribute
from guidance.console.importing import tail
from guidance.console.importing.retail_lines import judge
from guidance.console.importing.retail_survey import Survey, family_of
from guidance.core.ids import derived_id
from guidance.core.models import Market
from guidance.customers.models import Customer
from tests.console.conftest import LINE, Importer, rejects_of, write_csv

BOUGHT_AT = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def test_a_line_becomes_a_purchase_with_the_id_of_its_time_and_line(
    lines_importer: Importer,
) -> None:
    lines_importer({})
    event = Event.objects.get()
    assert event.pk == derived_id(BOUGHT_AT, "retail", 1)
    assert (event.kind, event.source) == (Event.Kind.PURCHASE, Source.IMPORT)
    assert (event.customer.ref, event.customer.country) == ("17850", "United Kingdom")
    assert not event.customer.is_anonymous
    assert event.product is not None
    assert (event.product.sku, event.product.family) == ("85123A", "85123")
    assert (event.quantity, event.price, event.currency) == (6, Decimal("2.55"), "GBP")
    assert (event.basket, event.occurred_at, event.original_time) == ("536365", BOUGHT_AT, None)
    assert DayRollup.objects.get().events == 1


def test_times_are_on_the_clock_of_london_in_summer_and_in_winter(
    lines_importer: Importer,
) -> None:
    lines_importer({}, {"InvoiceDate": "2011-07-01 10:00"}, {"InvoiceDate": "2011-10-30 01:30"})
    hours = Event.objects.order_by("occurred_at").values_list("occurred_at", flat=True)
    assert [time.hour for time in hours] == [8, 9, 1]


def test_cancelled_and_negative_lines_are_returns_of_positive_pieces(
    lines_importer: Importer,
) -> None:
    lines_importer({"InvoiceNo": "C536379", "Quantity": "-1"}, {"Quantity": "-24"})
    assert set(Event.objects.values_list("kind", "quantity")) == {("return", 1), ("return", 24)}


def test_a_line_without_customer_is_one_anonymous_visitor_an_invoice(
    lines_importer: Importer,
) -> None:
    nobody = {"CustomerID": ""}
    lines_importer(nobody, nobody, {**nobody, "InvoiceNo": "536366"})
    visitors = Customer.objects.filter(is_anonymous=True).order_by("ref")
    assert [(v.ref, v.events.count()) for v in visitors] == [
        ("invoice-536365", 2),
        ("invoice-536366", 1),
    ]


@pytest.mark.parametrize(
    "code",
    ["POST", "D", "M", "m", "DOT", "S", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", "B",
     "gift_0001_20", "23444"],
)  # fmt: skip
def test_fees_postage_and_vouchers_are_no_products_and_are_counted_by_code(
    lines_importer: Importer, code: str
) -> None:
    report = lines_importer({}, {"StockCode": code})
    assert report.tables["order_lines"].skipped == {f"not_a_product:{code.upper()}": 1}
    assert list(Product.objects.values_list("sku", flat=True)) == ["85123A"]
    assert report.rejects_file is None


@pytest.mark.parametrize(
    ("special", "reason"),
    [
        ({"UnitPrice": "0", "Quantity": "-10", "CustomerID": ""}, "stock_adjustment"),
        ({"UnitPrice": "0.0", "Description": "found", "CustomerID": ""}, "stock_adjustment"),
        ({"UnitPrice": "0"}, "free_of_charge"),
    ],
)
def test_a_line_without_a_price_says_why_it_is_no_event(
    lines_importer: Importer, special: dict[str, str], reason: str
) -> None:
    report = lines_importer(special)
    assert report.tables["order_lines"].skipped == {reason: 1}
    assert not Event.objects.exists()
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("special", "code"),
    [
        ({"InvoiceNo": " "}, "no_invoice"),
        ({"StockCode": ""}, "no_stock_code"),
        ({"Quantity": "six"}, "quantity"),
        ({"Quantity": "1.5"}, "quantity"),
        ({"Quantity": ""}, "quantity"),
        ({"Quantity": "inf"}, "quantity"),
        ({"Quantity": "1" + "0" * 400}, "quantity"),
        ({"Quantity": "0"}, "zero_quantity"),
        ({"InvoiceDate": "01/12/2010 08:26"}, "time"),
        ({"InvoiceDate": ""}, "time"),
        ({"InvoiceDate": "2010-13-01 08:26"}, "time"),
        ({"InvoiceDate": "0001-01-01 00:00"}, "time"),
        ({"InvoiceDate": "2010-12-01T08:26:00+05:00"}, "time"),
        ({"InvoiceDate": "2099-12-01 08:26"}, "future"),
        ({"UnitPrice": "£2"}, "price"),
        ({"UnitPrice": "nan"}, "price"),
        ({"UnitPrice": "1e12"}, "price"),
        ({"UnitPrice": "-1.25"}, "negative_price"),
        ({"UnitPrice": "9000000", "Quantity": "90000"}, "value"),
        ({"CustomerID": "Jane"}, "customer"),
        ({"CustomerID": "-5"}, "customer"),
        ({"Description": "NUL \x00 BYTE"}, "bad_text"),
        ({"StockCode": "85\x01123"}, "bad_text"),
        ({"Country": "United\tKingdom"}, "bad_text"),
        ({"Description": "X" * 301}, "too_long"),
        ({"Country": "X" * 61}, "too_long"),
        ({"StockCode": "X" * 65}, "too_long"),
    ],
)
def test_a_bad_line_goes_with_its_reason_to_the_rejects_file_and_the_good_ones_stay(
    lines_importer: Importer, special: dict[str, str], code: str
) -> None:
    report = lines_importer({}, special, {})
    assert report.tables["order_lines"].rejected == {code: 1}
    assert rejects_of(report) == [(3, code)]
    assert Event.objects.count() == 2
    assert Product.objects.count() == 1


def test_a_customer_number_read_as_a_floating_number_is_the_same_customer(
    lines_importer: Importer,
) -> None:
    lines_importer({}, {"CustomerID": "17850.0"})
    assert Customer.objects.count() == 1


def test_a_title_is_what_most_lines_say_and_never_a_note_of_the_staff(
    lines_importer: Importer,
) -> None:
    lines_importer(
        *[{"Description": "damaged"}] * 3,
        *[{"Description": "Wrongly sold as sets"}] * 3,
        *[{"Description": "?"}] * 3,
        {"Description": "WHITE HEART"},
        {"Description": "WHITE  HEART T-LIGHT"},
        {"Description": "WHITE  HEART T-LIGHT"},
        {"StockCode": "21730", "Description": "OLD NAME"},
        {"StockCode": "21730", "Description": "NEW NAME", "InvoiceDate": "2011-03-01 10:00"},
        {"StockCode": "22139", "Description": "?"},
    )
    titles = dict(Product.objects.values_list("sku", "title"))
    assert titles == {"85123A": "WHITE HEART T-LIGHT", "21730": "NEW NAME", "22139": "22139"}


def test_the_price_is_that_of_the_latest_sale_and_returns_do_not_count(
    lines_importer: Importer,
) -> None:
    lines_importer(
        {"UnitPrice": "3.10", "InvoiceDate": "2011-02-01 10:00"},
        {"UnitPrice": "2.95"},
        {"UnitPrice": "9.99", "InvoiceNo": "C1", "InvoiceDate": "2011-03-01 10:00"},
    )
    assert Product.objects.get().price == Decimal("3.10")


@pytest.mark.parametrize("until", [None, datetime(2011, 2, 15, tzinfo=UTC)])
def test_what_lines_tell_does_not_depend_on_how_they_are_cut_into_frames(
    until: datetime | None,
) -> None:
    special = [
        {"UnitPrice": "1", "InvoiceDate": "2011-01-01", "Description": "OLD", "Country": "Spain"},
        {"UnitPrice": "2", "InvoiceDate": "2011-03-01", "Description": "NEW", "Country": "EIRE"},
        {"UnitPrice": "3", "InvoiceDate": "2011-02-01", "Description": "OLD", "Country": "Italy"},
        {"UnitPrice": "4", "InvoiceDate": "2011-04-01", "Description": "NEW"},
        {"UnitPrice": "5", "InvoiceDate": "2011-05-01", "StockCode": "2", "Country": "USA"},
        {"UnitPrice": "6", "InvoiceDate": "2011-06-01", "StockCode": "2", "Country": "Unspecified"},
    ]
    frame = pd.DataFrame([LINE | line for line in special])
    frame["line"] = frame["number"] = range(1, len(frame) + 1)
    frame["problem"] = None
    whole, cut = Survey(until), Survey(until)
    whole.add(judge(frame, datetime.now(UTC)))
    for place in range(len(frame)):
        cut.add(judge(frame.iloc[[place]], datetime.now(UTC)))
    products = list(cut.products())
    assert products == list(whole.products())
    assert [(p.title, p.price) for p in products] == [
        (LINE["Description"], Decimal(6 if until is None else 5)),
        ("NEW", Decimal(4 if until is None else 3)),
    ]
    assert [c.country for c in cut.customers()] == [c.country for c in whole.customers()] == ["USA"]


def test_nothing_is_invented_for_a_shop_of_order_lines(lines_importer: Importer) -> None:
    lines_importer({})
    product = Product.objects.get()
    assert (product.stock, product.category, product.titles, product.brand) == (None, None, {}, "")
    assert not ProductAttribute.objects.exists()
    market = Market.objects.get()
    assert (market.name, market.currency, market.time_zone, market.is_default) == (
        "United Kingdom",
        "GBP",
        "Europe/London",
        True,
    )


def test_a_market_that_people_chose_stays(lines_importer: Importer) -> None:
    Market.objects.create(key="ours", name="Ours", currency="EUR", is_default=True)
    lines_importer({})
    assert Market.objects.get().key == "ours"


@pytest.mark.parametrize(
    ("sku", "family"), [("85123A", "85123"), ("15056BL", "15056"), ("22139", "22139"), ("DCGS", "")]
)
def test_variants_share_the_digits_of_their_code(sku: str, family: str) -> None:
    assert family_of(sku) == family


def test_one_code_in_small_and_capital_letters_is_one_product(lines_importer: Importer) -> None:
    lines_importer({}, {"StockCode": "85123a"})
    assert Product.objects.get().events.count() == 2


def test_a_customer_has_the_newest_country_that_a_line_tells(lines_importer: Importer) -> None:
    lines_importer(
        {"Country": "EIRE", "InvoiceDate": "2011-02-01 10:00"},
        {"Country": "Unspecified", "InvoiceDate": "2011-03-01 10:00"},
        {},
    )
    assert Customer.objects.get().country == "EIRE"


def _state() -> dict[str, object]:
    return {
        "events": list(Event.objects.order_by("pk").values()),
        "products": list(Product.objects.order_by("pk").values()),
        "customers": list(Customer.objects.order_by("pk").values()),
    }


def test_importing_again_changes_nothing(lines_importer: Importer) -> None:
    special = [{}, {"CustomerID": ""}, {"StockCode": "POST"}, {"Quantity": "x"}]
    lines_importer(*special)
    before = _state()
    report = lines_importer(*special)
    assert _state() == before
    lines = report.tables["order_lines"]
    assert (lines.read, lines.imported, lines.already_there) == (4, 0, 2)
    assert (lines.skipped.total(), lines.rejected.total()) == (1, 1)


def test_importing_again_under_another_shift_or_format_doubles_nothing(
    lines_importer: Importer, importer: Importer, tmp_path: Path
) -> None:
    lines_importer({}, {"CustomerID": ""})
    assert lines_importer({}, {"CustomerID": ""}, shift_weeks=10).events_by_kind["purchase"] == 2
    frame = pd.read_csv(tmp_path / "retail.csv", parse_dates=["InvoiceDate"])
    frame.to_parquet(tmp_path / "retail.parquet")
    report = importer(tmp_path / "retail.parquet")
    assert report.tables["order_lines"].already_there == 2
    assert Event.objects.count() == 2


def test_a_line_that_was_changed_after_its_import_is_rejected_as_a_conflict(
    lines_importer: Importer,
) -> None:
    lines_importer({}, {})
    report = lines_importer({}, {"Quantity": "7"})
    assert rejects_of(report) == [(3, "conflict")]
    assert set(Event.objects.values_list("quantity", flat=True)) == {6}


def test_a_shift_moves_events_by_whole_weeks_and_keeps_their_own_time(
    lines_importer: Importer,
) -> None:
    lines_importer({}, shift_weeks=100)
    event = Event.objects.get()
    assert event.pk == derived_id(BOUGHT_AT, "retail", 1)
    assert event.occurred_at == BOUGHT_AT + timedelta(weeks=100)
    assert event.original_time == BOUGHT_AT


def test_a_shift_into_the_future_is_refused_line_by_line(lines_importer: Importer) -> None:
    report = lines_importer({}, shift_weeks=5_000)
    assert report.tables["order_lines"].rejected == {"future": 1}


def test_until_leaves_the_rest_to_the_tail_and_both_make_the_whole(
    lines_importer: Importer, importer: Importer, tmp_path: Path
) -> None:
    lines = [
        {},
        {"InvoiceDate": "2011-11-24 23:59", "UnitPrice": "3.00"},
        {"InvoiceDate": "2011-11-26 09:00", "CustomerID": "", "InvoiceNo": "7", "UnitPrice": "4"},
        {"InvoiceDate": "2011-11-25 00:00", "StockCode": "22139", "CustomerID": "9"},
        {"InvoiceDate": "2011-11-26 09:00", "StockCode": "POST"},
    ]
    report = lines_importer(*lines, until=date(2011, 11, 25))
    assert report.tables["order_lines"].skipped["held_back"] == 2
    early = set(Event.objects.values_list("pk", flat=True))
    assert Product.objects.get(sku="85123A").price == Decimal("3.00")
    assert Product.objects.filter(sku="22139").exists()

    late = list(tail(tmp_path / "retail.csv", date(2011, 11, 25)))
    assert [(e.sku, e.customer, e.basket, e.quantity, e.price) for e in late] == [
        ("22139", "9", "536365", 6, Decimal("2.55")),
        ("85123A", "invoice-7", "7", 6, Decimal("4.00")),
    ]
    assert late[0].time == datetime(2011, 11, 25, tzinfo=UTC)
    importer(tmp_path / "retail.csv")
    assert set(Event.objects.values_list("pk", flat=True)) == early | {e.id for e in late}


def test_the_first_thousands_of_the_real_lines(
    importer: Importer, shared_data: Path, tmp_path: Path
) -> None:
    real = pd.read_parquet(shared_data / "online_retail.parquet").head(5_000)
    real.to_parquet(tmp_path / "real.parquet")
    report = importer(tmp_path / "real.parquet")
    lines = report.tables["order_lines"]
    assert lines.read == 5_000
    assert lines.rejected.total() == 0
    assert lines.imported == Event.objects.count() == 5_000 - lines.skipped.total()
    assert report.derived["customers"].read == real["CustomerID"].nunique()
    sold = real[(real["UnitPrice"] > 0) & (real["StockCode"] != "POST")]
    assert Product.objects.filter(sku="85123A", title=LINE["Description"]).exists()
    assert Product.objects.count() <= sold["StockCode"].nunique()
    assert importer(tmp_path / "real.parquet").tables["order_lines"].imported == 0


def test_a_file_without_lines_imports_nothing(importer: Importer, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "empty.csv", [LINE])
    path.write_text(path.read_text().splitlines()[0] + "\n")
    report = importer(path)
    assert (report.tables["order_lines"].read, report.derived["products"].read) == (0, 0)
