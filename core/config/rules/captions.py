"""What options on captions must not be together: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.pydantic_messages import shown
from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.errors import Problem

NO_CAPTIONS = frozenset(
    (
        ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jxl",
        ".apng", ".npz", ".npy", ".pt", ".ckpt", ".safetensors", ".zip",
    )
)  # fmt: skip
"""Endings of what lies beside captions and is none."""


def separators_differ(config: RunConfig) -> Iterator[Problem]:
    """The other separators would be cut apart before they are looked for."""
    data = config.dataset
    for name in ("keep_tokens_separator", "secondary_separator"):
        value = getattr(data, name)
        if value is None or not data.caption_separator:
            continue
        if (name == "secondary_separator" and data.caption_separator in value) or (
            value == data.caption_separator
        ):
            yield messages.SEPARATOR_WITHIN(
                key=f"dataset.{name}", caption_separator=shown(data.caption_separator), value=shown(value)
            )
    if data.secondary_separator is not None and data.secondary_separator == data.keep_tokens_separator:
        yield messages.SEPARATORS_EQUAL(keep_tokens_separator=shown(data.keep_tokens_separator))


def extension_is_a_caption_s(config: RunConfig) -> Iterator[Problem]:
    """Captions are text: neither the images themselves nor a model, and no pattern of names or path."""
    given = config.dataset.caption_extension.strip()
    suffix = f".{given.removeprefix('.')}".lower()
    if given and (suffix in NO_CAPTIONS or any(sign in given for sign in '<>:"/\\|?*')):
        yield messages.CAPTION_EXTENSION(given=shown(given))


RULES = (separators_differ, extension_is_a_caption_s)
