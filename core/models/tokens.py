"""CLIP's tokenizer, which comes with the program: no network, no torch, no transformers."""

from __future__ import annotations

import functools
import gzip
import json
import re
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

_FILE = Path(__file__).parents[1] / "assets" / "clip" / "tokenizer.json.gz"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"


@functools.cache
def _text() -> str:
    return gzip.decompress(_FILE.read_bytes()).decode("utf-8")


@functools.cache
def _tokenizer() -> Tokenizer:
    return Tokenizer.from_str(_text())


@functools.cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(_text())["model"]
    return tables


def merges() -> list[tuple[str, str]]:
    """The pairs of pieces that are joined, in order of precedence."""
    return [(first, second) for first, second in _tables()["merges"]]


def vocabulary() -> dict[str, int]:
    """Token -> id, 49,408: the bytes, the bytes at the end of a word, the joined pieces, two marks."""
    return dict(_tables()["vocab"])


def encode(text: str) -> list[int]:
    """Token ids of a text, without the marks of start and end."""
    ids: list[int] = _tokenizer().encode(text, add_special_tokens=False).ids
    return ids


def count_tokens(text: str) -> int:
    """How many tokens a text takes, without the marks of start and end."""
    return len(encode(text))


def pieces(text: str) -> list[str]:
    """The tokens of a text as readable pieces, "</w>" at the end of a word left out."""
    return [
        token.removesuffix("</w>") for token in _tokenizer().encode(text, add_special_tokens=False).tokens
    ]


def finder(word: str) -> re.Pattern[str]:
    """Finds a taught word in a text: as a whole word, in any case, as CLIP's tokenizer reads everything."""
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


def files(pad_token: str) -> dict[str, str]:
    """The four files of a tokenizer folder as every version of transformers reads it: name -> contents."""
    marks = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": pad_token}
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "do_lower_case": True,
        "errors": "replace",
    }
    return {
        "vocab.json": json.dumps(vocabulary(), ensure_ascii=False),
        "merges.txt": "#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in merges()),
        "tokenizer_config.json": json.dumps(settings | marks, indent=2),
        "special_tokens_map.json": json.dumps(marks, indent=2),
    }
