"""A causal language model on disk or from the hub: prompts in, batches of texts out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from jinja2 import TemplateError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from models_ml.writer.adapters.loading import with_adapter
from models_ml.writer.providers.chat import chat_prompt, end_tokens
from models_ml.writer.providers.decoding import Decoder, Grammar, Row

LONGEST_PROMPT = 8_192
"""Tokens; what a batch takes in memory grows with it."""
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
_HALF_SIGN = "\ufffd"


class BadRequest(ValueError):
    """The model cannot read this prompt or hold to this schema."""


@dataclass(frozen=True)
class Request:
    """What a parent asks for: `n` texts of at most `max_tokens` tokens each."""

    id: int
    messages: Sequence[dict[str, str]]
    schema: dict[str, Any] | None = None
    n: int = 1
    seed: int | None = None
    max_tokens: int = 1_000
    temperature: float = 0.7
    stream: bool = False


@dataclass(frozen=True)
class Prepared:
    """A request with its prompt in words, and a row for each text."""

    asked: Request
    prompt: str
    tokens: int
    rows: list[Row] = field(default_factory=list)


def has_bf16_units(cpu_info: str) -> bool:
    """Whether /proc/cpuinfo names bf16 units; without, bf16 is far slower than float32."""
    flags = (line for line in cpu_info.splitlines() if line.startswith(("flags", "Features")))
    return bool(_BF16_FLAGS & set(next(flags, "").split()))


def _dtype() -> torch.dtype | str:
    if torch.cuda.is_available():
        return "auto"
    info = Path("/proc/cpuinfo")
    has_units = info.exists() and has_bf16_units(info.read_text())
    return "auto" if has_units else torch.float32


class LocalModel:
    """A model in memory, with a trained adapter over it where `adapter` names its folder.

    Raises what transformers raises where it cannot be loaded, and AdapterRefused.
    """

    def __init__(self, path: str, adapter: str = "") -> None:
        self.name = path
        tokenizer: Any = AutoTokenizer.from_pretrained(path, padding_side="left")
        self.tokenizer: Any = tokenizer
        model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=_dtype())
        self.model: Any = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self.ends = end_tokens(self.model, self.tokenizer)
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.convert_ids_to_tokens(self.ends[0])
        text_config = self.model.config.get_text_config()
        self.context: int = getattr(text_config, "max_position_embeddings", LONGEST_PROMPT)
        self.grammar = Grammar(self.tokenizer, text_config.vocab_size, self.ends)
        self.has_adapter = bool(adapter)
        if adapter:
            self.model = with_adapter(self.model, path, Path(adapter))

    def prepared(self, asked: Request) -> Prepared:
        """Make a prompt and rows; raises BadRequest."""
        try:
            prompt = chat_prompt(self.tokenizer, asked.messages)
        except (TemplateError, ImportError, LookupError, TypeError, ValueError) as refused:
            raise BadRequest(f"the model's chat template refuses: {refused}") from refused
        tokens = len(self.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        room = min(self.context - tokens, asked.max_tokens)
        if tokens > LONGEST_PROMPT or room < 1:
            raise BadRequest(f"the prompt has {tokens} tokens, the model reads {self.context}")
        try:
            rows = [self._row(asked, number, room) for number in range(asked.n)]
        except ValueError as bad:
            raise BadRequest(str(bad)) from bad
        return Prepared(asked, prompt, tokens, rows)

    def write(
        self,
        requests: Sequence[Prepared],
        *,
        cancelled: Collection[int],
        hear: Callable[[int, str], None],
    ) -> list[dict[str, Any]]:
        """Write all requests' texts in one batch; `hear` gets the pieces of those that stream.

        Returns for each `{"texts": [{"text", "finish_reason"}], "tokens": [prompt, written]}`.
        """
        prompts = [request.prompt for request in requests for _row in request.rows]
        batch = self._tokens(prompts)
        length = batch["input_ids"].shape[1]
        rows = [row for request in requests for row in request.rows]
        watch = Watch(self, requests, length, cancelled, hear)
        with torch.inference_mode():
            output = self.model.generate(
                **batch,
                max_new_tokens=max(row.limit for row in rows) + 1,
                do_sample=False,
                num_beams=1,
                temperature=None,
                top_p=None,
                top_k=None,
                repetition_penalty=1.0,
                eos_token_id=self.ends,
                pad_token_id=self.tokenizer.pad_token_id,
                logits_processor=LogitsProcessorList(
                    [Decoder(rows, self.ends, length, self.grammar)]
                ),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        return self._answers(requests, output[:, length:].tolist())

    def embed(self, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        """Return the mean of the last layer over each text, of length 1, and the tokens read.

        The base model alone reads, so that vectors can be compared whatever was promoted since.
        """
        batch = self._tokens([text or " " for text in texts], max_length=self.context)
        plain = self.model.disable_adapter() if self.has_adapter else nullcontext()
        with torch.inference_mode(), plain:
            layers = self.model(**batch, output_hidden_states=True).hidden_states
        mask = batch["attention_mask"].unsqueeze(-1)
        means = (layers[-1].float() * mask).sum(1) / mask.sum(1)
        vectors: list[list[float]] = torch.nn.functional.normalize(means).tolist()
        return vectors, int(batch["attention_mask"].sum())

    def read(self, tokens: Sequence[int]) -> str:
        """Return the text of written tokens."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    def _row(self, asked: Request, number: int, room: int) -> Row:
        generator = torch.Generator()
        generator.seed() if asked.seed is None else generator.manual_seed(asked.seed + number)
        row = Row(limit=room, temperature=asked.temperature, generator=generator)
        if asked.schema is not None:
            row.matcher = self.grammar.matcher(asked.schema)
            row.margin = self.grammar.margin(asked.schema)
        return row

    def _tokens(self, texts: Sequence[str], max_length: int | None = None) -> Any:
        batch = self.tokenizer(
            list(texts),
            return_tensors="pt",
            padding=True,
            truncation=max_length is not None,
            max_length=max_length,
            add_special_tokens=max_length is not None,
            return_token_type_ids=False,
        )
        return batch.to(self.model.device)

    def _answers(
        self, requests: Sequence[Prepared], written: Sequence[list[int]]
    ) -> list[dict[str, Any]]:
        answers, place = [], 0
        for request in requests:
            own = [self.until_end(tokens) for tokens in written[place : place + len(request.rows)]]
            place += len(request.rows)
            texts = [
                {"text": self.read(tokens), "finish_reason": "length" if row.is_cut else "stop"}
                for tokens, row in zip(own, request.rows, strict=True)
            ]
            answers.append({"texts": texts, "tokens": [request.tokens, sum(map(len, own))]})
        return answers

    def until_end(self, tokens: list[int]) -> list[int]:
        end = next((place for place, token in enumerate(tokens) if token in self.ends), None)
        return tokens[:end]


class Watch(StoppingCriteria):
    """After each token: hands on what is new in streamed texts, and stops what nobody wants."""

    def __init__(
        self,
        model: LocalModel,
        requests: Sequence[Prepared],
        prompt: int,
        cancelled: Collection[int],
        hear: Callable[[int, str], None],
    ) -> None:
        self._model, self._prompt, self._hear = model, prompt, hear
        self._cancelled = cancelled
        self._owners = [request.asked.id for request in requests for _row in request.rows]
        firsts = [sum(len(r.rows) for r in requests[:place]) for place in range(len(requests))]
        self._streamed = {
            first: ""
            for first, request in zip(firsts, requests, strict=True)
            if request.asked.stream
        }

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any
    ) -> torch.BoolTensor:
        for row, heard in self._streamed.items():
            text = self._model.read(self._model.until_end(input_ids[row, self._prompt :].tolist()))
            if text.startswith(heard) and len(text) > len(heard) and text[-1] != _HALF_SIGN:
                self._streamed[row] = text
                self._hear(self._owners[row], text[len(heard) :])
        stopped = [owner in self._cancelled for owner in self._owners]
        return cast(torch.BoolTensor, torch.tensor(stopped, device=input_ids.device))
