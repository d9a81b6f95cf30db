"""The rows behind a report's figures: lists of the desk narrowed to them, where they can be."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from guidance.behaviour.days import day_bounds
from guidance.core.models import User
from guidance.recommendations.health.scope import Scope

# Segments that the list of customers can be narrowed to.
CUSTOMER_FIELDS = ("tier", "language")


@dataclass(frozen=True)
class Links:
    """Addresses for one scope and one person; '' where the person may not open the list."""

    scope: Scope
    user: User | AnonymousUser

    def decisions(self, *, day: str = "") -> str:
        """Return the decision log narrowed to the scope, or to a day of it."""
        if not self.user.has_perm("decisions.view_decision"):
            return ""
        one = date.fromisoformat(day) if day else None
        start, end = day_bounds(one) if one else self.scope.bounds
        query = {"source__exact": self.scope.source}
        query |= {"at__gte": start.isoformat(), "at__lt": end.isoformat()}
        if self.scope.surface:
            query["surface"] = self.scope.surface
        if self.scope.version:
            query["policy_version"] = self.scope.version
        return _address("decisions_decision", query)

    def products(self, kind: str, value: str) -> str:
        """Return the products of a group; only brands are a field that the list can ask for."""
        if kind != "brand" or value == "*" or not self.user.has_perm("catalog.view_product"):
            return ""
        return _address("catalog_product", {"brand__exact": value})

    def shoppers(self, kind: str, value: str) -> str:
        """Return the customers of a segment, for those who may see customers."""
        allowed = self.user.has_perm("customers.view_customer")
        if kind not in CUSTOMER_FIELDS or value == "*" or not allowed:
            return ""
        return _address("customers_customer", {f"{kind}__exact": value})


def _address(page: str, query: dict[str, str]) -> str:
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode(query)}"
