"""The words of the window that belong to no option, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.catalog import Words
from core.counting import counted
from core.errors import Lang
from ui.text.after import AFTER_WORDS
from ui.text.browse import BROWSE_WORDS
from ui.text.captioner import CAPTIONER_WORDS
from ui.text.captions import CAPTIONS_WORDS
from ui.text.dataset import DATASET_WORDS
from ui.text.head import HEAD_WORDS
from ui.text.hub import HUB_WORDS
from ui.text.images import IMAGES_WORDS
from ui.text.layers import LAYERS_WORDS
from ui.text.notice import NOTICE_WORDS
from ui.text.page import PAGE_WORDS
from ui.text.prompts import PROMPT_WORDS
from ui.text.run import RUN_WORDS
from ui.text.settings import SETTINGS_WORDS
from ui.text.tool_list import TOOL_LIST_WORDS
from ui.text.tools import TOOLS_WORDS
from ui.text.trash import TRASH_WORDS
from ui.text.trials import TRIAL_WORDS
from ui.text.watching import WATCHING_WORDS

WORDS: Mapping[str, Words] = MappingProxyType(
    {
        **SETTINGS_WORDS,
        **HEAD_WORDS,
        **DATASET_WORDS,
        **CAPTIONS_WORDS,
        **CAPTIONER_WORDS,
        **IMAGES_WORDS,
        **BROWSE_WORDS,
        **RUN_WORDS,
        **WATCHING_WORDS,
        **PROMPT_WORDS,
        **HUB_WORDS,
        **LAYERS_WORDS,
        **NOTICE_WORDS,
        **AFTER_WORDS,
        **TRIAL_WORDS,
        **PAGE_WORDS,
        **TOOLS_WORDS,
        **TOOL_LIST_WORDS,
        **TRASH_WORDS,
    }
)

LANGUAGE_NAMES: Mapping[Lang, str] = MappingProxyType({"en": "English", "ja": "日本語", "zh": "中文（新）"})
"""Each language by its own name; 新 marks the one that is new."""


def say(key: str, lang: Lang, **values: object) -> str:
    """The sentence of a key in a language, with its {gaps} filled.

    {n:#file} is a count with its noun, "1 file" or "2 files"; {n:#file is|files are} takes the verb along.
    """
    text = WORDS[key].of(lang)
    return text.format(**{name: _counting(value) for name, value in values.items()}) if values else text


class _Count(int):
    """A number that knows the noun behind it."""

    def __format__(self, spec: str) -> str:
        if not spec.startswith("#"):
            return super().__format__(spec)
        one, _, many = spec[1:].partition("|")
        return counted(self, one, many)


def _counting(value: object) -> object:
    return _Count(value) if isinstance(value, int) and not isinstance(value, bool) else value
