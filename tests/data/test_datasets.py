"""dataset_config: look-up of options, several datasets in one run, and what is refused."""

import json
import re
import time
from pathlib import Path

import pytest

from core.config.schema.dataset import DatasetConfig
from core.data.plan.plan import make
from core.data.sources import dataset_config
from core.families import FAMILIES
from tests.data.images import codes, config, draw, fill, plan

BASE = {"resolution": (64, 64), "min_bucket_reso": 64, "max_bucket_reso": 256}


@pytest.fixture
def images(tmp_path):
    """Folders whose names mean nothing here: 5_a with 3 images, b with 2, reg with 4."""
    fill(tmp_path, {"5_a": 3, "b": 2, "reg": 4})
    return tmp_path


def run(folder, text, name="data.toml", seed=1, **options):
    """The plan of a run whose data stand in this text; {p} is the folder."""
    file = folder / name
    file.write_text(text.replace("{p}", str(folder)), encoding="utf-8")
    return plan("", seed=seed, dataset_config=str(file), **BASE | options)


ONE = """
[general]
num_repeats = 2
[[datasets]]
resolution = 64
batch_size = 2
[[datasets.subsets]]
image_dir = '{p}/5_a'
class_tokens = "sls frog"
num_repeats = 4
[[datasets.subsets]]
image_dir = '{p}/b'
class_tokens = "cpc cat"
[[datasets.subsets]]
image_dir = '{p}/reg'
class_tokens = "frog"
is_reg = true
"""


def test_subsets_have_words_repeats_and_kind_of_their_own_and_folder_names_mean_nothing(images):
    whole = run(images, ONE)
    assert whole.problems == ()
    assert [(f.path.name, f.repeats, f.prompt, f.is_reg) for f in whole.folders] == [
        ("5_a", 4, "sls frog", False), ("b", 2, "cpc cat", False), ("reg", 2, "frog", True)]  # fmt: skip
    # 3 x 4 + 2 x 2 training samples, as many regularization samples, 2 in a batch
    assert (whole.train_samples, whole.reg_samples, whole.batches_per_epoch) == (16, 16, 16)


def test_an_option_is_looked_up_from_the_subset_to_the_run_file(images):
    text = """
    [general]
    flip_aug = true
    keep_tokens = 1
    [[datasets]]
    keep_tokens = 2
    [[datasets.subsets]]
    image_dir = '{p}/5_a'
    keep_tokens = 3
    class_tokens = "x"
    flip_aug = false
    [[datasets.subsets]]
    image_dir = '{p}/b'
    class_tokens = "x"
    [[datasets]]
    [[datasets.subsets]]
    image_dir = '{p}/reg'
    class_tokens = "x"
    """
    whole = run(images, text, caption_prefix="p", keep_tokens=9)
    assert [s.keep_tokens for s in whole.settings] == [3, 2, 1]
    assert [s.flip_aug for s in whole.settings] == [False, True, True]  # false is a value
    assert [s.caption_prefix for s in whole.settings] == ["p"] * 3
    flips = {whole.images[s.image].folder for batch in whole.epoch(1) for s in batch.samples if s.flip}
    assert 0 not in flips and flips <= {1, 2}
    assert whole.images[0].caption == "p x"


TWO = """
[[datasets]]
resolution = 64
batch_size = 3
[[datasets.subsets]]
image_dir = '{p}/5_a'
class_tokens = "x"
num_repeats = 2
[[datasets]]
resolution = [128, 64]
batch_size = 2
enable_bucket = true
[[datasets.subsets]]
image_dir = '{p}/5_a'
class_tokens = "y"
"""


def test_a_folder_may_stand_in_two_data_sets_at_other_sizes_and_no_batch_mixes_them(images):
    draw(images / "5_a" / "000.png", (64, 64), (7, 7, 7))
    draw(images / "5_a" / "wide.png", (64, 64), (8, 8, 8))
    whole = run(images, TWO)
    assert whole.problems == ()
    # 4 images: twice at 64x64 in threes: 3 batches (3, 3, 2); once in buckets in twos: 2 batches
    rows = [(bucket.dataset, bucket.size, bucket.samples, bucket.batches) for bucket in whole.buckets]
    assert rows == [(0, (64, 64), 8, 3), (1, (64, 64), 4, 2)]
    for batch in (*whole.epoch(1), *whole.epoch(2)):
        assert len({whole.images[s.image].dataset for s in batch.samples}) == 1
    assert sorted(len(batch.samples) for batch in whole.epoch(1)) == [2, 2, 2, 3, 3]
    assert {s.caption for batch in whole.epoch(1) for s in batch.samples} == {"x", "y"}


def test_regularization_is_balanced_within_each_data_set(images):
    text = """
    [[datasets]]
    [[datasets.subsets]]
    image_dir = '{p}/5_a'
    class_tokens = "x"
    num_repeats = 3
    [[datasets.subsets]]
    image_dir = '{p}/reg'
    class_tokens = "r"
    is_reg = true
    [[datasets]]
    [[datasets.subsets]]
    image_dir = '{p}/b'
    class_tokens = "y"
    """
    whole = run(images, text)
    counts = [sum(t.take for t in whole.rotations if whole.images[t.images[0]].dataset == d) for d in (0, 1)]
    assert counts == [9, 0]  # 3 x 3 beside the first, none beside the second


def test_regularization_without_training_images_beside_it_is_said(images):
    text = """
    [[datasets]]
    [[datasets.subsets]]
    image_dir = '{p}/b'
    class_tokens = "y"
    [[datasets]]
    [[datasets.subsets]]
    image_dir = '{p}/reg'
    class_tokens = "r"
    is_reg = true
    """
    whole = run(images, text)
    assert "W-REG-ALONE" in codes(whole.notices) and whole.reg_samples == 0


def test_captions_beside_the_images_win_over_class_tokens_with_the_subset_s_extension(images):
    (images / "b" / "000.tags").write_text("green, frog")
    whole = run(
        images, ONE.replace("image_dir = '{p}/b'", "image_dir = '{p}/b'\ncaption_extension = '.tags'")
    )
    assert [i.caption for i in whole.images if i.folder == 1] == ["green, frog", "cpc cat"]


def test_json_says_the_same_as_toml(images):
    values = {
        "general": {"num_repeats": 2, "keep_tokens": None},
        "datasets": [
            {"resolution": 64, "batch_size": 2, "subsets": [
                {"image_dir": f"{images}/5_a", "class_tokens": "sls frog", "num_repeats": 4},
                {"image_dir": f"{images}/b", "class_tokens": "cpc cat"},
                {"image_dir": f"{images}/reg", "class_tokens": "frog", "is_reg": True}]},
        ],
    }  # fmt: skip
    as_json = run(images, json.dumps(values), "data.json")
    assert as_json.fingerprint() == run(images, ONE).fingerprint()


def test_metadata_and_folders_stand_in_data_sets_of_their_own(images):
    (images / "meta.json").write_text(json.dumps({"000": {"tags": "a, b"}, "001": {"caption": "c"}}))
    text = """
    [[datasets]]
    [[datasets.subsets]]
    metadata_file = '{p}/meta.json'
    image_dir = '{p}/b'
    num_repeats = 3
    [[datasets]]
    [[datasets.subsets]]
    image_dir = '{p}/reg'
    class_tokens = "x"
    """
    whole = run(images, text)
    assert whole.problems == ()
    assert [(i.caption, i.repeats, i.dataset) for i in whole.images][:2] == [("a, b", 3, 0), ("c", 3, 0)]
    mixed = run(images, text.replace("[[datasets]]\n    [[datasets.subsets]]\n    image_dir = '{p}/reg'",
                                       "[[datasets.subsets]]\n    image_dir = '{p}/reg'"))  # fmt: skip
    assert codes(mixed.problems) == ["E-DS-MIXED"]


def problem(folder, text, **options):
    (found,) = run(folder, text, **options).problems
    return found


SUBSET = "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '{p}/b'\nclass_tokens = 'x'\n"


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        (SUBSET + "num_repeat = 2\n", 5, "datasets.0.subsets.0.num_repeat", "did you mean num_repeats"),
        (SUBSET + "num_repeats = 1.0\n", 5, "datasets.0.subsets.0.num_repeats", "whole number"),
        (SUBSET + "flip_aug = 'yes'\n", 5, "datasets.0.subsets.0.flip_aug", "true or false"),
        (SUBSET + "batch_size = 2\n", 5, "datasets.0.subsets.0.batch_size", "belongs in [[datasets]]"),
        ("[general]\nimage_dir = 'x'\n" + SUBSET, 2, "general.image_dir", "in [[datasets.subsets]]"),
        ("[general]\nprior_loss_weight = 0.5\n" + SUBSET, 2, "general.prior_loss_weight", "run file"),
        ("[general]\nresolution = 65\n" + SUBSET, 2, "general.resolution", "multiple of 64"),
        ("[general]\nresolution = '64,64,64'\n" + SUBSET, 2, "general.resolution", "width,height"),
        (SUBSET + "face_crop_aug_range = [2.0, 4.0]\n", 5, "datasets.0.subsets.0.face_crop_aug_range",
         "not supported"),
        ("[general]\nnetwork_multiplier = 0.5\n" + SUBSET, 2, "general.network_multiplier", "not supported"),
        ("[generals]\n" + SUBSET, 1, "generals", "did you mean general"),
        ("[[datasets]]\nresolution = 64\n", 1, "datasets.0.subsets", "no [[datasets.subsets]]"),
        ("[[datasets]]\n[[datasets.subsets]]\nclass_tokens = 'x'\n", 2, "datasets.0.subsets.0", "image_dir"),
        ("[general]\nnum_repeats = 2\n", None, "datasets", "no [[datasets]]"),
        (SUBSET + "[[datasets.subsets]]\nmetadata_file = 'm'\nis_reg = true\n", 7,
         "datasets.0.subsets.1.is_reg", "no effect"),
        ("[general\n", 1, "dataset.dataset_config", "not valid TOML"),
    ],
)  # fmt: skip
def test_what_can_t_be_read_is_said_with_file_and_line(images, text, line, key, said):
    found = [p for p in run(images, text).problems if p.code != "E-DS-MIXED"]
    assert [(p.line, p.key) for p in found] == [(line, key)]
    assert said in found[0].en and found[0].path == str(images / "data.toml")
    assert any("぀" < letter < "ヿ" or "一" < letter < "龠" for letter in found[0].ja)


def test_harmless_values_of_options_that_are_not_here_are_taken(images):
    text = "[general]\nnetwork_multiplier = 1.0\ntoken_warmup_min = 1\ncache_info = true\n" + SUBSET
    assert run(images, text).problems == ()


def test_options_that_can_t_go_together_are_found_in_a_subset(images):
    found = problem(images, SUBSET + "color_aug = true\n", cache_latents=True)
    assert (found.code, found.line, found.key) == ("E-CFG-TOGETHER", 5, "datasets.0.subsets.0.color_aug")


def test_a_fault_in_general_is_said_once(images):
    text = "[general]\nresolution = 100\n" + SUBSET + "[[datasets.subsets]]\nimage_dir = '{p}/5_a'\n"
    assert codes(run(images, text).problems).count("E-CFG-MULTIPLE") == 1


def test_an_empty_text_ends_the_look_up_and_null_does_not(images):
    subsets = [{"image_dir": f"{images}/b", "caption_prefix": ""}, {"image_dir": f"{images}/5_a"}]
    subsets[1]["caption_prefix"] = None
    text = {"general": {"caption_prefix": "p"}, "datasets": [{"class_tokens": "x", "subsets": subsets}]}
    whole = run(images, json.dumps(text), "data.json")
    assert [s.caption_prefix for s in whole.settings] == [None, "p"]
    assert [i.caption for i in whole.images] == ["x"] * 2 + ["p x"] * 3


@pytest.mark.parametrize("general", ["[]", "5"])
def test_general_must_be_a_table(images, general):
    text = f'{{"general": {general}, "datasets": [{{"subsets": [{{"image_dir": "{images}/b"}}]}}]}}'
    assert [(p.code, p.key) for p in run(images, text, "data.json").problems] == [("E-DS-TABLE", "general")]


def test_a_key_twice_in_json_is_refused(images):
    text = '{"datasets": [], "datasets": []}'
    (found,) = run(images, text, "data.json").problems
    assert found.code == "E-DS-SYNTAX" and "'datasets' stands twice" in found.en


def test_a_folder_that_is_no_text_is_said_once(images):
    text = "[[datasets]]\n[[datasets.subsets]]\nimage_dir = 5\n"
    assert codes(run(images, text).problems) == ["E-DS-VALUE"]


def test_a_zero_byte_in_the_path_is_a_missing_file():
    assert codes(plan("", dataset_config="a\0b", **BASE).problems) == ["E-CFG-MISSING"]


def test_a_fault_in_json_is_found_by_its_key(images):
    text = '{"datasets": [{"subsets": [{"image_dir": "{p}/b", "num_repeat": 2}]}]}'
    (found,) = run(images, text, "data.json").problems
    assert (found.line, found.key) == (None, "datasets.0.subsets.0.num_repeat")


def test_a_folder_twice_in_a_data_set_counts_once_and_is_said(images):
    whole = run(images, SUBSET + "[[datasets.subsets]]\nimage_dir = '{p}/b'\nclass_tokens = 'y'\n")
    assert len(whole.images) == 2 and "W-DS-TWICE" in codes(whole.notices)


def test_missing_files_and_folders_are_named(images):
    assert codes(run(images, SUBSET.replace("{p}/b", "{p}/none")).problems) == ["E-DIR-MISSING"]
    gone = plan("", dataset_config=str(images / "none.toml"), **BASE)
    assert [(p.code, p.key) for p in gone.problems] == [("E-CFG-MISSING", "dataset.dataset_config")]


def test_a_subset_without_words_and_captions_is_trained_with_an_empty_caption_and_said(images):
    whole = run(images, SUBSET.replace("class_tokens = 'x'\n", ""))
    assert whole.problems == () and {i.caption for i in whole.images} == {""}
    assert "W-CAP-NOWORDS" in codes(whole.notices)


def test_validation_is_per_data_set_or_subset_and_copies_stay_on_one_side(images):
    fill(images, {"many": 10})
    text = """
    [[datasets]]
    validation_split = 0.3
    validation_seed = 4
    [[datasets.subsets]]
    image_dir = '{p}/many'
    class_tokens = "x"
    num_repeats = 5
    [[datasets.subsets]]
    image_dir = '{p}/5_a'
    class_tokens = "y"
    validation_split = 0.0
    [[datasets]]
    resolution = 128
    enable_bucket = true
    [[datasets.subsets]]
    image_dir = '{p}/many'
    class_tokens = "x"
    """
    whole = run(images, text)
    held = [whole.images[i] for i in whole.validation]
    # 3 of 10, and the same 3 at the other size, though no share is held out there; none of 5_a
    assert [sum(i.folder == n for i in held) for n in (0, 1, 2)] == [3, 0, 3]
    (notice,) = [n for n in whole.notices if n.code == "I-VAL-COPIES"]
    assert notice.facts == {"count": 3}
    out = {image.content for image in held}
    seen = {whole.images[s.image].content for e in (1, 2) for b in whole.epoch(e) for s in b.samples}
    assert not out & seen and len(seen) == 7 + 3


# Of SD1 sides are multiples of 64, of SDXL of 32; while the family is not known they have to suit both.
@pytest.mark.parametrize(("family", "expected"), [("sdxl", []), ("sd1", ["E-CFG-MULTIPLE", "E-CFG-VALUE"])])
def test_sizes_have_to_suit_the_family_of_the_base_model(images, family, expected):
    text = "datasets = [{resolution = 96, enable_bucket = true, bucket_reso_steps = 32, "
    (images / "data.toml").write_text(text + f"subsets = [{{image_dir = '{images}/b'}}]}}]", "utf-8")
    file = config("", dataset_config=str(images / "data.toml"), **BASE)
    assert codes(make(file, 1, family=FAMILIES[family]).problems) == expected
    assert codes(dataset_config.read(file).problems) == ["E-CFG-MULTIPLE", "E-CFG-VALUE"]


def test_every_subset_has_its_settings_without_the_other_sources(images):
    found = dataset_config.read(config("", dataset_config=run(images, ONE).config.dataset_config))
    assert [s.settings.train_data_dir for s in found.subsets] == [
        f"{images}/5_a", f"{images}/b", f"{images}/reg"]  # fmt: skip
    assert {s.settings.dataset_config for s in found.subsets} == {None}


def test_masks_serve_a_folder_in_both_its_data_sets(images):
    for n in range(3):
        draw(images / "masks" / f"00{n}.png", colour=(255, 255, 255))
    line = "image_dir = '{p}/5_a'\n"
    whole = run(images, TWO.replace(line, line + "conditioning_data_dir = '{p}/masks'\n"))
    assert whole.problems == ()
    assert [image.mask_path.name for image in whole.images] == ["000.png", "001.png", "002.png"] * 2


def test_the_fingerprint_knows_the_options_of_a_subset(images):
    prints = [run(images, ONE).fingerprint(), run(images, TWO).fingerprint()]
    for old, new in [
        ("num_repeats = 4", "num_repeats = 5"),
        ("batch_size = 2", "batch_size = 3"),
        ('"sls frog"', '"sls frog"\nflip_aug = true'),
        ('"sls frog"', '"sls cat"'),
        ('"cpc cat"', '"cpc cat"\nshuffle_caption = true'),
    ]:
        prints.append(run(images, ONE.replace(old, new)).fingerprint())
    assert len(set(prints)) == 7


DOCS = (Path(__file__).resolve().parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")


def test_the_example_in_docs_is_read_as_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "images", {"frog": 2, "frogs": 3, "all": 2}, (512, 512))
    (tmp_path / "images" / "all" / "000.png").rename(tmp_path / "images" / "all" / "002.png")
    example, metadata = (
        re.search(rf"```{kind}\n(.*?)```", DOCS, re.DOTALL).group(1) for kind in ("toml", "json")
    )
    (tmp_path / "images" / "meta.json").write_text(metadata)
    whole = run(tmp_path, example, resolution=(512, 512), max_bucket_reso=1024)
    assert whole.problems == ()
    # 2 x 10 training samples and as many regularization samples; 2 at the other size; 2 by metadata
    assert [(f.dataset, f.repeats, f.is_reg) for f in whole.folders] == [
        (0, 10, False), (0, 1, True), (1, 1, False), (2, 1, False)]  # fmt: skip
    assert (whole.train_samples, whole.reg_samples) == (24, 20)
    assert [i.caption for i in whole.images if i.dataset == 2] == ["a frog on a leaf,green, wet", "green"]


def test_the_table_in_docs_names_every_key_there_is():
    named = {
        name
        for row in re.findall(r"^\| .*? \| (`.*) \|$", DOCS, re.M)
        for name in re.findall(r"`(\w+)`", row)
    }
    ours = {*DatasetConfig.model_fields, *dataset_config.SubsetKeys.model_fields}
    allowed = frozenset().union(*dataset_config.ALLOWED.values())
    assert named == {name for name in allowed if dataset_config.OURS.get(name, name) in ours}


HUGE_NUMBER = f"""
[[datasets]]
[[datasets.subsets]]
image_dir = "a"
num_repeats = 0x{"f" * 5000}
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '{"datasets": ' + "9" * 5000 + "}", "too many digits"),
        ("a.toml", HUGE_NUMBER, "too many digits"),
        ("a.json", r'{"datasets":[{"subsets":[{"image_dir":"a\ud800"}]}]}', "half a surrogate pair"),
        ("a.json", r'{"datasets":[{"subsets":[{"image_dir":"a", "class_tokens": "\ud800"}]}]}', "half a"),
        ("a.json", '{"datasets":[{"subsets":[{"image_dir":"a", "num_repeats": 1e999}]}]}', "whole number"),
    ],
    ids=range(6),
)  # fmt: skip
def test_whatever_stands_in_the_file_is_refused_in_a_sentence(tmp_path, name, text, said):
    (tmp_path / name).write_text(text, encoding="utf-8")
    problems = dataset_config.read(DatasetConfig(dataset_config=str(tmp_path / name))).problems
    assert any(said in problem.en for problem in problems)
    assert all(problem.path == str(tmp_path / name) and len(problem.en) < 500 for problem in problems)


def test_a_file_of_thousands_of_unknown_keys_is_told_in_no_time(tmp_path):
    keys = "".join(f"key_{n} = 1\n" for n in range(40_000))
    (tmp_path / "a.toml").write_text(f"[[datasets]]\n{keys}", encoding="utf-8")
    began = time.monotonic()
    problems = dataset_config.read(DatasetConfig(dataset_config=str(tmp_path / "a.toml"))).problems
    assert len(problems) == dataset_config.MOST_PROBLEMS + 1 and problems[-1].facts == {"count": 39_901}
    assert time.monotonic() - began < 10


def test_subsets_of_regularization_images_alone_are_refused_by_what_they_are(images):
    text = "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '{p}/reg'\nclass_tokens = 'frog'\nis_reg = true\n"
    (problem,) = run(images, text).problems
    assert (problem.code, problem.key) == ("E-DIR-EMPTY", "dataset.dataset_config")
    assert "every subset has is_reg = true" in problem.en


def test_json_that_is_a_list_is_refused_with_the_form_it_should_have(images):
    (problem,) = run(images, "[]", name="data.json").problems
    assert (problem.code, problem.line) == ("E-DS-SYNTAX", 1) and '{"datasets": [...]}' in problem.en
