"""Background tasks that failed, sent again."""

from django.db import transaction
from django_q.models import Failure
from django_q.tasks import async_task

from guidance.core.models import User
from guidance.core.services.audit import record_audit


@transaction.atomic
def resubmit_task(*, task: Failure, actor: User) -> None:
    """Queue a failed task once more and take it off the list of failures."""
    record_audit(actor=actor, verb="resubmit_task", target=task, details={"task": task.func})
    async_task(task.func, *(task.args or ()), **(task.kwargs or {}))
    task.delete()
