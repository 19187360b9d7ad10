"""Edits of caption texts: what each does to a line, and what it leaves alone."""

from __future__ import annotations

import pytest

from core.data.caption_editor.edits import EDITS, Edit, apply, difference, pieces, tags


def edited(line, kind, words="sls frog", **options):
    return apply(Edit(kind, **options), line, words)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("a frog on grass", {"find": "grass", "text": "moss"}, "a frog on moss"),
        ("Frog, frog", {"find": "frog", "text": "toad"}, "toad, toad"),
        ("Frog, frog", {"find": "frog", "text": "toad", "match_case": True}, "Frog, toad"),
        ("a.b axb", {"find": "a.b", "text": "c"}, "c axb"),
        ("one", {"find": "one", "text": r"\1 \g<0> \n"}, r"\1 \g<0> \n"),
        ("a frog", {"find": "", "text": "x"}, "a frog"),
        ("緑のカエル", {"find": "カエル", "text": "蛙"}, "緑の蛙"),
    ],
)
def test_replace_takes_text_as_it_is_never_as_a_pattern(text, options, expected):
    assert edited(text, "replace", **options) == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("on grass", {"text": "sls frog"}, "sls frog, on grass"),
        ("on grass", {"text": "a photo of", "joint": "space"}, "a photo of on grass"),
        ("on grass", {"text": "ab", "joint": "nothing"}, "abon grass"),
        ("SLS frog on grass", {"text": "sls frog"}, "SLS frog on grass"),
        ("SLS frog on grass", {"text": "sls frog", "match_case": True}, "sls frog, SLS frog on grass"),
        ("on grass, sls frog", {"text": "sls frog"}, "on grass, sls frog"),
        ("sls frog", {"text": "sls frog", "only_missing": False}, "sls frog, sls frog"),
        ("on grass", {"text": "  "}, "on grass"),
    ],
)
def test_a_prefix_goes_where_it_does_not_stand_yet(text, options, expected):
    assert edited(text, "prefix", **options) == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("a frog", {"text": "best quality"}, "a frog, best quality"),
        ("a frog, ", {"text": "best quality"}, "a frog, best quality"),
        ("a frog", {"text": "at night", "joint": "space"}, "a frog at night"),
        ("a frog at Night", {"text": "at night"}, "a frog at Night"),
    ],
)
def test_a_suffix_goes_where_it_does_not_stand_yet(text, options, expected):
    assert edited(text, "suffix", **options) == expected


@pytest.mark.parametrize(
    ("text", "find", "expected"),
    [
        ("a, b,c ,  d", "b", "a,c ,  d"),
        ("a, b", "a", "b"),
        ("a, b", "A", "b"),
        ("ab, b", "a", "ab, b"),
        ("a", "a", ""),
        ("{a, b|c}, b", "b", "{a, b|c}"),
    ],
)
def test_removing_a_tag_leaves_the_rest_as_it_was_written(text, find, expected):
    assert edited(text, "remove", find=find) == expected


@pytest.mark.parametrize(
    ("text", "find", "new", "expected"),
    [
        ("a,  b , c", "b", "x", "a,  x , c"),
        ("a, b, c", "b", "c", "a, c"),
        ("a, b", "b", "", "a"),
        ("a, B", "b", "b", "a, b"),
        ("a, bb", "b", "x", "a, bb"),
    ],
)
def test_renaming_a_tag_neither_doubles_one_nor_touches_others(text, find, new, expected):
    assert edited(text, "rename", find=find, text=new) == expected


def test_a_tag_that_stands_twice_stays_where_it_stands_first():
    assert edited("a, B, b, a, c", "dedupe") == "a, B, c"
    assert edited("a, B, b, a, c", "dedupe", match_case=True) == "a, B, b, c"


def test_sorting_keeps_the_first_tags_where_they_are():
    assert edited("sls frog, c, B, a", "sort", keep=1) == "sls frog, a, B, c"
    assert edited("c, B, a", "sort", keep=0) == "a, B, c"


def test_trimming_takes_spare_blanks_and_commas_away():
    assert edited("  a ,,b   c,\u3000d , ", "trim") == "a, b c, d"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on grass", "sls frog, on grass"),
        ("sls green frog", "sls green frog"),
        ("Frog by SLS", "Frog by SLS"),
        ("sls frogs", "sls frog, sls frogs"),
        ("a frog", "sls frog, a frog"),
    ],
)
def test_the_folders_words_are_added_where_one_of_them_is_missing(text, expected):
    assert edited(text, "identifier") == expected


def test_japanese_words_are_found_without_blanks_around_them():
    assert edited("緑のカエルの写真", "identifier", words="カエル") == "緑のカエルの写真"


def test_a_folder_without_words_changes_nothing():
    assert edited("on grass", "identifier", words="") == "on grass"


def test_each_line_is_edited_and_blank_ones_stay():
    assert edited("a\n\n b", "prefix", text="x") == "x, a\n\nx, b"


@pytest.mark.parametrize("kind", [kind for kind in EDITS if kind not in ("sort", "trim")])
def test_an_edit_without_anything_to_do_leaves_every_sign(kind):
    text = " sls frog ,\ton  grass;{a,b|c} \\, \u3000 "
    assert edited(text, kind) == text


def test_commas_in_braces_and_escaped_ones_part_nothing():
    assert pieces(r"a {b, c|d}, e\, f, g") == ["a {b, c|d}", r" e\, f", " g"]
    assert pieces("a {b, c") == ["a {b", " c"]
    assert tags("a, b\n b , ,c") == ["a", "b", "c"]


def test_the_difference_marks_just_the_words_that_changed():
    assert difference("a frog on grass", "a toad on grass") == [
        (True, "a ", "a "), (False, "frog", "toad"), (True, " on grass", " on grass"),
    ]  # fmt: skip


def test_both_sides_of_a_difference_are_the_whole_texts():
    parts = difference("緑のカエル\nx", "赤いカエル, y")
    assert "".join(old for _, old, _ in parts) == "緑のカエル\nx"
    assert "".join(new for _, _, new in parts) == "赤いカエル, y"
