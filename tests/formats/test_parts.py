"""What is half-written bears a name of its own, and only what a dead process of ours left is cleared away."""

import os
import subprocess
import sys

import pytest

from core.formats import atomic_write, partial_files


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that is gone."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def part(folder, name="frog.safetensors", *, pid, host=None, kind="part"):
    path = folder / f".{name}.{host or partial_files._host()}-{pid}-1.{kind}"
    path.write_text("half")
    return path


def test_what_a_dead_process_left_half_written_is_cleared_away(tmp_path, dead):
    left = part(tmp_path, pid=dead)
    folder = part(tmp_path, "last-state", pid=dead, kind="gone")
    folder.unlink()
    (folder / "inside").mkdir(parents=True)
    partial_files.sweep(tmp_path)
    assert not left.exists() and not folder.exists()


def test_what_a_living_process_writes_stays(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    written = part(tmp_path, pid=child.pid)
    partial_files.sweep(tmp_path)
    child.communicate(b"\n")
    assert written.exists()


def test_what_this_process_writes_stays_and_what_one_of_its_number_left_goes(tmp_path):
    left = part(tmp_path, pid=os.getpid())
    with partial_files.beside(tmp_path / "frog.safetensors") as written:
        written.write_text("half")
        partial_files.sweep(tmp_path)
        assert written.exists() and not left.exists()
    partial_files.sweep(tmp_path)
    assert not written.exists()


def test_what_another_computer_writes_to_a_shared_drive_stays(tmp_path, dead):
    theirs = part(tmp_path, pid=dead, host="abcdef")
    partial_files.sweep(tmp_path)
    assert theirs.exists()


@pytest.mark.parametrize(
    "name",
    [
        ".notes.part",
        ".backup.999999999.part",
        ".last-state.999999999.part",
        "frog.part",
        ".x.abcdef-1-1.parts",
    ],
)
def test_a_person_s_own_hidden_files_stay(tmp_path, name):
    (tmp_path / name).write_text("mine")
    partial_files.sweep(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_only_what_is_meant_is_looked_at(tmp_path, dead):
    one, other = part(tmp_path, "frog.ckpt", pid=dead), part(tmp_path, "newt.ckpt", pid=dead)
    partial_files.sweep(tmp_path, lambda name: name == "frog.ckpt")
    assert not one.exists() and other.exists()


def test_a_folder_that_had_made_room_for_one_that_never_came_gets_its_name_back(tmp_path, dead):
    old = part(tmp_path, "frog", pid=dead, kind="old")
    partial_files.sweep(tmp_path)
    assert (tmp_path / "frog").read_text() == "half" and not old.exists()


def test_an_old_folder_goes_when_the_new_one_is_there(tmp_path, dead):
    old = part(tmp_path, "frog", pid=dead, kind="old")
    (tmp_path / "frog").write_text("new")
    partial_files.sweep(tmp_path)
    assert (tmp_path / "frog").read_text() == "new" and not old.exists()


def test_a_link_is_taken_away_and_what_it_leads_to_stays(tmp_path, dead):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")
    link = tmp_path / f".frog.{partial_files._host()}-{dead}-1.part"
    link.symlink_to(tmp_path / "mine")
    partial_files.sweep(tmp_path)
    assert not link.is_symlink() and (tmp_path / "mine" / "note.txt").exists()


def test_the_part_of_a_name_as_long_as_can_be_fits_the_disk(tmp_path):
    path = tmp_path / ("f" * 255)
    atomic_write.replace_file(path, lambda file: file.write(b"x"))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
