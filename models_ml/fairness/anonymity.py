"""Groups of people too small to be shown without showing somebody in particular."""

from collections.abc import Mapping


def too_small(shoppers: Mapping[str, int], fewest: int) -> set[str]:
    """Return the groups that must not be shown alone, given how many shoppers each has.

    k-anonymity (Samarati and Sweeney 1998) with what guards it against subtraction: where the
    groups below `fewest` have fewer than `fewest` shoppers together, the next smallest is
    withheld with them, or the whole less what is shown would give them away.
    """
    rising = sorted(shoppers, key=lambda group: (shoppers[group], group))
    withheld = [group for group in rising if shoppers[group] < fewest]
    rest = rising[len(withheld) :]
    while withheld and rest and sum(shoppers[group] for group in withheld) < fewest:
        withheld.append(rest.pop(0))
    return set(withheld)
