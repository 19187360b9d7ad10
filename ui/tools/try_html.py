"""How the card that generates images looks: its fields, and the images with their settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from core.catalog import SAMPLERS
from core.config.schema.option import Option
from core.errors import Lang, UserError
from core.runs import sample_prompts
from ui.parts.html_events import button
from ui.parts.images import figure
from ui.parts.markup import esc, note
from ui.parts.numbers import minute
from ui.parts.thumbs import Thumbs
from ui.text import say
from ui.tools.field_html import act_html, field_html
from ui.tools.try_targets import BASE, Target
from ui.window.paths import Paths
from ui.window.results import download_html, tried_address
from ui.window.tries import Tried, Tries

SIDE = 1024
"""Pixels of the images as they are shown large."""

_FIRST = ("prompt", "negative", "strength", "seed", "count")
"""What is changed most; the others are folded away."""


def form_html(options: Sequence[Option], found: Sequence[Target], base: str, lang: Lang) -> str:
    """The fields and buttons. found: the models there are. base: of the settings, "" for none."""
    fields = {
        option.name: field_html(
            option,
            lang,
            "try",
            is_long=option.name in ("prompt", "negative"),
            classes="for-strength" if option.name == "strength" else "",
        )
        for option in options
    }
    first = "".join(fields[name] for name in _FIRST)
    more = "".join(html for name, html in fields.items() if name not in _FIRST)
    title = esc(say("try.more", lang))
    acts = (
        act_html("go", "try.go", lang, "is-main is-full")
        + act_html("base", "try.base", lang, "for-result", help_key="try.base.help")
        + act_html("grid", "try.grid", lang, "for-strength", help_key="try.grid.help")
        + act_html("stop", "job.stop", lang, "is-stop", into="form")
    )
    return (
        f'<div class="rw-try rw-fields">{_select_html(found, base, lang)}'
        f'<div class="rw-try-fields">{first}</div>'
        f'<details><summary>{title}</summary><div class="rw-try-fields">{more}</div></details>'
        f'<div class="rw-acts">{acts}</div></div>'
    )


def _select_html(found: Sequence[Target], base: str, lang: Lang) -> str:
    """The models, those of a run together. script/tools.js takes over from an option how its run sampled."""
    groups = []
    for _, group in groupby(found, lambda one: one.run.folder if one.run else None):
        models = list(group)
        run = models[0].run
        title = f"{run.shown_name} · {minute(run.started)}" if run else say("try.target.others", lang)
        options = "".join(_option_html(one, lang) for one in models)
        groups.append(f'<optgroup label="{esc(title)}">{options}</optgroup>')
    if base:
        name = Path(base.replace("\\", "/")).name
        groups.append(f'<option value="{BASE}">{esc(say("try.target.base", lang, name=name))}</option>')
    label, field = esc(say("try.target", lang)), f'<select name="target">{"".join(groups)}</select>'
    return f'<label class="rw-try-field is-target"><b>{label}</b>{field}</label>'


def _option_html(target: Target, lang: Lang) -> str:
    suggested = _suggested(target)
    told = f' data-suggest="{esc(json.dumps(suggested, ensure_ascii=False))}"' if suggested else ""
    told += " data-lora" if target.is_lora else " data-whole"
    step = f" · {say('run.sample.step', lang, step=target.step)}" if target.step else ""
    return f'<option value="{esc(target.id)}"{told}>{esc(target.label + step)}</option>'


def _suggested(target: Target) -> dict[str, str]:
    """Fields as the run drew its first sample: another scale or sampler is no fair trial."""
    run = target.run
    if run is None or not run.prompt or sample_prompts.file_of([run.prompt]) is not None:
        return {}
    try:
        (prompt,) = sample_prompts.of_lines([run.prompt], (512, 512), 0)
    except (UserError, ValueError):
        return {}
    sampler = prompt.sampler or run.sampler
    return {
        "prompt": prompt.text,
        "negative": prompt.negative,
        "steps": str(prompt.steps),
        "scale": f"{prompt.guidance:g}",
        **({"sampler": sampler} if sampler in SAMPLERS else {}),
    }


def strip_html(tries: Tries, thumbs: Thumbs, paths: Paths, lang: Lang) -> str:
    """The images that were generated last, those of one click together."""
    last = tries.last()
    if not last:
        return note(say("try.none", lang))
    groups = "".join(
        _group_html(list(group)[::-1], tries.folder, thumbs, lang)
        for _, group in groupby(last, lambda one: one.group)
    )
    kept = note(say("try.kept", lang, folder=paths.short(str(tries.folder))))
    return f'<div class="rw-tries">{groups}</div>{kept}'


def _group_html(images: Sequence[Tried], folder: Path, thumbs: Thumbs, lang: Lang) -> str:
    first = images[0]
    by_seed = sorted(images, key=lambda one: one.seed)  # strengths of one image stand side by side
    figures = "".join(_image_html(one, folder, thumbs, lang) for one in by_seed)
    settings = esc(json.dumps(dict(first.values), ensure_ascii=False))
    words = esc(say("try.again", lang))
    acts = button("seed", first.group, say("try.seed", lang))
    acts += f'<button type="button" class="rw-act is-quiet" data-again="{settings}">{words}</button>'
    return (
        f'<section class="rw-tried"><header><b>{esc(first.values.get("prompt", ""))}</b>'
        f"<small>{esc(' · '.join(_settings_of(first, lang)))}</small></header>"
        f'<div class="rw-tried-images rw-figures">{figures}</div><div class="rw-acts">{acts}</div></section>'
    )


def _settings_of(tried: Tried, lang: Lang) -> Iterator[str]:
    """What was the same for all images of a click."""
    values = tried.values
    yield tried.label
    if values.get("resolution"):
        yield values["resolution"]
    steps = values.get("steps", "")
    if steps.isdecimal():
        yield say("try.steps", lang, n=int(steps[:6]))
    if values.get("scale"):
        yield f"CFG {values['scale']}"
    if values.get("sampler") in SAMPLERS:
        yield SAMPLERS[values["sampler"]].of(lang)


def _image_html(tried: Tried, folder: Path, thumbs: Thumbs, lang: Lang) -> str:
    strength = tried.strength
    told = [say("try.image.seed", lang, n=str(tried.seed))]
    if strength is not None:
        base = say("try.base.only", lang)
        told.insert(0, base if strength == 0 else say("try.strength", lang, n=f"{strength:g}"))
    try:
        file = thumbs.of(folder / tried.file, SIDE)
    except OSError:
        return ""  # deleted by its owner, or damaged; the others are shown
    link = download_html(tried_address(tried.file), lang)
    return f"<div>{figure(file, ' · '.join(told))}{link}</div>"
