"""One text in two languages: the numbers and facts that only one of them tells."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models_ml.writer.quantities import Quantity, agree, find_quantities


@dataclass(frozen=True)
class Differences:
    """Numbers, as they are written, and keys of facts that stand on one side alone."""

    numbers_here: tuple[str, ...]
    numbers_there: tuple[str, ...]
    facts_here: tuple[str, ...]
    facts_there: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.numbers_here, self.numbers_there, self.facts_here, self.facts_there))


def differences(
    here: str, there: str, *, facts_here: Collection[str], facts_there: Collection[str]
) -> Differences:
    """Compare two texts about one product, each with the facts that it tells.

    2.5 kg and 五斤 are one number.
    """
    said, known = find_quantities(here), find_quantities(there)
    return Differences(
        numbers_here=_without_match(said, known),
        numbers_there=_without_match(known, said),
        facts_here=tuple(key for key in facts_here if key not in facts_there),
        facts_there=tuple(key for key in facts_there if key not in facts_here),
    )


def _without_match(said: Sequence[Quantity], known: Sequence[Quantity]) -> tuple[str, ...]:
    alone = [
        one.text for one in said if not any(agree(one, two) or agree(two, one) for two in known)
    ]
    return tuple(dict.fromkeys(alone))
