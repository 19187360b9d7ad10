"""The caption workbench: what is shown, saved, refused, changed at once and undone, whatever a page sends."""

from __future__ import annotations

import json

import pytest

from core.config.schema.dataset import DatasetConfig
from core.errors import UserError
from tests.data.images import fill
from tests.ui.fake import make_window
from ui.dataset.caption_messages import LONGEST_TEXT, understood
from ui.dataset.captions import START
from ui.window import PROJECT
from ui.window.captions import CaptionEditor, digest
from ui.window.dated import words
from ui.window.paths import Paths


@pytest.fixture
def folder(window):
    parent = fill(window.workspace / "train", {"20_sls frog": 3})
    inner = parent / "20_sls frog"
    (inner / "000.caption").write_bytes(b"a, b\r\n")
    (inner / "001.caption").write_text("<img src=x onerror=alert(1)>\u3000</textarea>", encoding="utf-8")
    return inner


def data_of(app, **values):
    card, form = app.captions, app.form
    fields = {"find": "", "show": "all", "folder": "", "view": dict(START), "bridge": ""}
    data = {card.parts[name]: value for name, value in (fields | values).items() if name in card.parts}
    bulk = {"kind": "replace", "add": "", "with": "", "tag": "", "joint": "comma", "keep": 1, "case": False}
    bulk |= {"missing": True, "only": True, "name": ""}
    data |= {card.bulk.parts[name]: value for name, value in bulk.items()}
    data |= {component: None for component in form.components.values()}
    data[form.components["dataset.train_data_dir"]] = values.get("train_dir", "demo/train")
    data[form.components["dataset.caption_extension"]] = values.get("extension", ".caption")
    return data


def opened(app, folder, **values):
    return app.captions.open(data_of(app, train_dir=str(folder.parent), **values), "en")


def sent(app, **message):
    text = json.dumps({"n": 7, **message})
    updates = app.captions.answer(data_of(app, bridge=text), "en")
    return json.loads(updates[app.captions.parts["answer"]]), updates


def saved(app, folder, name, text, base=None):
    session = app._window.captions.session
    key = next(key for key, entry in session.entries.items() if entry.image.name == name)
    base = digest(session.entries[key].data) if base is None else base
    answer, _ = sent(app, do="save", key=key, text=text, base=base)
    return answer["saved"][0]


def bulk_data(app, **values):
    data = data_of(app)
    return data | {app.captions.bulk.parts[name]: value for name, value in values.items()}


def changed(app, **values):
    bulk = app.captions.bulk
    looked = bulk.preview(bulk_data(app, **values), "en", app.captions._entries)
    data = bulk_data(app, **values, name=looked[bulk.parts["name"]])
    return looked, bulk.apply(data, "en", app.captions._after_many)


def test_captions_are_drawn_as_text_never_as_html(app, folder):
    html = opened(app, folder)[app.captions.parts["grid"]]
    assert "&lt;img src=x onerror=alert(1)&gt;\u3000&lt;/textarea&gt;</textarea>" in html
    assert "<img src=x" not in html and html.count("<textarea") == 3


def test_a_caption_is_saved_with_a_plain_newline(app, folder):
    opened(app, folder)
    row = saved(app, folder, "000.png", "a, b, c")
    assert (row["ok"], row["said"], row["tokens"]) == (True, "saved", "5 tokens")
    assert (folder / "000.caption").read_bytes() == b"a, b, c\n"


def test_what_was_read_of_captions_is_out_of_date_once_one_is_changed(app, window, folder):
    opened(app, folder)
    before = words(window)["dataset"]
    saved(app, folder, "000.png", "sls frog")
    assert words(window)["dataset"] != before


def test_an_image_without_a_file_gets_one(app, folder):
    opened(app, folder)
    assert saved(app, folder, "002.png", "new")["ok"]
    assert (folder / "002.caption").read_bytes() == b"new\n"


def test_what_somebody_else_wrote_is_not_overwritten_unasked(app, folder):
    opened(app, folder)
    base = digest(b"a, b\r\n")
    (folder / "000.caption").write_bytes(b"theirs")
    row = saved(app, folder, "000.png", "mine", base)
    assert not row["ok"] and "theirs" in row["said"]
    assert (folder / "000.caption").read_bytes() == b"theirs"
    assert saved(app, folder, "000.png", "mine", row["base"])["ok"]  # saved again: meant so
    assert (folder / "000.caption").read_bytes() == b"mine\n"


def test_saving_the_same_twice_is_no_conflict(app, folder):
    opened(app, folder)
    base = digest(b"a, b\r\n")
    assert saved(app, folder, "000.png", "x", base)["said"] == "saved"
    assert saved(app, folder, "000.png", "x", base)["said"] == "unchanged"


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "/etc/passwd", "0" * 18])
def test_only_images_that_are_laid_out_can_be_named(app, folder, key):
    opened(app, folder)
    answer, _ = sent(app, do="save", key=key, text="x", base="none")
    assert not answer["saved"][0]["ok"]
    assert sorted(p.name for p in folder.iterdir() if p.suffix != ".png") == ["000.caption", "001.caption"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"do": "rm"}', "null", "[" * 100_000, "x" * 500_000])
def test_nonsense_is_not_understood(app, text):
    assert understood(text) is None


def test_a_text_no_person_types_is_not_taken(app, folder):
    opened(app, folder)
    row = saved(app, folder, "000.png", "x" * 30_000)
    assert not row["ok"] and (folder / "000.caption").read_bytes() == b"a, b\r\n"


def test_a_text_that_was_too_long_once_is_saved_when_it_is_shortened(app, folder):
    opened(app, folder)
    row = saved(app, folder, "000.png", "x" * 30_000)
    assert "20,000" in row["said"]
    assert saved(app, folder, "000.png", "short", row["base"])["said"] == "saved"
    assert (folder / "000.caption").read_bytes() == b"short\n"


def test_the_page_sends_no_more_of_a_text_than_tells_that_it_is_too_long(app, folder):
    """A message of any length would not be understood, and never be answered."""
    assert f'data-longest="{LONGEST_TEXT}"' in opened(app, folder)[app.captions.parts["grid"]]
    script = (PROJECT / "ui" / "script" / "captions.js").read_text("utf-8")
    assert "slice(0, 1 + Number(area.closest('.rw-captions').dataset.longest))" in script


def test_the_demo_is_shown_and_not_changed(app):
    before = {path: path.read_bytes() for path in (PROJECT / "demo").rglob("*.caption")}
    updates = app.captions.open(data_of(app), "en")
    assert "readonly" in updates[app.captions.parts["grid"]]
    assert "the demo" in updates[app.captions.parts["summary"]].lower()
    session = app._window.captions.session
    for key in session.entries:
        assert not sent(app, do="save", key=key, text="x", base="none")[0]["saved"][0]["ok"]
    looked, _ = changed(app, kind="prefix", add="x")
    assert "No caption would change" in looked[app.captions.bulk.parts["plan"]]
    assert before == {path: path.read_bytes() for path in (PROJECT / "demo").rglob("*.caption")}


def test_an_extension_of_other_files_locks_the_fields(app, folder):
    updates = opened(app, folder, extension=".py")
    assert "readonly" in updates[app.captions.parts["grid"]]
    assert "not a caption file extension" in updates[app.captions.parts["summary"]]


def test_others_cannot_write_outside_the_workspace(tmp_path):
    folder = fill(tmp_path / "library", {"1_frog": 1})
    window = make_window(tmp_path, is_local=False)
    window.paths = Paths(PROJECT, window.workspace, (folder,), is_local=False)
    editor = CaptionEditor(window.workspace, window.may_write_caption)
    session = editor.open(
        DatasetConfig(train_data_dir=str(folder)), 75, lambda p: window.paths.confined(str(p))
    )
    assert editor.save(next(iter(session.entries)), "x", "none").status == "refused"
    assert [path.suffix for path in (folder / "1_frog").iterdir()] == [".png"]


def test_many_captions_are_changed_just_as_previewed_and_undone(app, folder):
    opened(app, folder)
    looked, done = changed(app, kind="prefix", add="sls frog")
    assert "2 of 3 captions would change" in looked[app.captions.bulk.parts["plan"]]
    assert "2 files changed" in done[app.captions.parts["note"]]
    assert (folder / "000.caption").read_bytes() == b"sls frog, a, b\n"
    _, updates = sent(app, do="undo")
    assert "Undone: Add in front" in updates[app.captions.parts["note"]]
    assert (folder / "000.caption").read_bytes() == b"a, b\r\n"


def test_undo_is_there_after_a_restart(app, window, folder):
    opened(app, folder)
    changed(app, kind="remove", tag="b")
    window.captions = CaptionEditor(window.workspace, window.may_write_caption)
    updates = opened(app, folder)
    assert "Undo: Remove a tag: b" in updates[app.captions.parts["undo"]]
    sent(app, do="undo")
    assert (folder / "000.caption").read_bytes() == b"a, b\r\n"


def test_a_preview_is_applied_once_and_changes_only_what_the_filter_shows(app, folder):
    opened(app, folder)
    bulk, card = app.captions.bulk, app.captions
    data = bulk_data(app, kind="suffix", add="x") | {card.parts["find"]: "a, b"}
    looked = bulk.preview(data, "en", card._entries)
    data |= {bulk.parts["name"]: looked[bulk.parts["name"]]}
    bulk.apply(data, "en", card._after_many)
    again = bulk.apply(data, "en", card._after_many)
    assert "out of date" in again[bulk.parts["plan"]]
    assert (folder / "000.caption").read_bytes() == b"a, b, x\n"
    assert b", x" not in (folder / "001.caption").read_bytes()


def test_a_preview_marks_what_changes(app, folder):
    opened(app, folder)
    looked, _ = changed(app, kind="replace", find="b", **{"with": "c"})
    plan = looked[app.captions.bulk.parts["plan"]]
    assert "<del>b</del>" in plan and "<ins>c</ins>" in plan


def test_an_edit_without_words_asks_for_them(app, folder):
    opened(app, folder)
    looked, _ = changed(app, kind="prefix", add=" ")
    assert "first" in looked[app.captions.bulk.parts["plan"]]


def test_a_tag_filters_and_offers_to_change_it(app, folder):
    opened(app, folder)
    _, updates = sent(app, do="tag", value="b")
    assert updates[app.captions.parts["grid"]].count("<textarea") == 1
    _, updates = sent(app, do="tag-rename", value="b")
    assert updates[app.captions.bulk.parts["tag"]]["value"] == "b"
    assert updates[app.captions.bulk.parts["kind"]] == "rename"


def test_small_images_come_for_known_keys_alone(app, folder):
    opened(app, folder)
    keys = [*app._window.captions.session.entries, "../x", "y"]
    *_, last = app.captions.images(json.dumps(keys))
    assert sorted(json.loads(last)["images"]) == sorted(keys[:3])


def test_what_is_laid_out_is_there_again_after_a_reload_in_the_pages_language(app, folder):
    assert app.captions.show("ja")[app.captions.parts["grid"]] == ""
    opened(app, folder)
    shown = app.captions.show("ja")
    assert "トークン" in shown[app.captions.parts["grid"]]


def test_pages_of_a_large_set_hold_24(app, window):
    parent = window.workspace / "many"
    for n in range(30):
        path = parent / "1_a" / f"{n:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    html = app.captions.open(data_of(app, train_dir=str(parent)), "en")[app.captions.parts["grid"]]
    assert html.count("<textarea") == 24 and "1–24 of 30" in html
    _, updates = sent(app, do="page", value="1")
    assert updates[app.captions.parts["grid"]].count("<textarea") == 6
    _, updates = sent(app, do="page", value="99999999999")
    assert "25–30 of 30" in updates[app.captions.parts["grid"]]


def test_the_demos_own_captions_are_not_written(window):
    with pytest.raises(UserError) as caught:
        window.may_write_caption(PROJECT / "demo" / "images" / "a.caption")
    assert caught.value.problems[0].code == "W-CAP-DEMO"
