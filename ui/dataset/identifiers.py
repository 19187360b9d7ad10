"""Whether a word is fit to be an identifier: rare, short, one token. Rule and list are the guide's."""

from __future__ import annotations

from core.errors import Lang
from core.models.tokens import encode
from ui.parts.markup import esc, note
from ui.text import say

RARE = (
    *("sls", "shs", "scs", "cpc", "coc", "cic", "msm", "usu", "ici", "lvl"),
    *("dii", "muk", "ori", "hru", "rik", "koo", "yos", "wny", "sts"),
)
"""The guide's list, with the word of its own example first."""

COMMON_BELOW = 14_000
"""CLIP's tokens are numbered by how often they were seen: "cat" is 2368, "frog" 11438, "sls" 33651."""

LONGEST = 60


def token_note(word: str, lang: Lang) -> str:
    """One sentence about the word, as HTML; "" while nothing is typed."""
    word = " ".join(word.split())[:LONGEST]
    if not word:
        return ""
    ids = encode(word)
    if len(ids) != 1:
        return note(say("token.many", lang, word=word, n=len(ids)), "warn")
    if word.lower() in RARE:
        return note(say("token.one", lang, word=word), "good")
    if ids[0] < COMMON_BELOW:
        return note(say("token.common", lang, word=word), "warn")
    key, tone = ("token.long", "warn") if len(word) > 3 else ("token.one", "good")
    return note(say(key, lang, word=word), tone)


def offer_html(lang: Lang) -> str:
    """The guide's rare words, each to be taken by a click (script/identifiers.js)."""
    words = "".join(
        f'<button type="button" data-identifier="{esc(word)}">{esc(word)}</button>' for word in RARE
    )
    return f'<div class="rw-words"><span>{esc(say("token.offer", lang))}</span>{words}</div>'
