"""Where a tagger or captioner lies: a folder here, or a repository of the Hub that is downloaded once."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.captioners import known, manifest, messages
from core.captioners.manifest import Manifest
from core.errors import UserError
from core.formats import header
from core.models import hub

_OF_CAPTIONERS = re.compile(r"[\w.-]+\.(json|txt|jinja|model|safetensors)", re.ASCII)
_NOT_READ = re.compile(r"consolidated|\.fp16\.|\.gguf|onnx")
"""The same weights once more, for other programs."""
_OF_TAGGERS = re.compile(r"[\w.-]+\.(json|toml|csv|onnx|data)", re.ASCII)
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True)
class Found:
    """A model on this computer. manifest: of a tagger; None for a captioner."""

    folder: Path
    manifest: Manifest | None


def here(name: str) -> Found | None:
    """The model of this folder or Hub id; None for one that was not downloaded yet. Asks no network.

    A folder wins over an id. Raises UserError for what is neither, and for a folder that holds no such model.
    """
    if not name.strip():
        raise UserError(messages.UNNAMED())
    path = Path(name).expanduser()
    if path.exists():
        return _in_folder(path)
    if not hub.is_id(name):
        raise UserError(messages.MISSING(path=name))
    own = known.manifest_of(name)
    if own is not None:
        folder = _cached(name, [f"{own.folder}/{file}".lstrip("/") for file in own.names])
        return Found(folder / own.folder, own) if folder else None
    if (folder := _cached_with_manifest(name)) is not None:
        return _in_folder(folder)
    folder = next((found for weights in _WEIGHTS if (found := _cached(name, ["config.json", weights]))), None)
    return Found(folder, None) if folder and not _lacks_shards(folder) else None


def is_tagger(name: str) -> bool:
    """Whether a Hub id is known to be a tagger's; of others that is known once they are here."""
    return known.manifest_of(name) is not None


def located(name: str, report: hub.Report) -> Found:
    """The model, downloaded where it is not here yet. Raises UserError, and whatever `report` raises."""
    found = here(name)
    if found is not None:
        return found
    own = known.manifest_of(name)

    def choose(files: list[str]) -> list[str]:
        if own is not None:
            wanted = {f"{own.folder}/{file}".lstrip("/") for file in own.names}
            return [file for file in files if file in wanted]
        if set(manifest.NAMES) & set(files):
            return [file for file in files if _OF_TAGGERS.fullmatch(file)]
        return [f for f in files if _OF_CAPTIONERS.fullmatch(f) and not _NOT_READ.search(f)]

    folder = hub.download(name, "model", report, choose, messages.NOT_A_CAPTIONER)
    return Found(folder / own.folder, own) if own is not None else _in_folder(folder)


def memory_of(found: Found, bytes_per_number: int) -> int:
    """Bytes that the weights of a captioner take in numbers of this size; of a tagger, those of its files.

    Raises UserError for a file of weights that is damaged.
    """
    if found.manifest is not None:
        return sum((found.folder / name).stat().st_size for name in found.manifest.names)
    headers = (header.read_header(path) for path in sorted(found.folder.glob("*.safetensors")))
    return bytes_per_number * sum(place.numbers for one in headers for place in one.places.values())


def _in_folder(folder: Path) -> Found:
    """What lies in a folder. Raises UserError where it is no such model."""
    if not folder.is_dir():
        raise UserError(messages.NOT_A_CAPTIONER(path=folder))
    stated = manifest.read(folder)
    own = stated or known.manifest_of(str(folder.resolve()))
    if own is not None and not _config(folder):
        inner = folder / own.folder
        place = inner if own.folder and (inner / own.model).is_file() else folder
        missing = next((place / name for name in own.names if not (place / name).is_file()), None)
        if missing is not None:
            raise UserError(messages.LACKS_FILE(path=missing))
        return Found(place, own)
    if _config(folder) and any(folder.glob("*.safetensors")):
        return Found(folder, None)
    if (folder / "model.onnx").is_file():
        example = known.DEFAULT.rpartition("/")[2]
        raise UserError(messages.NO_MANIFEST(path=folder, example=example))
    raise UserError(messages.NOT_A_CAPTIONER(path=folder))


def _config(folder: Path) -> dict[str, Any]:
    """A captioner's config.json; {} where there is none that names its kind."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) and "model_type" in config else {}


def _cached(name: str, files: Sequence[str]) -> Path | None:
    """The folder of a repository in the Hub's cache, where it holds all of these files."""
    import huggingface_hub

    paths = [huggingface_hub.try_to_load_from_cache(name, file) for file in files]
    if not all(isinstance(path, str) for path in paths):
        return None
    return Path(str(paths[0])).parents[files[0].count("/")]


def _cached_with_manifest(name: str) -> Path | None:
    for file in manifest.NAMES:
        folder = _cached(name, [file])
        own = manifest.read(folder) if folder else None
        if folder and own and all((folder / inner).is_file() for inner in own.names):
            return folder
    return None


def _lacks_shards(folder: Path) -> bool:
    """Whether the index of the weights names a file that is not there, as after a download that broke off."""
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text("utf-8"))
        return not all((folder / str(file)).is_file() for file in set(index["weight_map"].values()))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return True
