"""Resolves what is set as the base model to a path: a local one, or a Hugging Face Hub id downloaded once."""

from __future__ import annotations

import errno
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from core.catalog import MOVED
from core.control import StopRun
from core.errors import Message, UserError
from core.families import FAMILIES
from core.models import hub_token, messages

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
_FILE = (".safetensors", ".ckpt", ".pt", ".bin")
_PARTS = {part.name for spec in FAMILIES.values() for part in spec.parts}
_OURS = re.compile(
    r"(model_index|config)\.json|diffusion_pytorch_model\.(safetensors|bin)"
    rf"|({'|'.join(_PARTS)}|tokenizer(_\d)?|scheduler)/[^/]+\.(json|txt|safetensors|bin)"
)
_VARIANT = re.compile(r"\.(fp16|bf16|non_ema)[.-]")

Report = Callable[[int, int], None]
"""Called with the mebibytes that are here and those of all files; what it raises ends the download."""

_MEBIBYTE = 1 << 20

_NAME_SECONDS, _ANSWER_SECONDS = 4, 15
"""After which there is no connection: until the Hub's name is found, and until it answers a question."""


def is_id(text: str) -> bool:
    """Whether a text has the form of a Hub id, owner/name. A path may have it too."""
    return bool(_HUB_ID.fullmatch(text)) and ".." not in text and not text.lower().endswith(_FILE)


def here(base: str, key: str = "model.base") -> Path | None:
    """The path of a model on this machine, or None for a Hub id that was not fetched yet.

    An existing path wins over an id. Raises UserError when it is neither.
    """
    if not base:
        raise UserError(messages.NONE_SET(key=key))
    path = Path(base).expanduser()
    if path.exists():
        return path
    if not is_id(base):
        raise UserError(messages.MISSING(key=key, path=base))
    return fetched(base)


def fetched(name: str) -> Path | None:
    """Where a Hub model lies since it was fetched; None when it was not, or not wholly. Asks no network."""
    import huggingface_hub

    for probe in ("model_index.json", "config.json"):
        found = huggingface_hub.try_to_load_from_cache(name, probe)
        if isinstance(found, str):
            folder = Path(found).parent
            try:
                index = dict(json.loads(Path(found).read_bytes()))
            except (OSError, ValueError, TypeError, RecursionError):  # damaged: it is fetched again
                return None
            parts = [folder / part for part in _PARTS & index.keys()] if "model" in probe else [folder]
            return folder if all(map(_has_weights, parts)) else None
    return None


def _has_weights(folder: Path) -> bool:
    return any(_is_weights(path.name) for path in folder.glob("*"))


def _is_weights(name: str) -> bool:
    return name.endswith((".safetensors", ".bin"))


def locate(base: str, key: str = "model.base", report: Report | None = None) -> Path:
    """The path of a model; a Hub id is downloaded once into the Hub's own cache.

    Only .safetensors (or, where a model has none, .bin) and small JSON files are fetched; code never is.
    Raises UserError when there is nothing of that name, or no connection.
    """
    told = report or (lambda done, total: None)
    return here(base, key) or download(base, key, told, wanted, messages.NOT_DIFFUSERS)


def wanted(files: list[str]) -> list[str]:
    """Of a repository's files those of a model or a VAE: small texts, and weights once.

    Where a part has no plain weights they are those in fp16.
    """
    every = [file for file in files if _OURS.fullmatch(_VARIANT.sub(".", file))]
    plain = {file.rpartition("/")[0] for file in every if _is_weights(file) and not _VARIANT.search(file)}
    ours = [
        file
        for file in every
        if not (variant := _VARIANT.search(file))
        or (variant[1] == "fp16" and file.rpartition("/")[0] not in plain)
    ]
    safe = {file.rpartition("/")[0] for file in ours if file.endswith(".safetensors")}
    return [file for file in ours if not (file.endswith(".bin") and file.rpartition("/")[0] in safe)]


def download(
    name: str, key: str, report: Report, choose: Callable[[list[str]], list[str]], useless: Message
) -> Path:
    """Download a part of a repository into the Hub's own cache, and give its folder there.

    choose: those of its files that are wanted; where none of them are, `useless` is what is said. Raises
    UserError, and whatever `report` raises.
    """
    import huggingface_hub
    from huggingface_hub import errors

    try:
        _find_host(huggingface_hub.constants.ENDPOINT, report)
        asked = huggingface_hub.HfApi().model_info(name, files_metadata=True, timeout=_ANSWER_SECONDS)
        found = asked.siblings or []
        sizes = {file.rfilename: file.size or 0 for file in found}
        files = choose(list(sizes))
        if not any(_is_weights(file) or file.endswith(".onnx") for file in files):
            raise UserError(useless(key=key, path=name))
        total = max(1, -(-sum(sizes[file] for file in files) // _MEBIBYTE))
        bar = _bar(total, report)
        folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=files, tqdm_class=bar))
    except (StopRun, UserError):
        raise
    except errors.GatedRepoError as error:
        raise UserError(messages.GATED(key=key, path=name)) from error
    except errors.RepositoryNotFoundError as error:
        if name in MOVED:
            raise UserError(messages.TAKEN_DOWN(key=key, path=name, now=MOVED[name])) from error
        raise UserError(messages.UNKNOWN_ID(key=key, path=name)) from error
    except Exception as error:  # the client's HTTP library has changed before, and its errors with it
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status == 401 and hub_token.source():
            raise UserError(messages.TOKEN_REFUSED(key=key, path=name)) from None
        raise UserError(messages.UNREACHABLE(key=key, path=name, error=type(error).__name__)) from error
    report(total, total)
    return folder


def _find_host(endpoint: str, report: Report) -> None:
    """Raises OSError when the Hub's name is not found soon; without a net the system tries for 20 seconds.

    Behind a proxy it is the proxy's to find it.
    """
    report(0, 1)
    url = urlsplit(endpoint)
    if url.hostname is None or getproxies().get(url.scheme):
        return
    failed: list[OSError] = []

    def find() -> None:
        try:
            socket.getaddrinfo(url.hostname, url.port or url.scheme)
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=find, name="rareword-hub", daemon=True)
    thread.start()
    until = time.monotonic() + _NAME_SECONDS
    while thread.is_alive():
        if time.monotonic() > until:
            raise TimeoutError(f"{url.hostname} is not found")
        thread.join(0.2)
        report(0, 1)
    if failed:
        raise failed[0]


def _bar(total: int, report: Report) -> Any:
    """The Hub's progress bars as a report. Two are of bytes (received, written): the further one counts.

    total: mebibytes.
    """
    from tqdm import tqdm

    told = -1

    class Bar(tqdm):  # type: ignore[misc]  # tqdm brings no types
        monitor_interval = 0  # it would start a thread that outlives the download

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "file": io.StringIO()})

        def update(self, n: float | None = 1) -> Any:
            nonlocal told
            drawn = super().update(n)
            done = min(int(self.n) // _MEBIBYTE, total - 1)
            if self.unit == "B" and done > told:
                told = done
                report(done, total)
            return drawn

    return Bar
