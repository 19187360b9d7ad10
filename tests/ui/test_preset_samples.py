"""A preset of ours turns samples on where they are off; one of the user's own is applied as it was saved."""

import pytest

from core.config import presets
from tests.ui.fake import demo_raw

OFF = {
    "sample.sample_every_n_steps": "", "sample.sample_every_n_epochs": "", "sample.sample_at_first": False,
}  # fmt: skip
SHIPPED = presets.presets([presets.SHIPPED])[0]


def shown_after(app, name):
    """What of the samples stands in the form once a preset was applied, and what is said."""
    updates = app.bar.apply(name, "en")
    raw = demo_raw(app) | OFF
    raw |= {key: updates[c]["value"] for key, c in app.form.components.items() if c in updates}
    return {key: raw[key] for key in OFF}, updates[app.bar.parts["told"]]


def test_a_tenth_of_the_steps_lies_between_the_samples_that_a_preset_turns_on(app, window):
    window.draft.keep(demo_raw(app) | OFF)
    shown, said = shown_after(app, "shipped/sd15-character-lora-8gb")  # of 2000 steps
    assert list(shown.values()) == ["200", "", True] and "every 200 steps" in said


def test_samples_of_a_preset_in_epochs_are_drawn_in_epochs(app, window):
    window.draft.keep(demo_raw(app) | OFF)
    shown, said = shown_after(app, "shipped/sd15-finetune-16gb")  # of 20 epochs
    assert list(shown.values()) == ["", "2", True] and "every 2 epochs" in said


def test_samples_that_a_preset_turned_on_stay_on_with_the_next_one(app, window):
    window.draft.keep(demo_raw(app) | OFF)
    app.bar.apply("shipped/sd15-character-lora-8gb", "en")
    shown, _ = shown_after(app, "shipped/sd15-object-lora-8gb")  # of 1000 steps
    assert shown["sample.sample_every_n_steps"] == "100"


def test_samples_that_are_on_and_a_preset_of_ones_own_are_left_alone(app, window):
    window.draft.keep(demo_raw(app))
    assert "Samples are off" not in shown_after(app, "shipped/sd15-character-lora-8gb")[1]
    window.draft.keep(demo_raw(app) | OFF)
    presets.save(window.preset_folders[1], "mine", {"network.rank": 24})
    shown, said = shown_after(app, "own/mine")
    assert shown == OFF and "Samples are off" not in said


def test_without_prompts_samples_stay_off_and_that_is_said(app, window):
    window.draft.keep(demo_raw(app) | OFF | {"sample.sample_prompts": ""})
    shown, said = shown_after(app, "shipped/sd15-character-lora-8gb")
    assert shown == OFF and "enter sample prompts" in said


@pytest.mark.parametrize("found", SHIPPED, ids=lambda p: p.name)
def test_a_preset_saves_a_bounded_number_of_files(found):
    for unit in ("epochs", "steps"):
        if f"save.save_every_n_{unit}" in found.values:
            assert f"save.save_last_n_{unit}" in found.values
