"""A pasted command -> its lines and words, as shells read them: quotes, joined lines, remarks, operators."""

from __future__ import annotations

import re
from typing import NamedTuple

from core.config.imports import messages
from core.errors import ConfigError


class Word(NamedTuple):
    """One word of a command. starts_quoted, ends_quoted: its first or last letter stood in quotes.

    has_quotes: some part of it did.
    """

    text: str
    starts_quoted: bool = False
    ends_quoted: bool = False
    has_quotes: bool = False


Line = list[Word]

_PIECE = re.compile(
    r"(?P<joined>[\\^`][ \t]*\r?\n\s*)|(?P<end>\n)|(?P<blank>[^\S\n]+)"
    r"|\"(?P<double>(?:[^\"]|(?<=\\)\"(?=\S))*)\"|'(?P<single>[^']*)'|(?P<open>[\"'])"
    r"|(?P<plain>[^\s\"'\\^`]+|.)",
    re.DOTALL,
)
_REMARK = re.compile(r"(#|::|@?rem(?=\s|$))", re.IGNORECASE)
_OPERATOR = re.compile(r"&>>?|&&?|\|\|?|;|[12]?>>?(&1)?|<$")
_ENDED = re.compile(r"(?P<word>.*[^=;|&])(;|&&?|\|\|?)(?P<rest>)")
_INSIDE = re.compile(r"(?P<word>.*?[^=;|&])(;|&&|\|\|?)(?P<rest>[^;|&]+.*)")


def plain(text: str) -> str:
    """What web pages and word processors make of a command, undone: dashes, quotes, wide blanks."""
    text = re.sub(r"(?m)(^|\s)[\u2013\u2014\u2015\u2212](?=[A-Za-z]\w+)", r"\1--", text)
    quotes = {ord(c): '"' for c in "\u201c\u201d\u201e\uff02"} | {ord(c): "'" for c in "\u2018\u2019"}
    return text.translate(quotes | {0x3000: " ", 0xA0: " "})


def lines(text: str) -> list[Line]:
    """The commands of a text, one a line, with \\, ^ and ` at a line's end undone; remarks are left out.

    A backslash is otherwise a letter like any other, as paths of Windows need it, but before a quote within
    double quotes. Raises ConfigError for a quote that is not closed.
    """
    text = plain(text)
    commands: list[Line] = []
    line: Line = []
    word: list[tuple[str, bool]] = []
    at, is_first = 0, True
    while at < len(text):
        piece = _PIECE.match(text, at)
        assert piece is not None and piece.lastgroup is not None, "every letter is some piece"
        at, kind = piece.end(), piece.lastgroup
        if kind == "open":
            raise ConfigError(messages.OPEN_QUOTE())
        if kind in ("double", "single"):
            word.append((piece[kind].replace('\\"', '"'), True))
        elif kind == "plain" and (word or not _is_remark(piece[0], is_first)):
            word.append((piece[0], False))
        elif kind == "plain":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            line += _joined(word)
            word = []
            is_first = kind != "blank" or (is_first and not line)
            if kind == "end":
                commands.append(line)
                line = []
    line += _joined(word)
    return [line for line in (*commands, line) if line]


def _joined(pieces: list[tuple[str, bool]]) -> Line:
    """The word that stands together in pieces, quoted or not; none of no pieces."""
    if not pieces:
        return []
    quoted = [is_quoted for _, is_quoted in pieces]
    return [Word("".join(text for text, _ in pieces), quoted[0], quoted[-1], any(quoted))]


def _is_remark(text: str, is_first: bool) -> bool:
    """Whether a remark begins here: # before any word, REM and :: at the start of a line."""
    return text.startswith("#") or (is_first and _REMARK.match(text) is not None)


def until_operator(line: Line) -> tuple[Line, Line]:
    """The words of one command, and what stands behind an operator such as && or >."""
    for n, word in enumerate(line):
        if _OPERATOR.match(word.text) and not word.starts_quoted:
            return line[:n], line[n:]
        ended = None if word.ends_quoted else _ENDED.fullmatch(word.text)
        if ended is None and not word.has_quotes:
            ended = _INSIDE.fullmatch(word.text)
        if ended:
            behind = [Word(ended["rest"])] if ended["rest"] else []
            return [*line[:n], word._replace(text=ended["word"])], [*behind, *line[n + 1 :]]
    return line, []
