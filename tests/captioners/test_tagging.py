"""Taggers without their weights: what they are fed, what is taken of their scores, how tags are written."""

import json

import numpy as np
import pytest
from PIL import Image

from core.captioners import answers, known, manifest, pixels, source, tag_list
from core.captioners.manifest import Manifest
from core.captioners.scores import Picking, Scored, mcut, pick, thresholds_of
from core.captioners.tag_list import Tag
from core.captioners.tag_text import Writing, folded, joined, replacements_of, written
from core.errors import UserError

RED = (255, 0, 0)


def general(*names):
    """Tags with scores from 0.9 down."""
    return [Scored(name, "general", 0.9 - n / 100) for n, name in enumerate(names)]


def codes(call):
    with pytest.raises(UserError) as caught:
        call()
    return [problem.code for problem in caught.value.problems]


# What a model is fed


def test_an_image_is_padded_to_a_square_before_it_is_resized():
    image, valid = pixels.squared(Image.new("RGB", (40, 20), RED), Manifest(), 20)
    shown = np.asarray(image)
    # 40 x 20 in a square of 40 has 10 white rows above and below; at half the size 5.
    assert (shown[:3] == 255).all() and (shown[-3:] == 255).all() and (shown[8:12] == RED).all()
    assert valid[:, 0].tolist() == [False] * 5 + [True] * 10 + [False] * 5


def test_an_upright_image_is_padded_at_its_sides_with_the_models_colour():
    image, valid = pixels.squared(Image.new("RGB", (10, 30), RED), Manifest(pad=(0, 0, 9)), 30)
    assert image.getpixel((0, 15)) == (0, 0, 9) and image.getpixel((15, 0)) == RED
    assert valid.sum() == 10 * 30


def test_without_a_pad_colour_an_image_is_stretched():
    image, valid = pixels.squared(Image.new("RGB", (40, 20), RED), Manifest(pad=None), 20)
    assert (np.asarray(image) == RED).all() and valid.all()


def test_blue_comes_first_and_rows_before_channels_as_wd_wants_it():
    made = pixels.values(Image.new("RGB", (2, 2), (10, 20, 30)), known.WD)
    assert made.shape == (2, 2, 3) and made.dtype == np.float32 and made[0, 0].tolist() == [30, 20, 10]


def test_channels_come_first_from_minus_1_to_1_as_cl_wants_it():
    made = pixels.values(Image.new("RGB", (2, 2), (0, 51, 255)), known.CL)
    assert made.shape == (3, 2, 2)
    assert made[:, 0, 0] == pytest.approx([1, -0.6, -1])  # blue, green, red


def test_mean_and_deviation_are_of_red_green_and_blue_whatever_the_order():
    one = Manifest(scale=255, mean=(1.0, 0.0, 0.0), std=(1.0, 1.0, 2.0), channels="bgr")
    made = pixels.values(Image.new("RGB", (1, 1), (255, 0, 255)), one)
    assert made[0, 0].tolist() == [0.5, 0, 0]


# What a model gives

TAGS = (
    *(Tag("safe", "rating"), Tag("explicit", "rating")),
    *(Tag("frog", "general"), Tag("long_hair", "general"), Tag("kermit", "character"), Tag("x", "artist")),
)
SCORES = np.array([0.4, 0.3, 0.34, 0.36, 0.8, 0.9], np.float32)
OWN = {"general": 0.35, "character": 0.85}


def names(picking):
    return [tag.name for tag in pick(SCORES, TAGS, picking, OWN)]


def test_each_category_has_its_threshold_and_the_highest_score_comes_first():
    assert names(Picking()) == ["long_hair"]
    assert names(Picking({"character": 0.8, "general": 0.3})) == ["kermit", "long_hair", "frog"]
    assert names(Picking(categories=("artist",))) == ["x"]  # no threshold of its own: that of general


def test_of_ratings_the_likeliest_is_taken_whatever_its_score():
    assert names(Picking(categories=("rating",))) == ["safe"]


def test_an_automatic_threshold_lies_in_the_middle_of_the_largest_gap():
    assert mcut(np.array([0.9, 0.8, 0.3, 0.2], np.float32)) == pytest.approx(0.55)
    assert mcut(np.array([0.02, 0.01], np.float32)) == 0.15  # noise


def test_thresholds_are_written_as_pairs():
    assert thresholds_of(" artist=0.5, Copyright = 0.6") == {"artist": 0.5, "copyright": 0.6}
    for text in ("artist", "artist=x", "=0.5", "artist=1.5", "artist=nan"):
        assert codes(lambda text=text: thresholds_of(text)) == ["E-CAPTION-THRESHOLD"]


def test_tags_are_read_from_a_table_by_its_header(tmp_path):
    (tmp_path / "selected_tags.csv").write_text('tag_id,name,category,count\n1,general,9,5\n2,"o_o",0,4\n')
    assert tag_list.read(tmp_path / "selected_tags.csv", known.WD) == (
        ("general", "rating"),
        ("o_o", "general"),
    )


def test_tags_are_read_from_json_in_the_order_of_their_numbers(tmp_path):
    listed = {str(n): {"tag": f"t{n}", "category": "Character"} for n in reversed(range(11))}
    (tmp_path / "t.json").write_text(json.dumps(listed))
    assert tag_list.read(tmp_path / "t.json", known.CL)[10] == Tag("t10", "character")
    (tmp_path / "t.json").write_text(json.dumps({"1": listed["1"]}))
    assert codes(lambda: tag_list.read(tmp_path / "t.json", known.CL)) == ["E-CAPTION-FILE"]


# How tags are written


def test_a_vocabulary_of_numbers_and_categories_in_two_tables_is_read(tmp_path):
    told = {"idx_to_tag": {"1": "saber_(fate)", "0": "1girl"}, "num_tags": 2}
    told["tag_to_category"] = {"1girl": "General", "saber_(fate)": "Character"}
    path = tmp_path / "model_vocabulary.json"
    path.write_text(json.dumps(told), "utf-8")
    assert tag_list.read(path, known.CL2) == (Tag("1girl", "general"), Tag("saber_(fate)", "character"))


def test_red_comes_first_for_the_second_cl_model():
    made = pixels.values(Image.new("RGB", (2, 2), (0, 51, 255)), known.CL2)
    assert made[:, 0, 0] == pytest.approx([-1, -0.6, 1])


@pytest.mark.parametrize(
    ("name", "category", "more", "text"),
    [
        ("saber_(fate)", "character", {}, ["saber", "fate"]),
        ("saber_(swimsuit)_(fate)", "character", {}, ["saber (swimsuit)", "fate"]),
        ("saber_(fate)", "general", {}, ["saber (fate)"]),
        ("saber", "character", {}, ["saber"]),
        ("saber_(fate)", "character", {"dropped": frozenset({"fate"})}, ["saber"]),
        ("saber_(fate)", "character", {"replaced": {"saber (fate)": "sls"}}, ["sls"]),
    ],
)
def test_a_character_and_its_series_become_two_tags_when_asked(name, category, more, text):
    tag = Scored(name, category, 0.9)
    assert written([tag], Writing(splits_series=True, **more)) == text


def test_underscores_become_blanks_but_in_faces():
    assert written(general("long_hair", "^_^", "o_o", "_"), Writing()) == ["long hair", "^_^", "o_o"]
    assert written(general("long_hair"), Writing(keeps_underscores=True)) == ["long_hair"]


def test_brackets_are_plain_unless_they_are_to_be_escaped():
    assert written(general("a_(b)"), Writing()) == ["a (b)"]
    assert written(general("a_(b)", "c\\d"), Writing(escapes=True)) == ["a \\(b\\)", "c\\\\d"]


def test_what_is_dropped_is_found_whatever_its_case_and_underscores():
    dropped = frozenset(map(folded, ("Long_Hair", "a \\(b\\)")))
    assert written(general("long_hair", "a_(b)", "frog"), Writing(dropped=dropped)) == ["frog"]


def test_tags_are_replaced_as_written_and_none_stands_twice():
    pairs = replacements_of("blue_eyes,azure eyes; frog , ;toad,azure eyes")
    tags = general("blue_eyes", "frog", "toad", "pond")
    assert written(tags, Writing(replaced=pairs)) == ["azure eyes", "pond"]
    for text in ("a", "a,b,c", ",b"):
        assert codes(lambda text=text: replacements_of(text)) == ["E-CAPTION-REPLACE"]


def test_first_come_those_of_the_user_then_characters_and_last_the_rating():
    tags = [*general("solo"), Scored("kermit", "character", 0.5), Scored("safe", "rating", 0.99)]
    writing = Writing(first=("sls frog",), characters_first=True)
    assert written(tags, writing) == ["sls frog", "kermit", "solo", "safe"]


def test_people_come_before_what_is_scored_higher():
    tags = general("smile", "2girls", "6+girls", "multiple_boys", "solo", "girls_love")
    ordered = ["2girls", "6+girls", "multiple boys", "solo", "smile", "girls love"]
    assert written(tags, Writing(order="people")) == ordered
    assert written(general("b", "a"), Writing(order="name")) == ["a", "b"]


def test_a_general_tag_goes_where_its_words_end_a_more_exact_one():
    tags = [
        *general("very_long_hair", "long_hair", "hair_ornament", "hair"),
        Scored("hair", "character", 0.1),
    ]
    assert written(tags, Writing(drops_general=True)) == ["very long hair", "hair ornament", "hair"]


def test_appended_tags_are_not_doubled():
    assert joined(["Long_Hair", "a \\(b\\)", "pond"], ["long hair", "a (b)"]) == [
        "long hair",
        "a (b)",
        "pond",
    ]


# Manifests


def test_a_folder_may_state_how_its_model_is_fed(tmp_path):
    (tmp_path / "manifest.json").write_text('{"layout": "nchw", "mean": [0.5, 0.5, 0.5], "pad": null}')
    read = manifest.read(tmp_path)
    assert (read.layout, read.mean, read.pad, read.channels) == ("nchw", (0.5, 0.5, 0.5), None, "bgr")
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "manifest.toml").write_text("size = 64\n[thresholds]\ngeneral = 0.5\n")
    assert manifest.read(tmp_path).threshold("artist") == 0.5


@pytest.mark.parametrize(
    "text",
    [
        '{"layout": "hwc"}', '{"model": "../x.onnx"}', '{"model": "/x"}', '{"std": [0, 1, 1]}',
        '{"colour": 1}', "[]", "{", "\xff",
    ],
)  # fmt: skip
def test_a_manifest_that_says_nonsense_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    assert codes(lambda: source.here(str(tmp_path))) == ["E-CAPTION-MANIFEST"]


def test_a_folder_named_after_a_known_model_needs_no_manifest(tmp_path):
    for name, own in (("wd-swinv2-tagger-v3", known.WD), ("cl_tagger_1_02", known.CL)):
        folder = tmp_path / name
        folder.mkdir()
        for file in own.names:
            (folder / file).write_bytes(b"")
        assert source.here(str(folder)).manifest == own


def test_what_is_no_such_model_is_refused(tmp_path):
    assert codes(lambda: source.here("no/such/thing at all")) == ["E-CAPTION-MODEL"]
    assert codes(lambda: source.here(str(tmp_path))) == ["E-CAPTION-MODEL"]
    (tmp_path / "model.onnx").write_bytes(b"")
    assert codes(lambda: source.here(str(tmp_path))) == ["E-CAPTION-MANIFEST"]
    (tmp_path / "manifest.json").write_text("{}")
    assert codes(lambda: source.here(str(tmp_path))) == ["E-CAPTION-FILE"]


# Answers of language models


def test_thoughts_are_cut_off_and_lines_joined():
    assert answers.cleaned("<think>hm\n</think>\n A frog.\n\nIt sits. ") == "A frog. It sits."
    assert answers.cleaned("<think>hm, a") == ""


def test_an_answer_that_was_cut_ends_with_its_last_whole_sentence():
    assert answers.cleaned("A frog. It si", is_cut=True) == "A frog."
    assert answers.cleaned("A frog si", is_cut=True) == "A frog si"
    assert answers.cleaned("蛙です。池の", is_cut=True) == "蛙です。"


def test_loops_are_noticed_and_cut_after_their_first_round():
    looping = "A frog. It sits on a leaf. It sits on a leaf. It sits on a leaf. It sits on a leaf."
    assert answers.is_looping(looping) and answers.until_loop(looping) == "A frog. It sits on a leaf."
    assert answers.is_looping("a, b, a, b, a, c, a, c, b, a")
    assert not answers.is_looping("A green frog sits on a leaf in a pond, in soft light, in front of reeds.")
