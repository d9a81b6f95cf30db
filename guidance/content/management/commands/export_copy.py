"""`manage.py export_copy`: all live copy with its labels, to a file or to the terminal."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guidance.content.labelling import Channel
from guidance.content.services.export import FORMATS, export_copy
from guidance.core.models import Market


class Command(BaseCommand):
    help = "Writes all live copy with its visible labels and machine-readable provenance."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="left out: to standard output")
        parser.add_argument("--format", choices=list(FORMATS), default="csv")
        parser.add_argument("--language", default="", help="left out: every language")
        parser.add_argument("--channel", choices=[c.value for c in Channel], default="page")
        parser.add_argument("--market", default="", help="key of the market whose labels to use")

    def handle(self, *args: Any, **options: Any) -> None:
        market = options["market"]
        if market and not Market.objects.filter(key=market).exists():
            raise CommandError(f"No market has the key {market}.")
        lines = export_copy(
            form=options["format"],
            language=options["language"],
            channel=Channel(options["channel"]),
            market=market,
        )
        if options["path"] is None:
            for line in lines:
                self.stdout.write(line, ending="")
            return
        with options["path"].open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
