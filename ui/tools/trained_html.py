"""What a file of weights was trained with and how much it changes where, as HTML; it is a stranger's file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from core.catalog import Words
from core.errors import Lang
from core.formats.metadata import THUMBNAIL
from core.tools import trained_with
from core.tools.trained_with import FACT_WORDS, TaggedFolder
from core.tools.weights import Layer
from ui.parts.chart import part_name
from ui.parts.markup import capital, esc, facts, note, table
from ui.parts.numbers import short_text
from ui.text import say

TAGS = 24
"""That are shown; the others are only counted."""

_FOLDERS = 12
_LAYERS = 24
"""Of one block that are listed, the largest."""

_IMAGE = re.compile(r"data:image/(?:jpeg|png|webp);base64,[A-Za-z0-9+/]+={0,2}", re.ASCII)
_LARGEST_IMAGE = 1_000_000
"""Letters of an image's text that is shown."""

_ORDER = ("conv_in", "down_blocks", "mid_block", "up_blocks")
"""Blocks of one part in the order in which numbers pass them; others before, by name."""


def training_html(metadata: Mapping[str, str], lang: Lang) -> str:
    """Settings, tags, folders and the image of a file, or that it tells nothing of a training."""
    training = trained_with.of(metadata)
    thumbnail = _thumbnail(metadata.get(THUMBNAIL, ""), lang)
    if not training:
        return thumbnail + note(say("inspect.untold", lang))
    pairs = [(_capital(FACT_WORDS[name], lang), value) for name, value in training.facts.items()]
    return (
        f'<section class="rw-trained"><h3>{esc(say("inspect.trained", lang))}</h3>'
        f"<div>{thumbnail}{facts(pairs)}</div>"
        f"{_tags(training.tags, lang)}{_folders(training.folders, lang)}"
        # script/head.js opens the dialog that takes the settings of a file.
        f'<p class="rw-acts"><button type="button" class="rw-act rw-open-files">'
        f"{esc(say('inspect.use', lang))}</button></p></section>"
    )


def _capital(words: Words, lang: Lang) -> str:
    return capital(words.en, words.ja) if lang == "en" else words.of(lang)


def _thumbnail(url: str, lang: Lang) -> str:
    """The image that a file brings, where it is one that a browser only draws."""
    if len(url) > _LARGEST_IMAGE or not _IMAGE.fullmatch(url):
        return ""
    return f'<img class="rw-thumbnail" src="{esc(url)}" alt="{esc(say("inspect.thumbnail", lang))}">'


def _tags(tags: Sequence[tuple[str, int]], lang: Lang) -> str:
    if not tags:
        return ""
    chips = "".join(f"<span>{esc(tag)}<i>{count:,}</i></span>" for tag, count in tags[:TAGS])
    left = len(tags) - TAGS
    more = f"<small>{esc(say('inspect.tags.more', lang, n=left))}</small>" if left > 0 else ""
    return f'<h4>{esc(say("inspect.tags", lang))}</h4><p class="rw-chips">{chips}{more}</p>'


def _folders(folders: Sequence[TaggedFolder], lang: Lang) -> str:
    if not folders:
        return ""
    head = [say(f"inspect.folder.{name}", lang) for name in ("name", "images", "repeats", "use")]
    rows = [
        (
            folder.name,
            f"{folder.images:,}" if folder.images else "",
            f"{folder.repeats:,}" if folder.repeats else "",
            say("inspect.folder.reg" if folder.is_reg else "inspect.folder.train", lang),
        )
        for folder in folders[:_FOLDERS]
    ]
    return f"<h4>{esc(say('inspect.folders', lang))}</h4>" + table(head, rows, frozenset({1, 2}))


def weights_html(layers: Sequence[Layer], lang: Lang) -> str:
    """The norm of the change of each block as a bar, by part; a click lists the layers of a block."""
    known = [layer for layer in layers if layer.norm is not None]
    told = note(say("inspect.weights.base", lang)) if len(known) < len(layers) else ""
    if not known:
        return told
    blocks: dict[tuple[str, str], list[Layer]] = {}
    for layer in known:
        blocks.setdefault((layer.part, layer.block), []).append(layer)
    norms = {key: _together(those) for key, those in blocks.items()}
    most = max(norms.values()) or 1.0
    parts = "".join(
        f"<h4>{esc(part_name(part, lang))}</h4>"
        + "".join(
            _block(block, norms[part, block] / most, norms[part, block], blocks[part, block])
            for block in sorted((b for p, b in blocks if p == part), key=_place)
        )
        for part in dict.fromkeys(part for part, _ in blocks)
    )
    whole = say("inspect.weights.all", lang, norm=short_text(_together(known)), n=len(known))
    return (
        f'<section class="rw-weights"><h3>{esc(say("inspect.weights", lang))}</h3>'
        f"<p>{esc(whole)}</p>{parts}{told}</section>"
    )


def _together(layers: Sequence[Layer]) -> float:
    """The norm of all their changes."""
    return math.sqrt(sum((layer.norm or 0.0) ** 2 for layer in layers))


def _place(block: str) -> tuple[int, list[tuple[int, str]]]:
    """Where a block stands among those of its part."""
    start = block.partition(".")[0]
    numbered = [(int(name), "") if name.isdecimal() else (0, name) for name in block.split(".")]
    return (_ORDER.index(start) if start in _ORDER else 0), numbered


def _block(name: str, share: float, norm: float, layers: Sequence[Layer]) -> str:
    largest = sorted(layers, key=lambda layer: -(layer.norm or 0.0))[:_LAYERS]
    top = largest[0].norm or 1.0
    rows = "".join(_row(layer.name, (layer.norm or 0.0) / top, layer.norm or 0.0) for layer in largest)
    return f"<details><summary>{_row(name, share, norm)}</summary><div>{rows}</div></details>"


def _row(name: str, share: float, norm: float) -> str:
    width = max(0.0, min(1.0, share)) * 100
    bar = f'<span class="rw-share"><i style="width:{width:.1f}%"></i></span>'
    return f'<span class="rw-weight"><code>{esc(name)}</code>{bar}<b>{short_text(norm)}</b></span>'
