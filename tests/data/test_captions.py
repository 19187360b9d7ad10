"""Caption files, and what is done to a caption for one sample."""

import random
import unicodedata
from collections import Counter

import pytest

from core.config.schema_dataset import DatasetConfig
from core.data.captions import process, read
from tests.data.pictures import codes


def caption(tmp_path, data, name="a.caption", extension=".caption"):
    (tmp_path / "a.png").touch()
    (tmp_path / name).write_bytes(data)
    return read(tmp_path / "a.png", extension)


def test_the_file_beside_the_picture_is_its_caption(tmp_path):
    found = caption(tmp_path, "sls frog, 緑".encode())
    assert (found.text, found.path, found.problems) == ("sls frog, 緑", tmp_path / "a.caption", ())


def test_without_a_file_there_is_no_caption(tmp_path):
    (tmp_path / "a.png").touch()
    assert read(tmp_path / "a.png", ".caption").path is None


@pytest.mark.parametrize("extension", [".txt", "txt", ".TXT", " .txt "])
def test_the_extension_may_lack_its_dot_or_be_in_capitals(tmp_path, extension):
    assert caption(tmp_path, b"green", "a.txt", extension).text == "green"


def test_a_caption_file_in_capitals_is_found(tmp_path):
    assert caption(tmp_path, b"green", "a.CAPTION").text == "green"


def test_a_caption_whose_name_differs_only_in_case_is_found(tmp_path):
    (tmp_path / "img_1.caption").write_text("green")
    assert read(tmp_path / "IMG_1.JPG", ".caption").text == "green"


def test_a_caption_of_exactly_the_name_comes_before_one_that_differs_in_case(tmp_path):
    (tmp_path / "a.caption").write_text("small")
    (tmp_path / "A.caption").write_text("large")
    if len(list(tmp_path.iterdir())) == 2:  # not where the file system takes them for one
        assert [read(tmp_path / name, ".caption").text for name in ("a.png", "A.png")] == ["small", "large"]


def test_txt_is_read_when_the_chosen_kind_is_missing(tmp_path):
    assert caption(tmp_path, b"green", "a.txt").text == "green"


def test_the_chosen_kind_wins_over_txt_with_a_notice(tmp_path):
    (tmp_path / "a.txt").write_text("other")
    found = caption(tmp_path, b"green")
    assert found.text == "green" and codes(found.problems) == ["I-CAP-BOTH"]


def test_a_decomposed_file_name_finds_its_composed_caption(tmp_path):
    (tmp_path / unicodedata.normalize("NFC", "ガ.caption")).write_text("glass")
    assert read(tmp_path / unicodedata.normalize("NFD", "ガ.png"), ".caption").text == "glass"


def test_dots_and_odd_signs_in_the_name_do_no_harm(tmp_path):
    (tmp_path / "日本語 'q' #& (1).v2.caption").write_text("green")
    assert read(tmp_path / "日本語 'q' #& (1).v2.png", ".caption").text == "green"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_understood_and_taken_off(tmp_path, encoding):
    assert caption(tmp_path, "sls 蛙".encode(encoding)).text == "sls 蛙"


def test_utf_16_big_endian_with_its_mark_is_understood(tmp_path):
    assert caption(tmp_path, b"\xfe\xff" + "sls 蛙".encode("utf-16-be")).text == "sls 蛙"


def test_cp932_is_refused_with_path_place_guess_and_mend(tmp_path):
    found = caption(tmp_path, "frog 蛙".encode("cp932"))
    (problem,) = found.problems
    assert (problem.code, problem.path) == ("E-CAP-ENCODING", str(tmp_path / "a.caption"))
    assert "byte 5" in problem.en and "Shift-JIS" in problem.en and "UTF-8で保存" in problem.ja
    assert found.text == ""


def test_utf_16_without_its_mark_is_refused(tmp_path):
    (problem,) = caption(tmp_path, "sls frog".encode("utf-16-le")).problems
    assert problem.code == "E-CAP-ENCODING" and "UTF-16" in problem.en


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_caption_with_a_warning(tmp_path, data):
    found = caption(tmp_path, data)
    assert found.text == "" and found.path is not None and codes(found.problems) == ["W-CAP-EMPTY"]


def test_only_the_first_line_counts_and_a_warning_says_so(tmp_path):
    found = caption(tmp_path, b"\r\nfirst\r\nsecond\rthird\n")
    assert found.text == "first" and codes(found.problems) == ["W-CAP-LINES"]
    assert "3 lines" in found.problems[0].en


def test_control_characters_and_terminal_sequences_are_taken_off(tmp_path):
    assert caption(tmp_path, b"a\x1b[2J, \x00b\tc\x7f").text == "a, b c"


def test_markup_and_trailing_commas_stay_as_they_are(tmp_path):
    text = "<img src=x onerror=1>, {a|b}, __import__,, "
    assert caption(tmp_path, text.encode()).text == text.strip()


def test_a_line_of_a_megabyte_is_read(tmp_path):
    assert len(caption(tmp_path, b"x" * 1_000_000).text) == 1_000_000


def test_a_folder_in_place_of_the_caption_is_an_error(tmp_path):
    (tmp_path / "a.caption").mkdir()
    assert codes(read(tmp_path / "a.png", ".caption").problems) == ["E-CAP-READ"]


def run(text, seed=0, **options):
    return process(text, DatasetConfig(**options), random.Random(seed))


def test_with_nothing_on_the_text_is_verbatim():
    assert run("a,,b ,  c,") == "a,,b ,  c,"


def test_prefix_and_suffix_are_joined_by_blanks():
    assert run("frog", caption_prefix="photo of", caption_suffix="outside") == "photo of frog outside"


def test_an_empty_caption_keeps_prefix_and_suffix_without_extra_blanks():
    assert run("", caption_prefix="p", caption_suffix="s") == "p s"


def test_dropout_empties_the_whole_caption_prefix_included():
    assert run("frog", caption_prefix="p", caption_dropout_rate=1.0) == ""


def test_dropout_strikes_at_its_rate():
    options = DatasetConfig(caption_dropout_rate=0.3)
    rng = random.Random(0)
    empty = sum(process("frog", options, rng) == "" for _ in range(5000))
    assert 1390 < empty < 1610  # 1500 expected, standard deviation 32


def test_shuffling_keeps_all_parts():
    shuffled = run("a, b,c , d", shuffle_caption=True, seed=3)
    assert sorted(shuffled.split(", ")) == ["a", "b", "c", "d"] and shuffled != "a, b, c, d"


def test_shuffling_gives_every_order_equally_often():
    options, rng = DatasetConfig(shuffle_caption=True, keep_tokens=1), random.Random(0)
    orders = Counter(process("sls frog, a, b, c", options, rng) for _ in range(6000))
    assert len(orders) == 6 and all(order.startswith("sls frog, ") for order in orders)
    assert all(870 < count < 1130 for count in orders.values())  # 1000 expected, standard deviation 29


def test_the_prefix_counts_among_the_kept_parts():
    results = {
        run("a, b, c", seed, caption_prefix="p,", shuffle_caption=True, keep_tokens=1) for seed in range(20)
    }
    assert all(result.startswith("p, ") for result in results) and len(results) > 1


def test_the_same_generator_gives_the_same_order_on_every_system():
    assert run("a, b, c, d, e", 42, shuffle_caption=True, keep_tokens=1) == "a, d, c, e, b"


def test_parts_are_dropped_at_their_rate_except_the_kept_ones():
    options, rng = DatasetConfig(caption_tag_dropout_rate=0.25, keep_tokens=1), random.Random(0)
    results = [process("k, a, b, c, d", options, rng).split(", ") for _ in range(2000)]
    assert all(result[0] == "k" for result in results)
    assert 5880 < sum(len(result) - 1 for result in results) < 6120  # 6000 expected, standard deviation 39
    assert ["k", *sorted(results[0][1:])] == results[0]  # not shuffled


def test_dropping_every_part_leaves_the_kept_ones():
    assert run("k, a, b", caption_tag_dropout_rate=1.0, keep_tokens=1) == "k"


def test_a_separator_of_ones_own_is_kept():
    assert run("a; b;c", caption_separator=";", shuffle_caption=True, keep_tokens=9) == "a; b; c"


def test_empty_parts_are_left_out_when_shuffling():
    assert run("a,, b,", shuffle_caption=True, keep_tokens=9) == "a, b"


def test_without_a_separator_the_caption_is_one_part():
    assert run("a, b", caption_separator="", shuffle_caption=True) == "a, b"
