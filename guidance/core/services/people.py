"""People at the desk."""

from django.contrib.auth.models import Group
from django.db import transaction

from guidance.core.models import User
from guidance.core.roles import Role
from guidance.core.services.audit import record_audit


@transaction.atomic
def create_person(
    *, username: str, password: str, role: Role, language: str = "en", actor: User | None = None
) -> User:
    """Create a person with one role, or give an existing one a new password and that role.

    An administrator is a superuser; four eyes bind superusers too.
    """
    user, _created = User.objects.get_or_create(username=username, defaults={"is_staff": True})
    user.is_staff = True
    user.language = language
    user.is_superuser = role is Role.ADMINISTRATOR
    user.set_password(password)
    user.save()
    user.groups.set(Group.objects.filter(name=role.value))
    record_audit(actor=actor, verb="create_person", target=user, details={"role": role.value})
    return user
