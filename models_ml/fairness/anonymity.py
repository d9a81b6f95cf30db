"""Groups of people too small to be shown without showing somebody in particular."""

from collections.abc import Callable, Mapping


def too_small(
    people: Mapping[str, int], fewest: int, together: Callable[[set[str]], int] | None = None
) -> set[str]:
    """Return the groups that must not be shown alone, given how many people each has.

    k-anonymity (Samarati and Sweeney 1998) with complementary suppression (Cox 1980): the whole
    less what is shown gives away what is withheld, so where the groups below `fewest` hold fewer
    than `fewest` people together, the next smallest is withheld with them, and so on. `together`
    counts the different people in some of the groups; without it nobody is in two. A group without
    any person gives nobody away and hides nobody.
    """
    count = together or (lambda groups: sum(people[group] for group in groups))
    rising = sorted((group for group in people if people[group]), key=lambda g: (people[g], g))
    withheld = [group for group in rising if people[group] < fewest]
    rest = rising[len(withheld) :]
    while withheld and rest and count(set(withheld)) < fewest:
        withheld.append(rest.pop(0))
    return set(withheld)
