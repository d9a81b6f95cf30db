"""The customers' pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from guidance.core.roles import Role


@pytest.mark.parametrize("key", ["²", "9223372036854775808", "1" * 5_000])
def test_a_customer_that_cannot_be_is_not_there(desk: Callable[..., Client], key: str) -> None:
    answer = desk(Role.ADMINISTRATOR).get(f"/admin/customers/customer/{key}/change/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
