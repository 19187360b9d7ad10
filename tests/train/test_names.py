"""Which results stand in a new run's way, and which name is free."""

import pytest

from core.config.schema.run import SaveConfig
from core.runs import result_names


@pytest.fixture
def save(tmp_path):
    def make(name, **more):
        return SaveConfig(output_dir=str(tmp_path), output_name=name, **more)

    return make


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("frog", "frog.safetensors"),
        ("frog", "frog.ckpt"),
        ("frog", "frog-000010.safetensors"),
        ("frog", "frog-step00000500.safetensors"),
        (None, "last.safetensors"),
        (None, "epoch-000001.safetensors"),
        (None, "at-step00000001.safetensors"),
    ],
)
def test_models_of_the_name_are_found(tmp_path, save, name, found):
    (tmp_path / found).write_bytes(b"")
    assert [path.name for path in result_names.existing(save(name))] == [found]


@pytest.mark.parametrize("name", ["frog (1)", "c++", "frog[v2]", "$x^", "frog(", "日本 語"])
@pytest.mark.parametrize("rest", [".safetensors", "-000010.ckpt", "-step00000500.safetensors"])
def test_letters_that_mean_something_in_patterns_are_letters(tmp_path, save, name, rest):
    (tmp_path / f"{name}{rest}").write_bytes(b"")
    assert [path.name for path in result_names.existing(save(name))] == [f"{name}{rest}"]


def test_a_name_is_no_pattern_for_other_names(tmp_path, save):
    for other in ("fxg.safetensors", "frog1.safetensors", "cc.safetensors"):
        (tmp_path / other).write_bytes(b"")
    assert [result_names.existing(save(name)) for name in ("f.g", "frog[12]", "c+")] == [[], [], []]


@pytest.mark.parametrize("found", ["frog", "frog-000002", "frog-last-state", "frog-step-00000005-state"])
def test_diffusers_folders_and_states_of_the_name_are_found(tmp_path, save, found):
    (tmp_path / found).mkdir()
    assert [path.name for path in result_names.existing(save("frog"))] == [found]


@pytest.mark.parametrize(
    "other", ["frogs.safetensors", "frog-2.safetensors", "frog.old-1.safetensors", "frog.txt", "my frog.ckpt"]
)
def test_other_files_stand_in_nobodys_way(tmp_path, save, other):
    (tmp_path / other).write_bytes(b"")
    assert result_names.existing(save("frog")) == []


def test_what_is_resumed_goes_on_under_its_name(tmp_path, save):
    (tmp_path / "frog.safetensors").write_bytes(b"")
    assert result_names.existing(save("frog", resume="auto")) == []


def test_the_first_free_number_is_given(tmp_path, save):
    assert result_names.free(save("frog")) == "frog"
    for taken in ("frog", "frog-2", "frog-3"):
        (tmp_path / f"{taken}.safetensors").write_bytes(b"")
    assert result_names.free(save("frog")) == "frog-4"
    assert result_names.free(save("frog-2")) == "frog-4"
    assert result_names.free(save("frog-v10-2024")) == "frog-v10-2024"


def test_names_of_runs_that_have_saved_nothing_yet_are_taken_too(tmp_path, save):
    assert result_names.free(save("frog"), [(str(tmp_path), "frog")]) == "frog-2"
    assert result_names.free(save("frog"), [(str(tmp_path / "other"), "frog")]) == "frog"


def test_a_folder_that_is_not_there_has_no_results(tmp_path):
    assert result_names.existing(SaveConfig(output_dir=str(tmp_path / "none"), output_name="frog")) == []
