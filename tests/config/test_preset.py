"""Presets hold only what they are about, and are kept inside their folder."""

import pytest

from core.config import preset, toml_io
from core.config.schema import RunConfig
from core.errors import ConfigError


def test_a_saved_preset_holds_only_what_differs_from_the_defaults(tmp_path):
    values = {**toml_io.values_of(RunConfig()), "network.rank": 16, "model.base": "m"}
    assert preset.load(preset.save(tmp_path, "mine", values)).values == {"network.rank": 16}


def test_a_preset_is_put_over_the_present_settings(tmp_path):
    path = preset.save(tmp_path, "mine", {"network.rank": 16})
    merged = preset.merge({"network.rank": 4, "train.seed": 1}, preset.load(path))
    assert merged == {"network.rank": 16, "train.seed": 1}


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "", "x" * 65, " x", "a\\b", "a\nb"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        preset.save(tmp_path / "presets", name, {"network.rank": 16})
    assert list(tmp_path.rglob("*.toml")) == []


def test_a_broken_preset_is_named_and_the_others_are_listed(tmp_path):
    preset.save(tmp_path, "good", {"network.rank": 16})
    (tmp_path / "bad.toml").write_text("format = 1\n[train]\nlearning_rat = 1\n")
    found, problems = preset.presets([tmp_path])
    assert [p.name for p in found] == ["good"]
    assert "bad.toml" in problems[0].text("en") and "learning_rate" in problems[0].text("en")


def test_a_title_in_two_languages_is_read(tmp_path):
    (tmp_path / "p.toml").write_text('[title]\nen = "A"\nja = "あ"\n[network]\nrank = 8\n', encoding="utf-8")
    assert preset.load(tmp_path / "p.toml").title == ("A", "あ")


@pytest.mark.parametrize("path", sorted(preset.SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_preset_loads_and_differs_from_the_defaults_in_every_key(path):
    defaults = toml_io.values_of(RunConfig())
    loaded = preset.load(path)
    assert loaded.values and all(value != defaults[key] for key, value in loaded.values.items())


@pytest.mark.parametrize("path", sorted(preset.SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_preset_has_title_and_note_in_both_languages(path):
    loaded = preset.load(path)
    assert loaded.title.en != loaded.title.ja and loaded.note.en != loaded.note.ja
