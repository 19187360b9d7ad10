"""The tools in the console: python -m core tools NAME ..., drawn from the declarations of their settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TextIO

from core.arguments import told
from core.config.schema.kinds import kind
from core.config.schema.option import Option
from core.errors import LANGS, Lang, UserError
from core.events import StageProgress
from core.sinks import Console
from core.tools.messages import USAGE
from core.tools.table import TOOLS
from core.tools.tool import Table, Tool, Work, checked


class Parser(argparse.ArgumentParser):
    """Arguments of a tool; speaks through `out`, since what is printed elsewhere goes to a log.

    Paths that must be given stand by their place, all other options behind their names.
    """

    def __init__(self, tool: Tool[Any], out: TextIO, lang: Lang) -> None:
        super().__init__(prog=f"python -m core tools {tool.name}", description=tool.words.of(lang))
        self._out = out
        self.add_argument("--lang", choices=LANGS, help=argparse.SUPPRESS)
        for option in tool.options:
            name, help_text = option.field.alias or option.name, _help(option, lang)
            if option.field.is_required() and kind(option) == "path":
                self.add_argument(name, help=help_text)
            else:
                self.add_argument(
                    f"--{name}", help=help_text, required=option.field.is_required(), **_reading(option)
                )

    def print_help(self, file: object = None) -> None:
        print(self.format_help(), file=self._out)

    def error(self, message: str) -> NoReturn:
        found = told(message)
        error = found.words if found is not None else message
        raise UserError(USAGE(error=error, usage=self.format_usage().strip()))


def _help(option: Option, lang: Lang) -> str:
    choices = option.choices or {}
    listed = "; ".join(f"{value}: {words.of(lang)}" for value, words in choices.items())
    return " ".join((option.meta.help.of(lang), listed)).strip().replace("%", "%%")


def _reading(option: Option) -> dict[str, Any]:
    """How argparse reads the option's text; None is "not given"."""
    match kind(option):
        case "check":
            # What is on by itself can be switched off: --no-private.
            is_on = option.field.default is True
            return {"action": argparse.BooleanOptionalAction if is_on else "store_true", "default": None}
        case "lines":
            return {"action": "append"}
        case "choice":
            choices = list(option.choices or ())
            return {"choices": choices, "type": type(choices[0])}
        case "digits":
            return {"type": int}
        case "decimal":
            return {"type": float}
        case "size":
            return {"metavar": "N|W,H"}
    return {}


def _rows(table: Table, lang: Lang) -> Iterator[str]:
    """Its lines, with the numbers below each other."""
    lines = table.lines(lang)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *numbers in lines:
        cells = [first.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def run(name: str, words: Sequence[str], out: TextIO, lang: Lang) -> int:
    """Run one tool and return the exit code. Raises UserError."""
    tool = TOOLS[name]
    given = vars(Parser(tool, out, lang).parse_args(list(words)))
    values = {option: value for option, value in given.items() if option != "lang" and value is not None}
    console = Console(out, lang)
    outcome = tool.start(checked(tool.settings, values), Work(lambda *at: console(StageProgress(*at))))
    console.close()
    said = [words.of(lang) for words in outcome.lines]
    said += [*_rows(outcome.table, lang)] if outcome.table else []
    said += [words.of(lang) for words in outcome.about]
    for line in (*said, *(p.text(lang) for p in outcome.problems)):
        print(line, file=out)
    return outcome.exit_code
