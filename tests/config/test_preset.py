"""Presets hold only what they are about, and are kept inside their folder."""

import re
import tomllib

import pytest

from core.catalog import Words
from core.config import presets
from core.config.check import check
from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.errors import ConfigError
from core.forecast.architecture import of_family
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup

OF_THE_DRIVER = 2**30
"""Bytes that a card's driver and libraries take, roughly."""


def test_a_saved_preset_holds_only_what_differs_from_the_defaults(tmp_path):
    values = {**toml_text.values_of(RunConfig()), "network.rank": 16, "model.base": "m"}
    assert presets.load(presets.save(tmp_path, "mine", values)).values == {"network.rank": 16}


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "", "x" * 65, " x", "a\\b", "a\nb"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        presets.save(tmp_path / "presets", name, {"network.rank": 16})
    assert list(tmp_path.rglob("*.toml")) == []


def test_a_broken_preset_is_named_and_the_others_are_listed(tmp_path):
    presets.save(tmp_path, "good", {"network.rank": 16})
    (tmp_path / "bad.toml").write_text("format = 1\n[train]\nlearning_rat = 1\n")
    found, problems = presets.presets([tmp_path])
    assert [p.name for p in found] == ["good"]
    assert "bad.toml" in problems[0].text("en") and "learning_rate" in problems[0].text("en")


NEWER = """format = 2
title = "mine"
note = "for foxes"
sparkle = true
[network]
rank = 8
colour = {hue = 0.5, names = ["a b", 'c']}
[train]
learning_rate = 1e-4
precision = "fp4"
[train.future.deep]
since = 2027-01-01
[[moons]]
name = "Io"
"""


def test_a_preset_of_a_newer_version_is_opened_and_what_is_not_known_is_listed(tmp_path):
    (tmp_path / "newer.toml").write_text(NEWER, encoding="utf-8")
    [loaded], problems = presets.presets([tmp_path])
    assert loaded.values == {"network.rank": 8, "train.learning_rate": 1e-4} and problems == []
    said = " ".join(problem.text("en") for problem in loaded.notices)
    [other] = [problem for problem in loaded.notices if problem.code == "W-PRESET-FORMAT"]
    assert other.facts == {"version": "2", "format": 1}
    for name in ("sparkle", "network.colour", "train.precision", "train.future.deep.since", "moons"):
        assert name in said, name
    assert all(problem.en != problem.ja and not problem.is_error for problem in loaded.notices)


def test_what_a_preset_holds_beyond_this_version_is_not_dropped_on_save(tmp_path):
    path = tmp_path / "newer.toml"
    path.write_text(NEWER, encoding="utf-8")
    before = tomllib.loads(NEWER)
    presets.save(tmp_path, "newer", {"network.rank": 32})
    after = tomllib.loads(path.read_text(encoding="utf-8"))
    assert after["network"] == {"rank": 32, "colour": before["network"]["colour"]}
    assert after["sparkle"] is True and after["moons"] == before["moons"] and after["note"] == "for foxes"
    assert after["train"]["future"] == before["train"]["future"]
    assert presets.load(path).values == {"network.rank": 32}
    presets.rename(presets.load(path), "newest")
    assert "sparkle = true" in (tmp_path / "newest.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(presets.SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_preset_says_whose_models_it_is_for(path):
    kin = {"sd15": ("sd1",), "sd21": ("sd2",), "sdxl": ("sdxl",), "dreambooth": ("sd1", "sd2")}
    assert presets.load(path).families == kin[path.stem.split("-")[0]]


def test_a_preset_without_families_is_for_every_model_and_one_with_them_for_theirs(tmp_path):
    for_all = presets.load(presets.save(tmp_path, "all", {"network.rank": 16}))
    for_xl = presets.load(presets.save(tmp_path, "xl", {"network.rank": 16}, families=["sdxl"]))
    assert for_all.is_for("sd1") and for_all.is_for("sdxl")
    assert (for_xl.is_for("sd1"), for_xl.is_for("sdxl"), for_xl.is_for("")) == (False, True, True)


@pytest.mark.parametrize("written", ['"sdxl"', "5", "[[1]]", "{a = 1}"])
def test_families_that_are_no_list_of_names_hide_no_preset(tmp_path, written):
    (tmp_path / "x.toml").write_text(f"families = {written}\n[network]\nrank = 8\n", encoding="utf-8")
    [found], problems = presets.presets([tmp_path])
    assert found.is_for("sd1") and problems == []


def test_a_file_in_which_nothing_is_known_is_no_preset(tmp_path):
    (tmp_path / "x.toml").write_text("[server]\nport = 1\n", encoding="utf-8")
    found, problems = presets.presets([tmp_path])
    assert found == [] and "server.port" in problems[0].text("en")


def test_a_title_in_two_languages_is_read(tmp_path):
    (tmp_path / "p.toml").write_text('[title]\nen = "A"\nja = "あ"\n[network]\nrank = 8\n', encoding="utf-8")
    assert presets.load(tmp_path / "p.toml").title == Words("A", "あ")


@pytest.mark.parametrize("path", sorted(presets.SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_preset_loads_and_differs_from_the_defaults_in_every_key(path):
    defaults = toml_text.values_of(RunConfig())
    loaded = presets.load(path)
    assert loaded.values and all(value != defaults[key] for key, value in loaded.values.items())


@pytest.mark.parametrize("path", sorted(presets.SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_preset_has_title_and_note_in_both_languages(path):
    loaded = presets.load(path)
    assert loaded.title.en != loaded.title.ja and loaded.note.en != loaded.note.ja
    assert loaded.source.en and loaded.source.en != loaded.source.ja


@pytest.mark.parametrize("path", sorted(presets.SHIPPED.glob("*gb.toml")), ids=lambda p: p.stem)
def test_a_shipped_preset_fits_into_the_memory_that_its_title_names(path):
    loaded = presets.load(path)
    size = re.search(r"-(\d+)gb$", loaded.name)[1]
    assert f"{size} GB)" in loaded.title.en and f"{size}GB）" in loaded.title.ja
    config = check(
        toml_text.dumps({**loaded.values, "model.base": "m", "dataset.train_data_dir": "t"})
    ).config
    sizes = of_family(loaded.families[0])
    needed = forecast(Setup(config, sizes, Data.of(config), is_gpu=True)).peak.total
    assert needed + OF_THE_DRIVER < int(size) * 2**30


def test_presets_are_listed_by_title_and_small_memory_before_large():
    titles = [found.title.en for found in presets.presets([presets.SHIPPED])[0]]
    firsts = ["Guide's 1st", "SD 1.5 DreamBooth", "SD 1.5 fine-tuning", "SD 1.5 LoRA", "SD 2.1", "SDXL"]
    places = [next(n for n, title in enumerate(titles) if title.startswith(first)) for first in firsts]
    assert places == sorted(places) and len(set(titles)) == len(titles)
    pair = [n for n, title in enumerate(titles) if title.startswith("SD 1.5 fine-tuning")]
    assert [titles[n][-7:] for n in pair] == ["(16 GB)", "(24 GB)"]


def test_numbers_in_titles_go_by_size(tmp_path):
    for n in (12, 8, 9.5):
        (tmp_path / f"{n}.toml").write_text(f'title = "x {n} GB"\n[network]\nrank = 8\n', encoding="utf-8")
    assert [p.title.en for p in presets.presets([tmp_path])[0]] == ["x 8 GB", "x 9.5 GB", "x 12 GB"]


@pytest.mark.parametrize(
    "title",
    [
        'title = "old"',
        'title="old" # by me',
        'title = """\nold\n"""',
        "title = { en = 'old', ja = '旧' }",
        '[title]\nen = "old"\nja = "旧"',
    ],
)
def test_a_preset_is_renamed_however_its_title_is_written(tmp_path, title):
    note = 'note = """\ntitle = is no title here\n"""\n'
    table = title.startswith("[")
    text = f"format = 1\n{note}{'' if table else title}\n[train]\nseed = 5\n{title if table else ''}\n"
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    before = presets.load(tmp_path / "mine.toml")
    after = presets.load(presets.rename(before, "new"))
    assert (after.title.en, after.title.ja) == ("new", "new")
    assert (after.note, after.values) == (before.note, before.values)
    assert [path.name for path in tmp_path.iterdir()] == ["new.toml"]


def test_a_preset_without_a_title_gets_one_when_it_is_renamed(tmp_path):
    (tmp_path / "mine.toml").write_text("[train]\nseed = 5\n")
    assert presets.load(presets.rename(presets.load(tmp_path / "mine.toml"), "new")).title.en == "new"


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("network.dim_from_weights", True, "network.weights"),
        ("network.base_weights_multiplier", "0.5", "network.base_weights"),
        ("save.resume_anyway", True, "save.resume"),
        ("log.log_prefix", "a", "log.logging_dir"),
    ],
)
def test_what_means_nothing_without_a_path_is_left_out_with_it(tmp_path, key, value, path):
    given = {
        key: value,
        path: ["x"] if path.endswith("base_weights") else "x",
        "dataset.bucket_reso_steps": 128,
    }
    saved = presets.load(presets.save(tmp_path, "mine", given | {"dataset.enable_bucket": True}))
    assert saved.values == {"dataset.enable_bucket": True, "dataset.bucket_reso_steps": 128}
