"""Paths that a system can't have, by the rule of each system."""

import sys

import pytest

from core.config.path_lengths import excess
from core.config.rules.paths import no_path_holds_a_zero_byte, no_path_is_too_long
from core.config.rules.ruleset import output_name_is_a_file_name
from core.config.schema.option import walk
from core.config.schema.run import RunConfig

KANA = "カ" * 85
"""255 bytes of UTF-8: just a name of Linux, with an ending no more."""


def problems_of(**sections):
    config = RunConfig(**sections)
    return [*no_path_is_too_long(config), *output_name_is_a_file_name(config)]


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
def test_the_rule_of_linux_is_what_the_system_says(tmp_path):
    (tmp_path / KANA).mkdir()
    with pytest.raises(OSError, match="too long"):
        (tmp_path / f"{KANA}.safetensors").mkdir()


@pytest.mark.parametrize(
    ("path", "system", "said"),
    [
        (f"/home/{KANA}", "linux", None),
        (f"/home/{KANA}.safetensors", "linux", "267 bytes long; 255 are possible"),
        (f"C:\\Users\\{KANA}.safetensors", "win32", None),  # 97 characters
        ("/home/" + "x" * 256 + "/a", "linux", "256 bytes long; 255 are possible"),
        ("/" + "a/" * 2047, "linux", None),  # 4,095 bytes
        ("/" + "a/" * 2048, "linux", "the path is 4,097 bytes long; 4,095 are possible"),
        ("/" + "a/" * 511, "darwin", None),
        ("/" + "a/" * 512, "darwin", "the path is 1,025 bytes long; 1,023 are possible"),
        ("C:\\" + "a\\" * 128, "win32", None),  # 259 characters
        ("C:\\" + "a\\" * 129, "win32", "the path is 261 characters long; 259 are possible"),
        ("C:/" + "x" * 256, "win32", "256 characters long; 255 are possible"),
        ("C:\\" + "🐸" * 127, "win32", None),
        ("C:\\" + "🐸" * 128, "win32", "256 characters long; 255 are possible"),
    ],
)
def test_a_path_is_measured_as_its_system_does(path, system, said):
    found = excess(path, system)
    assert (found is None) if said is None else (found is not None and said in found.en)


def test_what_will_stand_behind_counts():
    assert excess("C:\\out", "win32", "x" * 253) is None
    found = excess("C:\\out", "win32", "x" * 254)
    assert found is not None and "6 characters long; 5 are possible" in found.en


@pytest.mark.parametrize(
    "key", ["save.output_dir", "dataset.train_data_dir", "dataset.reg_data_dir", "model.base"]
)
def test_a_name_of_300_letters_in_a_path_is_refused_before_the_training(key):
    section, name = key.split(".")
    (problem,) = problems_of(**{section: {name: "/home/" + "x" * 300}})
    assert (problem.code, problem.key) == ("E-PATH-LONG", key)
    assert "is 300 bytes long; 255 are possible" in problem.en and "300バイト" in problem.ja


def test_an_output_folder_whose_results_would_have_too_long_a_path_is_refused():
    folder = "/" + "a" * 250
    (problem,) = problems_of(save={"output_dir": folder * 16, "output_name": "frog"})
    assert problem.code == "E-PATH-LONG" and "the path is 4,016 bytes long" in problem.en
    assert problems_of(save={"output_dir": folder * 15, "output_name": "frog"}) == []


def test_an_output_name_without_room_for_its_endings_is_refused_with_its_length():
    (problem,) = problems_of(save={"output_name": KANA})
    assert (problem.code, problem.key) == ("E-PATH-LONG", "save.output_name")
    assert "255 bytes" in problem.en and "200" in problem.en


@pytest.mark.parametrize("option", [o for o in walk(RunConfig) if o.meta.path], ids=lambda o: o.key)
def test_a_path_with_a_zero_byte_is_refused(option):
    value = ("a\0b",) if option.default == () else "a\0b"
    config = RunConfig.model_validate({option.section: {option.name: value}})
    assert [problem.key for problem in no_path_holds_a_zero_byte(config)] == [option.key]
