"""What came of the drafts that each version of the writer wrote: edits, approvals, rejections."""

import re
from dataclasses import dataclass, field

from guidance.content.models import Draft
from models_ml.writer.edits import edit_distance

MOST_DRAFTS = 4_000
# By recipe: how the names of the writers it works with begin, and how a version of it ends them.
_WRITERS = {
    "writer": ("builtin ", re.compile(r"\+writer (\d+)$")),
    "writer_adapter": ("transformers ", re.compile(r"\+writer_adapter (\d+)$")),
}


@dataclass
class Effect:
    """Decided drafts of one version of the writer; `number` 0 stands for no model.

    `edits` are words or Chinese characters changed, one figure a published text.
    """

    number: int
    edits: list[int] = field(default_factory=list)
    rejected: int = 0

    @property
    def texts(self) -> int:
        return len(self.edits) + self.rejected

    @property
    def edits_per_text(self) -> float | None:
        return sum(self.edits) / len(self.edits) if self.edits else None

    @property
    def approval_rate(self) -> float:
        return len(self.edits) / self.texts

    @property
    def untouched_rate(self) -> float:
        """The share that was approved word for word as written."""
        return sum(edits == 0 for edits in self.edits) / self.texts


def effect_by_version(recipe: str = "writer") -> list[Effect]:
    """Return what came of the newest MOST_DRAFTS decided drafts of the recipe's writer, by the
    version of it that had a part in them; one statement.
    """
    begins, version = _WRITERS[recipe]
    drafts = (
        Draft.objects.decided()
        .filter(writer__startswith=begins)
        .only("writer", "kind", "language", "text", "sentences", "status", "edited_by")
        .order_by("-decided_at")[:MOST_DRAFTS]
    )
    found: dict[int, Effect] = {}
    for draft in drafts:
        number = _number(version.search(draft.writer))
        effect = found.setdefault(number, Effect(number))
        if draft.status == Draft.Status.REJECTED:
            effect.rejected += 1
        else:
            effect.edits.append(_edits(draft))
    return [found[number] for number in sorted(found)]


def _number(signed: re.Match[str] | None) -> int:
    return int(signed.group(1)) if signed else 0


def _edits(draft: Draft) -> int:
    if draft.edited_by_id is None:
        return 0
    return edit_distance(draft.as_written(), draft.text, draft.language)
