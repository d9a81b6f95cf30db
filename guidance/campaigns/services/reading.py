"""Reading a sentence: by the grammar, and where that leaves words over by the language model.

The grammar is exact, quick and free, so a sentence that it understands to the last word is sent
nowhere. Of another the shop's language model is asked, and its answer counts where it leaves fewer
letters not understood. Whatever keeps the model from answering, the grammar has answered already.
Nothing of a sentence is kept or logged. What the model made of it travels to the page under a
signature and comes back from there, so that what is begun is what was seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from guidance.campaigns.sentences.answers import Answered, Refused, take_answer
from guidance.campaigns.sentences.grammar import LONGEST, understand
from guidance.campaigns.sentences.prompts import ANSWER_SCHEMA, sentence_messages
from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.sentences.vocabulary import read_vocabulary
from guidance.content.services.asking import ask_at_once, fit_to_send, model_for_pages
from guidance.core.models import User
from models_ml.writer.providers import ProviderError

ADD = "campaigns.add_campaign"
SALT = "campaigns.sentence"
SEAL_SECONDS = 24 * 60 * 60
# Beside the codes of ProviderError: why the grammar's reading stands.
WHOLE, EMPTY, NO_BETTER = "whole", "empty", "no_better"


@dataclass(frozen=True)
class Reading:
    """What was understood and by whom: the model of this name, or the grammar where it is ''.

    `why` is the code of why the model's reading is not shown, `detail` what came in its stead;
    `refused` are parts of the model's answer that were not believed. `seal` brings a model's
    reading back.
    """

    found: Understood
    model: str = ""
    why: str = ""
    detail: str = ""
    refused: Sequence[Refused] = field(default_factory=list)
    seal: str = ""


def read_sentence(*, sentence: str, actor: User) -> Reading:
    """Return what a sentence means; it may spend from the budget for language models.

    Raises PermissionDenied for who may not begin campaigns. No transaction may be open.
    """
    if not actor.has_perm(ADD):
        raise PermissionDenied
    text, vocabulary = sentence.strip()[:LONGEST], read_vocabulary()
    by_grammar = understand(text, vocabulary)
    if not text:
        return Reading(by_grammar, why=EMPTY)
    if not by_grammar.unresolved:
        return Reading(by_grammar, why=WHOLE)
    try:
        model = model_for_pages()
        sent = fit_to_send(text)
        generation = ask_at_once(sentence_messages(sent, vocabulary), ANSWER_SCHEMA)
    except ProviderError as failed:
        return Reading(by_grammar, why=failed.code, detail=str(failed))
    answered = take_answer(text, sent, generation.parsed["parts"], vocabulary)
    found = answered.found
    if not found.may_begin or found.unresolved_letters >= by_grammar.unresolved_letters:
        return Reading(by_grammar, why=NO_BETTER, refused=answered.refused)
    seal = _seal(text, answered, model, actor)
    return Reading(found, model=model, refused=answered.refused, seal=seal)


def reopen(*, sentence: str, seal: str, actor: User) -> Reading:
    """Return a reading as it was seen, by the grammar where no model read it; nobody is asked.

    Raises ValidationError where the seal is of another sentence, person or day, or where the shop's
    words have changed since.
    """
    text, vocabulary = sentence.strip()[:LONGEST], read_vocabulary()
    if not seal:
        return Reading(understand(text, vocabulary))
    told = _opened(seal)
    if told.get("sentence") != text or told.get("actor") != actor.pk:
        raise ValidationError(_("This was read of another sentence: look at it again."))
    answered = take_answer(text, fit_to_send(text), told["parts"], vocabulary)
    if answered.refused:
        raise ValidationError(_("The shop's words have changed: look at the sentence again."))
    return Reading(answered.found, model=told["model"], seal=seal)


def _seal(text: str, answered: Answered, model: str, actor: User) -> str:
    told = {
        "sentence": text,
        "actor": actor.pk,
        "model": model,
        "parts": [dict(part) for part in answered.accepted],
    }
    return signing.dumps(told, salt=SALT, compress=True)


def _opened(seal: str) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = signing.loads(seal, salt=SALT, max_age=SEAL_SECONDS)
    except signing.BadSignature:
        raise ValidationError(_("This was read too long ago: look at it again.")) from None
    return told
