"""What a page has been sent of a run, so that it is sent what is new and no more."""

from __future__ import annotations

from typing import Any, NamedTuple

from ui.parts.samples import MOST_STEPS


class Seen(NamedTuple):
    """What a page shows already. run: which one, how it stands, in which language, what was left before it.

    events, logged, steps, samples: how many of each there were; stages are events that are not logged.
    prompts: those in the field, by number of the run; what a person changed in it is left alone.
    columns: of the samples, how many at most.
    """

    run: tuple[Any, ...] = ()
    events: int = -1
    logged: int = -1
    steps: int = -1
    samples: int = -1
    prompts: tuple[Any, ...] | None = None
    columns: int = MOST_STEPS
