"""What a chosen model file is, said at once from its header."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.catalog import MOVED, Size, Words
from core.config import base_family
from core.config.check import typed
from core.counting import size_text
from core.errors import Lang, UserError
from core.families import FAMILIES
from core.formats.classify import KINDS
from core.formats.identify import Identity, identify
from core.formats.known_families import FAMILY_NAMES
from core.models import fit, hub, precheck
from core.models.messages import TAKEN_DOWN
from core.reading import reading
from core.tools.inspect import LABELS
from ui.parts.markup import capital, esc, facts, goto, note, problems
from ui.parts.options import OPTIONS, element_id
from ui.settings.form import Form
from ui.text import say
from ui.window.paths import Paths

EMPTY = {"base": "identity.none", "vae": "identity.own"}
"""Option of a model file -> what is said while none is chosen."""

SAID = ("base", "vae", "result")
"""Places of the Model tab where something is said."""

PRECISIONS = {"F64": "float64", "F32": "float32", "F16": "fp16", "BF16": "bf16"}
"""The names of types in a file, as the settings call them."""

_BESIDE = ("model.family", "model.prediction", "model.clip_skip", "dataset.resolution")
"""Options that a base model may not go with."""

RESULT = ("save.save_model_as", "save.save_precision", "train.precision")
"""Options that say in what the model is saved and trained."""

CONCERNED = frozenset({"model.base", "model.vae", *_BESIDE, *RESULT})
"""Options that what is said here depends on."""


def model_html(paths: Paths, name: str, raw: Mapping[str, Any], lang: Lang) -> str:
    """What stands at one of the places of the Model tab."""
    return result_html(raw, lang) if name == "result" else identity_html(paths, name, raw, lang)


def identity_html(paths: Paths, name: str, raw: Mapping[str, Any], lang: Lang) -> str:
    """What the chosen base model or VAE is, and what it does not go with.

    name: "base" or "vae". raw: the form's widgets.
    """
    text = str(raw.get(f"model.{name}") or "")
    if not text.strip():
        return note(say(EMPTY[name], lang))
    try:
        named = paths.model(text)
        path = hub.fetched(named) if hub.is_id(named) else Path(named)
        if path is None:
            if named in MOVED:
                return _moved(f"model.{name}", named, lang)
            return _for_now(note(say("identity.hub", lang)))
        with reading(path, "E-MODEL-READ", key=f"model.{name}"):
            if not path.exists():
                return _for_now(note(say("identity.missing", lang), "bad"))
            identity = identify(path)
            config, wrong = typed({key: v for key, v in Form.read(raw).items() if key in _BESIDE})
            if name == "vae":
                beside = base_family.of(_base(paths, raw), config.model.family)
                remarks = [*precheck.of_vae(path, beside)]
            else:
                remarks = [*precheck.of_base(path, config.model)]
            size = Size(*config.dataset.resolution)
            if name == "base" and not (remarks or wrong) and min(size) > 0:
                remarks += fit.resolution(identity, size)
    except UserError as e:
        return problems(e.problems, lang)
    return identity_facts(identity, path, lang, named if hub.is_id(named) else path.name) + problems(
        remarks, lang
    )


def _moved(key: str, named: str, lang: Lang) -> str:
    """A model that is on the Hub under another name now, and a button that enters it (script/paths.js)."""
    now = MOVED[named]
    enters = f'data-path-of="{element_id(OPTIONS[key])}" data-path="{esc(now)}"'
    button = (
        f'<button type="button" class="rw-act" {enters}>{esc(say("identity.moved", lang, name=now))}</button>'
    )
    return problems([TAKEN_DOWN(key=key, path=named, now=now)], lang) + f'<p class="rw-acts">{button}</p>'


def _base(paths: Paths, raw: Mapping[str, Any]) -> str:
    """The base model's path or Hub id; "" for one that may not be read."""
    try:
        return paths.model(str(raw.get("model.base") or ""))
    except UserError:
        return ""


def _for_now(html: str) -> str:
    """Marked for the page's script, which looks again when a run may have fetched the file (live.js)."""
    return f'<div data-for-now="">{html}</div>'


def result_html(raw: Mapping[str, Any], lang: Lang) -> str:
    """In which format and precision the result will be saved, each to be gone to by a click."""
    cells = []
    for key in RESULT:
        option = OPTIONS[key]
        choices = option.choices or {}
        chosen = raw.get(key, option.default)
        value = choices[chosen].of(lang) if chosen in choices else str(chosen)
        cells.append(
            f'<button type="button" {goto(option)}><span>{esc(option.meta.label.of(lang))}</span>'
            f"<b>{esc(value)}</b></button>"
        )
    return f'<div class="rw-goto">{"".join(cells)}</div>'


def identity_facts(identity: Identity, path: Path, lang: Lang, name: str = "") -> str:
    """The few facts people look for, in one row. name: what the file is called, when not by its path."""
    family = FAMILIES[identity.family].words if identity.family in FAMILIES else None
    kin = FAMILY_NAMES.get(identity.family, identity.family)
    if family:
        kin = family.of(lang)
    if identity.variant:
        kin = f"{kin} ({identity.variant})".strip()
    shown = [
        ("kind", _capital(KINDS[identity.kind], lang)),
        ("family", kin),
        ("prediction", _prediction(identity.prediction, lang)),
        ("format", _format(identity.format, path, lang)),
        ("dtypes", ", ".join(PRECISIONS.get(dtype, dtype) for dtype in identity.dtypes)),
        ("parameters", short_number(identity.parameters)),
        ("rank", "" if identity.rank is None else str(identity.rank)),
        ("alpha", "" if identity.alpha is None else f"{identity.alpha:g}"),
    ]
    pairs = [(_capital(LABELS[key], lang), value) for key, value in shown if value]
    if size := size_of(path):
        pairs.append((say("identity.size", lang), size))
    return f'<div class="rw-identity"><p class="rw-path">{esc(name or path.name)}</p>{facts(pairs)}</div>'


def _capital(words: Words, lang: Lang) -> str:
    return capital(words.en, words.ja) if lang == "en" else words.of(lang)


def _prediction(name: str, lang: Lang) -> str:
    choices = OPTIONS["model.prediction"].choices or {}
    return choices[name].of(lang) if name in choices else name


def _format(name: str, path: Path, lang: Lang) -> str:
    """How the tensors are named, as people know it."""
    if name == "diffusers":
        return say("format.folder" if path.is_dir() else "format.diffusers", lang)
    return say("format.ldm", lang) if name == "ldm" else name


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
        return size_text(sum(file.stat().st_size for file in files))
    except OSError:
        return ""
