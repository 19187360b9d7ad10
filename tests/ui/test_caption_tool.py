"""The card that has images captioned: what it offers, what it refuses, and one way through it."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

from core.tools.caption_settings import SENTENCES, TAGS, CaptionSettings
from tests.captioners.stand_in import StandIn, by_colour, stand_in
from tests.ui.states import begun


@pytest.fixture
def model(monkeypatch, tmp_path):
    return stand_in(monkeypatch, tmp_path)


@pytest.fixture
def pond(tmp_path):
    """Twenty plain images, the first with a caption."""
    folder = tmp_path / "pond" / "20_sls frog"
    folder.mkdir(parents=True)
    for n in range(20):
        Image.new("RGB", (32, 24), (10 * n, 60, 90)).save(folder / f"{n:02}.png")
    (folder / "00.caption").write_text("mine", "utf-8")
    return folder


def shown(app, lang="en", act="go", **fields):
    """What the card shows at the end."""
    card = app.captioner
    return list(card.start({"act": act, "fields": fields}, lang))[-1][card.parts["result"]]


def texts(folder):
    return {path.stem: path.read_text("utf-8").strip() for path in folder.glob("*.caption")}


def test_every_setting_is_in_the_card_or_taken_from_the_window(app):
    html = app.captioner.look("en")[app.captioner.parts["form"]]
    own = {"caption_extension", "workspace"}
    assert {name for name in CaptionSettings.model_fields if f'name="{name}"' not in html} == own
    assert {*TAGS, *SENTENCES} <= set(CaptionSettings.model_fields)


def test_a_folder_is_captioned_with_the_extension_of_the_data_set(app, window, model, pond):
    window.draft.keep({"dataset.caption_extension": ".txt", "dataset.train_data_dir": str(pond.parent)})
    html = shown(app, model="other", other=str(model), first="sls frog", escape="yes")
    assert "20 images captioned" in html and 'data-act="undo"' in html
    assert (pond / "19.txt").read_text("utf-8").startswith("sls frog, red \\(colour\\)")
    assert window.captions.history.last.kind == "caption"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "The demo&#x27;s own captions stay"),
        ({"model": "other"}, "Name a model"),
        ({"source": "{pond}", "model": "other", "other": "/nowhere/at all"}, "no folder here and no name"),
        ({"source": "{pond}", "model": "other", "other": "{model}", "general": "many"}, "Threshold"),
        ({"source": "\x00"}, "rw-problems"),
        ({"source": 7, "model": ["x"], "existing": "<b>"}, "rw-problems"),
    ],
)
def test_what_cant_be_is_refused_in_a_sentence(app, model, pond, fields, said):
    places = {"{pond}": str(pond.parent), "{model}": str(model)}
    fields = {name: places.get(str(value), value) for name, value in fields.items()}
    html = shown(app, **fields)
    assert said in html and "<b>" not in html and texts(pond) == {"00": "mine"}


@pytest.mark.parametrize("event", [None, 7, [], {"fields": 5}, {"act": "undo", "on": {}}, {"act": "x"}])
def test_what_no_page_of_ours_sends_does_nothing(app, event):
    card = app.captioner
    list(card.start(event, "en"))
    assert "captions" not in str(card.act({"act": "go"}, "en")) and not card.job.is_busy
    card.act(event, "en")


def test_nothing_is_captioned_beside_a_training(app, window, model, pond):
    begun(window)
    assert "A run is in progress" in shown(app, source=str(pond.parent), model="other", other=str(model))
    assert texts(pond) == {"00": "mine"}


@pytest.mark.browser
def test_a_folder_is_captioned_stopped_gone_on_and_undone(at, stage, model, pond, monkeypatch):
    go_on, seen = threading.Event(), []

    def slowly(image):
        seen.append(image)
        if len(seen) == 6:
            assert go_on.wait(60)
        return by_colour(image)

    monkeypatch.setattr(StandIn, "says", staticmethod(slowly))
    stage.window.draft.keep({"dataset.train_data_dir": str(pond.parent)})
    page = at()
    page.page.locator("#captions-open").click()
    editor = page.page.locator("#captions-grid")
    editor.locator("textarea").first.wait_for()
    page.page.get_by_role(
        "link", name=at.words("Caption images automatically", "自動でキャプションを付ける")
    ).click()
    card = page.page.locator("#card-caption")
    card.locator("[name=model]").select_option("other")
    card.locator("[name=other]").fill(str(model))
    assert card.locator("[name=length]").is_visible() and card.locator("[name=general]").is_visible()
    card.locator("[name=first]").fill("sls frog")
    card.locator("summary").click()
    card.locator("[name=batch]").fill("1")
    card.locator("[data-act=go]").click()
    card.get_by_text(at.words("Captioning images 5/19", "キャプションを作成中 5/19")).wait_for()
    card.locator("[data-act=stop]").click()
    card.get_by_text(at.words("Stopping", "停止")).first.wait_for()
    go_on.set()
    card.locator("[data-act=undo]").wait_for()
    assert len(texts(pond)) == 7 and StandIn.open == 0
    card.locator("[data-act=go]").click()
    card.get_by_text(
        at.words("13 images captioned; 1 had", "13枚にキャプションを付けました、すでにあるもの1枚")
    ).wait_for()
    card.get_by_role("button", name=at.words("Open the caption editor", "キャプション編集を開く")).click()
    wanted = "sls frog, red (colour), dark background, ^_^"
    page.page.wait_for_function(
        "(text) => [...document.querySelectorAll('#captions-grid textarea')]"
        ".filter((field) => field.value === text).length > 5",
        arg=wanted,
    )
    undo = page.page.locator("#captions-undo [data-captions-do=undo]")
    assert at.words("Captioned by a model", "自動キャプション") in undo.inner_text()
    undo.click()
    page.page.wait_for_function(
        "[...document.querySelectorAll('#captions-grid textarea')].filter(f => f.value).length === 1"
    )
    assert texts(pond) == {"00": "mine"}
