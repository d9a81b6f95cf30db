"""How the admin looks and what its sidebar holds (django-unfold)."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _item(title: Any, icon: str, model: str, page: str = "changelist") -> dict[str, Any]:
    """Return a sidebar link to the list of `app.model`, or another page of it, shown to those who
    may view it."""
    app, name = model.split(".")

    def may_view(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{name}")

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_{page}"),
        "permission": may_view,
    }


def _static(path: str) -> Any:
    return lambda request: static(path)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "ShopGuide",
    "SITE_HEADER": "ShopGuide",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("core/favicon.svg")},
    ],
    "SITE_SYMBOL": "explore",
    "SITE_URL": None,
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .02 190)",
            "100": "oklch(94% .04 190)",
            "200": "oklch(89% .07 190)",
            "300": "oklch(82% .10 190)",
            "400": "oklch(74% .11 192)",
            "500": "oklch(62% .105 195)",
            "600": "oklch(51% .09 197)",
            "700": "oklch(44% .078 199)",
            "800": "oklch(37% .065 201)",
            "900": "oklch(31% .055 203)",
            "950": "oklch(23% .045 205)",
        }
    },
    "DASHBOARD_CALLBACK": "guidance.console.dashboard.add_dashboard",
    "STYLES": [_static("core/desk.css")],
    "SCRIPTS": [_static("core/desk.js")],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("Today"),
                "items": [
                    {
                        "title": _("Dashboard"),
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:index"),
                    },
                    _item(_("Review desk"), "rate_review", "content.draft"),
                    _item(_("Missing facts"), "playlist_remove", "content.missingfacts"),
                    _item(_("Publications"), "verified", "content.publication"),
                    _item(_("Choices among wordings"), "alt_route", "content.copybandit"),
                    _item(_("Rule packs"), "gavel", "content.rulepackversion"),
                    _item(_("Signed exceptions"), "signature", "content.signedexception"),
                    _item(_("Style guides"), "record_voice_over", "content.styleguide"),
                    _item(_("Glossary"), "dictionary", "content.glossaryterm"),
                ],
            },
            {
                "title": _("Guidance"),
                "items": [
                    _item(_("Surfaces"), "dashboard_customize", "recommendations.surface"),
                    _item(_("Rules"), "rule_settings", "recommendations.rule"),
                    _item(_("Experiments"), "science", "experiments.experiment"),
                    _item(_("Metrics"), "monitoring", "experiments.metric"),
                    _item(_("Bandits"), "alt_route", "experiments.bandit"),
                    _item(_("Holdouts"), "do_not_disturb_on", "experiments.holdout"),
                    _item(_("Decision log"), "receipt_long", "decisions.decision"),
                    _item(_("Fairness and health"), "balance", "recommendations.healthreport"),
                ],
            },
            {
                "title": _("Campaigns"),
                "items": [
                    _item(_("Campaigns"), "campaign", "campaigns.campaign"),
                    _item(_("Audiences"), "groups", "campaigns.audience"),
                    _item(_("Offers"), "sell", "campaigns.offer"),
                    _item(_("Push plans"), "fact_check", "campaigns.pushplan"),
                    _item(_("Deliveries"), "outbox", "campaigns.delivery"),
                    _item(_("Frequency caps"), "speed", "campaigns.frequencycap"),
                    _item(_("Channels"), "alt_route", "campaigns.channellimit"),
                    _item(_("Message endpoints"), "send", "campaigns.pushendpoint"),
                ],
            },
            {
                "title": _("Shop"),
                "items": [
                    _item(_("Products"), "inventory_2", "catalog.product"),
                    _item(_("Categories"), "category", "catalog.category"),
                    _item(_("Customers"), "group", "customers.customer"),
                    _item(_("Suppressions"), "unsubscribe", "customers.suppression"),
                    _item(_("Events"), "bolt", "behaviour.event"),
                    _item(_("Behaviour"), "insights", "behaviour.savedview", page="start"),
                ],
            },
            {
                "title": _("Models"),
                "items": [
                    _item(_("Training runs"), "model_training", "training.trainingrun"),
                    _item(_("Model versions"), "deployed_code", "training.modelversion"),
                    _item(_("Retraining"), "autorenew", "training.retrainingpolicy"),
                    _item(_("Language model"), "smart_toy", "content.providerusage"),
                    _item(_("Jobs"), "manufacturing", "core.job"),
                ],
            },
            {
                "title": _("House"),
                "collapsible": True,
                "items": [
                    _item(_("Users"), "person", "core.user"),
                    _item(_("Markets"), "public", "core.market"),
                    _item(_("Labels"), "label", "content.labelpolicy"),
                    _item(_("API keys"), "key", "core.apikey"),
                    _item(_("Webhooks"), "webhook", "content.webhookendpoint"),
                    _item(_("Webhook deliveries"), "outbox", "content.webhookmessage"),
                    _item(_("Audit trail"), "history", "core.auditentry"),
                ],
            },
        ],
    },
}
