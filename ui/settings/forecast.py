"""How much memory and time the run on the page will take, told while settings change, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from core.catalog import OPTIMIZERS
from core.config.rules.ruleset import problems_by_family
from core.config.schema.run import RunConfig
from core.counting import size_text
from core.data.plan.plan import Plan
from core.errors import Lang, UserError
from core.families import FAMILIES
from core.forecast import architecture, disk
from core.forecast.advice import Advice, advice
from core.forecast.machine import Machine
from core.forecast.pace import Pace, pace
from core.forecast.phases import KINDS, Forecast, forecast
from core.forecast.setup import Data, Setup
from ui.parts.localized import QUICK
from ui.parts.markup import esc, goto, note, table
from ui.parts.numbers import LONG_STEP, short_text
from ui.parts.options import OPTIONS
from ui.settings.form import STANDS_IN, Form
from ui.settings.length import length_of
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded

BESIDE = "beside"
TIGHT = 0.92
"""Share of the free memory beyond which it is said to be tight."""

MOST_ADVICE = 4


class Answer(NamedTuple):
    """html: what the page says. best: the setting that helps most, where the run would not fit.

    alarm: that in a sentence, for beside Start.
    """

    html: str = ""
    alarm: str = ""
    best: Advice | None = None


class ForecastCard:
    """The forecast on the page, and the button that sets what helps most."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {
            "text": gr.HTML(elem_id="forecast", elem_classes=["rw-maybe"], padding=False),
            "apply": gr.Button("", size="sm", elem_id="forecast-apply", visible=False),
            # Stands in the run panel, above Start.
            "alarm": gr.HTML(
                elem_id="forecast-alarm", elem_classes=["rw-maybe"], padding=False, render=False
            ),
        }

    def show(self, raw: Mapping[str, Any], lang: Lang) -> dict[Any, Any]:
        """The forecast of these settings."""
        html, alarm, best = self._answer(raw, lang)
        label = say("forecast.apply", lang, change=_change(best, lang)) if best else ""
        button = gr.update(value=label, visible=best is not None)
        return {self.parts["text"]: html, self.parts["apply"]: button, self.parts["alarm"]: alarm}

    def connect(self, lang: Any) -> Any:
        """Bind the button. Gives the event after which the form holds another value."""
        form, window = self._form, self._window
        return self.parts["apply"].click(
            guarded(lambda d: self.apply(form.raw(d), d[lang]), window),
            {lang, *form.inputs},
            [*form.components.values()],
            **QUICK,
        )

    def apply(self, raw: Mapping[str, Any], lang: Lang) -> Any:
        """Set what helps most."""
        best = self._answer(raw, lang).best
        if best is None:
            return gr.skip()
        values = {best.key: best.value}
        self._window.draft.keep(self._form.shown(values))
        return self._form.fill(values)

    def _answer(self, raw: Mapping[str, Any], lang: Lang) -> Answer:
        preview = self._window.preview.result
        plan = preview.plan if preview else None
        length = length_of(self._form, raw, plan)
        machine = self._window.looker.machine
        total, each = (length.total, length.steps) if length else (None, None)
        return answer(self._form, raw, plan, machine, total, lang, each)


def answer(
    form: Form,
    raw: Mapping[str, Any],
    plan: Plan | None,
    machine: Machine | None,
    total: int | None,
    lang: Lang,
    per_epoch: int | None = None,
) -> Answer:
    """The forecast in words and a bar; nothing while settings do not hold or the machine is not known.

    plan: as last looked at, used where it is of these settings. total, per_epoch: steps of the run and of an
    epoch, None when unknown.
    """
    config = config_of(form, raw)
    if config is None or machine is None:
        return Answer()
    sizes = architecture.of_base(config.model.base, config.model.vae)
    family = next(iter(FAMILIES)) if config.model.family == "auto" else config.model.family
    data = Data.of(config, plan if plan is not None and plan.config == config.dataset else None)
    setup = Setup(config, sizes or architecture.of_family(family), data, machine.is_gpu)
    if any(problem.is_error for problem in problems_by_family(config, setup.spec)) or not setup.trained:
        return Answer()  # the checker says so
    expected = forecast(setup)
    needed = expected.peak.total + machine.overhead(expected.peak.total)
    ways = () if needed <= machine.free else advice(setup, machine)
    measured = pace(setup, Path(config.save.output_dir))
    saved = None if total is None else disk.saves(setup, total, per_epoch)
    free = disk.free_in(config)
    inner = [
        _title(needed, machine, lang),
        _stack(expected, machine, lang),
        _verdict(needed, machine, expected, lang),
        _helps(ways, lang),
        "" if sizes else note(say("forecast.assumed", lang, family=FAMILIES[family].words.of(lang))),
        f'<p class="rw-forecast-time">{esc(_time(measured, total, lang))}</p>',
        _disk(saved, free, lang),
        _details(expected, setup, lang),
    ]
    tone = "bad" if needed > machine.free else "good"
    html = f'<section class="rw-forecast is-{tone}">{"".join(inner)}</section>'
    best = ways[0] if ways else None
    alarm = (
        _alarm(needed, machine, best, lang)
        if needed > machine.free
        else _disk_alarm(saved, free, config, lang)
    )
    return Answer(html, alarm, best)


def _disk(saved: disk.Saves | None, free: int | None, lang: Lang) -> str:
    """What the run saves, and what is free; a warning where that is more."""
    if saved is None or free is None:
        return ""
    text = say(
        "forecast.disk", lang, what=saved.words().of(lang), total=size_text(saved.total), free=size_text(free)
    )
    if saved.total > free:
        return note(f"{text} {say('forecast.disk.short', lang)}", "warn")
    return f'<p class="rw-forecast-time">{esc(text)}</p>'


_SAVING = (
    *("save_every_n_steps", "save_every_n_epochs", "save_n_epoch_ratio", "save_state"),
    "autosave_minutes",
)
"""Of [save], what takes room, the most first; where none is set there is the last model alone."""


def _disk_alarm(saved: disk.Saves | None, free: int | None, config: RunConfig, lang: Lang) -> str:
    if saved is None or free is None or saved.total <= free:
        return ""
    text = say("forecast.disk.alarm", lang, total=size_text(saved.total), free=size_text(free))
    name = next((name for name in _SAVING if getattr(config.save, name)), "output_dir")
    look = esc(say("forecast.disk.elsewhere" if name == "output_dir" else "forecast.disk.look", lang))
    way = goto(OPTIONS[f"save.{name}"])
    return (
        f'<p class="rw-note is-warn">{esc(text)} '
        f'<button type="button" class="rw-link" {way}>{look}</button></p>'
    )


def _alarm(needed: int, machine: Machine, best: Advice | None, lang: Lang) -> str:
    text = esc(say("forecast.not", lang, short=size_text(needed - machine.free)))
    way = ""
    if best is not None:
        words = esc(say("forecast.look", lang, change=_change(best, lang)))
        way = f' <button type="button" class="rw-link" {goto(OPTIONS[best.key])}>{words}</button>'
    return f'<p class="rw-note is-warn">{text}{way}</p>'


def config_of(form: Form, raw: Mapping[str, Any]) -> RunConfig | None:
    """The form as far as a forecast needs it; None while it does not hold."""
    named = {key: raw[key] or STANDS_IN for key in ("model.base", "dataset.train_data_dir") if key in raw}
    saving = (f"save.{name}" for name in ("output_dir", *disk.OPTIONS))
    sections = ("model", "dataset", "network", "train", "optimizer", "sample", *saving)
    try:
        return form.part({**raw, **named}, *sections).config
    except UserError:
        return None


def _title(needed: int, machine: Machine, lang: Lang) -> str:
    free = size_text(machine.free)
    place = say("forecast.gpu", lang, free=free, name=machine.name) if machine.is_gpu else ""
    place = place or say("forecast.cpu", lang, free=free)
    return (
        f'<p class="rw-forecast-title"><b>{esc(say("forecast.need", lang, needed=size_text(needed)))}</b>'
        f"<span>{esc(place)}</span></p>"
    )


def _stack(expected: Forecast, machine: Machine, lang: Lang) -> str:
    """The peak as a bar of its parts, with a mark where the free memory ends, and a legend."""
    held = dict(expected.peak.held) | {BESIDE: machine.overhead(expected.peak.total)}
    needed = sum(held.values())
    whole = max(needed, machine.free, 1)
    shown = [kind for kind in (*KINDS, BESIDE) if held.get(kind, 0) > 0]
    parts = "".join(f'<i class="is-{kind}" style="width:{held[kind] / whole:.2%}"></i>' for kind in shown)
    end = f'<u style="left:{machine.free / whole:.2%}"></u>' if needed > machine.free else ""
    legend = "".join(
        f'<li><i class="is-{kind}"></i>{esc(name)} <b>{esc(size)}</b></li>'
        for kind, name, size in ((k, say(f"forecast.{k}", lang), size_text(held[k])) for k in shown)
    )
    return (
        f'<div class="rw-stack" aria-hidden="true">{parts}{end}</div><ul class="rw-stack-parts">{legend}</ul>'
    )


def _verdict(needed: int, machine: Machine, expected: Forecast, lang: Lang) -> str:
    when = say("forecast.most", lang, phase=say(f"forecast.phase.{expected.peak.name}", lang))
    if needed > machine.free:
        short = say("forecast.not", lang, short=size_text(needed - machine.free))
        return note(f"{short} {when}", "bad")
    if needed > TIGHT * machine.free:
        return note(f"{say('forecast.tight', lang)} {when}", "warn")
    return note(f"{say('forecast.fits', lang)} {when}", "good")


def _helps(ways: tuple[Advice, ...], lang: Lang) -> str:
    if not ways:
        return ""
    items = ""
    for way in ways[:MOST_ADVICE]:
        key = "forecast.with.fits" if way.fits else "forecast.with"
        after = say(key, lang, needed=size_text(way.needed))
        items += f"<li><b>{esc(_change(way, lang))}</b><span>{esc(after)}</span></li>"
    more = "" if ways[0].fits else note(say("forecast.too.large", lang))
    return f'<div class="rw-helps"><h3>{esc(say("forecast.help", lang))}</h3><ol>{items}</ol>{more}</div>'


def _change(way: Advice, lang: Lang) -> str:
    meta = OPTIONS[way.key].meta
    option = meta.label.of(lang)
    if way.value is True:
        return say("forecast.on", lang, option=option)
    if way.value is None:
        value = say("forecast.none", lang)
    elif isinstance(way.value, tuple):
        value = "x".join(map(str, way.value))
    else:
        value = f"{way.value:g}" if isinstance(way.value, float) else str(way.value)
    return say("forecast.to", lang, option=option, value=value)


def _time(measured: Pace | None, total: int | None, lang: Lang) -> str:
    if measured is None:
        return say("forecast.no.time", lang)
    is_long = measured.seconds >= LONG_STEP
    step = (
        _span(measured.seconds, lang)
        if is_long
        else say("forecast.seconds", lang, s=short_text(measured.seconds))
    )
    if total is None:
        return say("forecast.step", lang, step=step, run=measured.name)
    return say(
        "forecast.time", lang, time=_span(measured.seconds * total, lang), step=step, run=measured.name
    )


def _span(seconds: float, lang: Lang) -> str:
    minutes = round(seconds / 60)
    if minutes >= 60:
        return say("forecast.hours", lang, h=minutes // 60, m=minutes % 60)
    if minutes:
        return say("forecast.minutes", lang, m=minutes)
    return say("forecast.seconds", lang, s=max(1, round(seconds)))


def _details(expected: Forecast, setup: Setup, lang: Lang) -> str:
    """What lies in memory in each phase, and how it was counted."""
    headers = [say("forecast.phase", lang), *(say(f"forecast.{kind}", lang) for kind in KINDS)]
    rows = [
        [
            say(f"forecast.phase.{phase.name}", lang),
            *(size_text(held) if (held := phase.held.get(kind, 0)) else "–" for kind in KINDS),
            size_text(phase.total),
        ]
        for phase in expected.phases
    ]
    size = f"{setup.data.size.width}×{setup.data.size.height}"
    kind = "gpu" if setup.is_gpu else "cpu"
    counted = [say(f"forecast.counted.{kind}", lang, size=size, batch=setup.data.batch)]
    if setup.is_gpu and OPTIMIZERS[setup.config.optimizer.optimizer_type].is_paged:
        counted.append(say("forecast.paged", lang))
    numbers = frozenset(range(1, len(KINDS) + 2))
    return (
        f"<details><summary>{esc(say('forecast.details', lang))}</summary>"
        f"{table([*headers, say('forecast.total', lang)], rows, numbers)}"
        f"{note(' '.join(counted))}</details>"
    )
