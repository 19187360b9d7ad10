"""Settings files and pasted settings, ours or another trainer's: read, and what is said about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config import check
from core.config.file import toml_text
from core.config.imports.read_any import import_metadata, import_text, is_dataset_config
from core.errors import Lang, Problem, UserError
from core.formats.header import read_header
from core.reading import CORRECT_IT, reading
from ui.parts.markup import esc, note, problems
from ui.settings.messages import FILE_TOO_LARGE, NO_SETTINGS
from ui.text import say

LARGEST_FILE = 1_000_000
ENDINGS = (".toml", ".json", ".yaml", ".yml", ".env", ".txt", ".safetensors")


@dataclass(frozen=True)
class Opened:
    """What a text or a file says.

    values: {"section.name": value}. report: what there is to say about them. is_whole: every setting is
    named, as in a run file of ours. datasets: the text of a dataset_config that comes with them, "" for none.
    """

    values: Mapping[str, Any]
    report: Sequence[Problem] = ()
    is_whole: bool = False
    datasets: str = ""


def open_file(path: Path) -> Opened:
    """The settings in a file. Raises UserError."""
    with reading(Words(path.name, path.name), "E-CFG-READ", advice=CORRECT_IT):
        if path.suffix.lower() not in ENDINGS:
            raise UserError(NO_SETTINGS(file=path.name))
        if path.suffix.lower() == ".safetensors":
            header = read_header(path)
            imported = import_metadata(header.metadata, header.places)
            return Opened(imported.values, imported.report)
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(FILE_TOO_LARGE())
        text = toml_text.read(path)
        if not re.search(r"(?m)^\s*format\s*=", text):
            return open_text(text)
        checked = check.check(text)
        return Opened(toml_text.values_of(checked.config), checked.notices, is_whole=True)


def open_text(text: str) -> Opened:
    """Another trainer's settings, or a dataset_config. Raises UserError."""
    with reading(Words("the pasted text", "貼り付けられた内容"), "E-IMPORT", advice=CORRECT_IT):
        if len(text) > LARGEST_FILE:
            raise UserError(FILE_TOO_LARGE())
        if is_dataset_config(text):
            return Opened({}, datasets=text)
        imported = import_text(text)
        return Opened(imported.values, imported.report, datasets=imported.datasets)


def report_html(report: Sequence[Problem], lang: Lang) -> str:
    """What of an import was taken, what must be looked at, and what was read as something else."""
    taken = [p for p in report if p.code.startswith("I-")]
    read_as = [p for p in report if p.code == "W-CFG-READ-AS"]
    left = [p for p in report if p not in taken and p not in read_as]
    html = "".join(note(problem.sentence(lang), "good") for problem in taken)
    if left:
        title = say("import.left", lang, n=len(left))
        html += f'<div class="rw-report"><h3>{esc(title)}</h3>{problems(left, lang)}</div>'
    if read_as:
        title = say("import.read", lang, n=len(read_as))
        items = "".join(f"<li>{esc(problem.sentence(lang))}</li>" for problem in read_as)
        html += f'<details class="rw-report"><summary>{esc(title)}</summary><ul>{items}</ul></details>'
    return html
