"""The preview's health, buckets page by page, what is never trained, and the buttons in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.control import RunControl
from tests.data.images import draw
from tests.ui.fake import FakeRun, demo_raw
from ui.dataset.image_acts import key_of


def lively(seed, size=(64, 64)):
    colours = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "train" / "1_sls frog"
    made.mkdir(parents=True)
    return made


def values(app, folder, **options):
    sizes = {"dataset.resolution": "64", "dataset.min_bucket_reso": 64, "dataset.max_bucket_reso": 256}
    return {**demo_raw(app), **sizes, "dataset.train_data_dir": str(folder.parent),
            "dataset.reg_data_dir": "", **options}  # fmt: skip


def looked(app, raw, lang="en"):
    *_, last = app.preview.look(raw, lang)
    return last[app.preview.parts["html"]], last[app.preview.parts["fields"]]


def asking(do, on):
    """What a button of the preview sends."""
    return json.dumps({"do": do, "on": on})


def finding(html, title):
    return next(part for part in html.split("<details")[1:] if f"<span>{title}</span>" in part)


def test_each_finding_shows_its_images_why_and_the_cure(app, folder):
    lively(0).save(folder / "a.png")
    lively(0).save(folder / "b.png")
    lively(1, (32, 32)).save(folder / "c.png")
    html, _ = looked(app, values(app, folder))
    twins = finding(html, "Duplicates")
    assert "a.png" in twins and "b.png" in twins and "c.png" not in twins and "trained more often" in twins
    assert "enlarged 2.0 ×" in finding(html, "Small images")
    assert "W-IMG" not in html and "is enlarged 2.0 times" not in html  # told once
    japanese, _ = looked(app, values(app, folder), "ja")
    assert "重複した画像" in japanese and "2.0倍に拡大" in japanese


def test_a_healthy_data_set_is_praised_in_one_sentence(app, folder):
    for n in range(3):
        lively(n).save(folder / f"{n}.png")
        (folder / f"{n}.caption").write_text("sls frog")
    html, _ = looked(app, values(app, folder))
    assert "3 images checked: sharp, large enough, no duplicates." in html and "rw-finding" not in html


def test_one_button_stops_small_images_from_being_enlarged(app, folder):
    lively(1, (128, 128)).save(folder / "a.png")
    lively(2, (64, 64)).save(folder / "b.png")
    raw = values(app, folder, **{"dataset.resolution": "128"})
    html, _ = looked(app, raw)
    assert 'data-preview-do="set" data-preview-on="small"' in html
    updates = list(app.preview.act(asking("set", "small"), raw, "en"))
    option = app.form.components["dataset.bucket_no_upscale"]
    assert next(u[option] for u in updates if option in u)["value"] is True
    assert app._window.draft.values["dataset.bucket_no_upscale"] is True
    assert "Small images" not in updates[-1][app.preview.parts["html"]]


def test_large_buckets_come_page_by_page(app, folder):
    for n in range(130):
        draw(folder / f"{n:03}.png", colour=(n, 9, 9))
    raw = values(app, folder)
    _, fields = looked(app, raw)
    assert fields.count("<figure") == 24 and "Show 48 more of 106" in fields
    (last,) = app.preview.act(asking("more", "0"), raw, "en")
    assert last[app.preview.parts["fields"]].count("<figure") == 72
    again = app.preview.show(raw, "ja")[app.preview.parts["fields"]]
    assert again.count("<figure") == 72 and "残り58枚のうち48枚を表示" in again
    sent = [
        asking(*parts)
        for parts in (("more", "99"), ("more", "x"), ("more", "²"), ("more", "9" * 5000), ("set", "nothing"))
    ]
    for nonsense in (*sent, "more:0", "", None):
        list(app.preview.act(nonsense, raw, "en"))
    assert app.preview.show(raw, "en")[app.preview.parts["fields"]].count("<figure") == 72


def test_every_image_of_a_page_is_fetched_only_when_it_is_seen(app, folder):
    lively(0).save(folder / "a.png")
    html = "".join(looked(app, values(app, folder)))
    assert html.count("<img ") == html.count('loading="lazy"') > 0


def test_images_that_the_run_never_reaches_are_named_with_a_button(app, folder):
    for n in range(6):
        lively(n).save(folder / f"{n}.png")
    raw = values(
        app, folder, **{"dataset.train_batch_size": 2, "train.max_train_steps": 2, "train.seed": "1"}
    )
    html, _ = looked(app, raw)
    assert "2 training images are never trained: the run ends after 2 steps, an epoch takes 3." in html
    assert len(re.findall(r"sls frog/\d\.png", html.split("They are:")[1].split("</p>")[0])) == 2
    steps = app.form.components["train.max_train_steps"]
    updates = list(app.preview.act(asking("set", "steps"), raw, "en"))
    assert updates[0][steps]["value"] == "3"
    assert "never trained" not in updates[-1][app.preview.parts["html"]]


def test_batches_that_stay_partly_empty_are_told_with_a_batch_size_that_fills_them(app, folder):
    for n in range(3):
        lively(n).save(folder / f"{n}.png")
    raw = values(app, folder, **{"dataset.train_batch_size": 4, "train.max_train_steps": 9})
    html, _ = looked(app, raw)
    assert "25% of their places" in html and "64 × 64: 3 of 4 in the last batch" in html
    batch = app.form.components["dataset.train_batch_size"]
    assert next(app.preview.act(asking("set", "batch"), raw, "en"))[batch]["value"] == "3"


def test_what_a_loss_mask_leaves_out_is_tinted(app, folder, tmp_path):
    Image.new("RGB", (64, 64), (0, 200, 0)).save(folder / "a.png")
    mask = Image.new("L", (64, 64), 255)
    mask.paste(0, (0, 0, 32, 64))
    (tmp_path / "masks").mkdir()
    mask.save(tmp_path / "masks" / "a.png")
    raw = values(
        app, folder, **{"dataset.conditioning_data_dir": str(tmp_path / "masks"), "train.masked_loss": True}
    )
    _, fields = looked(app, raw)
    assert "tinted pink" in fields
    file = app._window.cache / re.search(r'src="images/([^"]+)"', fields)[1]
    seen = np.asarray(Image.open(file).convert("RGB")).astype(int)
    assert seen[32, 10, 0] > 100 and seen[32, 50, 0] < 40  # red of the tint on the left only


@pytest.fixture
def unbalanced(app, folder, tmp_path):
    for n in range(4):
        lively(n).save(folder / f"{n}.png")
    folder.rename(folder.with_name("10_sls frog"))
    reg = tmp_path / "reg" / "1_frog"
    reg.mkdir(parents=True)
    for n in range(4, 6):
        lively(n).save(reg / f"{n}.png")
    return {**values(app, folder), "dataset.reg_data_dir": str(reg.parent)}


def names(raw):
    return sorted(path.name for path in Path(raw["dataset.reg_data_dir"]).iterdir())


def test_the_renaming_is_shown_before_and_taken_back_with_the_acts_on_images_before_it(app, unbalanced):
    html, _ = looked(app, unbalanced)
    assert "reg/1_frog</span> → <b>20_frog</b>" in html and names(unbalanced) == ["1_frog"]
    reg = Path(unbalanced["dataset.reg_data_dir"])
    sent = {"do": "exclude", "keys": [key_of(reg / "1_frog" / "4.png")]}
    list(app.preview.act(json.dumps(sent), unbalanced, "en"))
    list(app.preview.balance(unbalanced, "en"))
    assert names(unbalanced) == ["40_frog"]  # 40 samples over the one image that is left
    for number in ("2", "1"):
        list(app.preview.act(json.dumps({"do": "undo", "on": number}), unbalanced, "en"))
    assert names(unbalanced) == ["1_frog"]
    assert sorted(path.name for path in (reg / "1_frog").iterdir()) == ["4.png", "5.png"]


def test_several_regularization_folders_are_balanced_together(app, unbalanced, tmp_path):
    (tmp_path / "reg" / "1_toad").mkdir()
    for n in range(6, 11):
        lively(n).save(tmp_path / "reg" / "1_toad" / f"{n}.png")
    looked(app, unbalanced)
    button = app.preview.show(unbalanced, "en")[app.preview.parts["balance"]]
    assert button["value"] == "Balance: rename 2 folders"
    list(app.preview.balance(unbalanced, "en"))
    assert names(unbalanced) == ["10_frog", "4_toad"]  # 20 samples each, over 2 and 5 images


def test_nothing_is_renamed_while_a_training_runs(app, unbalanced, tmp_path):
    looked(app, unbalanced)
    run = FakeRun.__new__(FakeRun)
    run.status, run.control = "running", RunControl()
    app._window.runner.current = run
    (last,) = app.preview.balance(unbalanced, "en")
    assert "A run is in progress" in last[app.preview.parts["html"]] and names(unbalanced) == ["1_frog"]
