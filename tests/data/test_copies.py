"""Making image folders by copying."""

import sys
from pathlib import Path

import pytest

from core.catalog import Words
from core.config import path_lengths
from core.counting import listed
from core.data.intake import copy, folder_name
from core.data.intake.copy import apply_copy, plan_as_they_are, remove
from core.data.intake.gather import Item, named, paired
from core.errors import UserError
from tests.data.images import codes, draw


def sources(tmp_path, count=2):
    return [draw(tmp_path / "from" / f"{i}.png", colour=(i, 0, 0)) for i in range(count)]


def items(files):
    return [item for file in files for item in paired(named(file)).items]


def copied(plan):
    """The files that were made by copying."""
    made = []
    apply_copy(plan, lambda path, _: made.append(path))
    return made


def plan_copy(files, parent, repeats, identifier, class_):
    return copy.plan_copy(items(files), parent, repeats, identifier, class_)


def test_the_folder_is_named_as_the_guide_wants_it(tmp_path):
    assert plan_copy([], tmp_path, 20, "sls", "frog").target == tmp_path / "20_sls frog"
    assert plan_copy([], tmp_path, 1, "", "frog").target == tmp_path / "1_frog"


def test_planning_touches_nothing_and_says_what_would_happen(tmp_path):
    plan = plan_copy(sources(tmp_path), tmp_path / "train", 20, "sls", "frog")
    assert not (tmp_path / "train").exists()
    assert [to for _, to in plan.copies] == [tmp_path / "train" / "20_sls frog" / f"{i}.png" for i in (0, 1)]
    assert plan.is_possible


def test_copying_leaves_the_originals_and_undoing_leaves_nothing_else(tmp_path):
    originals = sources(tmp_path)
    made = copied(plan_copy(originals, tmp_path / "train", 20, "sls", "frog"))
    assert [path.read_bytes() for path in made] == [path.read_bytes() for path in originals]
    remove(made)
    assert not (tmp_path / "train" / "20_sls frog").exists() and all(path.exists() for path in originals)


def test_undoing_keeps_what_was_there_before(tmp_path):
    old = draw(tmp_path / "train" / "20_sls frog" / "old.png")
    remove(copied(plan_copy(sources(tmp_path), tmp_path / "train", 20, "sls", "frog")))
    assert list((tmp_path / "train" / "20_sls frog").iterdir()) == [old]


def test_captions_are_copied_with_their_images(tmp_path):
    (image,) = sources(tmp_path, 1)
    image.with_suffix(".caption").write_text("green")
    image.with_suffix(".txt").write_text("also")
    made = copied(plan_copy([image], tmp_path / "train", 20, "sls", "frog"))
    assert [path.name for path in made] == ["0.png", "0.caption", "0.txt"]


def test_another_image_of_the_same_name_gets_a_number_and_nothing_is_overwritten(tmp_path):
    there = draw(tmp_path / "train" / "20_sls frog" / "0.PNG", colour=(9, 9, 9), format="PNG")
    before = there.read_bytes()
    (image,) = sources(tmp_path, 1)
    image.with_suffix(".caption").write_text("green")
    made = copied(plan_copy([image], tmp_path / "train", 20, "sls", "frog"))
    assert [path.name for path in made] == ["0 (2).png", "0 (2).caption"]
    assert there.read_bytes() == before


def test_two_sources_of_the_same_name_get_different_names(tmp_path):
    first, second = draw(tmp_path / "x" / "a.png"), draw(tmp_path / "y" / "a.jpg")
    plan = plan_copy([first, second], tmp_path / "train", 20, "sls", "frog")
    assert [to.name for _, to in plan.copies] == ["a.png", "a (2).jpg"]


def test_an_image_that_is_there_already_is_left_out(tmp_path):
    originals = sources(tmp_path)
    apply_copy(plan_copy(originals, tmp_path / "train", 20, "sls", "frog"))
    again = plan_copy(originals, tmp_path / "train", 20, "sls", "frog")
    assert again.copies == () and codes(again.problems) == ["W-COPY-SAME"]
    assert again.problems[0].facts == {"count": 2, "names": listed(["`0.png`", "`1.png`"], 1)}


def test_two_files_are_compared_again_only_when_one_has_changed(tmp_path, monkeypatch):
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(b"12")
    other.write_bytes(b"12")
    reads = []
    same, compare = copy._is_same, copy.filecmp.cmp
    monkeypatch.setattr(copy.filecmp, "cmp", lambda *a, **k: reads.append(a) or compare(*a, **k))
    assert same(one, other) and same(one, other) and len(reads) == 1
    other.write_bytes(b"1")
    assert not same(one, other) and len(reads) == 2
    assert not same(one, tmp_path / "none")


def test_folders_are_kept_as_they_are_and_the_others_stay_behind(tmp_path):
    train, reg = tmp_path / "train", tmp_path / "reg"
    found = [
        Item(tmp_path / "1", "a.png", (tmp_path / "1.txt",), "20_sls frog"),
        Item(tmp_path / "2", "a.png", (), "1_frog", is_reg=True),
        Item(tmp_path / "3", "b.png"),
    ]
    plan = plan_as_they_are(found, {False: train, True: reg}, is_reg=False)
    assert [to for _, to in plan.copies] == [
        train / "20_sls frog" / "a.png",
        train / "20_sls frog" / "a.txt",
        reg / "1_frog" / "a.png",
    ]
    assert codes(plan.problems) == ["W-COPY-LOOSE"] and plan.is_possible


@pytest.mark.parametrize(
    ("repeats", "class_", "code"),
    [
        (0, "frog", "E-DIR-NAME"),
        (20, "", "E-DIR-NAME"),
        (20, "../frog", "E-DIR-NAME"),
        (20, "a\\b", "E-DIR-NAME"),
        (20, "fr:og", "E-DIR-NAME"),
        (20, "frog.", "E-DIR-NAME"),
        (20, "蛙" * 100, "E-PATH-LONG"),
        (20, "x" * 300, "E-PATH-LONG"),
        (2.5, "frog", "E-DIR-NAME"),
        ("many", "frog", "E-DIR-NAME"),
        (None, "frog", "E-DIR-NAME"),
        (float("nan"), "frog", "E-DIR-NAME"),
        (100_001, "frog", "E-DIR-NAME"),
    ],
)
def test_a_name_that_can_not_be_is_refused(tmp_path, repeats, class_, code):
    plan = plan_copy(sources(tmp_path), tmp_path / "train", repeats, "", class_)
    assert codes(plan.problems) == [code] and not plan.is_possible
    with pytest.raises(UserError):
        apply_copy(plan)
    assert not (tmp_path / "train").exists()


@pytest.mark.parametrize(
    ("typed", "number"), [(20, 20), (20.0, 20), ("20", 20), ("２０", 20), (" 1,000 ", 1000)]
)
def test_repeats_are_understood_as_they_are_typed(tmp_path, typed, number):
    assert plan_copy(sources(tmp_path), tmp_path, typed, "sls", "frog").target.name == f"{number}_sls frog"


def test_everything_wrong_with_a_name_is_said_at_once(tmp_path):
    plan = plan_copy(sources(tmp_path), tmp_path, 2.5, "s/s", "fr?og|")
    assert [dict(problem.facts) for problem in plan.problems] == [
        {"most": 100_000, "given": Words(", not 2.5", "（現在：2.5）", "（现为2.5）")},
        {"field": "identifier", "characters": "/"},
        {"field": "class", "characters": "? |"},
    ]


def test_a_copy_whose_path_the_system_can_not_have_is_refused_with_its_length(tmp_path, monkeypatch):
    monkeypatch.setitem(path_lengths.RULES, sys.platform, path_lengths.Rule(255, 55, is_bytes=True))
    parent = Path("/" + "a" * 30)
    assert plan_copy(sources(tmp_path), parent, 20, "sls", "frog").is_possible
    plan = plan_copy(sources(tmp_path), parent, 20, "sls", "frog on a leaf")
    assert codes(plan.problems) == ["E-PATH-LONG"] and "55 are possible" in plan.problems[0].en


def test_a_folder_with_the_same_words_is_pointed_out(tmp_path):
    draw(tmp_path / "train" / "10_sls frog" / "a.png")
    plan = plan_copy(sources(tmp_path), tmp_path / "train", 20, "sls", "frog")
    assert codes(plan.problems) == ["W-DIR-SAME"] and plan.is_possible


def test_when_a_copy_fails_the_others_are_taken_back(tmp_path):
    originals = sources(tmp_path)
    plan = plan_copy(originals, tmp_path / "train", 20, "sls", "frog")
    originals[1].unlink()
    with pytest.raises(UserError) as caught:
        apply_copy(plan)
    assert caught.value.problems[0].code == "E-COPY" and caught.value.problems[0].facts["file"] == "1.png"
    assert not (tmp_path / "train" / "20_sls frog").exists()


def test_a_file_that_came_in_between_is_not_overwritten(tmp_path):
    plan = plan_copy(sources(tmp_path), tmp_path / "train", 20, "sls", "frog")
    other = draw(tmp_path / "train" / "20_sls frog" / "1.png", colour=(7, 7, 7))
    before = other.read_bytes()
    with pytest.raises(UserError):
        apply_copy(plan)
    assert other.read_bytes() == before and list(other.parent.iterdir()) == [other]


def test_half_a_surrogate_pair_in_a_word_is_refused():
    (problem,) = folder_name.problems(20, "s\ud800", "frog")
    assert (problem.code, problem.facts["field"]) == ("E-DIR-NAME", "identifier")
