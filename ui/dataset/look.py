"""A look at what will be trained: the plan with what was found about it, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.config.schema.train import TrainConfig
from core.data.health import findings as health_findings
from core.data.health.findings import Finding
from core.data.health.measure import Traits
from core.data.intake.rename_repeats import Pair
from core.data.plan import as_json
from core.data.plan.plan import Plan
from core.data.plan.thumbnails import thumbnail
from core.errors import Lang, Problem
from core.models.tokens import count_tokens
from core.patience import MOST_SECONDS, Patience, in_order
from ui.dataset import balance, bucket_view, health
from ui.dataset.image_desk import ImageDesk
from ui.dataset.usage import usage_html
from ui.parts.job import Report
from ui.parts.markup import problems
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.checking import findings, planned, seed_of, train_config
from ui.settings.form import Form
from ui.settings.length import length_note, planned_length
from ui.window import Window
from ui.window.dated import dated, words

SIDE = 384
"""Longest side of a small image, in pixels."""
_MOST_PROBLEMS = 40


@dataclass
class Look:
    """A plan with what was found about it.

    record: the plan as JSON values. traits: of its images, by content. more: images of a bucket asked for
    beyond the first ones, by number of the bucket. word: how the settings stood (ui.window.dated). said:
    about what was done to its images.
    """

    plan: Plan
    record: Mapping[str, Any]
    traits: Mapping[str, Traits]
    more: dict[int, int] = field(default_factory=dict)
    word: str = ""
    said: tuple[Problem, ...] = ()


class LookView:
    """Makes looks and draws them. desk: the acts on images that it draws beside them."""

    def __init__(self, window: Window, form: Form, desk: ImageDesk) -> None:
        self._window, self._form, self._desk = window, form, desk

    def work(self, raw: Mapping[str, Any], said: tuple[Problem, ...] = ()) -> Callable[[Report], Look]:
        """What makes a look. Raises UserError where the settings are wrong."""
        word = words(self._window)["dataset"]
        config = self._form.part(raw, "dataset").config.dataset

        def work(report: Report) -> Look:
            plan = planned(config, seed_of(raw), report, self._window.image_facts.verify)
            self._window.image_facts.keep()
            record = as_json.values(plan, TrainConfig(), count_tokens)
            report("", 0, 0)
            files = {image.content: image.path for image in plan.images}
            traits = self._window.image_facts.traits(files, progress=lambda at, of: report("health", at, of))
            look = Look(plan, record, traits, word=word, said=said)
            report("", 0, 0)
            self.files(look, raw)
            return look

        return work

    def _limit(self, raw: Mapping[str, Any]) -> int:
        """Tokens a caption may have."""
        limit = widgets.read(OPTIONS["model.max_token_length"], raw.get("model.max_token_length"))
        return limit if isinstance(limit, int) and limit > 0 else 75

    def findings(self, look: Look, raw: Mapping[str, Any]) -> tuple[Finding, ...]:
        """What is wrong or strange about the images."""
        return health_findings.find(look.plan, look.traits, count_tokens, self._limit(raw))

    def files(self, look: Look, raw: Mapping[str, Any]) -> dict[int, str]:
        """Thumbnails of the images on the page, made several at a time where they are not there yet."""
        inside = {index for chosen in bucket_view.shown(look.plan, look.more) for index in chosen}
        chosen = sorted(inside | health.shown(self.findings(look, raw)))

        def file(index: int) -> str:
            image, alpha = look.plan.images[index], look.plan.settings_of(index).alpha_mask
            key = f"{image.content}|{image.fit}|{SIDE}|{image.mask_content}|{alpha}"
            return str(self._window.thumbs.made(key, lambda: thumbnail(image, SIDE, alpha)))

        return dict(zip(chosen, in_order(file, chosen, Patience(most_seconds=MOST_SECONDS)), strict=True))

    def renaming(self, look: Look) -> tuple[Pair, ...]:
        """The renaming that is offered. Raises UserError when a name is taken."""
        return balance.renaming(look.plan, look.record["folders"], self._window.project / "demo")

    def _dated(self, look: Look, html: str, lang: Lang) -> str:
        return dated(self._window, "dataset", html, lang, look.word)

    def fields(self, look: Look, files: Mapping[int, str], lang: Lang) -> str:
        """The images, bucket by bucket, with what can be done to them."""
        chosen = bucket_view.shown(look.plan, look.more)
        wrap = self._desk.wrapped(look.plan, lang)
        html = bucket_view.fields_html(look.plan, look.record, chosen, files, wrap, lang)
        return self._dated(look, html + self._desk.below_html(look.plan, look.said, lang), lang)

    def html(
        self, look: Look, raw: Mapping[str, Any], lang: Lang, files: Mapping[int, str], renaming: str
    ) -> str:
        """What was found about the images. renaming: HTML of what is offered to folders."""
        return self._dated(look, self._html(look, raw, lang, files, renaming), lang)

    def _html(
        self, look: Look, raw: Mapping[str, Any], lang: Lang, files: Mapping[int, str], renaming: str
    ) -> str:
        plan, record, limit = look.plan, look.record, self._limit(raw)
        desk = self._desk
        others = [p for p in findings(plan, limit) if p.code not in health_findings.TOLD]
        html = problems(others[:_MOST_PROBLEMS], lang)
        found = self.findings(look, raw)
        shown = health.Shown(
            *(plan, files, limit, desk.wrapped(plan, lang), lambda one: desk.cure_html(one, plan, lang)),
            desk.cure_all_html(found, plan, lang),
        )
        health_html = health.health_html(found, shown, lang)
        html += desk.layout_html(others, lang)
        folders = desk.folders_html(plan, record["folders"], lang)
        if not record["images"]:
            return html + folders + health_html
        has_seed = bool(str(raw.get("train.seed") or "").strip())
        return (
            html
            + length_note(planned_length(self._form, raw, plan), lang)
            + folders
            + balance.balance_note(record["folders"], lang)
            + renaming
            + health_html
            + bucket_view.bucket_table(plan, lang)
            + usage_html(plan, train_config(self._form, raw), has_seed, lang)
        )
