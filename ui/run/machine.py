"""The computer beside the run: GPU, memory and disk in a line, and more of them where that is opened."""

from __future__ import annotations

from pathlib import Path

from core.counting import size_text
from core.errors import Lang, UserError
from core.forecast.machine_load import Load
from ui.parts.markup import esc, facts, note
from ui.text import say
from ui.window import Window

GIB = 2**30
LOW, NEARLY_FULL = 10 * GIB, 2 * GIB
"""Free bytes of the drive below which it is marked: a model of SD 1.5 with its state takes 2 to 10 GiB."""


def output_folder(window: Window) -> Path:
    """Where results go: of the run that is on, else of the settings."""
    run = window.runner.current
    if run is not None and window.is_training:
        return Path(run.config.save.output_dir)
    try:
        return window.paths.confined(str(window.settings.get("save.output_dir") or window.output))
    except UserError:
        return window.output


def line_html(load: Load | None, lang: Lang) -> str:
    """What fills up, "GPU 12.3 / 24 GiB · RAM 5.2 / 16 GiB · disk 120 GiB free"; "" while it is unknown."""
    if load is None:
        return ""
    parts = [esc(_busiest(load)), f"RAM {_of(load.ram_used, load.ram_total)}"]
    if load.disk_free is not None:
        words = esc(say("machine.free", lang, size=size_text(load.disk_free)))
        tone = _tone(load.disk_free)
        parts.append(f'<b class="is-{tone}">{words}</b>' if tone else words)
    return f'<span class="rw-machine">{"".join(f"<span>{part}</span>" for part in parts)}</span>'


def more_html(load: Load | None, lang: Lang) -> str:
    """All that the computer tells, and a sentence where the disk is nearly full."""
    if load is None:
        return ""
    pairs: list[tuple[str, str]] = []
    gpu = load.gpu
    if gpu is not None:
        pairs.append(("GPU", gpu.name))
        if gpu.total is not None and gpu.used is not None:
            pairs.append((say("machine.vram", lang), _of(gpu.used, gpu.total)))
        pairs += [(say("machine.busy", lang), f"{gpu.busy}%")] if gpu.busy is not None else []
        pairs += [(say("machine.celsius", lang), f"{gpu.celsius} °C")] if gpu.celsius is not None else []
    pairs.append((say("machine.cpu", lang), f"{load.cpu:.0f}%"))
    pairs.append((say("machine.ram", lang), _of(load.ram_used, load.ram_total)))
    if load.disk_free is not None and load.disk_total is not None:
        free = say("machine.free.of", lang, size=size_text(load.disk_free), total=size_text(load.disk_total))
        pairs.append((say("machine.disk", lang), free))
    return facts(pairs) + _disk_note(load, lang)


def _disk_note(load: Load, lang: Lang) -> str:
    tone = "" if load.disk_free is None else _tone(load.disk_free)
    if not tone or load.disk_free is None:
        return ""
    return note(say(f"machine.{tone}", lang, size=size_text(load.disk_free), folder=load.folder), tone)


def _tone(free: int) -> str:
    return "bad" if free < NEARLY_FULL else "warn" if free < LOW else ""


def _busiest(load: Load) -> str:
    """The card's memory; of a computer without one how busy its processor is."""
    gpu = load.gpu
    if gpu is None:
        return f"CPU {load.cpu:.0f}%"
    if gpu.total is not None and gpu.used is not None:
        return f"GPU {_of(gpu.used, gpu.total)}"
    return gpu.name


def _of(used: int, total: int) -> str:
    return f"{_number(used)} / {_number(total)} GiB"


def _number(size: int) -> str:
    """In GiB: 0.4, 5.2, 12, 139."""
    return f"{round(size / GIB, 1):g}" if size < 100 * GIB else f"{size / GIB:,.0f}"
