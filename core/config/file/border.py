"""The border around the readers of settings: `core.reading`, with the refusal that their callers await."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.catalog import Words
from core.errors import ConfigError, UserError
from core.reading import CORRECT_IT, reading

SETTINGS = Words("the settings", "設定")
PASTED = Words("the text", "テキスト")
METADATA = Words("the metadata of the file", "ファイルのメタデータ")


@contextmanager
def reading_settings(source: Path | str | Words = SETTINGS, code: str = "E-CFG-READ") -> Iterator[None]:
    """A block that reads settings; what it did not foresee is a ConfigError. Parameters as in `reading`."""
    try:
        with reading(source, code, advice=CORRECT_IT):
            yield
    except ConfigError:
        raise
    except UserError as e:
        if type(e) is not UserError:
            raise
        raise ConfigError(*e.problems) from e
