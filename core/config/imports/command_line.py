"""A pasted command line of sd-scripts -> pairs of option name and value, as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.config import training_scripts
from core.config.imports import messages, shell_words
from core.config.imports.shell_words import Line, Word
from core.errors import ConfigError, Problem

Pairs = list[tuple[str, Any]]

# Options that take several values, each a word of its own.
_LISTS: Mapping[str, Callable[[list[str]], Any]] = {
    "base_weights": list,
    "base_weights_multiplier": ",".join,
    "network_args": list,
    "optimizer_args": list,
    "lr_scheduler_args": list,
    "text_encoder_lr": list,
}
_SCRIPT = re.compile(r"[^<>=]*\w\.py")
_LAUNCHERS = re.compile(r"(?m)(^|[\s/\\])(accelerate|python[0-9.]*|torchrun)(\.exe)?\s")
_SETTING = re.compile(r"\s*(\[+[\w .\"'-]+\]+\s*(#.*)?$|[\w.\"'-]+\s*=)")
_VARIABLE = re.compile(r"\$\w+|\$\{[^}]*\}|\$[@*]|@\w+|%\w+%|%[\d*]|\$env:\w+")
"""A variable of a shell that stands alone, such as $extra_args: what it holds is not in the text."""
_SHOWN = 60
_MOST_TWICE = 20


@dataclass
class Command:
    """script: the file's name, or "". pairs: option and value, each option once. notes: what to say of it."""

    script: str = ""
    pairs: Pairs = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


def is_command(text: str) -> bool:
    """Whether a text is a command with options such as --seed in it, and no list of settings.

    A TOML text may hold prompts with --w 512 in them.
    """
    plain = shell_words.plain(text)
    if re.search(r"(^|[\s\"'(])--\w", plain) is None:
        return False
    if re.search(r"\w\.py(\s|[\"']|$)", plain) or _LAUNCHERS.search(plain):
        return True
    return _first_line(plain).startswith("--") or not is_setting(plain)


def is_setting(text: str) -> bool:
    """Whether a text begins as TOML does, with a name = value or a [section]."""
    return _SETTING.match(_first_line(text)) is not None


def _first_line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"), "")


def settings(text: str) -> Command:
    """Options of the training script; those of `accelerate launch` before it are left to accelerate.

    Lines may be joined by \\, ^ or ` or by nothing. The command ends at a line without options of it,
    and at && and the like; what comes behind is left out and said. Raises ConfigError.
    """
    command = Command()
    line, rest = _command_lines(shell_words.lines(text), command)
    left_out: list[Line] = []
    for following in rest:
        if not left_out and following[0].text.startswith("--"):
            own, behind = shell_words.until_operator(following)
            line += own
            left_out += [behind] if behind else []
        else:
            left_out.append(following)
    if left_out:
        text = " / ".join(" ".join(word.text for word in one) for one in left_out)
        text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        command.notes.append(messages.AFTER_THE_COMMAND(text=text))
    first = next((n for n, word in enumerate(line) if word.text.startswith("-")), len(line))
    if command.script and first:
        command.notes += _stray(line[:first])
    command.pairs = _pairs(line, command.notes)
    return command


def _stray(words: Line) -> list[Problem]:
    """Words where an option is expected: variables of a shell, or text that belongs to none."""
    variables = [word.text for word in words if _VARIABLE.fullmatch(word.text)]
    others = " ".join(word.text for word in words if not _VARIABLE.fullmatch(word.text))[:_SHOWN]
    notes = [messages.UNKNOWN_VARIABLE(name=name) for name in variables[:_MOST_TWICE]]
    return [*notes, *([messages.STRAY_WORDS(text=others)] if others else [])]


def _command_lines(lines: list[Line], command: Command) -> tuple[Line, list[Line]]:
    """The words behind the script's name, and the lines that follow. Raises ConfigError."""
    places = [
        (n, i) for n, line in enumerate(lines) for i, word in enumerate(line) if _SCRIPT.fullmatch(word.text)
    ]
    names = [re.split(r"[\\/]", lines[n][i].text)[-1] for n, i in places]
    trainers = [place for place, name in zip(places, names, strict=True) if name in training_scripts.TAKEN]
    chosen = trainers if len(trainers) == 1 else places
    if len(chosen) > 1:
        raise ConfigError(messages.SEVERAL_COMMANDS(count=len(chosen)))
    if chosen:
        n, i = chosen[0]
        command.script = names[places.index((n, i))]
        training_scripts.refuse(command.script)
        if command.script not in training_scripts.TAKEN:
            taken = ", ".join(training_scripts.TAKEN)
            command.notes.append(messages.OTHER_SCRIPT(script=command.script, known=taken))
        own, behind = shell_words.until_operator(lines[n][i + 1 :])
    else:
        n = next((n for n, line in enumerate(lines) if any(w.text.startswith("--") for w in line)), 0)
        own, behind = shell_words.until_operator(lines[n])
    return list(own), [*([behind] if behind else []), *lines[n + 1 :]]


def option_pairs(text: str, notes: list[Problem]) -> Pairs:
    """The options of a text that holds nothing else; what is to be said of it goes to notes.

    "--a=1 --b 2 --c" -> [("a", "1"), ("b", "2"), ("c", True)].

    Raises ConfigError for a quote that is not closed.
    """
    line = [word for line in shell_words.lines(text) for word in line]
    first = next((n for n, word in enumerate(line) if word.text.startswith("-")), len(line))
    notes += _stray(line[:first])
    return _pairs(line, notes)


def _pairs(line: Line, notes: list[Problem]) -> Pairs:
    """Option and value, each option once: as in argparse the last of several counts."""
    given: dict[str, list[Any]] = {}
    values: list[str] = []
    name = ""
    for word in [*line, Word("--")]:
        if _is_misspelt(word):
            option = word.text[1:]
            notes.append(messages.ONE_DASH(name=option.partition("=")[0], option=option))
        elif not word.text.startswith("--"):
            if name and values and _VARIABLE.fullmatch(word.text):
                notes.append(messages.UNKNOWN_VARIABLE(name=word.text))
            else:
                values.append(word.text)
            continue
        if name:
            given.setdefault(name, []).append(_value(name, values))
        name, separator, value = word.text[2:].partition("=") if word.text.startswith("--") else ("", "", "")
        values = [value] if separator else []
    twice = [(name, many) for name, many in given.items() if len(many) > 1 and many[0] != many[-1]]
    notes += [messages.GIVEN_TWICE(name=n, count=len(many), last=many[-1]) for n, many in twice[:_MOST_TWICE]]
    return [(name, many[-1]) for name, many in given.items()]


def _is_misspelt(word: Word) -> bool:
    """-network_dim=8: one dash, and neither a negative number nor a value in quotes."""
    return not word.starts_quoted and re.fullmatch(r"-[A-Za-z]\w+(=.*)?", word.text, re.DOTALL) is not None


def _value(name: str, values: list[str]) -> Any:
    if name in _LISTS:
        return _LISTS[name](values)
    if not values:
        return True
    # A path with blanks that was not quoted is put together again.
    return values if len(values) > 1 and all("=" in value for value in values) else " ".join(values)
