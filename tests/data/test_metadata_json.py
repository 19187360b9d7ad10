"""Metadata of fine-tuning: which image gets which caption, repeats and size."""

import json
import os
import time
from pathlib import Path

import pytest

from core.counting import listed
from core.data.sources.metadata_json import joined
from tests.data.images import codes, config, draw, fill, plan


@pytest.fixture
def images(tmp_path):
    """A folder `all` of 3 images."""
    fill(tmp_path, {"all": 3})
    return tmp_path


def run(folder, entries, image_dir="all", **options):
    file = folder / "meta.json"
    file.write_text(json.dumps(entries), encoding="utf-8")
    return plan(folder / image_dir if image_dir else "", in_json=str(file), **options)


def test_keys_are_whole_paths_names_or_names_without_ending(images):
    entries = {
        str(images / "all" / "000.png"): {"caption": "whole"},
        "001.png": {"caption": "name"},
        "002": {"caption": "stem"},
    }
    whole = run(images, entries)
    assert whole.problems == () and [i.caption for i in whole.images] == ["whole", "name", "stem"]
    assert {i.caption_path for i in whole.images} == {images / "meta.json"}


def test_images_in_inner_folders_and_elsewhere_are_found(images):
    draw(images / "all" / "in" / "x.png", colour=(1, 2, 3))
    draw(images / "far" / "y.png", colour=(3, 2, 1))
    entries = {"in/x": {"caption": "a"}, str(images / "far" / "y"): {"caption": "b"}}
    assert sorted(i.caption for i in run(images, entries).images) == ["a", "b"]
    # without a folder whole paths do
    alone = run(images, {str(images / "far" / "y.png"): {"caption": "b"}}, image_dir="")
    assert alone.problems == () and [i.path.name for i in alone.images] == ["y.png"]


# sd-scripts, FineTuningDataset: caption + caption_separator + tags, without a blank
@pytest.mark.parametrize(
    ("caption", "tags", "options", "text"),
    [
        ("a frog", "green, wet", {}, "a frog,green, wet"),
        ("a frog", "green", {"caption_separator": ";"}, "a frog;green"),
        (None, "green, wet", {}, "green, wet"),
        ("a frog", None, {}, "a frog"),
        ("a frog", "", {}, "a frog"),
        (None, None, {}, ""),
        ("one\ntwo", "t", {"enable_wildcard": True}, "one,t\ntwo,t"),
        ("one\ntwo", "a\nb", {"enable_wildcard": True}, "one,a,b\ntwo,a,b"),
        ("one\ntwo", "t", {}, "one,t"),
    ],
)
def test_caption_and_tags_are_joined_as_sd_scripts_does(caption, tags, options, text):
    assert joined(caption, tags, config("x", **options)) == text


def test_every_image_comes_dataset_repeats_times_and_folder_names_mean_nothing(tmp_path):
    fill(tmp_path, {"7_x": 2})
    whole = run(tmp_path, {"000": {"tags": "a"}, "001": {"tags": "b"}}, "7_x", dataset_repeats=3)
    assert whole.train_samples == 6
    assert sorted(s.caption for batch in whole.epoch(1) for s in batch.samples) == ["a"] * 3 + ["b"] * 3


def test_missing_images_are_named_in_one_problem(images):
    entries = {"000": {"caption": "a"}, "gone1": {"caption": "b"}, "gone2.png": {"caption": "c"}}
    (problem,) = run(images, entries).problems
    assert problem.code == "E-META-MISSING" and problem.facts["names"].en == "gone1, gone2.png"


def test_images_without_an_entry_are_named_and_not_trained(images):
    whole = run(images, {"001": {"caption": "a"}})
    (notice,) = [n for n in whole.notices if n.code == "W-META-EXTRA"]
    assert notice.facts["names"].en == "000.png, 002.png" and len(whole.images) == 1


def test_two_entries_of_one_image_are_refused(images):
    assert codes(run(images, {"001": {"caption": "a"}, "001.png": {"caption": "b"}}).problems) == [
        "E-META-TWICE"]  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "code", "entry"),
    [
        ({"000": "a frog"}, "E-META-VALUE", "000"),
        ({"000": {"caption": ["a"]}}, "E-META-VALUE", "000: caption"),
        ({"000": {"caption": "a", "train_resolution": "512"}}, "E-META-VALUE", "000: train_resolution"),
        ({}, "E-META-EMPTY", None),
        ([], "E-META-EMPTY", None),
    ],
)
def test_entries_of_another_form_are_named(images, entries, code, entry):
    (problem,) = run(images, entries).problems
    assert (problem.code, problem.facts.get("entry")) == (code, entry) and problem.path == str(
        images / "meta.json"
    )


def test_a_key_twice_in_the_file_is_refused(images):
    (images / "meta.json").write_text('{"000": {"caption": "a"}, "000": {"caption": "b"}}')
    (problem,) = plan(images / "all", in_json=str(images / "meta.json")).problems
    assert problem.code == "E-META-SYNTAX" and "'000' stands twice" in problem.facts["reason"]


def test_a_file_that_is_not_json_or_not_there_is_said(images):
    (images / "meta.json").write_text("{'a': 1}")
    broken = plan(images / "all", in_json=str(images / "meta.json"))
    gone = plan(images / "all", in_json=str(images / "none.json"))
    assert codes(broken.problems) == ["E-META-SYNTAX"] and "line 1" in broken.problems[0].facts["reason"]
    assert [(p.code, p.key) for p in gone.problems] == [("E-CFG-MISSING", "dataset.in_json")]


def test_the_size_an_image_was_prepared_for_chooses_its_bucket(tmp_path):
    draw(tmp_path / "all" / "a.png", (96, 64))
    # buckets 64x64, 64x128, 64x192 and transposes: by its own shape 1.5 -> 64x64 (tie, the first)
    assert run(tmp_path, {"a": {"caption": "x"}}, enable_bucket=True).images[0].fit.bucket == (64, 64)
    entry = {"caption": "x", "train_resolution": [128, 64]}
    (image,) = run(tmp_path, {"a": entry}, enable_bucket=True).images
    # 96x64 covers 128x64: 128/96 = 1.333, 64 x 1.333 = 85.3 -> 85; 21 rows too many, 10 above
    assert (image.fit.bucket, image.fit.resized, image.fit.crop_top) == ((128, 64), (128, 85), 10)


def test_prepared_sizes_without_buckets_are_said_to_have_no_effect(images):
    entries = {f"00{n}": {"caption": "x", "train_resolution": [64, 64]} for n in range(3)}
    assert codes(run(images, entries).notices) == ["W-META-SIZES"]


def test_an_entry_without_words_is_trained_with_an_empty_caption_and_said(images):
    whole = run(images, {"000": {}, "001": {"caption": "a"}, "002": {"caption": "b"}})
    assert whole.images[0].caption == "" and codes(whole.notices) == ["W-META-SILENT"]


def test_further_lines_of_a_caption_are_said_to_be_skipped(images):
    entries = {"000": {"caption": "a\nb"}, "001": {"caption": "c\n"}, "002": {"tags": "d"}}
    whole = run(images, entries)
    assert [i.caption for i in whole.images] == ["a", "c", "d"]
    (notice,) = whole.notices
    assert notice.code == "W-META-LINES" and notice.facts == {"count": 1, "names": listed(["000"])}
    assert codes(run(images, entries, enable_wildcard=True).notices) == []


def test_caption_options_hold_for_metadata_too(images):
    entries = {f"00{n}": {"tags": "a, b, c, d"} for n in range(3)}
    whole = run(images, entries, shuffle_caption=True, keep_tokens=1, dataset_repeats=20, caption_prefix="p,")
    texts = {s.caption for batch in whole.epoch(1) for s in batch.samples}
    assert len(texts) > 5 and all(text.startswith("p, ") for text in texts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r'{"000.png": {"caption": "x\ud800y"}}', "`000.png: caption` contains half a surrogate"),
        (r'{"000.png": {"tags": "\udc80"}}', "`000.png: tags` contains half a surrogate"),
        (r'{"0\ud800": {"caption": "y"}}', "`0?` contains half a surrogate"),
        ('{"000.png": {"caption": ' + "9" * 5000 + "}}", "a number in it has too many digits"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"000.png": ' + "[" * 900 + "]" * 900 + "}", "must be a table with caption or tags"),
        (
            '{"000.png": {"caption": "' + "a" * 2_200_000 + '"}}',
            "text of at most 2,097,152 characters",
        ),
        ('{"000.png": {"train_resolution": [64, 1e999]}}', "must be two numbers of pixels"),
        ('{"000.png": {"train_resolution": [64, 99999999999999999999]}}', "must be two numbers of pixels"),
    ],
    ids=lambda text: text[:24],
)
def test_whatever_stands_in_the_file_is_refused_in_a_sentence(images, text, said):
    (images / "meta.json").write_text(text, encoding="utf-8")
    found = plan(images / "all", in_json=str(images / "meta.json"))
    (problem,) = found.problems
    assert said in problem.en and problem.path == str(images / "meta.json") and problem.ja != problem.en
    assert len(problem.en) < 500
    problem.en.encode("utf-8"), problem.ja.encode("utf-8")


def test_control_characters_are_taken_off_as_from_caption_files(images):
    found = run(images, {"000": {"caption": "a\x1b[2J\x00 frog", "tags": "wet\x07"}})
    assert [image.caption for image in found.images] == ["a frog,wet"]


def test_many_faults_are_told_in_no_time(images):
    """Some 60,000 keys: none is compared with all others."""
    entries = ",".join(f'"f{n}": 1' for n in range(60_000))
    (images / "meta.json").write_text("{" + entries + ', "f59999": 1}', encoding="utf-8")
    began = time.monotonic()
    assert "'f59999' stands twice" in plan("", in_json=str(images / "meta.json")).problems[0].facts["reason"]
    problems = run(images, {f"f{n}": 1 for n in range(20_000)}).problems
    assert len(problems) == 101 and problems[100].facts == {"count": 19_900}
    assert time.monotonic() - began < 20


def test_names_of_images_that_are_not_there_are_looked_up_in_one_listing(images, monkeypatch):
    listed, listing = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: listed.append(path) or listing(path))
    assert codes(run(images, {f"f{n}": {"caption": "a"} for n in range(500)}).problems) == ["E-META-MISSING"]
    assert len(listed) < 10


def test_a_file_beyond_the_limit_or_a_pipe_is_not_read(images):
    with (images / "meta.json").open("wb") as file:
        file.truncate(4 << 30)
    (problem,) = plan(images / "all", in_json=str(images / "meta.json")).problems
    assert problem.code == "E-CFG-SIZE" and "4,294,967,296 bytes" in problem.en
    (images / "meta.json").unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(images / "meta.json")
        (problem,) = plan(images / "all", in_json=str(images / "meta.json")).problems
        assert problem.code == "E-CFG-READ" and "it is a pipe" in problem.en
