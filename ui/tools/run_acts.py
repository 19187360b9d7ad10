"""What can be done with runs and their saved models from the page, which names them and never their paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.config import check
from core.config.file import toml_text
from core.config.schema.save import SaveConfig
from core.errors import Lang, UserError
from core.reading import reason
from core.runs import checkpoints, past_runs, result_names
from core.runs.past_runs import PastRun
from ui.parts.numbers import minute
from ui.settings.form import Form
from ui.text import say
from ui.tools import messages
from ui.tools.run_list import AGAIN, RESUMABLE, name_of
from ui.window import Window
from ui.window.results import output_folders


class RunActs:
    """The acts; each gives the sentence that tells what was done, or raises UserError."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self.by_name: dict[str, Callable[[str, Lang], str]] = {
            "trash-yes": self._trash,
            "back": self._restore,
            "resume": self._resume,
            "again": self._again,
            "delete-yes": self._delete,
            "undelete": self._undelete,
        }

    # What lies in the folders.

    def live(self) -> Path | None:
        """The folder of the run under way."""
        return self._window.runner.current.folder if self._window.is_training else None

    def runs(self) -> list[PastRun]:
        """The runs of all output folders, newest first."""
        live, folders = self.live(), output_folders(self._window)
        runs = [run for folder in folders for run in past_runs.past_runs(folder, live)]
        return sorted(runs, key=lambda run: run.started, reverse=True)

    def removed(self) -> list[PastRun]:
        """The runs that were removed from the list."""
        return [run for folder in output_folders(self._window) for run in past_runs.trashed(folder)]

    def named(self, name: Any, runs: Sequence[PastRun] | None = None) -> PastRun:
        """The run of a name that the page sent. Raises UserError."""
        run = next((run for run in (self.runs() if runs is None else runs) if name_of(run) == name), None)
        if run is None:
            raise UserError(messages.GONE())
        return run

    # Settings of a run.

    def settings(self, name: str, lang: Lang) -> tuple[dict[str, Any], str, str]:
        """Every option of a run, so that it starts afresh; the run's name; and the sentence for it."""
        run = self.named(name)
        said = say("runs.loaded", lang, name=run.shown_name, when=minute(run.started))
        return _values(run) | {"save.resume": ""}, run.shown_name, said

    def continuing(self, on: str, lang: Lang) -> tuple[dict[str, Any], str, str]:
        """As `settings`, with a model of the run as what the training starts from."""
        run, path = self._checkpoint(on)
        values = _values(run) | {"save.resume": ""}
        if values.get("network.method") == "none":
            values["model.base"] = str(path)
        else:
            values["network.weights"] = str(path)
        save = SaveConfig.model_validate(
            {"output_dir": str(run.output_dir), "output_name": values.get("save.output_name") or None}
        )
        values["save.output_name"] = result_names.free(save)
        said = say(
            "checkpoints.continued",
            lang,
            name=run.shown_name,
            file=path.name,
            output=values["save.output_name"],
        )
        return values, run.shown_name, said

    def rename(self, name: str, title: str, lang: Lang) -> str:
        """Give a run a name of the user's own."""
        run = self.named(name)
        self._window.paths.writable(str(run.folder))
        self._on_disk(lambda: past_runs.set_title(run, title), run.folder)
        now = self.named(name).title
        return say("runs.named", lang, name=now) if now else say("runs.unnamed", lang)

    def _resume(self, name: str, lang: Lang) -> str:
        run = self.named(name)
        found = checkpoints.newest_state(run) if run.status in RESUMABLE else None
        if found is None:
            raise UserError(messages.NOT_RESUMABLE())
        state, step = found
        # Through the form, which checks every path before it is used.
        shown = self._form.shown(_values(run) | {"save.resume": str(state)})
        self._window.runner.start(self._form.text(shown, lang))
        return say("runs.resumed", lang, name=run.shown_name, step=step)

    def _again(self, name: str, lang: Lang) -> str:
        """Train a run once more from its beginning, now or after the run under way; what it left is kept."""
        run, window = self.named(name), self._window
        if run.status not in AGAIN:
            raise UserError(messages.NOT_AGAIN())
        text = self._form.text(self._form.shown(_values(run) | {"save.resume": ""}), lang)
        if window.is_training:
            return say("runs.again.queued", lang, name=window.queue.add(text).run.name)
        free = result_names.free(check.check(text).config.save)
        window.runner.start(text, [f"save.output_name={toml_text.toml_value(free)}"])
        return say("runs.again.started", lang, name=free)

    # The trash.

    def _trash(self, name: str, lang: Lang) -> str:
        run = self._idle(self.named(name))
        self._on_disk(lambda: past_runs.to_trash(run), run.folder)
        return say("runs.trashed", lang, name=run.shown_name)

    def _restore(self, name: str, lang: Lang) -> str:
        run = self._idle(self.named(name, self.removed()))
        self._on_disk(lambda: past_runs.from_trash(run), run.folder)
        return say("runs.back.done", lang, name=run.shown_name)

    def _delete(self, on: str, lang: Lang) -> str:
        run, path = self._checkpoint(on)
        self._idle(run)
        found = next(one for one in checkpoints.of_run(run) if one.path == path)
        self._on_disk(lambda: checkpoints.delete(run, found), path)
        return say("checkpoints.deleted", lang, file=path.name)

    def _undelete(self, on: str, lang: Lang) -> str:
        name, _, file = on.partition("/")
        run = self._idle(self.named(name))
        path = next((path for path in checkpoints.deleted(run) if path.name == file), None)
        if path is None:
            raise UserError(messages.GONE())
        self._on_disk(lambda: checkpoints.restore(run, path), path)
        return say("checkpoints.restored", lang, file=path.name)

    def _checkpoint(self, on: str) -> tuple[PastRun, Path]:
        """The run and the place of a saved model that the page named as "run/file"."""
        name, _, file = on.partition("/")
        run = self.named(name)
        path = next((one.path for one in checkpoints.of_run(run) if one.path.name == file), None)
        if path is None:
            raise UserError(messages.GONE())
        return run, path

    def _idle(self, run: PastRun) -> PastRun:
        """A run that no program works on, nor on its models: they may be those of a run that resumed it."""
        live = self.live()
        is_written = live is not None and live.parent.resolve() == run.folder.parent.resolve()
        if run.status == "running" or (is_written and _shares_name(run, self._window)):
            raise UserError(messages.STILL_RUNS())
        self._window.paths.writable(str(run.folder))
        return run

    def _on_disk(self, act: Callable[[], object], path: Path) -> None:
        try:
            act()
        except OSError as e:
            raise UserError(messages.NOT_MOVED(path=path, why=reason(e))) from e


def _shares_name(run: PastRun, window: Window) -> bool:
    return bool(window.runner.current.config.save.output_name == run.name)


def _values(run: PastRun) -> dict[str, Any]:
    """Every option of a run, checked; results go to where that run lies now. Raises UserError."""
    values = toml_text.values_of(check.load(run.folder / past_runs.RUN_FILE).config)
    return values | {"save.output_dir": str(run.output_dir)}
