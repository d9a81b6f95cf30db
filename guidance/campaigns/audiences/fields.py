"""What an audience's rules can ask of a shopper: every field, its operators and its values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.analysis.segments import SEGMENTS
from guidance.behaviour.models import Event

Text = str | Promise
Choice = tuple[str, Text]

MOST_DAYS = 3_650
MOST_TIMES = 1_000
MOST_VALUES = 200
LONGEST_TEXT = 300
LARGEST_AMOUNT = 10_000_000
USUAL_DAYS = 30
# RFM scores compare shoppers over a year unless the rule says otherwise.
USUAL_RFM_DAYS = 365


class Operator(StrEnum):
    """How a field is compared."""

    IN = "in"
    NOT_IN = "not_in"
    IS = "is"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    DID = "did"
    DID_NOT = "did_not"


class Kind(StrEnum):
    """What a part of a value is."""

    TEXTS = "texts"
    TEXT = "text"
    CHOICE = "choice"
    WHOLE = "whole"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True)
class Part:
    """One input of a value. `choices` are those that never change; `offered` names what the shop
    has to choose from. Numbers lie between `least` and `most`; an optional part may be left out."""

    kind: Kind
    label: Text = ""
    choices: Callable[[], list[Choice]] | None = None
    offered: str = ""
    least: float = 0
    most: float = 0
    usual: object = None
    is_optional: bool = False


@dataclass(frozen=True)
class Field:
    """A field of the language. A plain field's value is its one part; another's is an object."""

    name: str
    label: Text
    group: Text
    operators: Mapping[Operator, Text]
    parts: Mapping[str, Part]
    hint: Text = field(default="")

    @property
    def is_plain(self) -> bool:
        return list(self.parts) == [PLAIN]


PLAIN = ""
_PROFILE = _("Profile")
_BEHAVIOUR = _("Behaviour")
_PREDICTED = _("Predicted")
_OTHERS = _("Other audiences")
_WITHIN_DAYS = _("within days")
_AMONG = {Operator.IN: _("is one of"), Operator.NOT_IN: _("is none of")}
_SINCE = {Operator.AT_LEAST: _("at least"), Operator.AT_MOST: _("at most")}


def _profile(name: str, label: Text) -> Field:
    return Field(name, label, _PROFILE, _AMONG, {PLAIN: Part(Kind.TEXTS, offered=name)})


def _days(label: Text = _WITHIN_DAYS, usual: int = USUAL_DAYS) -> Part:
    return Part(Kind.WHOLE, label, least=1, most=MOST_DAYS, usual=usual)


def _score(name: str, label: Text, least: float) -> Field:
    part = Part(Kind.NUMBER, least=least, most=1)
    hint = _("Shoppers without a prediction are on neither side.")
    return Field(name, label, _PREDICTED, _SINCE, {PLAIN: part}, hint)


def _ago(name: str, label: Text, group: Text, hint: Text) -> Field:
    part = Part(Kind.WHOLE, _("days ago"), least=0, most=MOST_DAYS, usual=USUAL_DAYS)
    return Field(name, label, group, _SINCE, {PLAIN: part}, hint)


_ALL = (
    _profile("country", _("country")),
    _profile("language", _("language")),
    _profile("time_zone", _("time zone")),
    _profile("tier", _("membership tier")),
    _ago(
        "joined", _("joined"), _PROFILE, _("Shoppers whose day is not known are on neither side.")
    ),
    Field(
        "anonymous",
        _("anonymous"),
        _PROFILE,
        {Operator.IS: _("is")},
        {PLAIN: Part(Kind.FLAG, usual=False)},
    ),
    Field(
        "rfm",
        _("segment of shoppers (RFM)"),
        _BEHAVIOUR,
        _AMONG,
        {
            "segments": Part(Kind.TEXTS, choices=lambda: [(one.key, one.name) for one in SEGMENTS]),
            "days": _days(_("by purchases within days"), USUAL_RFM_DAYS),
        },
        _("Who bought nothing in these days is in no segment."),
    ),
    Field(
        "event",
        _("event"),
        _BEHAVIOUR,
        {Operator.DID: _("happened"), Operator.DID_NOT: _("did not happen")},
        {
            "kind": Part(Kind.CHOICE, _("what"), choices=lambda: list(Event.Kind.choices)),
            "times": Part(Kind.WHOLE, _("at least times"), least=1, most=MOST_TIMES, usual=1),
            "days": _days(),
            "product": Part(Kind.TEXT, _("of the product (SKU)"), is_optional=True),
            "category": Part(
                Kind.CHOICE, _("of the category"), offered="category", is_optional=True
            ),
        },
        _("Purchases are counted by order."),
    ),
    Field(
        "cart_left",
        _("cart left without a purchase"),
        _BEHAVIOUR,
        {Operator.DID: _("happened"), Operator.DID_NOT: _("did not happen")},
        {"days": _days(usual=7)},
    ),
    _ago("last_seen", _("last seen"), _BEHAVIOUR, _("Never seen counts as long ago.")),
    Field(
        "spent",
        _("spent, returns taken off"),
        _BEHAVIOUR,
        {Operator.AT_LEAST: _("at least"), Operator.LESS_THAN: _("less than")},
        {
            "amount": Part(Kind.NUMBER, _("amount"), least=0.01, most=LARGEST_AMOUNT),
            "currency": Part(Kind.CHOICE, _("currency"), offered="currency"),
            "days": _days(),
        },
    ),
    _score("propensity", _("predicted propensity"), 0),
    _score("uplift", _("predicted uplift"), -1),
    Field(
        "learned",
        _("learned segment"),
        _PREDICTED,
        _AMONG,
        {PLAIN: Part(Kind.TEXTS, offered="learned")},
        _("Segments are found anew by each version; who came since is in none."),
    ),
    Field(
        "audience",
        _("another audience"),
        _OTHERS,
        {Operator.IN: _("is in one of"), Operator.NOT_IN: _("is in none of")},
        {PLAIN: Part(Kind.TEXTS, offered="audience")},
    ),
)
FIELDS: Mapping[str, Field] = {one.name: one for one in _ALL}
