"""The card that generates images with a result: what it offers, what it refuses, and one go through it."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from PIL import Image

from core.errors import Message
from core.tools import try_it
from core.tools.kept_model import KEPT
from tests.ui.fake import demo_raw
from tests.ui.test_checkpoints import model
from tests.ui.test_checkpoints import run as run
from ui.tools.try_targets import BASE
from ui.window.tries import Tried, Tries

FIELDS = {"target": BASE, "prompt": "sls frog", "steps": "1", "resolution": "64", "seed": "5"}


@pytest.fixture
def shots(monkeypatch):
    """What would be generated; every image is a grey square."""
    asked = []

    def generate(wanted, settings, seed, work, place, made):
        asked.append((wanted, settings))
        for shot in wanted:
            for number in range(settings.count):
                path = place()
                Image.new("RGB", (64, 64), (120, 120, 120)).save(path)
                made(path, shot, seed + number)

    monkeypatch.setattr(try_it, "generate", generate)
    return asked


def tried(app, act="go", lang="en", **fields):
    """What the card shows at the end. fields: over those of an image by the base model."""
    card = app.tried
    event = {"act": act, "on": fields.pop("on", ""), "fields": {**FIELDS, **fields}}
    return list(card.start(event, lang))[-1][card.parts["result"]]


def checkpoint(app):
    return next(one.id for one in app.tried._targets() if one.path.name == "frog.safetensors")


def test_every_saved_model_is_offered_with_what_its_run_sampled_with(app, window, run):
    file = run.folder / "run.toml"
    file.write_text(f'{file.read_text()}[sample]\nsample_prompts = ["sls frog --n blurry --d 1 --l 3"]\n')
    html = app.tried.look("en")[app.tried.parts["form"]]
    told = [json.loads(unescape(text)) for text in re.findall(r'data-suggest="([^"]*)"', html)]
    assert told == [{"prompt": "sls frog", "negative": "blurry", "steps": "30", "scale": "3"}] * 3
    assert "step 15" in html
    assert "Base model of the settings: base.safetensors" in html


def test_images_stand_with_their_settings_the_newest_first(app, window, shots):
    tried(app, prompt="an older frog")
    html = tried(app, prompt="<b>", count="2", strength="0.5")
    assert html.index("&lt;b&gt;") < html.index("an older frog") and html.count("<figure") == 3
    assert "seed 5" in html and "seed 6" in html and 'href="results/tries/' in html


def test_a_lora_is_compared_with_the_base_model_and_over_its_strengths(app, window, run, shots):
    target = checkpoint(app)
    html = tried(app, "base", target=target, strength="0.8")
    assert "base model" in html and "strength 0.8" in html
    tried(app, "grid", target=target)
    assert [[shot.strength for shot in wanted] for wanted, _ in shots] == [
        [0.0, 0.8],
        [0.0, 0.25, 0.5, 0.75, 1.0],
    ]
    assert shots[1][0][0].source.lora.name == "frog.safetensors"


def test_a_whole_model_is_compared_with_the_one_it_was_trained_from(app, window, run, shots):
    file = run.folder / "run.toml"
    file.write_text(file.read_text().replace('method = "lora"', 'method = "none"'))
    tried(app, "base", target=checkpoint(app))
    bases = [shot.source.model.base.rsplit("/", 1)[-1] for shot in shots[0][0]]
    assert bases == ["base.safetensors", "frog.safetensors"]


def test_another_seed_repeats_the_settings_of_an_image(app, window, shots):
    tried(app, scale="3")
    (first,) = window.tries.last()
    tried(app, "seed", on=first.group)
    assert [settings.scale for _, settings in shots] == [3.0, 3.0]
    assert len({one.seed for one in window.tries.last()}) == 2


@pytest.mark.parametrize(
    "fields",
    [
        *({"target": name} for name in ("", "../x", "/etc/passwd", "base/../..")),
        *({"steps": value} for value in ("0", "many", "9" * 400)),
        *({"resolution": value} for value in ("65", "8", "wide")),
        *({"strength": value} for value in ("nan", "99", "strong")),
        *({"sampler": "magic"}, {"prompt": ""}, {"count": "1000"}, {"seed": "-1"}),
    ],
)
def test_what_can_not_be_generated_is_refused_in_words(app, shots, fields):
    assert "is-bad" in tried(app, **fields) and shots == []


@pytest.mark.parametrize("event", [None, 7, {}, {"act": "go"}, {"act": "go", "fields": {"prompt": [1]}}])
def test_whatever_a_page_sends_is_answered(app, shots, event):
    assert "is-bad" in list(app.tried.start(event, "ja"))[-1][app.tried.parts["result"]]


def test_nothing_is_generated_while_a_training_runs(app, window, shots):
    window.runner.start(app.form.check(demo_raw(app), "en")[0])
    assert "A run is in progress" in tried(app) and shots == []


def test_why_nothing_came_of_it_is_told(app, monkeypatch):
    def refuse(*given):
        raise try_it.UserError(Message("E-X", "no such model", "モデルがありません")())

    monkeypatch.setattr(try_it, "generate", refuse)
    assert "No such model" in tried(app)


def test_images_are_known_again_after_a_restart_and_damage_of_the_list_is_passed_over(tmp_path):
    tries = Tries(tmp_path)
    tries.folder.mkdir()
    for name in ("a.png", "b.png"):
        (tries.folder / name).write_bytes(b"x")
        tries.add(Tried(name, "1", "frog", 5, None, {"prompt": "frog"}))
    with (tries.folder / "tries.jsonl").open("a") as file:
        file.write('{"file": "../c.png"}\n[1]\n{"file": "b.')
    (tries.folder / "a.png").unlink()
    assert [one.file for one in Tries(tmp_path).last()] == ["b.png"]


@pytest.mark.browser
def test_a_result_is_tried_from_its_row_again_with_another_seed_and_at_all_strengths(at, stage, shots):
    stage.window.output.mkdir(parents=True, exist_ok=True)
    model(stage.window.output / "frog.safetensors")
    page = at()
    page.tab(4)
    page.page.locator("#runs-list .rw-removed summary").click()
    page.page.locator("#runs-list [data-try]").click()
    page.page.locator("#try-form [name=prompt]").fill("sls frog")
    page.page.locator("#try-form [data-act=go]").click()
    page.page.locator("#try-result img").wait_for()
    page.page.locator("#try-result [data-act=seed]").click()
    page.page.wait_for_function("document.querySelectorAll('.rw-tried').length === 2")
    page.page.locator("#try-form [name=prompt]").fill("")
    page.page.locator("#try-result [data-again]").first.click()
    assert page.page.locator("#try-form [name=prompt]").input_value() == "sls frog"
    page.reload()
    page.tab(4)
    page.page.locator("#try-result img").first.wait_for()  # the card that was looked at last
    assert KEPT._model is None
