"""Paths that come from the page: one place that says which are allowed, and lists to pick from."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.catalog import HUB_MODELS, HUB_VAES
from core.config.schema.option import Option
from core.data.names import EXCLUDED
from core.errors import Problem, UserError
from core.models import hub
from core.runs.past_runs import RUNS
from core.tools.table import TOOLS
from ui.window import messages

LONGEST = 1024
LONGEST_NAME = 255
"""Bytes; what Linux and macOS take for one part of a path. Windows takes as many letters."""
MODEL_ENDINGS = (".safetensors", ".ckpt")

_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{device}{n}" for device in ("COM", "LPT") for n in range(1, 10))}
)
_ON_THE_HUB = {"model.base": HUB_MODELS, "model.vae": HUB_VAES}
_COUNTED = re.compile(r"\d+_.+")
_NOT_LOOKED_INTO = frozenset({"cache", "samples", EXCLUDED})
_DEEPEST = 5
_MOST = 300
_LONGEST_WALK = 0.7
"""Seconds; a list to pick from must never keep the page waiting."""


@dataclass(frozen=True)
class Offers:
    """What lies below the allowed folders, as short paths."""

    models: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


@dataclass
class Paths:
    """The rule for every path typed into the page.

    here: what relative paths are taken from. workspace: where the window writes. roots: what may be
    read. is_local: the page is served to this computer only, so any local path may be typed.
    """

    here: Path
    workspace: Path
    roots: tuple[Path, ...] = ()
    is_local: bool = True
    allowed: tuple[Path, ...] = field(init=False)

    def __post_init__(self) -> None:
        folders = (self.workspace, *self.roots)
        resolved = tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders))
        self.allowed = resolved

    def allow(self, folder: Path) -> None:
        """One more folder to read from until the window is closed, chosen at this computer.

        Raises ValueError where others can reach the page.
        """
        if not self.is_local:
            raise ValueError(f"{folder} may not be allowed over the network")
        self.allowed = tuple(dict.fromkeys((*self.allowed, Path(os.path.realpath(folder)))))

    def absolute(self, text: str, key: str = "") -> str:
        """The absolute path a text names. Raises UserError when it may not be used."""
        return str(self.confined(text, key))

    def confined(self, text: str, key: str = "") -> Path:
        """As `absolute`, as a Path. Where others can reach the page, only what lies in an allowed folder."""
        text = text.strip().strip('"')
        self._refuse_strange(text, key)
        if self.is_local:
            return Path(os.path.normpath(self.here / Path(text).expanduser()))
        lexical = Path(os.path.normpath(self.here / text))
        # Looked at as text first, so that nothing outside is ever touched; then as what links really lead to.
        inside = any(lexical.is_relative_to(folder) for folder in (*self.allowed, *self._as_named()))
        if not inside or not self.is_inside(lexical):
            raise UserError(self._outside(text, key))
        return lexical

    def model(self, text: str, key: str = "") -> str:
        """As `absolute`, for a model, which may also be named by its Hugging Face id: that stays as it is."""
        text = text.strip().strip('"')
        self._refuse_strange(text, key)
        # What lies here under that name wins over the Hub, so it is bound to the rule for paths.
        if hub.is_id(text) and not os.path.lexists(self.here / text):
            return text
        return self.absolute(text, key)

    def writable(self, text: str, key: str = "") -> Path:
        """As `confined`, for what is written: where others can reach the page, only below the workspace."""
        path = self.confined(text, key)
        if not self.is_local and not Path(os.path.realpath(path)).is_relative_to(self.allowed[0]):
            problem = messages.OUTSIDE_WORKSPACE(key=key, given=text, workspace=self.workspace)
            raise UserError(problem)
        return path

    def is_inside(self, path: Path) -> bool:
        """Whether what a path leads to, links followed, lies in an allowed folder."""
        return any(Path(os.path.realpath(path)).is_relative_to(folder) for folder in self.allowed)

    def _as_named(self) -> Iterator[Path]:
        yield from (Path(os.path.normpath(self.here / folder)) for folder in (self.workspace, *self.roots))

    def _refuse_strange(self, text: str, key: str) -> None:
        """NUL and control characters, network and device paths, addresses, streams: never meant."""
        is_strange = (
            not text
            or len(text) > LONGEST
            or any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text)
            or text.startswith(("\\\\", "//"))
            or "://" in text
        )
        parts = re.split(r"[\\/]", text)
        is_strange = is_strange or any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in parts)
        if os.name == "nt" or not self.is_local:
            names = parts[1:] if re.fullmatch(r"[A-Za-z]:", parts[0]) and os.name == "nt" else parts
            is_strange = is_strange or any(
                ":" in name or name.split(".")[0].rstrip(" ").upper() in _RESERVED for name in names
            )
        if not self.is_local:
            is_strange = is_strange or text.startswith("~") or (os.name != "nt" and "\\" in text)
        if is_strange:
            shown = "".join(c if c.isprintable() else "?" for c in text[:60])
            raise UserError(messages.STRANGE_PATH(key=key, given=shown))

    def _outside(self, text: str, key: str) -> Problem:
        folders = ", ".join(str(folder) for folder in self.allowed)
        return messages.OUTSIDE_ROOTS(key=key, given=text, folders=folders)

    def short(self, path: str) -> str:
        """A path as people like to read it: from the current folder where it lies there."""
        given = Path(path)
        if given.is_absolute() and given.is_relative_to(self.here):
            return given.relative_to(self.here).as_posix()
        return path

    def find(self) -> Offers:
        """What there is to pick from, looked for below the allowed folders."""
        models: list[str] = []
        data: list[str] = []
        states: list[str] = []
        runs: list[str] = []
        until = time.monotonic() + _LONGEST_WALK
        for folder in self.allowed:
            for path, names, files in _walk(folder, until):
                if "model_index.json" in files and _has_weights(path / "unet"):
                    models.append(self.short(str(path)))
                if "state.json" in files:
                    states.append(self.short(str(path)))
                if path.name == RUNS:  # their names begin with the time: the newest first
                    runs += [self.short(str(path / name)) for name in reversed(names)]
                if any(_COUNTED.fullmatch(name) for name in names) and path.name != RUNS:
                    data.append(self.short(str(path)))
                models += [self.short(str(path / f)) for f in files if f.lower().endswith(MODEL_ENDINGS)]
        return Offers(*(tuple(dict.fromkeys(offers))[:_MOST] for offers in (models, data, states, runs)))

    def offered(self, option: Option, offers: Offers | None = None) -> list[tuple[str, str]]:
        """The list to pick from for one option: what is shown and what it stands for, which is the same."""
        offers = offers or Offers()
        offer: Sequence[str] = ()
        if option.key == "save.resume":
            offer = ("auto", *offers.states)
        elif option.meta.path == "run":
            offer = offers.runs
        elif option.section == "dataset" or (option.section in TOOLS and option.meta.path == "folder"):
            offer = offers.data
        elif option.meta.path == "folder":
            offer = [self.short(str(self.workspace / ("logs" if option.section == "log" else "output")))]
        elif option.meta.path:
            offer = (*offers.models, *_ON_THE_HUB.get(option.key, ()))
        return [(text, text) for text in offer]


def _has_weights(folder: Path) -> bool:
    """Not so in the folder of configs that lies beside a single file."""
    return any(file.suffix in (".safetensors", ".bin") for file in folder.glob("*"))


def _walk(folder: Path, until: float) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Folders below this one with the names in them; hidden ones, states' insides and links left out."""
    waiting = [(folder, 0)]
    while waiting and time.monotonic() < until:
        path, depth = waiting.pop(0)
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError:
            continue
        names = [e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]
        files = [e.name for e in entries if e.is_file() and not e.name.startswith(".")]
        is_whole = "state.json" in files or "model_index.json" in files
        yield path, names, [f for f in files if not is_whole or f.endswith(".json")]
        if depth < _DEEPEST and not is_whole:
            waiting += [(path / name, depth + 1) for name in names if name not in _NOT_LOOKED_INTO]


def file_name(text: str, key: str = "") -> str:
    """A bare file or folder name. Raises UserError for what would be a path, or no name on some system."""
    name = text.strip()
    is_bad = (
        not name
        or len(name.encode("utf-8", "replace")) > 120
        or name.startswith(".")
        or name.endswith(".")
        or name.split(".")[0].upper() in _RESERVED
        or any(c in '<>:"/\\|?*' or not c.isprintable() for c in name)
    )
    if is_bad:
        raise UserError(messages.NOT_A_NAME(key=key, given=name[:60]))
    return name
