"""Broken images and archives are refused in a sentence, quickly, and take little memory.

RAREWORD_MUTATIONS=5000 looks at so many of each kind in place of a few.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = int(os.environ.get("RAREWORD_MUTATIONS", "200"))
SECONDS = 5.0
MEGABYTES = 3_000
"""Beyond the program's own: some 15 bytes for each pixel of the largest image that is taken."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="memory is measured in another way there")


@pytest.mark.parametrize("kind", ["images", "archives"])
def test_whatever_is_broken_is_refused_in_a_sentence_and_in_time(tmp_path, kind):
    command = [sys.executable, "-m", "tests.data.mutations", kind, str(COUNT), "1", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert found["slowest"]["refused"] < SECONDS and found["peak"] < MEGABYTES
    assert found["left"] == []
    # Neither is everything let through, nor everything refused.
    assert sum(found["codes"].values()) == COUNT and 0 < found["codes"][""] < COUNT
    assert all(code == "" or code.startswith(("E-IMG-", "E-ZIP-")) for code in found["codes"])
