"""Who looks at the named shoppers behind a figure is written down."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from guidance.core.models import AuditEntry, User
from guidance.core.services.audit import record_batch_audit
from guidance.customers.models import Customer
from guidance.experiments.selectors.behind import Behind

OPENED = "open_figure_shoppers"
# Who opened shoppers may look at them so long; then they are opened again, and audited again.
OPEN_FOR = timedelta(days=1)


def open_rows(*, behind: Behind, actor: User) -> AuditEntry:
    """Write down who opened the shoppers behind which figure; its entry lets them look a day."""
    count = behind.totals().rows
    return record_batch_audit(
        actor=actor,
        verb=OPENED,
        model=Customer,
        count=count,
        details={**_told(behind), "rows": count},
    )


def may_look(*, entry_id: UUID, behind: Behind, actor: User) -> bool:
    """Tell whether an entry is this person's own, lately made, of this very figure."""
    entry = AuditEntry.objects.filter(pk=entry_id, actor=actor, verb=OPENED).first()
    if entry is None or entry.at <= timezone.now() - OPEN_FOR:
        return False
    return all(entry.details.get(name) == value for name, value in _told(behind).items())


def _told(behind: Behind) -> dict[str, str]:
    return {
        "experiment": behind.experiment.key,
        "metric": f"{behind.metric.key} v{behind.metric.version}",
        "arm": behind.arm,
    }
