"""From what a person wrote as the base model to a path: here, else from the Hugging Face Hub."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import Problem, UserError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_OURS = re.compile(
    r"(model_index|config)\.json|diffusion_pytorch_model\.(safetensors|bin)"
    r"|(unet|vae|text_encoder|tokenizer|scheduler)/[^/]+\.(json|txt|safetensors|bin)"
)
_VARIANT = re.compile(r"\.(fp16|bf16|non_ema)[.-]")


def here(base: str, key: str = "model.base") -> Path | None:
    """The path of a model on this machine, or None for a Hub id. An existing path wins.

    Raises UserError when it is neither.
    """
    if not base:
        raise UserError(
            Problem(
                "E-MODEL-MISSING",
                "No base model is set. Choose one.",
                "元モデルが指定されていません。選んでください。",
                key=key,
            )
        )
    path = Path(base).expanduser()
    if path.exists():
        return path
    is_file = path.suffix.lower() in (".safetensors", ".ckpt", ".pt", ".bin")
    if is_file or not _HUB_ID.fullmatch(base):
        raise UserError(
            Problem(
                "E-MODEL-MISSING",
                f"There is no file or folder {base}.",
                f"{base} がありません。",
                key=key,
                path=base,
            )
        )
    return None


def locate(base: str, key: str = "model.base") -> Path:
    """The path of a model; a Hub id is downloaded once into the Hub's own cache.

    Only .safetensors (or, where a model has none, .bin) and small JSON files are fetched; code never is.
    Raises UserError when there is nothing of that name, or no connection.
    """
    return here(base, key) or _download(base, key)


def wanted(files: list[str]) -> list[str]:
    """Of a repository's files those of a model or a VAE: small texts, and plain weights once."""
    ours = [file for file in files if _OURS.fullmatch(file) and not _VARIANT.search(file)]
    safe = {file.rpartition("/")[0] for file in ours if file.endswith(".safetensors")}
    return [file for file in ours if not (file.endswith(".bin") and file.rpartition("/")[0] in safe)]


def _download(name: str, key: str) -> Path:
    import huggingface_hub
    from httpx import HTTPError
    from huggingface_hub import errors

    try:
        if huggingface_hub.constants.HF_HUB_OFFLINE:
            return Path(huggingface_hub.snapshot_download(name, local_files_only=True))
        files = huggingface_hub.list_repo_files(name)
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=wanted(files)))
    except (
        errors.HfHubHTTPError,
        errors.LocalEntryNotFoundError,
        errors.OfflineModeIsEnabled,
        HTTPError,
        OSError,
    ) as error:
        raise UserError(
            Problem(
                "E-MODEL-HUB",
                f"{name} is no file or folder here, and could not be fetched from the Hugging Face Hub "
                f"({type(error).__name__}). Check the name and the connection, or choose a file.",
                f"{name} というファイルやフォルダはなく、Hugging Face "
                f"Hubからも取得できませんでした（{type(error).__name__}）。"
                "名前と接続を確認するか、ファイルを選んでください。",
                key=key,
                path=name,
            )
        ) from error
