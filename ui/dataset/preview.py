"""What will be trained, shown before: folders, buckets, crops, balance. From the same plan as the run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from core.config.schema_train import TrainConfig
from core.data import folders
from core.data.plan import Plan
from core.data.preview import bucket_rows, label, thumbnail
from core.data.records import PlannedImage
from core.errors import Lang, Problem, UserError
from core.models.sd.tokens import count_tokens
from ui.parts.job import Report
from ui.parts.markup import Share, note, problems, table
from ui.parts.options import OPTIONS
from ui.parts.page import Page, column
from ui.parts.pictures import figures
from ui.settings import widgets
from ui.settings.cards import titled
from ui.settings.checking import dataset_config, findings, planned, seed_of
from ui.settings.form import Form
from ui.settings.length import length_note, planned_length
from ui.text import say
from ui.window import Window
from ui.window.faults import streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

MOST_PICTURES = 120
SIDE = 384
_MOST_PROBLEMS = 40


@dataclass(frozen=True)
class Look:
    """A plan with what is shown of it. files: thumbnails of its first pictures, in order."""

    plan: Plan
    record: Mapping[str, Any]
    files: tuple[str, ...]


class Preview:
    """The card that shows the plan; what it shows is kept in the window, so a reload shows it again."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        parts = self.parts
        with column("card-preview", "rw-card"):
            page.add(gr.HTML, titled("preview.title", "preview.lead"), padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                parts["look"] = page.add(
                    gr.Button,
                    {"value": lambda lang: say("preview.look", lang)},
                    variant="secondary",
                    elem_id="preview-look",
                    size="md",
                )
                parts["balance"] = page.add(
                    gr.Button,
                    {"value": lambda lang: say("balance.idle", lang)},
                    visible=False,
                    elem_id="preview-balance",
                    size="md",
                )
            parts["html"] = gr.HTML(elem_id="preview-html", elem_classes=["rw-maybe"], padding=False)

    def connect(self, lang: Any) -> list[Any]:
        """Bind the handlers. Gives the events after which the plan is known anew."""
        form, parts = self._form, self.parts
        return [
            parts[name].click(
                streamed(lambda data, act=act: act(form.raw(data), data[lang]), self._window),
                {lang, *form.inputs},
                [parts["html"], parts["balance"]],
                trigger_mode="once",
                api_visibility="private",
                show_progress="hidden",
                concurrency_id="preview",
                concurrency_limit=4,
            )
            for name, act in (("look", self.look), ("balance", self.balance))
        ]

    def look(self, raw: Mapping[str, Any], lang: Lang, said: str = "") -> Iterator[Update]:
        """Make the plan on a thread, telling how far it is, then show it."""
        parts, job = self.parts, self._window.preview
        try:
            config = dataset_config(self._form, raw)
        except UserError as e:
            yield {parts["html"]: problems(e.problems, lang)}
            return

        def work(report: Report) -> Look:
            plan = planned(config, seed_of(raw), report)
            record = plan.to_json(TrainConfig(), count_tokens)
            return Look(plan, record, tuple(self._pictures(plan, report)))

        if not job.start(work):
            yield {parts["html"]: note(say("preview.busy.run", lang))}
            return
        yield {parts["html"]: note(say("preview.busy", lang))}
        try:
            for _, done, total in job.watch():
                if total:
                    yield {parts["html"]: note(say("preview.progress", lang, done=done, total=total))}
        except UserError as e:
            yield {parts["html"]: problems(e.problems, lang)}
            return
        yield self.show(raw, lang, said)

    def _pictures(self, plan: Plan, report: Report) -> Iterator[str]:
        """Thumbnail files of the first pictures, what is cut away dimmed."""
        images = plan.images[:MOST_PICTURES]
        for n, image in enumerate(images, 1):
            report("preview", n, len(images))
            key = f"{image.content}|{image.fit}|{SIDE}"
            yield str(self._window.thumbs.made(key, lambda image=image: thumbnail(image, SIDE)))

    def show(self, raw: Mapping[str, Any], lang: Lang, said: str = "") -> Update:
        """What the last look found, in this language; {} before the first look."""
        look: Look | None = self._window.preview.result
        if look is None:
            return {}
        names = self._balance_names(look)
        return {
            self.parts["html"]: said + self._html(look, raw, lang),
            self.parts["balance"]: gr.update(
                visible=names is not None,
                value=say("balance.button", lang, name=names[1].name if names else ""),
            ),
        }

    def _html(self, look: Look, raw: Mapping[str, Any], lang: Lang) -> str:
        record = look.record
        limit = widgets.read(OPTIONS["model.max_token_length"], raw.get("model.max_token_length"))
        parts = [problems(findings(look.plan, limit or 75)[:_MOST_PROBLEMS], lang)]
        if record["images"]:
            parts.append(length_note(planned_length(self._form, raw, look.plan), lang))
            parts.append(_folder_table(record["folders"], lang))
            parts.append(balance_note(record["folders"], lang))
            parts.append(_bucket_table(look.plan, lang))
            shown = zip(look.files, look.plan.images, record["images"], strict=False)
            pictures = (
                (file, label(i, lang, row.get("is_validation", False)), _prompt(i, row, lang))
                for file, i, row in shown
            )
            parts.append(figures(say("preview.gallery", lang), pictures))
        if len(record["images"]) > MOST_PICTURES:
            parts.append(note(say("preview.many", lang, n=MOST_PICTURES, total=len(record["images"]))))
        return "".join(parts)

    def _balance_names(self, look: Look) -> tuple[Path, Path] | None:
        """The one regularization folder and the name that would balance it, if it needs one."""
        if look.plan.config.dataset_config:
            return None  # its folders are called as that file calls them
        reg = [folder for folder in look.record["folders"] if folder["is_reg"]]
        repeats = best_repeats(look.record["folders"])
        if len(reg) != 1 or repeats == reg[0]["repeats"]:
            return None
        path = Path(reg[0]["path"])
        if path.is_relative_to(self._window.project / "demo"):
            return None  # the demo stays as it came
        return path, path.with_name(f"{repeats}_{reg[0]['prompt']}")

    def balance(self, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """Give the regularization folder the repeats of the guide's formula; its pictures are not touched."""
        run, result = self._window.runner.current, self._window.preview.result
        names = self._balance_names(result) if result else None
        if run is not None and not run.is_over:
            yield {self.parts["html"]: note(say("balance.busy", lang), "warn")}
            return
        if names is None:
            return
        source, target = names
        if target.exists():
            exists = (
                f"there is a folder {target.name} already.",
                f"フォルダ「{target.name}」がすでにあります。",
            )
            yield {self.parts["html"]: problems([Problem("E-DIR-EXISTS", *exists, path=str(target))], lang)}
            return
        try:
            self._window.paths.writable(str(target))
            os.rename(source, target)
        except UserError as e:
            yield {self.parts["html"]: problems(e.problems, lang)}
            return
        except OSError as e:
            said = (f"it can't be renamed: {e.strerror}.", f"名前を変更できません（{e.strerror}）。")
            yield {self.parts["html"]: problems([Problem("E-DIR-RENAME", *said, path=str(source))], lang)}
            return
        yield from self.look(raw, lang, note(say("balance.done", lang, name=target.name), "good"))


def best_repeats(record: Sequence[Mapping[str, Any]]) -> int:
    """Repeats for the regularization pictures, by the guide's formula."""
    train = sum(folder["used_per_epoch"] for folder in record if not folder["is_reg"])
    return folders.balance(train, sum(folder["images"] for folder in record if folder["is_reg"]))


def balance_note(record: Sequence[Mapping[str, Any]], lang: Lang) -> str:
    """Whether training and regularization pictures are in balance, in one sentence."""
    train = sum(folder["used_per_epoch"] for folder in record if not folder["is_reg"])
    regs = [folder for folder in record if folder["is_reg"]]
    reg = sum(folder["repeats"] * folder["images"] for folder in regs)
    if not reg:
        return note(say("balance.none", lang), "warn")
    if reg > train:
        return note(say("balance.over", lang, train=train, reg=reg, surplus=reg - train), "warn")
    repeats = best_repeats(record)
    if len(regs) == 1 and repeats > regs[0]["repeats"]:
        return note(say("balance.under", lang, train=train, reg=reg, repeats=repeats))
    return note(say("balance.good", lang, train=train, reg=reg), "good")


def _folder_table(record: Sequence[Mapping[str, Any]], lang: Lang) -> str:
    headers = [
        say(f"preview.{name}", lang) for name in ("folder", "kind", "prompt", "repeats", "images", "samples")
    ]
    rows = [
        (
            (f"{folder['dataset'] + 1} · " if "dataset" in folder else "") + Path(folder["path"]).name,
            say("preview.reg" if folder["is_reg"] else "preview.train", lang),
            folder["prompt"],
            folder["repeats"],
            folder["images"],
            folder["used_per_epoch"],
        )
        for folder in record
    ]
    return table(headers, rows, numbers=frozenset({3, 4, 5}))


def _bucket_table(plan: Plan, lang: Lang) -> str:
    headers = [
        say(f"preview.{name}", lang)
        for name in ("size", "share", "train", "reg", "samples", "batches", "cut")
    ]
    rows = bucket_rows(plan)
    has_several = len({row.dataset for row in rows}) > 1
    most = max((row.samples for row in rows), default=1) or 1
    cells = [
        (
            f"{row.dataset + 1} · " * has_several + f"{row.size.width} × {row.size.height}",
            Share(row.samples / most),
            row.train_images,
            row.reg_images,
            row.samples,
            row.batches,
            f"{row.cut:.0%}",
        )
        for row in rows
    ]
    return table(headers, cells, numbers=frozenset({2, 3, 4, 5, 6}))


def _prompt(image: PlannedImage, row: Mapping[str, Any], lang: Lang) -> str:
    """The caption that is trained with its tokens."""
    key = "preview.caption.one" if row["tokens"] == 1 else "preview.caption"
    return say(key, lang, text=image.caption, n=row["tokens"])
