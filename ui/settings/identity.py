"""What a chosen model file is, said at once from its header."""

from __future__ import annotations

from pathlib import Path

from core.catalog import FAMILIES
from core.errors import Lang, UserError
from core.formats.identify import FAMILY_NAMES, Identity, identify
from ui.parts.markup import esc, facts, note, problems
from ui.text import WORDS, say
from ui.window.paths import Paths


def identity_html(paths: Paths, text: str | None, lang: Lang, empty: str) -> str:
    """The identity of the file or folder a person typed; `empty` is the key of what is said for none."""
    if not text or not text.strip():
        return note(say(empty, lang))
    try:
        path = paths.confined(text)
        if not path.exists():
            return note(say("identity.missing", lang), "bad")
        found = identify(path)
    except UserError as e:
        return problems(e.problems, lang)
    return identity_facts(found, path, lang) + problems(found.problems, lang)


def identity_facts(found: Identity, path: Path, lang: Lang) -> str:
    """The few facts people look for, in one row."""
    kind = say(f"kind.{found.kind}", lang) if f"kind.{found.kind}" in WORDS else str(found.kind)
    family = FAMILIES[found.family].words if found.family in FAMILIES else None
    name = FAMILY_NAMES.get(found.family, found.family)
    if family:
        name = family.ja if lang == "ja" else family.en
    if found.variant:
        name = f"{name} ({found.variant})".strip()
    shown = [
        ("identity.kind", kind),
        ("identity.family", name),
        ("identity.prediction", found.prediction),
        ("identity.format", found.format),
        ("identity.precision", ", ".join(found.dtypes) if found.dtypes else ""),
        ("identity.parameters", short_number(found.parameters)),
        ("identity.size", size_of(path)),
    ]
    if found.rank is not None:
        rank = f"{found.rank} / {found.alpha:g}" if isinstance(found.alpha, int | float) else str(found.rank)
        shown.append(("identity.rank", rank))
    pairs = [(say(key, lang), str(value)) for key, value in shown if value]
    return f'<div class="rw-identity"><p class="rw-path">{esc(path.name)}</p>{facts(pairs)}</div>'


def short_number(n: int | None) -> str:
    """1066235307 -> "1.07 B"."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if n and n >= size:
            return f"{n / size:.3g} {unit}"
    return str(n or "")


def size_of(path: Path) -> str:
    """The size of a file or of a folder's weights, for people."""
    try:
        files = [path] if path.is_file() else [p for p in path.glob("*/*") if p.is_file()]
        size = float(sum(file.stat().st_size for file in files))
    except OSError:
        return ""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
