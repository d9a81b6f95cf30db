"""The adapter over a language model on disk: which one serves, and what a training of one needs.

Web processes read this module; what trains is in `adapter_training`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.content import learning
from guidance.content.frames import count_decided_products
from guidance.training.models import ModelVersion
from guidance.training.selectors import promoted_version
from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.adapters.files import BASE, check_base, read_files
from models_ml.writer.preference.measure import CURRENT, LEAST_PRODUCTS

RECIPE = "writer_adapter"
PROBLEMS: dict[str, Promise] = {
    "too_few_products": gettext_lazy("too few products are decided"),
    "unsupported_claims": gettext_lazy("it claims more that no fact supports than the base model"),
    BASE: gettext_lazy("it does not clearly save edits against the base model alone"),
    CURRENT: gettext_lazy("it needs more edits than today's model"),
}


@dataclass(frozen=True)
class Adapter:
    """The promoted adapter's folder, and what drafts call it; both '' where none is promoted."""

    folder: str = ""
    name: str = ""


NO_ADAPTER = Adapter()


def promoted_adapter() -> Adapter:
    """Return the adapter that serves; one statement."""
    version = promoted_version(RECIPE)
    return Adapter(str(version.folder), str(version)) if version else NO_ADAPTER


def adapter_problem() -> list[str]:
    """Return why the promoted adapter cannot stand over the base model, as one text; none where it
    can, or none is promoted.
    """
    adapter = promoted_adapter()
    try:
        if adapter.folder:
            check_files(Path(adapter.folder), "model")
    except ArtefactError as problem:
        return [f"{adapter.name}: {problem}"]
    return []


def what_is_lacking() -> str:
    """Return what a training needs and has not, in words for people; '' where it can begin."""
    if settings.WRITER_PROVIDER == "transformers" and settings.LLM_PATH:
        return ""
    return _(
        "A writer adapter is trained over a language model on this machine: set LLM_PATH to its"
        " folder and WRITER_PROVIDER to transformers."
    )


def has_enough() -> bool:
    """Tell whether one can be trained, and enough products are decided to pass the gate."""
    return not what_is_lacking() and count_decided_products() >= LEAST_PRODUCTS


def check_files(folder: Path, policy: str) -> None:
    """Raise ArtefactError where a folder cannot serve; what promotion asks first.

    Whether it belongs to the base model is asked where that lies in a folder of this machine.
    """
    base = Path(settings.LLM_PATH).expanduser()
    if settings.LLM_PATH and base.is_dir():
        check_base(folder, base)
    else:
        read_files(folder)


def verdict_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found: the decision first, then the edits saved by opponent."""
    if not verdict:
        return []
    if verdict["passed"]:
        decision = _(
            "Passed: clearly fewer edits than the base model alone, and no unsupported claim more."
        )
    else:
        problems = "; ".join(str(PROBLEMS[one]) for one in verdict["problems"])
        decision = _("Refused: %(problems)s.") % {"problems": problems}
    return [decision, *learning.verdict_details(verdict)]


def version_page(version: ModelVersion) -> dict[str, Any]:
    """Return what the adapter's part of a version's page shows."""
    return {
        **learning.version_page(version),
        "no_effect": _("No draft of the model on disk is decided yet."),
        "how_measured": _(
            "Edits from what the model writes, drawn with the same seeds, to what was published:"
            " the first answer, before any check. The rates are estimates."
        ),
    }
