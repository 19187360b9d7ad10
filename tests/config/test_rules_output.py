"""Results go neither among the images nor over what the run is made from."""

import pytest

from core.config.check import check
from core.config.rules import output
from core.config.rules.network import names_hold_the_method
from core.config.schema.run import RunConfig
from core.errors import ConfigError


def codes(**sections) -> list[str]:
    config = RunConfig(**sections)
    return [problem.code for rule in output.RULES for problem in rule(config, output._plain)]


def images(output_dir: str, **folders) -> list[str]:
    return codes(save={"output_dir": output_dir}, dataset={"train_data_dir": "data/img"} | folders)


@pytest.mark.parametrize(
    "output_dir",
    ["data/img", "data/img/", "./data/img", "data/x/../img", "data/img/20_sls frog", "data/img/out"],
)
def test_an_output_folder_in_the_folder_of_images_is_refused(output_dir):
    assert images(output_dir) == ["E-OUT-DATA"]


def test_an_output_folder_in_the_folder_of_regularization_images_is_refused():
    assert images("data/reg/out", reg_data_dir="data/reg") == ["E-OUT-DATA"]


@pytest.mark.parametrize("output_dir", ["data", "data/image", "data/img2", "out", "data/out"])
def test_a_folder_beside_or_above_the_images_is_taken(output_dir):
    assert images(output_dir, reg_data_dir="data/reg") == []


def test_no_folder_of_images_is_in_nobodys_way():
    assert images(".", train_data_dir="", reg_data_dir=None) == []


def sources(name, method="lora", save_as="auto", base="m/base.safetensors", **network) -> list[str]:
    return codes(
        model={"base": base, "vae": "m/kl.safetensors"},
        network={"method": method} | network,
        save={"output_dir": "m", "output_name": name, "save_model_as": save_as},
        dataset={"train_data_dir": "d"},
    )


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("base", {}),
        ("base", {"method": "none"}),
        ("my", {"method": "none", "base": "m/my.ckpt"}),
        ("my", {"method": "none", "base": "m/my"}),
        ("my", {"method": "none", "base": "./m/../m/my.ckpt", "save_as": "ckpt"}),
        ("my", {"method": "none", "base": "m/my", "save_as": "diffusers"}),
        ("kl", {}),
        ("frog", {"weights": "m/frog.safetensors"}),
        ("frog", {"weights": "m/frog-000010.safetensors"}),
        ("frog", {"weights": "m/frog-step00000500.safetensors"}),
        ("frog", {"base_weights": ["x/frog.safetensors", "m/frog.safetensors"]}),
        (None, {"base": "m/last.safetensors"}),
    ],
)  # fmt: skip
def test_a_result_that_would_take_the_place_of_what_it_is_made_from_is_refused(name, more):
    assert sources(name, **more) == ["E-OUT-SOURCE"]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("frog", {}),
        ("base", {"save_as": "ckpt"}),
        ("base2", {}),
        ("bas", {}),
        ("my", {"method": "none", "base": "m/my", "save_as": "safetensors"}),
        ("my", {"method": "none", "base": "stabilityai/my"}),
        ("frog", {"weights": "other/frog.safetensors"}),
        ("b.se", {}),
    ],
)  # fmt: skip
def test_other_names_folders_and_endings_are_taken(name, more):
    assert sources(name, **more) == []


def test_the_refusal_names_file_option_and_what_to_do_in_both_languages():
    text = '[model]\nbase = "m/my.safetensors"\n[dataset]\ntrain_data_dir = "d"\n'
    text += '[save]\noutput_dir = "m"\noutput_name = "my"\n'
    with pytest.raises(ConfigError) as refused:
        check(text)
    (problem,) = refused.value.problems
    assert problem.key == "save.output_name" and problem.line == 7
    for sentence in (problem.en, problem.ja):
        assert "m/my.safetensors" in sentence and "model.base" in sentence


@pytest.mark.parametrize(
    "folders",
    [
        {"train_data_dir": "w/frog"},
        {"train_data_dir": "w/frog/img"},
        {"train_data_dir": "w/frog-000001"},
        {"train_data_dir": "img", "reg_data_dir": "w/frog"},
        {"in_json": "w/frog/meta.json", "train_data_dir": "img"},
    ],
)
def test_a_model_folder_that_would_take_the_place_of_a_folder_of_images_is_refused(folders):
    save = {"output_dir": "w", "output_name": "frog", "save_model_as": "diffusers"}
    network = {"method": "none"}
    assert codes(save=save, network=network, dataset=folders) == ["E-OUT-SOURCE"]
    assert codes(save=save | {"save_model_as": "safetensors"}, network=network, dataset=folders) == []


def test_images_beside_the_model_folder_are_taken():
    save = {"output_dir": "w", "output_name": "frog", "save_model_as": "diffusers"}
    assert codes(save=save, network={"method": "none"}, dataset={"train_data_dir": "w/frogs"}) == []


@pytest.mark.parametrize("folder", ["train_data_dir", "reg_data_dir", "conditioning_data_dir"])
def test_a_log_folder_among_images_or_masks_is_refused(folder):
    names = {"train_data_dir": "img"} | {folder: "images"}
    config = RunConfig(dataset=names, log={"logging_dir": "images/2_sls frog"})
    found = [*output.output_is_not_among_the_images(config)]
    assert [(problem.code, problem.key) for problem in found] == [("E-OUT-DATA", "log.logging_dir")]


def test_an_output_folder_in_the_folder_of_masks_is_refused():
    assert images("data/masks/out", conditioning_data_dir="data/masks") == ["E-OUT-DATA"]


@pytest.mark.parametrize(
    ("settings", "is_refused"),
    [
        ({"method": "lora"}, False),
        ({"method": "dora", "dora_axis": "output"}, False),
        ({"method": "dora"}, True),
        ({"method": "loha"}, True),
        ({"method": "lokr"}, True),
        ({"method": "oft"}, True),
        ({"method": "none"}, False),
        ({"method": "embedding"}, False),
    ],
)
def test_names_of_diffusers_are_refused_for_what_it_does_not_read(settings, is_refused):
    config = RunConfig(network=settings, save={"adapter_names": "diffusers"})
    found = [problem.key for problem in names_hold_the_method(config)]
    assert found == (["save.adapter_names"] if is_refused else [])


def test_names_whose_alpha_is_metadata_need_a_file_that_has_some():
    config = RunConfig(save={"adapter_names": "diffusers", "save_model_as": "ckpt"})
    assert "metadata" in next(names_hold_the_method(config)).en
