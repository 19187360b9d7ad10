"""Images held out for validation: how many, which, and that none of them is ever trained."""

import shutil

import pytest

from core.data.plan import as_json
from tests.data.images import TALL, codes, draw, fill, plan


def trained(whole, epochs=4):
    """Contents that so many epochs train on."""
    samples = [s for e in range(1, epochs + 1) for batch in whole.epoch(e) for s in batch.samples]
    return {whole.images[s.image].content for s in samples}


def held(whole):
    return {whole.images[i].content for i in whole.validation}


# 10 images: round(10 x share); sd-scripts trains ceil(10 x (1 - share))
@pytest.mark.parametrize(("share", "out", "left"), [(0.25, 2, 8), (0.2, 2, 8), (0.5, 5, 5), (0.04, 0, 10)])
def test_the_share_held_out_is_sd_scripts_and_the_rest_is_trained(tmp_path, share, out, left):
    whole = plan(fill(tmp_path, {"3_x": 10}), validation_split=share)
    assert len(whole.validation) == out
    assert whole.train_samples == 3 * left


@pytest.mark.parametrize("seed", range(8))
def test_no_image_is_on_both_sides_and_none_is_lost(tmp_path, seed):
    # sd-scripts: 10 images, 0.25, no validation_seed: one image in both, one in neither
    whole = plan(fill(tmp_path, {"2_x": 10}), seed=seed, validation_split=0.25)
    assert not held(whole) & trained(whole)
    assert len(held(whole) | trained(whole)) == 10


def test_copies_of_a_file_are_on_the_same_side(tmp_path):
    train = fill(tmp_path, {"2_x": 4, "3_y": 4})
    for n in range(4):
        shutil.copy(train / "2_x" / f"00{n}.png", train / "2_x" / f"copy{n}.png")
        shutil.copy(train / "2_x" / f"00{n}.png", train / "3_y" / f"copy{n}.png")
    for seed in range(6):
        whole = plan(train, seed=seed, validation_split=0.5)
        assert held(whole) and not held(whole) & trained(whole)
        # 8 files in 2_x, 4 contents twice each: 4 files held out, and as many copies as lie in 3_y
        assert sum(whole.images[i].folder == 0 for i in whole.validation) == 4


def test_regularization_images_stay_whole_in_training(tmp_path):
    train, reg = fill(tmp_path / "t", {"1_x": 8}), fill(tmp_path / "r", {"1_y": 4})
    whole = plan(train, reg, validation_split=0.5)
    assert not any(whole.images[i].is_reg for i in whole.validation)
    assert sum(turn.take for turn in whole.rotations) == 4  # as many as are trained, not as there are images
    assert {s.image for batch in whole.epoch(1) for s in batch.samples} >= {8, 9, 10, 11}


def test_an_image_that_is_a_regularization_image_too_is_not_held_out(tmp_path):
    train, reg = fill(tmp_path / "t", {"1_x": 4}), tmp_path / "r"
    shutil.copytree(train / "1_x", reg / "1_y")
    draw(train / "1_x" / "own.png", colour=(0, 0, 0))
    for seed in range(5):
        whole = plan(train, reg, seed=seed, validation_split=0.4)
        assert [whole.images[i].path.name for i in whole.validation] == ["own.png"]


def test_the_seed_chooses_and_validation_seed_wins(tmp_path):
    train = fill(tmp_path, {"1_x": 12})
    chosen = {plan(train, seed=seed, validation_split=0.25).validation for seed in range(6)}
    assert len(chosen) > 1
    fixed = {plan(train, seed=seed, validation_split=0.25, validation_seed=7).validation for seed in range(6)}
    assert len(fixed) == 1


def test_the_same_images_are_held_out_whatever_they_are_called(tmp_path):
    train = fill(tmp_path, {"1_x": 9})
    before = held(plan(train, validation_split=0.3))
    for n in range(9):
        (train / "1_x" / f"00{n}.png").rename(train / "1_x" / f"z{8 - n}.png")
    assert held(plan(train, validation_split=0.3)) == before


def test_validation_batches_hold_each_image_once_and_never_change(tmp_path):
    train = fill(tmp_path, {"5_x": 9})
    draw(train / "5_x" / "tall.png", TALL)
    options = {"enable_bucket": True, "flip_aug": True, "shuffle_caption": True, "train_batch_size": 2}
    whole = plan(train, validation_split=0.6, validation_seed=1, **options)
    batches = whole.validation_batches()
    samples = [s for batch in batches for s in batch.samples]
    assert sorted(s.image for s in samples) == [*whole.validation] and len(samples) == 6
    assert [s.index for s in samples] == [*range(6)]
    assert not any(s.flip for s in samples) and {s.caption for s in samples} == {"x"}
    assert all(len({whole.images[s.image].fit.bucket for s in batch.samples}) == 1 for batch in batches)
    assert (
        batches
        == plan(train, seed=5, validation_split=0.6, validation_seed=1, **options).validation_batches()
    )


def test_at_least_one_image_of_a_folder_stays_in_training(tmp_path):
    whole = plan(fill(tmp_path, {"1_x": 2}), validation_split=0.9)  # round(1.8) = 2
    assert len(whole.validation) == 1


def test_a_share_of_one_leaves_nothing_to_train_and_says_so(tmp_path):
    whole = plan(fill(tmp_path, {"1_x": 3}), validation_split=1.0)
    assert codes(whole.problems) == ["E-VAL-ALL"]


def test_a_share_that_comes_to_no_image_is_said(tmp_path):
    whole = plan(fill(tmp_path, {"1_x": 4}), validation_split=0.1)
    assert whole.validation == () and "W-VAL-NONE" in codes(whole.notices)


def test_held_out_images_are_marked_in_the_json(tmp_path):
    from core.config.schema.train import TrainConfig

    whole = plan(fill(tmp_path, {"2_x": 4}), validation_split=0.25)
    rows = as_json.values(whole, TrainConfig())["images"]
    assert sorted((row["is_validation"], row["used_per_epoch"]) for row in rows) == [
        (False, 2), (False, 2), (False, 2), (True, 0)]  # fmt: skip


def test_the_fingerprint_knows_what_is_held_out(tmp_path):
    train = fill(tmp_path, {"1_x": 8})
    prints = {plan(train, validation_split=0.25, validation_seed=n).fingerprint() for n in range(6)}
    assert len(prints) > 1
