"""Training on several datasets, and on metadata."""

import json

import pytest

from core.events import PlanReady, StepDone
from core.train.inputs.batches import Batches

TEXT = """
[[datasets]]
resolution = 64
batch_size = 2
[[datasets.subsets]]
image_dir = '{t}/2_sls frog'
class_tokens = "sls frog"
num_repeats = 2
flip_aug = true
[[datasets]]
resolution = [128, 64]
batch_size = 1
enable_bucket = true
min_bucket_reso = 64
[[datasets.subsets]]
image_dir = '{r}/1_frog'
class_tokens = "frog"
"""


@pytest.fixture
def data(images, tmp_path):
    """A dataset_config of two datasets: 6 samples in 3 batches at 64 pixels, 2 single ones in buckets."""
    file = tmp_path / "data.toml"
    file.write_text(TEXT.replace("{t}", str(images / "train")).replace("{r}", str(images / "reg")))
    return file


@pytest.fixture
def shapes(monkeypatch):
    """Captions and latents of every micro-batch that is trained."""
    seen = []
    load = Batches._load

    def noted(self, item):
        batch = load(self, item)
        if item.batch.epoch:  # what is held out has none
            seen.append((batch.captions, tuple(batch.latents.shape)))
        return batch

    monkeypatch.setattr(Batches, "_load", noted)
    return seen


def test_each_data_set_trains_at_its_size_and_batch(configure, train, data, shapes):
    dataset = {"train_data_dir": "", "reg_data_dir": None, "dataset_config": str(data)}
    trial = train(configure(train={"max_train_epochs": 1}, dataset=dataset))
    (ready,) = trial.of(PlanReady)
    assert (ready.images, ready.steps) == (5, 5)
    assert [(b["dataset"], b["batches_per_epoch"]) for b in ready.buckets] == [(0, 3), (1, 2)]
    assert len(trial.of(StepDone)) == 5
    first = [shape[0] for captions, shape in shapes if set(captions) == {"sls frog"}]
    second = [shape[0] for captions, shape in shapes if set(captions) == {"frog"}]
    assert first == [2, 2, 2] and second == [1, 1]
    assert (trial.folder / "dataset_config.toml").read_text() == data.read_text()


def test_metadata_names_the_captions_and_images_held_out_are_never_trained(
    configure, train, images, tmp_path, shapes
):
    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps({str(n): {"caption": f"frog {n}", "tags": "wet"} for n in range(3)}))
    dataset = {
        "train_data_dir": str(images / "train" / "2_sls frog"), "reg_data_dir": None, "in_json": str(meta),
        "dataset_repeats": 2, "train_batch_size": 1, "validation_split": 0.4,
    }  # fmt: skip
    train(configure(train={"max_train_epochs": 2}, dataset=dataset))
    trained = {captions[0] for captions, _ in shapes}
    assert trained < {"frog 0,wet", "frog 1,wet", "frog 2,wet"}
    assert len(shapes) == 8 and len(trained) == 2  # 2 of 3 images, twice in each of 2 epochs
