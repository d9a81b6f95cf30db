"""trl's trainers as the house runs them: bounded, resumable, quiet, with the house's own progress.

Their rows come tokenized, and neither tells anybody outside of a training.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import PrinterCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

Figures = dict[str, float]
OnStep = Callable[[int, int, Figures], None]
"""Hears of the steps done, of the steps in all and of the newest figures; may raise to stop."""
_STATE = "trainer_state.json"


class _Quiet:
    """Sends nothing to anybody, and writes no description of a model for a hub."""

    def _send_telemetry(self) -> None:
        pass

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        pass


class Supervised(_Quiet, SFTTrainer):
    """Learns to answer as was published."""


class Preferring(_Quiet, DPOTrainer):
    """Learns what is preferred, against the adapter as it was before (Rafailov et al., 2023)."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        """Take rows as they are: trl would tokenize prompts otherwise than the worker does."""
        return dataset


class Watch(TrainerCallback):
    """Tells of each step, ends the training when its time is up, and keeps the figures."""

    def __init__(self, on_step: OnStep, seconds: float) -> None:
        self._on_step, self._deadline = on_step, time.monotonic() + seconds
        self._newest: Figures = {}

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._newest = {**self._newest, **(logs or {})}

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._on_step(state.global_step, state.max_steps, self._newest)
        if time.monotonic() >= self._deadline:
            control.should_training_stop = True


def shared_arguments(
    folder: Path, *, steps: int, batch: int, rate: float, keep_every: int, seed: int
) -> dict[str, Any]:
    """Return the arguments that both trainers get.

    Rows go through the network one by one, so that a step's memory is one row's; `batch` of them
    make a step. On processors everything is float32.
    """
    has_cuda = torch.cuda.is_available()
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": batch,
        "learning_rate": rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": max(steps // 10, 1),
        "max_grad_norm": 1.0,
        "gradient_checkpointing": False,
        "bf16": has_cuda and torch.cuda.is_bf16_supported(),
        "use_cpu": not has_cuda,
        "max_length": None,
        "seed": seed,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": keep_every,
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
    }


def run(
    kind: type[Supervised] | type[Preferring],
    model: Any,
    tokenizer: Any,
    rows: Dataset,
    arguments: dict[str, Any],
    watch: Watch,
) -> list[Figures]:
    """Train, going on from the newest whole checkpoint in the output folder; return the figures
    that were logged, step by step, those before a kill among them.
    """
    config: Any = SFTConfig(**arguments) if kind is Supervised else DPOConfig(**arguments)
    trainer = kind(
        model=model, args=config, train_dataset=rows, processing_class=tokenizer, callbacks=[watch]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=newest_checkpoint(Path(arguments["output_dir"])))
    return [one for one in trainer.state.log_history if "loss" in one]


def newest_checkpoint(folder: Path) -> str | None:
    """Return the newest checkpoint that was written to its end: its state is written last."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda one: -int(one.name.split("-")[1]))
    return next((str(one) for one in found if _is_whole(one)), None)


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _STATE).read_text())
    except (OSError, ValueError):
        return False
    return True
