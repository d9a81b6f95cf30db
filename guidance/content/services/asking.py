"""Asking the shop's language model while a person waits for a page.

It is the model that writes drafts, paid from the same day's budget and counted in the same row. A
page has less patience than a job, so what it finds too slow opens a circuit of its own and leaves
the jobs' alone; where theirs is open, no page asks either.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from guidance.content.services.providers import WriterOptions, writer_options
from guidance.content.services.usage import DatabaseCircuit, DatabaseLedger
from models_ml.writer.checks.form import find_personal_data
from models_ml.writer.checks.injection import find_instructions
from models_ml.writer.providers import (
    CircuitOpen,
    Generation,
    Message,
    NotSupported,
    ProviderError,
    Schema,
)
from models_ml.writer.providers.at_once import ask_server
from models_ml.writer.providers.breaker import Breaker
from models_ml.writer.providers.budget import Budget
from models_ml.writer.providers.openai_shapes import ServerConfig

LONGEST_NAME = 200
MASK = "•"


class NoModel(NotSupported):
    """The shop has chosen no language model."""

    code = "no_model"


class NotAtOnce(NotSupported):
    """The model is one on disk: it takes a process and much memory, so jobs alone call it."""

    code = "not_at_once"


class Misconfigured(NotSupported):
    """The settings name a language model and lack what it needs."""

    code = "misconfigured"


class ReadsLikeInstructions(ProviderError):
    """The text speaks to a machine; it was not sent."""

    code = "instructions"


def model_for_pages() -> str:
    """Return the name of the model that a page may ask; raises NotSupported where there is none."""
    return _options().model


def ask_at_once(messages: Sequence[Message], schema: Schema) -> Generation:
    """Return one answer that honours `schema` within LLM_PAGE_TIMEOUT seconds in all.

    Raises ProviderError: NotSupported, CircuitOpen, BudgetSpent, TooSlow, ProviderUnavailable or
    BadAnswer. No transaction may be open. Nothing of what is asked is kept or logged.
    """
    options = _options()
    name = options.model[:LONGEST_NAME]
    of_jobs = DatabaseCircuit(options.provider, name).read()
    if of_jobs.open_until is not None and of_jobs.open_until > timezone.now():
        raise CircuitOpen(f"left alone after {of_jobs.failures} failures: {of_jobs.reason}")
    budget = Budget(
        DatabaseLedger(options.provider, name),
        daily_tokens=options.daily_tokens,
        daily_money=options.daily_money,
        price=options.price,
    )
    server = ServerConfig(
        base_url=options.url,
        model=options.model,
        api_key=options.api_key,
        timeout=min(options.timeout, settings.LLM_PAGE_TIMEOUT),
        max_tokens=options.max_tokens,
        temperature=0.0,
    )
    breaker = Breaker(DatabaseCircuit(f"{options.provider} pages", name))
    return ask_server(server, messages, schema, budget=budget, breaker=breaker)


def fit_to_send(text: str) -> str:
    """Return a person's text as a model may read it, letter for letter as long.

    What tells how to reach a person, or who they are, is masked, and nothing in it can close the
    fence around it. Raises ReadsLikeInstructions.
    """
    if find_instructions(text):
        raise ReadsLikeInstructions("the text speaks to a machine")
    for start, end in find_personal_data(text):
        text = text[:start] + MASK * (end - start) + text[end:]
    return text.replace("<", "‹")


def _options() -> WriterOptions:
    try:
        options = writer_options()
    except ImproperlyConfigured as wrong:
        raise Misconfigured(str(wrong)) from wrong
    if options.provider == "builtin":
        raise NoModel("no language model is chosen")
    if options.provider != "openai":
        raise NotAtOnce("the language model on disk works in jobs")
    return options
