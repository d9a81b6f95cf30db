"""The samples of published vectors, as ours; every key has to be taken."""

from collections.abc import Callable
from typing import Any

from guidance.experiments.adjusted_samples import AnySample, CupedRatioSample, CupedSample
from guidance.experiments.samples import MeanSample, ProportionSample, QuantileSample, RatioSample

REQUIRED = object()


class Given:
    """A table whose every key has to be taken."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._left = dict(table)

    def take(self, key: str, default: Any = REQUIRED) -> Any:
        if key in self._left:
            return self._left.pop(key)
        assert default is not REQUIRED, f"no {key!r}"
        return default

    def rest(self) -> dict[str, Any]:
        left, self._left = self._left, {}
        return left

    def end(self) -> None:
        assert not self._left, f"not understood: {sorted(self._left)}"


def sample_of(given: Given) -> AnySample:
    kind = given.take("kind")
    assert kind in SAMPLES, f"not understood: the kind {kind!r}"
    sample = SAMPLES[kind](given)
    given.end()
    return sample


def _mean(given: Given) -> MeanSample:
    return MeanSample(given.take("n"), given.take("sum"), given.take("sum_squares"))


def _proportion(given: Given) -> ProportionSample:
    return ProportionSample(given.take("n"), given.take("sum"))


def _column(given: dict[str, Any]) -> tuple[float, float]:
    """Return the sum and the sum of squares of a part of a ratio.

    A part that is a proportion has the variance p (1 - p) there, without n - 1; its squares are
    those that give this.
    """
    part = sample_of(Given(given))
    if isinstance(part, MeanSample):
        return part.total, part.squares
    assert isinstance(part, ProportionSample)
    return part.total, part.variance * (part.n - 1) + part.total**2 / part.n


def _ratio(given: Given) -> RatioSample:
    (top, top_squares), (bottom, bottom_squares) = (_column(given.take(key)) for key in "md")
    products = given.take("m_d_sum_of_products")
    return RatioSample(
        given.take("n"), top, top_squares, bottom, bottom_squares, products, cases=False
    )


def _cuped(given: Given) -> CupedSample:
    post, pre = (sample_of(Given(given.take(key))) for key in ("post", "pre"))
    assert isinstance(post, MeanSample | ProportionSample)
    assert isinstance(pre, MeanSample | ProportionSample)
    assert given.take("n") == post.n == pre.n
    theta = given.take("theta", None) or 0.0
    return CupedSample(post, pre, given.take("post_pre_sum_of_products"), theta)


def _cuped_ratio(given: Given) -> CupedRatioSample:
    names = ("m_post", "d_post", "m_pre", "d_pre")
    columns = [_column(given.take(f"{name[0]}_statistic_{name[2:]}")) for name in names]
    table = [[0.0] * 4 for _ in names]
    for i, (_, squares) in enumerate(columns):
        table[i][i] = squares
    for one, other in PRODUCTS:
        value = given.take(f"{one}_{other}_sum_of_products")
        i, j = names.index(one), names.index(other)
        table[i][j] = table[j][i] = value
    return CupedRatioSample(
        given.take("n"),
        tuple(total for total, _ in columns),  # type: ignore[arg-type]
        tuple(tuple(row) for row in table),  # type: ignore[arg-type]
        given.take("theta", None) or 0.0,
    )


def _quantile(given: Given) -> QuantileSample:
    n, nu = given.take("n"), given.take("nu")
    value, low, high = (given.take(f"quantile_{key}") for key in ("hat", "lower", "upper"))
    return QuantileSample(n, nu, value, low, high, given.take("n_star", n))


def _clustered_quantile(given: Given) -> QuantileSample:
    """The same, with the sums over clusters of the values up to the quantile and of all."""
    n, nu = given.take("n"), given.take("nu")
    value, low, high = (given.take(f"quantile_{key}") for key in ("hat", "lower", "upper"))
    clusters = RatioSample(
        given.take("n_clusters"),
        given.take("main_sum"),
        given.take("main_sum_squares"),
        given.take("denominator_sum"),
        given.take("denominator_sum_squares"),
        given.take("main_denominator_sum_product"),
    )
    effect = clusters.variance / clusters.n / (nu * (1 - nu) / n)
    return QuantileSample(n, nu, value, low, high, given.take("n_star", n), effect)


PRODUCTS = (
    ("m_post", "m_pre"),
    ("d_post", "d_pre"),
    ("m_pre", "d_pre"),
    ("m_post", "d_post"),
    ("m_post", "d_pre"),
    ("m_pre", "d_post"),
)
SAMPLES: dict[str, Callable[[Given], AnySample]] = {
    "mean": _mean,
    "proportion": _proportion,
    "ratio": _ratio,
    "cuped_mean": _cuped,
    "cuped_proportion": _cuped,
    "cuped_ratio": _cuped_ratio,
    "quantile": _quantile,
    "quantile_clustered": _clustered_quantile,
}
