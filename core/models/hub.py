"""From what a person wrote as the base model to a path: one here, or one of the Hugging Face Hub."""

from __future__ import annotations

import errno
import io
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from core.catalog import MOVED, Words
from core.control import StopRun
from core.errors import Problem, UserError, plain_problem

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
_FILE = (".safetensors", ".ckpt", ".pt", ".bin")
_OURS = re.compile(
    r"(model_index|config)\.json|diffusion_pytorch_model\.(safetensors|bin)"
    r"|(unet|vae|text_encoder|tokenizer|scheduler)/[^/]+\.(json|txt|safetensors|bin)"
)
_VARIANT = re.compile(r"\.(fp16|bf16|non_ema)[.-]")
_PARTS = ("unet", "vae", "text_encoder")

Report = Callable[[int, int], None]
"""Called with the megabytes that are here and those of all files; what it raises ends the download."""

_MEGABYTE = 1_000_000

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
        raise UserError(
            plain_problem(
                "E-MODEL-MISSING",
                "No base model is set. Choose one.",
                "元モデルが指定されていません。選んでください。",
                key=key,
            )
        )
    path = Path(base).expanduser()
    if path.exists():
        return path
    if not is_id(base):
        raise UserError(
            plain_problem(
                "E-MODEL-MISSING",
                f"There is no file or folder {base}.",
                f"{base} がありません。",
                key=key,
                path=base,
            )
        )
    return fetched(base)


def fetched(name: str) -> Path | None:
    """Where a Hub model lies since it was fetched; None when it was not, or not wholly. Asks no network."""
    import huggingface_hub

    for probe in ("model_index.json", "config.json"):
        found = huggingface_hub.try_to_load_from_cache(name, probe)
        if isinstance(found, str):
            folder = Path(found).parent
            parts = [folder / part for part in _PARTS] if probe == "model_index.json" else [folder]
            return folder if all(_has_weights(part) for part in parts) else None
    return None


def _has_weights(folder: Path) -> bool:
    return any(path.suffix in (".safetensors", ".bin") for path in folder.glob("*"))


def locate(base: str, key: str = "model.base", report: Report | None = None) -> Path:
    """The path of a model; a Hub id is downloaded once into the Hub's own cache.

    Only .safetensors (or, where a model has none, .bin) and small JSON files are fetched; code never is.
    Raises UserError when there is nothing of that name, or no connection.
    """
    return here(base, key) or _download(base, key, report or (lambda done, total: None))


def wanted(files: list[str]) -> list[str]:
    """Of a repository's files those of a model or a VAE: small texts, and plain weights once."""
    ours = [file for file in files if _OURS.fullmatch(file) and not _VARIANT.search(file)]
    safe = {file.rpartition("/")[0] for file in ours if file.endswith(".safetensors")}
    return [file for file in ours if not (file.endswith(".bin") and file.rpartition("/")[0] in safe)]


def _download(name: str, key: str, report: Report) -> Path:
    import huggingface_hub
    from huggingface_hub import errors

    try:
        _find_host(huggingface_hub.constants.ENDPOINT, report)
        asked = huggingface_hub.HfApi().model_info(name, files_metadata=True, timeout=_ANSWER_SECONDS)
        found = asked.siblings or []
        sizes = {file.rfilename: file.size or 0 for file in found}
        files = wanted(list(sizes))
        if not any(file.endswith((".safetensors", ".bin")) for file in files):
            raise _refusal(_NOT_OURS, name, key)
        total = max(1, -(-sum(sizes[file] for file in files) // _MEGABYTE))
        bar = _bar(total, report)
        folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=files, tqdm_class=bar))
    except (StopRun, UserError):
        raise
    except errors.GatedRepoError as error:
        raise _refusal(_GATED, name, key) from error
    except errors.RepositoryNotFoundError as error:
        if name in MOVED:
            raise UserError(moved(name, key)) from error
        raise _refusal(_UNKNOWN, name, key) from error
    except Exception as error:  # the client's HTTP library has changed before, and its errors with it
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _refusal(_UNREACHABLE, name, key, error) from error
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

    total: megabytes.
    """
    from tqdm import tqdm

    told = -1

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # it would start a thread that outlives the download

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "file": io.StringIO()})

        def update(self, n: float | None = 1) -> bool | None:
            nonlocal told
            drawn = super().update(n)
            done = min(int(self.n) // _MEGABYTE, total - 1)
            if self.unit == "B" and done > told:
                told = done
                report(done, total)
            return drawn

    return Bar


def moved(name: str, key: str) -> Problem:
    """What is said of a name in catalog.MOVED."""
    now = MOVED[name]
    return plain_problem(
        "E-MODEL-MOVED",
        f"{name} was taken off the Hugging Face Hub by its makers. The same model is kept there as {now}: "
        "choose that.",
        f"{name} は公開元によりHugging Face Hubから削除されました。同じモデルは {now} にあります。"
        "そちらを指定してください。",
        key=key,
        path=name,
    )


def _refusal(said: Words, name: str, key: str, error: Exception | None = None) -> UserError:
    en, ja = (text.format(name=name, error=type(error).__name__) for text in (said.en, said.ja))
    return UserError(plain_problem("E-MODEL-HUB", en, ja, key=key, path=name))


_NOT_OURS = Words(
    "{name} on the Hugging Face Hub is no model in Diffusers folders. Choose another one, or download "
    "its .safetensors file and choose that.",
    "Hugging Face Hubの {name} はDiffusers形式のモデルではありません。別のモデルを選ぶか、"
    ".safetensorsファイルをダウンロードして指定してください。",
)
_GATED = Words(
    "{name} is given out on the Hugging Face Hub only to those who agreed to its terms. Agree on its "
    "page, log in with `hf auth login` (or set HF_TOKEN), and start again.",
    "{name} の取得には利用規約への同意が必要です。Hugging Faceのモデルページで同意し、"
    "`hf auth login` でログイン（またはHF_TOKENを設定）してから、もう一度開始してください。",
)
_UNKNOWN = Words(
    "{name} is no file or folder here, and the Hugging Face Hub knows no such model (or it is private). "
    "Check the name, or choose a file.",
    "{name} というファイルやフォルダはなく、Hugging Face Hubにもありません（または非公開です）。"
    "名前を確認するか、ファイルを選んでください。",
)
_UNREACHABLE = Words(
    "{name} is no file or folder here, and could not be fetched from the Hugging Face Hub ({error}). "
    "Check the connection and start again; what has come is kept.",
    "{name} というファイルやフォルダはなく、Hugging Face Hubからも取得できませんでした（{error}）。"
    "接続を確認して、もう一度開始してください。取得済みの分は残っています。",
)
