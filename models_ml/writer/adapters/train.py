"""Training an adapter: supervised on what was published, then by what was preferred.

What each part has finished is kept: a killed training goes on from its newest checkpoint. LoRA is
that of Hu et al. (2021), "LoRA: Low-Rank Adaptation of Large Language Models".
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

from models_ml.recommender.checkpoints import Checkpoints
from models_ml.writer.adapters.examples import Lessons
from models_ml.writer.adapters.files import base_fingerprint, write_files
from models_ml.writer.adapters.loading import base_folder
from models_ml.writer.adapters.tokens import LONGEST, Tokens, preference_set, supervised_set
from models_ml.writer.adapters.trainers import (
    Figures,
    Preferring,
    Supervised,
    Watch,
    run,
    shared_arguments,
)
from models_ml.writer.providers.chat import end_tokens

SUPERVISED, PREFERENCES = "supervised", "preferences"
OnProgress = Callable[[str, int, int, Figures], None]
"""Hears of a part, its steps done, its steps in all and its figures; may raise to stop."""


@dataclass(frozen=True)
class Settings:
    """How an adapter is trained; `minutes` are those of one attempt, both parts together.

    Rank, rates and beta are those that peft's and trl's documentation begins with: they were tuned
    on nothing here. Beside DPO's loss ("sigmoid") the published answer goes on being learned
    ("sft"): an edited text shares most words with what was written, and DPO alone makes both less
    likely then (Pal et al., 2024, "Smaug: Fixing Failure Modes of Preference Optimisation"). A part
    ends with its rounds, its steps or its share of the time, whichever is first.
    """

    rank: int = 16
    scale: int = 32
    batch: int = 8
    supervised_rate: float = 2e-4
    supervised_rounds: int = 3
    most_supervised_steps: int = 300
    preference_rate: float = 2e-5
    preference_rounds: int = 1
    most_preference_steps: int = 100
    beta: float = 0.1
    preference_losses: tuple[str, ...] = ("sigmoid", "sft")
    minutes: float = 90.0
    supervised_share: float = 0.6
    keep_every: int = 10
    seed: int = 0
    threads: int = 1


def train_adapter(
    lessons: Lessons,
    base: str,
    folder: Path,
    kept: Path,
    settings: Settings,
    on_progress: OnProgress = lambda part, done, steps, figures: None,
) -> dict[str, Any]:
    """Train an adapter for the model at `base` and write it into `folder`; checkpoints go into the
    folder `kept`, from which a later call goes on.

    Returns by part the rows, the steps done and planned, and the first and last figures. The same
    lessons, settings and base give the same adapter on one machine. Raises ValueError where there
    is nothing to learn from, and what transformers raises where the base cannot be loaded.
    """
    origin = base_folder(base)
    fingerprint = base_fingerprint(origin)
    checkpoints = Checkpoints(kept, _digest(lessons, fingerprint, settings))
    if (finished := checkpoints.read_json("finished")) is not None:
        return dict(finished)
    torch.set_num_threads(settings.threads)
    model, tokenizer, tokens = _base(origin)
    parts = {}
    for part, rows in _sets(lessons, tokens).items():
        if len(rows):
            training = _Part(part, rows, checkpoints, settings)
            model, parts[part] = training.finish(model, tokenizer, on_progress)
    model.save_pretrained(str(folder), selected_adapters=["default"])
    (folder / "README.md").unlink(missing_ok=True)  # a form for a hub, to be filled in
    write_files(folder, {"settings": asdict(settings), "parts": parts}, fingerprint)
    checkpoints.write_json("finished", parts)
    return parts


def _digest(lessons: Lessons, base: str, settings: Settings) -> str:
    said = json.dumps([lessons.as_json(), base, asdict(settings)], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def _base(folder: Path) -> tuple[Any, Any, Tokens]:
    """Return the base model ready to learn, its tokenizer, and how lessons become tokens."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    dtype = "auto" if torch.cuda.is_available() else torch.float32
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    end = end_tokens(model, tokenizer)[0]
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(end)
    context = getattr(model.config.get_text_config(), "max_position_embeddings", LONGEST)
    return model, tokenizer, Tokens(tokenizer, end, context)


def _sets(lessons: Lessons, tokens: Tokens) -> dict[str, Dataset]:
    """Return each part's rows; raises ValueError where no example fits the model."""
    supervised = supervised_set(lessons, tokens)
    if not len(supervised):
        raise ValueError("no published text fits the model's context as an answer")
    return {SUPERVISED: supervised, PREFERENCES: preference_set(lessons, tokens)}


@dataclass(frozen=True)
class _Part:
    """One of the two trainings; its adapter is kept when it has ended."""

    name: str
    rows: Dataset
    checkpoints: Checkpoints
    settings: Settings

    @property
    def steps(self) -> int:
        chosen = self.settings
        is_supervised = self.name == SUPERVISED
        rounds = chosen.supervised_rounds if is_supervised else chosen.preference_rounds
        most = chosen.most_supervised_steps if is_supervised else chosen.most_preference_steps
        return min(math.ceil(len(self.rows) * rounds / chosen.batch), most)

    @property
    def seconds(self) -> float:
        share = self.settings.supervised_share
        is_supervised = self.name == SUPERVISED
        return 60 * self.settings.minutes * (share if is_supervised else 1 - share)

    def finish(
        self, model: Any, tokenizer: Any, on_progress: OnProgress
    ) -> tuple[Any, dict[str, Any]]:
        """Return the model with this part learned, and what came of it."""
        kept = self.checkpoints.folder_for(f"{self.name}-adapter")
        facts = self.checkpoints.read_json(self.name)
        if facts is not None:
            base = model.unload() if isinstance(model, PeftModel) else model
            return PeftModel.from_pretrained(base, str(kept), is_trainable=True), facts
        learner = model if isinstance(model, PeftModel) else self._fresh_adapter(model)

        def on_step(done: int, steps: int, figures: Figures) -> None:
            on_progress(self.name, done, steps, figures)

        kind = Supervised if self.name == SUPERVISED else Preferring
        log = run(
            kind, learner, tokenizer, self.rows, self._arguments(), Watch(on_step, self.seconds)
        )
        learner.save_pretrained(str(kept), selected_adapters=["default"])
        facts = self._facts(log)
        self.checkpoints.write_json(self.name, facts)
        return learner, facts

    def _fresh_adapter(self, model: Any) -> Any:
        set_seed(self.settings.seed)
        config = LoraConfig(
            r=self.settings.rank,
            lora_alpha=self.settings.scale,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, config)

    def _arguments(self) -> dict[str, Any]:
        chosen = self.settings
        is_supervised = self.name == SUPERVISED
        shared = shared_arguments(
            self.checkpoints.folder_for(self.name),
            steps=self.steps,
            batch=chosen.batch,
            rate=chosen.supervised_rate if is_supervised else chosen.preference_rate,
            keep_every=chosen.keep_every,
            seed=chosen.seed,
        )
        if is_supervised:
            return shared
        return {**shared, "beta": chosen.beta, "loss_type": list(chosen.preference_losses)}

    def _facts(self, log: list[Figures]) -> dict[str, Any]:
        """Return rows, steps and the first and the last figures of a part."""
        names = {"loss": "loss", "rewards/margins": "margin", "rewards/accuracies": "preferred"}
        return {
            "rows": len(self.rows),
            "steps": int(log[-1]["step"]),
            "planned_steps": self.steps,
            "first": {names[key]: value for key, value in log[0].items() if key in names},
            "last": {names[key]: value for key, value in log[-1].items() if key in names},
        }
