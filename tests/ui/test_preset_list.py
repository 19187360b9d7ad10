"""The list of presets: groups, memory, steps for these images; and the changes that can be undone."""

from __future__ import annotations

import json

import pytest

from core.config import presets
from core.forecast.machine import Machine
from tests.ui.session import Session
from ui.settings.preset_list import Around, best, list_html, memory, parts_of, steps_of
from ui.window import Draft

EVERY = presets.presets([presets.SHIPPED])[0]
BY_NAME = {preset.name: preset for preset in EVERY}
GPU_12 = Machine(True, "a card", 12 * 2**30, 11 * 2**30)
PRESET = {"act": "apply", "on": "shipped/sd15-character-lora-8gb"}


def test_the_columns_of_a_preset_are_taken_from_its_title():
    preset = BY_NAME["sd15-style-lora-12gb"]
    assert parts_of(preset, "en") == ("SD 1.5 LoRA", "style with texture, LoCon")
    assert parts_of(preset, "ja") == ("SD1.5 LoRA", "画風・質感まで（LoCon）")
    assert memory(preset) == 12 and memory(BY_NAME["dreambooth-least-memory"]) == 0


@pytest.mark.parametrize(
    ("values", "samples", "told"),
    [
        ({"train.max_train_epochs": 10, "dataset.train_batch_size": 2}, 25, (130, 10)),
        ({"train.max_train_steps": 100, "dataset.train_batch_size": 2}, 25, (100, 8)),
        ({"train.max_train_epochs": 10}, None, (None, 10)),
        ({"train.max_train_steps": 100}, None, (100, None)),
    ],
)
def test_steps_are_those_for_the_images_where_they_are_known(values, samples, told):
    assert steps_of(values, samples) == told


def test_what_needs_more_memory_than_the_gpu_has_is_grey_and_below_what_fits():
    html = list_html(EVERY, Around("sdxl", GPU_12, None), "", "en")
    fits, _, large = html.partition("More memory than this GPU has (12 GB)")
    large = large.partition("<details>")[0]
    assert "sdxl-character-lora-12gb" in fits and "is-far" not in fits
    assert "sdxl-dreambooth-24gb" in large and large.count("is-far") == large.count("data-on")


def test_the_one_to_begin_with_is_the_largest_lora_that_fits_and_without_a_gpu_the_smallest():
    first, none = best(EVERY, Around("sdxl", GPU_12, None)), best(EVERY, Around("sdxl", None, None))
    assert first is not None and none is not None
    assert (memory(first), memory(none)) == (12, 8) and "LoRA" in first.title.en


def test_changes_of_many_settings_are_undone_one_by_one_and_typed_ones_stay(app, window):
    page, parts, field = Session(app), app.bar.parts, app.form.components
    rank, steps = field["network.rank"], field["train.max_train_steps"]
    page.do(parts["note"], "submit", PRESET)
    after = page.shown[steps]
    page.do(parts["menu"], "submit", {"act": "reset"})
    window.draft.keep({"save.output_name": "typed"})
    assert page.shown[steps] == "300" and after != "300"
    page.do(parts["told"], "submit", {"act": "undo"})
    assert page.shown[steps] == after and "SD 1.5 LoRA" in page.shown[parts["choice"]]
    page.do(parts["menu"], "submit", {"act": "undo"})
    assert (page.shown[steps], page.shown[rank]) == ("300", "16")
    assert (
        window.draft.values["save.output_name"] == "typed" and "Nothing to undo" in page.shown[parts["menu"]]
    )
    page.do(parts["menu"], "submit", {"act": "undo"})
    assert "Nothing to undo" in page.shown[parts["told"]]


def test_an_import_is_undone_from_its_report(app):
    page, parts, rank = Session(app), app.bar.parts, app.form.components["network.rank"]
    page.do(parts["paste"], "submit", {"act": "take", "fields": {"text": "train_network.py --network_dim=4"}})
    assert page.shown[rank] == "4" and 'data-act="undo"' in page.shown[parts["said"]]
    page.do(parts["said"], "submit", {"act": "undo"})
    assert page.shown[rank] == "16"


def test_what_can_be_undone_is_known_after_a_restart_and_no_more_than_twenty(tmp_path):
    path = tmp_path / "window.json"
    draft = Draft(path)
    for n in range(25):
        draft.change("import", f"file {n}", {"train.seed": str(n)}, {"train.seed": ("7", "42")})
    again = Draft(path)
    assert [change.name for change in again.changes] == [f"file {n}" for n in range(5, 25)]
    again.undo()
    assert again.values == {"train.seed": "23"}
    assert again.lent == {"train.seed": ("7", "42")}


@pytest.mark.parametrize("kept", [5, ["x"], [{"act": "none"}], [{"act": "demo", "before": 5, "after": 3}]])
def test_changes_in_a_file_from_elsewhere_are_read_as_far_as_they_hold(tmp_path, kept):
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"train.seed": "1", "changes": kept, "preset": 5}), "utf-8")
    draft = Draft(path)
    draft.undo()
    assert draft.values == {"train.seed": "1"} and draft.preset == ""


@pytest.mark.parametrize(
    "sent", [{"act": "apply", "on": ["x"]}, {"act": 5}, {}, {"act": "take", "fields": {"text": "\ud800"}}]
)
@pytest.mark.parametrize("part", ["note", "menu", "paste", "said", "told"])
def test_whatever_a_page_sends_to_the_head_is_answered(app, sent, part):
    Session(app).do(app.bar.parts[part], "submit", sent)
