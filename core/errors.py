"""Errors a user can cause or fix, with a message in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from core.catalog import LANGS as LANGS
from core.catalog import Lang as Lang
from core.catalog import Words
from core.counting import filled

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_REFUSED = 2
EXIT_STOPPED = 3
EXIT_NUMERIC = 4
EXIT_RESOURCE = 5

LINE = Words("line {n}", "{n}行目")


@dataclass(frozen=True)
class Message:
    """A sentence for the user in both languages, with named gaps such as {path}: see `Problem`.

    code: stable name such as "E-IMG-TRUNC" (E: the run cannot start, W: it can, I: information).
    key: the option it is about, "dataset.resolution", or "" when it is about no option.
    Gaps are those of `counting.filled`; {path}, and {name} for its last part, are the problem's own.
    """

    code: str
    en: str
    ja: str
    key: str = ""

    def __call__(
        self, *, key: str | None = None, path: str | Path = "", line: int | None = None, **facts: Any
    ) -> Problem:
        """The problem with the facts for the gaps; Words among them are shown in the language."""
        return Problem(self, facts, self.key if key is None else key, str(path), line)


@dataclass(frozen=True)
class Problem:
    """One thing wrong: what, where, what was found, what to do; rendered when it is shown.

    facts: the values of the message's gaps. path: the file or folder it is about, or "".
    line: counted from 1, of the file `path`, or of the run file where there is no path; None when it stands
    in no text.
    """

    message: Message
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    key: str = ""
    path: str = ""
    line: int | None = None

    @property
    def code(self) -> str:
        return self.message.code

    def sentence(self, lang: Lang) -> str:
        """The bare sentence, without its place."""
        template = Words(self.message.en, self.message.ja).of(lang)
        facts = {name: v.of(lang) if isinstance(v, Words) else v for name, v in self.facts.items()}
        return filled(template, {"path": self.path, "name": PurePath(self.path).name, **facts})

    @property
    def en(self) -> str:
        return self.sentence("en")

    @property
    def ja(self) -> str:
        return self.sentence("ja")

    @property
    def words(self) -> Words:
        """The bare sentence in every language."""
        return Words(self.en, self.ja, self.sentence("zh"))

    def text(self, lang: Lang) -> str:
        """The sentence with its place before it: line, option, file."""
        place = []
        if self.path and self.line is not None:
            place.append(self.path)
        if self.line is not None:
            place.append(LINE.of(lang).format(n=self.line))
        if self.key:
            place.append(self.key)
        if self.path and self.path not in self.sentence(lang) and self.line is None:
            place.append(self.path)
        return ": ".join([*place, self.sentence(lang)])

    def logged(self, lang: Lang) -> str:
        """The sentence as a log has it: its option before it, its file behind."""
        said = self.sentence(lang)
        key = f"{self.key}: " if self.key and self.key not in said else ""
        return key + said + (f" ({self.path})" if self.path and self.path not in said else "")

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E-")

    def as_warning(self) -> Problem:
        """The same where it does not stop the run: E-... becomes W-..."""
        return self._at("W")

    def as_info(self) -> Problem:
        """The same where it may be meant so: W-... becomes I-..."""
        return self._at("I")

    def _at(self, level: str) -> Problem:
        return replace(self, message=replace(self.message, code=f"{level}{self.code[1:]}"))

    def framed(self, frame: Words, *, code: str = "", **facts: Any) -> Problem:
        """The same with its sentence set into another, whose gap is {sentence}."""
        message = replace(self.message, en=frame.en, ja=frame.ja, code=code or self.code)
        return replace(self, message=message, facts={"sentence": self.words, **facts})


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
