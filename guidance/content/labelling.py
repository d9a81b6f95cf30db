"""What shoppers and machines are told of who wrote a text: pure, by market and channel.

China: measures for labelling AI-generated content in force since 2025-09-01, and GB 45438-2025 for
the words and the fields that metadata carries. EU: AI Act, article 50(4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# Writers that follow a grammar and learned nothing from data.
GRAMMARS = frozenset({"builtin"})
# GB 45438-2025: 1 for content that is known to be generated.
GENERATED = "1"


class Jurisdiction(StrEnum):
    CHINA = "china"
    EU = "eu"
    US = "us"
    OTHER = "other"


class Channel(StrEnum):
    PAGE = "page"
    EMAIL = "email"
    PUSH = "push"
    APP = "app"


class Stage(StrEnum):
    """How far people have made a text their own."""

    MACHINE = "machine"
    EDITED = "machine_edited"
    TAKEN_OVER = "taken_over"


# Strictest first: where two markets speak one language, copy in it follows the first of these.
STRICTNESS = (Jurisdiction.CHINA, Jurisdiction.EU, Jurisdiction.OTHER, Jurisdiction.US)
# Where a sentence would take the whole message.
SHORT_CHANNELS = frozenset({Channel.PUSH})
# Each names AI and that it generated the text, which the Chinese standard asks for.
NOTICES: Mapping[str, Mapping[Stage, tuple[str, str]]] = {
    "en": {
        Stage.MACHINE: ("AI-generated text, approved by a person.", "AI-generated"),
        Stage.EDITED: ("AI-generated text, edited and approved by a person.", "AI-generated"),
        Stage.TAKEN_OVER: (
            "AI-generated text, reviewed by our editors, who answer for it.",
            "AI-generated, edited",
        ),
    },
    "zh-hans": {
        Stage.MACHINE: ("本内容由AI生成，经人工审核。", "AI生成"),
        Stage.EDITED: ("本内容由AI生成，经人工编辑和审核。", "AI生成"),
        Stage.TAKEN_OVER: ("本内容由AI生成，经人工审核并由编辑负责。", "AI生成"),
    },
}
# "builtin 5", "builtin 5+writer 3" where a model chose the wording, "builtin 5 without writer 3"
# where it was left out on purpose, "openai gpt 4o" with all of a model's name as its version.
_WRITER = re.compile(
    r"(?P<name>\S+)(?: (?P<version>.+?)(?:(?P<chosen>\+\w+ \d+)| without \w+ \d+)?)?"
)
_SAYS_AI = re.compile(r"人工智能|artificial intelligence|(?<![a-z])AI(?![a-z])", re.IGNORECASE)
_SAYS_GENERATED = re.compile(r"生成|合成|generated|synthe", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """How one market labels.

    `texts` replace built-in notices of copy in `language`: (stage, is short, text).
    """

    jurisdiction: Jurisdiction = Jurisdiction.OTHER
    language: str = ""
    is_shown: bool = True
    drops_after_takeover: bool = False
    producer: str = ""
    texts: tuple[tuple[Stage, bool, str], ...] = field(default=())


@dataclass(frozen=True)
class VisibleLabel:
    """Whether shoppers must be shown the label, and its words; '' where they need not."""

    visible: bool
    notice: str


@dataclass(frozen=True)
class Origin:
    """What is known of a published text: who wrote it, and what people did with it."""

    publication_id: UUID
    writer: str
    language: str
    version: int
    is_edited: bool
    published_at: datetime
    taken_over_at: datetime | None = None

    @property
    def stage(self) -> Stage:
        if self.taken_over_at is not None:
            return Stage.TAKEN_OVER
        return Stage.EDITED if self.is_edited else Stage.MACHINE


USUAL = {
    Jurisdiction.CHINA: Policy(jurisdiction=Jurisdiction.CHINA),
    Jurisdiction.EU: Policy(jurisdiction=Jurisdiction.EU, drops_after_takeover=True),
    Jurisdiction.US: Policy(jurisdiction=Jurisdiction.US),
    Jurisdiction.OTHER: Policy(jurisdiction=Jurisdiction.OTHER),
}


def usual_policy(language: str) -> Policy:
    """Return how copy is labelled while nobody set anything for its market: Chinese by Chinese law,
    and everything else visibly, whatever an editor takes over."""
    return USUAL[Jurisdiction.CHINA if language.startswith("zh") else Jurisdiction.OTHER]


def may_hide(jurisdiction: str) -> bool:
    """Tell whether a market may leave the label out of text that no editor took over."""
    return jurisdiction in (Jurisdiction.US, Jurisdiction.OTHER)


def may_drop_after_takeover(jurisdiction: str) -> bool:
    """Tell whether an editor's responsibility may take the label away; never in China."""
    return jurisdiction != Jurisdiction.CHINA


def names_ai(text: str) -> bool:
    """Tell whether a notice names AI and that it generated the text, as China asks."""
    return bool(_SAYS_AI.search(text) and _SAYS_GENERATED.search(text))


@lru_cache(maxsize=1024)
def visible_label(policy: Policy, channel: Channel, stage: Stage, language: str) -> VisibleLabel:
    """Return the label that shoppers see on a channel, in the language of the text.

    What the law does not allow is not done, whatever the policy says.
    """
    shown = policy.is_shown or not may_hide(policy.jurisdiction)
    dropped = (
        stage == Stage.TAKEN_OVER
        and policy.drops_after_takeover
        and may_drop_after_takeover(policy.jurisdiction)
    )
    if dropped or not shown:
        return VisibleLabel(False, "")
    return VisibleLabel(True, _words(policy, stage, channel in SHORT_CHANNELS, language))


def provenance(origin: Origin, policy: Policy) -> dict[str, Any]:
    """Return what machines are told, as JSON-LD: a schema.org CreativeWork.

    It carries IPTC's digital source type and the implicit label of GB 45438-2025. It stays whatever
    becomes of the visible label. Names of people are never in it.
    """
    writer = _writer(origin.writer)
    creator = {"@type": "SoftwareApplication", "name": writer.name}
    if writer.version:
        creator["softwareVersion"] = writer.version
    content_id = str(origin.publication_id)
    producer = policy.producer or writer.name
    return {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "identifier": f"urn:uuid:{content_id}",
        "version": origin.version,
        "inLanguage": origin.language,
        "dateCreated": origin.published_at.isoformat(),
        "digitalSourceType": source_type(is_trained=writer.is_trained, is_edited=origin.is_edited),
        "creator": creator,
        "provider": {"@type": "Organization", "name": producer},
        "editor": _editor(origin),
        "additionalProperty": {
            "@type": "PropertyValue",
            "propertyID": "AIGC",
            "value": {
                "Label": GENERATED,
                "ContentProducer": producer,
                "ProduceID": content_id,
                "ReservedCode1": "",
                "ContentPropagator": producer,
                "PropagateID": content_id,
                "ReservedCode2": "",
            },
        },
    }


def source_type(*, is_trained: bool, is_edited: bool) -> str:
    """Return IPTC's digital source type of a text, by whether its writer learned from data."""
    if not is_trained:
        return IPTC + ("compositeSynthetic" if is_edited else "algorithmicMedia")
    trained = "compositeWithTrainedAlgorithmicMedia" if is_edited else "trainedAlgorithmicMedia"
    return IPTC + trained


def _editor(origin: Origin) -> dict[str, str]:
    if origin.taken_over_at is not None:
        begun = origin.taken_over_at.isoformat()
        return {"@type": "Role", "roleName": "responsible editor", "startDate": begun}
    return {"@type": "Role", "roleName": "editor" if origin.is_edited else "reviewer"}


def _words(policy: Policy, stage: Stage, is_short: bool, language: str) -> str:
    for own_stage, own_is_short, text in policy.texts:
        if (own_stage, own_is_short, policy.language) == (stage, is_short, language):
            return text
    return NOTICES.get(language, NOTICES["en"])[stage][is_short]


@dataclass(frozen=True)
class _Writer:
    name: str
    version: str
    is_trained: bool


@lru_cache(maxsize=256)
def _writer(told: str) -> _Writer:
    """Read who wrote a text from what its draft kept: a name, and all behind it as the version.

    A grammar counts as trained once a model chose the wording.
    """
    read = _WRITER.fullmatch(told.strip())
    if read is None:
        return _Writer("unknown", "", is_trained=True)
    name, version, chosen = read["name"], read["version"] or "", read["chosen"] or ""
    return _Writer(name, version + chosen, is_trained=name not in GRAMMARS or bool(chosen))
