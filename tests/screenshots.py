"""`python -m tests.screenshots ADDRESS LOGINS`: the README's pictures, from a running demo."""

import json
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.chromium import CHROMIUM, FLAGS

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "static" / "readme"
SIZE = {"width": 1280, "height": 860}


def main(address: str, logins: Path) -> None:
    """Log in as an analyst and a merchandiser and take what each sees first."""
    people = json.loads(logins.read_text())["people"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        dashboard = _log_in(chromium.new_page(viewport=SIZE), address, "ada", people)
        dashboard.goto(f"{address}/admin/?traffic=replay")
        dashboard.wait_for_selector(".sg-figure svg")
        dashboard.evaluate("document.fonts.ready")
        dashboard.screenshot(path=PICTURES / "dashboard.png")
        desk = _log_in(chromium.new_page(viewport=SIZE), address, "mia", people)
        desk.goto(f"{address}/admin/content/draft/")
        desk.get_by_role("link", name="Start reviewing").click()
        desk.wait_for_selector("article")
        desk.evaluate("document.fonts.ready")
        desk.screenshot(path=PICTURES / "review-desk.png")
        chromium.close()


def _log_in(page: Page, address: str, username: str, people: dict[str, str]) -> Page:
    page.goto(f"{address}/admin/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", people[username])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/admin/")
    return page


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
