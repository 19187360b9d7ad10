"""Presets, run files opened and saved, and the Tools tab."""

from __future__ import annotations

import json

import pytest

from core.config.check import check
from core.errors import ConfigError
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.parts.options import OPTIONS
from ui.settings import datasets
from ui.settings.form import Form
from ui.settings.identity import identity_html
from ui.settings.recipe import shown_then
from ui.window import PROJECT
from ui.window.last_run import newest_unfinished
from ui.window.paths import Paths


@pytest.fixture
def bar(app):
    return app.bar


def said(bar, updates, part="said"):
    found = updates[bar.parts[part]]
    return found["value"] if isinstance(found, dict) else found


def test_a_preset_of_ones_own_is_saved_listed_and_applied(app, bar, window):
    raw = {**demo_raw(app), "network.rank": 32, "train.learning_rate": "3e-4"}
    updates = bar.keep(raw, "私の設定", "en")
    assert "Preset saved" in said(bar, updates)
    assert [p.name for p in (window.workspace / "presets").iterdir()] == ["私の設定.toml"]
    assert 'data-on="own/私の設定"' in said(bar, bar.listed("en"), "list")
    filled = bar.apply("own/私の設定", "en")
    assert filled[app.form.components["network.rank"]]["value"] == "32"
    assert filled[app.form.components["train.learning_rate"]]["value"] == "3e-4"
    assert app.form.components["model.base"] not in filled


def test_a_presets_reason_source_and_changes_are_shown_before_it_is_applied(app, bar):
    raw = {**demo_raw(app), "network.method": "lora", "train.learning_rate": "3e-4", "network.rank": 4}
    html = said(bar, bar.describe("shipped/sd15-character-lora-8gb", raw, "en"), "note")
    assert "Ten to thirty images" in html and "Source of the values" in html
    assert '<td class="is-text">Learning rate</td><td class="is-text">3e-4</td>' in html
    assert '<td class="is-text">1e-4</td>' in html and "Base model" not in html
    chosen = bar._presets.named("shipped/sd15-character-lora-8gb")
    applied = {**raw, **shown_then(app._window, app.form, chosen.values)}
    same = said(bar, bar.describe("shipped/sd15-character-lora-8gb", applied, "ja"), "note")
    assert "現在の設定と同じです" in same


def test_what_a_preset_of_a_newer_version_holds_beyond_is_listed_and_survives_a_save(app, bar, window):
    path = window.workspace / "presets" / "newer.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("format = 2\n[network]\nrank = 8\nsparkle = 3\n", encoding="utf-8")
    html = said(bar, bar.describe("own/newer", demo_raw(app), "en"), "note")
    assert "format 2" in html and "network.sparkle" in html
    bar.keep({**demo_raw(app), "network.rank": 32}, "newer", "en", asked="keep/newer")
    assert "sparkle = 3" in path.read_text() and "rank = 32" in path.read_text()


def test_a_preset_of_ones_own_is_renamed_and_deleted_at_the_second_click(app, bar, window):
    folder = window.workspace / "presets"
    bar.keep(demo_raw(app), "first", "en")
    assert "renamed" in said(bar, bar.rename("own/first", "second", "en"))
    assert [p.name for p in folder.iterdir()] == ["second.toml"]
    assert 'data-on="own/second"' in said(bar, bar.listed("en"), "list")
    bar.act("delete", "second", "", {}, "en")
    assert (folder / "second.toml").exists()
    bar.act("delete-sure", "second", "", {}, "en")
    assert list(folder.iterdir()) == []


def test_a_preset_is_overwritten_only_at_a_second_click_that_says_so(app, bar, window):
    page, parts, rank = Session(app), bar.parts, app.form.components["network.rank"]
    path = window.workspace / "presets" / "mine.toml"
    page.do(parts["own"], "click", {"act": "keep", "fields": {"text": "mine"}})
    first = path.read_text("utf-8")
    page.put(rank, 64)
    page.do(parts["own"], "click", {"act": "keep", "fields": {"text": "mine"}})
    assert "A preset mine exists" in page.shown[parts["said"]]
    assert "Replace “mine”" in page.shown[parts["said"]] and path.read_text("utf-8") == first
    page.do(parts["said"], "click", {"act": "cancel"})
    assert page.shown[parts["said"]] == "" and path.read_text("utf-8") == first
    page.do(parts["said"], "click", {"act": "replace", "on": "mine"})
    assert "rank = 64" in path.read_text("utf-8") and "Preset saved" in page.shown[parts["said"]]


def test_the_question_whether_to_delete_has_a_way_back(app, bar, window):
    page, parts = Session(app), bar.parts
    bar.keep(demo_raw(app), "mine", "en")
    page.do(parts["own"], "click", {"act": "delete", "on": "mine"})
    assert "Delete “mine”?" in page.shown[parts["own"]] and "Cancel" in page.shown[parts["own"]]
    page.do(parts["own"], "click", {"act": "cancel"})
    assert "Delete “mine”?" not in page.shown[parts["own"]]
    assert (window.workspace / "presets" / "mine.toml").exists()


@pytest.mark.parametrize("wanted", ["../x", "", "taken", "a/b"])
def test_a_rename_overwrites_nothing_and_leaves_the_folder_alone(app, bar, window, wanted):
    for name in ("mine", "taken"):
        bar.keep(demo_raw(app), name, "en")
    assert "is-bad" in said(bar, bar.rename("own/mine", wanted, "en"))
    assert len(list((window.workspace / "presets").iterdir())) == 2


def test_a_shipped_preset_is_neither_renamed_nor_deleted(app, bar, window):
    name = "shipped/dreambooth-least-memory"
    assert "is-warn" in said(bar, bar.rename(name, "x", "en"))
    assert "is-warn" in said(bar, bar.delete(name, name, "en"))
    assert (window.project / "presets" / "dreambooth-least-memory.toml").exists()


@pytest.mark.parametrize("name", ["../../x", "a/b", ".", "CON", "", "x" * 300, "..\\x", "a\0b", None])
def test_a_bad_preset_name_writes_nothing(app, bar, window, name):
    before = {path for path in window.workspace.parent.rglob("*") if path.is_file()}
    assert "is-bad" in said(bar, bar.keep(demo_raw(app), name, "en"))
    assert {path for path in window.workspace.parent.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["", None, "own/../../etc", "shipped/none", 5, ["x"]])
def test_a_preset_that_is_not_in_the_list_does_nothing(bar, name):
    updates = bar.apply(name, "en")
    assert "Choose a preset" in said(bar, updates, "note")
    assert not set(updates) & set(bar._form.components.values())


def test_a_preset_resets_what_it_does_not_name_but_keeps_the_subject(app, bar):
    name = "shipped/sd15-character-lora-8gb"
    filled = bar.apply(name, "en")
    components = app.form.components
    assert components["dataset.cache_latents"] in filled
    for key in (
        "train.seed",
        "model.base",
        "dataset.train_data_dir",
        "save.output_name",
        "sample.sample_prompts",
    ):
        assert components[key] not in filled


def test_the_saved_run_file_reads_back_to_the_same_run(app, bar):
    updates = bar.save(demo_raw(app), "ja")
    assert check(updates[bar.parts["text"]]).config == app.form.check(demo_raw(app), "en")[1].config


def test_a_form_with_a_fault_is_not_saved(app, bar):
    updates = bar.save({**demo_raw(app), "network.rank": 0}, "en")
    assert updates[bar.parts["text"]] == "" and "network.rank" in said(bar, updates)


def test_an_sd_scripts_file_fills_the_form(app, bar, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        'pretrained_model_name_or_path = "m.safetensors"\ntrain_data_dir = "t"\nresolution = "768,512"\n'
        'network_module = "networks.lora"\nnetwork_dim = 16\nuse_8bit_adam = true\n',
        encoding="utf-8",
    )
    filled = bar.open(str(path), "en")
    shown = {key: filled[c]["value"] for key, c in app.form.components.items() if c in filled}
    assert shown["network.rank"] == "16" and shown["dataset.resolution"] == "768,512"
    assert shown["optimizer.optimizer_type"] == "AdamW8bit" and shown["model.base"].endswith("m.safetensors")


def test_an_empty_field_in_a_json_empties_the_folder_and_the_prompts(app, bar, tmp_path):
    path = tmp_path / "empty.json"
    fields = {"LoRA_type": "Standard", "network_dim": 8, "reg_data_dir": "", "sample_prompts": ""}
    path.write_text(json.dumps(fields), encoding="utf-8")
    filled = bar.open(str(path), "en")
    shown = {key: filled[c]["value"] for key, c in app.form.components.items() if c in filled}
    assert shown["dataset.reg_data_dir"] is None and shown["sample.sample_prompts"] == ""
    assert "dataset.train_data_dir" not in shown


def test_a_json_of_kohya_ss_fills_the_form_with_a_report(app, bar, tmp_path):
    path = tmp_path / "kohya.json"
    path.write_text('{"max_resolution": "640,512", "train_batch_size": 3, "LoRA_type": "Standard"}', "utf-8")
    filled = bar.open(str(path), "en")
    shown = {key: filled[c]["value"] for key, c in app.form.components.items() if c in filled}
    assert shown["dataset.resolution"] == "640,512" and shown["dataset.train_batch_size"] == "3"
    assert "Settings opened" in said(bar, filled)


def test_a_pasted_command_fills_the_form_and_keeps_the_subject(app, bar):
    command = (PROJECT / "tests" / "guide" / "buckets-augmentation.txt").read_text(encoding="utf-8")
    filled = bar.take(command, "ja")
    shown = {key: filled[c]["value"] for key, c in app.form.components.items() if c in filled}
    assert shown["dataset.resolution"] == "768,512" and shown["train.learning_rate"] == "5e-6"
    assert not {"model.base", "dataset.train_data_dir", "save.output_dir"} & set(shown)
    assert "学習用データのディレクトリ" in said(bar, filled)
    assert "is-bad" in said(bar, bar.take("nothing of the kind", "en"))
    assert "Paste" in said(bar, bar.take("  ", "en"))


def test_a_lora_file_gives_the_settings_it_was_trained_with(app, bar, tmp_path):
    path = tmp_path / "frog.safetensors"
    record = {"ss_network_dim": "12", "ss_network_alpha": "6", "ss_learning_rate": "0.0002"}
    header = json.dumps({"__metadata__": record}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    filled = bar.open(str(path), "en")
    shown = {key: filled[c]["value"] for key, c in app.form.components.items() if c in filled}
    assert (shown["network.rank"], shown["network.alpha"]) == ("12", "6")
    assert shown["train.learning_rate"] == "2e-4" and "model.base" not in shown


def test_a_file_that_is_no_run_file_is_told_with_its_line(bar, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("[train]\nlearning_rat = 1\n", encoding="utf-8")
    assert "learning_rate" in said(bar, bar.open(str(path), "en"))
    path.write_bytes(b"\xff\xfe\x00bad")
    assert "is-bad" in said(bar, bar.open(str(path), "ja"))
    path.write_bytes(b"#" * 2_000_000)
    assert "too large" in said(bar, bar.open(str(path), "en"))


@pytest.mark.parametrize("name", ["frog.png", "frog.zip", "frog"])
def test_a_file_that_can_hold_no_settings_is_told_with_those_that_can(bar, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x89PNG\r\n")
    told = said(bar, bar.open(str(path), "en"))
    assert "is-bad" in told and f"{name} contains no settings" in told.replace("Frog", "frog")
    assert "設定ファイルではありません" in said(bar, bar.open(str(path), "ja"))


@pytest.mark.parametrize("uploaded", [None, "", ["x"], 5, "/none/x.toml"])
def test_an_upload_that_is_not_there_gets_a_sentence(bar, uploaded):
    assert "is-bad" in said(bar, bar.open(uploaded, "en"))


def test_an_image_can_be_sent_to_be_told_about(shared_app):
    assert shared_app.bar.parts["open"].file_types is None


def test_an_import_says_what_was_taken_in_green_and_what_was_not_apart(bar):
    told = said(bar, bar.take("train_network.py --v2 --network_dim=8 --lerning_rate=1", "en"))
    taken, _, rest = told.partition('<div class="rw-report">')
    left, _, read_as = rest.partition("<details")
    assert "is-good" in taken and "were taken" in taken
    assert "Not taken, or to be checked (1)" in left and "lerning_rate" in left and "v2 is read" not in left
    assert "Read as (3)" in read_as and "network_dim is read as" in read_as and "is-warn" not in read_as


def test_inspect_tells_what_a_file_is(app):
    html = app.inspect.inspect("demo/base.safetensors", "en")
    assert "Stable Diffusion 1.x" in html and "epsilon" in html
    assert "no such file" in app.inspect.inspect("demo/none.safetensors", "en")
    assert "not a file or folder" in app.inspect.inspect("http://example.com/x", "en")


@pytest.mark.parametrize("sent", ["", "  ", None, [], 0])
def test_an_empty_field_of_inspect_asks_for_a_file(app, sent):
    assert "Choose a file or folder" in app.inspect.inspect(sent, "en")
    assert "ファイルまたはフォルダーを選んで" in app.inspect.inspect(sent, "ja")


@pytest.mark.parametrize("sent", [["x"], {"a": 1}, 5, "\0", "x" * 5000, "a" * 300, "\ud800"])
def test_what_is_no_path_is_told_and_no_fault(app, sent):
    assert "is-bad" in app.inspect.inspect(sent, "en")
    assert "is-bad" in convert(app, source=sent)[-1]


def test_an_image_in_inspect_is_said_to_be_an_image(app, frogs):
    assert "image" in app.inspect.inspect(str(frogs / "frog 0.png"), "en")


def test_the_identity_of_the_base_model_is_shown(app):
    paths = app._window.paths
    assert "7.87 M" in identity_html(paths, "base", {"model.base": "demo/base.safetensors"}, "en")
    assert "is-bad" in identity_html(paths, "base", {"model.base": "gui.py"}, "en")


def convert(app, **fields):
    card = app.tools["convert"]
    data = {"source": "demo/base.safetensors", "save_as": "safetensors", "precision": "auto", "target": "x"}
    data |= fields
    updates = card.start({card.parts[name]: value for name, value in data.items()}, "en")
    return [update[card.parts["result"]] for update in updates]


def test_a_model_is_converted_below_the_workspace_and_never_over_another(app, window):
    assert "Saved" in convert(app, target="copy", precision="bf16")[-1]
    assert (window.workspace / "models" / "copy.safetensors").stat().st_size > 1_000_000
    assert "exists already" in convert(app, target="copy")[-1]


@pytest.mark.parametrize(
    ("name", "said"), [("../x", "file name"), ("", "Fill in"), ("a/b", "file name"), ("CON", "file name")]
)
def test_a_converted_model_has_a_plain_name(app, window, name, said):
    assert said in convert(app, target=name)[-1]
    assert not (window.workspace / "models").exists()


def test_there_is_no_unfinished_run_in_an_empty_folder(tmp_path):
    assert newest_unfinished(tmp_path) is None
    assert newest_unfinished(tmp_path / "none") is None
    broken = tmp_path / "step-00000010-state"
    broken.mkdir()
    (broken / "state.json").write_text('{"step": 10}', encoding="utf-8")
    assert newest_unfinished(tmp_path) is None


def test_an_options_name_stays_as_it_is_at_the_start_of_a_sentence(bar):
    command = "train_network.py --v2 --network_dim=8 --lerning_rate=1"
    en, ja = (said(bar, bar.take(command, lang)) for lang in ("en", "ja"))
    assert "<li>v2 is read as" in en and "<span>Not taken: no such option" in en
    assert "<li>v2は" in ja and "<li>network_dimは" in ja


def datasets_of(folder):
    return f"[[datasets]]\nresolution = 256\n[[datasets.subsets]]\nimage_dir = '{folder}'\nnum_repeats = 2\n"


def test_a_pasted_dataset_config_is_kept_as_a_file_and_named_and_nothing_else_changes(
    app, bar, window, frogs
):
    text = datasets_of(frogs)
    updates = bar.take(text, "ja")
    file = window.workspace / "dataset_configs" / "pasted.toml"
    assert file.read_text(encoding="utf-8") == text
    shown = {key: updates[c]["value"] for key, c in app.form.components.items() if c in updates}
    assert shown.pop("dataset.dataset_config").endswith("pasted.toml")
    assert set(shown) == {"dataset.train_data_dir", "dataset.reg_data_dir", "dataset.in_json"}
    assert not any(shown.values())
    assert "データセットの設定なので" in said(bar, updates) and "subset：1個" in said(bar, updates)


def test_an_opened_dataset_config_keeps_its_name_and_never_overwrites_another(bar, window, frogs, tmp_path):
    folder = window.workspace / "dataset_configs"
    file = tmp_path / "frogs.json"
    for repeats in (1, 1, 2):
        subset = {"image_dir": str(frogs), "num_repeats": repeats}
        file.write_text(json.dumps({"datasets": [{"subsets": [subset]}]}), encoding="utf-8")
        assert "is-good" in said(bar, bar.open(file, "en"))
    assert sorted(path.name for path in folder.iterdir()) == ["frogs-2.json", "frogs.json"]


def test_a_dataset_config_with_a_fault_is_not_kept_and_its_line_is_named(bar, window, frogs):
    told = said(bar, bar.take(datasets_of(frogs).replace("num_repeats", "num_repeat"), "en"))
    assert "line 5" in told and "num_repeats" in told
    assert list((window.workspace / "dataset_configs").iterdir()) == []


def test_where_others_reach_the_page_a_dataset_config_names_no_images_outside(tmp_path, frogs):
    paths = Paths(tmp_path, tmp_path / "workspace", is_local=False)
    with pytest.raises(ConfigError, match="outside the folders"):
        datasets.keep(paths, datasets_of(frogs), "x")
    inside = tmp_path / "workspace" / "frogs"
    inside.mkdir(parents=True)
    values, n = datasets.keep(paths, datasets_of(inside), "x")
    file = tmp_path / "workspace" / "dataset_configs" / "x.toml"
    assert n == 1 and values["dataset.dataset_config"] == str(file)
    file.write_text(datasets_of(frogs), encoding="utf-8")
    with pytest.raises(ConfigError, match="outside the folders"):
        Form(paths)._value(OPTIONS["dataset.dataset_config"], str(file))


@pytest.mark.parametrize("name", ["/etc/ssl/image.png", "../../elsewhere/image.png"])
def test_where_others_reach_the_page_metadata_names_no_images_outside(tmp_path, name):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    file = workspace / "meta.json"
    file.write_text(json.dumps({"frog": {"caption": "x"}, name: {"caption": "x"}}), encoding="utf-8")
    option = OPTIONS["dataset.in_json"]
    with pytest.raises(ConfigError, match="outside the folders"):
        Form(Paths(tmp_path / "program", workspace, is_local=False))._value(option, str(file))
    assert Form(Paths(tmp_path / "program", workspace))._value(option, str(file)) == str(file)
    file.write_text(json.dumps({"frog": {}, str(workspace / "a.png"): {}}), encoding="utf-8")
    assert Form(Paths(tmp_path / "program", workspace, is_local=False))._value(option, str(file)) == str(file)


@pytest.mark.parametrize(("asked", "part"), [("delete", "own"), ("keep", "said")])
def test_a_question_is_not_left_open_when_the_language_changes(app, bar, asked, part):
    page, parts = Session(app), bar.parts
    bar.keep(demo_raw(app), "mine", "en")
    page.do(parts["own"], "click", {"act": asked, "on": "mine", "fields": {"text": "mine"}})
    assert "“mine”" in page.shown[parts[part]]
    page.put(app.lang, "ja")
    page.do(app.lang, "input")
    assert "「mine」" not in page.shown[parts[part]]
