"""Where the images come from: one of folders, dataset_config and metadata."""

import pytest

from core.config.check import check
from core.config.imports.read_any import import_text
from core.errors import ConfigError

HEAD = "format = 1\n[model]\nbase = 'm.safetensors'\n[dataset]\n"


def found(text):
    with pytest.raises(ConfigError) as caught:
        check(HEAD + text)
    return [(p.code, p.key, p.line) for p in caught.value.problems]


@pytest.mark.parametrize("text", ["dataset_config = 'd.toml'\n", "in_json = 'm.json'\n"])
def test_a_dataset_config_or_metadata_names_the_images_alone(text):
    check(HEAD + text)


def test_without_any_of_them_the_folder_is_asked_for():
    assert found("") == [("E-CFG-NEEDED", "dataset.train_data_dir", None)]


@pytest.mark.parametrize("name", ["train_data_dir", "reg_data_dir", "in_json"])
def test_what_stands_beside_a_dataset_config_is_refused_not_ignored(name):
    assert found(f"dataset_config = 'd.toml'\n{name} = 'x'\n") == [("E-CFG-TOGETHER", f"dataset.{name}", 6)]


def test_metadata_and_regularization_folders_do_not_go_together():
    text = "train_data_dir = 't'\nin_json = 'm.json'\nreg_data_dir = 'r'\n"
    assert found(text) == [("E-CFG-TOGETHER", "dataset.reg_data_dir", 7)]


def test_the_run_s_own_sizes_are_not_judged_where_data_sets_have_theirs():
    text = "enable_bucket = true\nmin_bucket_reso = 768\n"  # above the default resolution of 512
    assert found("train_data_dir = 't'\n" + text) == [("E-CFG-RANGE", "dataset.min_bucket_reso", 7)]
    check(HEAD + "dataset_config = 'd.toml'\n" + text)


def test_repeats_without_metadata_are_said_to_have_no_effect():
    notices = check(HEAD + "train_data_dir = 't'\ndataset_repeats = 3\n").notices
    assert [(p.code, p.key) for p in notices] == [("W-CFG-UNUSED", "dataset.dataset_repeats")]


DATASETS = "[general]\nenable_bucket = true\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'\n"


@pytest.mark.parametrize("read", [check, import_text])
def test_a_dataset_config_given_as_a_run_file_is_told_its_place(read):
    with pytest.raises(ConfigError) as caught:
        read(DATASETS)
    (problem,) = caught.value.problems
    assert problem.code == "E-CFG-DATASETS" and "dataset.dataset_config = " in problem.en


def test_sd_scripts_names_of_the_three_are_understood():
    config = check("pretrained_model_name_or_path = 'm'\ntrain_data_dir = 't'\nin_json = 'm.json'\n"
                   "dataset_repeats = 4\n").config  # fmt: skip
    assert (config.dataset.in_json, config.dataset.dataset_repeats) == ("m.json", 4)


def test_what_stands_in_for_the_options_of_data_sets_is_not_called_unused():
    text = "dataset_config = 'd.toml'\nmin_bucket_reso = 320\nkeep_tokens = 1\nvalidation_seed = 3\n"
    assert check(HEAD + text).notices == ()
