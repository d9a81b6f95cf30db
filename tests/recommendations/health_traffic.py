"""A small shop's lists and what came of them, known in every figure, for the tests of health."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Category, Product
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.health.compute import compute_reports
from guidance.recommendations.health.models import HealthReport
from guidance.recommendations.health.scope import Scope, watched_scope
from guidance.recommendations.health.services import request_report, save_report
from tests import factories

AT = timedelta(hours=30)


@dataclass
class Shop:
    """Two products of brand Acme, two of brand Bolt, a fifth that nobody is ever shown."""

    products: list[Product] = field(default_factory=list)

    def __post_init__(self) -> None:
        tea, ware = (Category.objects.create(path=f"Shop > {name}") for name in ("Tea", "Ware"))
        old = timezone.now() - timedelta(days=300)
        for n, (brand, category) in enumerate(
            (("Acme", tea), ("Acme", tea), ("Bolt", ware), ("Bolt", ware), ("Bolt", ware))
        ):
            self.products.append(
                Product.objects.create(
                    sku=f"p{n}", title=f"P{n}", brand=brand, category=category, price=n + 1,
                    created_at=old,
                )
            )  # fmt: skip

    def visit(
        self,
        ref: str,
        *,
        shown: str = "p0 p2",
        seen: bool = True,
        clicked: str = "",
        bought: str = "",
        ago: timedelta = AT,
        surface: str = "home",
        source: str = "live",
        facts: dict[str, Any] | None = None,
        **more: Any,
    ) -> Decision:
        """Show a list; let it be seen a minute later, clicked after two, and bought from after
        three."""
        shopper = Customer.objects.get_or_create(ref=ref, defaults=facts or {})[0] if ref else None
        at = timezone.now() - ago
        items = [
            {"sku": sku, "position": place, "score": 1 / place, "propensity": 1.0}
            for place, sku in enumerate(shown.split(), start=1)
        ]
        decision = Decision(
            at=at, customer=shopper, surface=surface, items=items, source=source,
            **{"policy": "popularity", **more},
        )  # fmt: skip
        factories.logged([decision])
        named = {"decision": decision.pk, "source": source}
        if seen and shopper:
            self.happen(shopper, "impression", "", at + timedelta(minutes=1), **named)
        for sku in clicked.split():
            self.happen(shopper, "click", sku, at + timedelta(minutes=2), **named)
        for sku in bought.split():
            self.happen(shopper, "purchase", sku, at + timedelta(minutes=3), source=source)
        return decision

    def happen(
        self, shopper: Customer | None, kind: str, sku: str, at: datetime, **more: Any
    ) -> Event:
        product = next((one for one in self.products if one.sku == sku), None)
        price = product.price if kind == "purchase" and product else None
        return Event.objects.create(
            customer=shopper, kind=kind, product=product, occurred_at=at, price=price, **more
        )


def report(**asked: Any) -> dict[str, Any]:
    """Compute and keep a report of the last 28 days, narrowed as asked; return its figures."""
    usual = watched_scope()
    scope = Scope(**{**usual.as_params(), "last": usual.last, **asked})
    advance_rollups()
    (figures,) = compute_reports([scope], lambda _share: None)
    kept = save_report(scope=scope, figures=figures)
    kept.refresh_from_db()
    found: dict[str, Any] = kept.figures
    return found


def computed() -> dict[str, Any]:
    """Run the watched job to its end and return the figures of all surfaces."""
    job = request_report(scope=watched_scope(), requested_by=None)
    assert run_job(job.pk) == Job.Status.SUCCEEDED
    report = HealthReport.objects.get(surface="", policy_version="")
    found: dict[str, Any] = report.figures
    return found
