"""The chance that a test which is looked at repeatedly has shown something by each look.

Exact up to quadrature, and deterministic: the recursion of Armitage, McPherson and Rowe (JRSS A
1969). Between looks the sum of the observations moves by a normal step; what has not crossed the
boundary yet has a density, carried from look to look on Gauss-Legendre points.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr

from guidance.experiments.samples import Vector

# Points a step's standard deviation: against 6 of them no probability changed by 1e-12, over 1 to
# 400 looks (with 1.0, by 1e-8).
POINTS = 1.5
FEWEST_POINTS = 32
# A one-sided test goes on however low it falls; from so far below nothing comes back.
FAR = 9.0
# e to this is the largest a double holds, or nearly.
LARGEST_POWER = 700.0
# The sizes of the rules, each made once.
SIZES = (64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True)
class Watch:
    """A test with these looks and boundaries, and where its sum may be between them, undrifted.

    `before` holds, for each look, the points that the sum had at the look before without having
    crossed, and their masses.
    """

    looks: tuple[float, ...]
    tops: tuple[float, ...]
    two_sided: bool
    before: tuple[tuple[Vector, Vector], ...]

    def crossed(self, drift: float) -> Vector:
        """Return the chance to have crossed by each look.

        `drift` is the effect in standard deviations of one unit's contribution, so that after n
        units the effect is drift * sqrt(n) standard errors. Masses under a drift are those
        without, times the likelihood ratio, so all drifts share one recursion. A boundary beyond
        37 standard errors lies where no double holds what mass is left: it counts as not crossed.
        """
        chances, last = [], 0.0
        for seen, top, (points, mass) in zip(self.looks, self.tops, self.before, strict=True):
            step = math.sqrt(seen - last)
            ratio = np.exp(np.minimum(drift * points - drift * drift * last / 2, LARGEST_POWER))
            drifted = mass * ratio
            ahead = points + drift * (seen - last)
            gone = ndtr((ahead - top) / step)
            if self.two_sided:
                gone = gone + ndtr((-top - ahead) / step)
            chances.append(float(drifted @ gone))
            last = seen
        return np.minimum(1.0, np.cumsum(chances))


@lru_cache(maxsize=8)
def watch(
    looks: tuple[float, ...], boundaries: tuple[float, ...], *, two_sided: bool = True
) -> Watch:
    """Return the test looked at after these units, ascending, with these boundaries.

    A boundary is the number of standard errors to be passed; one-sided tests look upwards.
    """
    points, mass, last = np.zeros(1), np.ones(1), 0.0
    before, tops = [], []
    for seen, boundary in zip(looks, boundaries, strict=True):
        before.append((points, mass))
        step = math.sqrt(seen - last)
        top = boundary * math.sqrt(seen)
        bottom = -top if two_sided else -FAR * math.sqrt(seen)
        nodes, weights = _points((top - bottom) / step)
        reached = bottom + (nodes + 1) * (top - bottom) / 2
        z = (reached[:, None] - points) / step
        density = np.exp(-z * z / 2) @ mass / (step * math.sqrt(2 * math.pi))
        points, mass, last = reached, density * weights * (top - bottom) / 2, seen
        tops.append(top)
    return Watch(looks, tuple(tops), two_sided, tuple(before))


def _points(steps_wide: float) -> tuple[Vector, Vector]:
    wanted = POINTS * steps_wide + FEWEST_POINTS
    return _rule(next((size for size in SIZES if size >= wanted), SIZES[-1]))


@lru_cache(maxsize=len(SIZES))
def _rule(size: int) -> tuple[Vector, Vector]:
    nodes, weights = leggauss(size)
    return nodes, weights
