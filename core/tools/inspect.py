"""What a file of weights is: its identity as text or JSON."""

from __future__ import annotations

import json
from pathlib import Path

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.errors import EXIT_DONE, EXIT_REFUSED, Lang
from core.formats.classify import KINDS
from core.formats.identify import Identity, identify
from core.formats.known_families import FAMILY_NAMES
from core.formats.metadata import THUMBNAIL
from core.tools.tool import Outcome, Tool, Work

_LANGUAGES: tuple[Lang, Lang] = ("en", "ja")
METADATA = Words("metadata", "メタデータ")
LABELS = {
    "kind": Words("kind", "種類"),
    "family": Words("family", "モデルの系統"),
    "variant": Words("variant", "バリエーション"),
    "prediction": Words("prediction", "予測方式"),
    "format": Words("format", "形式"),
    "dtypes": Words("precision", "精度"),
    "rank": Words("rank", "ランク"),
    "alpha": Words("alpha", "alpha"),
    "modules": Words("modules", "モジュール数"),
    "parameters": Words("parameters", "パラメーター数"),
}


def to_text(identity: Identity, path: Path, lang: Lang) -> str:
    """The identity as lines "name: value", then its problems, then its metadata."""
    values = {
        "kind": KINDS[identity.kind].of(lang),
        "family": FAMILY_NAMES.get(identity.family, ""),
        "variant": identity.variant,
        "prediction": identity.prediction,
        "format": identity.format,
        "dtypes": ", ".join(f"{dtype} ({count})" for dtype, count in identity.dtypes.items()),
        "rank": "" if identity.rank is None else str(identity.rank),
        "alpha": "" if identity.alpha is None else f"{identity.alpha:g}",
        "modules": "" if identity.modules is None else str(identity.modules),
        "parameters": f"{identity.parameters:,}" if identity.parameters else "",
    }
    lines = [str(path)]
    lines += [f"  {LABELS[name].of(lang)}: {value}" for name, value in values.items() if value]
    lines += [f"  {problem.text(lang)}" for problem in identity.problems]
    if identity.metadata:
        lines.append(f"  {METADATA.of(lang)}:")
        lines += [f"    {name}: {_short(name, value)}" for name, value in sorted(identity.metadata.items())]
    # A file's own texts stay within their line, and can't speak to the terminal.
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


def _short(name: str, value: str) -> str:
    """A text in full, but of an image only the start."""
    return f"{value[:40]}..." if name == THUMBNAIL and len(value) > 40 else value


def inspect(path: Path, lang: Lang, as_json: bool = False) -> tuple[str, int]:
    """What the file or folder at `path` is, and the exit code: 2 where that could not be found out.

    Of a model that can't be trained it can; what is wrong with it is reported either way.
    """
    identity = identify(path)
    if as_json:
        text = json.dumps(identity.to_json(), ensure_ascii=False, indent=2)
    else:
        text = to_text(identity, path, lang)
    return text, EXIT_REFUSED if identity.kind == "unknown" and identity.problems else EXIT_DONE


class InspectSettings(Section):
    """What is inspected, and how it is printed."""

    file: str = opt(
        ...,
        ("File or folder", "ファイルまたはフォルダー"),
        ("Model, LoRA, VAE or any other weights.", "モデル・LoRA・VAEなど。"),
        path="file",
    )
    as_json: bool = opt(False, ("JSON", "JSON"), ("Print JSON.", "JSONで出力します。"), alias="json")


def run(settings: InspectSettings, work: Work) -> Outcome:
    """Identify the file; its problems are among the lines."""
    (en, code), (ja, _) = (inspect(Path(settings.file), lang, settings.as_json) for lang in _LANGUAGES)
    return Outcome((Words(en, ja),), exit_code=code)


TOOL = Tool("inspect", Words("Inspect a file", "ファイルを調べる"), InspectSettings, "core.tools.inspect:run")
