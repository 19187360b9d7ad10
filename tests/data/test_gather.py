"""What there is to copy, from the names of files."""

from __future__ import annotations

from pathlib import Path

from core.data.intake.gather import SLASH, Entry, dropped, named, paired
from tests.data.images import draw


def entries(*names: str) -> list[Entry]:
    return [Entry(Path(f"/x/{n}"), tuple(name.split("/"))) for n, name in enumerate(names)]


def test_files_a_browser_sent_apart_find_their_captions_by_name():
    sent = [
        Path("/cache/1/a.png"),
        Path("/cache/2/b.jpg"),
        Path("/cache/3/a.txt"),
        Path("/cache/4/A.caption"),
    ]
    first, second = paired(dropped(sent)).items
    assert first.captions == (Path("/cache/4/A.caption"), Path("/cache/3/a.txt")) and second.captions == ()


def test_a_folder_that_a_browser_sent_keeps_its_folders():
    sent = [Path(f"/cache/1/reg{SLASH}1_frog{SLASH}a.png"), Path(f"/cache/2/20_sls frog{SLASH}a.png")]
    found = paired(dropped(sent))
    assert [(item.name, item.folder, item.is_reg) for item in found.items] == [
        ("a.png", "1_frog", True),
        ("a.png", "20_sls frog", False),
    ]
    assert found.folders == {"1_frog": 1, "20_sls frog": 1}


def test_captions_of_the_chosen_extension_come_first_and_stay_in_their_folder():
    (one, other) = paired(entries("x/a.png", "x/a.txt", "y/a.png", "y/a.cap"), "cap").items
    assert one.captions == (Path("/x/1"),) and other.captions == (Path("/x/3"),)


def test_what_is_left_out_is_named():
    found = paired(entries("a.png", "b.txt", "c.safetensors", ".DS_Store", "d.HEIC"))
    assert found.left_out == {
        "orphan": ("b.txt",),
        "kind": ("c.safetensors", "d.HEIC"),
        "junk": (".DS_Store",),
    }


def test_a_named_folder_gives_its_images_and_those_of_counted_folders_only(tmp_path):
    for name in ("a.png", "20_sls frog/b.png", "other/c.png"):
        draw(tmp_path / "set" / name)
    assert [(i.name, i.folder) for i in paired(named(tmp_path / "set")).items] == [
        ("b.png", "20_sls frog"),
        ("a.png", ""),
    ]


def test_an_image_folder_itself_is_recognised_by_its_name(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png")
    assert paired(named(tmp_path / "20_sls frog")).folders == {"20_sls frog": 1}


def test_one_image_can_be_named_with_its_caption(tmp_path):
    image = draw(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("x")
    draw(tmp_path / "b.png")
    (item,) = paired(named(image)).items
    assert item.image == image and item.captions == (tmp_path / "a.txt",)
    assert list(named(tmp_path / "none")) == []
