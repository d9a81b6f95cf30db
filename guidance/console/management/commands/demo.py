"""`manage.py demo`: a running desk over a generated shop or a real one."""

import signal
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guidance.console.demo.people import PEOPLE, ensure_people, secrets_file
from guidance.console.demo.steps import prepare, replay
from guidance.console.demo.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Prepares a shop, a trained model, drafts and replayed traffic, then serves in the "
        "foreground. Stopped anywhere and started again, it goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", type=Path, help="a shop's folder, or an Online Retail file")
        parser.add_argument("--address", default="127.0.0.1:8000", help="host:port to serve on")
        parser.add_argument("--no-serve", action="store_true", help="stop when all is prepared")

    def handle(self, *args: object, **options: Any) -> None:
        shop: Path | None = options["shop"]
        if shop is not None and not shop.exists():
            raise CommandError(f"{shop} does not exist.")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._run(shop, options["address"], serve=not options["no_serve"])
        except KeyboardInterrupt:
            self.stdout.write("\nStopped. The same command goes on from here.")
            sys.exit(130)

    def _run(self, shop: Path | None, address: str, *, serve: bool) -> None:
        state = prepare(shop=shop, say=self.stdout.write)
        with Supervisor(address=address, say=self.stdout.write) as supervisor:
            supervisor.wait_until_ready()
            if "replay" not in state["done"]:
                self.stdout.write("Replay: the last two weeks arrive as traffic")
                key = ensure_people()["keys"]["replay"]
                replay(state, address=address, key=key, say=self.stdout.write)
            self._introduce(address)
            if serve:
                supervisor.watch()

    def _introduce(self, address: str) -> None:
        self.stdout.write(self.style.SUCCESS(f"\nShopGuide runs at http://{address}/admin/"))
        people = ensure_people()["people"]
        for username, role in PEOPLE.items():
            self.stdout.write(f"  {role.value:<14} {username:<5} {people[username]}")
        self.stdout.write(f"  (kept with the API keys in {secrets_file()}; Ctrl-C stops)")
