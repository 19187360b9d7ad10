"""What one running window holds: where it may read and write, the runner, the settings as last seen."""

from __future__ import annotations

import functools
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.config import check, presets
from core.config.file import toml_text
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.data.health.cache import FactsCache
from core.data.intake.copy_history import Copies
from core.data.undo import History
from core.errors import LANGS, ConfigError, Lang, Problem, UserError
from core.forecast.machine import Looker
from core.forecast.machine_load import LoadWatch
from core.queue import RunQueue
from core.runner import Runner
from core.tools.table import TOOLS
from core.webhook import Address
from core.when_idle import WhenIdle
from ui.parts.job import Job
from ui.parts.options import defaults
from ui.parts.thumbs import Thumbs
from ui.window import messages
from ui.window.arrivals import Arrivals
from ui.window.captions import CaptionEditor
from ui.window.dialog import Dialog
from ui.window.draft import Draft
from ui.window.gpu import TRAIN, Gpu
from ui.window.last_run import Left, look_in_background
from ui.window.paths import Paths
from ui.window.queued import Queued
from ui.window.run_state import RunView, Watcher
from ui.window.tensorboard import TensorBoard
from ui.window.tries import Tries

PROJECT = Path(__file__).resolve().parents[2]

_log = logging.getLogger(__name__)


@dataclass
class Window:
    """Shared by every page of this process; nothing here belongs to one browser.

    paths: what may be read and written. cache: private folder for images on the page. lang: as started.
    chosen, chosen_name: a preset to open with. jobs: the work of each tool. dialog: the system's own for
    choosing files; None where others can reach the page, and without desktop.
    """

    paths: Paths
    cache: Path
    runner: Any = field(default_factory=Runner)
    lang: Lang | Literal["auto"] = "auto"
    chosen: Mapping[str, Any] = field(default_factory=dict)
    chosen_name: str = ""
    log_path: Path = PROJECT / "logs" / "window.log"
    project: Path = PROJECT
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    watcher: Watcher = field(default_factory=Watcher)
    preview: Job[Any] = field(default_factory=lambda: Job("rareword-preview"))
    jobs: Mapping[str, Job[Any]] = field(
        default_factory=lambda: {name: Job(f"rareword-{name}") for name in TOOLS}
    )
    unpack: Job[Any] = field(default_factory=lambda: Job("rareword-unpack"))
    dialog: Dialog | None = None
    has_login: bool = False
    tensorboard: TensorBoard = field(default_factory=TensorBoard)

    def __post_init__(self) -> None:
        self.thumbs = Thumbs(self.cache)
        self.arrivals = Arrivals(self.workspace / "cache" / "sent")
        self.webhook = Address(self.workspace / "webhook.txt")
        self.runner.webhook = self.webhook
        self.runner.may_start = self.may_start
        self.draft = Draft(self.workspace / "window.json")
        self.captions = CaptionEditor(self.workspace, self.may_write_caption)
        self.copies = History(self.workspace / "copies.jsonl", Copies())
        self.queued = Queued(lambda: self.jobs, lambda: self.gpu, self.webhook)
        self.queue = RunQueue(self.workspace / "queue.json", lambda: self.runner, self.queued.begin)
        self.worked_out: dict[str, tuple[object, Any]] = {}
        self.when_idle = WhenIdle(lambda: self.queue, self._is_at_work)
        self.looker = Looker()
        self.looker.start()
        self.load = LoadWatch()
        self.tries = Tries(self.workspace)
        self.gpu = Gpu(lambda: self.runner.is_busy, self.jobs, self.tries.job)
        self.left = Left()
        look_in_background(self._output_in_use(), self.left)

    def may_start(self) -> Problem | None:
        """What keeps a run from starting: see Gpu.hindrance."""
        return self.gpu.hindrance(TRAIN)

    def _is_at_work(self) -> bool:
        """Whether a tool is at work or files are coming, which an end of the program would cut off."""
        jobs = (*self.jobs.values(), self.preview, self.unpack, self.tries.job)
        return self.arrivals.are_coming or any(job.is_busy for job in jobs)

    def _output_in_use(self) -> Path:
        """The output folder of the settings from before, else the workspace's own."""
        try:
            return self.paths.confined(str(self.draft.values.get("save.output_dir") or self.output))
        except UserError:
            return self.output

    def look(self) -> tuple[RunView, tuple[int, int, str]]:
        """The run of this window, or else the last one of the window before it; see Watcher.look."""
        return self.watcher.look(self.runner.current or self.left.story)

    @property
    def is_training(self) -> bool:
        run = self.runner.current
        return run is not None and not run.is_over

    @functools.cached_property
    def image_facts(self) -> FactsCache:
        """Facts about images, also of before a restart; read when they are first asked for."""
        return FactsCache(self.workspace / "cache" / "pictures.jsonl")

    @property
    def workspace(self) -> Path:
        return self.paths.workspace

    @property
    def output(self) -> Path:
        return self.workspace / "output"

    @property
    def preset_folders(self) -> tuple[Path, Path]:
        """The shipped presets and the user's own."""
        return self.project / "presets", self.workspace / "presets"

    def may_write_caption(self, path: Path) -> None:
        """Raises UserError when a caption file, or those of a folder, may not be written."""
        real = Path(os.path.realpath(path))
        if real.is_relative_to(os.path.realpath(self.project / "demo")):
            raise UserError(messages.DEMO_CAPTIONS())
        self.paths.writable(str(path))

    def language(self, accept: str, cookie: str) -> Lang:
        """A page's language: chosen in this session, else as started, else remembered, else the browser's."""
        chosen, _, session = cookie.partition(".")
        known = next((lang for lang in LANGS if lang == chosen), None)
        if known and (session == self.token or self.lang == "auto"):
            return known
        return preferred(accept) if self.lang == "auto" else self.lang

    def demo_values(self) -> dict[str, Any]:
        """The demo's settings over the defaults; without a demo just those. Results go to the workspace."""
        values = defaults()
        path = self.project / "demo" / "run.toml"
        if path.is_file():
            try:
                values |= self._from_project(toml_text.values_of(check.load(path).config))
            except ConfigError:
                _log.warning("the demo's run file does not pass the check", exc_info=True)
        values["save.output_dir"] = str(self.output)
        return values

    def _from_project(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with relative paths taken from the project's folder."""
        paths = {option.key for option in walk(RunConfig) if option.meta.path}

        def full(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return [full(part) for part in value]
            return str(self.project / value) if isinstance(value, str) and value else value

        return {key: full(value) if key in paths else value for key, value in values.items()}

    @functools.cached_property
    def first(self) -> dict[str, Any]:
        """The settings the window opens with, as values of a run file."""
        return self.demo_values()

    @property
    def has_demo(self) -> bool:
        return (self.project / "demo" / "run.toml").is_file()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings as they stand on the page, unchecked; until it was touched, those it opens with."""
        return {**self.first, **self.draft.values}


def preferred(accept: str) -> Lang:
    """The first of the languages there are in an Accept-Language header, by its weights."""
    ranked: list[tuple[float, int, Lang]] = []
    for n, part in enumerate(accept.lower().split(",")):
        name, _, rest = part.strip().partition(";")
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            weight = 0.0
        ranked += [(-weight, n, lang) for lang in LANGS if name[:2] == lang]
    return min(ranked)[2] if ranked else "en"


def named_preset(name: str, folders: tuple[Path, ...]) -> presets.Preset:
    """A preset by its name or its file. Raises ConfigError."""
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.parent == folder and path.is_file():
            return presets.load(path)
    return presets.load(Path(name))
