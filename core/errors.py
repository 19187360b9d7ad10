"""What can go wrong through no fault of ours, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Lang = Literal["en", "ja"]

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_REFUSED = 2
EXIT_STOPPED = 3
EXIT_NUMERIC = 4
EXIT_RESOURCE = 5


@dataclass(frozen=True)
class Problem:
    """One thing wrong: what, where, what was found, what to do, in both languages.

    code: stable name such as "E-IMG-TRUNC" (E: the run cannot start, W: it can).
    key: the option it is about, "dataset.resolution", or "" when it is about no option.
    path: the file or folder it is about, or "".
    line: counted from 1, of the file `path`, or of the run file where there is no path; None when it stands
    in no text.
    """

    code: str
    en: str
    ja: str
    key: str = ""
    path: str = ""
    line: int | None = None

    def sentence(self, lang: Lang) -> str:
        """The bare sentence, without its place."""
        return self.ja if lang == "ja" else self.en

    def text(self, lang: Lang) -> str:
        """The sentence with its place before it: line, option, file."""
        place = []
        if self.path and self.line is not None:
            place.append(self.path)
        if self.line is not None:
            place.append(f"{self.line}行目" if lang == "ja" else f"line {self.line}")
        if self.key:
            place.append(self.key)
        if self.path and self.path not in self.sentence(lang) and self.line is None:
            place.append(self.path)
        return ": ".join([*place, self.sentence(lang)])

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E-")


class UserError(Exception):
    """Input is refused, nothing was trained (exit code 2). Holds every problem found, not just the first."""

    exit_code = EXIT_REFUSED

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.text("en") for problem in problems))
        self.problems = problems


class ConfigError(UserError):
    """A run file or preset that does not pass the check."""


class NumericFault(UserError):
    """Loss, gradients or weights stopped being finite; the last good state is kept (exit code 4)."""

    exit_code = EXIT_NUMERIC

    def __init__(self, *problems: Problem, facts: Mapping[str, Any] | None = None) -> None:
        """facts: what is known of it beside the sentences, plain values."""
        super().__init__(*problems)
        self.facts = dict(facts or {})


class ResourceFault(UserError):
    """Memory or disk ran out; the last good state is kept (exit code 5)."""

    exit_code = EXIT_RESOURCE
