"""Which trained files this process serves from: loaded aside, then swapped in one step."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from guidance.catalog.frames import item_facts
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.training.models import ModelVersion
from guidance.training.selectors import Serving, serving
from models_ml.data.content import ItemFacts
from models_ml.recommender.additions import ContentReader
from models_ml.recommender.alike import ItemSpace, load_space
from models_ml.recommender.due import BASE, DueScorer
from models_ml.recommender.renewal import Renewal, load_renewal
from models_ml.recommender.serving import POLICIES, ArtefactError, Ranker, load

logger = logging.getLogger(__name__)
Part = TypeVar("Part")
RECIPE = "recommender"
POPULARITY = "popularity"
DUE_AGAIN = "due_again"
# Files that could not be opened are looked at again after this long; somebody may repair them.
RETRY_SECONDS = 20.0
# The newest products that a training did not know are read by what they say of themselves; more of
# them than this wait for the next training.
MOST_ADDED = 2_000


@dataclass(frozen=True)
class LoadedVersion:
    """One version's rankers by policy, and why others of it could not be opened.

    `problem` says why a newer version, which should serve, does not. `space` and `renewal` are
    None where a folder has none: one trained before there were any, say; so is `content`, which
    reads products that came after the training. With them, `rankers` rank more than was trained.
    """

    serving: Serving
    rankers: Mapping[str, Ranker]
    broken: Mapping[str, str]
    problem: str = ""
    space: ItemSpace | None = None
    renewal: Renewal | None = None
    content: ContentReader | None = None
    _trained: Mapping[str, Ranker] = field(default_factory=dict, repr=False)
    _added: frozenset[ItemFacts] = field(default_factory=frozenset, repr=False)
    _seen: CatalogueIndex | None = field(default=None, repr=False)
    _places: dict[int, tuple[CatalogueIndex, np.ndarray]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return f"{RECIPE} {self.serving.number}"

    def serves(self, wanted: Serving) -> bool:
        """Tell whether this is the version wanted, with the policy it should serve."""
        return self.serving == wanted and wanted.policy in self.rankers

    def with_products(self, index: CatalogueIndex) -> "LoadedVersion":
        """Return the version with the products of the catalogue that its training did not know.

        Three statements where the catalogue has changed and holds such products, none otherwise.
        """
        if self.content is None or not self.rankers or self._seen is index:
            return self
        trained = self._trained or self.rankers
        known = next(iter(trained.values())).item_numbers
        new = [sku for sku in index.newest if sku not in known][:MOST_ADDED]
        facts = item_facts(new) if new else []
        if frozenset(facts) == self._added:
            return replace(self, _seen=index)
        additions = self.content.read(facts)
        rankers = {name: one.with_added(additions) for name, one in trained.items()}
        return replace(
            self,
            rankers=rankers,
            _trained=trained,
            _added=frozenset(facts),
            _seen=index,
            _places={},
        )

    def places(self, ranker: Ranker, index: CatalogueIndex) -> np.ndarray:
        """Return the place of each of the ranker's items in the index, -1 for what the shop no
        longer knows, shape (items,); kept per index."""
        kept = self._places.get(id(ranker))
        if kept is None or kept[0] is not index:
            places = np.array([index.places.get(sku, -1) for sku in ranker.skus], np.int64)
            self._places[id(ranker)] = kept = (index, places)
        return kept[1]


class RankerRegistry:
    """Follows the registry of model versions; requests read `current`, which never blocks."""

    def __init__(self) -> None:
        self.current: LoadedVersion | None = None
        self._lock = threading.Lock()
        self._failed: tuple[Serving, float] | None = None

    def refresh(self, index: CatalogueIndex) -> None:
        """Look which version should serve and load it where it is another; one statement.

        A version whose files are broken leaves what is loaded in place, or, where nothing is,
        serves what of it can be opened; the log, and every decision made meanwhile, say so.
        """
        with self._lock:
            wanted, current = serving(RECIPE), self.current
            if wanted is None:
                self.current, self._failed = None, None
            elif current is not None and current.serves(wanted):
                self.current, self._failed = replace(current, problem=""), None
            elif self._may_try(wanted):
                self._take(wanted, load_version(wanted))
            if self.current is not None:
                self.current = with_products(self.current, index)

    def _may_try(self, wanted: Serving) -> bool:
        if self._failed is None or self._failed[0] != wanted:
            return True
        return time.monotonic() - self._failed[1] >= RETRY_SECONDS

    def _take(self, wanted: Serving, found: LoadedVersion) -> None:
        if wanted.policy in found.rankers:
            self.current, self._failed = found, None
            logger.info("Serving %s with %s", found.name, wanted.policy)
            return
        problem = f"{found.name}: {found.broken.get(wanted.policy, 'no such policy')}"
        logger.error("Model files cannot serve: %s", problem)
        self._failed = (wanted, time.monotonic())
        kept = self.current
        if kept is not None and kept.serves(kept.serving):
            self.current = replace(kept, problem=problem)
        else:
            self.current = replace(found, problem=problem)


def load_version(wanted: Serving) -> LoadedVersion:
    """Open every policy of a version's folder; those that cannot be are named with the reason."""
    rankers: dict[str, Ranker] = {}
    broken: dict[str, str] = {}
    for policy in POLICIES:
        if policy == POPULARITY:
            continue
        try:
            rankers[policy] = load(wanted.folder, policy)
        except ArtefactError as problem:
            broken[policy] = str(problem)
        except Exception as problem:  # whatever lies in the folder, answering must go on
            logger.exception("Opening %s of %s failed", policy, wanted.folder.name)
            broken[policy] = f"{type(problem).__name__}: {problem}"
    renewal = _open(load_renewal, wanted.folder)
    if renewal is not None and BASE in rankers:
        rankers[DUE_AGAIN] = rankers[BASE].over(DUE_AGAIN, lambda base: DueScorer(renewal, base))
    return LoadedVersion(
        wanted,
        rankers,
        broken,
        space=_open(load_space, wanted.folder),
        renewal=renewal,
        content=_open(ContentReader.open, wanted.folder),
    )


def open_version(version: ModelVersion, index: CatalogueIndex) -> LoadedVersion:
    """Open a version beside the one that serves, as it would rank were it promoted."""
    opened = load_version(
        Serving(
            version_id=version.pk,
            number=version.number,
            folder=version.folder,
            policy=version.policy,
            best_baseline=version.best_baseline,
            status=version.status,
        )
    )
    return with_products(opened, index)


def with_products(version: LoadedVersion, index: CatalogueIndex) -> LoadedVersion:
    """Return the version with the catalogue's newer products; as it is where that fails."""
    try:
        return version.with_products(index)
    except Exception:  # whatever a product says of itself, the others must be ranked
        logger.exception("%s: products that came after the training cannot be ranked", version.name)
        return version


def _open(loader: Callable[[Path], Part], folder: Path) -> Part | None:
    """Open what answering can do without; the log says what is wrong with it."""
    try:
        return loader(folder)
    except Exception as problem:  # whatever lies in the folder, answering must go on
        logger.warning("%s: %s", folder.name, problem)
        return None


def check_files(folder: Path, policy: str) -> None:
    """Raise ArtefactError where a folder cannot serve `policy`; what promotion asks first."""
    load(folder, policy)
