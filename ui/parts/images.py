"""Images on the page, side by side. A click shows one large (script/viewer.js)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from core.errors import Lang
from ui.parts.markup import esc
from ui.text import say

PREFIX = "images"
"""From the page, wherever that is served."""


def url(file: str | Path) -> str:
    """Where the page finds an image that ui.parts.thumbs made."""
    return f"{PREFIX}/{quote(Path(file).name)}"


def figure(file: str | Path, caption: str, prompt: str = "") -> str:
    """A small image with its caption and, below it, its prompt; a click shows it large."""
    address, words = esc(url(file)), esc(f"{caption} · {prompt}" if prompt else caption)
    below = f"<span>{esc(prompt)}</span>" if prompt else ""
    return (
        f'<figure class="rw-figure"><button type="button" data-zoom="{address}" data-caption="{words}">'
        f'<img src="{address}" alt="{words}" loading="lazy"></button>'
        f"<figcaption>{esc(caption)}{below}</figcaption></figure>"
    )


def figures(title: str, images: Iterable[tuple[str, str, str]]) -> str:
    """A titled field of images: (file, caption, prompt) of each."""
    drawn = "".join(figure(*image) for image in images)
    return f'<section class="rw-figures"><h3>{esc(title)}</h3><div>{drawn}</div></section>' if drawn else ""


def viewer_words(lang: Lang) -> str:
    """What script/viewer.js calls its buttons, as an attribute."""
    keys = (
        *("viewer.previous", "viewer.next", "viewer.prompt", "viewer.left", "viewer.right"),
        "viewer.close",
    )
    return f'data-words="{esc("|".join(say(key, lang) for key in keys))}"'
