"""Language models as writers of the bench: the prompt, the checks and the fallback of the desk."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from models_ml.bench.writer_cases import Case
from models_ml.writer.checks import BLOCK, check
from models_ml.writer.checks.injection import poisoned
from models_ml.writer.manner import Manner
from models_ml.writer.providers import BadAnswer, CopyTask, Provider, ProviderError
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger
from models_ml.writer.providers.insisting import TRIES, ChecksFailed, write_until_it_passes
from models_ml.writer.providers.prompts import copy_task
from models_ml.writer.realiser import Draft, Sentence

PROVIDERS = ("openai", "transformers")

WriteBuiltin = Callable[[Case, str, int], Draft]


class Modelled:
    """A language model that writes, and the builtin writer where it fails.

    `fallbacks` counts texts of the builtin writer by the reason, `refused` the model's answers that
    could not be read or did not pass the checks, whether the next one did or not.
    """

    def __init__(
        self, provider: Provider, ledger: MemoryLedger, write_builtin: WriteBuiltin, channel: str
    ) -> None:
        self._provider, self._ledger = provider, ledger
        self._write_builtin, self._channel = write_builtin, channel
        self.written = self.refused = 0
        self.fallbacks: Counter[str] = Counter()

    def __call__(self, case: Case, kind: str, seed: int) -> Draft:
        """Write one text; thin facts are raised before the model is asked."""
        builtin = self._write_builtin(case, kind, seed)
        task = self._task(case, kind)
        if poisoned(case.facts, case.title):
            self.fallbacks["instructions"] += 1
            return builtin

        def faults(text: str, sentences: Sequence[Sentence]) -> list[str]:
            return _blocking(case, task, text)

        try:
            passed = write_until_it_passes(task, self._provider, seed=seed, faults=faults)
        except ProviderError as failed:
            self.fallbacks[failed.code] += 1
            self.refused += TRIES * isinstance(failed, BadAnswer | ChecksFailed)
            return builtin
        self.written += 1
        self.refused += passed.tries - 1
        model = passed.generation.model
        return Draft(passed.text, tuple(passed.sentences), passed.generation.provider, model)

    def figures(self) -> dict[str, Any]:
        """Return what came of the model's texts and what they cost."""
        ledger = self._ledger
        return {
            "by_model": self.written,
            "fallbacks": self.fallbacks.total(),
            "fallback_reasons": dict(self.fallbacks),
            "refused": self.refused,
            "requests": ledger.requests,
            "failed_requests": ledger.failures,
            "prompt_tokens": ledger.prompt_tokens,
            "completion_tokens": ledger.completion_tokens,
        }

    def close(self) -> None:
        """Let go of the provider's connections and processes."""
        self._provider.close()

    def _task(self, case: Case, kind: str) -> CopyTask:
        return copy_task(
            kind,
            language=case.language,
            title=case.title,
            facts=case.facts,
            manner=Manner(channel=self._channel if kind == "push" else ""),
        )


def modelled(options: argparse.Namespace, write_builtin: WriteBuiltin, channel: str) -> Modelled:
    """Return the writer that the options name; exits where they lack something.

    A server's key is read from LLM_API_KEY, so that no command line shows it.
    """
    ledger = MemoryLedger()
    budget, breaker = Budget(ledger), Breaker(MemoryCircuit())
    if options.provider == "openai":
        if not (options.url and options.model):
            sys.exit("--provider openai needs --url and --model")
        from models_ml.writer.providers.openai_compatible import OpenAICompatible
        from models_ml.writer.providers.openai_wire import ServerConfig

        key = os.environ.get("LLM_API_KEY", "")
        server = ServerConfig(options.url, options.model, key, max_tokens=options.max_tokens)
        provider: Provider = OpenAICompatible(server, budget=budget, breaker=breaker)
    else:
        if not options.path:
            sys.exit("--provider transformers needs --path")
        from models_ml.writer.providers.transformers_local import LocalConfig, TransformersLocal

        local = LocalConfig(options.path, batch=1, max_tokens=options.max_tokens)
        provider = TransformersLocal(local, budget=budget, breaker=breaker)
    return Modelled(provider, ledger, write_builtin, channel)


def _blocking(case: Case, task: CopyTask, text: str) -> list[str]:
    found = check(
        text,
        facts=case.facts,
        title=case.title,
        language=case.language,
        kind=task.kind,
        channel=task.manner.channel,
    )
    return [
        " ".join((finding.message % finding.params, finding.hint % finding.params))
        for finding in found
        if finding.severity == BLOCK
    ]
