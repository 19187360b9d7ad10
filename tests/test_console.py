"""What a terminal shows of other people's names is text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAYS = (
    "import sys; from pathlib import Path; from core.console import take_over\n"
    "print(sys.argv[1], file=take_over(Path(sys.argv[2])))"
)
NAME = "a\x1b[31mred\x07\x9b2J\u202egnp.exe\u3000画像.png"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_name_can_not_steer_the_terminal(tmp_path):
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", SAYS, NAME, str(tmp_path / "log")]
    subprocess.run(command, cwd=ROOT, stdout=theirs, env={**os.environ, "PYTHONUTF8": "1"}, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096).decode("utf-8")
    os.close(ours)
    assert shown == "a\ufffd[31mred\ufffd\ufffd2J\ufffdgnp.exe\u3000画像.png\r\n"


def test_what_goes_to_a_file_stays_as_it_is(tmp_path):
    command = [sys.executable, "-c", SAYS, NAME, str(tmp_path / "log")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, env={**os.environ, "PYTHONUTF8": "1"}, check=True
    )
    assert done.stdout.decode("utf-8") == f"{NAME}{os.linesep}"
