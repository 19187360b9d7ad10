"""Regularization folders renamed for balance."""

from __future__ import annotations

import pytest

from core.data.intake.rename_repeats import plan_renames
from core.data.plan.regularization import best_repeats, class_samples
from core.errors import UserError


def row(path, prompt, repeats, images, used=0):
    is_reg = not used
    return {"path": str(path), "prompt": prompt, "repeats": repeats, "images": images, "is_reg": is_reg,
            "used_per_epoch": used}  # fmt: skip


def test_each_class_is_balanced_with_its_own_training_folder():
    # 200 samples of frogs over 40 images, 90 of dogs over 30.
    train = [row("a", "sls frog", 20, 10, 200), row("b", "abc dog", 10, 9, 90)]
    assert best_repeats([*train, row("c", "dog", 1, 30), row("d", "frog", 1, 40)]) == [3, 5]


def test_classes_without_counterpart_share_equally():
    # 200 samples, two classes: 100 each, over 20 and 30 images.
    train = [row("a", "sls frog", 20, 10, 200)]
    assert best_repeats([*train, row("c", "toad", 1, 20), row("d", "newt", 1, 30)]) == [5, 3]


@pytest.mark.parametrize(
    ("train", "reg", "repeats"), [(200, 100, 2), (200, 150, 1), (200, 500, 1), (200, 0, 1), (60, 7, 8)]
)
def test_repeats_are_the_most_that_the_guide_allows(train, reg, repeats):
    assert best_repeats([row("a", "sls frog", 1, 1, train), row("b", "frog", 1, reg)]) == [repeats]


def test_a_folder_counts_for_the_longest_class_its_words_end_with():
    assert class_samples([("sls tree frog", 30), ("abc frog", 12)], ["frog", "tree frog"]) == [12, 30]


def test_classes_share_to_the_last_sample_when_one_has_no_folder_of_its_own():
    assert class_samples([("sls frog", 20)], ["frog", "toad", "newt"]) == [7, 7, 6]


def test_the_folder_of_its_masks_is_renamed_with_it(tmp_path):
    (tmp_path / "reg" / "1_frog").mkdir(parents=True)
    (tmp_path / "masks" / "1_frog").mkdir(parents=True)
    rows = [row(tmp_path / "reg" / "1_frog", "frog", 1, 40)]
    names = [(a.parent.name, b.name) for a, b in plan_renames(rows, [5], str(tmp_path / "masks"))]
    assert names == [("reg", "5_frog"), ("masks", "5_frog")]


def test_two_folders_of_one_class_are_refused_before_anything_is_renamed(tmp_path):
    with pytest.raises(UserError):
        plan_renames([row(tmp_path / f"{n}_frog", "frog", n, 10) for n in (1, 2)], [10, 10])
