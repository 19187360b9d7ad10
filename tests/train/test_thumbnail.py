"""The thumbnail of a model in its own file: the newest sample of its first prompt, small."""

import base64
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from core.config.schema.save import SaveConfig
from core.events import Saved
from core.formats import added_metadata, tensors
from core.train.outputs import samples, thumbnail

SAMPLED = {"sample_prompts": ["a frog --s 1 --w 64 --h 128"], "sample_every_n_steps": 2}


def image_in(path) -> Image.Image | None:
    with safe_open(path, "pt") as file:
        url = file.metadata().get("modelspec.thumbnail")
    if url is None:
        return None
    kind, _, data = url.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def models(trial) -> dict[int, Path]:
    return {event.step: Path(event.path) for event in trial.of(Saved) if event.kind == "model"}


@pytest.fixture
def shades(monkeypatch):
    """In place of every sample an image of one grey, 64 x 128: 50, 100, 150, ... in turn."""
    greys = itertools.count(50, 50)
    monkeypatch.setattr(samples, "draw", lambda *args: [Image.new("L", (64, 128), next(greys))])


def shade(image) -> int:
    assert image.size == (64, 128)
    return round(np.asarray(image.convert("L")).mean() / 50) * 50


def test_each_file_has_the_sample_of_its_own_step_though_that_is_drawn_later(configure, train, shades):
    options = {"train": {"max_train_steps": 4}, "save": {"save_every_n_steps": 2}}
    trial = train(configure(sample=SAMPLED, **options))
    assert {step: shade(image_in(path)) for step, path in models(trial).items()} == {2: 50, 4: 100}


def test_between_samples_a_file_has_the_one_before(configure, train, shades):
    sample = SAMPLED | {"sample_every_n_steps": 100, "sample_at_first": True}
    options = {"train": {"max_train_steps": 2}, "save": {"save_every_n_steps": 1}}
    trial = train(configure(sample=sample, **options))
    assert {step: shade(image_in(path)) for step, path in models(trial).items()} == {1: 50, 2: 100}


@pytest.mark.parametrize("option", [{"thumbnail": False}, {"no_metadata": True}])
def test_there_is_none_where_none_is_wanted(tmp_path, option):
    made = thumbnail.Thumbnail(SaveConfig(**option))
    made.take(Image.new("RGB", (64, 64)), 2)
    path = tensors.save(tmp_path / "x.safetensors", {"a": torch.ones(2)}, {"t": "1"})
    assert made.metadata == {} and not made.put_into(path, 2) and image_in(path) is None


def test_a_large_image_becomes_a_small_one_of_bounded_bytes():
    noise = np.random.default_rng(0).integers(0, 256, (1024, 512, 3), dtype=np.uint8)
    url = thumbnail.data_url(Image.fromarray(noise))
    data = base64.b64decode(url.partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (128, 256) and len(data) <= 24 * 1024


def test_more_metadata_leaves_every_tensor_and_every_other_text(tmp_path):
    made = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(3, dtype=torch.float16)}
    path = tensors.save(tmp_path / "x.safetensors", made, {"ss_seed": "7", "old": "日本"})
    assert added_metadata.add(path, {"old": "é", "new": '"'})
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"ss_seed": "7", "old": "é", "new": '"'}
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in made.items())
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_that_can_not_be_replaced_stays_as_it_is(tmp_path, monkeypatch):
    path = tensors.save(tmp_path / "x.safetensors", {"a": torch.ones(2)}, {"t": "1"})
    before = path.read_bytes()

    def held(self, other):
        raise PermissionError("held")

    monkeypatch.setattr(Path, "replace", held)
    assert not added_metadata.add(path, {"t": "2"})
    assert path.read_bytes() == before and [*tmp_path.iterdir()] == [path]


def test_a_file_that_somebody_changed_meanwhile_is_left_alone(configure, train, shades):
    def change(event):
        if isinstance(event, Saved) and event.kind == "model":
            Path(event.path).write_bytes(b"mine")

    trial = train(configure(train={"max_train_steps": 2}, sample=SAMPLED), on=change)
    assert models(trial)[2].read_bytes() == b"mine"
