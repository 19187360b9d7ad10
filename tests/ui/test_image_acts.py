"""Images and folders changed from the preview: by keys, undone, never the demo's nor under training."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.ui.test_captions import data_of, opened
from tests.ui.test_preview_health import lively, looked, values
from ui.dataset.image_acts import key_of


@pytest.fixture
def folder(window):
    """Three images of one's own in the workspace, one of them twice."""
    made = window.workspace / "datasets" / "1_sls frog"
    made.mkdir(parents=True)
    for n in range(3):
        lively(n).save(made / f"{n}.png")
        (made / f"{n}.txt").write_text("sls frog")
    return made


def act(app, raw, **asked):
    """What the page shows after an act: the list above, and the images."""
    keys = [key_of(path) for path in asked.pop("paths", ())]
    updates = list(app.preview.act(json.dumps({"keys": keys, **asked}), raw, "en"))
    html = [u[app.preview.parts["html"]] for u in updates if app.preview.parts["html"] in u]
    fields = [u[app.preview.parts["fields"]] for u in updates if app.preview.parts["fields"] in u]
    return (html or [""])[-1], (fields or [""])[-1]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_image_is_excluded_and_included_again_from_the_preview(app, folder):
    raw = values(app, folder)
    _, fields = looked(app, raw)
    assert fields.count("data-menu ") == 3 and "Excluded images" not in fields
    _, fields = act(app, raw, do="exclude", paths=[folder / "1.png"])
    assert names(folder) == ["0.png", "0.txt", "2.png", "2.txt", "excluded"]
    assert "Excluded images" in fields and "Excluded: 1.png" in fields and fields.count("data-menu ") == 2
    act(app, raw, do="include", paths=[folder / "excluded" / "1.png"])
    assert len(names(folder)) == 6


def test_an_image_included_again_has_its_mask_again(app, folder, tmp_path):
    masks = tmp_path / "masks" / folder.name
    masks.mkdir(parents=True)
    for n in range(3):
        lively(n).save(masks / f"{n}.png")
    raw = values(
        app, folder, **{"dataset.conditioning_data_dir": str(masks.parent), "train.masked_loss": True}
    )
    looked(app, raw)
    act(app, raw, do="exclude", paths=[folder / "1.png"])
    assert names(masks) == ["0.png", "2.png", "excluded"]
    act(app, raw, do="include", paths=[folder / "excluded" / "1.png"])
    assert names(masks) == ["0.png", "1.png", "2.png"]


def test_the_last_act_is_undone_and_an_old_button_undoes_nothing_else(app, folder):
    raw = values(app, folder)
    looked(app, raw)
    act(app, raw, do="trash", paths=[folder / "0.png"])
    act(app, raw, do="trash", paths=[folder / "1.png"])
    act(app, raw, do="undo", on="1")
    assert names(folder) == ["2.png", "2.txt"]
    act(app, raw, do="undo", on="2")
    act(app, raw, do="undo", on="1")
    assert len(names(folder)) == 6


def test_what_a_page_makes_up_does_nothing(app, folder, tmp_path):
    raw = values(app, folder)
    looked(app, raw)
    for sent in ("{", "{}", '{"do": 5}', '{"do": "trash", "keys": [{}, 7, "../x"]}', '{"do": "crop"}',
                 '{"do": "mask", "on": "data:image/png;base64,AAAA"}', '{"do": "name", "values": 3}',
                 '{"do": "undo", "on": null}', "[" * 9000, '{"do": "sudo", "keys": []}'):  # fmt: skip
        list(app.preview.act(sent, raw, "en"))
    assert len(names(folder)) == 6


def test_the_demos_images_have_no_menu_and_no_act_touches_them(app):
    raw = values(app, app._window.project / "demo" / "train" / "20_sls frog")
    _, fields = looked(app, raw)
    assert fields.count("<figure") > 0 and "data-menu " not in fields
    image = app._window.preview.result.plan.images[0].path
    act(app, raw, do="trash", paths=[image])
    assert image.is_file()


def test_nothing_is_changed_while_a_training_reads_it(app, folder, window, monkeypatch):
    raw = values(app, folder)
    looked(app, raw)
    monkeypatch.setattr(type(window), "is_training", True)
    _, fields = act(app, raw, do="trash", paths=[folder / "0.png"])
    assert "0.png" in names(folder) and "A run is in progress" in fields


def test_a_finding_has_its_cure_with_the_plan_before_it(app, folder):
    lively(0).save(folder / "0 copy.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    raw = values(app, folder, **{"dataset.skip_bad_images": True})
    html, _ = looked(app, raw)
    assert "Move 1 file to trash" in html and "Fix all" in html
    twins = html.split("<span>Duplicates</span>")[1]
    plan = twins.split('class="rw-plan"')[1].split("</ul>")[0]
    assert "<li>0 copy.png</li>" in plan and "0.png" not in plan  # the one with a caption is kept
    before = names(folder)
    act(app, raw, do="cure", on="all")
    assert names(folder) == [f"{n}.{end}" for n in range(3) for end in ("png", "txt")]
    html, _ = looked(app, raw)
    assert "Duplicates" not in html
    act(app, raw, do="undo", on=str(app.preview.curation.last.number))
    assert names(folder) == before and app.preview.curation.last is None


def test_images_that_lie_in_no_named_folder_are_given_to_the_card_that_copies_them(app, folder):
    lively(7).save(folder.parent / "loose.png")
    html, _ = looked(app, values(app, folder))
    assert "data-copy-from=" in html and "Copy these images into a named folder" in html


def test_a_folder_is_renamed_switched_off_and_on_in_the_list(app, folder):
    raw = values(app, folder)
    html, _ = looked(app, raw)
    assert 'data-folder-field="identifier" value="sls"' in html
    typed = {"identifier": "shs", "class": "dog", "repeats": "５"}
    html, _ = act(app, raw, do="name", paths=[folder], values=typed)
    renamed = folder.with_name("5_shs dog")
    assert len(names(renamed)) == 6 and "5_shs dog" in html
    act(app, raw, do="off", paths=[renamed])
    assert names(folder.parent) == ["excluded"] and names(folder.parent / "excluded") == ["5_shs dog"]
    html, _ = act(app, raw, do="on", paths=[folder.parent / "excluded" / "5_shs dog"])
    assert len(names(renamed)) == 6 and "switched off" not in html
    _, fields = act(app, raw, do="name", paths=[renamed], values={**typed, "repeats": "0"})
    assert "repeats must be a whole number" in fields and renamed.is_dir()


def painted(size, value):
    file = io.BytesIO()
    Image.fromarray(np.full(size[::-1], value, np.uint8)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def test_a_painted_mask_is_saved_for_the_trainer_with_white_ones_for_the_others(app, folder, window):
    raw = values(app, folder)
    looked(app, raw)
    image = folder / "0.png"
    before = image.read_bytes()
    act(app, raw, do="mask", paths=[image], on=painted((128, 128), 0))
    masks = window.workspace / "datasets_masks" / folder.name
    option = "dataset.conditioning_data_dir"
    assert str(window.draft.values[option]).endswith("datasets_masks") and image.read_bytes() == before
    assert window.draft.values["train.masked_loss"] is True
    means = {path.name: np.asarray(Image.open(path)).mean() for path in masks.iterdir()}
    assert means == {"0.png": 0, "1.png": 255, "2.png": 255}
    raw = {**raw, option: str(masks.parent)}
    assert not [p for p in looked(app, raw) if "E-MASK" in p]
    assert all(image.mask_path for image in window.preview.result.plan.images)
    _, fields = act(app, raw, do="mask", paths=[image], on=painted((128, 64), 0))
    assert "of another shape" in fields
    act(app, raw, do="undo", on="1")
    assert window.draft.values[option] == "" and not [*masks.iterdir()]


def test_turning_an_image_turns_what_is_trained(app, folder, window):
    lively(5, (128, 64)).save(folder / "wide.png")
    raw = values(app, folder)
    looked(app, raw)
    act(app, raw, do="right", paths=[folder / "wide.png"])
    sizes = {image.path.name: image.size for image in window.preview.result.plan.images}
    assert sizes["wide.png"] == (64, 128)
    act(app, raw, do="crop", paths=[folder / "wide.png"], on="0 0.5 1 1")
    with Image.open(folder / "wide.png") as cropped:
        assert cropped.size == (64, 64)


def test_an_image_is_put_in_the_trash_from_the_captions_and_no_caption_of_it_stays_open(app, folder, window):
    grid = opened(app, folder)[app.captions.parts["grid"]]
    assert grid.count("data-menu ") == 3 and 'data-plain="images/' in grid
    raw = values(app, folder)
    act(app, raw, do="trash", paths=[folder / "1.png"])  # the preview has not been asked for yet
    assert names(folder) == ["0.png", "0.txt", "2.png", "2.txt"]
    updates = app.captions.renewed(data_of(app, train_dir=str(folder.parent)), "en")
    grid = updates[app.captions.parts["grid"]]
    assert grid.count("<textarea") == 2 and "1.png" not in grid
    assert len(window.captions.session.entries) == 2
