"""People's files are read up to a limit; what is no file is never opened."""

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from core import files
from core.reading import reason

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices among files there")


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"frog" * 1000)
    assert files.read(tmp_path / "a", 4000) == b"frog" * 1000


def test_a_file_beyond_the_limit_is_refused_by_its_size_at_once(tmp_path, monkeypatch):
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(4 << 30)  # sparse: no bytes on the disk
    monkeypatch.setattr(files, "_whole", None)
    with pytest.raises(files.TooLarge) as caught:
        files.read(tmp_path / "a.png", 512 << 20)
    assert caught.value.size == 4 << 30
    assert reason(caught.value).en == "it has 4,294,967,296 bytes; the limit is 536,870,912"


def test_a_file_that_hides_its_size_is_read_no_further_than_the_limit():
    """Files of /proc say to have no bytes."""
    path = Path("/proc/self/maps")
    if not path.exists():
        pytest.skip("no /proc")
    with pytest.raises(files.TooLarge):
        files.read(path, 100)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.mark.parametrize(
    ("make", "en", "ja"),
    [
        (pipe, "it is a pipe, not a file", "ファイルではなく名前付きパイプです"),
        (unix_socket, "it is a socket, not a file", "ファイルではなくソケットです"),
        (os.mkdir, "it is a folder, not a file", "ファイルではなくフォルダーです"),
        (
            lambda path: os.symlink("/dev/zero", path),
            "it is a device, not a file",
            "ファイルではなくデバイスです",
        ),
    ],
    ids=["pipe", "socket", "folder", "device"],
)
def test_what_is_no_file_is_refused_without_being_opened(tmp_path, monkeypatch, make, en, ja):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "a.png")
    monkeypatch.setattr(files, "_whole", None)
    with pytest.raises(files.NoFile) as caught:
        files.read(tmp_path / "a.png", 100)
    assert (reason(caught.value).en, reason(caught.value).ja) == (en, ja)


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(files.NoFile):
        files._whole(tmp_path / "a.png", 100)


def test_it_is_known_what_a_thread_reads_the_longest_first():
    here = threading.get_ident()
    with files.being_read(Path("a")):
        assert files.longest_read([here, None, -1], 0) == Path("a")
        assert files.longest_read([here], 60) is None
        with files.being_read(Path("b")):
            assert files.longest_read([here], 0) == Path("b")
        assert files.longest_read([here], 0) == Path("a")
    assert files.longest_read([here], 0) is None
