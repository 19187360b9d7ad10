"""The layers that get an adapter, on the LoRA tab."""

import pytest

from tests.ui.fake import demo_raw
from ui.settings.layers import layers_html


@pytest.fixture
def told(shared_app):
    """What is told with these settings in place of the demo's."""
    raw = demo_raw(shared_app)
    return lambda lang="en", **changes: layers_html(
        shared_app.form, {**raw, **{name.replace("__", "."): value for name, value in changes.items()}}, lang
    )


def test_the_demo_has_204_layers_of_512_000_numbers(told):
    html = told()
    assert "<dd>204</dd>" in html and "<dd>512 k</dd>" in html and "<dd>2.0 MiB</dd>" in html
    assert "<dd>12</dd>" in html and "<dd>192</dd>" in html
    assert "学習する層" in told("ja")


def test_a_pattern_that_matches_nothing_is_said_and_is_no_html(told):
    html = told(network__exclude_patterns=".*attn1.*\n<b>x")
    assert "<dd>140</dd>" in html
    assert "&lt;b&gt;x matches no layer" in html and "<b>x" not in html
    assert 'data-goto="opt-network-exclude-patterns"' in html


def test_where_every_layer_is_left_out_that_is_said(told):
    html = told(network__exclude_patterns=".*")
    assert "nothing would be trained" in html and "Parameters</dt><dd>0<" in html


@pytest.mark.parametrize(
    "changes",
    [
        {"network__method": "none"},
        {"network__method": "embedding"},
        {"network__rank": "many"},
        {"network__exclude_patterns": "("},
    ],
)
def test_nothing_is_said_of_no_adapter_and_of_settings_that_do_not_hold(told, changes):
    assert told(**changes) == ""


def test_what_comfyui_makes_of_the_strength_of_oft_is_said_with_oft(told):
    assert "applies the strength of OFT twice" in told(network__method="oft") and "OFT" not in told()
