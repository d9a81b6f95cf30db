"""What a demo does before it serves, step by step; each is done once and may be cut off anywhere.

A step that was cut off runs again from its own beginning, and what it calls goes on where it
stopped: imports meet their own ids, training its checkpoints, drafting its drafts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command
from tqdm import tqdm

from guidance.behaviour.services.rollups import advance_rollups
from guidance.console.demo.generator.shop import CURRENCY
from guidance.console.demo.people import ensure_people
from guidance.console.demo.shop import choose_shop, load_state, save_state, shop_from_json
from guidance.content.services.drafting import request_drafts
from guidance.core.services.markets import ensure_default_market
from guidance.core.terminal import run_with_bar
from guidance.experiments.services import ensure_replay_experiment
from guidance.recommendations.services.surfaces import ensure_surfaces
from guidance.training.models import ModelVersion
from guidance.training.services import PromotionRefused, promote_version

State = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One step: its key in the state file, what it is called, and what it does."""

    key: str
    title: str
    run: Callable[[State, Path | None, Say], None]


def prepare(*, shop: Path | None, say: Say) -> State:
    """Do what was not done yet and return the demo's state."""
    call_command("migrate", verbosity=0)
    state = load_state()
    ensure_people()
    for number, step in enumerate(STEPS, start=1):
        if step.key in state["done"]:
            continue
        say(f"[{number}/{len(STEPS)}] {step.title}")
        started = time.monotonic()
        step.run(state, shop, say)
        say(f"      {time.monotonic() - started:.0f} s")
        finish(state, step.key)
    return state


def finish(state: State, key: str) -> None:
    """Remember that a step is done."""
    state["done"].append(key)
    save_state(state)


def choose(state: State, shop: Path | None, say: Say) -> None:
    with tqdm(desc="shop", leave=False) as bar:

        def show(step: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.set_description(step)

        state["shop"] = choose_shop(shop, show).as_json()
    if shop is None:
        ensure_default_market(
            key="singapore",
            name="Singapore",
            language="en",
            currency=CURRENCY,
            time_zone="Asia/Singapore",
        )


def load(state: State, shop: Path | None, say: Say) -> None:
    chosen = shop_from_json(state["shop"])
    call_command(
        "import_shop", chosen.path, until=str(chosen.until), shift_weeks=chosen.shift_weeks
    )
    ensure_surfaces()


def train(state: State, shop: Path | None, say: Say) -> None:
    call_command("train", "recommender", wait=True)


def promote(state: State, shop: Path | None, say: Say) -> None:
    version = ModelVersion.objects.filter(recipe="recommender").latest("number")
    try:
        promote_version(version=version, actor=None)
    except PromotionRefused as refusal:
        say(f"      not promoted, the best baseline serves: {refusal}")
    else:
        say(f"      promoted: {version}")
    ensure_replay_experiment()


def draft(state: State, shop: Path | None, say: Say) -> None:
    job = run_with_bar(request_drafts(requested_by=None, start=False))
    say(f"      {job.result}")


def replay(state: State, *, address: str, key: str, say: Say) -> None:
    """Let the held-out tail arrive over HTTP; the web server runs by now."""
    chosen = shop_from_json(state["shop"])
    call_command(
        "replay",
        shop=chosen.path,
        since=str(chosen.until),
        shift_weeks=chosen.shift_weeks,
        base_url=f"http://{address}",
        key=key,
    )
    advance_rollups()
    finish(state, "replay")


STEPS = [
    Step("choose", "The shop's files", choose),
    Step("load", "Import", load),
    Step("train", "Train the recommender", train),
    Step("promote", "Promote", promote),
    Step("draft", "Draft descriptions", draft),
]
