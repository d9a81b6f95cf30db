"""Categories come with the products that name them."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from django.utils.translation import gettext as _

from guidance.catalog.models import Category
from guidance.catalog.rows import ProductRow
from guidance.core.bulk import insert_rows, update_rows
from guidance.core.rows import Refused

SEPARATOR = " > "
MAX_DEPTH = 8


def steps_of(path: str) -> list[str]:
    """Return every path from the root to `path` itself: 'a > b' gives 'a', 'a > b'."""
    names = [name.strip() for name in path.split(SEPARATOR.strip())]
    return list(accumulate(names, lambda above, name: f"{above}{SEPARATOR}{name}"))


def check_category(row: ProductRow) -> None:
    """Refuse a path with an empty or too deep step, and names that do not match its steps."""
    if not isinstance(row.category, str):
        if row.category_names:
            raise Refused("missing_field", _("category: is needed where category_names is given."))
        return
    depth = len(steps_of(row.category))
    _check_path(row.category, "category")
    for language, names in (row.category_names or {}).items():
        field = f"category_names.{language}"
        _check_path(names, field)
        if len(steps_of(names)) != depth:
            raise Refused(
                "malformed",
                _("%(field)s: must have as many steps as category.") % {"field": field},
            )


def _check_path(path: str, field: str) -> None:
    names = [name.strip() for name in path.split(SEPARATOR.strip())]
    if not all(names):
        raise Refused("malformed", _("%(field)s: has an empty step.") % {"field": field})
    if len(names) > MAX_DEPTH:
        raise Refused(
            "out_of_range",
            _("%(field)s: has more than %(most)d steps.") % {"field": field, "most": MAX_DEPTH},
        )


def ensure_categories(
    rows: Iterable[ProductRow],
) -> tuple[dict[str, Category], list[tuple[Category, dict[str, str]]]]:
    """Return the categories that rows name by path, made where missing, and those renamed.

    The paths are the keys as `steps_of` writes them; a renamed one comes with its old names.
    A constant number of statements.
    """
    names: dict[str, dict[str, str]] = {}
    for row in rows:
        if isinstance(row.category, str):
            _collect(names, row)
    if not names:
        return {}, []
    known = {c.path: c for c in Category.objects.filter(path__in=names)}
    missing = sorted(names.keys() - known.keys())
    if missing:
        insert_rows([Category(path=p, names=names[p]) for p in missing], conflict=["path"])
        known = {c.path: c for c in Category.objects.filter(path__in=names)}
        _connect([known[path] for path in missing], known)
    renamed = [(c, c.names) for p, c in known.items() if names[p].items() - c.names.items()]
    for category, old in renamed:
        category.names = {**old, **names[category.path]}
    update_rows([category for category, _old in renamed], fields=["names"])
    return known, renamed


def _collect(names: dict[str, dict[str, str]], row: ProductRow) -> None:
    steps = steps_of(str(row.category))
    for step in steps:
        names.setdefault(step, {})
    for language, path in (row.category_names or {}).items():
        for step, name in zip(steps, steps_of(path), strict=True):
            names[step][language] = name


def _connect(categories: Sequence[Category], known: dict[str, Category]) -> None:
    below = [c for c in categories if SEPARATOR in c.path]
    for category in below:
        category.parent = known[category.path.rpartition(SEPARATOR)[0]]
    update_rows(below, fields=["parent"])
