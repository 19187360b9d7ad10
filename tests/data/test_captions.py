"""Caption files, and what is done to a caption for one sample."""

import itertools
import os
import random
import unicodedata
from collections import Counter

import pytest

from core.config.schema.dataset import DatasetConfig
from core.data.captions.captions import dress, is_endless, is_random, longest, read, vary
from tests.data.images import codes, draw, plan


def caption(tmp_path, data, name="a.caption", extension=".caption"):
    (tmp_path / "a.png").touch()
    (tmp_path / name).write_bytes(data)
    return read(tmp_path / "a.png", extension)


def test_the_file_beside_the_image_is_its_caption(tmp_path):
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
    assert problem.facts["byte"] == 5 and "Shift-JIS" in problem.facts["encoding"].en
    assert problem.facts["command"].startswith("python -m core tools utf8 ")
    assert found.text == ""


def test_utf_16_without_its_mark_is_refused(tmp_path):
    (problem,) = caption(tmp_path, "sls frog".encode("utf-16-le")).problems
    assert problem.code == "E-CAP-ENCODING" and "UTF-16" in problem.facts["encoding"].en


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_caption_with_a_warning(tmp_path, data):
    found = caption(tmp_path, data)
    assert found.text == "" and found.path is not None and codes(found.problems) == ["W-CAP-EMPTY"]


def test_only_the_first_line_counts_and_a_warning_says_so(tmp_path):
    found = caption(tmp_path, b"\r\nfirst\r\nsecond\rthird\n")
    assert found.text == "first" and codes(found.problems) == ["W-CAP-LINES"]
    assert found.problems[0].facts == {"lines": 3}


def test_control_characters_and_terminal_sequences_are_taken_off(tmp_path):
    assert caption(tmp_path, b"a\x1b[2J, \x00b\tc\x7f").text == "a, b c"


def test_markup_and_trailing_commas_stay_as_they_are(tmp_path):
    text = "<img src=x onerror=1>, {a|b}, __import__,, "
    assert caption(tmp_path, text.encode()).text == text.strip()


def test_a_line_of_a_megabyte_is_read(tmp_path):
    assert len(caption(tmp_path, b"x" * 1_000_000).text) == 1_000_000


def test_five_hundred_tags_are_read(tmp_path):
    text = ", ".join(f"tag {n}" for n in range(500))
    assert caption(tmp_path, text.encode()).text == text


def test_a_file_of_20_megabytes_is_no_caption(tmp_path):
    (problem,) = caption(tmp_path, b"frog, " * 3_500_000).problems
    assert problem.code == "E-CAP-LARGE" and problem.facts["size"] == 21_000_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files there")
def test_a_pipe_in_place_of_the_caption_is_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "a.caption")
    (problem,) = read(tmp_path / "a.png", ".caption").problems
    assert problem.code == "E-CAP-READ" and "it is a pipe, not a file" in problem.en


def test_a_folder_in_place_of_the_caption_is_an_error(tmp_path):
    (tmp_path / "a.caption").mkdir()
    assert codes(read(tmp_path / "a.png", ".caption").problems) == ["E-CAP-READ"]


def process(text, config, rng, epoch=1):
    return vary(dress(text, config), config, rng, epoch)


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


WILD = {"enable_wildcard": True}


def forms(text, **options):
    return {run(text, seed, **options) for seed in range(200)}


def test_with_wildcards_every_line_of_the_file_is_kept_without_a_notice(tmp_path):
    (tmp_path / "a.caption").write_bytes(b"first\r\n\r\n second \nthird")
    found = read(tmp_path / "a.png", ".caption", all_lines=True)
    assert (found.text, found.problems) == ("first\nsecond\nthird", ())


def test_a_wildcard_takes_each_line_equally_often():
    options, rng = DatasetConfig(enable_wildcard=True), random.Random(0)
    counts = Counter(process("one\ntwo\nthree", options, rng) for _ in range(6000))
    assert sorted(counts) == ["one", "three", "two"]
    assert all(1890 < count < 2110 for count in counts.values())  # 2000 expected, standard deviation 37


def test_without_wildcards_only_the_first_line_is_used_and_braces_stay():
    assert run("a {red|green}\nb") == "a {red|green}"
    assert run("a, b\nc", shuffle_caption=True, keep_tokens=2) == "a, b"


def test_a_wildcard_takes_each_alternative_equally_often():
    options, rng = DatasetConfig(enable_wildcard=True), random.Random(0)
    counts = Counter(process("a {red|green|blue} {frog|toad}", options, rng) for _ in range(6000))
    assert len(counts) == 6
    assert all(870 < count < 1130 for count in counts.values())  # 1000 expected, standard deviation 29


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {b}", {"a b"}),
        ("{a|{b|c}}", {"a", "b", "c"}),
        ("{{a|b}|c}", {"a", "b", "c"}),
        ("{x {a|b} y|c}", {"x a y", "x b y", "c"}),
        ("{{a|b}}", {"{a|b}"}),
        ("{a|{{b}}}", {"a", "{b}"}),
        ("{{{a|b}}}", {"{a}", "{b}"}),
        ("{{ {a|b} }}", {"{ a }", "{ b }"}),
        ("a | b", {"a | b"}),
        ("{a|}", {"a", ""}),
        ("{}", {"{}"}),
        ("{a|b", {"{a|b"}),
        ("a} b}}", {"a} b}"}),
        ("a {{ b", {"a { b"}),
    ],
)
def test_braces_are_read_as_groups_or_as_themselves(text, expected):
    assert forms(text, **WILD) == expected


def test_a_deep_nest_of_braces_does_no_harm():
    assert run("{ " * 2_000 + "a" + " }" * 2_000, **WILD).strip() == "a"


def test_a_megabyte_of_open_braces_does_no_harm():
    assert run("{ " * 500_000, **WILD) == "{ " * 500_000


def test_prefix_and_suffix_go_with_every_line():
    assert forms("a\nb", caption_prefix="p", caption_suffix="s", **WILD) == {"p a s", "p b s"}


def test_alternatives_are_chosen_before_the_parts_are_shuffled():
    found = forms("{a, b|c}, d", shuffle_caption=True, **WILD)
    assert found == {"a, b, d", "a, d, b", "b, a, d", "b, d, a", "d, a, b", "d, b, a", "c, d", "d, c"}


def test_what_stands_before_and_after_the_marks_stays_and_the_middle_is_shuffled():
    found = forms("x, y ||| a, b ||| z", keep_tokens_separator="|||", shuffle_caption=True)
    assert found == {"x, y, a, b, z", "x, y, b, a, z"}


def test_one_mark_fixes_the_start_only_and_keep_tokens_is_not_asked():
    found = forms("x ||| a, b", keep_tokens_separator="|||", keep_tokens=2, shuffle_caption=True)
    assert found == {"x, a, b", "x, b, a"}


def test_without_a_mark_in_the_caption_keep_tokens_counts():
    found = forms("x, a, b", keep_tokens_separator="|||", keep_tokens=1, shuffle_caption=True)
    assert found == {"x, a, b", "x, b, a"}


def test_only_the_middle_is_dropped():
    options = {"keep_tokens_separator": "|||", "caption_tag_dropout_rate": 1.0}
    assert forms("x, y ||| a, b ||| z", **options) == {"x, y, z"}


@pytest.mark.parametrize("text", ["x ||| a, b ||| z", "x, ||| a, b, ||| z", "||| x, a, b ||| z |||"])
def test_the_mark_never_stays_in_the_text(text):
    assert forms(text, keep_tokens_separator="|||") == {"x, a, b, z"}
    assert forms(text, keep_tokens_separator="|||", shuffle_caption=True, keep_tokens=9) <= {
        ", ".join(order) for order in itertools.permutations("xabz")
    }


def test_a_third_mark_is_taken_out_too():
    found = forms("x ||| a ||| y ||| z", keep_tokens_separator="|||", shuffle_caption=True)
    assert found == {"x, a, y, z"}


def test_the_mark_s_parts_are_joined_by_the_caption_s_own_separator():
    assert run("x ||| a; b", keep_tokens_separator="|||", caption_separator=";") == "x; a; b"


def test_parts_held_together_are_shuffled_as_one_and_then_separated():
    found = forms("a;;;b, c", secondary_separator=";;;", shuffle_caption=True)
    assert found == {"a,b, c", "c, a,b"}


def test_parts_held_together_are_dropped_together():
    found = forms("a;;;b, c", secondary_separator=";;;", caption_tag_dropout_rate=0.5)
    assert found == {"a,b, c", "a,b", "c", ""}


def test_the_secondary_separator_never_stays_in_the_text():
    assert run("a;;;b", secondary_separator=";;;") == "a,b"


def test_captions_are_empty_in_every_nth_epoch():
    assert [
        run_in_epoch(epoch, "frog", caption_prefix="p", caption_dropout_every_n_epochs=3)
        for epoch in range(1, 8)
    ] == ["p frog", "p frog", "", "p frog", "p frog", "", "p frog"]


def run_in_epoch(epoch, text, **options):
    return process(text, DatasetConfig(**options), random.Random(0), epoch)


def test_the_longest_form_is_that_of_the_longest_line_and_alternatives():
    options = DatasetConfig(shuffle_caption=True, keep_tokens_separator="|||", enable_wildcard=True)
    assert longest("a ||| {red|green}\nb", options) == "a, green"


def test_the_longest_form_of_a_fixed_caption_is_itself():
    assert longest("a, {b|c}", DatasetConfig()) == "a, {b|c}"


@pytest.mark.parametrize(
    ("options", "endless", "varied"),
    [
        ({}, False, False),
        ({"keep_tokens_separator": "|||", "secondary_separator": ";"}, False, False),
        ({"caption_dropout_rate": 0.1}, False, True),
        ({"caption_dropout_every_n_epochs": 2}, False, True),
        ({"enable_wildcard": True}, True, True),
        ({"shuffle_caption": True}, True, True),
        ({"caption_tag_dropout_rate": 0.1}, True, True),
    ],
)
def test_it_is_known_which_options_make_captions_differ(options, endless, varied):
    config = DatasetConfig(**options)
    assert (is_endless(config), is_random(config)) == (endless, varied)


def planned_captions(tmp_path, epochs, **options):
    made = plan(tmp_path, **options)
    return [
        sample.caption for epoch in epochs for batch in made.epoch(epoch) for sample in batch.samples
    ], made


def test_samples_of_a_run_take_every_line_and_alternative(tmp_path):
    draw(tmp_path / "40_sls frog" / "a.png")
    (tmp_path / "40_sls frog" / "a.caption").write_text("{red|green}\nblue")
    found, made = planned_captions(tmp_path, [1], enable_wildcard=True)
    assert set(found) == {"red", "green", "blue"}
    assert made.fixed_captions() is None and "W-CAP-LINES" not in codes(made.notices)


def test_the_words_of_a_folder_are_processed_like_a_caption(tmp_path):
    draw(tmp_path / "40_sls, {frog, toad}" / "a.png")
    found, _ = planned_captions(tmp_path, [1], shuffle_caption=True, keep_tokens=1)
    assert set(found) == {"sls, {frog, toad}", "sls, toad}, {frog"}


def test_whole_epochs_of_a_run_have_empty_captions_and_they_are_among_the_fixed_ones(tmp_path):
    draw(tmp_path / "3_sls frog" / "a.png")
    found, made = planned_captions(tmp_path, [1, 2, 3, 4], caption_dropout_every_n_epochs=2)
    assert found == ["sls frog"] * 3 + [""] * 3 + ["sls frog"] * 3 + [""] * 3
    assert made.fixed_captions() == ("", "sls frog")


def test_marks_and_separators_are_out_of_the_fixed_captions(tmp_path):
    draw(tmp_path / "2_sls frog" / "a.png")
    (tmp_path / "2_sls frog" / "a.caption").write_text("x ||| a;;;b")
    found, made = planned_captions(tmp_path, [1], keep_tokens_separator="|||", secondary_separator=";;;")
    assert set(found) == {"x, a,b"} and made.fixed_captions() == ("x, a,b",)
