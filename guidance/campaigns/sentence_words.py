"""In words: who understood a sentence, why the other did not, and what was not believed."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from guidance.campaigns.sentences.answers import Refused
from guidance.campaigns.services.reading import EMPTY, NO_BETTER, WHOLE, Reading
from guidance.content.presentation import failure_in_words
from guidance.content.services.asking import model_for_pages
from models_ml.writer.providers import NotSupported


def reader_in_words(reading: Reading) -> str:
    """Return who understood a sentence, and why the language model or the grammar did not."""
    if reading.model:
        return _(
            "Understood by the language model %(model)s. The builtin grammar, which is asked first,"
            " understood less of it."
        ) % {"model": reading.model}
    by = _("Understood by the builtin grammar.")
    return f"{by} {why_not_the_model(reading)}".strip()


def why_not_the_model(reading: Reading) -> str:
    """Return why the grammar's reading stands, as a sentence; '' where nothing is to be said."""
    if reading.why in ("", EMPTY):
        return ""
    say = _WHY.get(reading.why)
    return say(reading.detail) if say else _("The language model could not be asked.")


def refused_in_words(one: Refused) -> str:
    """Return why a part of the model's answer was not believed."""
    return _REFUSED[one.code](one) % {"quote": one.quote, "said": one.said}


def where_it_goes() -> str:
    """Return what a person should know before writing: where a sentence may be sent."""
    try:
        model = model_for_pages()
    except NotSupported:
        return ""
    return _(
        "What the builtin grammar does not understand to the last word is read by the language"
        " model %(model)s as well. E-mail addresses and telephone numbers are masked; leave out"
        " names of persons."
    ) % {"model": model}


def _unavailable(detail: str) -> str:
    if detail.startswith("HTTP "):
        told = {"status": detail}
        return _("The language model gave no answer: its server refused (%(status)s).") % told
    if (said := failure_in_words(detail)) and " " in detail:
        return _("The language model gave no answer: %(said)s.") % {"said": said}
    return _("The language model could not be reached.")


def _too_slow(detail: str) -> str:
    return _("The language model was asked: %(said)s.") % {"said": failure_in_words(detail)}


def _misconfigured(detail: str) -> str:
    return _("The shop's language model is not set up: %(said)s.") % {"said": detail}


_WHY: Mapping[str, Callable[[str], str]] = {
    WHOLE: lambda _detail: _("It understood every word, so no language model was asked."),
    NO_BETTER: lambda _detail: _("The language model was asked and understood no more of it."),
    "no_model": lambda _detail: _("The shop has set up no language model."),
    "not_at_once": lambda _detail: _(
        "The shop's language model is one on disk, which works in background jobs and not for a"
        " page that waits."
    ),
    "misconfigured": _misconfigured,
    "unavailable": _unavailable,
    "too_slow": _too_slow,
    "circuit_open": lambda _detail: _(
        "The language model failed several times in a row and is left alone for a minute."
    ),
    "budget_spent": lambda _detail: _("Today's budget for the language model is spent."),
    "bad_answer": lambda _detail: _("The language model's answer could not be read."),
    "instructions": lambda _detail: _(
        "The sentence reads like instructions to a machine and was not sent to the language model."
    ),
}


def _number(one: Refused) -> str:
    if not one.said:
        return _("“%(quote)s”: no number stands there.")
    return _("“%(quote)s”: %(said)s does not stand there.")


def _name(one: Refused) -> str:
    if not one.said:
        return _("“%(quote)s”: nothing of the shop's was named.")
    return _("“%(quote)s”: the shop has no “%(said)s”.")


_REFUSED: Mapping[str, Callable[[Refused], str]] = {
    "not_said": lambda _one: _("“%(quote)s” does not stand in the sentence."),
    "too_long": lambda _one: _("“%(quote)s…” is too long a piece to be checked."),
    "name": _name,
    "name_not_said": lambda _one: _("“%(quote)s” does not say “%(said)s”."),
    "number": _number,
    "currency": _number,
    "time": lambda _one: _("“%(quote)s” does not say this time of day."),
    "second": lambda _one: _("“%(quote)s”: a campaign has only one of these."),
    "negated": lambda _one: _("“%(quote)s”: its opposite cannot be said here."),
}
