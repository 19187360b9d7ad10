"""Images opened with their captions: which are found, filtered and counted, what an edit would change."""

from __future__ import annotations

import pytest

from core.config.schema.dataset import DatasetConfig
from core.data.caption_editor.edits import Edit
from core.data.caption_editor.session import (
    Filter,
    changed,
    filtered,
    key_of,
    open_session,
    planned,
    reloaded,
    tag_counts,
)
from core.errors import Message, UserError
from tests.data.images import draw, fill


def words(text):
    return len(text.split())


def session_of(train, reg=None, allow=lambda _: None, **options):
    config = DatasetConfig(train_data_dir=str(train), reg_data_dir=reg and str(reg), **options)
    return open_session(config, allow)


@pytest.fixture
def train(tmp_path):
    parent = fill(tmp_path / "train", {"20_sls frog": 3})
    folder = parent / "20_sls frog"
    (folder / "000.caption").write_text("a, b, on grass", encoding="utf-8")
    (folder / "001.txt").write_text("b\nsecond line", encoding="utf-8")
    return parent


def names(entries):
    return [entry.image.name for entry in entries]


def by_name(session):
    return {entry.image.name: entry for entry in session.entries.values()}


def test_each_image_stands_with_the_file_that_training_reads(train):
    found = by_name(session_of(train))
    assert [found[name].path.name for name in sorted(found)] == ["000.caption", "001.txt", "002.caption"]
    assert [found[name].has_file for name in sorted(found)] == [True, True, False]
    assert found["001.png"].text == "b\nsecond line"


def test_a_folder_of_images_itself_is_taken_too(train):
    session = session_of(train / "20_sls frog")
    assert len(session.entries) == 3 and session.folders[0].prompt == "sls frog"
    assert not any(problem.is_error for problem in session.problems)


def test_regularization_images_are_a_folder_of_their_own(train, tmp_path):
    reg = fill(tmp_path / "reg", {"1_frog": 1})
    session = session_of(train, reg)
    assert [(folder.prompt, folder.is_reg) for folder in session.folders] == [
        ("sls frog", False),
        ("frog", True),
    ]


def test_an_image_is_named_without_its_path(train):
    image = train / "20_sls frog" / "000.png"
    assert key_of(image) in session_of(train).entries
    assert key_of(image).isalnum() and len(key_of(image)) == 18


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["000.png", "001.png", "002.png"]),
        ({"text": "GRASS"}, ["000.png"]),
        ({"text": "002"}, ["002.png"]),
        ({"show": "missing"}, ["002.png"]),
        ({"show": "lines"}, ["001.png"]),
        ({"show": "long", "limit": 2}, ["000.png"]),
        ({"tag": "b"}, ["000.png", "001.png"]),
        ({"tag": "b", "text": "a,"}, ["000.png"]),
        ({"folder": 1}, []),
    ],
)
def test_filters_hold_together(train, options, expected):
    assert names(filtered(session_of(train), Filter(**options), words)) == expected


def test_an_image_without_a_file_counts_the_folders_words(train):
    session = session_of(train)
    assert by_name(session)["002.png"].tokens(words) == 2
    assert by_name(session)["001.png"].tokens(words) == 1  # the first line alone is trained


def test_tags_are_counted_once_in_each_caption(train):
    (train / "20_sls frog" / "002.caption").write_text("b, b, A", encoding="utf-8")
    counts = tag_counts(session_of(train).entries.values())
    assert counts[0] == ("b", 3)
    assert sorted(counts[1:]) == [("A", 1), ("a", 1), ("on grass", 1), ("second line", 1)]


def test_an_edit_plans_just_the_files_it_changes(train):
    session = session_of(train)
    plan = planned(list(session.entries.values()), Edit("remove", find="b"))
    assert [(entry.path.name, change.new) for entry, change in plan] == [
        ("000.caption", b"a, on grass\n"),
        ("001.txt", b"\nsecond line\n"),
    ]


def test_captions_are_made_of_the_folders_words_where_there_is_none(train):
    session = session_of(train)
    plan = planned(list(session.entries.values()), Edit("folder"))
    assert [(e.path.name, c.old, c.new) for e, c in plan] == [("002.caption", None, b"sls frog\n")]


def test_shift_jis_files_can_be_made_utf8(train):
    path = train / "20_sls frog" / "000.caption"
    path.write_bytes("緑の蛙".encode("cp932"))
    session = session_of(train)
    assert names(filtered(session, Filter(show="encoding"), words)) == ["000.png"]
    plan = planned(list(session.entries.values()), Edit("utf8"))
    assert [change.new for _, change in plan] == ["緑の蛙\n".encode()]


def test_what_is_no_text_is_shown_as_such_and_never_edited(train):
    (train / "20_sls frog" / "000.caption").write_bytes(b"\x81\xff\x00")
    session = session_of(train)
    entry = by_name(session)["000.png"]
    assert entry.problem is not None and not entry.is_open
    assert "000.caption" not in [e.path.name for e, _ in planned([entry], Edit("prefix", text="x"))]


def test_a_folder_that_may_not_be_written_is_locked(train):
    def allow(path):
        raise UserError(Message("E-PATH-WORKSPACE", "outside.", "外です。")())

    session = session_of(train, allow=allow)
    assert session.folders[0].locked.code == "E-PATH-WORKSPACE"
    assert planned(list(session.entries.values()), Edit("prefix", text="x")) == []


def test_a_folder_that_may_not_be_seen_is_not_shown(train):
    def see(path):
        raise UserError(Message("E-PATH-ROOT", "outside.", "外です。")())

    session = open_session(DatasetConfig(train_data_dir=str(train)), lambda _: None, see)
    assert session.entries == {} and [problem.code for problem in session.problems] == ["E-PATH-ROOT"]


def test_an_extension_that_is_no_captions_locks_the_folder(train):
    assert session_of(train, caption_extension=".py").folders[0].locked.code == "E-CAP-EXTENSION"


def test_an_empty_field_makes_no_file_and_an_emptied_one_keeps_it(train):
    found = by_name(session_of(train))
    assert changed(found["002.png"], " \n").new is None
    assert changed(found["000.png"], "").new == b"\n"


def test_a_caption_is_read_anew_after_a_change(train):
    session = session_of(train)
    path = train / "20_sls frog" / "002.caption"
    path.write_text("now", encoding="utf-8")
    assert by_name(reloaded(session, [path]))["002.png"].text == "now"
    assert by_name(session)["002.png"].text == ""


def test_images_in_a_metadata_file_are_named_in_one_sentence(train, tmp_path):
    metadata = tmp_path / "meta.json"
    metadata.write_text('{"000": {"caption": "x"}}', encoding="utf-8")
    session = session_of(train / "20_sls frog", in_json=str(metadata))
    assert session.entries == {}
    assert "W-CAP-METADATA" in [problem.code for problem in session.problems]


def test_images_of_a_dataset_config_stand_with_their_own_extension(train, tmp_path):
    told = tmp_path / "data.toml"
    folder = (train / "20_sls frog").as_posix()
    told.write_text(
        f'[[datasets]]\n[[datasets.subsets]]\nimage_dir = "{folder}"\nclass_tokens = "sls frog"\n'
        'caption_extension = ".txt"\n',
        encoding="utf-8",
    )
    found = by_name(session_of("", dataset_config=str(told)))
    assert found["002.png"].path.name == "002.txt" and found["000.png"].path.name == "000.txt"


def test_two_images_that_share_a_caption_are_one_change(tmp_path):
    folder = tmp_path / "train" / "1_a"
    draw(folder / "x.png")
    draw(folder / "x.jpg")
    (folder / "x.txt").write_text("a", encoding="utf-8")
    session = session_of(tmp_path / "train")
    plan = planned(list(session.entries.values()), Edit("prefix", text="p"))
    assert len(session.entries) == 2 and len(plan) == 1
