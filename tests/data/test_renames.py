"""Regularization folders renamed for balance, and back."""

from __future__ import annotations

import os

import pytest

from core.data.intake.rename_repeats import Renames, plan_renames
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


def test_a_renaming_is_taken_back_after_a_restart(tmp_path):
    source = tmp_path / "1_frog"
    source.mkdir()
    (source / "a.png").write_bytes(b"x")
    Renames(tmp_path / "undo.jsonl").apply([(source, tmp_path / "5_frog")])
    assert (tmp_path / "5_frog" / "a.png").is_file()
    again = Renames(tmp_path / "undo.jsonl")
    assert again.undo() == ((source, tmp_path / "5_frog"),)
    assert (source / "a.png").read_bytes() == b"x" and again.last == ()


def test_when_one_folder_fails_all_have_their_old_names(tmp_path, monkeypatch):
    for name in ("1_a", "1_b"):
        (tmp_path / name).mkdir()
    real = os.rename

    def rename(source, target):
        if str(source).endswith("1_b"):
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    renames = Renames(tmp_path / "undo.jsonl")
    with pytest.raises(UserError, match="in use"):
        renames.apply([(tmp_path / "1_a", tmp_path / "2_a"), (tmp_path / "1_b", tmp_path / "2_b")])
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["1_a", "1_b"] and renames.last == ()


def test_nothing_is_taken_back_over_a_folder_that_came_since(tmp_path):
    (tmp_path / "1_a").mkdir()
    renames = Renames(tmp_path / "undo.jsonl")
    renames.apply([(tmp_path / "1_a", tmp_path / "2_a")])
    (tmp_path / "1_a").mkdir()
    assert renames.last == () and renames.undo() == ()
    assert (tmp_path / "2_a").is_dir()


def test_a_renaming_that_can_not_be_taken_back_now_can_be_later(tmp_path, monkeypatch):
    for name in ("1_a", "1_b"):
        (tmp_path / name).mkdir()
    renames = Renames(tmp_path / "undo.jsonl")
    pairs = [(tmp_path / "1_a", tmp_path / "2_a"), (tmp_path / "1_b", tmp_path / "2_b")]
    renames.apply(pairs)
    real = os.rename

    def rename(source, target):
        if str(source).endswith("2_b"):
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(UserError, match="in use"):
        renames.undo()
    assert renames.last == tuple(pairs)
    monkeypatch.setattr(os, "rename", real)
    assert renames.undo() == tuple(pairs) and renames.last == ()
