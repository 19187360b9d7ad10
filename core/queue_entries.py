"""What waits in the queue and what came of the tools in it, and the file that both are kept in."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import StringConstraints, TypeAdapter

from core.catalog import Words
from core.config.file import toml_text

FORMAT = 1
"""Version of the file. Readers pass over keys that they do not know; keys that lack have their defaults."""

_Text = Annotated[str, StringConstraints(min_length=1)]


@dataclass(frozen=True)
class Waiting:
    """A run in the queue, or the work of a tool.

    text: its run file as it was given; of a tool its settings as JSON. name: output name, which may be
    another than the file's; of a tool what it works on. folder: its output folder. steps: optimizer steps,
    0 when epochs are given. fault: why it could not be started. tool: the name of the tool, "" for a run.
    """

    id: _Text
    text: _Text
    name: str
    folder: str
    steps: int
    epochs: int
    added: float
    fault_en: str = ""
    fault_ja: str = ""
    fault_zh: str = ""
    tool: str = ""

    @property
    def overrides(self) -> list[str]:
        """What is set beside the run file's own text."""
        return [f"save.output_name={toml_text.toml_value(self.name)}"]


@dataclass(frozen=True)
class Finished:
    """Work of a tool that was begun from the queue and is over.

    status: done, stopped or failed. ended: in seconds of the clock. lines: what it did. problems: what could
    not be done, or why it failed.
    """

    entry: Waiting
    status: str
    ended: float
    lines: tuple[Words, ...] = ()
    problems: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What the file holds. begun: work of a tool that is under way, which a restart would cut off."""

    waiting: tuple[Waiting, ...] = ()
    keeps_going: bool = False
    begun: Waiting | None = None
    finished: tuple[Finished, ...] = ()


class Again(NamedTuple):
    """What can be tried again. name: of the run, or what the tool works on. tool: its name, "" for a run."""

    name: str
    tool: str = ""


@dataclass(frozen=True)
class Added:
    """How adding went. wanted: the name asked for, when it was taken. is_again: the click came twice."""

    run: Waiting
    wanted: str = ""
    is_again: bool = False


_READER = TypeAdapter(Kept)


def write(path: Path, kept: Kept) -> None:
    """Write the queue down. Raises OSError."""
    values = {"format": FORMAT, **dataclasses.asdict(kept)}
    toml_text.write(path, json.dumps(values, ensure_ascii=False, indent=1))


def read(path: Path) -> Kept:
    """What an earlier program left. Raises OSError and, for a file that can't be read, ValueError."""
    try:
        values = json.loads(path.read_text("utf-8"))
        _ = values["waiting"]  # what every version has
    except (KeyError, TypeError, RecursionError) as e:
        raise ValueError(f"no queue: {type(e).__name__}") from e
    return _READER.validate_python(values)
