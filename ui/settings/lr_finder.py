"""The card of the learning-rate range test: its range, its curve, and the rate that it suggests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from core.config.file import toml_text
from core.config.schema import numbers
from core.errors import Lang, UserError
from core.tools import lr_range
from core.tools.lr_range import Finding, LrRangeSettings, Point
from core.tools.table import TOOLS
from core.tools.tool import Outcome, Work, checked
from ui.parts.chart import mark_text, ticks
from ui.parts.html_events import LISTEN, button, data_of, fields_of, sent
from ui.parts.job import Job, Report
from ui.parts.job_progress import followed, progress_html
from ui.parts.localized import QUICK, Page
from ui.parts.markup import esc, note, problems
from ui.parts.numbers import decimal_text
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded, streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

NAME = "lr-range"
RATES = ("train.learning_rate", "train.unet_lr", "train.text_encoder_lr", "train.text_encoder_2_lr")
"""Options that hold rates; the suggestion is for the highest of them, and the others keep their share."""

_FIELDS = {"steps": lr_range.STEPS, "lowest": lr_range.LOWEST, "highest": lr_range.HIGHEST}
_TITLE = TOOLS[NAME].words
_FOLLOW = """
// A page that was opened while the test goes on follows it too.
if (element.querySelector('.rw-bar')) trigger('click', {act: 'look', on: '', step: ''});
"""


class LrFinder:
    """One piece of HTML at the end of the Training tab. The work is the window's: all pages show the same."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self._typed: dict[str, str] = {}
        self.part = page.add(
            gr.HTML, {"value": self.html}, elem_id="lr-finder", padding=False, js_on_load=LISTEN + _FOLLOW
        )

    @property
    def job(self) -> Job[Outcome]:
        return self._window.jobs[NAME]

    def connect(self, lang: Any) -> Any:
        """Bind the handlers. Gives the event that fills the form."""
        form = self._form

        def act(data: Data, event: gr.EventData) -> Iterator[Update]:
            before = ""
            for html in self.act(form.raw(data), data_of(event), data[lang]):
                if html != before:  # drawn anew, a button would go while it is pressed
                    before = html
                    yield {self.part: html}

        def use(data: Data, event: gr.EventData) -> Update:
            return self.use(form.raw(data), data[lang])

        self.part.click(
            streamed(act, self._window),
            {lang, *form.inputs},
            [self.part],
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="multiple",  # Stop is pressed while Start is still answering
            concurrency_id=NAME,
            concurrency_limit=8,
        )
        into = [self.part, *(form.components[key] for key in RATES)]
        return self.part.submit(guarded(use, self._window), {lang, *form.inputs}, into, **QUICK)

    def html(self, lang: Lang, said: str = "") -> str:
        """The card as it stands. said: in place of how far the work is."""
        is_busy = self.job.is_busy
        fields = "".join(self._field(name, lang) for name in _FIELDS)
        acts = button("start", "", say("finder.start", lang), "is-main")
        if is_busy:
            acts = button("stop", "", say("job.stop", lang))
        below = said or progress_html(self.job, lang, is_kept=False)
        is_open = " open" * bool(is_busy or below or self._typed)
        return (
            f'<details class="rw-card rw-finder"{is_open}><summary><h2>{esc(_TITLE.of(lang))}</h2></summary>'
            f'<p class="rw-note">{esc(say("finder.lead", lang))}</p>'
            f'<div class="rw-fields"><div class="rw-finder-fields">{fields}</div>'
            f'<div class="rw-acts">{acts}</div></div>{below}</details>'
        )

    def _field(self, name: str, lang: Lang) -> str:
        option = next(option for option in TOOLS[NAME].options if option.name == name)
        value = self._typed.get(name) or decimal_text(_FIELDS[name])
        return (
            f'<label><span>{esc(option.meta.label.of(lang))}</span><input name="{name}" type="text" '
            f'inputmode="decimal" maxlength="20" value="{esc(value)}"></label>'
        )

    def act(self, raw: Mapping[str, Any], event: Any, lang: Lang) -> Iterator[str]:
        """What a button says; the work is shown to its end."""
        name, _, _ = sent(event)
        if name == "stop":
            self.job.control.stop(save=False)
            yield self.html(lang)
        elif name == "look" and self.job.is_busy:
            for _ in self.job.watch():
                yield self.html(lang)
            yield self.html(lang)
        elif name == "start":
            yield from self._start(raw, fields_of(event), lang)

    def _start(self, raw: Mapping[str, Any], fields: Mapping[str, str], lang: Lang) -> Iterator[str]:
        self._typed = {key: fields[key][:20] for key in _FIELDS if fields.get(key)}
        try:
            settings = self._settings(raw, lang)
        except UserError as e:
            yield self.html(lang, problems(e.problems, lang))
            return

        def work(report: Report) -> Outcome:
            return TOOLS[NAME].start(settings, Work(report, self.job.control))

        def done(lang: Lang) -> str:
            outcome = self.job.result
            assert outcome is not None, "there is a result when the work is done"
            points = tuple(Point(*point) for point in outcome.points)
            return _found_html(points, lr_range.finding(points), lang) + problems(outcome.problems, lang)

        for _ in followed(self.job, self._window.gpu.alone(NAME, work), done, lang, is_kept=False):
            yield self.html(lang)

    def _settings(self, raw: Mapping[str, Any], lang: Lang) -> LrRangeSettings:
        """The settings of the test, and the form in a file of the window's own. Raises UserError."""
        self._window.gpu.refuse(NAME)
        text = self._form.text(raw, lang)
        file = self._window.cache / "lr-range.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        toml_text.write(file, text)
        typed = {key: numbers.number(text) for key, text in self._typed.items()}
        wholes = {key: text for key, text in self._typed.items() if typed[key] is None}
        values: dict[str, Any] = {"file": str(file), **typed, **wholes}
        for key in ("lowest", "highest"):
            if isinstance(values.get(key), int):
                values[key] = float(values[key])
        return checked(LrRangeSettings, values)

    def use(self, raw: Mapping[str, Any], lang: Lang) -> Update:
        """Put the suggested rate into the form; parts with rates of their own keep their share of it."""
        outcome = self.job.result
        points = tuple(Point(*point) for point in outcome.points) if outcome else ()
        found = lr_range.finding(points)
        if found is None:
            return {self.part: self.html(lang)}
        now = {key: value for key, value in self._form.read(raw).items() if key in RATES}
        rates = {key: rate for key, rate in now.items() if isinstance(rate, int | float) and rate > 0}
        highest = max((rate for key, rate in rates.items()), default=found.suggested)
        values = {key: float(f"{rate * found.suggested / highest:.3g}") for key, rate in rates.items()}
        values = values or {RATES[0]: found.suggested}
        self._window.draft.keep(self._form.shown(values))
        used = note(say("finder.used", lang, rate=decimal_text(found.suggested)), "good")
        return self._form.fill(values) | {self.part: self.html(lang, _found_html(points, found, lang) + used)}


def _found_html(points: Sequence[Point], found: Finding | None, lang: Lang) -> str:
    """The curve, and what it suggests with the button that takes it."""
    html = range_curve(points, found, lang)
    if found is None:
        return html
    suggested, steepest, lowest = (decimal_text(float(f"{rate:.2g}")) for rate in found)
    said = say("finder.found", lang, rate=suggested, steepest=steepest, lowest=lowest)
    act = button("use", "", say("finder.use", lang, rate=suggested), "is-main", fills=True)
    return f'{html}<p class="rw-finder-said">{esc(said)}</p><div class="rw-acts">{act}</div>'


def range_curve(points: Sequence[Point], found: Finding | None, lang: Lang) -> str:
    """The loss over the rates, each ten times the one before at the same distance; "" below two points."""
    if len(points) < 2:
        return ""
    losses = [point.loss for point in points]
    marks = ticks(min(losses), max(losses))
    low, high = marks[0], marks[-1]
    left, right = math.log10(points[0].rate), math.log10(points[-1].rate)

    def across(rate: float) -> float:
        return (math.log10(rate) - left) / (right - left)

    def line(name: str, values: Sequence[float]) -> str:
        drawn = " ".join(
            f"{across(point.rate) * 1000:.1f},{(high - loss) / (high - low) * 300:.1f}"
            for point, loss in zip(points, values, strict=True)
        )
        return f'<polyline class="{name}" points="{drawn}"/>'

    grid = "".join(
        f'<line class="grid" x1="0" x2="1000" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in ((high - mark) / (high - low) * 300 for mark in marks)
    )
    at = "" if found is None else f"{across(found.suggested) * 1000:.1f}"
    mark = f'<line class="suggested" x1="{at}" x2="{at}" y1="0" y2="300"/>' if at else ""
    y_labels = "".join(
        f'<span style="top:{(high - mark) / (high - low) * 100:.1f}%">{mark_text(mark)}</span>'
        for mark in marks
    )
    powers = range(math.ceil(left - 1e-9), math.floor(right + 1e-9) + 1)
    x_labels = "".join(
        f'<span style="left:{across(10.0**power) * 100:.1f}%">1e{power}</span>' for power in powers
    )
    title, smooth = esc(say("finder.curve", lang)), esc(say("run.chart.smooth", lang))
    return (
        f'<figure class="rw-chart rw-range"><figcaption><b>{title}</b><span class="smooth">{smooth}</span>'
        f'</figcaption><div class="rw-plot"><div class="rw-y">{y_labels}</div>'
        '<svg viewBox="0 0 1000 300" preserveAspectRatio="none" aria-hidden="true">'
        f"{grid}{mark}{line('raw', losses)}{line('smooth', lr_range.smoothed(points))}</svg></div>"
        f'<div class="rw-x">{x_labels}</div></figure>'
    )
