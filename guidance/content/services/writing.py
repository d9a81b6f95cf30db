"""Writing drafts with the chosen provider; where a language model fails, the builtin one writes."""

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connections

from guidance.catalog.models import Product
from guidance.content.models import Draft
from guidance.content.reranking import FIRST_WORDING, Chooser, promoted_chooser
from guidance.content.selectors.rules import active_rules
from guidance.content.selectors.shop import shop_brands
from guidance.content.selectors.voice import voice_in
from guidance.content.services.examination import examine, facts_as_json, told_by
from models_ml.writer.checks import BLOCK
from models_ml.writer.checks.injection import poisoned
from models_ml.writer.facts import Fact
from models_ml.writer.providers import BadAnswer, CopyTask, Generation, Provider, ProviderError
from models_ml.writer.providers.prompts import (
    COPY_SCHEMA,
    PROMPT_VERSION,
    copy_messages,
    copy_task,
    sentences_of,
    told_again,
)
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
# A first text, and a second one that is told what was wrong with the first.
TRIES = 2
LONGEST_SHOWN = 4_000
# Of a writer, in characters; an adapter stands at its end and is never cut off.
LONGEST_NAME = 50


class Unusable(ProviderError):
    """The model answered, and no text of it passed; `code` is the draft's reason."""

    def __init__(self, code: Draft.Fallback, said: str) -> None:
        super().__init__(said)
        self.reason = code


@dataclass(frozen=True)
class House:
    """What texts of one language are worded and examined by, read once for a batch."""

    brands: Terms
    rules: CompiledRules
    voice: Voice
    chooser: Chooser = FIRST_WORDING


def read_house(language: str, *, chooser: Chooser | None = None) -> House:
    """Return the shop's brands, active rules and voice, and what chooses among wordings: the
    promoted model, unless `chooser` says otherwise."""
    return House(
        shop_brands(),
        active_rules(language),
        voice_in(language),
        promoted_chooser() if chooser is None else chooser,
    )


@dataclass(frozen=True)
class Assignment:
    """One draft to write: about what, in what language, from which facts."""

    product: Product
    kind: str
    language: str
    facts: Sequence[Fact]
    house: House
    version: int = 1

    @property
    def seed(self) -> int:
        """The same product and version give the same text, so a repeated attempt does too."""
        return self.product.pk * SEEDS_PER_PRODUCT + self.version

    def task(self) -> CopyTask:
        """Return what a language model is told: only facts that copy may state."""
        return copy_task(
            self.kind,
            language=self.language,
            title=self.product.title_in(self.language),
            facts=self.facts,
            voice=self.house.voice.as_prompt(),
        )


def batch_size(provider: Provider) -> int:
    """Return how many drafts to write and store together."""
    if provider.name == WRITER:
        return BATCH
    return provider.capabilities().concurrency * ROUNDS


def write_drafts(
    assignments: Sequence[Assignment], provider: Provider
) -> list[Draft | NotEnoughFacts]:
    """Write a draft for each assignment, without storing any; who stores them examines them.

    A language model is asked from as many threads as it can use, each with a connection of its own.
    """
    if provider.name == WRITER:
        return [_written(assignment, provider) for assignment in assignments]

    def work(assignment: Assignment) -> Draft | NotEnoughFacts:
        try:
            return _written(assignment, provider)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(provider.capabilities().concurrency) as pool:
        return list(pool.map(work, assignments))


def write_draft(assignment: Assignment, provider: Provider) -> Draft:
    """Write a draft without storing it; raises NotEnoughFacts.

    Where `provider` fails, its text fails the checks, or the facts are not to be shown to it, the
    builtin writer's draft is returned with its `fallback_reason`.
    """
    builtin = write_builtin(assignment)
    if provider.name == WRITER:
        return builtin
    try:
        return _by_model(assignment, provider)
    except ProviderError as failed:
        logger.warning("%s: the builtin writer writes instead: %s", assignment.product.sku, failed)
        builtin.fallback_reason = _reason(failed)
        return builtin


def write_builtin(assignment: Assignment) -> Draft:
    """Write the builtin writer's draft, neither examined nor stored; raises NotEnoughFacts."""
    chooser = assignment.house.chooser
    written = chooser.write(
        assignment.kind,
        title=assignment.product.title_in(assignment.language),
        facts=assignment.facts,
        language=assignment.language,
        seed=assignment.seed,
    )
    title = assignment.product.title_in(assignment.language)
    voice = assignment.house.voice
    written = voice.applied(written, kind=assignment.kind, title=title, facts=assignment.facts)
    draft = _draft(assignment, written.text, written.sentences)
    draft.writer = chooser.sign(f"{written.writer} {written.version}")
    draft.model = written.version
    return draft


def _written(assignment: Assignment, provider: Provider) -> Draft | NotEnoughFacts:
    try:
        return write_draft(assignment, provider)
    except NotEnoughFacts as thin:
        return thin


def _by_model(assignment: Assignment, provider: Provider) -> Draft:
    """Return the model's draft once one passes; raises ProviderError."""
    task = assignment.task()
    if poisoned(assignment.facts, task.title):
        raise Unusable(Draft.Fallback.INSTRUCTIONS, "title or facts read like instructions")
    asked = messages = copy_messages(task)
    for number in range(TRIES):
        try:
            generation = provider.generate(messages, COPY_SCHEMA, seed=assignment.seed + number)[0]
            text, sentences = sentences_of(generation.parsed, task)
        except BadAnswer as bad:
            answer, faults, reason = bad.text, [str(bad)], Draft.Fallback.BAD_ANSWER
        else:
            draft = _draft(assignment, text, sentences)
            faults = [*_blocking(assignment, draft), *_uncited(sentences)]
            if not faults:
                return _signed(draft, generation)
            answer, reason = generation.text, Draft.Fallback.CHECKS_FAILED
        messages = told_again(asked, answer[:LONGEST_SHOWN], faults, task.language)
    raise Unusable(reason, "; ".join(faults))


def _draft(assignment: Assignment, text: str, sentences: Iterable[Sentence]) -> Draft:
    told = told_by(sentences, assignment.product, assignment.facts, assignment.language)
    return Draft(
        product=assignment.product,
        kind=assignment.kind,
        language=assignment.language,
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
        facts=assignment.facts,
        sentences=draft.sentences,
        brands=assignment.house.brands,
        banned=assignment.house.voice.banned,
        rules=assignment.house.rules,
    )
    return [
        f"{finding['message'] % finding['params']} {finding['hint'] % finding['params']}"
        for finding in found.findings
        if finding["severity"] == BLOCK
    ]


def _uncited(sentences: Iterable[Sentence]) -> list[str]:
    return [f"No fact is cited for: {s.text}" for s in sentences if not s.fact_keys]


def _reason(failed: ProviderError) -> str:
    if isinstance(failed, Unusable):
        return failed.reason
    return failed.code if failed.code in Draft.Fallback.values else Draft.Fallback.UNAVAILABLE
