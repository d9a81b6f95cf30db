"""Rows for tests: one maker a model, each row valid and different from the last."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model
from django.utils import timezone
from django_q.models import Failure, Schedule

from guidance.behaviour.models import DayRollup, Event, ProductDayRollup, SearchDayRollup
from guidance.behaviour.services.rollups import mark_days
from guidance.campaigns.models import Campaign, Offer
from guidance.catalog.models import Category, Product
from guidance.content.models import (
    Draft,
    GlossaryTerm,
    Kind,
    LabelPolicy,
    MissingFacts,
    ProviderUsage,
    Publication,
    RulePackVersion,
    SignedException,
    StyleGuide,
    WebhookEndpoint,
    WebhookMessage,
)
from guidance.content.services.webhook_endpoints import create_endpoint
from guidance.core.models import ApiKey, AuditEntry, Job, Market, User
from guidance.customers.models import Customer
from guidance.decisions.models import Decision, Outcome
from guidance.experiments.models import Arm, Experiment, Holdout
from guidance.recommendations.models import (
    HealthAlert,
    HealthReport,
    HealthThreshold,
    Rule,
    Surface,
)
from guidance.training.models import DriftReading, ModelVersion, RetrainingPolicy, TrainingRun
from models_ml.writer.packs import builtin_text

_numbers = count(1)
PASSED_VERDICT = {
    "passed": True,
    "against": "popularity",
    "difference": 0.02,
    "low": 0.01,
    "high": 0.03,
    "comparisons": [{"against": "popularity", "difference": 0.02, "low": 0.01, "high": 0.03}],
    "current_version": "",
    "note": "",
}


def category(**given: Any) -> Category:
    n = next(_numbers)
    return Category.objects.create(
        **{"path": f"Tea > Kind {n}", "names": {"en": f"Kind {n}", "zh-hans": f"种类{n}"}, **given}
    )


def product(**given: Any) -> Product:
    n = next(_numbers)
    return Product.objects.create(
        **{
            "sku": f"sku-{n}",
            "title": f"Green tea {n}",
            "category": given.pop("category", None) or category(),
            "price": "9.50",
            "stock": 5,
            **given,
        }
    )


def customer(**given: Any) -> Customer:
    return Customer.objects.create(**{"ref": f"c-{next(_numbers)}", "tier": "gold", **given})


def event(**given: Any) -> Event:
    return Event.objects.create(
        **{
            "kind": Event.Kind.VIEW,
            "occurred_at": timezone.now(),
            "customer": given.pop("customer", None) or customer(),
            "product": given.pop("product", None) or product(),
            **given,
        }
    )


def day_rollup(**given: Any) -> DayRollup:
    return DayRollup.objects.create(
        **{
            "day": _some_day(),
            "source": "live",
            "kind": "view",
            "events": 3,
            "customers": 2,
            **given,
        }
    )


def product_day_rollup(**given: Any) -> ProductDayRollup:
    chosen = given.pop("product", None) or product()
    return ProductDayRollup.objects.create(
        **{"day": _some_day(), "source": "live", "product": chosen, "views": 3, **given}
    )


def search_day_rollup(**given: Any) -> SearchDayRollup:
    phrase = f"tea {next(_numbers)}"
    return SearchDayRollup.objects.create(
        **{"day": _some_day(), "source": "live", "phrase": phrase, "searches": 3, **given}
    )


def _some_day() -> date:
    return timezone.now().date() - timedelta(days=next(_numbers))


def decision(**given: Any) -> Decision:
    return Decision.objects.create(
        **{
            "surface": "home",
            "policy": "popularity",
            "customer": given.pop("customer", None) or customer(),
            "items": [{"sku": "sku-1", "position": 1, "propensity": 1.0}],
            **given,
        }
    )


def logged(decisions: Sequence[Decision]) -> None:
    """Write decisions as an answer does, their days marked for the rollups."""
    Decision.objects.bulk_create(decisions)
    mark_days(moments=((one.at, one.source) for one in decisions))


def outcome(**given: Any) -> Event:
    shown = decision()
    given = {"kind": Event.Kind.IMPRESSION, "customer": shown.customer, **given}
    return Outcome.objects.get(pk=event(decision=shown.pk, **given).pk)


def experiment(**given: Any) -> Experiment:
    n = next(_numbers)
    return Experiment.objects.create(
        **{"key": f"test-{n}", "name": f"Test {n}", "surface": f"s-{n}", **given}
    )


def running_experiment(*, arms: Mapping[str, str], **given: Any) -> Experiment:
    """Put an experiment on `home` in force whose arms, by key, get these policies in equal parts;
    the first is the control."""
    now = timezone.now()
    plan = {"surface": "home", "status": "running", "approved_at": now, "started_at": now}
    made = experiment(**{**plan, **given})
    Arm.objects.bulk_create(
        Arm(
            experiment=made,
            key=key,
            policy=policy,
            weight=round(1 / len(arms), 4),
            is_control=not place,
        )
        for place, (key, policy) in enumerate(arms.items())
    )
    return made


def holdout(**given: Any) -> Holdout:
    """Past ones, unless given otherwise: only one may be active."""
    now = timezone.now()
    plan = {"key": f"held-{next(_numbers)}", "share": "0.1", "is_active": False, "ended_at": now}
    return Holdout.objects.create(**{**plan, **given})


def job(**given: Any) -> Job:
    return Job.objects.create(**{"kind": "train", **given})


def training_run(**given: Any) -> TrainingRun:
    return TrainingRun.objects.create(
        **{"recipe": "recommender", "job": given.pop("job", None) or job(), **given}
    )


def retraining_policy(**given: Any) -> RetrainingPolicy:
    return RetrainingPolicy.objects.create(**{"recipe": f"recipe-{next(_numbers)}", **given})


def drift_reading(**given: Any) -> DriftReading:
    return DriftReading.objects.create(**{"recipe": "recommender", **given})


def model_version(**given: Any) -> ModelVersion:
    return ModelVersion.objects.create(
        **{
            "recipe": "recommender",
            "number": next(_numbers),
            "run": given.pop("run", None) or training_run(),
            "policy": "model",
            "best_baseline": "popularity",
            "directory": "nowhere",
            "verdict": PASSED_VERDICT,
            **given,
        }
    )


def user(**given: Any) -> User:
    return User.objects.create(**{"username": f"u-{next(_numbers)}", **given})


def draft(**given: Any) -> Draft:
    return Draft.objects.create(
        **{
            "product": given.pop("product", None) or product(),
            "kind": Kind.DESCRIPTION,
            "language": "en",
            "text": "A green tea from Uji.",
            "writer": "builtin",
            **given,
        }
    )


def rule_pack_version(**given: Any) -> RulePackVersion:
    """Make a version of China's rules, which nobody activated; the built-in one is number 1."""
    n = next(_numbers)
    return RulePackVersion.objects.create(
        **{"pack": "cn", "number": 1_000 + n, "rules": builtin_text("cn"), "note": f"v {n}"} | given
    )


def signed_exception(**given: Any) -> SignedException:
    n = next(_numbers)
    usual = {
        "rule": "superlatives_en",
        "span_text": "best",
        "text_sha256": "0" * 64,
        "justification": f"The jury's report {n} says so.",
        "requesters": ",",
    }
    draft_, signer = given.pop("draft", None) or draft(), given.pop("signed_by", None) or user()
    return SignedException.objects.create(draft=draft_, signed_by=signer, **{**usual, **given})


def publication(**given: Any) -> Publication:
    reviewer = given.pop("approved_by", None) or user()
    approved = {
        "status": Draft.Status.APPROVED,
        "decided_at": timezone.now(),
        "decided_by": reviewer,
    }
    source = given.pop("draft", None) or draft(**approved)
    return Publication.objects.create(
        **{
            "draft": source,
            "product": source.product,
            "kind": source.kind,
            "language": source.language,
            "number": 1,
            "text": source.text,
            "approved_by": reviewer,
            **given,
        }
    )


def label_policy(**given: Any) -> LabelPolicy:
    return LabelPolicy.objects.create(
        **{"market": given.pop("market", None) or market(), "jurisdiction": "us", **given}
    )


def style_guide(**given: Any) -> StyleGuide:
    return StyleGuide.objects.create(**{"language": "en", "number": next(_numbers), **given})


def glossary_term(**given: Any) -> GlossaryTerm:
    defaults = {"language": "en", "term": f"couch {next(_numbers)}", "preferred": "sofa"}
    return GlossaryTerm.objects.create(**{**defaults, **given})


def webhook_endpoint(**given: Any) -> WebhookEndpoint:
    defaults = {"name": f"hook {next(_numbers)}", "url": "https://shop.example/hooks"}
    events = given.pop("events", ["copy.published", "copy.withdrawn"])
    endpoint, _secret = create_endpoint(**{**defaults, **given}, events=events, actor=None)
    return endpoint


def webhook_message(**given: Any) -> WebhookMessage:
    return WebhookMessage.objects.create(
        **{
            "endpoint": given.pop("endpoint", None) or webhook_endpoint(),
            "type": "copy.published",
            "body": "{}",
            **given,
        }
    )


def missing_facts(**given: Any) -> MissingFacts:
    return MissingFacts.objects.create(
        **{
            "product": given.pop("product", None) or product(),
            "kind": Kind.DESCRIPTION,
            "language": "en",
            "keys": ["material"],
            **given,
        }
    )


def provider_usage(**given: Any) -> ProviderUsage:
    return ProviderUsage.objects.create(
        **{
            "day": date(2026, 5, 1),
            "provider": "openai",
            "model": f"model-{next(_numbers)}",
            **given,
        }
    )


def campaign(**given: Any) -> Campaign:
    n, now = next(_numbers), timezone.now()
    return Campaign.objects.create(
        **{
            "key": f"sale-{n}",
            "titles": {"en": f"Sale {n}"},
            "starts_at": now,
            "ends_at": now + timedelta(days=1),
            "category": given.pop("category", None) or category(),
            **given,
        }
    )


def offer(**given: Any) -> Offer:
    return Offer.objects.create(
        **{
            "campaign": given.pop("campaign", None) or campaign(),
            "code": f"CODE{next(_numbers)}",
            "kind": "percent",
            "value": 5,
            **given,
        }
    )


def surface(**given: Any) -> Surface:
    n = next(_numbers)
    return Surface.objects.create(**{"key": f"surface-{n}", "name": f"Surface {n}", **given})


def rule(**given: Any) -> Rule:
    """A block of a product; an empty `product` leaves the target to what else is given."""
    n = next(_numbers)
    chosen = given.pop("product") if "product" in given else product()
    return Rule.objects.create(**{"name": f"Rule {n}", "kind": "block", "product": chosen, **given})


def health_report(**given: Any) -> HealthReport:
    """A report that computed nothing yet; its scope is none that the page asks for by itself."""
    return HealthReport.objects.create(
        **{
            "surface": f"surface-{next(_numbers)}",
            "days": 28,
            "last_day": timezone.now().date(),
            **given,
        }
    )


def health_alert(**given: Any) -> HealthAlert:
    return HealthAlert.objects.create(
        **{
            "measure": "input_drift",
            "subject": f"input {next(_numbers)}",
            "severity": "look",
            "value": 0.2,
            "threshold": 0.1,
            **given,
        }
    )


def health_threshold(**given: Any) -> HealthThreshold:
    return HealthThreshold.objects.create(
        **{"measure": f"measure-{next(_numbers)}", "look": 0.1, "alarm": 0.25, **given}
    )


def audit_entry(**given: Any) -> AuditEntry:
    return AuditEntry.objects.create(
        **{
            "verb": "approve_draft",
            "actor": given.pop("actor", None) or user(),
            "object_type": "content.draft",
            "object_id": "1",
            "object_label": "Green tea",
            **given,
        }
    )


def api_key(**given: Any) -> ApiKey:
    n = next(_numbers)
    return ApiKey.objects.create(
        **{"name": f"key {n}", "prefix": f"sg_{n}", "sha256": f"{n:064d}", **given}
    )


def market(**given: Any) -> Market:
    n = next(_numbers)
    return Market.objects.create(**{"key": f"m-{n}", "name": f"Market {n}", **given})


def group(**given: Any) -> Group:
    return Group.objects.create(**{"name": f"group {next(_numbers)}", **given})


def failure(**given: Any) -> Failure:
    n, now = next(_numbers), timezone.now()
    return Failure.objects.create(
        **{
            "id": f"{n:032d}",
            "name": f"task-{n}",
            "func": "guidance.behaviour.tasks.roll_up",
            "started": now,
            "stopped": now,
            "success": False,
            "result": "ValueError: no",
            **given,
        }
    )


def schedule(**given: Any) -> Schedule:
    return Schedule.objects.create(
        **{"name": f"s-{next(_numbers)}", "func": "guidance.behaviour.tasks.roll_up", **given}
    )


MAKERS: dict[type[Model], Callable[..., Model]] = {
    Group: group,
    Failure: failure,
    Schedule: schedule,
    User: user,
    Market: market,
    ApiKey: api_key,
    AuditEntry: audit_entry,
    Job: job,
    TrainingRun: training_run,
    ModelVersion: model_version,
    RetrainingPolicy: retraining_policy,
    Category: category,
    Product: product,
    Customer: customer,
    Event: event,
    DayRollup: day_rollup,
    ProductDayRollup: product_day_rollup,
    SearchDayRollup: search_day_rollup,
    Decision: decision,
    Outcome: outcome,
    Experiment: experiment,
    Holdout: holdout,
    Draft: draft,
    Publication: publication,
    RulePackVersion: rule_pack_version,
    SignedException: signed_exception,
    LabelPolicy: label_policy,
    StyleGuide: style_guide,
    GlossaryTerm: glossary_term,
    WebhookEndpoint: webhook_endpoint,
    WebhookMessage: webhook_message,
    MissingFacts: missing_facts,
    ProviderUsage: provider_usage,
    Surface: surface,
    Rule: rule,
    HealthReport: health_report,
    HealthAlert: health_alert,
    HealthThreshold: health_threshold,
    Campaign: campaign,
    Offer: offer,
}
