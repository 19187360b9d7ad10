"""How long a path and each name in it may be, by system; pure, so that any system's rule can be asked."""

from __future__ import annotations

import ntpath
import posixpath
import re
import sys
from dataclasses import dataclass

from core.catalog import Words


@dataclass(frozen=True)
class Rule:
    """Limits of a system. name: of one file or folder. path: of the whole. is_bytes: counted in bytes of
    UTF-8, else in the two-byte units of UTF-16, of which most letters are one and an emoji is two."""

    name: int
    path: int
    is_bytes: bool

    def length(self, text: str) -> int:
        """As the system counts."""
        encoding = "utf-8" if self.is_bytes else "utf-16-le"
        return len(text.encode(encoding, "surrogatepass")) // (1 if self.is_bytes else 2)


RULES = {
    "linux": Rule(255, 4095, is_bytes=True),
    "darwin": Rule(255, 1023, is_bytes=True),
    "win32": Rule(255, 259, is_bytes=False),
}
"""NAME_MAX and PATH_MAX without the zero at the end; MAX_PATH of Windows while long paths are not enabled."""

LONG_ON_WINDOWS = Rule(255, 32_766, is_bytes=False)
"""Where they are; what python.org's Python asks for, too."""


def rule(system: str = sys.platform) -> Rule:
    """The rule of a system; of this one, with what its owner has enabled."""
    if system == "win32" and sys.platform == "win32":
        import ctypes

        if ctypes.windll.ntdll.RtlAreLongPathsEnabled():
            return LONG_ON_WINDOWS
    return RULES.get(system, RULES["linux"])


def excess(path: str, system: str = sys.platform, behind: str = "") -> Words | None:
    """Why no file or folder of this absolute path can be made, with length and limit; None when it can.

    behind: what will stand behind it, whose names are short enough.
    """
    limits = rule(system)
    flavour = ntpath if system == "win32" else posixpath
    rest = flavour.splitdrive(path)[1]
    for name in re.split(r"[/\\]" if system == "win32" else "/", rest):
        if limits.length(name) > limits.name:
            return _excess(
                (f"`{_short(name)}`", f"「{_short(name)}」", f"“{_short(name)}”"),
                limits,
                limits.length(name),
                limits.name,
            )
    if limits.length(path) > limits.path:
        return _excess(("the path", "パス", "路径"), limits, limits.length(path), limits.path)
    room = limits.path - limits.length(behind)
    if limits.length(path) > room:
        return _excess(("the path", "パス", "路径"), limits, limits.length(path), room)
    return None


def _excess(what: tuple[str, str, str], limits: Rule, length: int, limit: int) -> Words:
    en, ja, zh = what
    unit = Words("bytes", "バイト") if limits.is_bytes else Words("characters", "文字")
    return Words(
        f"{en} is {length:,} {unit.en} long; {limit:,} are possible",
        f"{ja}の長さが{length:,}{unit.ja}あります（上限{limit:,}）",
        f"{zh}长{length:,}{unit.of('zh')}（上限{limit:,}）",
    )


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}…"
