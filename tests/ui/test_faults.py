"""Nothing that fails reaches a user without a sentence: requests, and what an earlier window has left."""

from __future__ import annotations

import json
import logging

import gradio as gr
import pytest

from core.errors import Message, UserError
from tests.ui.fake import make_window
from ui.app import App
from ui.settings.kept import Kept, can_show
from ui.window import Draft
from ui.window.blocks import taken
from ui.window.error_page import guarded

RUN = "**/gradio_api/run/**"
ANSWERS = {
    500: ("an internal error", "プログラム内部のエラー"),
    413: (
        "Too large to send (at most 4 GiB a file)",
        "サイズが大きすぎて送信できません（1ファイル4 GiB",
    ),
    429: ("the program is busy", "混み合っている"),
    401: ("you are logged out", "ログインの有効期限"),
    404: ("the program was restarted", "再起動前に開いたページ"),
}


def answering(status):
    return lambda route: route.fulfill(status=status, json={"error": None})


def told(page) -> str:
    page.page.locator(".rw-fault").wait_for()
    said = page.page.locator(".rw-fault p").inner_text()
    assert page.page.locator(".toast-body.error:visible").count() == 0
    page.page.locator(".rw-fault button").click()
    page.faults.clear()  # the browser's own words on what was kept from it
    return said


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_each_answer_that_is_an_error_is_told_as_a_sentence_and_no_bare_error_is_seen(look, lang):
    page = look(lang)
    for status, words in ANSWERS.items():
        page.page.route(RUN, answering(status))
        page.page.locator("#run-check").click()
        assert words[lang == "ja"] in told(page)
        page.page.unroute(RUN)
    said = "There is no more room."
    page.page.route("**/send?**", lambda route: route.fulfill(status=413, json={"error": said}))
    field = page.page.locator("#make-files input[type=file]")
    field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"no image"})
    page.page.locator(f"#make-files .rw-note >> text={said}").wait_for()
    page.faults.clear()


@pytest.mark.browser
def test_a_refusal_that_has_a_sentence_of_its_own_is_told_with_it(look):
    page, said = look(), "There is no more room."
    page.page.route(RUN, lambda route: route.fulfill(status=413, json={"error": said, "detail": said}))
    page.page.locator("#run-check").click()
    assert told(page) == said


@pytest.mark.browser
def test_a_sentence_goes_when_what_had_failed_is_done_after_all(look):
    page = look()
    page.page.route(RUN, lambda route: route.fulfill(status=500))
    page.page.locator("#run-check").click()
    page.page.locator(".rw-fault").wait_for()
    page.page.unroute(RUN)
    page.page.locator("#run-check").click()
    page.page.locator(".rw-fault").wait_for(state="detached")
    page.faults.clear()


@pytest.mark.browser
def test_a_broken_connection_is_told_and_told_again_when_the_page_was_loaded_anew(look):
    page = look()
    page.page.route(RUN, lambda route: route.abort())
    page.page.locator("#run-check").click()
    page.page.locator(".rw-fault >> text=The program does not answer").wait_for()
    page.page.unroute(RUN)
    page.page.locator(".rw-fault >> text=the page was reloaded").wait_for()
    page.ready()
    page.faults.clear()


@pytest.mark.browser
def test_what_the_page_asks_by_itself_is_no_action_that_was_not_done(look):
    page, bodies = look(), []

    def once(route):
        bodies.append(route.request.post_data)
        route.abort() if len(bodies) == 1 else route.continue_()

    page.page.route(RUN, once)
    page.page.evaluate("document.body.dataset.before = 'yes'")
    page.page.locator("#run-news [data-news]").evaluate(
        "(told) => told.dispatchEvent(new CustomEvent('rw-news', {bubbles: true}))"
    )
    page.page.wait_for_function("!document.body.dataset.before")  # Gradio loads the page anew
    page.ready()
    assert '"by":"rw-news"' in bodies[0] and page.page.locator(".rw-fault").count() == 0
    page.faults.clear()


@pytest.mark.browser
def test_a_handler_that_fails_in_the_queue_is_told_in_the_language_of_the_page(look, monkeypatch, caplog):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("ui.dataset.look.planned", broken)
    page = look("ja")
    with caplog.at_level(logging.CRITICAL):
        page.page.locator("#preview-look").click()
        assert "プログラム内部のエラー" in told(page)


def test_a_fault_is_told_in_the_language_of_the_page_that_asked(window):
    lang = gr.Radio(elem_id="lang")

    def refuse(_):
        raise UserError(Message("E-X", "This is wrong.", "これは誤りです。")())

    for chosen, said in (("ja", "これは誤りです。"), ("en", "This is wrong.")):
        with pytest.raises(gr.Error, match=said):
            guarded(refuse, window)({lang: chosen})


@pytest.mark.parametrize("value", [[1], {"a": 1}, "half \ud800", float("inf"), 10**400], ids=repr)
def test_a_value_that_is_no_text_or_number_names_its_field(value):
    with pytest.raises(UserError) as caught:
        taken(gr.Textbox(label="Name"), value)
    (problem,) = caught.value.problems
    assert problem.code == "E-FIELD" and "“Name”" in problem.en


# What an earlier window has left.


@pytest.mark.parametrize(
    "text", [b"[1, 2", b"\xff\xfe{", b"[]", b"null", b"[" * 100_000, b'{"a": 1' + b"1" * 5000]
)
def test_settings_that_can_not_be_read_are_kept_under_another_name_and_said(tmp_path, text):
    window = make_window(tmp_path)
    path = window.workspace / "window.json"
    path.write_bytes(text)
    window.draft = Draft(path)
    kept = Kept(window)
    (aside,) = window.workspace.glob("window.*.damaged.json")
    assert aside.read_bytes() == text and not path.exists() and window.draft.values == {}
    assert aside.name in kept.html("en") and "could not be read" in kept.html("en")
    assert aside.name in kept.html("ja") and "読み込めなかった" in kept.html("ja")
    window.draft.keep({"train.seed": "7"})
    assert aside.read_bytes() == text and Draft(path).values == {"train.seed": "7"}


REFUSED = {
    "optimizer.optimizer_type": "CAME",
    "train.gradient_checkpointing": "yes",
    "model.base": "\ud800",
    "save.output_name": ["x"],
    "network.dropout": float("nan"),
    "nosuch.option": 1,
}


def test_values_that_no_field_can_show_are_left_out_and_named_and_the_others_stay(tmp_path):
    window = make_window(tmp_path)
    path = window.workspace / "window.json"
    path.write_text(json.dumps({**REFUSED, "network.rank": 5, "train.learning_rate": "half typ"}), "utf-8")
    before = path.read_bytes()
    window.draft = Draft(path)
    app = App(window)
    assert window.draft.values == {"network.rank": 5, "train.learning_rate": "half typ"}
    (copy,) = window.workspace.glob("window.*.refused.json")
    assert copy.read_bytes() == before and "CAME" not in path.read_text("utf-8")
    said = app.kept.html("en")
    assert all(
        word in said
        for word in ("Optimizer “CAME” (possible: AdamW", "nosuch.option", "were reset", copy.name)
    )
    assert "オプティマイザー「CAME」（選択肢：AdamW" in app.kept.html(
        "ja"
    ) and "初期値に戻しました" in app.kept.html("ja")
    json.dumps(app.blocks.config, default=str).encode("utf-8")
    assert app.form.components["optimizer.optimizer_type"].value == "AdamW"


def test_what_a_field_can_show_is_left_to_the_checker():
    for key, value in (("train.learning_rate", "-1"), ("dataset.train_batch_size", -5), ("train.seed", "x")):
        assert can_show(key, value)
    assert not any(can_show(key, value) for key, value in REFUSED.items())


def test_files_that_are_gone_are_named_and_the_settings_stay(tmp_path):
    window = make_window(tmp_path)
    window.draft.keep({"dataset.train_data_dir": str(tmp_path / "gone"), "model.base": "someone/some-model"})
    said = Kept(window).html("en")
    assert str(tmp_path / "gone") in said and "some-model" not in said
    assert window.draft.values["dataset.train_data_dir"] == str(tmp_path / "gone")
    assert [*window.workspace.glob("window.*.*.json")] == []


def test_a_window_without_anything_amiss_says_nothing(tmp_path):
    window = make_window(tmp_path)
    window.draft.keep({"network.rank": 5})
    assert Kept(window).html("en") == ""
