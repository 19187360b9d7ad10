"""The Dataset tab: folders made by copying, words counted, the plan shown as the run will make it."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from pathlib import Path

import pytest

from core.data.intake.copy_history import Copies
from core.data.plan.plan import make
from core.data.undo import History
from tests.ui.fake import demo_raw
from ui.dataset.balance import balance_note
from ui.dataset.folders import BELONGINGS
from ui.dataset.identifiers import RARE, token_note
from ui.parts.markup import esc
from ui.window import PROJECT
from ui.window.arrivals import Coming
from ui.window.paths import Paths


def typed(app, **values):
    """The data of a request: the maker's fields over an empty form."""
    maker, form = app.maker, app.form
    fields = {"kind": "train", "sent": (), "source": "", "identifier": None, "class_": "", "repeats": 20}
    fields |= {"arrange": "keep", "files": None, "last": ""}
    data = {maker.parts[name]: value for name, value in (fields | values).items() if name in maker.parts}
    data |= {component: None for component in form.components.values()}
    data |= {app.lang: "en"}
    demo = demo_raw(app)
    data |= {form.components[key]: demo[key] for key in BELONGINGS}
    data[form.components["dataset.train_data_dir"]] = values.get("train_dir", "demo/train")
    return data


def html_of(app, updates):
    return updates[app.maker.parts["plan"]]


def test_the_plan_says_what_will_be_copied_where(app, frogs):
    updates = app.maker.look(typed(app, source=str(frogs), identifier="sls", class_="frog"), "en")
    html = html_of(app, updates)
    assert "These 4 files will be copied to" in html and "20_sls frog" in html  # three images and a caption
    assert updates[app.maker.parts["apply"]]["interactive"]


def test_copying_leaves_the_originals_and_undo_removes_just_the_copies(app, window, frogs):
    before = sorted(path.name for path in frogs.iterdir())
    updates = app.maker.copy(typed(app, source=str(frogs), identifier="sls", class_="frog"), "en")
    folder = window.workspace / "datasets" / "train" / "20_sls frog"
    assert sorted(path.name for path in folder.iterdir()) == before == sorted(p.name for p in frogs.iterdir())
    chosen = updates[app.form.components["dataset.train_data_dir"]]["value"]
    assert chosen == str(folder.parent)
    assert window.draft.values["dataset.train_data_dir"] == chosen
    (folder / "mine.png").write_bytes(b"kept")
    app.maker.undo(typed(app, last=updates[app.maker.parts["last"]]), "en")
    assert [path.name for path in folder.iterdir()] == ["mine.png"]


def test_copied_images_replace_those_that_a_file_names_and_undo_restores_it(app, window, frogs):
    lists = app.form.components["dataset.dataset_config"]
    data = typed(app, source=str(frogs), identifier="sls", class_="frog") | {lists: "/x/job.toml"}
    updates = app.maker.copy(data, "en")
    assert (
        updates[lists]["value"] == "" and "job.toml are no longer trained" in updates[app.maker.parts["done"]]
    )
    undone = app.maker.undo(typed(app, last=updates[app.maker.parts["last"]]) | {lists: ""}, "en")
    assert undone[lists]["value"] == "/x/job.toml"


def test_a_folder_that_is_not_there_and_one_without_images_are_told(app, tmp_path):
    said = [html_of(app, app.maker.look(typed(app, source=str(tmp_path / name)), "en")) for name in ("x", "")]
    assert "There is no such file or folder" in said[0] and "No images to copy there" in said[1]


def test_dropped_images_and_a_named_folder_are_taken_together(app, frogs, tmp_path):
    dropped = tmp_path / "dropped.png"
    shutil.copy(frogs / "frog 1.png", dropped)
    data = typed(app, sent=(str(dropped),), source=str(frogs), identifier="sls", class_="frog")
    assert "These 5 files" in html_of(app, app.maker.look(data, "en"))


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def arrived(app, path):
    """The key under which a file was sent."""
    coming = Coming(path.name, path.stat().st_size, "0")
    app._window.arrivals.append(coming, 0, path.read_bytes())
    return coming.key


def taken(app, **values):
    """What the page shows after files were sent or a path typed."""
    data = typed(app, **values)
    keys = [arrived(app, Path(path)) for path in values.get("sent", ())]
    for updates in app.maker.take(data | {app.maker.parts["files"]: json.dumps(keys)}, "en"):
        data |= {part: value for part, value in updates.items() if part is app.maker.parts["sent"]}
    return data, app.maker.settle(data, "en") | app.maker.look(data, "en")


def test_what_was_typed_while_files_were_looked_at_is_not_overwritten_by_their_answer(app, frogs):
    settled = app.maker.settle(typed(app, source=str(frogs)), "en")
    assert not {app.maker.parts[name] for name in ("plan", "token", "apply")} & settled.keys()


def test_a_zip_is_unpacked_and_copied_with_its_captions(app, window, frogs, tmp_path):
    image = (frogs / "frog 0.png").read_bytes()
    path = zipped(tmp_path / "a.zip", {"x/a.png": image, "x/a.txt": "green", "x/virus.exe": "MZ"})
    data, updates = taken(app, sent=(str(path),), identifier="sls", class_="frog")
    html = html_of(app, updates)
    assert "These 2 files will be copied to" in html and "1 file is not used" in html and "virus.exe" in html
    assert not updates[app.maker.parts["arrange"]]["visible"]
    app.maker.copy(data, "en")
    folder = window.workspace / "datasets" / "train" / "20_sls frog"
    assert (folder / "a.png").read_bytes() == image and (folder / "a.txt").read_text() == "green"


def test_folders_in_a_zip_are_kept_as_they_are_or_put_into_one(app, window, frogs, tmp_path):
    image = (frogs / "frog 0.png").read_bytes()
    names = ("set/train/20_sls frog/a.png", "set/reg/1_frog/a.png", "set/reg/1_frog/b.png")
    path = zipped(tmp_path / "a.zip", {name: image for name in names})
    _, updates = taken(app, source=str(path), identifier="cpc", class_="cat", arrange="new")
    assert "These 3 files" in html_of(app, updates) and "20_cpc cat" in html_of(app, updates)
    data, updates = taken(app, source=str(path))
    assert updates[app.maker.parts["arrange"]]["visible"] and not updates[app.maker.parts["name"]]["visible"]
    assert "train/20_sls frog <em>1 file<" in html_of(app, updates)
    assert "reg/1_frog <em>2 files<" in html_of(app, updates)
    filled = app.maker.copy(data, "en")
    datasets = window.workspace / "datasets"
    made = sorted(path.relative_to(datasets).as_posix() for path in datasets.rglob("*.png"))
    assert made == ["reg/1_frog/a.png", "reg/1_frog/b.png", "train/20_sls frog/a.png"]
    for name in ("train", "reg"):
        assert filled[app.form.components[f"dataset.{name}_data_dir"]]["value"] == str(datasets / name)


def test_a_zip_that_is_none_is_told_and_nothing_is_copied(app, frogs, tmp_path):
    (tmp_path / "a.zip").write_text("no zip")
    _, updates = taken(app, sent=(str(tmp_path / "a.zip"),), identifier="sls", class_="frog")
    assert "is not a ZIP file" in html_of(app, updates)
    assert not updates[app.maker.parts["apply"]]["interactive"]


def test_a_zip_is_unpacked_once_however_much_is_typed(app, window, frogs, tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": (frogs / "frog 0.png").read_bytes()})
    data, _ = taken(app, sent=(str(path),))
    folders = [*(window.cache / "unpacked").iterdir()]
    list(app.maker.unpack(data, "en"))
    assert [*(window.cache / "unpacked").iterdir()] == folders


def test_undo_is_there_after_a_restart_and_puts_the_form_back(app, window, frogs):
    app.maker.copy(typed(app, source=str(frogs), identifier="sls", class_="frog"), "en")
    window.copies = History(window.workspace / "copies.jsonl", Copies())  # as a new program finds it
    shown = app.relabel(demo_raw(app), "en", (), "basic")
    assert shown[app.maker.parts["undo"]]["visible"]
    assert "Undo removes the 4 files copied to" in shown[app.maker.parts["done"]]
    data = typed(app, last=shown[app.maker.parts["last"]])
    folder = window.workspace / "datasets" / "train"
    data[app.form.components["dataset.train_data_dir"]] = str(folder)
    updates = app.maker.undo(data, "en")
    assert not (folder / "20_sls frog").exists() and len([*frogs.iterdir()]) == 4
    assert updates[app.form.components["dataset.train_data_dir"]]["value"] == "demo/train"
    assert "Nothing to undo" in app.maker.undo(data, "en")[app.maker.parts["done"]]


def test_with_ones_own_images_the_demos_belongings_go_and_undo_brings_them_back(app, window, frogs):
    form = app.form.components
    updates = app.maker.copy(typed(app, source=str(frogs), identifier="shs", class_="big dog"), "en")
    keys = ("dataset.reg_data_dir", "sample.sample_prompts", "save.output_name")
    reg, prompts, name = (updates[form[key]]["value"] for key in keys)
    assert (reg, name) == ("", "shs_big_dog")
    assert prompts == "shs big dog --d 1\nshs big dog --d 2\nbig dog --d 1"
    assert "Your images replace the demo" in updates[app.maker.parts["done"]]
    assert window.draft.values["save.output_name"] == name
    data = typed(app, last=updates[app.maker.parts["last"]])
    data |= {form[key]: updates[form[key]]["value"] for key in keys}
    demo = app.form.shown(window.demo_values())
    undone = app.maker.undo(data, "en")
    assert all(undone[form[key]]["value"] == demo[key] for key in keys)


def test_what_one_has_set_oneself_stays_when_images_are_copied(app, window, frogs):
    window.draft.keep(
        {"sample.sample_prompts": "mine", "save.output_name": "mine", "dataset.reg_data_dir": ""}
    )
    updates = app.maker.copy(typed(app, source=str(frogs), identifier="shs", class_="dog"), "en")
    assert app.form.components["sample.sample_prompts"] not in updates
    assert app.form.components["save.output_name"] not in updates
    assert "Your images replace" not in updates[app.maker.parts["done"]]


def test_a_copy_that_was_edited_is_kept_on_undo_and_named(app, window, frogs):
    updates = app.maker.copy(typed(app, source=str(frogs), identifier="sls", class_="frog"), "en")
    folder = window.workspace / "datasets" / "train" / "20_sls frog"
    (folder / "frog 0.txt").write_text("edited caption")
    said = app.maker.undo(typed(app, last=updates[app.maker.parts["last"]]), "en")[app.maker.parts["done"]]
    assert "3 copies removed" in said and "1 copy was changed and kept: frog 0.txt" in said
    assert [path.name for path in folder.iterdir()] == ["frog 0.txt"]


def test_a_chosen_image_folder_gets_a_neighbour_and_no_folder_inside(app, frogs, tmp_path):
    shutil.copytree(frogs, tmp_path / "own" / "10_cpc cat")
    data = typed(
        app,
        source=str(frogs),
        identifier="sls",
        class_="frog",
        train_dir=str(tmp_path / "own" / "10_cpc cat"),
    )
    updates = app.maker.copy(data, "en")
    assert (tmp_path / "own" / "20_sls frog" / "frog 0.png").is_file()
    assert updates[app.form.components["dataset.train_data_dir"]]["value"] == str(tmp_path / "own")


def test_typing_with_a_thousand_files_stays_quick(app, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(1000):
        (folder / f"{n}.png").write_bytes(b"%d" % n)
        (folder / f"{n}.txt").write_bytes(b"%d" % n)
    data = typed(app, source=str(folder), identifier="sls", class_="frog")
    app.maker.copy(data, "en")  # so that every one of them has a twin to be compared with
    app.maker.look(data, "en")
    started = time.thread_time()
    html = html_of(app, app.maker.look(data, "en"))
    assert "<code>0.png</code> and 999 more are already in <code>20_sls frog</code>" in html
    assert (
        time.thread_time() - started < 0.4
    )  # 0.04 s of this machine; 2 s before names were looked up in a set


def test_a_regularization_folder_has_no_identifier(app, window, frogs):
    data = typed(app, kind="reg", source=str(frogs), identifier="sls", class_="frog", repeats=1)
    app.maker.copy(data, "en")
    assert (window.workspace / "datasets" / "reg" / "1_frog" / "frog 0.png").is_file()


def test_images_are_added_where_the_form_points_but_never_to_the_demo(app, window, frogs, tmp_path):
    data = typed(app, source=str(frogs), identifier="sls", class_="frog", train_dir=str(tmp_path / "own"))
    app.maker.copy(data, "en")
    assert (tmp_path / "own" / "20_sls frog").is_dir()
    assert sorted(path.name for path in (PROJECT / "demo" / "train").iterdir()) == ["20_sls frog"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": ""}, "Nothing to copy"),
        ({"class_": ""}, "Enter a class"),
        ({"identifier": " "}, "Enter an identifier"),
        ({"repeats": 0}, "must be a whole number from 1 to 100,000, not 0."),
        ({"repeats": 2.5}, "must be a whole number from 1 to 100,000, not 2.5."),
        ({"repeats": None}, "number of repeats must be a whole number from 1 to 100,000."),
        ({"repeats": ""}, "number of repeats must be a whole number from 1 to 100,000."),
        ({"repeats": "many"}, "must be a whole number from 1 to 100,000, not &#x27;many&#x27;."),
        ({"repeats": float("inf")}, "not inf."),
        ({"repeats": ["x"]}, "not [&#x27;x&#x27;]."),
        ({"identifier": "x" * 300}, "308 bytes long; the limit is 255"),
        ({"identifier": "s/s", "class_": ""}, "can&#x27;t contain /"),
        ({"identifier": "s/s", "source": ""}, "can&#x27;t contain /"),
        ({"class_": "../../frog"}, "can&#x27;t contain"),
        ({"class_": "fr<b>og"}, "can&#x27;t contain"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_copied(app, window, frogs, fields, said):
    data = typed(app, **({"source": str(frogs), "identifier": "sls", "class_": "frog"} | fields))
    updates = app.maker.look(data, "en")
    assert said in html_of(app, updates)
    assert not updates[app.maker.parts["apply"]]["interactive"]
    app.maker.copy(data, "en")
    assert not (window.workspace / "datasets").exists()


def test_others_than_the_owner_name_no_folder_outside(app, window, frogs):
    window.paths = Paths(PROJECT, window.workspace, (PROJECT / "demo",), is_local=False)
    html = html_of(app, app.maker.look(typed(app, source=str(frogs), identifier="sls", class_="frog"), "en"))
    assert "outside the folders" in html


def test_the_guides_rare_words_are_offered_and_good():
    assert len(RARE) == len(set(RARE)) == 19
    assert all("is-good" in token_note(word, "en") for word in RARE)


def test_the_words_tokens_are_told_while_it_is_typed(app):
    def told(word):
        return app.maker.look(typed(app, identifier=word, class_="frog"), "en")[app.maker.parts["token"]]

    # By CLIP's vocabulary: "sls" is token 33651, "zwxqkj" falls apart, "frog" is among the frequent ones.
    assert "sls is one token" in told("sls")
    assert "zwxqkj is 4 tokens" in told("zwxqkj")
    assert "frog is a common word" in told("frog")
    assert told("") == ""
    offered = app.page.relabel("en")[app.maker.parts["offer"]]["value"]
    assert all(f'data-identifier="{word}"' in offered for word in ("shs", "muk", "wny"))


def test_common_and_long_words_are_warned_of():
    assert "common word" in token_note("frog", "en") and "一般的な単語" in token_note("girl", "ja")
    assert "tokens" in token_note("zwxqkj", "en")
    assert token_note("  ", "en") == ""
    assert "<b>" not in token_note("<b>x</b>", "en")


def looked(app, raw, lang="en"):
    """The last thing the preview shows."""
    *_, last = app.preview.look(raw, lang)
    return last[app.preview.parts["html"]] + last[app.preview.parts["fields"]]


def test_the_preview_shows_the_plan_of_the_run(app):
    html = looked(app, demo_raw(app))
    for part in ("20_sls frog", "1_frog", "128 × 128", "192 × 64", "One epoch is 400 samples in 100 steps"):
        assert part in html
    assert html.count("<figure") == 58 + 3 and "sls_03.png" in html and "20% cropped" in html


def test_the_preview_is_the_runs_own_plan_image_by_image(app):
    raw = {**demo_raw(app), "train.seed": "3"}
    looked(app, raw)
    html = app.preview.show(raw, "en")[app.preview.parts["fields"]]
    config = app.form.check(raw, "en")[1].config
    trained = make(config.dataset, 3)
    assert html.count("<figure") == len(trained.images)
    for image in trained.images:
        bucket, size = image.fit.bucket, image.size
        assert f"{image.path.name} · {size.width}×{size.height} → {bucket.width}×{bucket.height}" in html
        assert esc(f"“{image.caption}” (") in html
    assert "“sls frog” (2 tokens)" in html and "“frog” (1 token)" in html


def test_surplus_regularization_images_are_named_before_training(app, frogs):
    train, reg = frogs.parent / "train", frogs.parent / "reg"
    shutil.copytree(frogs, train / "1_sls frog")
    for n in range(5):
        (reg / "1_frog").mkdir(parents=True, exist_ok=True)
        shutil.copy(frogs / "frog 0.png", reg / "1_frog" / f"plain {n}.png")
    raw = {**demo_raw(app), "dataset.train_data_dir": str(train), "dataset.reg_data_dir": str(reg)}
    html = looked(app, {**raw, "dataset.enable_bucket": True})
    assert "3 training samples &lt; 5 regularization samples: 2 stay unused" in html
    spare = [
        n for n in range(5) if f"plain {n}.png" in html.split("Not in the first epoch:")[1].split("<")[0]
    ]
    assert len(spare) == 2


def test_the_preview_is_there_again_in_another_language_without_a_new_look(app):
    raw = demo_raw(app)
    looked(app, raw)
    html = app.preview.show(raw, "ja")[app.preview.parts["html"]]
    assert "1エポックは400サンプル" in html


def test_the_preview_works_whatever_the_other_tabs_hold(app):
    raw = {**demo_raw(app), "model.base": "", "train.learning_rate": "nonsense", "train.seed": "x"}
    assert "20_sls frog" in looked(app, raw)
    assert app.form.part(raw, "dataset").config.dataset.train_batch_size == 4


def test_a_folder_without_count_is_told_in_plain_words(app, frogs):
    html = looked(app, {**demo_raw(app), "dataset.train_data_dir": str(frogs.parent)})
    assert "my frogs" in html and "Rename it" in html


def test_file_names_are_shown_as_text_only(app, frogs):
    parent = frogs.parent / "data"
    (parent / "2_sls frog").mkdir(parents=True)
    shutil.copy(frogs / "frog 0.png", parent / "2_sls frog" / "<img src=x onerror=alert(1)>.png")
    html = looked(app, {**demo_raw(app), "dataset.train_data_dir": str(parent), "dataset.reg_data_dir": None})
    assert "<img src=x" not in html and "&lt;img src=x" in html


def folder(is_reg, repeats, images):
    used = repeats * images
    return {
        "is_reg": is_reg, "repeats": repeats, "images": images, "used_per_epoch": used,
        "prompt": "frog", "path": "",
    }  # fmt: skip


def test_balance_follows_the_guides_formula():
    train = folder(False, 20, 10)
    assert "4 repeats would balance best" in balance_note([train, folder(True, 1, 48)], "en")
    assert "balanced" in balance_note([train, folder(True, 4, 48)], "en")
    assert "50 stay unused" in balance_note([train, folder(True, 5, 50)], "en")
    assert "正則化画像がありません" in balance_note([train], "ja")


def test_the_balance_button_gives_the_folder_its_repeats_and_touches_no_image(app, frogs):
    train, reg = frogs.parent / "train", frogs.parent / "reg"
    shutil.copytree(frogs, train / "10_sls frog")
    shutil.copytree(frogs, reg / "1_frog")
    raw = {**demo_raw(app), "dataset.train_data_dir": str(train), "dataset.reg_data_dir": str(reg)}
    looked(app, raw)
    assert app.preview.show(raw, "en")[app.preview.parts["balance"]]["value"] == "Balance: rename to 10_frog"
    *_, last = app.preview.balance(raw, "en")
    assert "balanced" in last[app.preview.parts["html"]]
    assert [path.name for path in reg.iterdir()] == ["10_frog"] and len([*(reg / "10_frog").iterdir()]) == 4
    assert not last[app.preview.parts["balance"]]["visible"]


def test_a_regularization_folder_that_is_chosen_itself_is_not_renamed(app, frogs):
    train, reg = frogs.parent / "train", frogs.parent / "reg" / "1_frog"
    shutil.copytree(frogs, train / "10_sls frog")
    shutil.copytree(frogs, reg)
    raw = {**demo_raw(app), "dataset.train_data_dir": str(train), "dataset.reg_data_dir": str(reg)}
    assert "1_frog" in looked(app, raw) and "itself is chosen" in looked(app, raw)
    assert not app.preview.show(raw, "en")[app.preview.parts["balance"]]["visible"]


def test_copies_in_a_folder_that_was_balanced_can_still_be_undone(app, window, frogs):
    made = [app.maker.copy(typed(app, source=str(frogs), identifier="sls", class_="frog", repeats=10), "en")]
    made.append(app.maker.copy(typed(app, kind="reg", source=str(frogs), class_="frog", repeats=1), "en"))
    datasets = window.workspace / "datasets"
    raw = {
        **demo_raw(app),
        "dataset.train_data_dir": str(datasets / "train"),
        "dataset.reg_data_dir": str(datasets / "reg"),
    }
    looked(app, raw)
    list(app.preview.balance(raw, "en"))
    assert (datasets / "reg" / "10_frog").is_dir()
    app.maker.undo(typed(app, last=made[1][app.maker.parts["last"]]), "en")
    assert not (datasets / "reg" / "10_frog").exists()


def test_the_demo_is_never_renamed(app):
    raw = demo_raw(app)
    looked(app, raw)
    assert not app.preview.show(raw, "en")[app.preview.parts["balance"]]["visible"]


def test_the_length_of_the_run_is_told_before_and_after_a_look(app):
    raw = {**demo_raw(app), "train.max_train_steps": 250, "train.gradient_accumulation_steps": 2}
    before = app.told(raw, "en", "basic")[app.schedule]
    assert "400 samples in about 50 steps; 250 steps are 5 epochs" in before
    looked(app, raw)
    assert "400 samples in 50 steps; 250 steps are 5 epochs" in app.told(raw, "en", "basic")[app.schedule]
    assert app.told({**raw, "dataset.train_data_dir": ""}, "en", "basic")[app.schedule] == ""
