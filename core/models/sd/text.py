"""Captions to token ids to text states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import CLIPTokenizer

from core.config.schema.model import ModelConfig
from core.errors import UserError
from core.families import Part
from core.models import tokens
from core.models.sd import messages

WINDOW = 77
"""Tokens CLIP reads at once, start and end included."""

KEPT = 65536
"""Captions whose token ids are kept."""


class Taught(NamedTuple):
    """A word that was taught. finder: finds it in a text. ids: of its tokens, which no vocabulary has."""

    finder: re.Pattern[str]
    ids: list[int]


class Tokens:
    """Captions to token ids on a device; those of a caption are worked out once."""

    def __init__(self, clip: CLIPTokenizer) -> None:
        self.clip = clip
        self._kept: dict[tuple[object, ...], Tensor] = {}
        self._taught: Taught | None = None

    def teach(self, word: str, count: int) -> int:
        """Read a word as `count` tokens of its own; the number of the first, which the others follow.

        With no word none is read so any more.
        """
        first = len(self.clip)
        self._taught = Taught(tokens.finder(word), [*range(first, first + count)]) if word else None
        self._kept.clear()
        return first

    def __call__(self, captions: Sequence[str], config: ModelConfig, device: torch.device) -> Tensor:
        """(B, T). Without padding the length is that of the longest caption, so it is worked out for all."""
        is_short = config.no_token_padding
        groups = [tuple(captions)] if is_short else [(caption,) for caption in captions]
        return torch.cat([self._ids(group, config.max_token_length, is_short, device) for group in groups])

    def _ids(self, captions: tuple[str, ...], length: int, is_short: bool, device: torch.device) -> Tensor:
        key = (captions, length, is_short, device)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = tokenize(self.clip, captions, length, is_short, self._taught).to(device)
        return self._kept[key]


def folder_of(part: str) -> str:
    """The folder of a text encoder's tokenizer: text_encoder_2 -> tokenizer_2."""
    return part.replace("text_encoder", "tokenizer")


def tokenizer(part: Part, source: Path, text_encoder: Any) -> CLIPTokenizer:
    """CLIP's tokenizer with the part's padding; a Diffusers folder with more tokens has its own."""
    folder = source / folder_of(part.name)
    rows = text_encoder.get_input_embeddings().weight.shape[0]
    if rows != len(tokens.vocabulary()) and folder.is_dir():
        own: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        return own
    return CLIPTokenizer(
        vocab=tokens.vocabulary(),
        merges=tokens.merges(),  # type: ignore[arg-type]  # pairs, in spite of its types
        pad_token=pad_token(part.pad_token_id),
        model_max_length=WINDOW,
    )


def pad_token(pad_token_id: int) -> str:
    """The token of an id: CLIP-L is filled up with the mark of the end, OpenCLIP with "!"."""
    return next(
        token.removesuffix("</w>") for token, number in tokens.vocabulary().items() if number == pad_token_id
    )


def tokenize(
    tokenizer: CLIPTokenizer,
    captions: Sequence[str],
    max_token_length: int,
    no_token_padding: bool,
    taught: Taught | None = None,
) -> Tensor:
    """Token ids, each row start mark, caption, end mark, padding.

    Returns (B, max_token_length + 2). With no_token_padding only as long as the longest caption of the
    batch, or, beyond 75 tokens, the next multiple of 75 plus 2.
    """
    length = max_token_length + 2
    padding: Any = "longest" if no_token_padding else "max_length"
    if taught is not None:
        ids = _with_word(tokenizer, captions, length, no_token_padding, taught)
    else:
        ids = tokenizer(
            list(captions), padding=padding, truncation=True, max_length=length, return_tensors="pt"
        ).input_ids
    if ids.shape[1] <= WINDOW:
        return ids
    short = -(ids.shape[1] - 2) % (WINDOW - 2)
    return torch.nn.functional.pad(ids, (0, short), value=tokenizer.pad_token_id)


def _with_word(
    tokenizer: CLIPTokenizer, captions: Sequence[str], length: int, is_short: bool, taught: Taught
) -> Tensor:
    """As the tokenizer gives them, (B, T), a taught word as its own tokens."""
    rows = []
    for caption in captions:
        body: list[int] = []
        for number, piece in enumerate(taught.finder.split(caption)):
            body += taught.ids if number else []
            body += tokenizer(piece, add_special_tokens=False).input_ids
        rows.append([tokenizer.bos_token_id, *body[: length - 2], tokenizer.eos_token_id])
    width = max(map(len, rows)) if is_short else length
    return torch.tensor([row + [tokenizer.pad_token_id] * (width - len(row)) for row in rows])


def encode(text_encoder: Any, token_ids: Tensor, clip_skip: int | None, tokenizer: CLIPTokenizer) -> Tensor:
    """Text states of token ids (B, T): (B, T, width).

    More than 77 ids are read in windows of 75, each with a start and an end mark of its own; of the marks
    only the first and the last stay, so that 3 windows give 227 states. clip_skip: states of this many
    layers from the end, then the last norm. Raises UserError when there are not so many.
    """
    windows = cut(token_ids, tokenizer)
    if clip_skip is None:
        states: Tensor = text_encoder(windows).last_hidden_state
    else:
        every = text_encoder(windows, output_hidden_states=True).hidden_states
        if clip_skip > len(every):
            raise UserError(messages.TOO_FEW_LAYERS(layers=len(every) - 1, clip_skip=clip_skip))
        states = text_encoder.final_layer_norm(every[-clip_skip])
    return joined(states, len(token_ids))


def joined(states: Tensor, batch: int) -> Tensor:
    """States of windows (B * n, T, width) -> (B, n * (T - 2) + 2, width); of one window as they are."""
    if len(states) == batch:
        return states
    states = states.reshape(batch, -1, WINDOW, states.shape[-1])
    middle = states[:, :, 1:-1].reshape(batch, -1, states.shape[-1])
    return torch.cat([states[:, 0, :1], middle, states[:, -1, -1:]], dim=1)


def cut(ids: Tensor, tokenizer: CLIPTokenizer) -> Tensor:
    """Rows of n * 75 + 2 ids -> (B * n, 77), as sd-scripts cuts them (strategy_base._get_input_ids).

    Up to 77 ids are one window.
    """
    if ids.shape[1] <= WINDOW:
        return ids
    eos, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    bodies = ids[:, 1:-1].reshape(len(ids), -1, WINDOW - 2)
    starts = ids[:, :1, None].expand(-1, bodies.shape[1], 1)
    ends = ids[:, -1:, None].expand(-1, bodies.shape[1], 1)
    windows = torch.cat([starts, bodies, ends], dim=2).flatten(0, 1)
    if pad == eos:
        return windows
    # OpenCLIP: a window that is full ends with the end mark, and an empty one is start, end, padding.
    is_full = (windows[:, -2] != eos) & (windows[:, -2] != pad)
    is_empty = windows[:, 1] == pad
    windows[:, -1] = torch.where(is_full, eos, windows[:, -1])
    windows[:, 1] = torch.where(is_empty, eos, windows[:, 1])
    return windows
