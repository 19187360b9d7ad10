"""What people do in the window, done in a browser: in both languages, at three widths.

Runs are only pretended. `at` opens pages: see conftest.py for where each test is done.
"""

from __future__ import annotations

import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.events import RunEnded, Saved
from core.forecast.machine import Machine
from tests.ui.browser import WAIT, Watched
from tests.ui.scenes import past_runs
from tests.ui.stage import Look, staged
from tests.ui.states import begun
from ui.serve.login import Login
from ui.serve.server import Proxy
from ui.window import PROJECT

pytestmark = pytest.mark.browser


def value(page: Watched, element: str) -> str:
    return page.page.locator(f"#{element} input, #{element} textarea").first.input_value()


def sees(page: Watched, element: str, text: str) -> None:
    """Wait until an element holds a text."""
    page.page.locator(f"#{element} >> text={text}").first.wait_for()


def press(page: Watched, element: str) -> None:
    page.page.locator(f"#{element}:enabled").click()


def comes_true(is_so: Callable[[], bool]) -> None:
    """Wait until what a click asked for has reached the run."""
    until = time.monotonic() + WAIT / 1000
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def choose(page: Watched, element: str, text: str) -> None:
    """Take an entry of a list by its words."""
    page.page.locator(f"#{element} input").click()
    page.page.locator("[role=option]", has_text=text).first.click()


def test_folders_are_planned_made_and_undone(at, stage, frogs):
    before = {path.name: path.read_bytes() for path in frogs.iterdir()}
    page = at()
    page.fill("make-source", str(frogs))
    page.page.locator("#make-offer button", has_text="sls").click()
    page.fill("make-class", "frog")
    sees(page, "make-plan", at.words("These 4 files will be copied", "次の4個のファイルを"))
    sees(page, "make-plan", "20_sls frog")
    press(page, "make-apply")
    sees(page, "make-done", at.words("4 files copied", "4個のファイルを"))
    made = stage.window.workspace / "datasets" / "train" / "20_sls frog"
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    comes_true(lambda: value(page, "opt-dataset-train-data-dir").endswith("train"))
    press(page, "make-undo")
    sees(page, "make-done", at.words("4 copies removed", "コピーした4個のファイルを削除しました"))
    assert not made.exists()
    assert {path.name: path.read_bytes() for path in frogs.iterdir()} == before


def test_the_preview_shows_buckets_and_crops_and_is_there_after_a_reload(at):
    page = at()
    press(page, "preview-look")
    sees(page, "preview-html", "192 × 64")
    comes_true(lambda: page.page.locator("#preview-fields figure img").count() == 58)
    page.reload()
    sees(page, "preview-html", "192 × 64")


def test_a_model_is_picked_from_the_list_and_named_at_once(at):
    page = at()
    page.tab(1)
    sees(page, "identity-base", "Stable Diffusion 1.x")
    choose(page, "opt-model-base", "demo/judge.safetensors")
    sees(page, "identity-base", "judge.safetensors")
    page.fill("opt-model-base", "demo/base.safetensors")
    sees(page, "identity-base", "7.87 M")


def test_a_model_that_comes_later_is_named_by_a_run_or_by_looking_again(at, stage):
    page, model = at(), stage.window.workspace / "models" / "later.safetensors"
    page.tab(1)
    for looks_again in (lambda: begun(stage.window), lambda: press(page, "paths-refresh")):
        page.fill("opt-model-base", str(model))
        page.page.wait_for_selector("#identity-base .is-bad")
        model.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / "demo" / "base.safetensors", model)
        looks_again()
        sees(page, "identity-base", "7.87 M")
        model.unlink()
        page.fill("opt-model-base", "demo/base.safetensors")
        sees(page, "identity-base", "base.safetensors")


def test_a_list_of_choices_is_shut_when_tab_leaves_its_field(look):
    page = look()
    field = page.page.locator("#opt-dataset-train-data-dir input")
    field.click()
    field.press_sequentially("/mine")
    field.press("Tab")
    page.page.wait_for_function("!document.activeElement.closest('#opt-dataset-train-data-dir input')")
    field.evaluate("""async (field) => {
        field.focus();
        field.dispatchEvent(new KeyboardEvent('keydown', {key: 'e', bubbles: true}));
        field.blur();  // before the key has opened the list
        for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame);
    }""")
    page.page.wait_for_selector("#opt-dataset-train-data-dir [aria-expanded=false]", timeout=10_000)


def test_what_is_missing_or_still_the_demos_is_said_beside_start_and_gone_to(at):
    page = at()
    page.tab(1)
    page.fill("opt-model-base", "")
    sees(page, "run-head", at.words("choose the base model", "元モデルを指定"))
    page.tab(0)
    page.page.locator("#run-head [data-goto]").click()
    page.page.wait_for_function("document.activeElement.closest('#opt-model-base')")
    page.fill("opt-model-base", "someone/some-model")
    sees(page, "run-head", at.words("choose a preset", "プリセットを適用"))
    page.page.locator("#run-head [data-goto]").click()
    page.page.wait_for_function("document.activeElement.closest('#preset-choice')")


def test_an_option_is_found_by_its_words_and_gone_to(at):
    page, name = at(), at.words("prior_loss", "learning_rate")
    page.fill("find", at.words("prior loss", "学習率"))
    page.page.locator("#found button", has_text=name).first.click()
    page.page.wait_for_function("document.activeElement.closest('.opt') !== null")
    assert name.replace("_", "-") in page.page.evaluate("document.activeElement.closest('.opt').id")


def test_what_does_not_apply_is_hidden_and_levels_show_more(at):
    page = at()
    levels = page.page.locator("#level label")
    page.tab(3)
    rank, dropout = page.page.locator("#opt-network-rank"), page.page.locator("#opt-network-dropout")
    rank.wait_for()
    dropout.wait_for(state="hidden")
    levels.nth(1).click()
    dropout.wait_for()
    page.page.locator("#opt-network-method label:has([value=none])").click()
    rank.wait_for(state="hidden")
    page.page.locator("#opt-network-method label:has([value=lora])").click()
    rank.wait_for()


def test_a_preset_is_compared_applied_saved_renamed_and_deleted(at, stage):
    page = at()
    folder = stage.window.workspace / "presets"
    page.look_at_preset(at.words("SD 1.5 LoRA: character", "SD1.5 LoRA：キャラクター"))
    page.page.locator("#preset-note .rw-diff summary").click()
    sees(page, "preset-note td", "300")  # the demo's number of steps, which would change
    press(page, "preset-apply")
    page.tab(2)
    comes_true(lambda: value(page, "opt-train-max-train-steps") != "300")
    page.files()
    page.fill("preset-name", "my frogs")
    press(page, "preset-name button")
    sees(page, "preset-said", "my frogs")
    assert [path.name for path in folder.iterdir()] == ["my frogs.toml"]
    rows = page.page.locator(".rw-own li")
    rows.locator("[data-act=rename]").click()
    page.fill("preset-rename", "our frogs")
    press(page, "preset-rename .is-main")
    sees(page, "preset-said", "our frogs")
    assert [path.name for path in folder.iterdir()] == ["our frogs.toml"]
    sees(page, "preset-choice", "our frogs")
    rows.locator("[data-act=delete]").click()
    rows.locator("[data-act=delete-sure]").click()
    sees(page, "preset-choice", at.words("Choose a preset", "プリセットを選ぶ"))
    assert [*folder.iterdir()] == []


def test_another_trainers_command_is_pasted(at):
    page = at()
    page.files()
    page.fill("import-text", "accelerate launch train_network.py --network_dim=24 --learning_rate=2e-4")
    press(page, "import-take button")
    page.page.wait_for_selector("#preset-said .rw-problems, #preset-said .rw-note")
    page.shut()
    page.tab(3)
    page.holds("opt-network-rank", "24")


def test_a_run_file_is_saved_opened_and_the_settings_put_back(at, tmp_path):
    page = at()
    page.tab(3)
    page.fill("opt-network-rank", "24")
    page.files()
    with page.page.expect_download() as waiting:
        press(page, "file-save button")
    saved = tmp_path / waiting.value.suggested_filename
    assert saved.name == "sls_frog.toml"
    waiting.value.save_as(saved)
    assert "rank = 24" in saved.read_text("utf-8")
    saved.write_text(saved.read_text("utf-8").replace("rank = 24", "rank = 48"), encoding="utf-8")
    with page.page.expect_file_chooser() as choosing:
        press(page, "file-open")
    choosing.value.set_files(saved)
    sees(page, "preset-said", at.words("Settings opened", "設定を読み込みました"))
    page.holds("opt-network-rank", "48")
    page.shut()
    page.page.locator("#rw-menu .is-icon").click()
    press(page, "file-reset")
    sees(page, "preset-told", at.words("settings restored", "デモの設定に戻しました"))
    page.holds("opt-network-rank", "16")
    page.page.locator("#preset-told [data-act=undo]").click()
    sees(page, "preset-told", at.words("Undone", "元に戻しました"))
    page.holds("opt-network-rank", "48")


def test_a_run_is_started_steered_stopped_and_resumed_from_two_tabs(at, stage):
    first, second = at(), at()
    for page in (first, second):
        page.page.evaluate("[1, 2].forEach(() => document.querySelector('#run-start')?.click())")
    for page in (first, second):
        page.status("running")
    assert len(stage.window.runner.runs) == 1
    run = stage.run
    run.plan()
    run.step(7)
    for page in (first, second):
        page.past_step(6)
    press(first, "run-save")
    press(second, "run-pause")
    comes_true(lambda: run.control.is_paused and run.control.take_save_now())
    run.status = "paused"
    first.status("paused")
    press(first, "run-go-on")
    comes_true(lambda: not run.control.is_paused)
    run.status = "running"
    second.status("running")
    press(second, "run-stop")
    comes_true(lambda: run.control.is_stopping)
    state = stage.window.workspace / "state"
    state.mkdir()
    (state / "state.json").write_text('{"step": 7}', encoding="utf-8")
    run.end("stopped", 7, state)
    first.status("stopped")
    first.reload()
    press(first, "run-resume")
    second.status("running")
    assert stage.run.config.save.resume == str(state)


def test_images_are_resized_on_the_tools_tab(at, stage, frogs):
    page = at()
    page.tool("card-resize")
    page.page.wait_for_selector("#resize-start")
    assert page.page.locator("#resize-stop").is_hidden()
    page.fill("resize-source", str(frogs))
    page.fill("resize-resolution", "64")
    page.fill("resize-name", "small")
    press(page, "resize-start")
    page.page.wait_for_selector("#resize-result .is-good")
    assert len([*(stage.window.workspace / "resized" / "small").glob("*.png")]) == 3
    again = at()
    again.tool("card-resize")
    again.page.wait_for_selector("#resize-result .is-good")


def test_work_of_the_tools_goes_on_without_a_page_and_can_be_stopped_from_another(at, stage):
    go_on = threading.Event()

    def work(report):
        report("regularize", 3, 12)
        while not go_on.wait(0.05):
            stage.window.jobs["regularize"].control.check()

    stage.window.jobs["regularize"].start(work)
    page = at()
    page.tool("card-regularize")
    sees(page, "regularize-result", "3/12")
    press(page, "regularize-stop")
    sees(page, "regularize-result", at.words("Stopped", "停止しました"))
    page.page.wait_for_selector("#regularize-stop", state="hidden")


def test_it_asks_for_the_login_and_works_behind_it(chrome, tmp_path):
    with staged(tmp_path, Login("me", "a good password")) as guarded:
        look = Look(chrome, guarded)
        page = look.opened("en")
        page.page.locator("input[name=user]").fill("me")
        page.page.locator("input[name=password]").fill("a good password")
        page.page.locator("button").click()
        sees(page.ready(), "run-head", "Ready")
        press(page, "run-check")
        sees(page, "run-message", "No problems")
        page.page.locator("#rw-menu .is-icon").click()
        page.page.locator("#menu-box a").click()
        page.page.locator("input[name=password]").wait_for()
        page.page.goto(guarded.url)
        page.page.locator("input[name=password]").wait_for()
        look.close()
        look.end()


def test_it_works_below_a_path_that_a_proxy_shows_it_at(chrome, tmp_path, frogs):
    with staged(tmp_path, Login("me", "a good password"), Proxy(root_path="/rareword")) as guarded:
        look, asked = Look(chrome, guarded), set()
        page = look.opened("en")
        page.page.on("request", lambda request: asked.add(request.url.split("?")[0]))
        page.page.locator("input[name=user]").fill("me")
        page.page.locator("input[name=password]").fill("a good password")
        page.page.locator("button").click()
        sees(page.ready(), "run-head", "Ready")
        page.page.locator("#make-files input[type=file]").set_input_files([*frogs.iterdir()])
        page.fill("make-identifier", "sls")
        page.fill("make-class", "frog")
        sees(page, "make-plan", "These 4 files will be copied")
        press(page, "make-apply")
        sees(page, "make-done", "4 files copied")
        press(page, "preview-look")
        page.page.wait_for_function("document.querySelector('#preview-fields img')?.naturalWidth > 0")
        press(page, "run-start")
        page.page.locator("#run-message [data-act=start-anyway]").click()  # own images on the demo's model
        page.status("running")
        assert (
            page.page.locator("#run-log-acts a, [data-live=log-acts] a")
            .first.evaluate("a => a.href")
            .startswith(f"{guarded.url}/live/log")
        )
        assert {url for url in asked if url.startswith("http") and f"{guarded.url}/" not in url} == set()
        look.close()
        look.end()


def test_the_language_can_be_changed_and_is_remembered(look):
    page = look("en")
    assert page.page.evaluate("document.documentElement.lang") == "en"
    page.tab(2)
    sees(page, "opt-train-learning-rate", "Learning rate")
    page.language("ja")
    sees(page, "opt-train-learning-rate", "学習率")
    page.tab(3)
    sees(page, "opt-network-rank", "ランク")
    page.page.locator("#make-files >> text=ファイルを選ぶ").wait_for(state="attached")
    page.reload()
    page.page.wait_for_selector("#tabs [role=tab] >> text=データセット")
    page.tab(0)  # the open tab was kept
    page.page.locator("#make-files >> text=ファイルを選ぶ").wait_for()
    assert page.page.evaluate("document.documentElement.lang") == "ja"


def test_runs_wait_in_a_queue_are_changed_there_and_go_on_by_themselves(at, stage):
    page = at()
    press(page, "run-start")
    page.status("running")
    page.tab(3)
    for rank in ("4", "6", "7"):
        page.fill("opt-network-rank", rank)
        press(page, "run-queue")
        sees(page, "run-message", at.words("Added to the queue", "キューに追加しました"))
        comes_true(lambda rank=rank: f"rank = {rank}" in stage.window.queue.look().waiting[-1].text)
    rows = page.page.locator("#queue-list li")
    page.page.wait_for_function("document.querySelectorAll('#queue-list li').length === 3")
    names = [waiting.name for waiting in stage.window.queue.look().waiting]
    assert len({*names}) == 3
    rows.nth(2).locator("[data-act=up]").click()
    sees(page, "queue-list", names[2])
    comes_true(lambda: [w.name for w in stage.window.queue.look().waiting] == [names[0], names[2], names[1]])
    # A click while the rows change places would meet the row that was there before.
    page.page.locator(f"#queue-list li:nth-child(2):has-text('{names[2]}')").wait_for()
    page.page.locator(f"#queue-list li:has-text('{names[2]}') [data-act=remove]").click()
    sees(page, "queue-said", at.words("Removed from the queue", "キューから削除しました"))
    page.page.locator(f"#queue-list li:has-text('{names[1]}') [data-act=edit]").click()
    comes_true(lambda: value(page, "opt-network-rank") == "6")
    stage.run.end("done", 20)
    comes_true(lambda: len(stage.window.runner.runs) == 2)
    page.status("running")
    assert stage.run.config.network.rank == 4
    page.page.locator("#queue-list li").first.wait_for(state="detached")


def test_start_asks_before_it_puts_earlier_results_aside(at, stage):
    page = at()
    earlier = stage.window.output / "sls_frog.safetensors"
    earlier.parent.mkdir(parents=True, exist_ok=True)
    earlier.write_bytes(b"a result")
    press(page, "run-start")
    page.page.locator("#run-message [data-act=start-new]").click()
    page.status("running")
    assert stage.run.config.save.output_name == "sls_frog-2" and earlier.read_bytes() == b"a result"


def test_runs_from_before_are_compared_loaded_removed_and_put_back(at, stage):
    page = at()
    past_runs(stage.window)
    page.tool("card-runs")
    ticks = page.page.locator("#runs-list input[data-run]")
    for n in range(2):
        ticks.nth(n).wait_for()
        ticks.nth(n).click()
        page.page.locator("#runs-heads article, #runs-heads section").nth(n).wait_for()
    page.page.locator("#card-runs .rw-chart").first.wait_for()
    page.page.locator("#runs-images img").first.wait_for()
    sees(page, "runs-settings", at.words("Rank", "ランク"))
    page.page.locator("#runs-list .rw-run-open").first.click()
    page.page.locator("#runs-list [data-act=load]").click()
    page.tab(3)
    comes_true(lambda: value(page, "opt-network-rank") in ("4", "16"))
    page.tool("card-runs")
    page.page.locator("#runs-list [data-act=trash]").click()
    page.page.locator("#runs-list [data-act=trash-yes]").click()
    page.page.wait_for_function("document.querySelectorAll('#runs-list input[data-run]').length === 1")
    page.page.locator("#runs-list .rw-removed summary").click()
    page.page.locator("#runs-list [data-act=back]").click()
    page.page.wait_for_function("document.querySelectorAll('#runs-list input[data-run]').length === 2")
    if not ticks.first.is_checked():
        ticks.first.click()
    page.page.locator("#runs-heads article").first.wait_for()
    press(page, "runs-clear")
    page.page.wait_for_function("!document.querySelector('#runs-list :checked')")
    page.page.locator("#runs-heads article").first.wait_for(state="detached")


@pytest.mark.parametrize("way", ["files", "zip", "folder"])
def test_images_are_sent_from_another_computer(at, stage, frogs, tmp_path, way):
    page = at()
    if way == "folder":
        with page.page.expect_file_chooser() as choosing:
            page.page.locator("[data-folder]").click()
        choosing.value.set_files(frogs)
    else:
        sent = [*frogs.iterdir()]
        if way == "zip":
            sent = [tmp_path / "frogs.zip"]
            with zipfile.ZipFile(sent[0], "w") as archive:
                for path in frogs.iterdir():
                    archive.write(path, f"my frogs/{path.name}")
        page.page.locator("#make-files input[type=file]").set_input_files(sent)
    page.fill("make-identifier", "sls")
    page.fill("make-class", "frog")
    sees(page, "make-plan", at.words("These 4 files will be copied", "次の4個のファイルを"))
    press(page, "make-apply")
    sees(page, "make-done", at.words("4 files copied", "4個のファイルを"))
    made = stage.window.workspace / "datasets" / "train" / "20_sls frog"
    assert sorted(p.name for p in made.iterdir()) == sorted(p.name for p in frogs.iterdir())


def test_the_result_of_a_run_is_fetched(at, stage):
    page = at()
    press(page, "run-start")
    page.status("running")
    page.tool("card-runs")
    sees(page, "runs-list", at.words("No runs in", "まだ学習の履歴がありません"))
    result = stage.window.output / "sls_frog.safetensors"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_bytes(b"weights")
    stage.run.log(Saved("model", str(result), 20))
    stage.run.end("done", 20)
    page.status("done")
    page.page.locator("#runs-list .rw-removed summary").click()
    for place in ("#run-outcome", "#runs-list"):
        with page.page.expect_download() as waiting:
            page.page.locator(f"{place} .rw-download").first.click()
        assert Path(waiting.value.path()).read_bytes() == b"weights"
        assert waiting.value.suggested_filename == "sls_frog.safetensors"


def test_a_run_that_will_not_fit_is_told_with_the_setting_that_helps(at, stage, monkeypatch):
    monkeypatch.setattr(stage.window.looker, "machine", Machine(True, "A card", 4 * 2**30, 4 * 2**30))
    stage.window.draft.keep({"network.method": "none", "dataset.train_batch_size": 512})
    page = at()
    page.page.locator("#forecast-alarm [data-goto]").click()
    sees(page, "forecast", "A card")
    press(page, "forecast-apply")
    tried = (
        ("dataset.train_batch_size", 512),
        ("train.gradient_checkpointing", False),
        ("network.method", "none"),
    )
    comes_true(lambda: any(stage.window.draft.values.get(key, old) != old for key, old in tried))


def test_a_run_that_failed_is_tried_again_with_what_helps(at, stage):
    stage.window.draft.keep({"dataset.train_batch_size": 4})
    page = at()
    press(page, "run-start")
    page.status("running")
    stage.run.log(RunEnded("failed", 5, 3, "Memory ran out.", "メモリが足りません。", code="E-OOM"))
    stage.run.status = "failed"
    sees(page, "run-outcome", at.words("Memory ran out", "メモリが足りません"))
    press(page, "run-cure")
    page.status("running")
    assert stage.run.config.train.gradient_checkpointing


def test_samples_are_drawn_of_other_prompts_while_a_run_goes_on(at, stage):
    page = at()
    press(page, "run-start")
    page.status("running")
    page.page.locator("#run-prompts-box > button").click()
    page.page.wait_for_function("document.querySelector('#run-prompts textarea')?.value.includes('sls frog')")
    page.fill("run-prompts", "a toad on the moon")
    press(page, "run-prompts-draw")
    comes_true(lambda: stage.run.control.take_sample_now() is not None)
