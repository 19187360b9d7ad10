"""What can be wrong with how a page looks, found by measuring it: too wide, cut off, too pale to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_SOURCE = Path(__file__).with_suffix(".js").read_text("utf-8")


def cut_off(page: Any) -> list[str]:
    """Words that stand outside of the window or of their frame, each as "what: element".

    page: of Playwright. Frames that scroll, and lines that end in an ellipsis, are as they are meant to be.
    """
    return page.evaluate(f"() => {{ {_SOURCE}; return cutOff(); }}")


def pale(page: Any) -> list[str]:
    """Words with less contrast to their ground than 4.5, or 3 when they are large (WCAG 2.2, 1.4.3)."""
    return page.evaluate(f"() => {{ {_SOURCE}; return pale(); }}")
