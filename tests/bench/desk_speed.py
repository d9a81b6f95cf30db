"""`python -m tests.bench.desk_speed`: how long the review desk takes from a key to the next draft.

Chromium on this machine, the test run's settings and a database of its own. Pages of an empty
list, fetched in the same run by the same browser, say how fast the machine is.
"""

import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment
from playwright.sync_api import Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from guidance.catalog.models import Product, ProductAttribute
from guidance.content.services.drafting import draft_products
from guidance.core.models import User
from tests.chromium import CHROMIUM, FLAGS

ROUNDS = 20
DESK = "/admin/content/draft/"
EMPTY = "/admin/catalog/category/"
FACTS = {"material": "oak", "colour": "black", "capacity": "350 ml", "dishwasher_safe": "yes"}
NEXT_SHOWN = """key => new Promise(resolve => {
  const desk = document.getElementById("desk");
  const before = desk.querySelector("article").dataset.draft;
  const start = performance.now();
  new MutationObserver((_changes, observer) => {
    if (desk.querySelector("article").dataset.draft === before) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - start));
  }).observe(desk, { childList: true });
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
})"""
FETCHED = """async address => {
  const start = performance.now();
  await (await fetch(address)).text();
  return performance.now() - start;
}"""


def main() -> None:
    """Print both medians in milliseconds and their ratio."""
    if CHROMIUM is None:
        sys.exit("desk_speed needs Chromium")
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    _make_drafts(ROUNDS + 2)
    with _desk() as page:
        page.goto(DESK)
        page.get_by_role("link", name="Start reviewing").click()
        page.locator(".desk-copy").wait_for()
        page.evaluate(NEXT_SHOWN, "a")
        page.evaluate(FETCHED, EMPTY)
        decided = statistics.median(page.evaluate(NEXT_SHOWN, "a") for _n in range(ROUNDS))
        empty = statistics.median(page.evaluate(FETCHED, EMPTY) for _n in range(ROUNDS))
    sys.stdout.write(
        f"approve and show the next draft: median {decided:.0f} ms of {ROUNDS}; an empty list's "
        f"page: {empty:.0f} ms; ratio {decided / empty:.2f}\n"
    )


def _make_drafts(count: int) -> None:
    products = [
        Product.objects.create(sku=f"mug-{number}", title=f"Voyager Mug {number}")
        for number in range(count)
    ]
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=product, key=key, value=value, language="en")
        for product in products
        for key, value in FACTS.items()
    )
    ids = [product.pk for product in products]
    draft_products(product_ids=ids, kind="description", language="en", requested_by=None)


@contextmanager
def _desk() -> Iterator[Page]:
    """Give a browser's page in which an administrator is logged in."""
    client = Client()
    root = User.objects.create_superuser("root", password="x")
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    server = LiveServer("localhost")
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = chromium.new_context(base_url=server.url)
            session = {"name": name, "value": client.cookies[name].value, "url": server.url}
            context.add_cookies([session])
            yield context.new_page()
            chromium.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
