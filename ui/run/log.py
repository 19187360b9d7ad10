"""The log under a run: its last lines, to be copied or downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import Lang
from ui.parts.markup import esc
from ui.text import say
from ui.window import Window
from ui.window.run_state import LogLine, log_lines

FILE = "log.txt"
MOST_BYTES = 1_000_000
"""Of the run's own log.txt, its end."""


def log_html(lines: Sequence[LogLine]) -> str:
    """The log, the newest line first: the sheet turns it over, so that a page stays at the newest."""
    items = "".join(
        f'<li class="is-{line.level}"><time>{line.clock}</time><span>{esc(line.text)}</span></li>'
        for line in reversed(lines)
    )
    return f'<ol class="rw-log">{items}</ol>' if items else ""


def acts_html(lang: Lang, address: str) -> str:
    """The buttons below the log. address: where the whole of it is fetched."""
    done = esc(say("run.log.copied", lang))
    return (
        f'<button type="button" class="rw-copy" data-copy="run-log" data-done="{done}">'
        f"{esc(say('run.log.copy', lang))}</button>"
        f'<a class="rw-copy" href="{address}?lang={lang}" download>{esc(say("run.log.download", lang))}</a>'
    )


def log_text(window: Window, lang: Lang) -> str:
    """What the page shows, and after it the log.txt of the run folder, which tells of faults in full."""
    view, _ = window.look()
    shown = "\n".join(f"{line.clock}  {line.text}" for line in log_lines(view, lang))
    return f"{shown}\n\n{_end_of(view.folder / FILE) if view.folder else ''}".strip() + "\n"


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
