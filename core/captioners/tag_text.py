"""Tags as they are written into a caption: order, underscores, brackets, what is left out or replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.captioners import messages
from core.captioners.scores import BEST_ONE, Scored
from core.errors import UserError

FACES = frozenset(
    (
        *("0_0", "(o)_(o)", "+_+", "+_-", "._.", "<o>_<o>", "<|>_<|>", "=_=", ">_<", "3_3", "6_9", ">_o"),
        *("@_@", "^_^", "o_o", "u_u", "x_x", "|_|", "||_||"),
    )
)
"""Tags that are drawn with an underscore. Source: deepghs/imgutils, imgutils/tagging/format.py."""

_PEOPLE = re.compile(r"(\d+\+?|multiple)[ _](girl|boy|other)s?|\d+\+?(girl|boy|other)s?|solo|no[ _]humans")


_SERIES = re.compile(r"(.+?)[_ ]*\(([^()]+)\)")
"""A character's name, costumes in brackets among it, and the series in the last ones."""


@dataclass(frozen=True)
class Writing:
    """How tags are written.

    keeps_underscores: otherwise they become blanks, but in FACES. escapes: \\( and \\) for brackets, as
    prompts need. dropped: tags that are left out, by `folded`. replaced: by `folded` -> the text instead, ""
    for none. first: tags that stand before all others. characters_first: then those of characters.
    drops_general: a tag goes where a more exact one stands, as hair beside long hair. splits_series: of a
    character such as saber_(fate) two tags are made, saber and fate. order: score, people (how many, then
    score) or name.
    """

    keeps_underscores: bool = False
    escapes: bool = False
    dropped: frozenset[str] = frozenset()
    replaced: Mapping[str, str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    characters_first: bool = False
    drops_general: bool = False
    splits_series: bool = False
    order: str = "score"


def folded(tag: str) -> str:
    """What is the same for two spellings of a tag: case, underscores and escaped brackets are not told."""
    plain = re.sub(r"\\([()\\])", r"\1", tag)
    return " ".join(plain.replace("_", " ").split()).casefold()


def listed(text: str) -> tuple[str, ...]:
    """Tags as a user writes them, with commas or on lines of their own."""
    return tuple(part.strip() for part in re.split(r"[,\n]", text) if part.strip())


def replacements_of(text: str) -> dict[str, str]:
    """ "a,b;c,d": b for a, d for c, by `folded`. Raises UserError for what is no pair."""
    pairs = {}
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        old, comma, new = part.partition(",")
        if not comma or not old.strip() or "," in new:
            raise UserError(messages.BAD_REPLACEMENT(value=part))
        pairs[folded(old)] = new.strip()
    return pairs


def written(tags: Iterable[Scored], writing: Writing) -> list[str]:
    """The tags as they stand in the caption, none twice."""
    parts = (part for tag in tags for part in _parts(tag, writing))
    kept = [tag for tag in parts if folded(tag.name) not in writing.dropped]
    if writing.drops_general:
        kept = _without_general(kept)
    texts = [_text(tag.name, writing) for tag in sorted(kept, key=lambda tag: _place(tag, writing))]
    return joined((*writing.first, *texts))


def joined(texts: Iterable[str], before: Sequence[str] = ()) -> list[str]:
    """These tags behind those before, each once by `folded`; empty ones left out."""
    seen = {folded(text) for text in before}
    every = list(before)
    for text in texts:
        if text.strip() and folded(text) not in seen:
            seen.add(folded(text))
            every.append(text.strip())
    return every


def _place(tag: Scored, writing: Writing) -> tuple[int, int, str, float]:
    """Ratings and qualities stand last."""
    group = 2 if tag.category in BEST_ONE else 1
    if writing.characters_first and tag.category == "character":
        group = 0
    is_people = writing.order == "people" and _PEOPLE.fullmatch(tag.name)
    name = folded(tag.name) if writing.order == "name" else ""
    return group, 0 if is_people else 1, name, -tag.score


def _without_general(tags: Sequence[Scored]) -> list[Scored]:
    """Without general tags that are the last words of another one: the last word is what the tag is about."""
    words = [folded(tag.name).split() for tag in tags if tag.category == "general"]
    ends = {tuple(each[n:]) for each in words for n in range(1, len(each))}
    return [tag for tag in tags if tag.category != "general" or tuple(folded(tag.name).split()) not in ends]


def _parts(tag: Scored, writing: Writing) -> tuple[Scored, ...]:
    """A character and its series, the last brackets of the tag; the tag itself where it is to stay whole."""
    known = {*writing.dropped, *writing.replaced}
    found = _SERIES.fullmatch(tag.name) if writing.splits_series and tag.category == "character" else None
    if found is None or folded(tag.name) in known:
        return (tag,)
    return tuple(tag._replace(name=name) for name in found.groups())


def _text(name: str, writing: Writing) -> str:
    replaced = writing.replaced.get(folded(name))
    if replaced is not None:
        return replaced
    text = name if writing.keeps_underscores or name in FACES else name.replace("_", " ")
    return re.sub(r"([\\()])", r"\\\1", text) if writing.escapes else text
