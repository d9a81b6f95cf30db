"""A house whose every text is edited alike, and a tiny model that knows how it writes and edits."""

from dataclasses import replace
from pathlib import Path

from models_ml.writer.adapters.examples import Lessons, answer_of, lessons_of, messages_of
from models_ml.writer.adapters.train import Settings
from models_ml.writer.facts import Fact
from models_ml.writer.preference.data import Decided, brands_of
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger
from models_ml.writer.providers.transformers_local import LocalConfig, TransformersLocal
from tests.models_ml.tiny_model import make_tiny_model, teach

FACTS = (
    Fact("brand", "Acme"),
    Fact("material", "oak", "", "en"),
    Fact("colour", "black", "", "en"),
    Fact("capacity", "350", "ml"),
)
WRITTEN = "The Acme Mug is made of oak. It comes in black and holds 350 ml."
PUBLISHED = "This mug by Acme is black. Crafted from oak, it takes 350 ml."
ROW = Decided("mug", "description", "en", "Acme Mug", FACTS, WRITTEN, PUBLISHED)
# With trl's usual rate of preferences so small a model forgets how to write within four steps.
SETTINGS = Settings(
    batch=2,
    supervised_rate=1e-2,
    supervised_rounds=9,
    most_supervised_steps=20,
    preference_rate=2e-4,
    preference_rounds=2,
    most_preference_steps=4,
    keep_every=2,
)


def same_rows(count: int, row: Decided = ROW) -> list[Decided]:
    """Return the same text of so many products."""
    return [replace(row, product=f"mug-{number}") for number in range(count)]


def house_lessons(row: Decided = ROW) -> Lessons:
    """Return what ten of them teach."""
    rows = same_rows(10, row)
    return lessons_of(rows, {}, brands_of(rows))


def make_house_model(folder: Path, row: Decided = ROW, *, seed: int = 0) -> Path:
    """Write a model into `folder` that nearly always writes WRITTEN, and knows PUBLISHED."""
    folder.mkdir(parents=True)
    written, published = answer_of(WRITTEN, row), answer_of(PUBLISHED, row)
    assert written
    assert published
    messages = [{"role": one.role, "content": one.content} for one in messages_of(row, {})]
    texts = [*(one["content"] for one in messages), written, published]
    make_tiny_model(folder, texts=texts, vocabulary=900, seed=seed)
    return teach(folder, messages, {written: 0.9, published: 0.1})


def house_writer(base: Path, adapter: Path | None = None) -> TransformersLocal:
    """Return the provider over the model in `base`, with an adapter over it where one is given."""
    config = LocalConfig(
        str(base),
        batch=4,
        max_tokens=200,
        adapter=str(adapter or ""),
        adapter_name="writer_adapter 2" if adapter else "",
    )
    return TransformersLocal(
        config, budget=Budget(MemoryLedger()), breaker=Breaker(MemoryCircuit())
    )
