"""`manage.py replay`: the held-back tail of a shop's history arrives as traffic."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guidance.console.demo.shop import DemoShop, choose_shop, load_state, shop_from_json
from guidance.console.importing.files import FileProblem
from guidance.console.importing.runner import recognise
from guidance.console.replay.keys import KEY_VARIABLE
from guidance.console.replay.runner import job_params
from guidance.core.models import Job
from guidance.core.services.jobs import request_job
from guidance.core.terminal import run_with_bar

# On two cores a visit takes about 60 ms of the web server; 400 shoppers of either demo shop end
# within two minutes.
SHOPPERS = 400
SEED = 7


class Command(BaseCommand):
    help = (
        "Replays the events that an import with --until left out, over HTTP against a running "
        "web server: a seeded sample of shoppers opens the home page, sees what is recommended, "
        "clicks what they really bought next where they look at it, and buys what they bought. "
        "Stopped and started again it goes on; a second replay sends nothing twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", type=Path, help="the shop's files; the demo's by default")
        parser.add_argument(
            "--since", metavar="DATE", help="replay from this date of the files on; 14 days"
        )
        parser.add_argument("--shift-weeks", type=int, metavar="N", help="as given to import_shop")
        parser.add_argument("--shoppers", type=int, default=SHOPPERS, help="the sample's size")
        parser.add_argument(
            "--seed", type=int, default=SEED, help="whom to sample, where they look"
        )
        parser.add_argument("--rate", type=float, metavar="R", help="at most R visits a second")
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")
        parser.add_argument(
            "--key", help=f"API key with scopes read, events, replay; rather set {KEY_VARIABLE}"
        )

    def handle(self, *args: object, **options: Any) -> None:
        if options["key"]:
            os.environ[KEY_VARIABLE] = options["key"]
        params = _params(options)
        job = run_with_bar(_job_for(params))
        self.stdout.write(job.result["text"])


def _params(options: dict[str, Any]) -> dict[str, Any]:
    if options["shoppers"] < 1:
        raise CommandError("--shoppers must be at least 1.")
    if options["rate"] is not None and options["rate"] <= 0:
        raise CommandError("--rate must be above 0.")
    path = Path(options["shop"]) if options["shop"] else None
    try:
        shop = _shop(path, options["since"], options["shift_weeks"])
        recognise(Path(shop.path))
    except FileProblem as problem:
        raise CommandError(str(problem)) from None
    except ValueError:
        raise CommandError("--since needs a date such as 2011-11-26.") from None
    return job_params(
        shop=Path(shop.path),
        since=shop.until,
        shift_weeks=shop.shift_weeks,
        shoppers=options["shoppers"],
        seed=options["seed"],
        rate=options["rate"],
        base_url=options["base_url"].rstrip("/"),
    )


def _shop(path: Path | None, since: str | None, shift_weeks: int | None) -> DemoShop:
    """Return the shop that is meant, from when on and how far shifted.

    What is not said is what the demo settled on, or would settle on for these files.
    """
    kept = load_state().get("shop")
    if path is None and kept is None:
        raise CommandError("There is no demo here; name the shop's files with --shop.")
    if path is not None and since is not None and shift_weeks is not None:
        return DemoShop(str(path), date.fromisoformat(since), shift_weeks)
    if kept and (path is None or str(path.resolve()) == kept["path"]):
        shop = shop_from_json(kept)
    else:
        shop = choose_shop(path, lambda *_: None)
    return replace(
        shop,
        until=date.fromisoformat(since) if since else shop.until,
        shift_weeks=shop.shift_weeks if shift_weeks is None else shift_weeks,
    )


def _job_for(params: dict[str, Any]) -> Job:
    """Return the job of an earlier start that was stopped, or a new one."""
    active = Job.objects.active().filter(kind="replay")
    stopped = next((job for job in active if job.params == params), None)
    return stopped or request_job(kind="replay", params=params, start=False)
