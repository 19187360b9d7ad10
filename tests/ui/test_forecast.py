"""The forecast of memory and time on the page."""

from __future__ import annotations

import pytest

from core.events import PlanReady, RunEnded, StepDone, to_json
from core.forecast.machine import Machine, parse
from core.forecast.phases import Forecast, Phase
from tests.ui.fake import demo_raw
from ui.settings.forecast import _stack, answer

GIB = 2**30
CARD = Machine(True, "RTX 3060", 12 * GIB, 12 * GIB)
BIG = {
    "model.base": "",
    "network.method": "none",
    "dataset.resolution": "512",
    "dataset.enable_bucket": False,
}


@pytest.fixture
def raw(shared_app):
    return demo_raw(shared_app)


def html_of(app, raw, machine=CARD, total=None, lang="en"):
    return answer(app.form, raw, None, machine, total, lang).html


def test_the_demo_fits(shared_app, raw):
    told = answer(shared_app.form, raw, None, CARD, None, "en")
    assert "It will fit" in told.html and told.best is None


def test_a_whole_model_in_float32_does_not_fit_12_gib_and_something_helps(shared_app, raw):
    told = answer(shared_app.form, {**raw, **BIG}, None, CARD, None, "en")
    assert "It will not fit" in told.html and "RTX 3060" in told.html and told.best is not None


def test_the_sentence_is_there_in_japanese(shared_app, raw):
    assert "メモリが足りません" in html_of(shared_app, {**raw, **BIG}, lang="ja")


def test_the_bar_ends_where_its_parts_do(shared_app, raw):
    html = html_of(shared_app, {**raw, **BIG})
    widths = [float(part.split("%")[0]) for part in html.split('style="width:')[1:]]
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_nothing_is_said_before_the_machine_is_known(shared_app, raw):
    assert html_of(shared_app, raw, machine=None) == ""


def test_nothing_is_said_of_settings_that_do_not_hold(shared_app, raw):
    assert html_of(shared_app, {**raw, "train.learning_rate": "fast"}) == ""


def test_the_name_of_a_card_is_no_html(shared_app, raw):
    html = html_of(shared_app, raw, machine=Machine(True, "<b>card", 12 * GIB, 12 * GIB))
    assert "<b>card" not in html and "&lt;b&gt;card" in html


def test_the_button_sets_what_helps_and_what_was_set_is_kept(app, window, raw, monkeypatch):
    monkeypatch.setattr(window.looker, "machine", Machine(True, "card", 12 * GIB, 12 * GIB))
    raw = {**raw, **BIG}
    best = answer(app.form, raw, None, window.looker.machine, None, "en").best
    updates = app.forecast.apply(raw, "en")
    assert [*updates] == [app.form.components[best.key]]
    assert window.draft.values[best.key] == updates[app.form.components[best.key]]["value"]


def test_setting_what_helps_again_and_again_makes_it_fit(app, window, raw, monkeypatch):
    monkeypatch.setattr(window.looker, "machine", Machine(True, "card", 12 * GIB, 12 * GIB))
    raw, tries = {**raw, **BIG}, 0
    while (best := answer(app.form, raw, None, window.looker.machine, None, "en").best) and tries < 9:
        raw, tries = {**raw, **app.form.shown({best.key: best.value})}, tries + 1
    assert best is None and 0 < tries < 9
    assert "It will" in html_of(app, raw)


def test_without_a_run_of_the_kind_no_time_is_made_up(shared_app, raw):
    assert "is shown once a run of this kind" in html_of(shared_app, raw, total=300)


def test_the_time_is_that_of_the_last_run_of_the_kind_for_the_same_work(app, window, raw, monkeypatch):
    machine = Machine(False, "", 16 * GIB, 16 * GIB)
    monkeypatch.setattr(window.looker, "machine", machine)
    run = window.output / "runs" / "20260101-000000-frog"
    run.mkdir(parents=True)
    (run / "run.toml").write_text(app.form.text(raw, "en"), encoding="utf-8")
    steps = [StepDone(n, 30, 1, 0.1, {}, 1.0, 2.0) for n in range(1, 31)]
    bucket = {"size": [128, 128], "images": 4, "samples_per_epoch": 4, "batches_per_epoch": 1}
    events = [PlanReady(4, 0, 4, 1, 30, 30, (bucket,)), *steps, RunEnded("done", 0, 30, "", "")]
    (run / "events.jsonl").write_text("\n".join(map(to_json, events)), encoding="utf-8")
    raw = {**raw, "save.output_dir": str(window.output)}
    # 2 seconds a step, 300 steps: ten minutes.
    assert "about 10 min (2 s a step" in html_of(app, raw, machine, 300)


def test_a_card_is_read_from_the_table_of_its_driver():
    assert parse("NVIDIA GeForce RTX 3060, 12288, 700, 8.6\n") == Machine(
        True, "NVIDIA GeForce RTX 3060", 12 * GIB, (12288 - 700) * 2**20, True
    )


def test_a_card_before_ampere_has_no_bf16():
    assert parse("Tesla T4, 15360, 0, 7.5").has_bf16 is False


@pytest.mark.parametrize("told", ["", "No devices were found", "a, b, c, d"])
def test_a_driver_that_tells_nothing_is_no_card(told):
    assert parse(told) is None


def test_a_run_that_needs_most_while_it_caches_is_drawn_too():
    caching = Phase("caching", {"weights": 3 * 2**20, "activations": 2**20})
    assert "is-activations" in _stack(Forecast((caching,), 1), CARD, "en")


def test_without_a_base_it_says_for_which_family_it_was_computed(shared_app, raw):
    html = html_of(shared_app, {**raw, "model.base": "", "model.family": "sdxl"})
    assert "computed for Stable Diffusion XL" in html
    assert "computed for Stable Diffusion 1.x" in html_of(shared_app, {**raw, "model.base": ""})


def test_a_whole_sdxl_fits_a_card_of_24_gb_with_the_means_that_are_there(shared_app, raw):
    card = Machine(True, "RTX 4090", 24 * GIB, 23 * GIB)
    whole = BIG | {
        "model.family": "sdxl", "dataset.resolution": "1024", "dataset.cache_latents": True,
        "train.precision": "full_bf16", "train.gradient_checkpointing": True, "train.text_encoder_lr": 0.0,
        "train.fused_backward_pass": True, "optimizer.optimizer_type": "Adafactor",
    }  # fmt: skip
    assert "It will fit" in html_of(shared_app, {**raw, **whole}, card)


def test_what_the_run_saves_is_told_and_warned_of_beside_start(shared_app, raw, monkeypatch):
    raw = {**raw, "save.save_every_n_steps": "100", "save.autosave_minutes": "0"}
    told = answer(shared_app.form, raw, None, CARD, 300, "en")
    assert "On disk: 4 models of" in told.html and told.alarm == ""
    monkeypatch.setattr("ui.settings.forecast.disk.free_in", lambda config: 2**20)
    told = answer(shared_app.form, raw, None, CARD, 300, "ja")
    assert "途中でディスクがいっぱいになります" in told.html
    assert "空きは1.0 MiB" in told.alarm and 'data-goto="opt-save-save-every-n-steps"' in told.alarm


def test_with_only_the_last_model_to_save_a_full_disk_leads_to_the_folder(shared_app, raw, monkeypatch):
    monkeypatch.setattr("ui.settings.forecast.disk.free_in", lambda config: 2**20)
    lean = {**raw, "save.autosave_minutes": "0"}
    for settings, option in ((raw, "autosave-minutes"), (lean, "output-dir")):
        alarm = answer(shared_app.form, settings, None, CARD, 300, "en").alarm
        assert f'data-goto="opt-save-{option}"' in alarm
