"""Who may look at drafts."""

from django.db.models import Q, QuerySet

from guidance.core.models import User


def colleagues(actor: User) -> QuerySet[User]:
    """Return who may decide drafts beside `actor`, by name."""
    allowed = Q(groups__permissions__codename="review_draft") | Q(is_superuser=True)
    people = User.objects.filter(allowed, is_active=True, is_staff=True).exclude(pk=actor.pk)
    return people.distinct().order_by("username")
