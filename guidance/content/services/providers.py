"""Which provider writes the drafts, as the settings say."""

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from guidance.content.adapters import NO_ADAPTER, Adapter, adapter_problem, promoted_adapter
from guidance.content.services.usage import DatabaseCircuit, DatabaseLedger
from models_ml.writer.providers import Provider
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger, Price
from models_ml.writer.providers.builtin import BuiltinProvider

if TYPE_CHECKING:
    from models_ml.writer.providers.transformers_local import LocalConfig, TransformersLocal

BUILTIN = BuiltinProvider()
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class WriterOptions:
    """What the settings say of the writer."""

    provider: str
    url: str
    model: str
    api_key: str = field(repr=False)
    path: str
    concurrency: int
    timeout: float
    max_tokens: int
    daily_tokens: int | None
    daily_money: Decimal | None
    price: Price
    memory_mib: int
    threads: int
    adapter: Adapter = NO_ADAPTER


def writer_options() -> WriterOptions:
    """Read the settings; raises ImproperlyConfigured where what the provider needs is missing."""
    options = WriterOptions(
        provider=settings.WRITER_PROVIDER,
        url=settings.LLM_URL,
        model=settings.LLM_MODEL,
        api_key=settings.LLM_API_KEY,
        path=settings.LLM_PATH,
        concurrency=settings.LLM_CONCURRENCY,
        timeout=settings.LLM_TIMEOUT,
        max_tokens=settings.LLM_MAX_TOKENS,
        daily_tokens=settings.LLM_DAILY_TOKENS,
        daily_money=settings.LLM_DAILY_MONEY,
        price=Price(settings.LLM_PRICE_PROMPT, settings.LLM_PRICE_COMPLETION),
        memory_mib=settings.LLM_MEMORY_MIB,
        threads=settings.MODEL_THREADS,
    )
    needed = {"builtin": (), "openai": ("url", "model"), "transformers": ("path",)}
    if options.provider not in needed:
        known = ", ".join(needed)
        raise ImproperlyConfigured(f"WRITER_PROVIDER {options.provider!r} is none of {known}")
    missing = [f"LLM_{n.upper()}" for n in needed[options.provider] if not getattr(options, n)]
    if missing:
        raise ImproperlyConfigured(
            f"WRITER_PROVIDER {options.provider!r} needs {' and '.join(missing)}"
        )
    return options


def writes_at_once() -> bool:
    """Tell whether the chosen writer is quick enough for a page to wait for: the builtin one."""
    return bool(BUILTIN.name == settings.WRITER_PROVIDER)


def chosen_writer() -> Provider:
    """Return this process's provider, a model on disk with the promoted adapter over it; raises
    ImproperlyConfigured.

    For jobs: no web process calls it, since a language model takes seconds and much memory.
    """
    options = writer_options()
    if options.provider == "transformers":
        options = replace(options, adapter=promoted_adapter())
    return _writer(options)


def unmetered_model(adapter: Adapter) -> "TransformersLocal":
    """Return the model on disk with this adapter over it, for a measurement: no day's budget counts
    what it writes. Raises ImproperlyConfigured.
    """
    from models_ml.writer.providers.transformers_local import TransformersLocal

    config = _local_config(replace(writer_options(), adapter=adapter))
    return TransformersLocal(
        config, budget=Budget(MemoryLedger()), breaker=Breaker(MemoryCircuit())
    )


def reach_writer() -> tuple[bool, str]:
    """Tell whether the chosen writer could write now, without writing, and what it is.

    Asks a server for its models. Raises ImproperlyConfigured and ProviderUnavailable.
    """
    options = writer_options()
    if options.provider == "openai":
        try:
            from models_ml.writer.providers.openai_compatible import OpenAICompatible
        except ImportError as lacking_library:
            return False, f"{options.model} at {options.url}; {lacking_library}"
        server = _writer(options)
        assert isinstance(server, OpenAICompatible)
        offered = server.models()
        missing = "" if options.model in offered else f"; it offers {', '.join(offered) or '-'}"
        return not missing, f"{options.model} at {options.url}{missing}"
    if options.provider == "transformers":
        lacking = [n for n in ("torch", "transformers", "llguidance") if not find_spec(n)]
        is_folder = Path(options.path).expanduser().is_dir()
        is_hub_name = _HUB_NAME.fullmatch(options.path) is not None
        is_well = not lacking and (is_folder or is_hub_name)
        misfit = adapter_problem()
        return is_well and not misfit, ", ".join([options.path, *lacking, *misfit])
    return True, options.provider


@lru_cache(maxsize=1)
def _writer(options: WriterOptions) -> Provider:
    if options.provider == "builtin":
        return BUILTIN
    model = options.model if options.provider == "openai" else options.path
    name = model[:200]
    budget = Budget(
        DatabaseLedger(options.provider, name),
        daily_tokens=options.daily_tokens,
        daily_money=options.daily_money,
        price=options.price,
    )
    breaker = Breaker(DatabaseCircuit(options.provider, name))
    if options.provider == "openai":
        from models_ml.writer.providers.openai_compatible import OpenAICompatible
        from models_ml.writer.providers.openai_wire import ServerConfig

        server = ServerConfig(
            base_url=options.url,
            model=options.model,
            api_key=options.api_key,
            concurrency=options.concurrency,
            timeout=options.timeout,
            max_tokens=options.max_tokens,
        )
        return OpenAICompatible(server, budget=budget, breaker=breaker)
    from models_ml.writer.providers.transformers_local import TransformersLocal

    return TransformersLocal(_local_config(options), budget=budget, breaker=breaker)


def _local_config(options: WriterOptions) -> "LocalConfig":
    from models_ml.writer.providers.transformers_local import LocalConfig

    return LocalConfig(
        path=options.path,
        batch=options.concurrency,
        max_tokens=options.max_tokens,
        memory_mib=options.memory_mib,
        threads=options.threads,
        adapter=options.adapter.folder,
        adapter_name=options.adapter.name,
    )
