"""The border between people's files and the program: whatever a reader stumbles over is one sentence.

Readers name the faults that they foresee, with the best sentence for each. What they did not foresee (a
number of 6,000 digits, nesting 100,000 deep, a list where a table belongs) ends here, so that it is never
taken for a fault of the program.
"""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core import messages
from core.catalog import Words
from core.control import StopRun
from core.errors import UserError
from core.files import NotRead

OUT_OF_RESOURCES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""Error numbers of a computer that has no more room, memory or handles, whatever the file is like."""

GET_IT_AGAIN = Words(
    "Download or copy it again, or choose another.",
    "もう一度ダウンロードまたはコピーするか、別のものを選んでください。",
)
CORRECT_IT = Words("Correct it, or create it again.", "修正するか、作り直してください。")

_MOST_LETTERS = 160
"""Of another program's own words about a fault."""


@contextmanager
def reading(
    source: Path | str | Words,
    code: str = "E-FILE-READ",
    *,
    key: str = "",
    advice: Words = GET_IT_AGAIN,
) -> Iterator[None]:
    """A block that reads what a user brought: any fault in it that is no UserError yet becomes one.

    source: the file or folder, or words for what has no path ("the pasted command"). code: of the problem.
    key: the option that named the file, "model.base", or "". advice: the last sentence, what to do.

    Raises UserError (exit code 2) with the fault as its cause, which is logged with its traceback too. Passed
    on as they are: UserError and its kinds, StopRun, a full disk or too many open files (`OUT_OF_RESOURCES`),
    and all that is no Exception, such as KeyboardInterrupt. A MemoryError counts as the file's, since such a
    block reads what a file claims; reading the weights themselves belongs outside.

        with reading(path, "E-MODEL-BAD", key="model.base"):
            config = json.loads(path.read_text("utf-8"))
    """
    try:
        yield
    except (UserError, StopRun):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OUT_OF_RESOURCES:
            raise
        logging.getLogger(__name__).warning("%s could not be read", source, exc_info=True)
        raise unreadable(source, error, code, key=key, advice=advice) from error


def unreadable(
    source: Path | str | Words,
    error: Exception,
    code: str = "E-FILE-READ",
    *,
    key: str = "",
    advice: Words = GET_IT_AGAIN,
) -> UserError:
    """The refusal of what could not be read because of `error`; parameters as in `reading`."""
    named = source if isinstance(source, Words) else Words(str(source), str(source))
    path = "" if isinstance(source, Words) else str(source)
    message = replace(messages.UNREADABLE, code=code)
    return UserError(message(source=named, reason=reason(error), advice=advice, key=key, path=path))


def reason(error: BaseException) -> Words:
    """In plain words why something could not be read."""
    if isinstance(error, FileNotFoundError):
        return Words("it is not there", "存在しません")
    if isinstance(error, NotADirectoryError):
        return Words("it is not a folder", "フォルダーではありません")
    if isinstance(error, NotRead):
        return error.words
    if isinstance(error, OSError):
        text = short(error.strerror or str(error))
        return Words(text, text)
    if isinstance(error, RecursionError):
        return Words("it is nested too deeply", "入れ子が深すぎます")
    if isinstance(error, MemoryError):
        return Words("it needs more memory than there is", "メモリに収まりません")
    if isinstance(error, UnicodeDecodeError):
        return Words(
            f"byte {error.start + 1} is not UTF-8 text",
            f"{error.start + 1}バイト目がUTF-8の文字ではありません",
            f"第{error.start + 1}个字节不是UTF-8文本",
        )
    if isinstance(error, json.JSONDecodeError):
        return Words(
            f"it is not JSON from line {error.lineno}, column {error.colno} on",
            f"{error.lineno}行目の{error.colno}文字目からJSONとして読めません",
            f"从第{error.lineno}行第{error.colno}列起不是JSON",
        )
    if "integer string conversion" in str(error):
        return Words("a number in it has too many digits", "桁数の多すぎる数値があります")
    text = short(f"{type(error).__name__}: {error}")
    return Words(
        f"what stands in it was not understood ({text})",
        f"内容を解釈できません（{text}）",
        f"无法理解其中的内容（{text}）",
    )


def short(text: str) -> str:
    """Words of another program on one line, of a length that a user reads."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * _MOST_LETTERS])
    line = " ".join(line.split())
    return line if len(line) <= _MOST_LETTERS else line[: _MOST_LETTERS - 1] + "…"
