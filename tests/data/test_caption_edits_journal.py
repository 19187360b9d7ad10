"""Undo of caption changes: several deep, after a restart, and never over what somebody else wrote."""

from __future__ import annotations

import json

import pytest

from core.data import undo
from core.data.caption_editor import files as caption_files
from core.data.undo import FileChange, History
from core.errors import Message, UserError


@pytest.fixture
def make(tmp_path):
    def opened(allow=lambda _: None):
        return History(tmp_path / "workspace" / "journal.jsonl", caption_files.CaptionFiles(allow))

    return opened


@pytest.fixture
def files(tmp_path):
    found = [tmp_path / f"{name}.txt" for name in "abc"]
    for path in found:
        path.write_bytes(b"old")
    return found


def change(path, new, old=b"old"):
    return FileChange(path, old, new)


def test_changes_are_undone_one_by_one_the_latest_first(make, files):
    journal = make()
    journal.apply("prefix", "x", [change(path, b"1") for path in files])
    journal.apply("edit", "a", [change(files[0], b"2", b"1")])
    assert journal.undo().change.kind == "edit"
    assert [path.read_bytes() for path in files] == [b"1"] * 3
    assert journal.undo().done == tuple(files)
    assert [path.read_bytes() for path in files] == [b"old"] * 3
    assert journal.undo().change is None


def test_undo_works_after_a_restart(make, files):
    make().apply("trim", "", [change(files[0], b"1")])
    make().apply("sort", "", [change(files[0], b"2", b"1")])
    assert make().undo().change.kind == "sort"
    assert make().undo().change.kind == "trim"
    assert files[0].read_bytes() == b"old" and make().changes() == []


def test_undo_leaves_a_file_that_somebody_changed_and_does_the_rest(make, files):
    journal = make()
    journal.apply("prefix", "x", [change(path, b"1") for path in files])
    files[1].write_bytes(b"mine")
    outcome = journal.undo()
    assert [path.read_bytes() for path in files] == [b"old", b"mine", b"old"]
    assert [p.code for p in outcome.problems] == ["W-CAP-CHANGED"]
    assert outcome.problems[0].path == str(files[1])
    assert journal.last is None


def test_a_file_that_was_made_is_removed_again(make, tmp_path):
    journal, path = make(), tmp_path / "new.caption"
    journal.apply("folder", "", [FileChange(path, None, b"sls frog\n")])
    journal.undo()
    assert not path.exists()


def test_a_made_file_that_somebody_filled_is_not_removed(make, tmp_path):
    journal, path = make(), tmp_path / "new.caption"
    journal.apply("folder", "", [FileChange(path, None, b"sls frog\n")])
    path.write_bytes(b"much work")
    journal.undo()
    assert path.read_bytes() == b"much work"


def test_a_removed_file_is_left_alone_and_told_of(make, files):
    journal = make()
    journal.apply("trim", "", [change(files[0], b"1")])
    files[0].unlink()
    assert [p.code for p in journal.undo().problems] == ["W-CAP-CHANGED"]
    assert not files[0].exists()


def test_a_change_is_not_made_over_what_was_written_since_it_was_planned(make, files):
    files[0].write_bytes(b"newer")
    outcome = make().apply("trim", "", [change(files[0], b"1"), change(files[1], b"1")])
    assert files[0].read_bytes() == b"newer" and outcome.done == (files[1],)
    assert [p.code for p in outcome.problems] == ["W-CAP-CHANGED"]


def test_the_old_bytes_are_written_down_before_the_first_file_is_touched(make, files, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(caption_files, "put", dies)
    with pytest.raises(KeyboardInterrupt):
        make().apply("trim", "", [change(path, b"1") for path in files])
    monkeypatch.undo()
    files[0].write_bytes(b"1")  # the crash came after the first file
    assert make().undo().problems == ()
    assert [path.read_bytes() for path in files] == [b"old"] * 3


def test_nothing_is_changed_when_the_journal_cannot_be_written(make, files, tmp_path):
    (tmp_path / "workspace").write_bytes(b"a file stands where the folder should be")
    with pytest.raises(UserError) as caught:
        make().apply("trim", "", [change(files[0], b"1")])
    assert caught.value.problems[0].code == "E-UNDO-WRITE"
    assert files[0].read_bytes() == b"old"


def test_undo_asks_for_every_file_whether_it_may_be_written(make, files, tmp_path):
    make().apply("trim", "", [change(path, b"1") for path in files[:2]])

    def allow(path):
        if path == files[0]:
            raise UserError(Message("E-PATH-ROOT", "outside.", "外です。")())

    outcome = make(allow).undo()
    assert [path.read_bytes() for path in files[:2]] == [b"1", b"old"]
    assert [p.code for p in outcome.problems] == ["E-PATH-ROOT"]


def test_a_forged_journal_writes_no_other_kind_of_file(make, tmp_path):
    target = tmp_path / "program.py"
    target.write_bytes(b"kept")
    journal = tmp_path / "workspace" / "journal.jsonl"
    journal.parent.mkdir()
    row = {"path": str(target), "old": "ZXZpbA==", "new": "a2VwdA=="}
    journal.write_text(json.dumps({"number": 1, "kind": "trim", "about": "", "at": 0, "files": [row]}) + "\n")
    assert [p.code for p in make().undo().problems] == ["E-CAP-KIND"]
    assert target.read_bytes() == b"kept"


def test_a_line_cut_off_by_a_crash_costs_only_itself(make, files, tmp_path):
    make().apply("trim", "", [change(files[0], b"1")])
    journal = tmp_path / "workspace" / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"number": 2, "files": [{"pa')
    make().apply("sort", "", [change(files[1], b"1")])
    assert [c.kind for c in make().changes()] == ["sort", "trim"]
    make().undo()
    make().undo()
    assert [path.read_bytes() for path in files] == [b"old"] * 3


def test_another_window_on_the_same_workspace_is_seen(make, files):
    one, other = make(), make()
    one.apply("trim", "", [change(files[0], b"1")])
    other.apply("sort", "", [change(files[0], b"2", b"1")])
    assert one.undo().change.kind == "sort"
    assert files[0].read_bytes() == b"1"


def test_the_journal_is_shortened_from_its_old_end(make, files, monkeypatch):
    monkeypatch.setattr(undo, "MOST_CHANGES", 3)
    journal = make()
    for n in range(9):
        journal.apply("edit", str(n), [change(files[0], b"%d" % n, b"%d" % (n - 1) if n else b"old")])
    assert [c.about for c in make().changes()][:3] == ["8", "7", "6"]
    assert len(make().changes()) <= 6
    make().undo()
    assert files[0].read_bytes() == b"7"


def test_a_number_is_never_given_again(make, files):
    journal = make()
    first = journal.apply("trim", "", [change(files[0], b"1")]).change
    journal.undo()
    second = journal.apply("sort", "", [change(files[0], b"1")]).change
    assert journal.undo(first.number).change is None and journal.last == second


def test_two_images_that_share_a_caption_are_one_file(make, files):
    outcome = make().apply("trim", "", [change(files[0], b"1"), change(files[0], b"1")])
    assert outcome.done == (files[0],) and len(outcome.change.files) == 1
