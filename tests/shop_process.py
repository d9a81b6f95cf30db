"""What `test_web_processes` does to its shop, each in a process of its own."""

import shutil
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from guidance.core.services import create_api_key
from guidance.recommendations.models import Surface
from guidance.recommendations.services import save_surface
from guidance.training.models import ModelVersion
from guidance.training.selectors import promoted_version
from guidance.training.services import promote_version, roll_back
from tests import factories


def main() -> None:
    """Run the verb named on the command line."""
    verb, *arguments = sys.argv[1:]
    verbs = {"prepare": prepare, "promote": promote, "roll back": take_back, "close": close}
    verbs[verb](*arguments)


def prepare(trained: str) -> None:
    """Make a shop with a shopper and two candidates; say the storefront's key."""
    call_command("migrate", verbosity=0)
    skus = ("P00", "P01", "P02", "P03")
    bought, *_others = [factories.product(sku=sku) for sku in skus]
    ann = factories.customer(ref="ann")
    factories.event(customer=ann, product=bought, kind="purchase", basket="b")
    Surface.objects.create(key="home", name="Home", deadline_ms=5_000)
    for number in (1, 2):
        directory = f"version-{number}"
        shutil.copytree(Path(trained), settings.MODEL_DIR / directory)
        factories.model_version(number=number, directory=directory, status="candidate")
    _key, secret = create_api_key(name="shop", scopes=["read"])
    sys.stdout.write(secret)


def promote(number: str) -> None:
    """Promote a candidate as if it had been measured against what serves."""
    version = ModelVersion.objects.get(number=int(number))
    current = promoted_version("recommender")
    version.verdict["current_version"] = str(current.pk) if current else ""
    version.save()
    promote_version(version=version, actor=None)


def take_back() -> None:
    """Roll back."""
    roll_back(recipe_key="recommender", actor=None)


def close(key: str) -> None:
    """Switch a surface off, as the desk does."""
    surface = Surface.objects.get(key=key)
    surface.is_active = False
    save_surface(surface=surface, changed=["is_active"], actor=None)
