"""An audience's rules read back in words, in the reader's language."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from guidance.campaigns.audiences.fields import PLAIN, Operator
from guidance.campaigns.audiences.language import All, AnyOf, Condition, Node, Not
from guidance.core.numbers import rounded

# Names of audiences by key, and of categories by path, where a reader knows them by another.
Names = Mapping[str, Mapping[str, str]]
MOST_NAMED = 8


def in_words(node: Node, names: Names | None = None) -> str:
    """Return one sentence for a whole tree."""
    if isinstance(node, All) and not node.parts:
        return _("Every shopper.")
    return _("Shoppers: %(rules)s.") % {"rules": _told(node, names or {}, is_outermost=True)}


def _told(node: Node, names: Names, *, is_outermost: bool = False) -> str:
    if isinstance(node, Condition):
        return _condition(node, names)
    if isinstance(node, Not):
        return _("not (%(rules)s)") % {"rules": _told(node.part, names, is_outermost=True)}
    word = _(" or ") if isinstance(node, AnyOf) else _(" and ")
    told = word.join(_told(part, names) for part in node.parts)
    return told if is_outermost or len(node.parts) == 1 else f"({told})"


def _condition(one: Condition, names: Names) -> str:
    told = _SPECIAL.get(one.field.name, _plain)(one, names)
    return " ".join(told.split())


def _plain(one: Condition, names: Names) -> str:
    known = names.get(one.field.name, {})
    return _("%(field)s %(operator)s %(values)s") % {
        "field": one.field.label,
        "operator": one.field.operators[one.operator],
        "values": _listed([known.get(value, value) for value in one.value[PLAIN]]),
    }


def _listed(values: list[str]) -> str:
    shown = [f"“{value}”" if value else _("unknown") for value in values[:MOST_NAMED]]
    if (rest := len(values) - MOST_NAMED) > 0:
        shown.append(_("%(number)d more") % {"number": rest})
    return _(", ").join(shown)


def _anonymous(one: Condition, names: Names) -> str:
    return _("is anonymous") if one.value[PLAIN] else _("is not anonymous")


def _joined(one: Condition, names: Names) -> str:
    if one.operator is Operator.AT_LEAST:
        return _("joined %(days)d days ago or earlier") % {"days": one.value[PLAIN]}
    return _("joined within the last %(days)d days") % {"days": one.value[PLAIN]}


def _last_seen(one: Condition, names: Names) -> str:
    if one.operator is Operator.AT_LEAST:
        return _("not seen for %(days)d days") % {"days": one.value[PLAIN]}
    return _("seen within the last %(days)d days") % {"days": one.value[PLAIN]}


def _rfm(one: Condition, names: Names) -> str:
    choices = dict(one.field.parts["segments"].choices())  # type: ignore[misc]  # it has choices
    return _("segment of shoppers %(operator)s %(values)s, by purchases of %(days)d days") % {
        "operator": one.field.operators[one.operator],
        "values": _listed([str(choices[key]) for key in one.value["segments"]]),
        "days": one.value["days"],
    }


def _event(one: Condition, names: Names) -> str:
    kinds = dict(one.field.parts["kind"].choices())  # type: ignore[misc]  # it has choices
    what = f"“{kinds[one.value['kind']]}”"
    if sku := one.value.get("product"):
        what = _("%(what)s of the product %(sku)s") % {"what": what, "sku": sku}
    if path := one.value.get("category"):
        name = names.get("category", {}).get(path, path)
        what = _("%(what)s in “%(category)s”") % {"what": what, "category": name}
    told = {"what": what, "times": one.value["times"], "days": one.value["days"]}
    if one.operator is Operator.DID:
        if one.value["times"] == 1:
            return _("%(what)s within %(days)d days") % told
        return _("%(what)s at least %(times)d times within %(days)d days") % told
    if one.value["times"] == 1:
        return _("no %(what)s within %(days)d days") % told
    return _("%(what)s less than %(times)d times within %(days)d days") % told


def _cart_left(one: Condition, names: Names) -> str:
    told = {"days": one.value["days"]}
    if one.operator is Operator.DID:
        return _("left a cart within %(days)d days and bought nothing since") % told
    return _("left no cart within %(days)d days, or bought since") % told


def _spent(one: Condition, names: Names) -> str:
    told = {
        "amount": rounded(float(one.value["amount"]), 2),
        "currency": one.value["currency"],
        "days": one.value["days"],
    }
    if one.operator is Operator.AT_LEAST:
        return _("spent at least %(amount)s %(currency)s within %(days)d days") % told
    return _("spent less than %(amount)s %(currency)s within %(days)d days") % told


def _score(one: Condition, names: Names) -> str:
    return _("%(field)s %(operator)s %(value)s") % {
        "field": one.field.label,
        "operator": one.field.operators[one.operator],
        "value": one.value[PLAIN],
    }


_SPECIAL = {
    "anonymous": _anonymous,
    "joined": _joined,
    "last_seen": _last_seen,
    "rfm": _rfm,
    "event": _event,
    "cart_left": _cart_left,
    "spent": _spent,
    "propensity": _score,
    "uplift": _score,
}
