"""Settings opened from a file or pasted, put into the form: what changes, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.config.imports.messages import FOLDERS
from core.errors import Lang, Problem, UserError
from core.reading import reason
from ui.parts.markup import note, problems
from ui.settings import datasets
from ui.settings.form import Form, whole
from ui.settings.menu import undo_html
from ui.settings.messages import UNWRITTEN
from ui.settings.opening import Opened, open_file, open_text, report_html
from ui.settings.recipe import put
from ui.text import say
from ui.window import Window
from ui.window.paths import file_name

Update = dict[Any, Any]
Answer = tuple[Update, str]
"""The updates that show the settings, and what is said of them as HTML."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises UserError where the disk does not take what is written, renamed or deleted."""
    try:
        yield
    except OSError as e:
        raise UserError(UNWRITTEN(path=path, why=reason(e))) from e


def from_file(window: Window, form: Form, path: Path, lang: Lang) -> Answer:
    """Fill the form from a file, ours or another trainer's, or a LoRA's record of its own training."""
    done = note(say("file.opened", lang, name=path.name), "good")
    return _report(lambda: _put(window, form, open_file(path), path.name, done, lang), lang)


def from_text(window: Window, form: Form, text: str, lang: Lang) -> Answer:
    """Fill the form from a pasted command of sd-scripts, its TOML or kohya_ss's JSON."""
    if not text.strip():
        return {}, note(say("import.empty", lang), "warn")
    return _report(lambda: _put(window, form, open_text(whole(text)), "", "", lang), lang)


def put_whole(window: Window, form: Form, values: Mapping[str, Any], act: str, name: str = "") -> Update:
    """Every setting that is named, the user's own among them. act, name: see Change."""
    window.draft.change(act, name, form.shown(values), lent={})
    return form.fill(values)


def _report(act: Callable[[], Answer], lang: Lang) -> Answer:
    """An import, or what is wrong with it."""
    try:
        return act()
    except UserError as e:
        return {}, problems(e.problems, lang, has_lines=True)


def _put(window: Window, form: Form, opened: Opened, name: str, done: str, lang: Lang) -> Answer:
    """Put into the form what was opened. done: said before the report. Raises UserError."""
    if opened.datasets and not opened.report:
        return _take_datasets(window, form, opened.datasets, name, lang)
    if opened.is_whole:
        updates = put_whole(window, form, opened.values, "import", name)
        done += problems(opened.report, lang, has_lines=True)
    else:
        images, report = _images(window, opened, _stem(name))
        updates = put(window, form, {**opened.values, **images}, "import", name)
        done += report_html(report, lang)
    return updates, done + undo_html(lang)


def _images(window: Window, opened: Opened, name: str) -> tuple[dict[str, Any], Sequence[Problem]]:
    """The image folders of another trainer as settings; what can't be used is told."""
    if not opened.datasets:
        return {}, opened.report
    paths = window.paths
    try:
        with writing(paths.workspace / datasets.FOLDER):
            values, _ = datasets.keep(paths, opened.datasets, name)
    except UserError as e:
        wrong = [problem.as_warning() for problem in e.problems]
        return {}, (*(p for p in opened.report if p.code != FOLDERS.code), *wrong)
    return values, opened.report


def _take_datasets(window: Window, form: Form, text: str, name: str, lang: Lang) -> Answer:
    """Keep a dataset_config as a file and name it; all that is not about images stays as it is."""
    paths = window.paths
    with writing(paths.workspace / datasets.FOLDER):
        values, n = datasets.keep(paths, text, _stem(name))
    window.draft.change("import", name, form.shown(values), preset=window.draft.preset)
    file = paths.short(values[datasets.KEY])
    done = note(say("import.datasets", lang, path=file, n=n), "good")
    return form.fill(values), done + undo_html(lang)


def _stem(name: str) -> str:
    """What to call a file made of one of this name, or of what was pasted. Raises UserError."""
    return file_name(Path(name or "pasted").stem)
