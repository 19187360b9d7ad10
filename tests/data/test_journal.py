"""Copies that can be undone, also by a program that was started anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.intake.copy import CopyPlan
from core.data.intake.copy_history import Copies, copy, undo
from core.data.undo import History
from core.errors import UserError


@pytest.fixture
def plan(tmp_path):
    """Three files to be copied into one folder."""
    (tmp_path / "from").mkdir()
    copies = []
    for n in range(3):
        source = tmp_path / "from" / f"{n}.png"
        source.write_bytes(b"image %d" % n)
        copies.append((source, tmp_path / "train" / "20_sls frog" / source.name))
    return CopyPlan(tmp_path / "train" / "20_sls frog", tuple(copies), ())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "workspace" / "copies.jsonl"


def opened(path):
    return History(path, Copies())


def outcome_of(undone):
    """Files removed, changed since, missing."""
    return len(undone.done), tuple(Path(problem.path) for problem in undone.problems), len(undone.same)


def test_undoing_after_a_restart_removes_the_copies_and_leaves_the_originals(plan, path, tmp_path):
    made = copy(opened(path), plan, {"a": ("old", "new")})
    last = opened(path).last
    assert (
        last.number == made.number
        and last.settings == {"a": ("old", "new")}
        and last.folders == (plan.target,)
    )
    undone = undo(opened(path), made.number)
    assert outcome_of(undone) == (3, (), 0)
    assert not plan.target.exists() and len([*(tmp_path / "from").iterdir()]) == 3
    assert opened(path).last is None and undo(opened(path), made.number).change is None


def test_a_copy_that_was_changed_since_is_kept_and_so_is_what_others_put_there(plan, path):
    batch = copy(opened(path), plan, {})
    (plan.target / "1.png").write_bytes(b"edited")
    (plan.target / "0.png").unlink()
    (plan.target / "mine.png").write_bytes(b"mine")
    undone = undo(opened(path), batch.number)
    assert outcome_of(undone) == (1, (plan.target / "1.png",), 1)
    assert sorted(p.name for p in plan.target.iterdir()) == ["1.png", "mine.png"]


def test_a_link_in_place_of_a_copy_is_not_followed(plan, path):
    batch = copy(opened(path), plan, {})
    source, to = plan.copies[0]
    to.unlink()
    to.symlink_to(source)
    assert undo(opened(path), batch.number).problems[0].path == str(to)
    assert source.exists() and to.is_symlink()


def test_copies_are_undone_one_click_after_the_other(plan, path, tmp_path):
    first = copy(opened(path), plan, {})
    again = tuple((source, tmp_path / "train" / "1_frog" / to.name) for source, to in plan.copies)
    second = copy(opened(path), CopyPlan(tmp_path / "train" / "1_frog", again, ()), {})
    journal = opened(path)
    assert journal.last.number == second.number
    undo(journal, second.number)
    assert journal.last.number == first.number


def test_a_program_ended_in_the_midst_of_copying_still_knows_what_it_made(plan, path):
    made = copy(opened(path), plan, {})
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3]) + lines[3][:20], encoding="utf-8")  # the head, two copies
    assert len(undo(opened(path), made.number).done) == 2


def test_copying_that_fails_leaves_neither_copies_nor_a_note(plan, path):
    plan.copies[2][0].unlink()
    with pytest.raises(UserError):
        copy(opened(path), plan, {})
    assert not plan.target.exists() and opened(path).last is None


def test_nothing_is_copied_where_it_can_not_be_noted(plan, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError) as caught:
        copy(opened(tmp_path / "file" / "copies.jsonl"), plan, {})
    assert caught.value.problems[0].code == "E-UNDO-WRITE" and not plan.target.exists()


def test_a_folder_with_another_name_is_still_undone(plan, path):
    batch = copy(opened(path), plan, {})
    renamed = plan.target.with_name("30_sls frog")
    plan.target.rename(renamed)
    opened(path).moved(plan.target, renamed)
    assert len(undo(opened(path), batch.number).done) == 3 and not renamed.exists()
