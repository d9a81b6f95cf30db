"""Which rules hold for copy: the active pack of its market, compiled once per version."""

import uuid
from collections.abc import Sequence
from functools import lru_cache

from guidance.content.models import Draft, PublishedCopy, RulePackVersion
from guidance.core.models import Market
from models_ml.writer.packs import BASE, builtin_pack, builtin_text, default_market
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.rules.model import RulePack
from models_ml.writer.rules.reading import read_pack


def pack_of_market(market: Market) -> str:
    """Return the key of the pack that a market chose, or the one for its currency."""
    return market.rule_pack or default_market(market.language, market.currency)


def pack_for_language(language: str) -> str:
    """Return the key of the pack for copy in a language: its market's, the default one first."""
    market = Market.objects.filter(language=language).order_by("-is_default", "key").first()
    return pack_of_market(market) if market else default_market(language)


def pack_for_copy(language: str, market: str = "") -> str:
    """Return the key of the pack for copy in a language that is written for a market, or for all.

    Copy for a market that is gone is held to its language's rules.
    """
    row = Market.objects.filter(key=market).first() if market else None
    return pack_of_market(row) if row else pack_for_language(language)


def copy_of_pack(pack: str, languages: Sequence[str]) -> list[tuple[str, str]]:
    """Return the (language, market) of all copy that the pack holds for; the base holds for all.

    The market is '' for copy that is written for all of them. Copy for a market that is gone, or
    that speaks another language now, is among them.
    """
    places = [(language, "") for language in languages]
    markets = Market.objects.filter(language__in=languages).order_by("key")
    places += [(market.language, market.key) for market in markets]
    live = PublishedCopy.objects.filter(status=PublishedCopy.Status.LIVE)
    for texts in (live, Draft.objects.waiting()):
        found = texts.filter(language__in=languages).order_by("language", "market")
        places += found.values_list("language", "market").distinct()
    return [place for place in dict.fromkeys(places) if pack in (BASE, pack_for_copy(*place))]


def active_rules(language: str, market: str = "") -> CompiledRules:
    """Return the rules for copy in `language` for a market as they are active now; two or three
    small queries.

    Every process sees a new version at once, since the ids of the active ones are read each time;
    what they say is compiled once per process.
    """
    pack = pack_for_copy(language, market)
    active = RulePackVersion.objects.filter(status="active", pack__in=[pack, BASE])
    ids = dict(active.values_list("pack", "pk"))
    return _compiled(pack, ids.get(pack), ids.get(BASE))


def rules_with(version: RulePackVersion, pack: str) -> CompiledRules:
    """Return a market's rules as they would be with `version` active."""
    changed = version_pack(version.pk)
    if version.pack == BASE:
        return CompiledRules(_active_pack(pack).over(changed))
    return CompiledRules(changed.over(_active_pack(BASE)))


def newest_rules(pack: str) -> str:
    """Return the JSON of a pack's newest version, or of the built-in one."""
    newest = RulePackVersion.objects.filter(pack=pack).order_by("-number").first()
    return newest.rules if newest else builtin_text(pack)


@lru_cache(maxsize=32)
def version_pack(version_id: uuid.UUID) -> RulePack:
    """Return what a stored version says, read once per process: it never changes."""
    return read_pack(RulePackVersion.objects.values_list("rules", flat=True).get(pk=version_id))


def _active_pack(pack: str) -> RulePack:
    version = RulePackVersion.objects.filter(status="active", pack=pack).only("pk").first()
    return version_pack(version.pk) if version else builtin_pack(pack)


@lru_cache(maxsize=16)
def _compiled(pack: str, own: uuid.UUID | None, base: uuid.UUID | None) -> CompiledRules:
    own_pack = version_pack(own) if own else builtin_pack(pack)
    base_pack = version_pack(base) if base else builtin_pack(BASE)
    return CompiledRules(own_pack.over(base_pack))
