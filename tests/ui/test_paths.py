"""Which paths the page may name."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from core.errors import UserError
from ui.window.paths import Paths, file_name

HOSTILE = [
    "/etc", "/etc/passwd", "..", "../..", "workspace/../../x", "..\\..", "~", "~root", "//host/share",
    "\\\\host\\share",
    "C:x", "C:\\Windows", "x::$DATA", "/proc/self/environ", "file:///etc/passwd", "http://127.0.0.1/", "a\0b",
    "",
    "x" * 5000, "/dev/zero", "inside/../../secret", "link/secret", "nul", "workspace/CON", "\ud800",
]  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Paths]:
    here = tmp_path / "here"
    (here / "workspace" / "inside").mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "secret").write_text("x")
    os.symlink(secret, here / "workspace" / "link")
    return here, Paths(here, here / "workspace", (), is_local=False)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: repr(t[:20]))
def test_a_hostile_path_is_refused(places, text):
    _, paths = places
    for candidate in (text, f"workspace/{text}" if text.startswith("link") else text):
        with pytest.raises(UserError):
            paths.confined(candidate)


@pytest.mark.parametrize("text", ["", "a\0b", "//server/share", "https://x.net/y", "\ud800", "x" * 2000])
def test_what_is_no_path_of_this_computer_is_refused_on_ones_own_too(tmp_path, text):
    with pytest.raises(UserError) as caught:
        Paths(tmp_path, tmp_path, ()).confined(text)
    assert caught.value.problems[0].code == "E-PATH-STRANGE"


def test_a_thousand_random_strings_never_lead_outside(places):
    here, paths = places
    rng = random.Random(1)
    pieces = [
        "..",
        ".",
        "/",
        "\\",
        "workspace",
        "inside",
        "link",
        "secret",
        "~",
        "C:",
        "%2e%2e",
        "\0",
        "a",
        "//",
        " ",
    ]
    for _ in range(1000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 8)))
        try:
            found = paths.confined(text)
        except UserError:
            continue
        assert Path(os.path.realpath(found)).is_relative_to(here / "workspace"), text


def test_percent_signs_are_plain_letters(places):
    here, paths = places
    assert paths.confined("workspace/%2e%2e/x") == here / "workspace" / "%2e%2e" / "x"


def test_what_lies_in_a_root_may_be_named_in_both_ways(places):
    here, paths = places
    assert paths.confined("workspace/inside") == here / "workspace" / "inside"
    assert paths.confined(str(here / "workspace" / "new" / "x.safetensors")).name == "x.safetensors"


def test_on_ones_own_computer_any_local_path_may_be_typed(places, tmp_path):
    here, _ = places
    paths = Paths(here, here / "workspace")
    assert paths.confined(str(tmp_path / "anything")) == tmp_path / "anything"
    assert paths.confined("~/models") == Path.home() / "models"
    for text in ("\\\\host\\share", "//host/share", "http://x/y", "a\nb"):
        with pytest.raises(UserError):
            paths.confined(text)


def test_a_copied_windows_path_in_quotes_is_understood(places):
    here, _ = places
    assert Paths(here, here / "workspace").confined('"inside/x"') == here / "inside" / "x"


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "../x", "a/b", "a\\b", "CON", "nul.txt", "x" * 300, "a\nb", "a:b", "x."]
)
def test_a_bad_file_name_is_refused(name):
    with pytest.raises(UserError) as caught:
        file_name(name)
    assert caught.value.problems[0].code == "E-NAME"


def test_japanese_file_names_are_fine():
    assert file_name(" 私の設定 1 ") == "私の設定 1"


def test_the_lists_to_pick_from_hold_models_data_and_states(tmp_path):
    workspace = tmp_path / "workspace"
    (workspace / "train" / "20_sls frog").mkdir(parents=True)
    (workspace / "models").mkdir()
    (workspace / "models" / "a.safetensors").touch()
    (workspace / "diffusers").mkdir()
    (workspace / "diffusers" / "model_index.json").touch()
    (workspace / "diffusers" / "unet").mkdir()
    (workspace / "diffusers" / "unet" / "diffusion_pytorch_model.bin").touch()
    (workspace / "models" / "a_config" / "unet").mkdir(parents=True)
    (workspace / "models" / "a_config" / "model_index.json").touch()
    (workspace / "models" / "a_config" / "unet" / "config.json").touch()
    state = workspace / "output" / "step-00000010-state"
    state.mkdir(parents=True)
    (state / "state.json").touch()
    (state / "trainable.safetensors").touch()
    found = Paths(tmp_path, workspace).find()
    assert found.models == ("workspace/diffusers", "workspace/models/a.safetensors")
    assert found.data == ("workspace/train",)
    assert found.states == ("workspace/output/step-00000010-state",)


def test_others_write_only_below_the_workspace(places, tmp_path):
    here, _ = places
    (here / "library").mkdir()
    paths = Paths(here, here / "workspace", (here / "library",), is_local=False)
    assert paths.confined("library/x") == here / "library" / "x"
    assert paths.writable("workspace/x") == here / "workspace" / "x"
    with pytest.raises(UserError):
        paths.writable("library/x")
    assert Paths(here, here / "workspace").writable(str(tmp_path / "x")) == tmp_path / "x"
