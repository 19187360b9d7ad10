"""Latents on disk and in memory."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from core.data.images import load
from core.errors import NumericFault
from core.events import StepDone, Warned
from core.formats.weight_file import WeightFile
from core.train.inputs import latents
from tests.data.images import draw, plan


@pytest.fixture
def own(images, tmp_path) -> Path:
    """One training image of our own, that may be changed."""
    folder = tmp_path / "own" / "1_frog"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes((images / "train" / "2_sls frog" / "0.png").read_bytes())
    return folder / "a.png"


@pytest.fixture
def encoded(monkeypatch) -> list[int]:
    """How many images each call of the VAE encoded."""
    calls: list[int] = []
    plain = latents._encode

    def counted(plan, chunk, *args):
        calls.append(len(chunk.entries))
        return plain(plan, chunk, *args)

    monkeypatch.setattr(latents, "_encode", counted)
    return calls


@pytest.fixture
def disk(configure, own):
    """A run of one step over that image with a cache on disk; give more options of the dataset."""

    def make(**dataset):
        keep = {"cache_latents_to_disk": True, "train_data_dir": str(own.parent.parent), "reg_data_dir": None}
        return configure(train={"max_train_steps": 1}, dataset=keep | dataset)

    return make


def entries(tmp_path) -> list[Path]:
    """Those of images; beside them lies what the VAE is known by."""
    found = (tmp_path / "out" / "cache").rglob("*.safetensors")
    return [path for path in found if "image" in json.loads(WeightFile(path).metadata["key"])]


def losses(trial) -> list[float]:
    return [event.loss for event in trial.of(StepDone)]


def test_a_second_run_reads_what_the_first_encoded(disk, train, encoded, tmp_path, own):
    first = train(disk())
    second = train(disk())
    assert encoded == [1] and losses(first) == losses(second)
    assert [path.name for path in own.parent.iterdir()] == ["a.png"]
    assert len(entries(tmp_path)) == 1


def test_images_of_one_name_have_an_entry_each(disk, train, encoded, tmp_path, own):
    Image.new("RGB", (64, 64), "green").save(own.with_suffix(".jpg"))
    own.with_suffix(".caption").write_text("frog")
    train(disk())
    of = {json.loads(WeightFile(entry).metadata["key"])["image"] for entry in entries(tmp_path)}
    assert len(entries(tmp_path)) == 2
    assert of == {load.content_hash(own.with_suffix(ending).read_bytes()) for ending in (".png", ".jpg")}


def test_a_changed_image_is_encoded_again(disk, train, encoded, own):
    Image.new("RGB", (64, 64), "green").save(own.with_name("b.png"))
    train(disk(vae_batch_size=1))
    Image.new("RGB", (64, 64), "red").save(own)
    train(disk(vae_batch_size=1))
    assert encoded == [1, 1, 1]


def test_mirrored_images_are_encoded_too(disk, train, encoded):
    train(disk(flip_aug=True, vae_batch_size=2))
    train(disk(flip_aug=True, vae_batch_size=2))
    assert encoded == [2]


def test_another_vae_encodes_again(disk, train, encoded, tmp_path):
    from tests.tiny import make_tiny

    train(disk())
    other = make_tiny(tmp_path / "other.safetensors", seed=3)
    config = disk()
    train(config.model_copy(update={"model": config.model.model_copy(update={"base": str(other)})}))
    assert encoded == [1, 1]


def flipped(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 255]) + data[-2:]


@pytest.mark.parametrize("damage", [flipped, lambda data: data[: len(data) // 2], lambda data: b""])
def test_a_damaged_entry_is_made_again_with_a_notice(disk, train, encoded, tmp_path, damage):
    first = train(disk())
    (entry,) = entries(tmp_path)
    entry.write_bytes(damage(entry.read_bytes()))
    second = train(disk())
    assert encoded == [1, 1] and losses(first) == losses(second)
    assert "W-CACHE-REDONE" in [event.code for event in second.of(Warned)]


def test_an_image_that_becomes_nan_is_named(disk, train, monkeypatch):
    def spoiled(parts, pixels):
        mean = torch.full((len(pixels), 4, 8, 8), float("nan"))
        return mean, mean

    monkeypatch.setattr("core.models.sd.family.SD.encode_image", staticmethod(spoiled))
    with pytest.raises(NumericFault) as fault:
        train(disk())
    assert fault.value.problems[0].path.endswith("a.png")


def test_images_that_are_never_trained_on_are_not_encoded(configure, train, encoded):
    train(configure(train={"max_train_steps": 1}, dataset={"train_batch_size": 1, "vae_batch_size": 1}))
    assert encoded == [1]


def test_another_way_of_resizing_encodes_again(disk, train, encoded):
    large = {"enable_bucket": True, "min_bucket_reso": 64, "max_bucket_reso": 64}
    for name in ("auto", "box", "auto"):
        train(disk(resize_interpolation=name, **large))
    assert encoded == [1, 1]


def test_images_held_out_keep_their_colours(tmp_path):
    for i in range(24):
        draw(tmp_path / "1_a" / f"{i:02}.png", colour=(200, 9 * i, 40))
    made = plan(tmp_path, color_aug=True, validation_split=0.5)
    source = latents.EncodedImages(made, lambda pixels: (pixels, pixels), torch.device("cpu"))

    def is_plain(batch):
        return (source.host(batch, batch.samples) == torch.tensor(load.load(image_of(batch)))).all()

    def image_of(batch):
        return made.images[batch.samples[0].image]

    assert all(is_plain(batch) for batch in made.validation_batches())
    assert not all(is_plain(batch) for batch in made.epoch(1))
