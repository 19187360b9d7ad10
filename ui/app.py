"""The page: header, five tabs, run panel; its language, and what a page shows when it is opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from core.config.schema.kinds import kind
from core.errors import Lang
from core.tools.table import TOOLS
from ui.dataset.captions import CaptionCard
from ui.dataset.folder_options import draw_places, draw_settings
from ui.dataset.folders import FolderMaker
from ui.dataset.preview import Preview
from ui.parts.localized import QUICK, Page, Wording, column, texts
from ui.parts.markup import esc
from ui.parts.options import LEVELS, OPTIONS
from ui.run.panel import RunPanel
from ui.settings.cards import draw_lora, draw_model, draw_training
from ui.settings.form import Form
from ui.settings.head import brand, levels, method_words
from ui.settings.identity import CONCERNED, SAID, model_html
from ui.settings.kept import Kept, can_show
from ui.settings.layers import layers_html
from ui.settings.length import length_html
from ui.settings.lr_finder import LrFinder
from ui.settings.merging import Merging
from ui.settings.picking import SOURCE, Picking
from ui.settings.presets_bar import PresetsBar
from ui.settings.recipe import put
from ui.settings.search import search_html
from ui.settings.typed import PROMPTS, typed_html
from ui.settings.unshown import unshown_html
from ui.settings.visibility import hidden_style
from ui.text import LANGUAGE_NAMES, say
from ui.tools.caption_card import CaptionToolCard
from ui.tools.card import ToolCard
from ui.tools.hub_card import HubCard
from ui.tools.inspect import InspectCard
from ui.tools.notice_card import NoticeCard
from ui.tools.runs import RunsCard
from ui.tools.tab_refresh import UnderWay
from ui.tools.tensorboard_card import TensorBoardCard
from ui.tools.tool_list import draw_list, places
from ui.tools.trash_card import TrashCard
from ui.tools.try_card import TryCard
from ui.window import Window
from ui.window.blocks import Blocks, quiet
from ui.window.error_page import guarded, take_values_as_sent
from ui.window.paths import Offers
from ui.window.prepared import STALE, Prepared, merged

Data = Mapping[Any, Any]
Update = dict[Any, Any]

# Which options are shown is a matter of the page alone: the style sheet looks at these attributes of <body>.
_SHOW = """(level, method, lang) => {
  document.documentElement.lang = lang;
  document.body.dataset.level = level || 'basic';
  document.body.dataset.method = method || 'lora';
  document.dispatchEvent(new CustomEvent('rw-shown', {detail: lang}));
  const stale = document.querySelector('#rw-built [data-stale]');
  if (stale) stale.dispatchEvent(new CustomEvent('rw-stale', {bubbles: true}));
  else document.body.dataset.ready = 'yes';
}"""
_ASK_AGAIN = "element.addEventListener('rw-stale', () => trigger('click', {}));"
_REMEMBER_LANGUAGE = """(lang) => {
  document.cookie = 'rareword_lang=' + lang + '.TOKEN; path=/; max-age=31536000; samesite=strict';
}"""


class App:
    """Everything on the page, and the handlers that touch more than one part of it."""

    def __init__(self, window: Window) -> None:
        self._window = window
        lang: Lang = "en" if window.lang == "auto" else window.lang
        self.page = Page(lang)
        self.picking = Picking(window)
        self.form = Form(window.paths, self.picking)
        self.bar = PresetsBar(window, self.form)
        self.kept = Kept(window)
        with Blocks(window, title="Rareword", analytics_enabled=False, fill_width=True) as self.blocks:
            self._draw()
            self._connect()
        self._prepared = Prepared(self.blocks, self.built)
        take_values_as_sent(self.blocks)
        quiet(self.blocks)
        self.blocks.queue(max_size=64, default_concurrency_limit=4)
        if window.chosen:
            name = window.chosen_name
            put(window, self.form, window.chosen, "preset", name.partition("/")[2], name)
        self.prepare(lang)

    def _draw(self) -> None:
        page, form = self.page, self.form
        # Which preparation of the page a browser was sent, for `load` to know what it shows.
        self.built = gr.HTML(elem_id="rw-built", padding=False, js_on_load=_ASK_AGAIN)
        page.add(gr.HTML, {"value": self._skip}, elem_id="rw-skip", padding=False)
        with gr.Row(elem_id="rw-header"):
            page.add(gr.HTML, {"value": brand}, padding=False, elem_id="rw-brand")
            self.bar.draw(page)
            with gr.Row(elem_id="head-more"):
                with column("rw-method"):
                    form.draw(page, OPTIONS["network.method"], method_words())
                self._draw_search()
                look: dict[str, Any] = {"show_label": False, "container": False}
                look["elem_classes"] = ["rw-segments"]
                named: dict[str, Wording] = {**texts(label="app.level"), "choices": levels}
                self.level = page.add(gr.Radio, named, value="basic", elem_id="level", scale=0, **look)
                look["choices"] = [(name, lang) for lang, name in LANGUAGE_NAMES.items()]
                language = texts(label="app.language")
                self.lang = page.add(gr.Radio, language, value=page.lang, elem_id="lang", scale=0, **look)
            self.bar.draw_menu(page)
        page.add(gr.HTML, {"value": self.kept.html}, elem_id="kept", elem_classes=["rw-maybe"], padding=False)
        with gr.Row(elem_id="rw-main"):
            with column("rw-tabs"):
                with gr.Tabs(elem_id="tabs"):
                    self._draw_tabs()
                self.unshown = gr.HTML(elem_id="unshown", elem_classes=["rw-maybe"], padding=False)
            with column("rw-run"):
                self.run = RunPanel(self._window, page, form, self.forecast.parts["alarm"])

    @staticmethod
    def _skip(lang: Lang) -> str:
        """For the keyboard: what leads past all settings (script/keyboard.js)."""
        return f'<button type="button" class="rw-skip">{esc(say("app.skip", lang))}</button>'

    def _draw_search(self) -> None:
        words = texts(label="find.label", placeholder="find.hint")
        bare = {"show_label": False, "container": False}
        self.find = self.page.add(gr.Textbox, words, max_lines=1, elem_id="find", **bare)
        self.merging = Merging(self._window, self.form)
        self.found = gr.HTML(elem_id="found", elem_classes=["rw-maybe"], padding=False)
        self.hidden = gr.HTML(elem_id="rw-hidden", padding=False)

    def _draw_tabs(self) -> None:
        page, form, window = self.page, self.form, self._window
        with page.add(gr.Tab, texts(label="tab.dataset"), id="dataset", elem_id="tab-dataset"):
            draw_places(page, form)
            self.maker = FolderMaker(window, page, form, self.picking)
            self.preview = Preview(window, page, form)
            self.captions = CaptionCard(window, page, form, self.preview)
            draw_settings(page, form)
        with page.add(gr.Tab, texts(label="tab.model"), id="model", elem_id="tab-model"):
            self.model, self.suited = draw_model(window, page, form)
        with page.add(gr.Tab, texts(label="tab.training"), id="training", elem_id="tab-training"):
            self.schedule, self.forecast, self.prompted = draw_training(window, page, form)
            self.finder = LrFinder(window, page, form)
        with page.add(gr.Tab, texts(label="tab.lora"), id="lora", elem_id="tab-lora"):
            self.layers = draw_lora(page, form)
        self.tools_tab = page.add(gr.Tab, texts(label="tab.tools"), id="tools", elem_id="tab-tools")
        with self.tools_tab, column("tools"):
            draw_list(page)
            self.past = RunsCard(window, page, form)
            self.tried = TryCard(window, page, self.past.acts)
            self.captioner = CaptionToolCard(window, page)
            self.inspect = InspectCard(window, page, form)
            self.tools = {n: ToolCard(window, page, form, tool) for n, tool in TOOLS.items() if tool.card}
            self.hub = HubCard(window, page)
            self.notices = NoticeCard(window, page)
            self.board = TensorBoardCard(window, page, form)
            self.trash = TrashCard(window, page, self.preview.curation)
            drawn = (self.past, (self.tried, self.captioner), self.hub, self.trash)
            self.under_way = UnderWay(window, *drawn, [*self.tools.values()])
            self.picked: list[InspectCard | ToolCard] = [self.inspect, *self.tools.values()]

    def _connect(self) -> None:
        form, lang = self.form, self.lang
        self.tells = [
            self.schedule,
            self.prompted,
            self.layers,
            *self.forecast.parts.values(),
            self.hidden,
            self.unshown,
        ]
        self.tells += [*(self.model[name] for name in SAID), *self.suited.shown, self.bar.parts["choice"]]
        self._connect_page()
        # A page is slow to open when every field has an event: script/typed.js tells of most of them by one.
        picked = [c.input for c in form.components.values() if isinstance(c, gr.Dropdown)]
        self._on(
            [*picked, self.level.input, self.merging.typed.click],
            self.changed,
            {lang, self.level, *form.inputs},
            self.tells,
            trigger_mode="always_last",
        )
        self._on(
            [self.find.change, self.find.submit],
            lambda d: search_html(form, d[self.find], form.raw(d), d[lang], places()),
            {lang, self.find, *form.inputs},
            self.found,
            trigger_mode="always_last",
        )
        filled = self.bar.connect(lang, list(form.components.values()))
        cards = (self.past, self.run.queue, self.finder, self.forecast)
        filled += [*(card.connect(lang) for card in cards), *self.suited.connect(lang)]
        filled += self.picking.connect(lang, {**form.components, SOURCE: self.maker.parts["source"]})
        filled += [self.merging.connect(), *(card.connect(lang) for card in self.tools.values())]
        made = self.maker.connect(lang)
        self._connect_files([*filled, *made, *self.preview.connect(lang, made[-1], self.maker.fresh)])
        self.tried.connect(lang, self.past.refresh)
        self.captioner.connect(lang, (self.captions.again, self.captions.view, self.captions.shown))
        for card in (self.captions, self.board, self.hub, self.notices, self.inspect, self.trash):
            card.connect(lang)
        self.under_way.connect(lang, self.tools_tab, set(form.inputs))
        self.run.connect(lang)

    def _connect_page(self) -> None:
        """What happens when the page is opened, and when language or level are changed."""
        form, lang, level = self.form, self.lang, self.level
        method = form.components["network.method"]
        given = self.run.parts["given"]
        own = [*self.page.blocks, *form.components.values(), *self.run.outputs, *self.preview.parts.values()]
        own += [*self.maker.outputs, *self.picking.rows, *self.captions.shown]
        places = [*self.tells, lang, level, *self.bar.said, self.found, self.board.parts["said"]]
        places += [self.inspect.found]
        everything = list({id(block): block for block in (*own, *places, self.built)}.values())
        show: dict[str, Any] = {"js": _SHOW, "api_visibility": "private"}
        # Each output of an event costs time, also one that is not changed: all of them only where needed.
        built = [self.built, *self.picking.rows]
        opened = self._on([self.blocks.load], self.load, [self.built, given], built)
        renewed = self._on([self.built.click], self.renew, None, everything)
        for event in (opened.then, renewed.then):
            event(None, [level, method, lang], None, **show)
        gr.on([level.change, method.change, lang.change], None, [level, method, lang], None, **show)
        self._on(
            [lang.input],
            lambda d: self.relabel(form.raw(d), d[lang], d[given], d[level], d),
            {lang, level, given, *self.captions.view, *form.inputs},
            everything,
        )
        remember = _REMEMBER_LANGUAGE.replace("TOKEN", self._window.token)
        lang.change(None, lang, None, js=remember, api_visibility="private")

    def _connect_files(self, filled: list[Any]) -> None:
        """What is said about the settings, kept up with the form; and the lists of files to choose from.

        Listens to people, not to every change: one that comes with a new language would still be answered
        in the old one. So the events that fill the form themselves are named in `filled`.
        """
        form, lang = self.form, self.lang
        tell = guarded(lambda d: self.told(form.raw(d), d[lang], d[self.level]), self._window)
        for event in filled:
            event.then(tell, {lang, self.level, *form.inputs}, self.tells, **QUICK)
        self._on(
            [self.model["refresh"].click],
            lambda d: self.looked(form.raw(d), d[lang]),
            {lang, *form.inputs},
            [*self.lists(Offers()), self.model["refresh"], *(self.model[name] for name in SAID)],
        )

    def _on(
        self, events: list[Any], handler: Callable[..., Any], inputs: Any, outputs: Any, **how: Any
    ) -> Any:
        return gr.on(events, guarded(handler, self._window), inputs, outputs, **QUICK, **how)

    # Handlers of the whole page.

    def prepare(self, lang: Lang) -> None:
        """Build into the page what it shows now, so that the next browser has it at once."""
        self._prepared.build(self._whole(lang))

    def load(self, built: str, given: Any, request: gr.Request) -> Any:
        """A page that was just opened: whether it shows everything as it stands, in its language.

        given: asked for so that it is of the same moment as the page, see RunPanel.
        """
        is_stale = self._prepared.shown(built) != self._whole(self._language(request))
        updates = self.picking.show(request)
        return (updates | ({self.built: STALE} if is_stale else {})) or gr.skip()

    def renew(self, request: gr.Request) -> Update:
        """Everything on a page, for one that was sent in another language or before something changed."""
        return self._whole(self._language(request)) | {self.built: ""}

    def _language(self, request: gr.Request) -> Lang:
        chosen = str((request.cookies or {}).get("rareword_lang", ""))
        return self._window.language(request.headers.get("accept-language", ""), chosen)

    def _whole(self, lang: Lang) -> Update:
        """Everything a page shows, as updates."""
        self._window.draft.refuse(can_show)
        draft = self._window.draft.values
        raw = self.form.shown(self._window.demo_values()) | {k: v for k, v in draft.items() if k in OPTIONS}
        level = draft.get("level") if draft.get("level") in LEVELS else "basic"
        choices = {self.lang: gr.update(value=lang), self.level: gr.update(value=level)}
        return merged(
            self.form.restore(raw),
            self.lists(self._window.paths.find()),
            self.relabel(raw, lang, None, str(level)),
            choices,
        )

    def relabel(
        self, raw: Mapping[str, Any], lang: Lang, given: Any, level: str, view: Data | None = None
    ) -> Update:
        """The whole page in a language: fixed words, and what was said about files, images and the run.

        view: what a page shows of the captions; None for one that was just opened.
        """
        updates = merged(
            self.page.relabel(lang),
            self.preview.show(raw, lang),
            self.captions.show(lang) if view is None else self.captions.again(view, lang),
            self.run.show(lang, given),
            self.maker.show(lang),
            self.told(raw, lang, level),
            {self.board.parts["said"]: self.board.show(lang)},
        )
        # What was said about a click is not said again.
        updates |= self.bar.told(lang)
        for part in (self.run.parts["message"], self.found, self.inspect.found):
            updates[part] = ""
        return updates

    def told(self, raw: Mapping[str, Any], lang: Lang, level: str, changed: set[str] | None = None) -> Update:
        """What the form's files are, how long the run will be, and which options and presets apply.

        changed: options that were; None when it may be any. What files are is read from their headers, which
        takes as long as all else together, and is left out where it is the same as before.
        """
        look = self._window.preview.result
        is_other = changed is None or not changed.isdisjoint(CONCERNED)
        return {
            **(self.identities(raw, lang) if is_other else {}),
            self.schedule: length_html(self.form, raw, look.plan if look else None, lang),
            self.hidden: hidden_style(self.form, raw, level),
            self.unshown: unshown_html(self._window, self.form, raw, level, lang),
            self.prompted: typed_html(self.form, raw, lang, PROMPTS),
            self.layers: layers_html(self.form, raw, lang),
            **self.forecast.show(raw, lang),
            **self.suited.show(raw, lang),
            self.bar.parts["choice"]: self.bar.choice_html(lang),
        }

    def identities(self, raw: Mapping[str, Any], lang: Lang) -> Update:
        """What the chosen files are and go with, and as what the result is saved."""
        return {self.model[name]: model_html(self._window.paths, name, raw, lang) for name in SAID}

    def changed(self, data: Data, event: gr.EventData) -> Update:
        """Keep what was typed; say what it means for the run, for files and for other options."""
        raw, level = self.form.raw(data), data[self.level]
        changed = self.merging.keep(raw, level, event)
        return self.told(raw, data[self.lang], level, changed)

    def looked(self, raw: Mapping[str, Any], lang: Lang) -> Update:
        """The lists to pick from anew; the button says so, since what is in them is seen only when opened."""
        lists, at = self.lists(self._window.paths.find()), time.strftime("%H:%M:%S", time.localtime())
        models = len(lists[self.form.components["model.base"]]["choices"])
        said = gr.update(value=say("paths.refreshed", lang, n=models, at=at))
        return lists | self.identities(raw, lang) | {self.model["refresh"]: said}

    def lists(self, found: Offers) -> Update:
        """What there is to pick from on this computer."""
        updates: Update = {
            self.form.components[option.key]: gr.update(choices=self._window.paths.offered(option, found))
            for option in OPTIONS.values()
            if kind(option) == "path"
        }
        for card in self.picked:
            updates |= card.offer(found)
        return updates
