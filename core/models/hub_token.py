"""The token of the Hugging Face Hub: where the Hub's own client keeps it, and nowhere else."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from core.errors import UserError
from core.files import write_private
from core.models import messages

VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Environment variables that the Hub's client reads first."""
_FORM = re.compile(r"hf_[A-Za-z0-9_]{8,200}", re.ASCII)

Source = Literal["", "environment", "file"]


def source() -> Source:
    """Where a token comes from, "" for none. The token itself is read by the Hub's client alone."""
    if any(os.environ.get(name, "").strip() for name in VARIABLES):
        return "environment"
    try:
        return "file" if _file().read_text("utf-8", "replace").strip() else ""
    except (OSError, ValueError):
        return ""


def keep(token: str) -> None:
    """Keep a token as `hf auth login` does, in a file that this user alone can read. Raises UserError."""
    plain = token.strip()
    if not _FORM.fullmatch(plain):
        raise UserError(messages.NO_TOKEN_FORM())
    try:
        write_private(_file(), plain)
    except OSError as error:
        raise UserError(messages.TOKEN_UNWRITTEN(why=error.strerror or type(error).__name__)) from error


def remove() -> None:
    """Forget the token that was kept; one of the environment stays. Raises UserError."""
    try:
        _file().unlink(missing_ok=True)
    except OSError as error:
        raise UserError(messages.TOKEN_UNWRITTEN(why=error.strerror or type(error).__name__)) from error


def _file() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_TOKEN_PATH)
