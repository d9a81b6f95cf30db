"""A tiny trained recommender: three tastes of eight products each, sixty customers, two months."""

import fcntl
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models_ml.data.content import ItemFacts
from models_ml.recommender.artefacts import PARAMETERS, read_manifest, write_manifest
from models_ml.recommender.fusion import AddedMix

SKUS = [f"P{number:02d}" for number in range(24)]
CUSTOMERS, DAYS, SEED = 60, 60, 1
# The smallest network that every step of a training still works on.
TINY = {
    "dim": 8,
    "heads": 1,
    "layers": 1,
    "epochs": 2,
    "max_length": 16,
    "max_minutes": 1.0,
}


def taste_of(customer: int) -> list[str]:
    """Return the eight products that this customer buys."""
    return SKUS[8 * (customer % 3) : 8 * (customer % 3) + 8]


def tiny_frame(end: pd.Timestamp) -> pd.DataFrame:
    """Return views of four products every few days and the purchase of two of them a day later.

    The last ones happen shortly before `end`. Every other customer only looks for the first
    month, so that looking is worth something to a ranking.
    """
    random = np.random.default_rng(SEED)
    start = end.normalize() - pd.Timedelta(days=DAYS)
    rows = []
    for customer in range(CUSTOMERS):
        for day in range(int(random.integers(0, 4)), DAYS, int(random.integers(4, 9))):
            time = start + pd.Timedelta(days=day, hours=int(random.integers(8, 20)))
            viewed = random.choice(taste_of(customer), 4, replace=False)
            for sku in viewed:
                before = time - pd.Timedelta(days=1)
                rows.append((f"c{customer}", sku, before, "view", None, 1))
            for sku in viewed[: 2 if customer % 2 or day > DAYS / 2 else 0]:
                rows.append((f"c{customer}", sku, time, "purchase", f"{customer}-{day}", 1))
    return pd.DataFrame(rows, columns=["customer", "item", "time", "kind", "basket", "quantity"])


def tiny_items() -> list[ItemFacts]:
    """What the products say about themselves: every taste has words and pictures of its own."""
    words = ("green tea leaf", "绿茶 茶壶 陶瓷", "Garten Schere")
    return [
        ItemFacts(
            sku,
            (f"{words[place // 8]} {'small' if place % 2 else 'large'}",),
            category=f"All > Taste {place // 8}",
            brand=f"Brand {place // 4}",
            price=5.0 + place,
            image=picture(place // 8),
            image_model="eye",
        )
        for place, sku in enumerate(SKUS)
    ]


def picture(taste: int) -> bytes:
    """The image vector of every product of a taste, by the network "eye"."""
    return np.eye(3, 4, dtype="<f4")[taste].tobytes()


def trained_folder(shared: Path) -> Path:
    """Return a folder trained on the tiny frame, made once for all processes of a test run."""
    folder = shared / "tiny-recommender"
    with (shared / "tiny-recommender.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            _train(folder)
    return folder


def rewrite_manifest(folder: Path) -> None:
    """Give a folder whose files were changed on purpose the checksums of what is there now."""
    manifest = read_manifest(folder, only=[])
    facts = {key: value for key, value in manifest.items() if key not in {"format", "files"}}
    write_manifest(folder, list(manifest["files"]), facts)


def let_serve_alone(folder: Path, part: str) -> None:
    """Make one part, or "transformer", the model of a folder, whatever its training found best:
    on so few customers that is chance.
    """
    _tell_otherwise(folder, alone=part, fusion={})


def let_blend_serve(folder: Path, weights: dict[str, float], mix: AddedMix | None = None) -> None:
    """Make a blend the model of a folder, with or without a mix of its own for added products."""
    told = mix.as_dict() if mix else None
    _tell_otherwise(folder, alone="", fusion=weights, fusion_of_added=told)


def _tell_otherwise(folder: Path, **parameters: Any) -> None:
    path = folder / PARAMETERS
    path.write_text(json.dumps({**json.loads(path.read_text()), **parameters}))
    rewrite_manifest(folder)


def _train(folder: Path) -> None:
    from models_ml.recommender.config import TrainConfig
    from models_ml.recommender.train import train

    end = pd.Timestamp.now(tz="UTC") - pd.Timedelta(days=1)
    config = TrainConfig(**TINY)
    train(tiny_frame(end), out_dir=folder, config=config, items=tiny_items())
