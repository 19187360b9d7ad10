"""The plan: epochs, batches and samples."""

import itertools
import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from core.config.schema.train import TrainConfig
from core.control import RunControl, StopRun
from core.data.plan import as_json
from core.data.plan.plan import make
from core.patience import Patience
from tests.data.images import TALL, config, draw, fill, plan


@pytest.fixture
def data(tmp_path):
    """3 square and 2 tall training images, twice an epoch, and 4 regularization images."""
    train = fill(tmp_path / "train", {"2_sls frog": 3})
    for i in range(2):
        draw(train / "2_sls frog" / f"tall{i}.png", TALL, (i, 0, 0))
    return train, fill(tmp_path / "reg", {"1_frog": 4})


def images_of(batches):
    return Counter(sample.image for batch in batches for sample in batch.samples)


def test_every_training_image_comes_exactly_its_repeats_an_epoch(data):
    whole = plan(data[0], enable_bucket=True, train_batch_size=2)
    assert images_of(whole.epoch(1)) == dict.fromkeys(range(5), 2)


def test_as_many_regularization_samples_as_training_samples(data):
    whole = plan(*data, enable_bucket=True)
    kinds = Counter(whole.images[s.image].is_reg for batch in whole.epoch(1) for s in batch.samples)
    assert kinds == {False: 10, True: 10} and (whole.train_samples, whole.reg_samples) == (10, 10)


def test_training_and_regularization_images_share_buckets_and_batches(data):
    whole = plan(*data, enable_bucket=True, train_batch_size=4)
    mixed = [{whole.images[s.image].is_reg for s in batch.samples} for batch in whole.epoch(1)]
    assert {False, True} in mixed


def test_every_batch_is_of_one_bucket_and_only_a_bucket_s_last_is_short(data):
    whole = plan(*data, enable_bucket=True, train_batch_size=4)
    batches = whole.epoch(3)
    for batch in batches:
        assert {whole.images[s.image].fit.bucket for s in batch.samples} == {batch.bucket}
    # 6 + 10 square samples: 4 batches; 4 tall ones: 1
    sizes = sorted((batch.bucket.height, len(batch.samples)) for batch in batches)
    assert sizes == [(64, 4)] * 4 + [(192, 4)]
    assert whole.batches_per_epoch == 5


def test_the_last_batch_of_a_bucket_is_shorter(tmp_path):
    whole = plan(fill(tmp_path, {"5_x": 1}), train_batch_size=3)
    assert sorted(len(batch.samples) for batch in whole.epoch(1)) == [2, 3]


def test_an_epoch_is_a_function_of_seed_and_number(data):
    first, again = (
        plan(*data, enable_bucket=True, flip_aug=True),
        plan(*data, enable_bucket=True, flip_aug=True),
    )
    assert [first.epoch(e) for e in (3, 1, 2)] == [again.epoch(e) for e in (3, 1, 2)]
    assert first.epoch(1) != first.epoch(2)
    assert plan(*data, seed=2, enable_bucket=True, flip_aug=True).epoch(1) != first.epoch(1)


def test_indices_number_the_samples_of_an_epoch_in_order(data):
    indices = [
        s.index
        for batch in plan(*data, enable_bucket=True, train_batch_size=3).epoch(2)
        for s in batch.samples
    ]
    assert indices == list(range(20))


def test_batches_number_themselves(data):
    batches = plan(*data, enable_bucket=True).epoch(2)
    assert [(batch.epoch, batch.index) for batch in batches] == [(2, i) for i in range(20)]


@pytest.mark.parametrize("position", [0, 1, 4, 5, 7, 15, 23])
def test_a_stream_from_any_position_is_the_rest_of_the_whole_stream(data, position):
    whole = plan(*data, enable_bucket=True, train_batch_size=4, flip_aug=True, shuffle_caption=True)
    straight = [
        *whole.epoch(1),
        *whole.epoch(2),
        *whole.epoch(3),
        *whole.epoch(4),
        *whole.epoch(5),
        *whole.epoch(6),
    ]
    assert list(itertools.islice(whole.stream(position), 7)) == straight[position : position + 7]


def test_a_stream_draws_no_earlier_epoch(data, monkeypatch):
    whole = plan(*data)
    asked = []
    draw_epoch = type(whole).batch_images
    monkeypatch.setattr(
        type(whole), "batch_images", lambda self, epoch: asked.append(epoch) or draw_epoch(self, epoch)
    )
    next(whole.stream(1_000 * whole.batches_per_epoch))
    assert asked == [1_001]


def test_an_epoch_has_equally_many_batches_with_spare_regularization_images(tmp_path):
    reg = fill(tmp_path / "reg", {"1_frog": 9})
    for i in range(4):
        draw(reg / "1_frog" / f"tall{i}.png", TALL, (i, 0, 0))
    whole = plan(fill(tmp_path / "train", {"2_x": 2}), reg, enable_bucket=True, train_batch_size=2)
    assert {len(whole.epoch(e)) for e in range(1, 8)} == {whole.batches_per_epoch}
    everything = set().union(*(images_of(whole.epoch(e)) for e in range(1, 8)))
    assert everything == set(range(15))  # 2 training and 13 regularization images: all had their turn


def test_repeats_of_an_image_are_flipped_apart(tmp_path):
    whole = plan(fill(tmp_path, {"200_x": 1}), flip_aug=True)
    flips = [s.flip for batch in whole.epoch(1) for s in batch.samples]
    assert 70 < sum(flips) < 130  # 100 expected, standard deviation 7


def test_without_flip_aug_nothing_is_flipped(data):
    assert not any(s.flip for batch in plan(data[0]).epoch(1) for s in batch.samples)


def test_random_crop_reaches_both_edges_and_stays_inside(tmp_path):
    draw(tmp_path / "300_x" / "a.png", (67, 64))
    whole = plan(tmp_path, random_crop=True)
    assert {s.crop for batch in whole.epoch(1) for s in batch.samples} == {(0, 0), (1, 0), (2, 0), (3, 0)}


def test_without_random_crop_the_cut_is_central(tmp_path):
    draw(tmp_path / "1_x" / "a.png", (80, 64))
    (batch,) = plan(tmp_path, enable_bucket=True).epoch(1)
    assert batch.samples[0].crop == (8, 0)


def test_captions_come_from_the_file_else_from_the_folder(data):
    (data[0] / "2_sls frog" / "000.caption").write_text("green")
    whole = plan(*data, enable_bucket=True)
    assert [image.caption for image in whole.images] == ["green", *["sls frog"] * 4, *["frog"] * 4]
    assert whole.images[0].caption_path == data[0] / "2_sls frog" / "000.caption"


def test_a_sample_has_its_image_s_caption_when_nothing_is_random(data):
    whole = plan(*data, enable_bucket=True, caption_prefix="p", caption_suffix="s")
    assert {s.caption for batch in whole.epoch(1) for s in batch.samples} == {"p sls frog s", "p frog s"}
    assert whole.fixed_captions() == ("p frog s", "p sls frog s")


def test_dropout_adds_the_empty_caption_to_the_fixed_ones(data):
    assert plan(data[0], caption_dropout_rate=0.5).fixed_captions() == ("", "sls frog")


def test_shuffled_captions_are_endless(data):
    assert plan(data[0], shuffle_caption=True).fixed_captions() is None


def test_an_image_s_repeats_are_shuffled_apart(tmp_path):
    fill(tmp_path, {"20_x": 1})
    (tmp_path / "20_x" / "000.caption").write_text("a, b, c, d")
    whole = plan(tmp_path, shuffle_caption=True)
    assert len({s.caption for batch in whole.epoch(1) for s in batch.samples}) > 8


def test_processes_share_a_batch(data):
    options = config(*data, enable_bucket=True, train_batch_size=2)
    alone = make(options.model_copy(update={"train_batch_size": 4}), 1)
    assert make(options, 1, world_size=2).epoch(1) == alone.epoch(1)


def test_steps_and_epochs_follow_the_guide(data):
    whole = plan(*data, enable_bucket=True, train_batch_size=4)  # 5 batches
    assert [whole.steps_per_epoch(n) for n in (1, 2, 3, 8)] == [5, 3, 2, 1]
    assert whole.total_steps(TrainConfig(max_train_epochs=4)) == 20
    assert whole.total_steps(TrainConfig(max_train_epochs=4, max_train_steps=7)) == 20
    assert whole.epochs(TrainConfig(max_train_steps=11)) == 3


def test_the_fingerprint_stays_when_the_data_set_moves(data, tmp_path):
    before = plan(*data, enable_bucket=True).fingerprint()
    os.rename(tmp_path / "train", tmp_path / "elsewhere")
    assert plan(tmp_path / "elsewhere", data[1], enable_bucket=True).fingerprint() == before


def test_the_fingerprint_changes_with_what_is_trained(data):
    prints = [
        plan(*data).fingerprint(),
        plan(*data, seed=2).fingerprint(),
        plan(*data, flip_aug=True).fingerprint(),
    ]
    prints += [plan(*data, train_batch_size=2).fingerprint(), plan(data[0]).fingerprint()]
    draw(data[0] / "2_sls frog" / "001.png", colour=(9, 9, 9))
    prints.append(plan(*data).fingerprint())
    (data[0] / "2_sls frog" / "001.caption").write_text("other")
    prints.append(plan(*data).fingerprint())
    assert len(set(prints)) == 7


def test_progress_counts_the_images(data):
    seen = []
    make(config(*data), 1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 9) for i in range(1, 10)]


def test_a_stop_is_heard_while_planning(data):
    control = RunControl()
    control.stop()
    with pytest.raises(StopRun):
        make(config(*data), 1, patience=Patience(control.check))


def test_a_plan_without_images_has_no_batches_and_no_stream(tmp_path):
    whole = plan(tmp_path)
    assert whole.batches_per_epoch == 0 and whole.epoch(1) == () and whole.epochs(TrainConfig()) == 0
    with pytest.raises(ValueError):
        next(whole.stream(0))


def test_the_json_is_the_contract_s(tmp_path):
    draw(tmp_path / "t" / "2_sls frog" / "a.png", (96, 64))
    fill(tmp_path / "r", {"1_frog": 1})
    whole = plan(tmp_path / "t", tmp_path / "r", enable_bucket=True, resolution=(128, 64), train_batch_size=3)
    values = json.loads(
        json.dumps(as_json.values(whole, TrainConfig(max_train_steps=7), count_tokens=lambda text: len(text)))
    )
    # 96x64 (1.5): buckets 64x64, 64x128, 128x64; |2-1.5| and |1-1.5| tie, the first in order wins: 64x64
    assert values["images"][0] == {
        "path": str(tmp_path / "t" / "2_sls frog" / "a.png"),
        "folder": str(tmp_path / "t" / "2_sls frog"),
        "is_reg": False,
        "repeats": 2,
        "size": [96, 64],
        "bucket": [64, 64],
        "resized": [96, 64],
        "crop": {"left": 16, "top": 0},
        "caption": "sls frog",
        "tokens": 8,
        "used_per_epoch": 2,
    }
    assert values["folders"] == [
        {"path": str(tmp_path / "t" / "2_sls frog"), "repeats": 2, "prompt": "sls frog", "is_reg": False,
         "images": 1, "used_per_epoch": 2},
        {"path": str(tmp_path / "r" / "1_frog"), "repeats": 1, "prompt": "frog", "is_reg": True,
         "images": 1, "used_per_epoch": 2},
    ]  # fmt: skip
    assert values["buckets"] == [
        {"size": [64, 64], "images": 2, "samples_per_epoch": 4, "batches_per_epoch": 2}
    ]
    assert values["epoch"] == {"train_samples": 2, "reg_samples": 2, "batches": 2, "steps": 2}
    assert (values["total_steps"], values["epochs"]) == (7, 4)
    assert values["problems"] == []
    assert [set(notice) for notice in values["notices"]] == [{"code", "path", "message"}] * len(
        values["notices"]
    )


def test_without_a_tokenizer_tokens_are_null(data):
    assert as_json.values(plan(data[0]), TrainConfig())["images"][0]["tokens"] is None


def test_the_use_of_regularization_images_adds_up_in_the_json(tmp_path):
    whole = plan(fill(tmp_path / "t", {"3_x": 1}), fill(tmp_path / "r", {"1_y": 5}))
    values = as_json.values(whole, TrainConfig())
    assert sorted(image["used_per_epoch"] for image in values["images"] if image["is_reg"]) == [0, 0, 1, 1, 1]
    assert [folder["used_per_epoch"] for folder in values["folders"]] == [3, 3]


def test_the_same_plan_comes_out_of_another_process_under_another_hash_seed(data):
    script = (
        "import sys; from tests.data.images import plan; from pathlib import Path\n"
        "train, reg = map(Path, sys.argv[1:])\n"
        "p = plan(train, reg, enable_bucket=True, flip_aug=True, shuffle_caption=True)\n"
        "print(p.fingerprint(), [(s.image, s.flip) for b in p.epoch(2) for s in b.samples])"
    )
    there = subprocess.run(
        [sys.executable, "-c", script, *map(str, data)],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=True,
    )
    here = plan(*data, enable_bucket=True, flip_aug=True, shuffle_caption=True)
    samples = [(s.image, s.flip) for batch in here.epoch(2) for s in batch.samples]
    assert there.stdout.strip() == f"{here.fingerprint()} {samples}"
