"""`python -m tests.check_messages`: every translatable text has its Chinese, none is in doubt."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import django
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

LANGUAGE = "zh_Hans"


def main() -> int:
    """Collect the texts of the code afresh, merge them with what is translated, name the gaps."""
    if shutil.which("xgettext") is None:
        print("GNU gettext is not installed: translations are not checked.", file=sys.stderr)
        return int(bool(os.environ.get("CI")))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopguide.settings.test")
    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        merged = Path(folder) / "locale"
        shutil.copytree(settings.LOCALE_PATHS[0], merged)
        with override_settings(LOCALE_PATHS=[str(merged)]):
            call_command(
                "makemessages",
                locale=[LANGUAGE],
                ignore_patterns=[".venv", "var", "tests", "shopguide/locale*"],
                no_obsolete=True,
                verbosity=0,
            )
        with (merged / LANGUAGE / "LC_MESSAGES" / "django.po").open("rb") as file:
            catalogue = read_po(file, locale=LANGUAGE)
    gaps = [m for m in catalogue if m.id and (m.fuzzy or not _is_translated(m.string))]
    for message in gaps:
        places = ", ".join(f"{path}" for path, _line in message.locations[:2])
        print(f"{'fuzzy' if message.fuzzy else 'missing'}: {message.id!r} ({places})")
    print(f"{len(catalogue)} messages, {len(gaps)} missing or fuzzy in {LANGUAGE}")
    return int(bool(gaps))


def _is_translated(text: str | tuple[str, ...]) -> bool:
    return all(text) if isinstance(text, tuple | list) else bool(text)


if __name__ == "__main__":
    sys.exit(main())
