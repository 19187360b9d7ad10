"""Images left out, thrown away, turned and cropped; and everything as it was after undoing."""

from __future__ import annotations

import os
import shutil

import pytest
from PIL import Image

from core.data.curate.curation import Curation, Item, excluded
from core.data.curate.rewrite import Edit, rewritten
from core.data.sources.folders import scan
from core.errors import UserError
from core.trash import Held
from tests.data.images import draw


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "train" / "20_sls frog"
    for name in ("a", "b"):
        draw(made / f"{name}.png", colour=(9, ord(name), 9))
        (made / f"{name}.txt").write_text(f"sls frog {name}")
    return made


@pytest.fixture
def curation(tmp_path):
    return Curation(tmp_path / "workspace", lambda path: None)


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_excluded_image_moves_aside_with_its_caption_and_is_not_trained(folder, curation):
    before = files(folder)
    (folder / "a_0064x0064_sd.npz").write_bytes(b"latents")
    outcome = curation.exclude([Item(folder / "a.png")], ".txt")
    assert not outcome.problems and sorted(p.name for p in (folder / "excluded").iterdir()) == [
        "a.png", "a.txt", "a_0064x0064_sd.npz",
    ]  # fmt: skip
    found = scan(folder.parent, is_reg=False)
    assert [image.name for image in found.folders[0].images] == ["b.png"] and not found.problems
    assert [image.name for image in excluded([folder])[folder]] == ["a.png"]
    curation.include([Item(path) for path in excluded([folder])[folder]], ".txt")
    assert {name: data for name, data in files(folder).items() if not name.endswith("npz")} == before


def test_an_image_goes_to_the_trash_and_comes_back_after_a_restart(folder, curation, tmp_path):
    before = files(folder)
    curation.trash([Item(folder / "a.png"), Item(folder / "b.png")], ".txt")
    assert files(folder) == {}
    again = Curation(tmp_path / "workspace", lambda path: None)
    assert again.last is not None and again.last.kind == "trash"
    assert len(again.undo().done) == 4 and files(folder) == before


def test_undoing_never_overwrites_what_has_taken_the_place(folder, curation):
    curation.trash([Item(folder / "a.png")], ".txt")
    draw(folder / "a.png", colour=(1, 2, 3))
    mine = (folder / "a.png").read_bytes()
    outcome = curation.undo()
    assert outcome.problems and (folder / "a.png").read_bytes() == mine


def test_an_act_of_which_one_file_can_not_come_back_is_undone_whole_later(folder, curation):
    before = files(folder)
    curation.trash([Item(folder / "a.png")], ".txt")
    draw(folder / "a.png", colour=(1, 2, 3))
    outcome = curation.undo()
    assert outcome.change is None and [p.code for p in outcome.problems] == ["E-UNDO-BLOCKED"]
    assert not (folder / "a.txt").exists() and curation.last is not None
    (folder / "a.png").rename(folder / "mine.png")
    assert not curation.undo().problems
    (folder / "mine.png").unlink()
    assert files(folder) == before


def test_an_act_whose_files_were_deleted_from_the_trash_is_told_once_and_dropped(folder, curation, tmp_path):
    curation.exclude([Item(folder / "b.png")], ".txt")
    curation.trash([Item(folder / "a.png")], ".txt")
    shutil.rmtree(tmp_path / "workspace" / "trash")
    (problem,) = curation.undo().problems
    assert problem.code == "E-UNDO-GONE" and "2 files could not be brought back" in problem.en
    assert curation.last is not None and curation.last.kind == "exclude"
    assert not curation.undo().problems and (folder / "b.png").exists()


def test_what_is_still_in_the_trash_comes_back_when_the_rest_is_gone(folder, curation, tmp_path):
    curation.trash([Item(folder / "a.png"), Item(folder / "b.png")], ".txt")
    next((tmp_path / "workspace" / "trash").rglob("a.png")).unlink()
    outcome = curation.undo()
    assert [p.code for p in outcome.problems] == ["E-UNDO-GONE"]
    assert sorted(files(folder)) == ["a.txt", "b.png", "b.txt"] and curation.last is None


def test_an_act_on_a_drive_that_is_not_there_stays_to_be_undone(folder, curation, tmp_path):
    curation.trash([Item(folder / "a.png")], ".txt")
    (tmp_path / "workspace" / "trash").rename(tmp_path / "aside")
    folder.parent.rename(tmp_path / "unplugged")
    assert [p.code for p in curation.undo().problems] == ["E-UNDO-BLOCKED", "E-UNDO-BLOCKED"]
    (tmp_path / "aside").rename(tmp_path / "workspace" / "trash")
    (tmp_path / "unplugged").rename(folder.parent)
    assert not curation.undo().problems and (folder / "a.png").exists()


def test_emptying_the_trash_frees_it_and_what_can_not_be_undone_is_not_offered(folder, curation, tmp_path):
    curation.exclude([Item(folder / "b.png")], ".txt")
    curation.trash([Item(folder / "a.png")], ".txt")
    outside = tmp_path / "outside.txt"
    outside.write_text("kept")
    (tmp_path / "workspace" / "trash" / "link").symlink_to(outside)
    assert curation.in_trash().files == 3
    curation.empty_trash()
    assert curation.in_trash() == Held() and outside.read_text() == "kept"
    assert curation.last is not None and curation.last.kind == "exclude"


def test_an_edited_image_that_was_deleted_comes_back_as_it_was_before_the_edit(folder, curation):
    before = files(folder)
    curation.edit([Item(folder / "a.png")], Edit(quarters=1))
    (folder / "a.png").unlink()
    assert not curation.undo().problems and files(folder) == before and curation.last is None


def test_a_painted_mask_that_was_deleted_blocks_no_undo(folder, curation):
    curation.masks(folder / "a.png", [(folder / "masks" / "a.png", b"1"), (folder / "masks" / "b.png", b"2")])
    (folder / "masks" / "a.png").unlink()
    assert not curation.undo().problems and not (folder / "masks" / "b.png").exists()


def test_a_caption_of_two_images_stays_where_it_is(folder, curation):
    draw(folder / "a.jpg")
    curation.trash([Item(folder / "a.png")], ".txt")
    assert (folder / "a.txt").exists() and not (folder / "a.png").exists()


def test_what_may_not_be_changed_is_left_and_told(folder, tmp_path):
    def refuse(path):
        raise UserError()

    guarded = Curation(tmp_path / "workspace", refuse)
    before = files(folder)
    assert guarded.trash([Item(folder / "a.png")], ".txt").change is None
    assert files(folder) == before


def test_a_turned_image_has_its_mask_turned_and_undo_brings_the_very_bytes_back(tmp_path, curation):
    image, mask = tmp_path / "1_a b" / "a.png", tmp_path / "masks" / "a.png"
    for path in (image, mask):
        path.parent.mkdir()
        drawn = Image.new("RGB", (4, 2), (0, 0, 0))
        drawn.putpixel((0, 0), (255, 0, 0))
        drawn.save(path)
    before = image.read_bytes(), mask.read_bytes()
    curation.edit([Item(image, mask)], Edit(quarters=1))
    for path in (image, mask):
        with Image.open(path) as turned:
            assert turned.size == (2, 4) and turned.getpixel((1, 0)) == (255, 0, 0)
    curation.undo()
    assert (image.read_bytes(), mask.read_bytes()) == before


def test_a_photo_turned_by_exif_is_written_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    draw(tmp_path / "a.jpg", (64, 32), exif=exif)
    (tmp_path / "b.jpg").write_bytes(rewritten(tmp_path / "a.jpg", Edit()))
    with Image.open(tmp_path / "b.jpg") as upright:
        assert upright.size == (32, 64) and not upright.getexif()


def test_a_crop_is_given_in_shares_of_the_image_and_keeps_transparency(tmp_path):
    Image.new("RGBA", (100, 200), (1, 2, 3, 128)).save(tmp_path / "a.webp", lossless=True)
    (tmp_path / "b.webp").write_bytes(rewritten(tmp_path / "a.webp", Edit(crop=(0.25, 0.5, 0.75, 1.0))))
    with Image.open(tmp_path / "b.webp") as cropped:
        assert cropped.size == (50, 100) and cropped.getpixel((0, 0)) == (1, 2, 3, 128)


def test_what_is_no_image_can_not_be_turned_and_says_so(folder, curation):
    (folder / "c.png").write_bytes(b"<html>")
    outcome = curation.edit([Item(folder / "c.png")], Edit(quarters=1))
    assert [problem.code for problem in outcome.problems] == ["E-CURATE-READ"]
    assert (folder / "c.png").read_bytes() == b"<html>"


def test_when_one_folder_can_not_be_renamed_all_have_their_old_names(tmp_path, curation, monkeypatch):
    for name in ("1_a", "1_b"):
        (tmp_path / name).mkdir()
    real = os.rename

    def rename(source, target):
        if str(source).endswith("1_b"):
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(UserError):
        curation.rename("name", [(tmp_path / f"1_{n}", tmp_path / f"2_{n}") for n in "ab"])
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir() if p.name[0].isdigit()) == ["1_a", "1_b"]
    assert curation.last is None


def test_a_folder_is_switched_off_and_on_by_its_place(folder, curation):
    off = folder.parent / "excluded" / folder.name
    curation.rename("off", [(folder, off)])
    assert not folder.exists() and len(files(off)) == 4
    curation.undo()
    assert len(files(folder)) == 4
    with pytest.raises(UserError, match="exists already"):
        curation.rename("name", [(folder, folder.parent)])
