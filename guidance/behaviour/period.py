"""Which days and which traffic a page shows, as its address says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Source
from guidance.behaviour.selectors import LIVE_SOURCES

PRESETS = (7, 28, 90)
DEFAULT_DAYS = 28
# Three years: what a day's figure can still show as more than a line of noise.
LONGEST_DAYS = 1096
EARLIEST = date(2000, 1, 1)


class Traffic(TextChoices):
    LIVE = "live", _("live")
    REPLAY = "replay", _("replay")


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both counted, of one kind of traffic."""

    first: date
    last: date
    traffic: Traffic = Traffic.LIVE
    preset: int | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.days)]

    @property
    def before(self) -> "Period":
        """The period of the same length that ended the day before this one began."""
        end = self.first - timedelta(days=1)
        return Period(end - timedelta(days=self.days - 1), end, self.traffic)

    @property
    def is_replay(self) -> bool:
        return self.traffic is Traffic.REPLAY

    @property
    def event_sources(self) -> list[str]:
        """Imported history is the shop's own traffic; replayed traffic is apart from all other."""
        return [Source.REPLAY] if self.is_replay else list(LIVE_SOURCES)

    @property
    def decision_source(self) -> str:
        return Source.REPLAY if self.is_replay else Source.LIVE

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def address(self, *, days: int | None = None, traffic: Traffic | None = None) -> str:
        """Return the query string of this period, or of another preset or traffic."""
        query: dict[str, str] = {}
        if preset := days or self.preset:
            query["days"] = str(preset)
        else:
            query |= {"start": self.first.isoformat(), "end": self.last.isoformat()}
        if (traffic or self.traffic) is not Traffic.LIVE:
            query["traffic"] = traffic or self.traffic
        return f"?{urlencode(query)}"


def recent(days: int, today: date, traffic: Traffic = Traffic.LIVE) -> Period:
    """Return the last `days` days, today counted."""
    return Period(today - timedelta(days=days - 1), today, traffic, preset=days)


@dataclass(frozen=True)
class Asked:
    """The period to show, and what was wrong with the one asked for."""

    period: Period
    errors: list[str | Promise] = field(default_factory=list)


def asked_period(query: Mapping[str, str], today: date) -> Asked:
    """Read `days` or `start` and `end`, and `traffic`; the default period where they make no sense.

    Nothing a person writes into the address raises: each mistake is a message that names its field.
    """
    form = PeriodForm(query, today=today)
    if not form.is_valid():
        traffic = Traffic(form.cleaned_data.get("traffic") or Traffic.LIVE)
        return Asked(recent(DEFAULT_DAYS, today, traffic), form.sentences())
    return Asked(form.period())


class PeriodForm(forms.Form):
    """The days and the traffic in an address."""

    days = forms.TypedChoiceField(
        label=_("Days"), choices=[(n, n) for n in PRESETS], coerce=int, required=False
    )
    start = forms.DateField(label=_("From"), input_formats=["%Y-%m-%d"], required=False)
    end = forms.DateField(label=_("To"), input_formats=["%Y-%m-%d"], required=False)
    traffic = forms.ChoiceField(label=_("Traffic"), choices=Traffic.choices, required=False)

    def __init__(self, query: Mapping[str, str], *, today: date) -> None:
        super().__init__(query)
        self.today = today

    def clean_start(self) -> date | None:
        return self._possible(self.cleaned_data["start"])

    def clean_end(self) -> date | None:
        return self._possible(self.cleaned_data["end"])

    def clean(self) -> None:
        if self.errors:
            return
        first, last = self._bounds()
        if first > last:
            self.add_error("start", _("The first day is after the last."))
        elif (last - first).days >= LONGEST_DAYS:
            message = _("Choose at most %(days)d days.") % {"days": LONGEST_DAYS}
            self.add_error("start", message)

    def period(self) -> Period:
        traffic = Traffic(self.cleaned_data["traffic"] or Traffic.LIVE)
        if self._is_custom():
            return Period(*self._bounds(), traffic)
        return recent(self.cleaned_data["days"] or DEFAULT_DAYS, self.today, traffic)

    def sentences(self) -> list[str | Promise]:
        """Return each mistake with the label of its field."""
        return [
            f"{self.fields[name].label}: {problem}"
            for name, problems in self.errors.items()
            for problem in problems
        ]

    def _possible(self, day: date | None) -> date | None:
        if day and not EARLIEST <= day <= self.today:
            raise ValidationError(
                _("%(day)s is not between %(earliest)s and today."),
                params={"day": day.isoformat(), "earliest": EARLIEST.isoformat()},
            )
        return day

    def _is_custom(self) -> bool:
        return bool(self.cleaned_data["start"] or self.cleaned_data["end"])

    def _bounds(self) -> tuple[date, date]:
        last = self.cleaned_data["end"] or self.today
        return self.cleaned_data["start"] or last - timedelta(days=DEFAULT_DAYS - 1), last
