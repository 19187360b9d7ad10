"""Choosing a file or folder of the computer that runs the program, in the page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.ui.test_flows import comes_true
from ui.window.browsing import Listing, listing
from ui.window.paths import Paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "allowed"
    for name in ("models", "B", ".hidden", "a"):
        (inside / name).mkdir(parents=True)
    for name in ("z.safetensors", "notes.txt", "run.toml", "x.png", ".secret.ckpt"):
        (inside / name).write_bytes(b"")
    (tmp_path / "private").mkdir()
    return inside


def shared(folder: Path) -> Paths:
    """Paths of a page that others can reach."""
    return Paths(folder.parent, folder, (), is_local=False)


def names(found: Listing) -> list[str]:
    return [entry.name for entry in found.entries]


def test_folders_come_first_then_the_files_that_may_be_meant(folder):
    assert names(listing(shared(folder), str(folder), "model")) == ["a", "B", "models", "z.safetensors"]
    assert names(listing(shared(folder), str(folder), "folder")) == ["a", "B", "models"]
    assert "x.png" in names(listing(shared(folder), str(folder), "images"))


def test_a_page_that_others_can_reach_shows_nothing_outside_of_the_allowed_folders(folder):
    os.symlink(folder.parent / "private", folder / "way out")
    found = listing(shared(folder), str(folder), "folder")
    assert "way out" not in names(found) and found.up == ""
    for outside in (str(folder.parent / "private"), "/", "../..", str(folder / "way out"), "\0", "x" * 5000):
        start = listing(shared(folder), outside, "folder")
        assert start.path == "" and [entry.path for entry in start.entries] == [
            shared(folder).short(str(folder))
        ]


def test_a_file_or_a_path_that_is_gone_leads_to_the_folder_it_would_lie_in(folder):
    for given in ("z.safetensors", "no such/deeper"):
        assert names(listing(shared(folder), str(folder / given), "folder")) == ["a", "B", "models"]


def test_a_model_in_the_form_of_a_folder_can_be_chosen_and_another_folder_can_not(folder):
    (folder / "models" / "model_index.json").write_text("{}")
    assert listing(shared(folder), str(folder / "models"), "model").is_choice
    assert not listing(shared(folder), str(folder / "B"), "model").is_choice


def test_at_this_computer_any_folder_can_be_gone_to(folder):
    found = listing(Paths(folder.parent, folder), str(folder.parent / "private"), "folder")
    assert found.is_choice and found.up is not None
    assert listing(Paths(folder.parent, folder), "~nobody of that name/x", "folder").path == ""


@pytest.mark.browser
def test_a_folder_is_chosen_in_the_page_and_an_optional_one_emptied(at, stage):
    places = stage.window.workspace / "datasets" / "my frogs"
    places.mkdir(parents=True, exist_ok=True)
    shown = at()
    page = shown.page
    block = page.locator("#opt-dataset-reg-data-dir")
    field = block.locator("input")
    shown.fill("opt-dataset-reg-data-dir", str(stage.window.workspace))
    block.get_by_role("button", name=at.words("Browse…", "参照…")).click()
    page.locator("dialog .is-folder >> text=datasets").click()
    page.locator("dialog .is-folder >> text=my frogs").click()
    page.locator("dialog .is-main:visible").click()
    page.wait_for_function("document.activeElement.closest('#opt-dataset-reg-data-dir')")
    assert field.input_value().endswith("my frogs")
    block.get_by_role("button", name=at.words("Empty this field", "この欄を空にする")).click()
    page.wait_for_function("() => !document.querySelector('#opt-dataset-reg-data-dir input').value")
    comes_true(lambda: not stage.window.draft.values["dataset.reg_data_dir"])
    block.get_by_role("button", name=at.words("Browse…", "参照…")).click()
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog')")
    assert page.evaluate("document.activeElement.innerText") == at.words("Browse…", "参照…")


def test_a_folder_that_may_not_be_entered_is_shown_as_none_to_choose(folder, monkeypatch):
    stat = os.stat

    def refused(path, *given, **named):
        if str(path).endswith("model_index.json"):
            raise PermissionError(13, "Permission denied")
        return stat(path, *given, **named)

    monkeypatch.setattr("os.stat", refused)
    found = listing(shared(folder), str(folder / "models"), "model")
    assert found.path.endswith("models") and not found.is_choice
