"""Arguments of the command line; their faults are told in the user's language: argparse knows English."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from core import messages
from core.errors import Lang, Message, Problem

_SAID: tuple[tuple[str, Message], ...] = (
    (r"the following arguments are required: (?P<names>.+)", messages.ARGUMENTS_MISSING),
    (r"unrecognized arguments: (?P<names>.+)", messages.ARGUMENTS_UNKNOWN),
    (
        r"argument (?P<name>.+?): invalid choice: (?P<value>.+?) \(choose from (?P<choices>.+)\)",
        messages.ARGUMENT_CHOICE,
    ),
    (r"argument (?P<name>.+?): invalid int value: (?P<value>.+)", messages.ARGUMENT_WHOLE),
    (r"argument (?P<name>.+?): invalid float value: (?P<value>.+)", messages.ARGUMENT_NUMBER),
    (r"argument (?P<name>.+?): expected (?:one|at least one|1) argument", messages.ARGUMENT_EMPTY),
    (r"argument (?P<name>.+?): ignored explicit argument (?P<value>.+)", messages.ARGUMENT_NO_VALUE),
    (r"ambiguous option: (?P<name>.+?) could match (?P<choices>.+)", messages.ARGUMENT_AMBIGUOUS),
)
"""argparse's sentences, as its source has them in Python 3.10 to 3.14, and ours. Any other stays as it is."""


def told(sentence: str) -> Problem | None:
    """What argparse says of wrong arguments as a problem; None for what it rarely says."""
    for pattern, message in _SAID:
        if (found := re.fullmatch(pattern, sentence, re.DOTALL)) is not None:
            facts: dict[str, Any] = {name: text.replace("'", "") for name, text in found.groupdict().items()}
            return message(**facts)
    return None


class Arguments(argparse.ArgumentParser):
    """A parser, and those of its commands, that says in this language what is wrong."""

    def __init__(self, *, lang: Lang, **how: Any) -> None:
        super().__init__(**how)
        self.lang: Lang = lang

    def error(self, message: str) -> NoReturn:
        """Print it with the usage to stderr and leave with exit code 2, as argparse does."""
        problem = told(message)
        said = problem.sentence(self.lang) if problem is not None else message
        self.exit(2, f"{self.format_usage()}{self.prog}: {said}\n")
