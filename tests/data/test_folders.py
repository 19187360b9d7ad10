"""The folders below a parent, and everything a user may get wrong about them."""

import os
from pathlib import Path

import pytest

from core.data.sources import messages
from core.data.sources.folders import scan
from tests.data.images import codes, draw, fill, plan


def test_each_right_folder_gives_its_repeats_prompt_and_images(tmp_path):
    fill(tmp_path, {"20_sls frog": 2, "10_cpc rabbit": 1})
    found = scan(tmp_path, is_reg=False)
    assert [(f.repeats, f.prompt, len(f.images)) for f in found.folders] == [
        (10, "cpc rabbit", 1),
        (20, "sls frog", 2),
    ]
    assert found.problems == ()


def test_the_order_is_by_name_whatever_the_file_system_says(tmp_path, monkeypatch):
    fill(tmp_path, {"3_b": 3, "3_a": 1, "20_c": 1, "2_b": 1})  # two of the same words: both are used
    expected = scan(tmp_path, is_reg=False)
    assert [(f.repeats, f.prompt) for f in expected.folders] == [(20, "c"), (2, "b"), (3, "a"), (3, "b")]
    listing = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: reversed(list(listing(self))))
    assert scan(tmp_path, is_reg=False) == expected
    assert [image.name for image in expected.folders[3].images] == ["000.png", "001.png", "002.png"]


def test_a_folder_without_a_count_alone_is_an_error_that_names_it_and_the_mend(tmp_path):
    fill(tmp_path, {"frog": 2})
    (problem,) = scan(tmp_path, is_reg=False).problems
    assert (problem.code, problem.path, problem.key) == (
        "E-DIR-NAME",
        str(tmp_path / "frog"),
        "dataset.train_data_dir",
    )
    assert problem.facts["suggestion"] == "10_frog"


@pytest.mark.parametrize("name", ["frog", "20 sls frog", "0_x", "-3_x"])
def test_beside_a_right_folder_a_wrong_name_is_only_a_warning(tmp_path, name):
    fill(tmp_path, {"20_sls frog": 1, name: 1})
    found = scan(tmp_path, is_reg=False)
    assert [f.prompt for f in found.folders] == ["sls frog"]
    assert [(p.code, p.path) for p in found.problems] == [("W-DIR-NAME", str(tmp_path / name))]


def test_every_wrong_name_is_named(tmp_path):
    fill(tmp_path, {"frog": 1, "20 sls frog": 1})
    assert codes(scan(tmp_path, is_reg=False).problems) == ["E-DIR-NAME", "E-DIR-NAME"]


def test_a_missing_parent_is_an_error_that_names_it(tmp_path):
    (problem,) = scan(tmp_path / "none", is_reg=True).problems
    assert (problem.code, problem.key) == ("E-DIR-MISSING", "dataset.reg_data_dir")
    assert problem.path == str(tmp_path / "none")


def test_a_file_as_the_parent_is_an_error_that_says_so(tmp_path):
    (problem,) = scan(draw(tmp_path / "a.png"), is_reg=False).problems
    assert problem.message == messages.NOT_A_FOLDER


def test_many_wrong_names_are_one_message(tmp_path):
    fill(tmp_path, {f"album {n}": 1 for n in range(12)})
    (problem,) = scan(tmp_path, is_reg=False).problems
    assert problem.code == "E-DIR-NAME" and problem.facts["count"] == 12
    assert "album 0" in problem.en and "and 2 more" in problem.en and str(tmp_path) in problem.ja


def test_an_empty_parent_is_an_error_with_the_expected_tree(tmp_path):
    (problem,) = scan(tmp_path, is_reg=False).problems
    assert problem.code == "E-DIR-EMPTY"
    assert problem.facts["tree"].startswith(f"{tmp_path.name}/\n    20_sls frog/\n        a.png")


def test_a_right_folder_without_images_alone_is_an_error(tmp_path):
    (tmp_path / "20_sls frog").mkdir()
    assert codes(scan(tmp_path, is_reg=False).problems) == ["E-DIR-EMPTY"]


def test_a_folder_without_images_beside_a_full_one_is_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    (tmp_path / "20_cpc cat").mkdir()
    assert codes(scan(tmp_path, is_reg=False).problems) == ["W-DIR-EMPTY"]


def test_images_directly_in_the_parent_are_an_error_with_the_expected_tree(tmp_path):
    draw(tmp_path / "a.png")
    (problem,) = scan(tmp_path, is_reg=True).problems
    assert problem.code == "E-DIR-LAYOUT" and "1_frog/" in problem.facts["tree"]


def test_images_beside_right_folders_are_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    draw(tmp_path / "a.png")
    assert codes(scan(tmp_path, is_reg=False).problems) == ["W-DIR-LAYOUT"]


def test_the_image_folder_itself_may_be_chosen_and_is_the_only_one_used(tmp_path):
    fill(tmp_path, {"20_sls frog": 2, "5_cpc cat": 1})
    found = scan(tmp_path / "20_sls frog", is_reg=False)
    assert [(f.path.name, f.repeats, f.prompt, len(f.images)) for f in found.folders] == [
        ("20_sls frog", 20, "sls frog", 2)
    ]
    (problem,) = found.problems
    assert problem.code == "W-DIR-LEAF"
    assert problem.facts == {"folder": "20_sls frog", "parent": tmp_path}


def test_an_image_folder_with_inner_folders_of_other_things_may_be_chosen(tmp_path):
    fill(tmp_path, {"20_sls frog": 2})
    (tmp_path / "20_sls frog" / "notes").mkdir()
    assert [len(f.images) for f in scan(tmp_path / "20_sls frog", is_reg=True).folders] == [2]


def test_a_parent_that_is_called_like_an_image_folder_is_still_a_parent(tmp_path):
    fill(tmp_path, {"2_sets/20_sls frog": 1})
    draw(tmp_path / "2_sets" / "a.png")
    found = scan(tmp_path / "2_sets", is_reg=False)
    assert [f.path.name for f in found.folders] == ["20_sls frog"]
    assert codes(found.problems) == ["W-DIR-LAYOUT"]


def test_litter_captions_and_unknown_files_are_no_images_and_no_problems(tmp_path):
    fill(tmp_path, {"20_sls frog": 1, ".git": 1, "__MACOSX": 1})
    for name in ("._a.png", "Thumbs.db", ".DS_Store", "000.caption", "000.npz", "notes.md"):
        (tmp_path / "20_sls frog" / name).write_bytes(b"x")
    found = scan(tmp_path, is_reg=False)
    assert [image.name for image in found.folders[0].images] == ["000.png"]
    assert found.problems == ()


def test_images_of_kinds_that_are_not_read_are_named_in_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    (tmp_path / "20_sls frog" / "b.HEIC").write_bytes(b"x")
    (problem,) = scan(tmp_path, is_reg=False).problems
    assert problem.code == "W-IMG-FORMAT" and problem.facts == {"suffix": ".HEIC"}


def test_images_one_folder_too_deep_are_named_in_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    draw(tmp_path / "20_sls frog" / "more" / "a.png")
    assert codes(scan(tmp_path, is_reg=False).problems) == ["W-DIR-NESTED"]


def link(target, path):
    try:
        os.symlink(target, path)
    except OSError:
        pytest.skip("links need a privilege here")


def test_a_zero_byte_in_the_path_is_a_missing_folder():
    assert codes(scan(Path("a\0b"), is_reg=False).problems) == ["E-DIR-MISSING"]


def test_a_link_back_to_the_parent_is_left_out_with_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    link(tmp_path, tmp_path / "5_loop")
    link(tmp_path.parent, tmp_path / "6_loop")
    found = scan(tmp_path, is_reg=False)
    assert codes(found.problems) == ["W-DIR-LOOP", "W-DIR-LOOP"] and len(found.folders) == 1


def test_links_in_an_image_folder_back_to_it_or_above_it_are_left_out_with_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    for name, target in (("up", ".."), ("itself", ".")):
        link(target, tmp_path / "20_sls frog" / name)
    found = scan(tmp_path, is_reg=False)
    assert codes(found.problems) == ["W-DIR-LOOP", "W-DIR-LOOP"]
    assert [len(folder.images) for folder in found.folders] == [1]


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path):
    fill(tmp_path / "elsewhere", {"images": 2})
    (tmp_path / "train").mkdir()
    link(tmp_path / "elsewhere" / "images", tmp_path / "train" / "5_sls frog")
    assert len(scan(tmp_path / "train", is_reg=False).folders[0].images) == 2


def test_a_link_to_an_image_elsewhere_is_followed(tmp_path):
    original = draw(tmp_path / "elsewhere" / "a.png", (80, 64))
    (tmp_path / "20_sls frog").mkdir()
    link(original, tmp_path / "20_sls frog" / "b.png")
    link(tmp_path / "gone.png", tmp_path / "20_sls frog" / "c.png")
    link("d.png", tmp_path / "20_sls frog" / "d.png")  # to itself
    whole = plan(tmp_path, enable_bucket=True)
    assert [(image.path.name, tuple(image.size)) for image in whole.images] == [("b.png", (80, 64))]
    assert [(p.code, Path(p.path).name) for p in whole.problems] == [
        ("E-IMG-READ", "c.png"),
        ("E-IMG-READ", "d.png"),
    ]


def test_an_image_whose_name_is_no_text_is_left_out_with_a_warning(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    folder = os.fsencode(tmp_path / "20_sls frog")
    try:
        os.rename(os.path.join(folder, b"000.png"), os.path.join(folder, b"\x82\xa0.png"))
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    found = scan(tmp_path, is_reg=False)
    assert found.folders[0].images == ()
    assert codes(found.problems) == ["E-DIR-EMPTY", "W-IMG-NAME"]
    assert all(problem.text("ja").encode() for problem in found.problems)


def test_a_folder_that_may_not_be_read_is_named_with_the_reason(tmp_path, monkeypatch):
    def locked(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", locked)
    (problem,) = scan(tmp_path, is_reg=False).problems
    assert (problem.code, problem.facts["reason"]) == ("E-DIR-READ", "Permission denied")
