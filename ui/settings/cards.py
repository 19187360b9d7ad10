"""The Model, LoRA and Training tabs: cards of options, drawn from their declarations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gradio as gr

from core.adapters.methods import METHODS
from core.config.schema.kinds import kind
from core.config.schema.option import Option
from core.errors import Lang
from ui.parts.localized import Page, Wording, column
from ui.parts.markup import esc, goto, heading
from ui.parts.options import LEVELS, OPTIONS, element_id, groups_of, method_classes, options_of
from ui.settings.forecast import ForecastCard
from ui.settings.form import Form
from ui.settings.prompt_rows import rows_html
from ui.settings.suited import SuitedCard
from ui.text import say
from ui.window import Window


def titled(key: str, lead: str = "") -> dict[str, Wording]:
    """The words of a card's heading."""

    def value(lang: Lang) -> str:
        return heading(say(key, lang), say(lead, lang) if lead else "")

    return {"value": value}


def classes_of(options: Iterable[Option]) -> list[str]:
    """A card is shown when any of its options is."""
    options = list(options)
    level = min((option.meta.level for option in options), key=LEVELS.index, default="basic")
    methods = dict.fromkeys(method for option in options for method in option.meta.methods)
    return [f"lv-{level}", *(method_classes(methods) if all(o.meta.methods for o in options) else ())]


def card(page: Page, form: Form, title: str, options: Sequence[Option], name: str) -> Any:
    """A titled card with a grid of options, hidden while none of them is shown."""
    form.cards[f"card-{name}"] = tuple(options)
    with column(f"card-{name}", "rw-card", *classes_of(options)) as made:
        page.add(gr.HTML, titled(title), padding=False)
        grid(page, form, options)
    return made


_SHAPES = {"path": 1, "lines": 1, "check": 2}
"""Kind of option -> its place in a grid: fields first, then what takes a whole row, then boxes to tick."""


def grid(page: Page, form: Form, options: Sequence[Option]) -> None:
    """Options side by side, as many as fit, without holes between them."""
    with column("", "rw-grid"):
        for option in sorted(options, key=lambda option: _SHAPES.get(kind(option), 0)):
            form.draw(page, option)


def draw_model(window: Window, page: Page, form: Form) -> tuple[dict[str, Any], SuitedCard]:
    """The Model tab. Gives the places where the files' identities are shown, and what is offered there."""
    by_name = {option.name: option for option in options_of("model")}
    main = [by_name.pop("base")]
    with column("card-model", "rw-card"):
        page.add(gr.HTML, titled("group.model"), padding=False)
        grid(page, form, main)
        base = gr.HTML(elem_id="identity-base", elem_classes=["rw-maybe"], padding=False)
        offer = SuitedCard(window, form)
        offer.draw(page)
        grid(page, form, [by_name.pop("vae")])
        vae = gr.HTML(elem_id="identity-vae", elem_classes=["rw-maybe"], padding=False)
        page.add(gr.HTML, titled("group.result"), padding=False)
        result = gr.HTML(elem_id="model-result", elem_classes=["rw-maybe"], padding=False)
        refresh = page.add(
            gr.Button,
            {"value": lambda lang: say("paths.refresh", lang)},
            size="sm",
            elem_id="paths-refresh",
            elem_classes=["rw-quiet"],
        )
    card(page, form, "group.model.more", list(by_name.values()), "model-more")
    return {"base": base, "vae": vae, "result": result, "refresh": refresh}, offer


def prompt_rows(lang: Lang) -> str:
    """The place where the sample prompts are rows of fields."""
    prompts = OPTIONS["sample.sample_prompts"]
    return rows_html(element_id(prompts), OPTIONS["dataset.resolution"], lang)


def draw_lora(page: Page, form: Form) -> Any:
    """The LoRA tab: what is trained, then the network's options. Gives the place of the layers."""
    page.add(gr.HTML, {"value": _moved}, padding=False, elem_id="method-moved")
    for group, options in groups_of("lora"):
        rest = [option for option in options if option.key != "network.method"]
        card(page, form, f"group.{group}", rest, group)
    with column("card-layers", "rw-card", *method_classes(METHODS)):
        found = gr.HTML(elem_id="layers", elem_classes=["rw-maybe"], padding=False)
    with column("", "rw-card", *method_classes(["none"])):
        page.add(gr.HTML, {"value": lambda lang: heading("", say("group.none", lang))}, padding=False)
    return found


def _moved(lang: Lang) -> str:
    """Where the training method is chosen."""
    way = goto(OPTIONS["network.method"])
    link = f'<button type="button" class="rw-link" {way}>{esc(say("method.moved.goto", lang))}</button>'
    return f'<p class="rw-note is-plain">{esc(say("method.moved", lang))} {link}</p>'


def draw_training(window: Window, page: Page, form: Form) -> tuple[Any, ForecastCard, Any]:
    """The Training tab. Gives the place of the schedule, the forecast, the place of what prompts come to."""
    summary = gr.HTML(elem_id="schedule", elem_classes=["rw-maybe"], padding=False)
    forecast = ForecastCard(window, form)
    for group, options in groups_of("training"):
        if group != "sample":
            card(page, form, f"group.{group}", options, group)
            continue
        with card(page, form, f"group.{group}", options[:1], group):
            page.add(gr.HTML, {"value": prompt_rows}, elem_id="prompt-rows", padding=False)
            prompted = gr.HTML(elem_id="prompted", elem_classes=["rw-maybe"], padding=False)
            grid(page, form, options[1:])
        form.cards[f"card-{group}"] = tuple(options)
    return summary, forecast, prompted
