"""The Model tab: what a chosen file is, and what it does not go with."""

from __future__ import annotations

import json

import pytest

from core import families
from core.models.hub import locate
from tests.headers import write_header
from tests.hub import COMMIT, serving, use
from tests.tiny import make_tiny_folder
from tests.toy_family import SPEC as TOY
from tests.toy_family import make_toy
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.parts.options import OPTIONS
from ui.settings.identity import identity_html, model_html
from ui.settings.search import search_html
from ui.settings.visibility import hidden_style

UNET = {"model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3], "first_stage_model.x": [1]}
SD1 = UNET | {"cond_stage_model.transformer.x": [1], "model.diffusion_model.big": [400_000_000]}
SD2 = UNET | {"cond_stage_model.model.x": [1], "model.diffusion_model.big": [400_000_000]}
VAE = {"encoder.down.0.x": [1], "decoder.conv_in.weight": [512, 4, 3, 3]}


@pytest.fixture
def header(tmp_path):
    """Writes a .safetensors file of these shapes that has no bytes on the disk for its numbers."""

    def write(name, tensors, **metadata):
        return write_header(tmp_path / f"{name}.safetensors", tensors, **metadata)

    return write


@pytest.fixture
def told(app):
    """What is said of a file chosen as the base model or the VAE."""

    def say(path, name="base", lang="en", **more):
        raw = {**demo_raw(app), "dataset.resolution": "512", **more, f"model.{name}": str(path)}
        return identity_html(app._window.paths, name, raw, lang)

    return say


def test_family_precision_and_prediction_are_shown_at_once(told, header):
    html = told(header("a", SD1))
    for part in ("Whole", "Stable Diffusion 1", "epsilon (noise)", "fp16", "400 M", "763 MiB", "single file"):
        assert part in html, part
    assert "is-warn" not in html and "is-bad" not in html


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"lora_unet_x.lora_down.weight": [8, 320], "lora_unet_x.alpha": []}, "is a LoRA"),
        (VAE, "is a VAE"),
        ({"model.diffusion_model.joint_blocks.0.x": [1]}, "SD3"),
        ({"control_model.x": [1]}, "ControlNet"),
    ],
)
def test_what_is_no_base_model_is_named_with_its_right_place(told, header, tensors, said):
    html = told(header("a", tensors))
    assert said in html and "is-bad" in html


def test_a_lora_and_a_whole_foreign_model_are_no_vae(told, header):
    assert "is a LoRA" in told(header("a", {"lora_unet_x.lora_down.weight": [8, 320]}), "vae")
    xl = header("xl", {"conditioner.embedders.1.x": [1], "model.diffusion_model.x": [1]})
    assert "is a VAE of SDXL" in told(xl, "vae")
    assert "is-bad" not in told(header("b", SD2), "vae")  # SD1 and SD2 share one VAE
    assert "is-bad" not in told(xl, "vae", **{"model.family": "sdxl"})


def test_a_vae_of_another_family_is_told_from_its_header(told, header):
    assert "is-bad" not in told(header("a", VAE), "vae")
    assert "SD3 / Flux" in told(header("b", VAE | {"decoder.conv_in.weight": [512, 16, 3, 3]}), "vae")
    architecture = {"modelspec.architecture": "stable-diffusion-xl-v1-base/vae"}
    assert "is a VAE of SDXL" in told(header("c", VAE, **architecture), "vae")


def test_a_vae_folder_tells_its_family_by_its_scale(told, header, tmp_path):
    folder = tmp_path / "vae"
    folder.mkdir()
    header("x", {"decoder.conv_in.weight": [512, 4, 3, 3]}).rename(
        folder / "diffusion_pytorch_model.safetensors"
    )
    for scale, is_foreign in ((0.18215, False), (0.13025, True)):
        config = {"_class_name": "AutoencoderKL", "scaling_factor": scale}
        (folder / "config.json").write_text(json.dumps(config))
        assert ("is a VAE of SDXL" in told(folder, "vae")) == is_foreign


def test_a_v_prediction_model_at_512_is_warned_of(told, header):
    path = header("v", SD2, **{"modelspec.prediction_type": "v"})
    html = told(path)
    assert "768-v" in html and "v-prediction model trained at 768 x 768" in html and "is-warn" in html
    assert "is-warn" not in told(path, **{"dataset.resolution": "768"})
    assert "解像度を768に" in told(path, lang="ja")


@pytest.mark.parametrize(
    ("resolution", "said"), [("1024", "repeat"), ("256", "suffers"), ("768", ""), ("x", "")]
)
def test_a_resolution_far_from_the_models_own_is_warned_of(told, header, resolution, said):
    html = told(header("a", SD1), **{"dataset.resolution": resolution})
    assert said in html if said else "is-warn" not in html


def test_the_demos_tiny_model_is_not_warned_of(app):
    html = identity_html(app._window.paths, "base", demo_raw(app), "en")
    assert "is-warn" not in html and "is-bad" not in html


def test_a_family_or_prediction_set_against_the_file_is_named(told, header):
    path = header("a", SD1)
    assert "not of SD2" in told(path, **{"model.family": "sd2"})
    v = header("v", SD2, **{"modelspec.prediction_type": "v"})
    assert "was trained to predict v" in told(v, **{"model.prediction": "epsilon"})


def test_of_an_id_on_the_hub_it_is_said_that_it_will_be_fetched_and_then_what_it_is(
    told, tmp_path, monkeypatch
):
    model = make_tiny_folder(tmp_path / "model")
    with serving({"someone/some-model": model}) as hub:
        use(monkeypatch, hub.url, tmp_path / "cache")
        html = told("someone/some-model")
        assert "Hugging Face Hub when the run starts" in html and "is-bad" not in html
        assert hub.asked == []
        locate("someone/some-model")
    html = told("someone/some-model")
    assert "Stable Diffusion 1" in html and "someone/some-model" in html and COMMIT not in html


def test_of_a_name_that_guides_still_give_the_new_one_is_told_before_a_run(told):
    html = told("runwayml/stable-diffusion-v1-5")
    assert "stable-diffusion-v1-5/stable-diffusion-v1-5" in html and "Hub when the run starts" not in html


def test_models_of_the_hub_are_offered_after_those_that_are_here(app):
    paths = app._window.paths
    here, first = paths.find().models, "stable-diffusion-v1-5/stable-diffusion-v1-5"
    values = [value for value, _ in paths.offered(OPTIONS["model.base"], paths.find())]
    assert "demo/base.safetensors" in here and tuple(values[: len(here)]) == here
    assert values[len(here)] == first
    assert "stabilityai/sd-vae-ft-mse" in dict(paths.offered(OPTIONS["model.vae"], paths.find()))


def test_format_and_precision_are_plain_to_see_on_the_model_tab(app):
    raw = {**demo_raw(app), "save.save_precision": "fp16", "save.save_model_as": "ckpt"}
    html = model_html(app._window.paths, "result", raw, "en")
    assert "ckpt" in html and "fp16" in html and 'data-goto="opt-save-save-precision"' in html


def test_they_are_told_anew_with_the_language_and_after_a_preset(app):
    for lang in ("en", "ja"):
        updates = app.told(demo_raw(app), lang, "basic")
        assert all(updates[app.model[name]] for name in ("base", "vae", "result"))


FAULTS = [TypeError("x"), AttributeError("x"), RecursionError(), MemoryError(), OSError(36, "name too long")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("name", ["base", "vae"])
def test_whatever_goes_wrong_in_looking_at_a_file_is_a_sentence_at_its_place(
    told, header, monkeypatch, fault, name
):
    def fails(*_):
        raise fault

    monkeypatch.setattr("ui.settings.identity.precheck.of_base", fails)
    monkeypatch.setattr("ui.settings.identity.precheck.of_vae", fails)
    html = told(header("a", SD1), name)
    assert "is-bad" in html and "a.safetensors can" in html and "be read" in html


@pytest.mark.parametrize("text", ["x" * 300, "a" * 5000, "\0", "a/" * 200, "con", "?", "~nobody/x"])
def test_a_path_of_any_kind_typed_on_the_model_tab_gets_a_sentence(app, text):
    page = Session(app)
    for key in ("model.base", "model.vae"):
        page.put(app.form.components[key], text)
    page.do(app.form.components["model.base"], "input")
    for name in ("base", "vae"):
        assert "rw-" in page.shown[app.model[name]]


@pytest.mark.parametrize("channels", [9, 8, 5, 7])
def test_a_model_of_another_variant_typed_on_the_model_tab_is_told_and_the_page_goes_on(
    app, header, channels, window
):
    page = Session(app)
    first = {"model.diffusion_model.input_blocks.0.0.weight": [320, channels, 3, 3]}
    path = header("inpaint", SD1 | first)
    page.put(app.form.components["model.base"], str(path))
    page.do(app.form.components["model.base"], "input")
    assert "Choose a plain text-to-image model" in page.shown[app.model["base"]]
    said = page.do(app.run.parts["check"], "click")[app.run.parts["message"]]
    assert "Choose a plain text-to-image model" in said


def test_what_only_other_families_have_is_hidden_and_left_out(app, header, tmp_path, monkeypatch):
    monkeypatch.setitem(families._FAMILIES, "toy", TOY)
    raw = demo_raw(app) | {"model.clip_skip": "2", "network.rank": "8"}
    bases = {"sd1": header("a", SD1), "toy": make_toy(tmp_path / "toy.safetensors")}
    of = {name: raw | {"model.base": str(base)} for name, base in bases.items()}
    hidden = {name: hidden_style(app.form, one, "expert") for name, one in of.items()}
    assert "#opt-model-clip-skip" in hidden["toy"] and "#card-blocks" in hidden["toy"]
    assert "#opt-model-clip-skip" not in hidden["sd1"] and "#opt-network-rank" not in hidden["toy"]
    collected = {name: app.form.collect(one) for name, one in of.items()}
    assert collected["sd1"]["model.clip_skip"] == 2 and "model.clip_skip" not in collected["toy"]
    found = search_html(app.form, "clip_skip", of["toy"], "en")
    assert "Toy models do not have it." in found and 'data-goto="opt-model-base"' in found
