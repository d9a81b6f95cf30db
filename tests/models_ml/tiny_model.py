"""A tiny causal language model, made on the spot: it only babbles, or says what it was taught."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from models_ml.writer.providers.chat import chat_prompt

TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEXTS = ["The mug is made of oak.", '{"sentences":[{"text":"It is black.","facts":["colour"]}]}']


def make_tiny_model(
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    texts: Sequence[str] = TEXTS,
    vocabulary: int = 400,
    seed: int = 0,
) -> Path:
    """Write weights, tokenizer and chat template into `folder`; 40,000 weights.

    A larger vocabulary made from the prompts' own words reads them in few tokens.
    """
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator([*texts] * 20, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token=SPECIAL[0], pad_token=SPECIAL[0], chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder)
    return folder


def teach(
    folder: Path,
    messages: Sequence[Mapping[str, str]],
    answers: Mapping[str, float],
    *,
    steps: int = 120,
) -> Path:
    """Have the model in `folder` know answers by heart, each as likely as its weight says."""
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    prompt = tokenizer(chat_prompt(tokenizer, messages), add_special_tokens=False)["input_ids"]
    rows = []
    for answer, weight in answers.items():
        said = [*tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        labels = [-100] * len(prompt) + said
        rows.append((torch.tensor([prompt + said]), torch.tensor([labels]), weight))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _step in range(steps):
        optimizer.zero_grad()
        for ids, labels, weight in rows:
            (weight * model(input_ids=ids, labels=labels).loss).backward()
        optimizer.step()
    model.save_pretrained(folder)
    return folder
