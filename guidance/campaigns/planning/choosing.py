"""Which wording each shopper gets, how probable it was, and why.

Pure: columns in, columns out, and the same out again for the same in. Nobody's place on any scale
depends on anybody else, so that a plan worked out anew gives everybody the same words.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from guidance.campaigns.models import CampaignStep, Why
from guidance.campaigns.planning.buckets import buckets_of
from guidance.campaigns.planning.shoppers import Bools, Floats, Ints, Words
from guidance.experiments.assignment import bucket_of, bucket_ranges, in_namespace
from models_ml.policy.base import Policy

Kind = CampaignStep.Choosing
NOTHING = -1
HASH_OF_COLUMNS = 2
ALWAYS, CHANNEL = "always", "channel:"


@dataclass(frozen=True)
class Wording:
    """One message of the step that is planned."""

    id: int
    channel: str
    language: str
    weight: int
    variant: str = "a"


@dataclass(frozen=True)
class Split:
    """How an experiment shares shoppers out; `arms` are (key, variant, share), the control's
    variant is `control`."""

    arms: Sequence[tuple[str, str, float]]
    control: str
    salt: str
    hash_version: int
    coverage: float
    namespace: tuple[str, float, float]
    targeting: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """How the wording of a step is chosen.

    `key` is what decisions call the experiment or the bandit, '' for none. `only` is the variant
    that everybody gets, `split` an experiment's, `policy` a bandit's with the `features` of its
    contexts.
    """

    kind: Kind = Kind.SHARES
    key: str = ""
    only: str = ""
    split: Split | None = None
    policy: Policy | None = None
    features: Sequence[str] = ()

    @property
    def arms(self) -> Sequence[str]:
        """The names of the arms, in the order of the numbers in `Picked.arm`."""
        if self.split is not None:
            return [key for key, _variant, _share in self.split.arms]
        return () if self.policy is None else self.policy.arms


@dataclass
class Picked:
    """Columns: message (`NOTHING`: none), its probability, the arm's place, why, and of whom."""

    message: Ints
    propensity: Floats
    arm: Ints
    why: Ints
    context: Ints

    @classmethod
    def nothing(cls, count: int) -> Self:
        none = np.full(count, NOTHING, dtype=np.int64)
        zero = np.zeros(count, dtype=np.int64)
        return cls(none, np.ones(count), none.copy(), zero, zero.copy())

    def take(self, where: Bools, other: "Picked") -> None:
        """Take over another's columns for some."""
        for one in fields(self):
            mine = getattr(self, one.name)
            mine[where] = getattr(other, one.name)[where]

    def put(self, where: Bools, other: "Picked") -> None:
        """Write the columns of some, which are as many."""
        for one in fields(self):
            getattr(self, one.name)[where] = getattr(other, one.name)


@dataclass(frozen=True)
class People:
    """Who is chosen for: pseudonyms, arms of the experiment and features, a bit each."""

    refs: Words
    arms: Ints
    contexts: Ints

    def some(self, where: Bools) -> "People":
        return replace(self, **{one.name: getattr(self, one.name)[where] for one in fields(self)})


def pick(fitting: Sequence[Wording], people: People, choice: Choice, *, seed: str) -> Picked:
    """Return what each of these people gets of the wordings that fit a channel and language.

    Where there is one, everybody gets it and is in no arm: there is nothing to compare.
    """
    if len(fitting) == 1 or choice.kind == Kind.ONE:
        return _same_for_all(fitting, people, choice)
    if choice.split is not None:
        return _by_arms(fitting, people, choice.split)
    if choice.policy is not None:
        return _drawn(fitting, people, choice)
    if choice.kind == Kind.EXPERIMENT:
        return _same_for_all(fitting, people, choice)
    return _by_weight(fitting, people, seed)


def _same_for_all(fitting: Sequence[Wording], people: People, choice: Choice) -> Picked:
    """Everybody gets the wording that is named, else the first."""
    picked = Picked.nothing(len(people.refs))
    named = [one for one in fitting if one.variant == choice.only]
    picked.message[:] = (named or fitting)[0].id
    if len(fitting) > 1:
        picked.why[:] = Why.FIXED if choice.kind == Kind.ONE else Why.OUTSIDE
    return picked


def _by_weight(fitting: Sequence[Wording], people: People, seed: str) -> Picked:
    picked = Picked.nothing(len(people.refs))
    shares = np.asarray([one.weight for one in fitting], dtype=np.float64)
    shares /= shares.sum()
    place = _places(np.cumsum(shares), buckets_of(seed=seed, units=list(people.refs)))
    picked.message[:] = np.asarray([one.id for one in fitting])[place]
    picked.propensity[:] = shares[place]
    picked.why[:] = Why.SHARE
    return picked


def _by_arms(fitting: Sequence[Wording], people: People, split: Split) -> Picked:
    """Who is in an arm gets its wording; where it cannot be sent, and outside, the control's does.

    The probability is that of the words, not of the arm: several arms may show the same.
    """
    by_variant = {one.variant: one for one in fitting}
    control = by_variant.get(split.control, fitting[0])
    shown = [by_variant.get(variant, control) for _key, variant, _share in split.arms]
    chances = [
        sum(share for (_k, _v, share), other in zip(split.arms, shown, strict=True) if other is one)
        for one in shown
    ]
    reasons = [
        Why.ARM if variant in by_variant else Why.STOOD_IN for _key, variant, _share in split.arms
    ]
    # The last place, which `NOTHING` points to, is that of those who take no part.
    picked = Picked.nothing(len(people.refs))
    picked.arm[:] = people.arms
    picked.message[:] = np.asarray([one.id for one in (*shown, control)])[people.arms]
    picked.propensity[:] = np.asarray([*chances, 1.0])[people.arms]
    picked.why[:] = np.asarray([int(one) for one in (*reasons, Why.OUTSIDE)])[people.arms]
    return picked


def _drawn(fitting: Sequence[Wording], people: People, choice: Choice) -> Picked:
    """Draw each shopper's wording from the policy's chances for shoppers of their kind."""
    policy = choice.policy
    assert policy is not None
    picked = Picked.nothing(len(people.refs))
    by_variant = {one.variant: one.id for one in fitting if one.variant in policy.arms}
    if len(by_variant) < 2:
        return _same_for_all(fitting, people, replace(choice, only=next(iter(by_variant), "")))
    contexts = people.contexts if policy.reads_context else np.zeros_like(people.contexts)
    ids = np.asarray([by_variant.get(arm, NOTHING) for arm in policy.arms])
    units = uniforms(seed=choice.key, units=people.refs)
    for context in np.unique(contexts).tolist():
        mine = contexts == context
        chances = policy.propensities(
            values_of(context, choice.features) if policy.reads_context else None,
            among=list(by_variant),
        )
        place = _places(np.cumsum(chances), units[mine])
        picked.arm[mine], picked.message[mine] = place, ids[place]
        picked.propensity[mine] = chances[place]
    picked.why[:], picked.context[:] = Why.DRAWN, contexts
    return picked


def _places(ends: Floats, units: Floats) -> Ints:
    """Return in which of consecutive shares each number in [0, 1) falls; never one of no width."""
    last = int(np.flatnonzero(np.diff(ends, prepend=0.0) > 0)[-1])
    places: Ints = np.searchsorted(ends, units, side="right").clip(max=last)
    return places


def uniforms(*, seed: str, units: Words) -> Floats:
    """Return each unit's own number in [0, 1) under a seed: evenly spread, the same every time.

    Finer than buckets, since a chance is logged to the digit.
    """
    digests = (hashlib.sha256(f"{seed}:{unit}".encode()).digest() for unit in units)
    numbers = np.frombuffer(b"".join(one[:8] for one in digests), dtype="<u8")
    # 53 bits are all that a float between 0 and 1 can tell apart.
    spread: Floats = (numbers >> np.uint64(11)).astype(np.float64) / 2.0**53
    return spread


def arms_of(
    split: Split,
    units: Words,
    attributes: Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]],
    matches: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> Ints:
    """Return the place of each unit's arm in an experiment, `NOTHING` for who takes no part.

    The arm is what the experiment's assignment says of one unit, a column at a time.
    """
    listed = [str(one) for one in units]
    if split.hash_version == HASH_OF_COLUMNS:
        buckets = buckets_of(seed=split.salt, units=listed)
    else:
        told = [bucket_of(seed=split.salt, unit=one, version=split.hash_version) for one in listed]
        buckets = np.asarray([np.nan if one is None else one for one in told], dtype=np.float64)
    shares = [share for _key, _variant, share in split.arms]
    found = np.full(len(listed), NOTHING, dtype=np.int64)
    for place, (start, end) in enumerate(
        bucket_ranges(len(shares), coverage=split.coverage, weights=shares)
    ):
        found[(start <= buckets) & (buckets < end)] = place
    name, start, end = split.namespace
    if name:
        inside = [in_namespace(unit=one, namespace=name, start=start, end=end) for one in listed]
        found[~np.asarray(inside, dtype=np.bool_)] = NOTHING
    if split.targeting:
        known = attributes(listed)
        fitting = [matches(split.targeting, known[one]) for one in listed]
        found[~np.asarray(fitting, dtype=np.bool_)] = NOTHING
    return found


def values_of(context: int, features: Sequence[str]) -> list[float]:
    """Return a context's numbers, 0 or 1 for each feature."""
    return [float(context >> place & 1) for place in range(len(features))]


def bit_of(feature: str, features: Sequence[str]) -> int:
    """Return a feature's bit, 0 for one that contexts do not hold."""
    return 1 << list(features).index(feature) if feature in features else 0
