"""Writing drafts with the chosen provider; where a language model fails, the builtin one writes."""

import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connections

from guidance.catalog.models import Product
from guidance.content.briefs import USUAL, Brief
from guidance.content.models import Draft
from guidance.content.reranking import FIRST_WORDING, Chooser, promoted_chooser
from guidance.content.selectors.rules import active_rules
from guidance.content.selectors.shop import shop_brands
from guidance.content.selectors.voice import voice_in
from guidance.content.services.examination import examine, facts_as_json, told_by
from models_ml.writer.checks import BLOCK
from models_ml.writer.checks.injection import poisoned
from models_ml.writer.facts import Fact
from models_ml.writer.kinds import TooShort
from models_ml.writer.manner import Manner
from models_ml.writer.providers import CopyTask, Generation, Provider, ProviderError
from models_ml.writer.providers.insisting import write_until_it_passes
from models_ml.writer.providers.prompts import PROMPT_VERSION, copy_task
from models_ml.writer.realiser import WRITER, NotEnoughFacts, Sentence
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import Terms
from models_ml.writer.voice import Voice

logger = logging.getLogger(__name__)
SEEDS_PER_PRODUCT = 1000
# One transaction each: 100 texts took 0.3 s to write and 0.1 s to store, so a kill loses little.
BATCH = 100
# Texts of a language model cost seconds and money: few are lost with a batch that is cut off.
ROUNDS = 2
# Why nothing was written: too few facts, or too few characters for the product's name alone.
Unwritten = NotEnoughFacts | TooShort
# Of a writer, in characters; an adapter stands at its end and is never cut off.
LONGEST_NAME = 50


class Poisoned(ProviderError):
    """The facts or the title read like orders to a machine; no model is shown them."""

    code = "instructions"


@dataclass(frozen=True)
class House:
    """What texts of one language and market are worded and examined by, read once for a batch."""

    brands: Terms
    rules: CompiledRules
    voice: Voice
    chooser: Chooser = FIRST_WORDING


def read_house(language: str, market: str = "", *, chooser: Chooser | None = None) -> House:
    """Return the shop's brands, a market's active rules and the voice, and what chooses among
    wordings: the promoted model, unless `chooser` says otherwise."""
    return House(
        shop_brands(),
        active_rules(language, market),
        voice_in(language),
        promoted_chooser() if chooser is None else chooser,
    )


@dataclass(frozen=True)
class Assignment:
    """One draft to write: about what, in what language, from which facts.

    With an `instruction`, a person's words, a language model writes the text that stands as
    `current` again; the builtin writer reads neither.
    """

    product: Product
    kind: str
    language: str
    facts: Sequence[Fact]
    house: House
    version: int = 1
    brief: Brief = USUAL
    instruction: str = ""
    current: str = ""

    @property
    def seed(self) -> int:
        """The same product, place and version give the same text, so a repeated attempt does too.

        A place of its own gives wordings of its own.
        """
        place = "|".join(self.brief.place().values()).strip("|")
        return (
            self.product.pk * SEEDS_PER_PRODUCT + self.version + (zlib.crc32(place.encode()) << 20)
        )

    @property
    def manner(self) -> Manner:
        return self.brief.manner(self.house.rules.pack.key)

    def task(self) -> CopyTask:
        """Return what a language model is told: only facts that copy may state."""
        return copy_task(
            self.kind,
            language=self.language,
            title=self.product.title_in(self.language),
            facts=self.facts,
            voice=self.house.voice.as_prompt(),
            manner=self.manner,
            instruction=self.instruction,
            current=self.current,
        )


def batch_size(provider: Provider) -> int:
    """Return how many drafts to write and store together."""
    if provider.name == WRITER:
        return BATCH
    return provider.capabilities().concurrency * ROUNDS


def write_drafts(assignments: Sequence[Assignment], provider: Provider) -> list[Draft | Unwritten]:
    """Write a draft for each assignment, without storing any; who stores them examines them.

    A language model is asked from as many threads as it can use, each with a connection of its own.
    """
    if provider.name == WRITER:
        return [_written(assignment, provider) for assignment in assignments]

    def work(assignment: Assignment) -> Draft | Unwritten:
        try:
            return _written(assignment, provider)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(provider.capabilities().concurrency) as pool:
        return list(pool.map(work, assignments))


def write_draft(assignment: Assignment, provider: Provider) -> Draft:
    """Write a draft without storing it; raises NotEnoughFacts and TooShort.

    Where `provider` fails, its text fails the checks, or the facts are not to be shown to it, the
    builtin writer's draft is returned with its `fallback_reason`.
    """
    builtin = write_builtin(assignment)
    if provider.name == WRITER:
        return builtin
    try:
        return write_by_model(assignment, provider)
    except ProviderError as failed:
        logger.warning("%s: the builtin writer writes instead: %s", assignment.product.sku, failed)
        builtin.fallback_reason = reason_of(failed)
        return builtin


def write_builtin(assignment: Assignment) -> Draft:
    """Write the builtin writer's draft, neither examined nor stored; raises NotEnoughFacts and
    TooShort."""
    chooser = assignment.house.chooser
    written = chooser.write(
        assignment.kind,
        title=assignment.product.title_in(assignment.language),
        facts=assignment.facts,
        language=assignment.language,
        seed=assignment.seed,
        manner=assignment.manner,
    )
    title = assignment.product.title_in(assignment.language)
    voice = assignment.house.voice
    written = voice.applied(written, kind=assignment.kind, title=title, facts=assignment.facts)
    draft = _draft(assignment, written.text, written.sentences)
    draft.writer = chooser.sign(f"{written.writer} {written.version}")
    draft.model = written.version
    return draft


def _written(assignment: Assignment, provider: Provider) -> Draft | Unwritten:
    try:
        return write_draft(assignment, provider)
    except (NotEnoughFacts, TooShort) as nothing:
        return nothing


def write_by_model(assignment: Assignment, provider: Provider) -> Draft:
    """Return the model's draft, not stored, once one passes every check; raises ProviderError."""
    task = assignment.task()
    if poisoned(assignment.facts, task.title):
        raise Poisoned("title or facts read like instructions")

    def faults(text: str, sentences: Sequence[Sentence]) -> list[str]:
        return _blocking(assignment, _draft(assignment, text, sentences))

    passed = write_until_it_passes(task, provider, seed=assignment.seed, faults=faults)
    return _signed(_draft(assignment, passed.text, passed.sentences), passed.generation)


def _draft(assignment: Assignment, text: str, sentences: Iterable[Sentence]) -> Draft:
    told = told_by(sentences, assignment.product, assignment.facts, assignment.language)
    return Draft(
        product=assignment.product,
        kind=assignment.kind,
        language=assignment.language,
        **assignment.brief.as_fields(),
        text=text,
        version=assignment.version,
        sentences=told,
        facts=facts_as_json(assignment.facts),
    )


def _signed(draft: Draft, generation: Generation) -> Draft:
    draft.provider, draft.model = generation.provider, generation.model[:200]
    name = generation.model.rsplit("/", 1)[-1] if generation.adapter else generation.model
    room = LONGEST_NAME - len(generation.adapter)
    draft.writer = f"{generation.provider} {name}"[:room] + generation.adapter
    draft.prompt_version = PROMPT_VERSION
    return draft


def _blocking(assignment: Assignment, draft: Draft) -> list[str]:
    """Return what fails, in the English that models are told it in."""
    found = examine(
        text=draft.text,
        product=assignment.product,
        kind=assignment.kind,
        language=assignment.language,
        channel=draft.channel,
        longest=draft.longest,
        facts=assignment.facts,
        sentences=draft.sentences,
        brands=assignment.house.brands,
        banned=assignment.house.voice.banned,
        rules=assignment.house.rules,
    )
    return [_fault(finding) for finding in found.findings if finding["severity"] == BLOCK]


def _fault(finding: Mapping[str, Any]) -> str:
    """Return a finding in English; a rule's own hint stands as its author wrote it."""
    hint = finding["hints"].get("en") or finding["hint"] % finding["params"]
    return f"{finding['message'] % finding['params']} {hint}"


def reason_of(failed: ProviderError) -> str:
    """Return the draft's code for why the language model's text is not taken."""
    return failed.code if failed.code in Draft.Fallback.values else Draft.Fallback.UNAVAILABLE
