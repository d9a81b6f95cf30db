"""Every route of the admin beside its lists and forms: who may open it, and that a GET changes
nothing.

Routes are found from the URL conf, so that a new one without an entry here fails.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from guidance.content.models import ReviewTask
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db
ANALYST, ADMINISTRATOR = Role.ANALYST, Role.ADMINISTRATOR
MERCHANDISER, MARKETER, COMPLIANCE = Role.MERCHANDISER, Role.MARKETER, Role.COMPLIANCE
EVERYBODY = set(Role)
SEE_PLANS = {ANALYST, MARKETER, COMPLIANCE, ADMINISTRATOR}
SEE_BEHAVIOUR = {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}


class Route(NamedTuple):
    """What a GET answers those who may, and who they are; None: it takes POST alone, and not from
    those who are `refused`."""

    allowed: set[Role] | None
    row: Callable[[], Model] | None = None
    arguments: tuple[str, ...] = ()
    refused: Role = Role.SUPPORT_AGENT


def _review_task() -> ReviewTask:
    return ReviewTask.objects.create(fact_key="price")


def _listed() -> Model:
    return factories.audience(kind="list")


ROUTES = {
    "index": Route(EVERYBODY),
    "worker_status": Route(EVERYBODY),
    "search": Route(EVERYBODY),
    "password_change_done": Route(EVERYBODY),
    "core_job_state": Route({ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.job),
    "core_job_cancel": Route(None, factories.job),
    "core_apikey_off": Route(None, factories.api_key),
    "training_trainingrun_start": Route(None),
    "training_trainingrun_search": Route(None),
    "training_trainingrun_effects": Route(None),
    "training_trainingrun_use": Route(None, factories.training_run),
    "training_trainingrun_keep": Route(None, factories.training_run),
    "training_trainingrun_curve": Route(
        {ANALYST, MERCHANDISER, ADMINISTRATOR}, factories.training_run
    ),
    "training_modelversion_promote": Route({ANALYST, ADMINISTRATOR}, factories.model_version),
    "training_modelversion_estimate": Route(None, factories.model_version),
    "training_modelversion_roll_back": Route(None),
    "training_retrainingpolicy_usual": Route(None, factories.retraining_policy),
    "experiments_experiment_start": Route(None, factories.experiment),
    "experiments_experiment_stop": Route(None, factories.experiment),
    "experiments_experiment_approve": Route(None, factories.experiment),
    "experiments_experiment_reopen": Route(None, factories.experiment),
    "experiments_experiment_confirm": Route(None, factories.experiment),
    "experiments_experiment_withdraw": Route(None, factories.experiment),
    "experiments_experiment_decide": Route(None, factories.experiment),
    "experiments_experiment_undo": Route(None, factories.experiment),
    "experiments_experiment_archive": Route(None, factories.experiment),
    "experiments_experiment_table": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.experiment
    ),
    "experiments_experiment_outlook": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.experiment
    ),
    "experiments_holdout_end": Route(None, factories.holdout),
    "experiments_experiment_time": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.experiment
    ),
    "experiments_experiment_segments": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.experiment
    ),
    "experiments_experiment_rows": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR},
        partial(factories.running_experiment, arms={"baseline": "popularity", "model": "model"}),
        arguments=("model", "ctr"),
    ),
    "experiments_experiment_open": Route(None, factories.experiment, arguments=("model", "ctr")),
    "experiments_holdout_report": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.holdout
    ),
    "experiments_holdout_table": Route(
        {ANALYST, MARKETER, MERCHANDISER, ADMINISTRATOR}, factories.holdout
    ),
    "content_draft_bulk_approve": Route({MERCHANDISER, ADMINISTRATOR}),
    "content_draft_request": Route({MERCHANDISER, ADMINISTRATOR}),
    "content_draft_rewrite_task": Route(None, _review_task),
    "content_draft_approve": Route(None, factories.draft),
    "content_draft_reject": Route(None, factories.draft),
    "content_draft_edit": Route(None, factories.draft),
    "content_draft_rewrite": Route(None, factories.draft),
    "content_draft_check": Route(None, factories.draft),
    "content_missingfacts_supply": Route(None),
    "content_publication_withdraw": Route(None, factories.publication),
    "content_publication_restore": Route(None, factories.publication),
    "content_publication_cancel": Route(None, factories.publication),
    "content_publication_variant": Route(None, factories.publication),
    "content_publication_compare": Route(None, factories.publication),
    "content_publication_bandit": Route(None, factories.publication),
    "content_copybandit_approve": Route(None, factories.copy_bandit),
    "content_copybandit_stop": Route(None, factories.copy_bandit),
    "content_draft_assign": Route(None, factories.draft),
    "content_draft_comment": Route(None, factories.draft),
    "content_draft_choose": Route(None, factories.draft),
    "content_draft_instruct": Route(None, factories.draft),
    "content_draft_undo": Route(None, factories.draft),
    "content_draft_candidates": Route({MERCHANDISER, ADMINISTRATOR}, factories.draft),
    "content_rulepackversion_try": Route(None, factories.rule_pack_version),
    "content_rulepackversion_activate": Route(None, factories.rule_pack_version),
    "content_rulepackversion_discard": Route(None, factories.rule_pack_version),
    "content_signedexception_sign": Route(None),
    "content_signedexception_revoke": Route(None, factories.signed_exception),
    "content_styleguide_preview": Route({MERCHANDISER, MARKETER, ADMINISTRATOR}),
    "content_styleguide_use": Route(None, factories.style_guide),
    "content_webhookendpoint_rotate": Route(None, factories.webhook_endpoint),
    "content_webhookendpoint_test": Route(None, factories.webhook_endpoint),
    "content_webhookendpoint_switch": Route(None, factories.webhook_endpoint),
    "content_webhookmessage_resend": Route(None, factories.webhook_message),
    "content_publication_take_over": Route(None, factories.publication),
    "content_publication_export": Route(
        {ANALYST, MERCHANDISER, MARKETER, COMPLIANCE, ADMINISTRATOR}, arguments=("csv",)
    ),
    "recommendations_healthreport_compute": Route(None),
    "recommendations_healthreport_table": Route({ANALYST, MERCHANDISER, COMPLIANCE, ADMINISTRATOR}),
    "recommendations_healthalert_acknowledge": Route(None, factories.health_alert),
    "recommendations_surface_preview": Route(
        {ANALYST, MERCHANDISER, ADMINISTRATOR}, factories.surface
    ),
    "campaigns_pushendpoint_rotate": Route(None, factories.push_endpoint),
    "campaigns_campaign_texts": Route({MARKETER, ADMINISTRATOR}),
    "campaigns_campaign_sentence": Route({MARKETER, ADMINISTRATOR}),
    "campaigns_campaign_effect": Route(SEE_PLANS, factories.campaign),
    "campaigns_campaign_wordings": Route(
        SEE_PLANS, lambda: factories.campaign_step(number=1).campaign, arguments=("1",)
    ),
    "campaigns_campaign_compare": Route(None, factories.campaign, arguments=("1",)),
    "campaigns_offer_pool": Route(None, factories.offer),
    "campaigns_pushplan_propose": Route(None, factories.campaign),
    "campaigns_pushplan_stop": Route(None, factories.campaign),
    "campaigns_pushplan_restart": Route(None, factories.campaign),
    "campaigns_pushplan_approve": Route(None, factories.push_plan),
    "campaigns_pushplan_reject": Route(None, factories.push_plan),
    "campaigns_pushplan_test": Route(None, factories.push_plan),
    "campaigns_pushplan_effect": Route(SEE_PLANS, factories.push_plan),
    "campaigns_delivery_settle": Route(None, factories.delivery, arguments=("sent",)),
    "campaigns_audience_preview": Route(None),
    "campaigns_audience_size": Route(None),
    "campaigns_audience_members": Route(None),
    "campaigns_audience_overlap": Route(None),
    "campaigns_audience_count": Route(None, factories.audience),
    "campaigns_audience_list": Route({MARKETER, ADMINISTRATOR}),
    "campaigns_audience_import": Route({MARKETER, ADMINISTRATOR}, _listed),
    "campaigns_audience_imported": Route(
        {ANALYST, MARKETER, ADMINISTRATOR}, factories.audience_import
    ),
    "campaigns_audience_rejects": Route(
        {ANALYST, MARKETER, ADMINISTRATOR}, factories.audience_import
    ),
    "customers_suppression_lift": Route(None, factories.suppression),
    "customers_customer_exclude": Route(None, factories.customer, refused=MARKETER),
    "behaviour_savedview_start": Route(SEE_BEHAVIOUR),
    "behaviour_savedview_analysis": Route(SEE_BEHAVIOUR, arguments=("paths",)),
    "behaviour_savedview_table": Route(SEE_BEHAVIOUR, arguments=("funnel",)),
    "behaviour_savedview_save": Route(None, arguments=("funnel",)),
    "behaviour_savedview_open": Route(None, arguments=("funnel",)),
    "behaviour_savedview_act": Route(None, factories.audit_entry),
    # Each person opens shoppers for themselves.
    "behaviour_savedview_shoppers": Route(set(), factories.audit_entry),
}
# Django's own, which need no rows of ours and are tested there.
DJANGO = {"login", "logout", "autocomplete", "jsi18n", "view_on_site", "app_list"}
STANDARD = ("changelist", "add", "change", "delete", "history")


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def _url(name: str) -> str:
    row = ROUTES[name].row
    rest = ROUTES[name].arguments
    return reverse(f"admin:{name}", args=[row().pk, *rest] if row else rest)


def test_every_route_of_the_admin_is_tested() -> None:
    (site,) = [p for p in get_resolver().url_patterns if getattr(p, "namespace", "") == "admin"]
    forms = {
        f"{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in admin.site._registry
        for page in STANDARD
    }
    own = {name for name in _names(site.url_patterns) if name not in forms | DJANGO}
    own -= {name for name in own if name.endswith("_password_change")}
    assert own - {"password_change", "auth_user_password_change"} == set(ROUTES)


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_opens_for_those_who_may_see_it_and_a_get_changes_nothing(
    name: str, person: Callable[..., User], client: Client
) -> None:
    url, allowed = _url(name), ROUTES[name].allowed
    for role in Role:
        user = person(role)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        before = AuditEntry.objects.count()
        status = client.get(url).status_code
        assert AuditEntry.objects.count() == before
        if allowed is None:
            assert status == 405, role
        else:
            assert status == (200 if role in allowed else 403), role


@pytest.mark.parametrize("name", [n for n, route in ROUTES.items() if route.allowed is None])
def test_a_change_is_refused_to_those_who_may_not_make_it(
    name: str, desk: Callable[..., Client], settings: Any
) -> None:
    assert desk(ROUTES[name].refused).post(_url(name)).status_code == 403


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_asks_strangers_to_log_in(name: str, client: Client) -> None:
    answer = client.get(_url(name))
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]
