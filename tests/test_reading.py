"""Whatever a reader stumbles over in a file is one sentence; faults of the computer are passed on."""

import errno
import json
from pathlib import Path

import pytest

from core.catalog import Words
from core.control import StopRun
from core.errors import Message, NumericFault, ResourceFault, UserError
from core.reading import CORRECT_IT, reading, reason

PATH = Path("/models/frog.json")


def refused(error: BaseException, **more) -> UserError:
    with pytest.raises(UserError) as caught, reading(PATH, "E-MODEL-BAD", **more):
        raise error
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("'list' object has no attribute 'get'"), IndexError("x"), KeyError("shape"),
        LookupError("y"), OverflowError("z"), TypeError("t"), ValueError("v"), ArithmeticError("a"),
        RecursionError("maximum recursion depth exceeded"), MemoryError(), EOFError(), AssertionError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), OSError(errno.EIO, "I/O error"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_unforeseen_fault_is_one_sentence_in_both_languages_with_the_path(error):
    (problem,) = refused(error).problems
    assert problem.code == "E-MODEL-BAD" and problem.path == str(PATH)
    assert str(PATH) in problem.en and str(PATH) in problem.ja and problem.en != problem.ja
    assert "\n" not in problem.en and len(problem.en) < 400


def test_the_fault_itself_stays_as_the_cause_and_is_logged(caplog):
    error = TypeError("a list")
    assert refused(error).__cause__ is error
    assert "Traceback" in caplog.text and "a list" in caplog.text


def test_a_number_of_too_many_digits_is_said_so():
    with pytest.raises(UserError, match="too many digits"), reading(PATH):
        json.loads("9" * 5000)


def test_nesting_too_deep_is_said_so():
    with pytest.raises(UserError, match="nested too deeply"), reading(PATH):
        json.loads("[" * 100_000)


def test_long_and_unprintable_words_of_a_library_are_cut_to_a_line():
    (problem,) = refused(ValueError("\x1b[2J" + "x\n" * 10_000)).problems
    assert "\x1b" not in problem.en and "\n" not in problem.en and len(problem.en) < 400


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.ENOMEM])
def test_a_full_disk_or_too_many_open_files_is_passed_on(number):
    with pytest.raises(OSError, match="x") as caught, reading(PATH):
        raise OSError(number, "x")
    assert caught.value.errno == number


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(3),
        StopRun(save=True),
        ResourceFault(Message("E-OOM", "a", "b")()),
        NumericFault(Message("E-NUMERIC", "a", "b")()),
        UserError(Message("E-MODEL-TRUNC", "a", "b")()),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_is_no_fault_of_the_file_is_passed_on(error):
    with pytest.raises(type(error)) as caught, reading(PATH):
        raise error
    assert caught.value is error


def test_what_has_no_path_is_named_in_both_languages_and_with_its_option():
    with (
        pytest.raises(UserError) as caught,
        reading(Words("the pasted text", "貼り付けた文"), "E-IMPORT", key="model.base", advice=CORRECT_IT),
    ):
        raise ValueError("odd")
    (problem,) = caught.value.problems
    assert problem.en.startswith("the pasted text can't be read") and problem.path == ""
    assert problem.ja.startswith("貼り付けた文") and problem.key == "model.base"


def test_what_is_not_json_is_told_by_line_and_column_without_the_name_of_an_exception() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads('{"a": 1,\n "b":')
    why = reason(caught.value)
    assert why.en == "it is not JSON from line 2, column 6 on"
    assert why.ja == "2行目の6文字目からJSONとして読めません"
