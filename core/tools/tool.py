"""What a tool is: its words, its settings as declared options, how it stands in the window, what it does."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from core.catalog import Lang, Words
from core.config.pydantic_messages import problems_of
from core.config.schema.option import Option, Section, options_of
from core.control import RunControl
from core.errors import EXIT_DONE, Problem, UserError

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

Group = Literal["results", "images", "adapters", "models", "more"]
"""The groups of the list of tools, in its order."""

S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class Work:
    """What a tool reports to, and what asks it to stop.

    place: where a path or Hub id lies that a file names, such as the base model of a run, and not the user;
    called with it and its option. Raises UserError for one that may not be read. may_write: the same of a
    folder beside that of the results.
    """

    progress: Progress = lambda stage, done, total: None
    control: RunControl = field(default_factory=RunControl)
    place: Callable[[str, str], str] = lambda path, key: path
    may_write: Callable[[Path], object] = lambda folder: None

    def at(self, stage: str, done: int, total: int) -> None:
        """Report the progress, where no stop was requested. Raises StopRun where one was."""
        self.control.check()
        self.progress(stage, done, total)


@dataclass(frozen=True)
class Table:
    """Figures of several things: names by thing in the first column, numbers in the others."""

    head: tuple[Words, ...]
    names: tuple[Words, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self, lang: Lang) -> list[list[str]]:
        """Its head, then a line for each thing."""
        named = zip(self.names, self.rows, strict=True)
        return [[w.of(lang) for w in self.head], *([name.of(lang), *row] for name, row in named)]


@dataclass(frozen=True)
class Outcome:
    """What a tool did, in lines. problems: what could not be done, and warnings. points: of a curve.

    made: what can be taken for the option that the card offers it for. images: some of those it made.
    sheets: images that are looked at as a whole, each as wide as the card. table: figures, below the lines;
    about: what they are of, below them.
    """

    lines: tuple[Words, ...]
    problems: tuple[Problem, ...] = ()
    exit_code: int = EXIT_DONE
    points: tuple[tuple[float, float], ...] = ()
    made: Path | None = None
    images: tuple[Path, ...] = ()
    sheets: tuple[Path, ...] = ()
    table: Table | None = None
    about: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Card:
    """How a tool stands in the window, where it writes below the workspace only.

    lead: the sentence below its title. button: what starts it. output: the option of what is written, ""
    where nothing is named. folder: where that is put, below the workspace. is_named: the user gives it a name
    of its own there. left_out: options of the console alone.
    takes: option -> option of the run file whose value on the page it has. values: option -> its value at
    first, where that is not the default. fills: option of the run file that the folder is chosen for. offers:
    one that a click takes what was made for.
    hint: a sentence about what the settings come to, from those that are known.
    is_kept: whether what is done when the work is stopped is kept, so that the next start goes on from there.
    group: where it stands in the list of tools.
    """

    lead: Words
    button: Words
    output: str = ""
    folder: str = ""
    is_named: bool = True
    left_out: tuple[str, ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    fills: str = ""
    offers: str = ""
    hint: Callable[[Mapping[str, Any]], Words | None] | None = None
    is_kept: bool = True
    group: Group = "adapters"


@dataclass(frozen=True)
class Tool(Generic[S]):
    """One tool. run: "module:function", imported at first use: it may bring torch.

    card: None for a tool without a card on the Tools tab. on_gpu: it fills the memory that a training needs.
    """

    name: str
    words: Words
    settings: type[S]
    run: str
    card: Card | None = None
    on_gpu: bool = False

    @cached_property
    def options(self) -> tuple[Option, ...]:
        return tuple(options_of(self.name, self.settings))

    def start(self, settings: S, work: Work) -> Outcome:
        """Do the work. Raises what the tool's function does."""
        module, _, function = self.run.partition(":")
        run: Callable[[S, Work], Outcome] = getattr(importlib.import_module(module), function)
        return run(settings, work)


def checked(kind: type[S], values: Mapping[str, Any]) -> S:
    """The settings of a tool from values by option. Raises UserError with every problem."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found = (replace(problem, key=problem.key.partition(".")[0]) for problem in problems_of(error))
        raise UserError(*dict.fromkeys(found)) from None  # width and height may have the same one
