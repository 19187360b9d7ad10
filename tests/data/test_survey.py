"""What is wrong with a dataset, found before anything is trained."""

import json
import sys

import pytest

from core.config.schema.train import TrainConfig
from core.counting import listed
from core.data.health import measure
from core.data.images import load
from core.data.plan import as_json, as_text, thumbnails
from tests.data.images import codes, draw, fill, plan


def break_(path):
    """Cut a JPEG in half."""
    draw(path, (64, 64), quality=100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_a_sound_data_set_has_no_problem(tmp_path):
    whole = plan(fill(tmp_path, {"20_sls frog": 2}))
    assert whole.problems == () and codes(whole.notices) == ["I-CAP-NONE"]


def test_a_truncated_image_stops_the_run_and_is_named(tmp_path):
    fill(tmp_path, {"20_sls frog": 2})
    bad = break_(tmp_path / "20_sls frog" / "bad.jpg")
    (problem,) = plan(tmp_path).problems
    assert (problem.code, problem.path) == ("E-IMG-TRUNC", str(bad))


def test_every_bad_image_is_named(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    for i in range(15):
        break_(tmp_path / "20_sls frog" / f"bad{i}.jpg")
    assert codes(plan(tmp_path).problems) == ["E-IMG-TRUNC"] * 15


def test_bad_images_are_left_out_when_asked_for(tmp_path):
    fill(tmp_path, {"20_sls frog": 8})
    break_(tmp_path / "20_sls frog" / "bad.jpg")
    whole = plan(tmp_path, skip_bad_images=True)
    assert whole.problems == () and len(whole.images) == 8
    assert {"W-IMG-TRUNC", "W-IMG-SKIPPED"} <= set(codes(whole.notices))
    assert any(notice.facts == {"used": 8, "count": 9} for notice in whole.notices)


def test_with_every_image_left_out_the_run_does_not_start(tmp_path):
    break_(tmp_path / "20_sls frog" / "bad.jpg")
    assert codes(plan(tmp_path, skip_bad_images=True).problems) == ["E-DIR-EMPTY"]


@pytest.mark.parametrize("train", ["", "  "])
def test_no_folder_given_is_an_error_and_not_the_current_folder(train):
    assert codes(plan(train).problems) == ["E-DIR-MISSING"]


def test_zero_bytes_in_both_paths_are_missing_folders():
    assert codes(plan("a\0b", "c\0d").problems) == ["E-DIR-MISSING", "E-DIR-MISSING"]


def test_faults_of_both_parents_are_found_at_once(tmp_path):
    fill(tmp_path / "train", {"frog": 1})
    assert codes(plan(tmp_path / "train", tmp_path / "none").problems) == ["E-DIR-MISSING", "E-DIR-NAME"]


def test_training_and_regularization_must_not_be_the_same_folder(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    assert codes(plan(tmp_path, tmp_path / ".").problems) == ["E-DIR-SAME"]


def test_without_buckets_images_of_another_size_are_named_with_the_mend(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    draw(tmp_path / "20_sls frog" / "b.png", (128, 64))
    (problem,) = plan(tmp_path).problems
    assert (problem.code, problem.key) == ("E-IMG-SIZE", "dataset.resolution")
    assert problem.facts["names"].en == "20_sls frog/b.png (128×64)"


def test_with_buckets_images_of_any_size_are_fine(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (128, 64))
    assert plan(tmp_path, enable_bucket=True).problems == ()


def test_an_image_much_too_long_is_refused_with_numbers(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (4000, 10))
    (problem,) = plan(tmp_path, enable_bucket=True).problems
    assert problem.code == "E-IMG-ASPECT" and problem.facts["ratio"] == 400


def test_without_enlarging_an_image_below_one_step_is_refused(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (60, 60))
    (problem,) = plan(tmp_path, enable_bucket=True, bucket_no_upscale=True).problems
    assert problem.code == "E-IMG-SMALL" and problem.facts["size"] == (60, 60)


def test_an_image_enlarged_more_than_twice_is_pointed_out(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (1, 1))
    whole = plan(tmp_path, enable_bucket=True)
    assert whole.problems == () and "W-IMG-SMALL" in codes(whole.notices)


def test_an_image_that_loses_more_than_a_quarter_is_pointed_out(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (100, 70))  # square bucket: 70 % kept
    assert "W-IMG-CUT" in codes(plan(tmp_path, enable_bucket=True).notices)


def test_cut_images_are_one_notice_with_their_number_and_the_worst_of_them(tmp_path):
    # Of 100x70 a square is trained: 30 % is cut; 100x80 loses 20 %, which is not told. From 3:1 on the bucket
    # is 192x64: 100x10 loses 70 %.
    for name, height in (("a", 70), ("b", 10), ("c", 80), ("d", 20), ("e", 15), ("f", 68), ("g", 22)):
        draw(tmp_path / "20_sls frog" / f"{name}.png", (100, height))
    (cut,) = [n for n in plan(tmp_path, enable_bucket=True).notices if n.code == "W-IMG-CUT"]
    assert (cut.facts["count"], cut.facts["total"], cut.path) == (6, 7, "")
    assert cut.facts["names"].en == (
        "b.png (70%), e.png (55%), d.png (40%), g.png (34%), f.png (32%) and 1 more"
    )


def test_enlarged_images_are_one_notice_with_their_number_and_the_worst_of_them(tmp_path):
    for i in range(1, 9):
        draw(tmp_path / "20_sls frog" / f"{i}.png", (i, i))
    (small,) = [n for n in plan(tmp_path, enable_bucket=True).notices if n.code == "W-IMG-SMALL"]
    assert (small.facts["count"], small.facts["total"]) == (8, 8)
    assert small.facts["names"].en.startswith("1.png (1×1, ×64.0), 2.png")


def test_many_notices_of_a_kind_are_one_line_that_names_the_files(tmp_path):
    for i in range(30):
        draw(tmp_path / "20_sls frog" / f"{i:02}.png")
        (tmp_path / "20_sls frog" / f"{i:02}.caption").write_text("sls\nmore")
    (lines,) = [n for n in plan(tmp_path).notices if n.code == "W-CAP-LINES"]
    assert lines.facts["count"] == 29 and lines.facts["sentence"].en.startswith("caption file `00.caption`")
    assert lines.facts["names"].en == (
        "01.caption, 02.caption, 03.caption, 04.caption, 05.caption and 24 more"
    )


def lines_of_check(folder, count):
    """What the console prints of notices for so many images that are cut and enlarged."""
    for i in range(count):
        draw(folder / "20_sls frog" / f"{i:03}.png", (30, 15))
    return as_text.text(plan(folder, enable_bucket=True), "en", limit=0).splitlines()


def test_the_report_of_315_bad_images_is_as_short_as_that_of_two(tmp_path):
    assert len(lines_of_check(tmp_path / "many", 315)) <= len(lines_of_check(tmp_path / "two", 2)) + 1


def test_a_caption_in_cp932_stops_the_run_even_when_bad_images_are_left_out(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    (tmp_path / "20_sls frog" / "000.caption").write_bytes("緑の蛙".encode("cp932"))
    assert codes(plan(tmp_path, skip_bad_images=True).problems) == ["E-CAP-ENCODING"]


def test_captions_from_txt_are_told_once_for_a_folder(tmp_path):
    fill(tmp_path, {"20_sls frog": 3})
    for i in range(3):
        (tmp_path / "20_sls frog" / f"00{i}.txt").write_text(f"sls {i}")
    whole = plan(tmp_path)
    assert [image.caption for image in whole.images] == ["sls 0", "sls 1", "sls 2"]
    assert codes(whole.notices) == ["I-CAP-TXT"] and whole.notices[0].facts["count"] == 3


def test_images_without_captions_are_counted_once(tmp_path):
    fill(tmp_path, {"20_sls frog": 2, "10_cpc cat": 2})
    (tmp_path / "20_sls frog" / "000.caption").write_text("sls, green")
    (notice,) = plan(tmp_path).notices
    assert notice.code == "I-CAP-NONE" and notice.facts == {"count": 3, "total": 4}


def test_a_folder_without_words_needs_captions_for_all(tmp_path):
    fill(tmp_path, {"20_": 2})
    (tmp_path / "20_" / "000.caption").write_text("green")
    (problem,) = plan(tmp_path).problems
    assert problem.code == "E-DIR-NAME" and problem.facts["names"].en == "001.png"
    (tmp_path / "20_" / "001.caption").write_text("red")
    assert plan(tmp_path).problems == ()


def test_a_caption_without_an_image_is_pointed_out(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    (tmp_path / "20_sls frog" / "gone.caption").write_text("green")
    assert "W-CAP-ORPHAN" in codes(plan(tmp_path).notices)


def test_one_caption_for_two_images_is_pointed_out_and_both_are_trained(tmp_path):
    draw(tmp_path / "20_x" / "a.png")
    draw(tmp_path / "20_x" / "a.jpg")
    (tmp_path / "20_x" / "a.caption").write_text("green")
    whole = plan(tmp_path)
    assert [image.caption for image in whole.images] == ["green", "green"] and "W-CAP-SHARED" in codes(
        whole.notices
    )


def test_surplus_regularization_images_are_named_with_both_numbers(tmp_path):
    whole = plan(fill(tmp_path / "t", {"2_x": 1}), fill(tmp_path / "r", {"1_y": 5}))
    (notice,) = [n for n in whole.notices if n.code == "W-REG-SURPLUS"]
    assert (notice.facts["reg"], notice.facts["train"]) == (5, 2)
    assert notice.facts["spare"].en.count("1_y/") == 3


def test_regularization_images_that_never_come_are_named_as_such(tmp_path):
    reg = fill(tmp_path / "r", {"1_y": 1})
    draw(reg / "1_y" / "tall.png", (64, 192))
    whole = plan(fill(tmp_path / "t", {"1_x": 1}), reg, enable_bucket=True)
    (notice,) = [n for n in whole.notices if n.code == "W-REG-SURPLUS"]
    assert notice.facts["never"].en.startswith(" Never used: 1_y/")


def test_reuse_of_regularization_images_is_told(tmp_path):
    whole = plan(fill(tmp_path / "t", {"4_x": 1}), fill(tmp_path / "r", {"1_y": 2}))
    assert "I-REG-REUSE" in codes(whole.notices)


def test_equal_numbers_need_no_notice(tmp_path):
    whole = plan(fill(tmp_path / "t", {"2_x": 1}), fill(tmp_path / "r", {"1_yy": 2}))
    assert codes(whole.notices) == ["I-CAP-NONE"]


def test_limits_off_the_bucket_step_are_told(tmp_path):
    whole = plan(fill(tmp_path, {"2_x": 1}), enable_bucket=True, min_bucket_reso=65)
    assert "W-BUCKET-RANGE" in codes(whole.notices)


def test_too_many_samples_are_refused_without_filling_the_memory(tmp_path):
    whole = plan(fill(tmp_path, {f"100000_x{i:02}": 1 for i in range(51)}))
    assert codes(whole.problems) == ["E-DIR-COUNT"]
    assert as_json.values(whole, TrainConfig())["epoch"]["train_samples"] == 5_100_000


def test_a_caption_beyond_the_limit_is_a_notice_in_the_json(tmp_path):
    fill(tmp_path, {"2_x": 1})
    (tmp_path / "2_x" / "000.caption").write_text("word " * 80)
    notices = as_json.values(plan(tmp_path), TrainConfig(), count_tokens=lambda text: len(text.split()))[
        "notices"
    ]
    assert [(n["code"], n["path"]) for n in notices] == [("W-CAP-LONG", str(tmp_path / "2_x" / "000.png"))]


def test_every_problem_has_both_languages(tmp_path):
    fill(tmp_path / "t", {"20_sls frog": 2, "frog": 1})
    break_(tmp_path / "t" / "20_sls frog" / "bad.jpg")
    draw(tmp_path / "t" / "20_sls frog" / "b.png", (128, 64))
    whole = plan(tmp_path / "t", tmp_path / "none")
    for problem in (*whole.problems, *whole.notices):
        assert problem.en and problem.ja and problem.en != problem.ja
        assert any("぀" < letter < "ヿ" for letter in problem.ja)


def test_copies_of_a_file_are_told_of_with_their_names(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        draw(tmp_path / "t" / "1_x" / name, colour=(1, 2, 3 + (name == "c.png")))
    draw(tmp_path / "r" / "1_y" / "d.png", colour=(1, 2, 4))
    found = {p.code: p.facts.get("names") for p in plan(tmp_path / "t", tmp_path / "r").notices}
    assert found["W-IMG-TWIN"] == listed(["1_x/a.png", "1_x/b.png"])
    assert found["W-REG-TWIN"] == listed(["1_x/c.png", "1_y/d.png"])


def test_many_groups_of_copies_are_one_message(tmp_path):
    for n in range(5):
        for name in ("a", "b"):
            draw(tmp_path / "t" / "1_x" / f"{name}{n}.png", colour=(n, 0, 0))
    (problem,) = [p for p in plan(tmp_path / "t").notices if p.code == "W-IMG-TWIN"]
    assert "1_x/a0.png, 1_x/b0.png; 1_x/a1.png" in problem.en and "; and 2 more" in problem.en


def captioned(folder, name, texts, **options):
    """The notices about captions of one folder."""
    for i, text in enumerate(texts):
        draw(folder / name / f"{i}.png", colour=(i, 0, 0))
        (folder / name / f"{i}.caption").write_text(text)
    return [n for n in plan(folder, **options).notices if "IDENTIFIER" in n.code]


def test_captions_that_have_another_identifier_than_their_folder_are_pointed_out(tmp_path):
    (notice,) = captioned(tmp_path, "8_lvl cat", ["sls cat, sitting", "sls cat", "sls cat on grass"])
    assert notice.code == "W-CAP-IDENTIFIER"
    assert (notice.facts["word"], notice.facts["total"]) == ("lvl", 3)
    assert "`sls`" in notice.facts["instead"].en and "「sls」" in notice.facts["instead"].ja


def test_captions_without_any_word_of_their_folder_are_a_hint(tmp_path):
    (notice,) = captioned(tmp_path, "8_lvl cat", ["green eyes", "wet"])
    assert notice.code == "I-CAP-IDENTIFIER" and notice.facts["instead"] == ""


def test_single_captions_that_lack_the_identifier_are_named(tmp_path):
    (notice,) = captioned(tmp_path, "8_lvl cat", ["lvl cat", "a cat", "LVL cat, wet", "cat lvls"])
    assert notice.code == "I-CAP-IDENTIFIER"
    assert notice.facts == {"word": "lvl", "count": 2, "total": 4, "names": listed(["1.png", "3.png"])}


@pytest.mark.parametrize(
    ("name", "texts", "options"),
    [
        ("8_lvl cat", ["lvl cat", "wet lvl, cat"], {}),
        ("8_lvl cat", ["sls cat"], {"caption_prefix": "lvl"}),
        ("8_cat", ["a frog"], {}),
        ("8_", ["a frog"], {}),
        ("8_lvl cat", ["", " "], {}),
        ("8_蛙 猫", ["緑の蛙"], {}),
    ],
)
def test_captions_that_agree_with_their_folder_are_not_spoken_of(tmp_path, name, texts, options):
    assert captioned(tmp_path, name, texts, **options) == []


def test_regularization_images_need_no_identifier(tmp_path):
    train = fill(tmp_path / "train", {"2_sls cat": 1})
    draw(tmp_path / "reg" / "1_tabby cat" / "a.png", colour=(9, 9, 9))
    (tmp_path / "reg" / "1_tabby cat" / "a.caption").write_text("a cat")
    assert not any("IDENTIFIER" in n.code for n in plan(train, tmp_path / "reg").notices)


ODD_NAMES = [
    "日本語 スペース 'q' #& (1)", "🐸👩\u200d🎨", "100%20%", "$(x);`y`", "-rf", "a\u202eb", "é", " x ",
    "a.b.c", "~", "[0]", "ｆｕｌｌ", "\u3000", "a\tb", "😀" * 20,
]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="some of these can't be named there")
def test_images_of_odd_names_are_trained_with_their_captions(tmp_path):
    for i, name in enumerate(ODD_NAMES):
        draw(tmp_path / "20_sls frog" / f"{name}.png", colour=(i, 0, 0))
        (tmp_path / "20_sls frog" / f"{name}.caption").write_text(f"sls {i}", encoding="utf-8")
    whole = plan(tmp_path)
    assert whole.problems == () and len(whole.images) == len(ODD_NAMES)
    for image in whole.images:
        number = int(image.caption.removeprefix("sls "))
        assert image.path.stem == ODD_NAMES[number]
        assert (load.load(image) == (number, 0, 0)).all()
    json.dumps(as_json.values(whole, TrainConfig()), ensure_ascii=False).encode("utf-8")
    as_text.text(whole, "ja").encode("utf-8")


def test_an_image_of_one_pixel_is_looked_at_everywhere_without_a_division_by_zero(tmp_path):
    path = draw(tmp_path / "20_sls frog" / "a.png", (1, 1))
    whole = plan(tmp_path, enable_bucket=True)
    (notice,) = whole.notices[:1]
    assert notice.code == "W-IMG-SMALL" and notice.facts["names"].en == "a.png (1×1, ×64.0)"
    assert notice.path == str(path)
    (image,) = whole.images
    assert load.load(image).shape == (64, 64, 3)
    assert thumbnails.thumbnail(image).size == (1, 1)
    assert "enlarged 64.0x" in thumbnails.label(image, "en")
    assert measure.measure(path.read_bytes()).sharpness is None
    assert as_text.text(whole, "en")
