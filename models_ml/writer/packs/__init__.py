"""The built-in rule packs: a base for all markets, China, the European Union, the United States."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.rules.model import RulePack
from models_ml.writer.rules.reading import read_pack

BASE = "common"
"""The pack whose rules every market has, unless its own pack has a rule of the same key."""
MARKETS = ("cn", "eu", "us")
PACKS = (BASE, *MARKETS)
_EURO_PACK = frozenset({"EUR", "GBP", "CHF", "SEK", "DKK", "NOK", "PLN", "CZK", "HUF", "RON"})


def builtin_text(key: str) -> str:
    """The JSON of a built-in pack; raises ValueError for an unknown key."""
    if key not in PACKS:
        raise ValueError(f"rule pack {key!r} is none of {', '.join(PACKS)}")
    return files(__name__).joinpath(f"{key}.json").read_text(encoding="utf-8")


@cache
def builtin_pack(key: str) -> RulePack:
    """A built-in pack, read once per process; raises ValueError for an unknown key."""
    return read_pack(builtin_text(key))


@cache
def builtin_rules(market: str) -> CompiledRules:
    """The built-in rules of a market with the base behind them, ready for use."""
    return CompiledRules(builtin_pack(market).over(builtin_pack(BASE)))


def default_market(language: str, currency: str = "") -> str:
    """The pack for a shop that has chosen none: by its currency, and by language without one."""
    if currency == "CNY" or (not currency and language == "zh-hans"):
        return "cn"
    return "eu" if currency in _EURO_PACK else "us"
