"""Captions: the file beside an image, and what is done to its text for one sample."""

from __future__ import annotations

import random
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import files as files_
from core.catalog import Words
from core.config.schema.dataset import DatasetConfig
from core.data.captions import encodings, messages, wildcards
from core.data.names import nfc
from core.errors import Problem
from core.files import NoFile, TooLarge, being_read
from core.reading import reason

FALLBACK = ".txt"
"""Read when the configured kind is missing: other tools write it (sd-scripts' own tagger does)."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")


MOST_BYTES = 2 << 20
"""A caption is a sentence or two, or some hundred tags; a larger file is something else."""


@dataclass(frozen=True)
class Caption:
    """An image's caption. path: its file, None when there is none (then the folder's words are used).

    text: one line; where wildcards are on, every line of the file, any of which may be a sample's caption.
    """

    text: str
    path: Path | None
    problems: tuple[Problem, ...] = ()


def dotted(extension: str) -> str:
    """The extension with its dot, in lower case: "caption" -> ".caption"."""
    return extension.strip().lower() if extension.strip().startswith(".") else f".{extension.strip().lower()}"


def listing(folder: Path) -> dict[str, Path]:
    """The files of a folder by composed name, the extension in lower case, to look captions up in.

    Each stands there in lower case too, where that name is free: Windows finds it so.
    """
    with being_read(folder):
        files = {_lookup_name(path.stem, path.suffix): path for path in sorted(folder.iterdir())}
    for name, path in list(files.items()):
        files.setdefault(name.casefold(), path)
    return files


def _lookup_name(stem: str, suffix: str) -> str:
    return nfc(stem) + suffix.lower()


def find(files: Mapping[str, Path], stem: str, suffix: str) -> Path | None:
    """The file of this name in a `listing`, or None. suffix: with its dot, in lower case."""
    name = _lookup_name(stem, suffix)
    return files.get(name) or files.get(name.casefold())


def read(
    image: Path, extension: str, files: Mapping[str, Path] | None = None, *, all_lines: bool = False
) -> Caption:
    """The caption of an image: the first line of the file of its name and this extension, else .txt.

    files: `listing` of its folder, when there are many images to look up. all_lines: keep every line that
    is not blank, for wildcards.
    """
    files = listing(image.parent) if files is None else files
    wanted = find(files, image.stem, dotted(extension))
    other = find(files, image.stem, FALLBACK)
    path = wanted or other
    if path is None:
        return Caption("", None)
    try:
        data = files_.read(path, MOST_BYTES)
    except OSError as error:
        return Caption("", path, (unreadable(path, error),))
    text = encodings.decode(data)
    if text is None:
        return Caption("", path, (wrong_encoding(path, data),))
    lines = lines_of(text)
    problems = []
    if not lines:
        problems.append(messages.EMPTY(path=path))
    if len(lines) > 1 and not all_lines:
        problems.append(messages.MORE_LINES(path=path, lines=len(lines)))
        lines = lines[:1]
    if wanted and other and wanted != other:
        problems.append(messages.BOTH(path=wanted, other=other.name))
    return Caption("\n".join(lines), path, tuple(problems))


def lines_of(text: str) -> list[str]:
    """The lines of a caption file as they are trained; blank ones left out."""
    return [cleaned for line in re.split(r"\r\n|\r|\n", text) if (cleaned := clean(line))]


def first_word(text: str) -> str:
    """What stands before the first blank or comma."""
    return re.split(r"[\s,]+", text.strip(), maxsplit=1)[0]


def clean(line: str) -> str:
    """Without control characters, terminal sequences and outer blanks; everything else as it is."""
    return _CONTROL.sub("", line.replace("\t", " ")).strip()


def dress(text: str, config: DatasetConfig) -> str:
    """The caption with the prefix and suffix of the run, each of its lines alike.

    Where nothing is drawn at random this is the text that is trained: separators of other kinds are taken
    out already.
    """
    lines = text.split("\n") if config.enable_wildcard else text.split("\n")[:1]
    prefix, suffix = config.caption_prefix, config.caption_suffix
    dressed = "\n".join(" ".join(part for part in (prefix, line, suffix) if part) for line in lines)
    return dressed if is_endless(config) else _finished(dressed, config)


def is_random(config: DatasetConfig) -> bool:
    """Whether captions differ from sample to sample."""
    return is_endless(config) or has_empty(config)


def is_endless(config: DatasetConfig) -> bool:
    """Whether parts are shuffled, dropped or chosen, so that a caption's forms can't be listed beforehand."""
    return config.shuffle_caption or config.caption_tag_dropout_rate > 0 or config.enable_wildcard


def has_empty(config: DatasetConfig) -> bool:
    """Whether a sample may be trained with an empty caption in place of its own."""
    return config.caption_dropout_rate > 0 or config.caption_dropout_every_n_epochs > 0


def vary(text: str, config: DatasetConfig, rng: random.Random, epoch: int = 1) -> str:
    """A dressed caption as one sample trains it. epoch: from 1.

    The order is sd-scripts': the whole caption may be emptied (prefix and suffix too); one line and one of
    each group of alternatives is chosen; the parts between the fixed ones are shuffled and dropped; the
    secondary separator becomes the first. Where sd-scripts differs: there a prefix goes with the first line
    only and a suffix with the last; parts are joined by a comma whatever separates them; and the separator
    of fixed parts stays in the text when nothing is shuffled, or when it stands there three times.
    """
    every = config.caption_dropout_every_n_epochs
    if every > 0 and epoch % every == 0:
        return ""
    if config.caption_dropout_rate > 0 and rng.random() < config.caption_dropout_rate:
        return ""
    if not is_endless(config):
        return text
    if config.enable_wildcard:
        text = wildcards.resolve(rng.choice(text.split("\n")), rng.choice)
    return _finished(text, config, rng)


def longest(text: str, config: DatasetConfig) -> str:
    """The longest form of a dressed caption, by characters: nothing dropped, nothing shuffled."""
    if not is_endless(config):
        return text

    def pick(texts: Sequence[str]) -> str:
        return max(texts, key=len)

    lines = text.split("\n")
    forms = [wildcards.resolve(line, pick) for line in lines] if config.enable_wildcard else lines
    return pick([_finished(form, config) for form in forms])


def _finished(text: str, config: DatasetConfig, rng: random.Random | None = None) -> str:
    """One line with its parts in order, and no separator left but the caption's own.

    rng: shuffles and drops the free parts where the run asks for it; without one nothing is drawn.
    Verbatim when there is nothing to order: double separators stay.
    """
    is_varied = rng is not None and (config.shuffle_caption or config.caption_tag_dropout_rate > 0)
    mark = config.keep_tokens_separator
    if is_varied or (mark and mark in text):
        start, free, end = _parts(text, config)
        if rng is not None and config.shuffle_caption:
            rng.shuffle(free)
        if rng is not None and config.caption_tag_dropout_rate > 0:
            free = [part for part in free if rng.random() >= config.caption_tag_dropout_rate]
        text = (config.caption_separator.rstrip() + " ").join([*start, *free, *end])
    if config.secondary_separator:
        text = text.replace(config.secondary_separator, config.caption_separator)
    return text


def _parts(text: str, config: DatasetConfig) -> tuple[list[str], list[str], list[str]]:
    """The parts that stay at the start, those that are free, those that stay at the end; no empty ones.

    With "A ||| B ||| C" (keep_tokens_separator) B is free; without a second mark all after the first is.
    Without any, the first keep_tokens parts stay, those of the prefix among them.
    """
    mark = config.keep_tokens_separator
    if mark and mark in text:
        start, free, *end = (_split(piece, config.caption_separator) for piece in text.split(mark))
        return start, free, [part for parts in end for part in parts]
    parts = _split(text, config.caption_separator)
    return parts[: config.keep_tokens], parts[config.keep_tokens :], []


def _split(text: str, separator: str) -> list[str]:
    pieces = text.split(separator) if separator else [text]
    return [part for piece in pieces if (part := piece.strip())]


def wrong_encoding(path: Path, data: bytes) -> Problem:
    """A file that is not UTF-8, with what it may be and how to convert it; the guess is shown, never used."""
    byte, guess = encodings.first_odd_byte(data), encodings.guess(data)
    if guess is None:
        return messages.NOT_UTF8(path=path, byte=byte)
    # To be pasted into a shell, whatever signs the folder's name has.
    folder = f'"{path.parent}"' if sys.platform == "win32" else shlex.quote(str(path.parent))
    command = f"python -m core tools utf8 {folder}"
    return messages.OTHER_ENCODING(path=path, byte=byte, encoding=encodings.NAMES[guess], command=command)


def unreadable(path: Path, error: OSError) -> Problem:
    """A file that is there, and can't be read."""
    if isinstance(error, TooLarge):
        return messages.TOO_LARGE(path=path, size=error.size, limit=MOST_BYTES)
    advice = Words("Check its permissions or the drive.", "アクセス権やドライブを確認してください。")
    if isinstance(error, NoFile):
        advice = Words("Remove it from the folder.", "フォルダーから取り除いてください。")
    return messages.UNREADABLE(path=path, reason=reason(error), advice=advice)
