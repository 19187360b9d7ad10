"""The card of a file: what it was trained with, where it changes a model; a stranger's texts stay texts."""

import pytest
import torch

from core.adapters.methods import Adapted
from core.adapters.targets import ModuleKey
from core.families import FAMILIES
from core.formats import lora_file, tensors
from core.tools.weights import Layer
from tests.tiny import make_tiny, modules
from ui.tools.trained_html import training_html, weights_html

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def layer(part, block, norm, name="x", method="lora"):
    return Layer(name, part, block, method, 4, 1.0, norm)


def test_texts_of_a_file_can_not_become_html():
    told = {
        "ss_steps": EVIL,
        "ss_tag_frequency": '{"a": {"<b onclick=x>tag</b>": 3}}',
        "ss_dataset_dirs": '{"<i>dir</i>": {"n_repeats": 1}}',
        "modelspec.thumbnail": 'data:image/jpeg;base64,AA==" onload="alert(1)',
    }
    html = training_html(told, "en")
    assert "&lt;script&gt;" in html and "&lt;b onclick=x&gt;tag" in html and "&lt;i&gt;dir" in html
    assert not [tag for tag in ("<script", "<img", "<b onclick", "<i>dir") if tag in html]


def test_only_an_image_that_a_browser_merely_draws_is_shown():
    def shown(url):
        return "<img" in training_html({"ss_steps": "1", "modelspec.thumbnail": url}, "en")

    assert shown("data:image/png;base64,iVBORw0KGgo=")
    for url in ("http://example.com/a.png", "data:image/svg+xml;base64,AA==", "data:text/html;base64,AA=="):
        assert not shown(url)


def test_blocks_stand_as_numbers_pass_them_with_bars_of_their_share():
    layers = [
        layer("text_encoder", "encoder.layers.10", 1.0),
        layer("text_encoder", "encoder.layers.9", 1.0),
        *(layer("unet", block, norm) for block, norm in (("up_blocks.0", 3.0), ("mid_block", 2.0))),
        layer("unet", "up_blocks.0", 4.0, "y"),
        layer("unet", "down_blocks.1", 0.0),
    ]
    html = weights_html(layers, "en")
    blocks = ["encoder.layers.9", "encoder.layers.10", "down_blocks.1", "mid_block", "up_blocks.0"]
    places = [html.index(f'<summary><span class="rw-weight"><code>{block}<') for block in blocks]
    assert places == sorted(places)
    # up_blocks.0 is the largest: 3 and 4 together are 5; the others are shares of it.
    assert [html[place:].partition("width:")[2].partition("%")[0] for place in places] == [
        "20.0", "20.0", "0.0", "40.0", "100.0",
    ]  # fmt: skip


def test_methods_whose_change_depends_on_the_weight_are_said_to_need_the_base_model():
    html = weights_html([layer("unet", "mid_block", None, method="oft")], "en")
    assert "on the Model tab" in html and "rw-weight" not in html


def test_the_card_tells_of_the_weights_of_a_file_without_any_record(app, window):
    key = ModuleKey("unet", "mid_block.attentions.0.proj_in")
    made = {key: Adapted({"lora_down.weight": torch.ones(1, 4), "lora_up.weight": torch.ones(9, 1)}, 1.0, 1)}
    file = lora_file.to_file(made, FAMILIES["sd1"])
    path = tensors.save(window.workspace / "x.safetensors", file, {"ss_base_model_version": "sd_v1"})
    first, last = app.inspect.look(str(path), "en")
    assert "does not tell what it was trained with" in first and "Reading its weights" in first
    # A matrix of 4 x 9 ones has the norm 6.
    assert "mid_block" in last and ">6<" in last


def test_the_change_of_oft_is_told_on_the_base_model_of_the_form(app, window):
    base = make_tiny(window.workspace / "base.safetensors")
    key = ModuleKey("unet", "mid_block.attentions.0.proj_in")
    rows = torch.zeros(8, 2, 2)
    rows[:, 0, 1] = 0.5
    file = lora_file.to_file({key: Adapted({"oft_blocks": rows}, 2.0, 2)}, FAMILIES["sd1"])
    path = tensors.save(window.workspace / "x.safetensors", file, {"ss_base_model_version": "sd_v1"})
    *_, without = app.inspect.look(str(path), "en", "")
    *_, on_it = app.inspect.look(str(path), "en", str(base))
    assert "on the Model tab" in without and "on the Model tab" not in on_it
    # Q turns by 2 atan(0.5): each row moves by 2 sin(atan(0.5)) = 0.894 of its length.
    weight = modules()["unet"].get_submodule(key.path).weight.detach().norm().item()
    norm = float(
        on_it.partition('<span class="rw-weight"><code>mid_block')[2].partition("<b>")[2].partition("<")[0]
    )
    assert norm == pytest.approx(weight * 0.8944, rel=0.01)
