"""What is written as TOML reads back the same, and a file is never half written."""

import os
import tomllib

import pytest

from core.config.check import check
from core.config.file import toml_text
from core.config.file.key_lines import key_lines, line_of
from core.config.schema.run import RunConfig
from core.errors import ConfigError
from core.formats import partial_files


@pytest.mark.parametrize(
    "text",
    [
        "C:\\new\\x",
        "it's",
        'say "x"',
        "a\nb",
        "\x1b[2J",
        "\x7f",
        "日本語",
        "'\\",
        "",
        "#",
        "[x]",
        "\u202e",
        "a\0b",
    ],
)
def test_any_text_reads_back_the_same(text):
    assert tomllib.loads(f"a = {toml_text.toml_value(text)}")["a"] == text


@pytest.mark.parametrize("value", [1e-6, 5e-05, 1.0, 0, True, [], ["a,", "b ]", "c\\d"], [[1, 2], [3]]])
def test_any_value_reads_back_the_same(value):
    assert tomllib.loads(f"a = {toml_text.toml_value(value)}")["a"] == value


def test_half_a_character_is_refused():
    with pytest.raises(ConfigError):
        toml_text.toml_value("\ud800")


def test_a_whole_run_file_reads_back_to_the_same_config():
    config = check(
        'format = 1\n[model]\nbase = "b"\n[dataset]\ntrain_data_dir = "t"\nresolution = [768, 512]\n'
    ).config
    assert check(toml_text.dumps(toml_text.values_of(config))).config == config


def test_help_stands_above_each_key_in_the_chosen_language():
    text = toml_text.dumps(toml_text.values_of(RunConfig()), "ja")
    before = text[: text.index("\nlearning_rate = ")].splitlines()[-1]
    assert before.startswith("# 学習率：")


def test_options_of_another_method_are_left_out():
    text = toml_text.dumps({**toml_text.values_of(RunConfig()), "network.method": "none"})
    assert "\nrank = " not in text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "run.toml"
    toml_text.write(path, "old")

    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError):
        toml_text.write(path, "new")
    assert (path.read_text(), [p.name for p in tmp_path.iterdir()]) == ("old", ["run.toml"])


def test_a_written_file_has_the_rights_of_any_new_file(tmp_path):
    umask = os.umask(0o022)
    try:
        toml_text.write(tmp_path / "a", "x")
    finally:
        os.umask(umask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_file_in_another_encoding_is_named_with_the_mend(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes("名前".encode("cp932"))
    with pytest.raises(ConfigError, match="UTF-8"):
        toml_text.read(path)


LINES = '''# first
a = 1

[x]
b = """
[not a table]
"""
c = [
  1, # ]
]
[[y]]
d.e = 1
[[y]]
"q.r" = {s = 1, t = 2}
[y.k]
v = 'a#'
'''


def test_every_key_is_found_at_its_line():
    assert key_lines(LINES) == {
        ("a",): 2,
        ("x",): 4,
        ("x", "b"): 5,
        ("x", "c"): 8,
        ("y", 0): 11,
        ("y", 0, "d", "e"): 12,
        ("y", 1): 13,
        ("y", 1, "q.r"): 14,
        ("y", 1, "k"): 15,
        ("y", 1, "k", "v"): 16,
    }


@pytest.mark.parametrize(
    ("path", "line"), [(("y", 1, "q.r", "s"), 14), (("x", "gone"), 4), (("z", "b"), None), ((), None)]
)
def test_a_key_without_a_line_of_its_own_stands_where_what_is_around_it_does(path, line):
    assert line_of(path, key_lines(LINES)) == line


def test_what_a_killed_write_left_beside_the_file_goes_with_the_next_one(tmp_path):
    left = tmp_path / f".run.toml.{partial_files._host()}-{os.getpid()}-0.part"
    left.write_text("half")
    toml_text.write(tmp_path / "run.toml", "a = 1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["run.toml"]
