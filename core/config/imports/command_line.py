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
        said = " / ".join(" ".join(word.text for word in one) for one in left_out)
        said = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
        command.notes.append(messages.AFTER_THE_COMMAND(text=said))
    first = next((n for n, word in enumerate(line) if word.text.startswith("-")), len(line))
    if command.script and first:
        command.notes += _stray(line[:first])
    command.pairs = _pairs(line, command.notes)
    return command


def _stray(found: Line) -> list[Problem]:
    """Words where an option is expected: variables of a shell, or text that belongs to none."""
    unknown = [word.text for word in found if _VARIABLE.fullmatch(word.text)]
    others = " ".join(word.text for word in found if not _VARIABLE.fullmatch(word.text))[:_SHOWN]
    notes = [_unknown_variable(name) for name in unknown[:_MOST_TWICE]]
    if others:
        notes.append(messages.STRAY_WORDS(text=others))
    return notes


def _unknown_variable(name: str) -> Problem:
    return messages.UNKNOWN_VARIABLE(name=name)


def _command_lines(found: list[Line], command: Command) -> tuple[Line, list[Line]]:
    """The words behind the script's name, and the lines that follow. Raises ConfigError."""
    places = [(n, i) for n, line in enumerate(found) for i, word in enumerate(line) if _is_script(word)]
    names = [_file_name(found[n][i]) for n, i in places]
    trainers = [place for place, name in zip(places, names, strict=True) if name in training_scripts.TAKEN]
    chosen = trainers if len(trainers) == 1 else places
    if len(chosen) > 1:
        raise ConfigError(messages.SEVERAL_COMMANDS(count=len(chosen)))
    if chosen:
        n, i = chosen[0]
        command.script = _file_name(found[n][i])
        training_scripts.refuse(command.script)
        if command.script not in training_scripts.TAKEN:
            taken = ", ".join(training_scripts.TAKEN)
            command.notes.append(messages.OTHER_SCRIPT(script=command.script, known=taken))
        own, behind = shell_words.until_operator(found[n][i + 1 :])
    else:
        n = next((n for n, line in enumerate(found) if any(w.text.startswith("--") for w in line)), 0)
        own, behind = shell_words.until_operator(found[n])
    return list(own), [*([behind] if behind else []), *found[n + 1 :]]


def _is_script(word: Word) -> bool:
    return re.fullmatch(r"[^<>=]*\w\.py", word.text) is not None


def _file_name(word: Word) -> str:
    return re.split(r"[\\/]", word.text)[-1]


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
            notes.append(_one_dash(word.text))
        elif not word.text.startswith("--"):
            if name and values and _VARIABLE.fullmatch(word.text):
                notes.append(_unknown_variable(word.text))
            else:
                values.append(word.text)
            continue
        if name:
            given.setdefault(name, []).append(_value(name, values))
        name, separator, value = word.text[2:].partition("=") if word.text.startswith("--") else ("", "", "")
        values = [value] if separator else []
    twice = {name: found for name, found in given.items() if len(found) > 1 and found[0] != found[-1]}
    notes += [_said_twice(name, found) for name, found in list(twice.items())[:_MOST_TWICE]]
    return [(name, found[-1]) for name, found in given.items()]


def _is_misspelt(word: Word) -> bool:
    """-network_dim=8: one dash, and neither a negative number nor a value in quotes."""
    return not word.starts_quoted and re.fullmatch(r"-[A-Za-z]\w+(=.*)?", word.text, re.DOTALL) is not None


def _one_dash(text: str) -> Problem:
    name = text[1:].partition("=")[0]
    return messages.ONE_DASH(name=name, option=text[1:])


def _said_twice(name: str, found: list[Any]) -> Problem:
    return messages.GIVEN_TWICE(name=name, count=len(found), last=found[-1])


def _value(name: str, values: list[str]) -> Any:
    if name in _LISTS:
        return _LISTS[name](values)
    if not values:
        return True
    # A path with blanks that was not quoted is put together again.
    return values if len(values) > 1 and all("=" in value for value in values) else " ".join(values)
