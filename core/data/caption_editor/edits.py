"""What can be done to many captions at once: each edit a function from a text to a text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

EDITS = (
    *("replace", "prefix", "suffix", "rename", "remove", "dedupe", "sort", "trim"),
    *("identifier", "folder", "utf8"),
)
"""Names of the edits.

replace: a text by another. prefix, suffix: a text before or behind. rename, remove: a whole tag.
dedupe: a tag that stands twice. sort: the tags by name. trim: spare blanks and commas. identifier: the
folder's words where they are missing. folder: a caption of the folder's words for an image without one.
utf8: files of another encoding as UTF-8.
"""
JOINTS = MappingProxyType({"comma": ", ", "space": " ", "nothing": ""})
"""What stands between a prefix or suffix and the caption."""

LONGEST_COMPARED = 6_000
"""Characters; longer texts are shown without their differences being sought."""


@dataclass(frozen=True)
class Edit:
    """One edit of many captions.

    find, text: what is sought, what takes its place or is added. match_case: tell A from a. only_missing: add
    a prefix or suffix just where it does not stand already. joint: a name of JOINTS. keep: tags at the start
    that sorting leaves in place.
    """

    kind: str
    find: str = ""
    text: str = ""
    match_case: bool = False
    only_missing: bool = True
    joint: str = "comma"
    keep: int = 1


def apply(edit: Edit, text: str, words: str) -> str:
    """The text of a caption after an edit, each of its lines that is not blank edited alike.

    words: the identifier and class of its folder. Edits of files (folder, utf8) leave a text as it is.
    """
    change = _CHANGES.get(edit.kind)
    if change is None:
        return text
    return "\n".join(change(line, edit, words) if line.strip() else line for line in text.split("\n"))


def pieces(line: str) -> list[str]:
    """A line cut at its commas, blanks kept; a comma within {braces} or escaped parts nothing."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(line):
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth = max(0, depth - 1)
        elif sign == "," and not depth and line[at - 1 : at] != "\\":
            parts.append(line[start:at])
            start = at + 1
    if depth:
        return re.split(r"(?<!\\),", line)  # a brace that is never closed is no wildcard
    return [*parts, line[start:]]


def tags(text: str) -> list[str]:
    """The tags of a caption, each once, in their order, without blanks around them."""
    parts = (piece.strip() for line in text.split("\n") for piece in pieces(line))
    return list(dict.fromkeys(tag for tag in parts if tag))


def _folded(text: str, edit: Edit) -> str:
    return text if edit.match_case else text.casefold()


def _replace(line: str, edit: Edit, words: str) -> str:
    if not edit.find:
        return line
    flags = 0 if edit.match_case else re.IGNORECASE
    return re.sub(re.escape(edit.find), lambda _: edit.text, line, flags=flags)


def _without(parts: list[str], is_gone: Callable[[str], bool]) -> str:
    """The line of these pieces but some; what comes to stand first has no blank before it."""
    kept = [part for part in parts if not is_gone(part)]
    if kept and kept[0] is not parts[0]:
        kept[0] = kept[0].lstrip()
    return ",".join(kept)


def _remove(line: str, edit: Edit, words: str) -> str:
    sought = _folded(edit.find.strip(), edit)
    return _without(pieces(line), lambda part: bool(sought) and _folded(part.strip(), edit) == sought)


def _rename(line: str, edit: Edit, words: str) -> str:
    """A whole tag by another one, the blanks around it kept; one that stands there already is not doubled."""
    find, new = edit.find.strip(), edit.text.strip()
    is_other = _folded(new, edit) != _folded(find, edit)
    if not find or not _has_tag(line, find, edit):
        return line
    if not new or (is_other and _has_tag(line, new, edit)):
        return _remove(line, edit, words)
    return ",".join(
        part.replace(part.strip(), new) if _has_tag(part, find, edit) else part for part in pieces(line)
    )


def _prefix(line: str, edit: Edit, words: str) -> str:
    added = edit.text.strip()
    if _is_spare(added, line, edit, _folded(line.lstrip(), edit).startswith):
        return line
    return f"{added}{JOINTS.get(edit.joint, ', ')}{line.lstrip()}"


def _suffix(line: str, edit: Edit, words: str) -> str:
    added, start = edit.text.strip(), line.rstrip()
    if _is_spare(added, line, edit, _folded(start, edit).endswith):
        return line
    if edit.joint == "comma":
        start = start.removesuffix(",").rstrip()
    return f"{start}{JOINTS.get(edit.joint, ', ')}{added}"


def _is_spare(added: str, line: str, edit: Edit, is_at_edge: Callable[[str], bool]) -> bool:
    """Whether a text is not to be added: there is none, or it is there already."""
    return not added or (
        edit.only_missing and (is_at_edge(_folded(added, edit)) or _has_tag(line, added, edit))
    )


def _has_tag(line: str, tag: str, edit: Edit) -> bool:
    return _folded(tag, edit) in {_folded(part.strip(), edit) for part in pieces(line)}


def _dedupe(line: str, edit: Edit, words: str) -> str:
    seen: set[str] = set()

    def is_seen(part: str) -> bool:
        tag = _folded(part.strip(), edit)
        is_again = tag in seen
        if tag:
            seen.add(tag)
        return is_again

    return _without(pieces(line), is_seen)


def _sort(line: str, edit: Edit, words: str) -> str:
    parts = _tidy(line)
    kept, free = parts[: edit.keep], parts[edit.keep :]
    return ", ".join([*kept, *sorted(free, key=lambda tag: (tag.casefold(), tag))])


def _tidy(line: str) -> list[str]:
    return [tidy for part in pieces(line) if (tidy := re.sub(r"[ \t\u3000]+", " ", part).strip())]


def _trim(line: str, edit: Edit, words: str) -> str:
    return ", ".join(_tidy(line))


def _identifier(line: str, edit: Edit, words: str) -> str:
    """The folder's words before a line that lacks one of them."""
    has_all = all(has_word(line, word) for word in words.split())
    return line if has_all else f"{words.strip()}, {line.lstrip()}"


def has_word(line: str, word: str) -> bool:
    """Whether a word stands in a line, by itself where its language parts words: "frog" is not in "frogs"."""
    return re.search(word_pattern(word), line, re.IGNORECASE) is not None


def word_pattern(word: str) -> str:
    """A regular expression of what `has_word` looks for."""
    edge = r"[A-Za-z0-9_]"
    return rf"(?<!{edge}){re.escape(word)}(?!{edge})"


_CHANGES = MappingProxyType(
    {
        "replace": _replace,
        "prefix": _prefix,
        "suffix": _suffix,
        "remove": _remove,
        "rename": _rename,
        "dedupe": _dedupe,
        "sort": _sort,
        "trim": _trim,
        "identifier": _identifier,
    }
)


def difference(before: str, after: str) -> list[tuple[bool, str, str]]:
    """What was changed, word by word: stretches of both texts, and whether they are the same."""
    if len(before) + len(after) > LONGEST_COMPARED:
        return [(False, before, after)]
    # Words, blanks and single other signs; Japanese sign by sign, since it has no blanks.
    old, new = (re.findall(r"[A-Za-z0-9_'\-]+|\s+|.", text, flags=re.DOTALL) for text in (before, after))
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(tag == "equal", "".join(old[i:j]), "".join(new[k:m])) for tag, i, j, k, m in steps]
