"""No text in a saved file tells where on the user's computer anything lies."""

import json
import shutil
from pathlib import Path

import pytest

from core.events import Saved
from core.formats.header import read_header
from core.train.outputs import private_paths

SECRET = "alice-at-home"


@pytest.fixture
def secret(tmp_path, base, images):
    """A folder of a telling name with a model, a VAE, images and a place for results in it."""
    place = tmp_path / SECRET / "sd models"
    place.mkdir(parents=True)
    for name in ("model", "other vae"):
        shutil.copy(base, place / f"{name}.safetensors")
        (place / f"{name}_config").symlink_to(base.with_name("tiny_config"))
    shutil.copytree(images / "train", place / "images")
    return place


@pytest.mark.parametrize(("method", "is_toml"), [("lora", True), ("none", False)])
def test_every_text_of_a_file_is_without_the_folders_of_its_run(configure, train, secret, method, is_toml):
    sets = secret / "sets.toml"
    folder = secret / "images" / "2_sls frog"
    sets.write_text(
        f"[[datasets]]\nresolution = 64\n[[datasets.subsets]]\nimage_dir = '{folder}'\n"
        "class_tokens = 'sls frog'\n",
        encoding="utf-8",
    )
    named = (
        {"train_data_dir": "", "dataset_config": str(sets)}
        if is_toml
        else {"train_data_dir": str(folder.parent)}
    )
    trial = train(
        configure(
            train={"max_train_steps": 1},
            model={"base": str(secret / "model.safetensors"), "vae": str(secret / "other vae.safetensors")},
            dataset=named | {"reg_data_dir": None},
            network={"method": method},
            save={
                "output_dir": str(secret / "out"),
                "training_comment": f"images of {folder}/0.png, all of {secret}",
                "metadata_description": f'made from "{secret / "model.safetensors"}"',
            },
        )
    )
    [path] = [event.path for event in trial.of(Saved) if event.kind == "model"]
    found = read_header(Path(path)).metadata
    assert not [(name, text) for name, text in found.items() if SECRET in text]
    assert found["ss_training_comment"] == "images of 2_sls frog/0.png, all of ..."
    assert found["modelspec.description"] == 'made from "model.safetensors"'
    assert found["ss_sd_model_name"] == "model.safetensors" and "2_sls frog" in found["ss_dataset_dirs"]


def test_a_base_model_that_is_gone_is_told_by_its_name_alone():
    from core.train.outputs import ss_metadata

    gone = Path("/mnt/alice-at-home/m.safetensors")
    texts = {"ss_sd_model_name": str(ss_metadata.of_file("sd_model", str(gone), gone)["sd_model_name"])}
    assert private_paths.cut(texts, [gone.parent]) == {"ss_sd_model_name": "m.safetensors"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("C:\\Users\\alice\\m.ckpt", "m.ckpt"),
        ("C:/Users/alice/m.ckpt", "m.ckpt"),
        (json.dumps({"base": "C:\\Users\\alice\\m.ckpt"}), '{"base": "m.ckpt"}'),
        ("C:\\Users\\alicent\\m.ckpt", "C:\\Users\\alicent\\m.ckpt"),
    ],
)
def test_a_folder_is_found_however_it_is_written_and_no_other(text, kept):
    from pathlib import PureWindowsPath

    assert private_paths.cut({"t": text}, [PureWindowsPath("C:\\Users\\alice")]) == {"t": kept}
