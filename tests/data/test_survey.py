"""What is wrong with a data set, found before anything is trained."""

import pytest

from core.config.schema_train import TrainConfig
from core.data.findings import SHOWN
from tests.data.pictures import codes, draw, fill, plan


def break_(path):
    """Cut a JPEG in half."""
    draw(path, (64, 64), quality=100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_a_sound_data_set_has_no_problem(tmp_path):
    whole = plan(fill(tmp_path, {"20_sls frog": 2}))
    assert whole.problems == () and codes(whole.notices) == ["I-CAP-NONE"]


def test_a_truncated_picture_stops_the_run_and_is_named(tmp_path):
    fill(tmp_path, {"20_sls frog": 2})
    bad = break_(tmp_path / "20_sls frog" / "bad.jpg")
    (problem,) = plan(tmp_path).problems
    assert (problem.code, problem.path) == ("E-IMG-TRUNC", str(bad))


def test_every_bad_picture_is_named(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    for i in range(15):
        break_(tmp_path / "20_sls frog" / f"bad{i}.jpg")
    assert codes(plan(tmp_path).problems) == ["E-IMG-TRUNC"] * 15


def test_bad_pictures_are_left_out_when_asked_for(tmp_path):
    fill(tmp_path, {"20_sls frog": 8})
    break_(tmp_path / "20_sls frog" / "bad.jpg")
    whole = plan(tmp_path, skip_bad_images=True)
    assert whole.problems == () and len(whole.images) == 8
    assert {"W-IMG-TRUNC", "W-IMG-SKIPPED"} <= set(codes(whole.notices))
    assert any("8 of 9" in notice.en for notice in whole.notices)


def test_with_every_picture_left_out_the_run_does_not_start(tmp_path):
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


def test_without_buckets_pictures_of_another_size_are_named_with_the_mend(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    draw(tmp_path / "20_sls frog" / "b.png", (128, 64))
    (problem,) = plan(tmp_path).problems
    assert (problem.code, problem.key) == ("E-IMG-SIZE", "dataset.resolution")
    assert "20_sls frog/b.png (128x64)" in problem.en and "000.png" not in problem.en
    assert "dataset.enable_bucket" in problem.en and "dataset.enable_bucket" in problem.ja


def test_with_buckets_pictures_of_any_size_are_fine(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (128, 64))
    assert plan(tmp_path, enable_bucket=True).problems == ()


def test_a_picture_much_too_long_is_refused_with_numbers(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (4000, 10))
    (problem,) = plan(tmp_path, enable_bucket=True).problems
    assert problem.code == "E-IMG-ASPECT" and "4000x10" in problem.en and "400 times" in problem.en


def test_without_enlarging_a_picture_below_one_step_is_refused(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (60, 60))
    (problem,) = plan(tmp_path, enable_bucket=True, bucket_no_upscale=True).problems
    assert problem.code == "E-IMG-SMALL" and "60x60" in problem.en


def test_a_picture_enlarged_more_than_twice_is_pointed_out(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (1, 1))
    whole = plan(tmp_path, enable_bucket=True)
    assert whole.problems == () and "W-IMG-SMALL" in codes(whole.notices)


def test_a_picture_that_loses_more_than_a_quarter_is_pointed_out(tmp_path):
    draw(tmp_path / "20_sls frog" / "b.png", (100, 70))  # square bucket: 70 % kept
    assert "W-IMG-CUT" in codes(plan(tmp_path, enable_bucket=True).notices)


def test_many_notices_of_a_kind_are_condensed(tmp_path):
    for i in range(SHOWN + 5):
        draw(tmp_path / "20_sls frog" / f"{i}.png", (8, 8))
    small = [n for n in plan(tmp_path, enable_bucket=True).notices if n.code == "W-IMG-SMALL"]
    assert len(small) == SHOWN + 1 and "5 more" in small[-1].en


def test_a_caption_in_cp932_stops_the_run_even_when_bad_pictures_are_left_out(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    (tmp_path / "20_sls frog" / "000.caption").write_bytes("緑の蛙".encode("cp932"))
    assert codes(plan(tmp_path, skip_bad_images=True).problems) == ["E-CAP-ENCODING"]


def test_captions_from_txt_are_told_once_for_a_folder(tmp_path):
    fill(tmp_path, {"20_sls frog": 3})
    for i in range(3):
        (tmp_path / "20_sls frog" / f"00{i}.txt").write_text(f"green {i}")
    whole = plan(tmp_path)
    assert [image.caption for image in whole.images] == ["green 0", "green 1", "green 2"]
    assert codes(whole.notices) == ["I-CAP-TXT"] and "3 caption(s)" in whole.notices[0].en


def test_pictures_without_captions_are_counted_once(tmp_path):
    fill(tmp_path, {"20_sls frog": 2, "10_cpc cat": 2})
    (tmp_path / "20_sls frog" / "000.caption").write_text("green")
    (notice,) = plan(tmp_path).notices
    assert notice.code == "I-CAP-NONE" and "3 of 4" in notice.en


def test_a_folder_without_words_needs_captions_for_all(tmp_path):
    fill(tmp_path, {"20_": 2})
    (tmp_path / "20_" / "000.caption").write_text("green")
    (problem,) = plan(tmp_path).problems
    assert problem.code == "E-DIR-NAME" and "001.png" in problem.en and "000.png" not in problem.en
    (tmp_path / "20_" / "001.caption").write_text("red")
    assert plan(tmp_path).problems == ()


def test_a_caption_without_a_picture_is_pointed_out(tmp_path):
    fill(tmp_path, {"20_sls frog": 1})
    (tmp_path / "20_sls frog" / "gone.caption").write_text("green")
    assert "W-CAP-ORPHAN" in codes(plan(tmp_path).notices)


def test_one_caption_for_two_pictures_is_pointed_out_and_both_are_trained(tmp_path):
    draw(tmp_path / "20_x" / "a.png")
    draw(tmp_path / "20_x" / "a.jpg")
    (tmp_path / "20_x" / "a.caption").write_text("green")
    whole = plan(tmp_path)
    assert [image.caption for image in whole.images] == ["green", "green"] and "W-CAP-SHARED" in codes(
        whole.notices
    )


def test_surplus_regularization_pictures_are_named_with_both_numbers(tmp_path):
    whole = plan(fill(tmp_path / "t", {"2_x": 1}), fill(tmp_path / "r", {"1_y": 5}))
    (notice,) = [n for n in whole.notices if n.code == "W-REG-SURPLUS"]
    assert "(5)" in notice.en and "(2)" in notice.en and notice.en.count("1_y/") == 3


def test_regularization_pictures_that_never_come_are_named_as_such(tmp_path):
    reg = fill(tmp_path / "r", {"1_y": 1})
    draw(reg / "1_y" / "tall.png", (64, 192))
    whole = plan(fill(tmp_path / "t", {"1_x": 1}), reg, enable_bucket=True)
    (notice,) = [n for n in whole.notices if n.code == "W-REG-SURPLUS"]
    assert "Never used: 1_y/" in notice.en


def test_reuse_of_regularization_pictures_is_told(tmp_path):
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
    assert whole.to_json(TrainConfig())["epoch"]["train_samples"] == 5_100_000


def test_a_caption_beyond_the_limit_is_a_notice_in_the_json(tmp_path):
    fill(tmp_path, {"2_x": 1})
    (tmp_path / "2_x" / "000.caption").write_text("word " * 80)
    notices = plan(tmp_path).to_json(TrainConfig(), count_tokens=lambda text: len(text.split()))["notices"]
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
    found = {p.code: p.sentence("en") for p in plan(tmp_path / "t", tmp_path / "r").notices}
    assert "1_x/a.png, 1_x/b.png." in found["W-IMG-TWIN"]
    assert "1_x/c.png, 1_y/d.png." in found["W-REG-TWIN"]
