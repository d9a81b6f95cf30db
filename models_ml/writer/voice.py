"""The shop's voice: its words for things, spelling, address and tone, for writers of every kind.

The builtin writer's texts get it by substitution, which never touches a product's name, a quotation
or what a text claims; language models are told it in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from models_ml.writer.checks.lengths import measure
from models_ml.writer.concepts import KINDS_OF_CONCEPT, named_in
from models_ml.writer.english import plural, with_article
from models_ml.writer.facts import Fact, is_brand
from models_ml.writer.lexicon import rows
from models_ml.writer.naming import display_name
from models_ml.writer.quantities import quantities_of
from models_ml.writer.realiser import Draft, Sentence
from models_ml.writer.terms import Terms, fold

POLITE, FAMILIAR = "nin", "ni"
BRITISH, AMERICAN = "uk", "us"
# What is replaced, and words that only contain it.
_ADDRESS: Mapping[str, Mapping[str, str]] = {
    POLITE: {"你们": "您", "你": "您", "迷你": "迷你"},
    FAMILIAR: {"您": "你"},
}
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|《[^》]*》|「[^」]*」|『[^』]*』|‘[^’]*’")
_ARTICLE = re.compile(r"\b(an?)(\s+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """How the shop calls one thing.

    `term` and `forbidden` become `preferred`, where there is one; `forbidden` are banned from text
    of any author. What is `kept` stays as it is, untranslated, in any text.
    """

    term: str
    preferred: str = ""
    forbidden: tuple[str, ...] = ()
    note: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Voice:
    """How a shop writes in one language; an empty one changes nothing.

    `address` is "nin", "ni" or ""; `spelling` "uk", "us" or "". `longest` are words (characters in
    Chinese) by kind, past which the builtin writer leaves its last sentences out.
    """

    language: str
    terms: tuple[Term, ...] = ()
    address: str = ""
    spelling: str = ""
    tone: str = ""
    do: tuple[str, ...] = ()
    dont: tuple[str, ...] = ()
    longest: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def banned(self) -> frozenset[str]:
        """The words that the shop forbids to text of any author."""
        return frozenset(word for term in self.terms for word in term.forbidden)

    def say(self, text: str, *, title: str = "", facts: Sequence[Fact] = ()) -> str:
        """Return `text` in the shop's words.

        The product's title and brands, quotations and kept terms stay to the letter.
        """
        if not self._words:
            return text
        kept = bytearray(len(text))
        for start, end in _kept_spans(text, title, facts, self.language):
            kept[start:end] = b"\x01" * (end - start)
        said: list[str] = []
        position = 0
        for start, end, word in self._index.find(text):
            if any(kept[start:end]):
                continue
            new = _cased(text[start:end], self._words[fold(word)])
            before = text[position:start]
            said += [_with_article(before, text[start:end], new, self.language), new]
            position = end
        return "".join(said) + text[position:]

    def applied(self, draft: Draft, *, kind: str, title: str, facts: Sequence[Fact]) -> Draft:
        """Return a writer's draft in the shop's words and length, its sentences in their places.

        A sentence keeps the facts that it tells.
        """
        said: list[Sentence] = []
        text, last = "", 0
        for sentence in draft.sentences:
            between = draft.text[last : sentence.start]
            new = self.say(sentence.text, title=title, facts=facts)
            if said and self._is_too_long(kind, text + between + new):
                return replace(draft, text=text, sentences=tuple(said))
            start = len(text) + len(between)
            said.append(Sentence(new, start, start + len(new), sentence.fact_keys))
            text, last = text + between + new, sentence.end
        return replace(draft, text=text + draft.text[last:], sentences=tuple(said))

    def as_prompt(self, language: str = "") -> str:
        """Return the voice in words for a language model, in `language` or its own; '' if empty."""
        return " ".join(_prompt_lines(self, _PROMPTS[language or self.language]))

    def _is_too_long(self, kind: str, text: str) -> bool:
        longest = self.longest.get(kind)
        return longest is not None and measure(text, self.language) > longest

    @cached_property
    def _index(self) -> Terms:
        return Terms(self._words)

    @cached_property
    def _words(self) -> dict[str, str]:
        """What is said instead of what, folded; what must stay inside longer words is itself."""
        words = {**_spelled(self.spelling, self.language), **_ADDRESS.get(self.address, {})}
        for term in self.terms:
            words |= _said_instead(term, self.language)
        return {fold(old): new for old, new in words.items()}


def changes_facts(old: str, new: str) -> bool:
    """Tell whether saying `new` instead of `old` would change what a text claims.

    It would where one names another material, colour, origin or quantity than the other.
    """
    if any(named_in(kind, old) != named_in(kind, new) for kind in KINDS_OF_CONCEPT):
        return True
    return any(
        _quantities(f"{number}{old}") != _quantities(f"{number}{new}") for number in ("", "2 ")
    )


def _quantities(text: str) -> list[tuple[object, object]]:
    return [(quantity.value, quantity.unit) for quantity in quantities_of(text)]


def _said_instead(term: Term, language: str) -> dict[str, str]:
    if term.kept:
        kept = {term.term, plural(term.term)} if language == "en" else {term.term}
        return {word: word for word in kept}
    if not term.preferred:
        return {}
    pairs = {term.preferred: term.preferred}
    for old in (term.term, *term.forbidden):
        if fold(old) != fold(term.preferred) and not changes_facts(old, term.preferred):
            pairs[old] = term.preferred
    if language == "en":
        pairs = {plural(old): plural(new) for old, new in pairs.items()} | pairs
    return pairs


def _spelled(spelling: str, language: str) -> dict[str, str]:
    if language != "en" or spelling not in (BRITISH, AMERICAN):
        return {}
    pairs = [cells for cells in rows("spelling_en") if cells[2] in ("", spelling)]
    if spelling == AMERICAN:
        return {british: american for british, american, _only in pairs}
    return {american: british for british, american, _only in pairs}


def _kept_spans(
    text: str, title: str, facts: Sequence[Fact], language: str
) -> Iterator[tuple[int, int]]:
    """Where `text` quotes, or names the product or its brand to the letter."""
    yield from (match.span() for match in _QUOTED.finditer(text))
    names = {title, display_name(title, language) if title else ""}
    names |= {fact.value for fact in facts if is_brand(fact)}
    for name in names:
        start = text.find(name) if len(name) > 1 else -1
        while start >= 0:
            yield start, start + len(name)
            start = text.find(name, start + 1)


def _cased(old: str, new: str) -> str:
    """Return `new` with the capital that `old` had at the beginning of a sentence."""
    return new[:1].upper() + new[1:] if old[:1].isupper() and old[1:].islower() else new


def _with_article(before: str, old: str, new: str, language: str) -> str:
    """Return the text before a word with the article that the new word wants."""
    found = _ARTICLE.search(before) if language == "en" else None
    wanted = with_article(new).partition(" ")[0]
    if (
        found is None
        or wanted not in ("a", "an")
        or not with_article(old).startswith(("a ", "an "))
    ):
        return before
    article = wanted.capitalize() if found.group(1)[0].isupper() else wanted
    return f"{before[: found.start()]}{article}{found.group(2)}"


_PROMPTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "tone": "Tone: {0}", "do": "Do: {0}", "dont": "Do not: {0}", "join": "; ", "end": ".",
        "say": "Say “{0}”, not {1}", "or": " or ", "quote": "“{0}”",
        "never": "Never say: {0}", "keep": "Never translate or change: {0}",
        "uk": "British spelling", "us": "American spelling",
        "nin": "Address the reader as “您”", "ni": "Address the reader as “你”",
        "description": "A description has at most {0} words",
        "short_description": "A short description has at most {0} words",
    },
    "zh-hans": {
        "tone": "语气：{0}", "do": "要：{0}", "dont": "不要：{0}", "join": "；", "end": "。",
        "say": "用“{0}”，不用{1}", "or": "或", "quote": "“{0}”",
        "never": "禁用：{0}", "keep": "不翻译、不改写：{0}",
        "uk": "用英式拼写", "us": "用美式拼写",
        "nin": "用“您”称呼读者", "ni": "用“你”称呼读者",
        "description": "商品描述不超过{0}字",
        "short_description": "短描述不超过{0}字",
    },
}  # fmt: skip


def _prompt_lines(voice: Voice, words: Mapping[str, str]) -> Iterator[str]:
    """Yield what a language model is told, a sentence each."""

    def line(name: str, *values: str) -> str:
        told = words[name].format(*values)
        return told if told.endswith((".", "。", "!", "！")) else told + words["end"]

    if voice.tone:
        yield line("tone", voice.tone)
    for name, rules in (("do", voice.do), ("dont", voice.dont)):
        if rules:
            yield line(name, words["join"].join(rules))
    for choice in (voice.address, voice.spelling):
        if choice:
            yield line(choice)
    for kind, longest in voice.longest.items():
        if kind in words:
            yield line(kind, str(longest))
    for term in voice.terms:
        others = [one for one in (term.term, *term.forbidden) if one != term.preferred]
        if term.preferred and others:
            quoted = (words["quote"].format(one) for one in others)
            yield line("say", term.preferred, words["or"].join(quoted))
    unreplaced = [one for term in voice.terms if not term.preferred for one in term.forbidden]
    if unreplaced:
        yield line("never", words["join"].join(unreplaced))
    kept = [term.term for term in voice.terms if term.kept]
    if kept:
        yield line("keep", words["join"].join(kept))
