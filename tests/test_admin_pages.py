"""Every page of the admin: it opens for those who may see it, and never asks more for more rows.

Pages are found from what is registered, so that a new one without a maker of rows fails here.
"""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guidance.core.models import User
from guidance.core.roles import Role
from tests.factories import MAKERS

pytestmark = pytest.mark.django_db
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def _label(model: type[Model]) -> str:
    return model._meta.label


def _url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_page_has_rows_to_be_tested_with() -> None:
    assert {_label(model) for model in MODELS} == {_label(model) for model in MAKERS}


@pytest.mark.parametrize("model", MODELS, ids=_label)
def test_lists_and_details_open_for_those_who_may_view_them_and_for_nobody_else(
    model: type[Model], person: Callable[..., User], client: Client
) -> None:
    row = MAKERS[model]()
    for role in Role:
        user = person(role)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        permission = f"{model._meta.app_label}.view_{model._meta.model_name}"
        expected = 200 if user.has_perm(permission) else 403
        for url in (_url(model, "changelist"), _url(model, "change", row.pk)):
            assert client.get(url).status_code == expected, f"{role} at {url}"


@pytest.mark.parametrize("model", MODELS, ids=_label)
def test_adding_opens_for_those_who_may_add(
    model: type[Model], desk: Callable[..., Client]
) -> None:
    client = desk(Role.ADMINISTRATOR)
    allowed = admin.site._registry[model].has_add_permission(client.get("/admin/").wsgi_request)
    assert client.get(_url(model, "add")).status_code == (200 if allowed else 403)


@pytest.mark.parametrize("model", MODELS, ids=_label)
def test_a_list_asks_no_more_queries_at_200_rows_than_at_1(
    model: type[Model], desk: Callable[..., Client]
) -> None:
    client = desk(Role.ADMINISTRATOR)
    url = _url(model, "changelist")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    MAKERS[model]()
    client.get(url)
    at_one = queries()
    for _ in range(199):
        MAKERS[model]()
    assert queries() <= at_one


def test_nobody_is_let_in_without_a_login(client: Client) -> None:
    answer = client.get("/admin/")
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]
