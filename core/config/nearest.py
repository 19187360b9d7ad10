"""The names that were probably meant by one that does not exist; none where nothing is near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from core.catalog import Words

_NEAR = 0.8
"""Likeness from which on a name of as many words is a slip of the pen. training_method and training_comment
have 0.77, train_on_input and rank_dropout 0.54."""

_LONGEST = 64
"""Characters of a name that is compared at all; the longest option has 33."""

_MOST = 3
"""Names that are worth telling; what fits more than these fits nothing in particular."""


def nearest(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The one of `names` that is written nearly so, else the few that hold all its words.

    learning_rat -> learning_rate; batch_size -> train_batch_size, vae_batch_size; nothing near -> ().
    """
    if not 1 < len(name) <= _LONGEST:
        return ()
    own = _words(name)
    words_of = {other: _words(other) for other in names}
    alike = [other for other, words in words_of.items() if len(words) == len(own)]
    close = difflib.get_close_matches("_".join(own), alike, n=1, cutoff=_NEAR)
    if close:
        return tuple(close)
    holding = [other for other, words in words_of.items() if own and set(own) <= set(words)]
    return tuple(holding) if len(holding) <= _MOST else ()


def _words(name: str) -> list[str]:
    return [word for word in name.lower().replace("-", "_").split("_") if word]


def did_you_mean(name: str, names: Iterable[str]) -> Words | None:
    """The question about the nearest names, in both languages, or None when there is none."""
    near = nearest(name, names)
    if not near:
        return None
    return Words(
        f"did you mean {' or '.join(near)}?",
        f"{'か'.join(near)}の間違いではありませんか？",
        f"是不是{'、'.join(near)}？",
    )
