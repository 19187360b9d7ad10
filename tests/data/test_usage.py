"""How often images come in the whole run, and how full batches are."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from core.config.schema.train import TrainConfig
from core.data.plan.usage import filling, unused, uses
from tests.data.images import draw, fill, plan


def test_uses_are_those_of_the_runs_own_batches(tmp_path):
    fill(tmp_path / "t", {"3_x": 5})
    fill(tmp_path / "r", {"1_y": 7})
    made = plan(tmp_path / "t", tmp_path / "r", train_batch_size=4)
    batches = islice(made.stream(0), made.position(13, 2))
    counts = Counter(sample.image for batch in batches for sample in batch.samples)
    assert uses(made, 13, 2) == [counts[index] for index in range(12)]


def test_images_whose_turn_comes_after_the_last_step_are_named(tmp_path):
    # 6 images, batches of 2: 3 steps an epoch; after 2 of them 2 images are left.
    made = plan(fill(tmp_path, {"1_x": 6}), train_batch_size=2)
    found = unused(made, TrainConfig(max_train_steps=2))
    trained = {sample.image for batch in made.epoch(1)[:2] for sample in batch.samples}
    assert set(found.train) == set(range(6)) - trained and found.train_steps == 3
    assert unused(made, TrainConfig(max_train_steps=3)).train == ()


def test_surplus_regularization_images_need_more_epochs(tmp_path):
    # 2 training samples an epoch, so 2 of 5 regularization images come in each: 3 epochs of 4 steps.
    fill(tmp_path / "t", {"1_x": 2})
    fill(tmp_path / "r", {"1_y": 5})
    made = plan(tmp_path / "t", tmp_path / "r")
    found = unused(made, TrainConfig(max_train_steps=4))
    assert (len(found.reg), found.train, found.never, found.all_steps) == (3, (), (), 12)
    assert unused(made, TrainConfig(max_train_steps=12)).reg == ()


def test_held_out_images_do_not_count_as_unused(tmp_path):
    made = plan(fill(tmp_path, {"1_x": 4}), validation_split=0.5)
    assert unused(made, TrainConfig(max_train_steps=2)).train == ()


def test_short_batches_and_a_batch_size_without_them_are_found(tmp_path):
    # 64x64: 6 samples in batches of 4: 4 + 2; 64x128: 2 in one batch. 8 of 12 places; batches of 2 fill all.
    fill(tmp_path, {"2_x": 3})
    draw(tmp_path / "2_x" / "z.png", (64, 128))
    found = filling(plan(tmp_path, enable_bucket=True, train_batch_size=4))
    assert (found.places, found.samples, found.better) == (12, 8, 2)
    assert [(bucket.size, last) for bucket, last in found.short] == [((64, 64), 2), ((64, 128), 2)]


def test_full_batches_need_no_other_size(tmp_path):
    found = filling(plan(fill(tmp_path, {"1_x": 4}), train_batch_size=4))
    assert (found.share, found.short) == (1.0, ())
