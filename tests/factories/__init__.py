"""Rows for tests: one maker a model, each row valid and different from the last."""

from collections.abc import Callable

from django.contrib.auth.models import Group
from django.db.models import Model
from django_q.models import Failure, Schedule

from guidance.behaviour.models import DayRollup, Event, ProductDayRollup, SavedView, SearchDayRollup
from guidance.campaigns.models import Audience, Campaign, Offer
from guidance.catalog.models import Category, Product
from guidance.content.models import (
    CopyBandit,
    Draft,
    GlossaryTerm,
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
from guidance.core.models import ApiKey, AuditEntry, Job, Market, User
from guidance.customers.models import Customer, Suppression
from guidance.decisions.models import Decision, Outcome
from guidance.experiments.models import Experiment, Holdout, Metric
from guidance.recommendations.models import (
    HealthAlert,
    HealthReport,
    HealthThreshold,
    Rule,
    Surface,
)
from guidance.training.models import ModelVersion, RetrainingPolicy, TrainingRun
from tests.factories.behaviour import (
    day_rollup,
    event,
    product_day_rollup,
    saved_view,
    search_day_rollup,
)
from tests.factories.campaigns import (
    audience,
    audience_import,
    campaign,
    campaign_message,
    campaign_step,
    delivery,
    offer,
    push_plan,
)
from tests.factories.catalog import category, product
from tests.factories.content import (
    copy_bandit,
    draft,
    glossary_term,
    label_policy,
    missing_facts,
    provider_usage,
    publication,
    rule_pack_version,
    signed_exception,
    style_guide,
    webhook_endpoint,
    webhook_message,
)
from tests.factories.core import api_key, audit_entry, failure, group, job, market, schedule, user
from tests.factories.customers import customer, suppression
from tests.factories.decisions import decision, logged, outcome
from tests.factories.experiments import experiment, holdout, metric, running_experiment
from tests.factories.recommendations import (
    health_alert,
    health_report,
    health_threshold,
    rule,
    surface,
)
from tests.factories.training import (
    PASSED_VERDICT,
    drift_reading,
    model_version,
    retraining_policy,
    training_run,
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
    Suppression: suppression,
    Event: event,
    DayRollup: day_rollup,
    ProductDayRollup: product_day_rollup,
    SearchDayRollup: search_day_rollup,
    SavedView: saved_view,
    Decision: decision,
    Outcome: outcome,
    Experiment: experiment,
    Holdout: holdout,
    Metric: metric,
    Draft: draft,
    Publication: publication,
    RulePackVersion: rule_pack_version,
    SignedException: signed_exception,
    CopyBandit: copy_bandit,
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
    Audience: audience,
    Campaign: campaign,
    Offer: offer,
}

__all__ = [
    "MAKERS",
    "PASSED_VERDICT",
    "api_key",
    "audience",
    "audience_import",
    "audit_entry",
    "campaign",
    "campaign_message",
    "campaign_step",
    "category",
    "copy_bandit",
    "customer",
    "day_rollup",
    "decision",
    "delivery",
    "draft",
    "drift_reading",
    "event",
    "experiment",
    "failure",
    "glossary_term",
    "group",
    "health_alert",
    "health_report",
    "health_threshold",
    "holdout",
    "job",
    "label_policy",
    "logged",
    "market",
    "metric",
    "missing_facts",
    "model_version",
    "offer",
    "outcome",
    "product",
    "product_day_rollup",
    "provider_usage",
    "publication",
    "push_plan",
    "retraining_policy",
    "rule",
    "rule_pack_version",
    "running_experiment",
    "saved_view",
    "schedule",
    "search_day_rollup",
    "signed_exception",
    "style_guide",
    "suppression",
    "surface",
    "training_run",
    "user",
    "webhook_endpoint",
    "webhook_message",
]
