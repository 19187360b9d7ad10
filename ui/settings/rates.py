"""How the learning rate will change over the run, drawn while settings change; by the run's own schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import catalog
from core.config.optimizer_args import ArgumentFault
from core.config.schema.option import steps_of
from core.config.schema.run import RunConfig
from core.errors import ConfigError, Lang
from core.families import FAMILIES
from core.train.weights import lr_schedule
from ui.parts.chart import Line, plot
from ui.parts.markup import esc, leads_to, note
from ui.settings.form import Form
from ui.text import say

_POINTS = 240
_LOOKS = (("text", "rate.text"), ("third", "rate.text.2"))
"""How the lines of the text encoders look and what they are called, one after the other."""


def rate_curve(form: Form, raw: Mapping[str, Any], total: int, lang: Lang) -> str:
    """The learning rate of each part over the steps, by the run's own schedule; "" while it does not hold."""
    try:
        sections = ("train", "optimizer", "network", "embedding", "model.base", "model.family")
        config = form.part(raw, *sections).config
        lines = _lines(config, _text_rates(config, str(form.facts(raw).get("model.family"))), total, lang)
    except (ConfigError, ArgumentFault):
        return ""  # the checker says what is wrong
    if not lines:
        return ""
    html = plot(say("rate.title", lang), lines, float(max(1, total)), floor=0.0)
    finds_it = catalog.OPTIMIZERS[config.optimizer.optimizer_type].finds_rate
    if finds_it:
        return html + note(say("rate.own", lang))
    way = leads_to("lr-finder", "training")
    return f'{html}<button type="button" class="rw-link" {way}>{esc(say("finder.go", lang))}</button>'


def _text_rates(config: RunConfig, family: str) -> list[float]:
    """The learning rate of each text encoder of a family; one number where they have the same."""
    spec = FAMILIES.get(family) or next(iter(FAMILIES.values()))
    rates = [config.rate_of(spec.part(name)) for name in spec.names("text")]
    return rates if len(set(rates)) > 1 else rates[:1]


def _lines(config: RunConfig, texts: Sequence[float], total: int, lang: Lang) -> list[Line]:
    train, schedule = config.train, lr_schedule.make(config.optimizer, total)
    unet = config.rates().get("denoiser", 0.0)
    stop = train.stop_text_encoder_training
    until = total if stop is None else max(0, min(total, steps_of(stop, total)))
    every = max(1, total // _POINTS)

    def curve(base: float, end: int) -> list[tuple[float, float]]:
        steps = sorted({*range(0, end, every), max(0, end - 1)})
        return [(float(step), schedule.rate(base, step)) for step in steps]

    lines = []
    if config.teaches_word:
        ends = config.embedding.stop_embedding_training
        last = until if ends is None else min(until, steps_of(ends, total))
        lines.append(Line("fourth", say("rate.word", lang), curve(config.embedding.embedding_lr, last)))
    if [unet] == [*texts] and until == total:
        return [Line("smooth", say("rate.both", lang), curve(unet, total)), *lines] if unet else lines
    lines = [Line("smooth", say("rate.unet", lang), curve(unet, total)), *lines] if unet else lines
    for (look, key), text in zip(_LOOKS, texts, strict=False):
        if text and until > 0:
            lines.append(Line(look, say(key, lang), curve(text, until)))
    return lines
