"""Paths of a run file are taken as they stand: what was hardly meant so is refused with what to write."""

import os

import pytest

from core.config.check import check
from core.errors import ConfigError

HEAD = "format = 1\n[model]\nbase = 'm.safetensors'\n[dataset]\ntrain_data_dir = 'img'\n"


def refusal(setting: str):
    with pytest.raises(ConfigError) as caught:
        check(HEAD, [setting])
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/out", os.path.expanduser("~/out")),
        ("~", os.path.expanduser("~")),
        (" out ", "out"),
        ('"my out"', "my out"),
        ("'my out'", "my out"),
        ('"~/my out"', os.path.expanduser("~/my out")),
    ],
)
@pytest.mark.parametrize("key", ["save.output_dir", "log.logging_dir", "model.vae"])
def test_quotes_blanks_and_the_home_folder_s_sign_are_refused_with_the_path_to_write(key, written, meant):
    problem = refusal(f"{key}={written!r}")
    assert (problem.code, problem.key) == ("E-CFG-PATH", key)
    assert problem.en.endswith(f"write {meant!r}.")


@pytest.mark.parametrize("path", ["~x", "a~", "my out", "-", "."])
def test_names_that_only_hold_such_signs_are_taken(path):
    assert check(HEAD, [f'save.output_dir="""{path}\\u0020x"""']).config.save.output_dir == f"{path} x"


@pytest.mark.parametrize("path", ["rock 'n'", "a~", "'a"])
def test_a_quote_at_one_end_belongs_to_the_name(path):
    assert check(HEAD, [f'save.output_dir="{path}"']).config.save.output_dir == path


@pytest.mark.parametrize("path", ["", "  "])
def test_an_output_folder_without_a_name_is_refused(path):
    problem = refusal(f"save.output_dir='{path}'")
    assert (problem.code, problem.key) == ("E-CFG-PATH", "save.output_dir")


def test_an_empty_name_in_a_list_of_files_is_refused():
    problem = refusal("network.base_weights=['']")
    assert (problem.code, problem.key) == ("E-CFG-PATH", "network.base_weights")


@pytest.mark.parametrize("key", ["dataset.reg_data_dir", "model.vae", "log.logging_dir"])
def test_an_optional_path_may_be_empty(key):
    check(HEAD, [f"{key}=''"])


@pytest.mark.parametrize("extension", [".png", "JPG", ".npz", "*.txt", "../x", ".safetensors"])
def test_an_extension_that_is_no_caption_s_is_refused(extension):
    problem = refusal(f"dataset.caption_extension='{extension}'")
    assert (problem.code, problem.key) == ("E-CAP-EXTENSION", "dataset.caption_extension")


@pytest.mark.parametrize("extension", [".txt", "txt", ".CAPTION", ".tags", ".en.txt", ".wd14", ""])
def test_any_other_extension_is_taken(extension):
    check(HEAD, [f"dataset.caption_extension='{extension}'"])
