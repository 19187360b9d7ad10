"""What runs have left in the output folders, for a browser to fetch: models, folders of models, samples."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import Lang, UserError
from ui.parts.markup import esc
from ui.text import say
from ui.window import Window

PREFIX = "results"
"""From the page, wherever that is served."""
TRIED = "tries"
"""Begins the ids of images that were generated to try results; those of all others are digests."""
MADE = "models"
"""The folder below the workspace where tools put the models and adapters that they make."""
_MODELS = (".safetensors", ".ckpt")
_BESIDE = (".yaml",)
_IMAGES = (".png", ".jpg", ".jpeg", ".webp")
_MOST_RUNS = 30
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Result:
    """One thing to fetch. id: of its address. files: (file, name in the ZIP) where it is fetched as a ZIP."""

    id: str
    path: Path
    kind: str
    size_bytes: int
    seconds: float
    files: tuple[tuple[Path, str], ...] = ()

    @property
    def name(self) -> str:
        """What the browser saves it as."""
        if self.kind in ("samples", "sheet"):
            return f"{self.path.parent.name}-samples{'.zip' if self.files else self.path.suffix}"
        return f"{self.path.name}.zip" if self.files else self.path.name

    @property
    def address(self) -> str:
        return f"{PREFIX}/{quote(self.id)}"


def output_folders(window: Window) -> list[Path]:
    """The folders whose results may be fetched: the window's own, the form's and the run's."""
    named = [str(window.output), str(window.draft.values.get("save.output_dir") or "")]
    current = window.runner.current
    if current is not None:
        named.append(str(current.config.save.output_dir))
    folders: dict[str, Path] = {}
    for text in named:
        try:
            path = window.paths.confined(text)
        except UserError:
            continue
        if path.is_dir():
            folders.setdefault(os.path.realpath(path), path)
    return list(folders.values())


def results(window: Window) -> list[Result]:
    """Everything there is to fetch, the newest first. Links are passed over, wherever they lead."""
    every = [result for folder in output_folders(window) for result in _inside(folder)]
    return sorted(every, key=lambda result: -result.seconds)


def find(window: Window, id_: str) -> Result | None:
    """The result with this id, from the list: what a request names is never made into a path."""
    listed = [*results(window), *_made(window), *_tried(window)]
    return next((result for result in listed if result.id == id_), None)


def _made(window: Window) -> Iterator[Result]:
    """The models and adapters that tools have made, and nothing else that lies in their folder."""
    folder = window.workspace / MADE
    if not folder.is_symlink():
        yield from _models(folder)


def made_address(window: Window, path: Path) -> str:
    """The address of what a tool has made; "" for what can't be fetched."""
    real = os.path.realpath(path)
    return next((one.address for one in _made(window) if os.path.realpath(one.path) == real), "")


def _tried(window: Window) -> Iterator[Result]:
    """The images that were generated to try results."""
    for entry in _listed(window.tries.folder):
        if entry.is_file(follow_symlinks=False) and entry.name.endswith(".png"):
            state = entry.stat(follow_symlinks=False)
            yield Result(f"{TRIED}/{entry.name}", Path(entry.path), "tried", state.st_size, state.st_mtime)


def tried_address(name: str) -> str:
    """The address of an image that was generated to try a result."""
    return f"{PREFIX}/{TRIED}/{quote(name)}"


def by_place(window: Window) -> dict[str, Result]:
    """Everything there is to fetch, by its real path; see `of_path`."""
    return {os.path.realpath(result.path): result for result in results(window)}


def of_path(found: Mapping[str, Result], path: Path) -> Result | None:
    """What of `by_place` lies at a path."""
    return found.get(os.path.realpath(path))


def at(window: Window, path: str) -> Result | None:
    """The result that lies at a path; None for what can't be fetched."""
    if not path:
        return None
    real = os.path.realpath(path)
    return next((result for result in results(window) if os.path.realpath(result.path) == real), None)


def download_html(address: str, lang: Lang) -> str:
    """A link that saves a result; "" without an address."""
    if not address:
        return ""
    return f'<a class="rw-download" href="{esc(address)}" download>{esc(say("results.download", lang))}</a>'


def _root(folder: Path) -> str:
    """What the ids of a folder's results begin with."""
    return hashlib.blake2b(os.path.realpath(folder).encode("utf-8", "replace"), digest_size=4).hexdigest()


def _models(folder: Path) -> Iterator[Result]:
    root = _root(folder)
    for entry in _listed(folder):
        path = Path(entry.path)
        if entry.is_file(follow_symlinks=False) and path.suffix.lower() in (*_MODELS, *_BESIDE):
            state = entry.stat(follow_symlinks=False)
            yield Result(f"{root}/{entry.name}", path, "model", state.st_size, state.st_mtime)
        elif entry.is_dir(follow_symlinks=False) and (path / "model_index.json").is_file():
            yield from _packed(f"{root}/{entry.name}", path, "folder", None)


def _inside(folder: Path) -> Iterator[Result]:
    root = _root(folder)
    yield from _models(folder)
    runs = sorted(_listed(folder / "runs"), key=lambda entry: entry.name, reverse=True)
    for run in [entry for entry in runs if entry.is_dir(follow_symlinks=False)][:_MOST_RUNS]:
        sheet = Path(run.path) / "samples.png"
        if sheet.is_file() and not sheet.is_symlink():
            state = sheet.stat()
            yield Result(f"{root}/runs/{run.name}.png", sheet, "sheet", state.st_size, state.st_mtime)
        samples = Path(run.path) / "samples"
        if not samples.is_symlink():
            yield from _packed(f"{root}/runs/{run.name}/samples", samples, "samples", _IMAGES)


def _packed(id_: str, folder: Path, kind: str, endings: tuple[str, ...] | None) -> Iterator[Result]:
    """A folder that is fetched as a ZIP; nothing when it is empty."""
    files, size, newest = [], 0, 0.0
    for path, name in _tree(folder, folder.name):
        if endings is None or path.suffix.lower() in endings:
            state = path.stat()
            files.append((path, name))
            size, newest = size + state.st_size, max(newest, state.st_mtime)
    if files:
        yield Result(id_, folder, kind, size, newest, tuple(files))


def _tree(folder: Path, name: str) -> Iterator[tuple[Path, str]]:
    for entry in _listed(folder):
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path), f"{name}/{entry.name}"
        elif entry.is_dir(follow_symlinks=False):
            yield from _tree(Path(entry.path), f"{name}/{entry.name}")


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError:
        return []


class _Pipe(io.RawIOBase):
    """Takes what a ZIP writes and hands it on."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def zipped(result: Result) -> Iterator[bytes]:
    """The files of a result as a ZIP, made while it is sent: neither memory nor disk holds it whole."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for path, name in result.files:
            info = zipfile.ZipInfo.from_file(path, name)
            with path.open("rb") as reader, archive.open(info, "w", force_zip64=True) as writer:
                while chunk := reader.read(_CHUNK):
                    writer.write(chunk)
                    yield pipe.take()
    yield pipe.take()
