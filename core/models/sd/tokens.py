"""CLIP's tokenizer from the vocabulary that comes with the program: no network, no torch, no transformers."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

VOCABULARY = Path(__file__).parents[2] / "assets" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz"
MERGES = 48_894
"""As many of the file's pairs as CLIP uses."""

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
BOS_ID, EOS_ID = 49406, 49407

# CLIP's own cut into words: contractions, letters, single digits, runs of other signs.
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


@functools.cache
def merges() -> tuple[tuple[str, str], ...]:
    """The pairs of pieces that are joined, in order of precedence."""
    lines = gzip.decompress(VOCABULARY.read_bytes()).decode("utf-8").splitlines()
    pairs = (line.split() for line in lines[1 : MERGES + 1])
    return tuple((first, second) for first, second in pairs)


@functools.cache
def vocabulary() -> dict[str, int]:
    """Token -> id, 49,408: the bytes, the bytes at the end of a word, the joined pieces, two marks."""
    letters = _byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), *(a + b for a, b in merges()), BOS, EOS]
    return {word: number for number, word in enumerate(words)}


@functools.cache
def _tokenizer() -> Tokenizer:
    # As transformers' CLIPTokenizer sets it up; a test holds the two equal.
    model = models.BPE(
        vocab=vocabulary(),
        merges=list(merges()),
        continuing_subword_prefix="",
        end_of_word_suffix="</w>",
        unk_token=EOS,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.add_special_tokens([BOS, EOS])
    return tokenizer


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


def _byte_letters() -> list[str]:
    """A printable letter for each byte, in CLIP's order: those that are printable themselves first."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]
