"""Every precision trains on a stand-in for an NVIDIA card: no device fault, no wait of the host in a step."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("g++") is None, reason="the stand-in card is compiled with g++"),
]

MOST = {
    "lora no": (1092, 577024),
    "whole no": (931, 567808),
    "lora bf16": (1548, 487424),
    "whole bf16": (1465, 543232),
    "lora fp16": (1561, 487424),
    "whole fp16": (1478, 543232),
    "lora full_bf16": (1419, 423936),
    "whole full_bf16": (1547, 448000),
    "lora full_fp16": (1440, 423936),
    "whole full_fp16": (1568, 448000),
    "lora, text encoder left out, samples and validation": (1279, 348160),
    "whole, updated in the backward pass, checkpointing": (5018, 99328),
    "whole full_bf16, updated in the backward pass, averages": (6155, 448000),
    "whole, checkpointing, paused": (1866, 99328),
    "sdxl lora bf16, cached text": (4976, 2395136),
    "sdxl lora bf16, both encoders": (5936, 3872768),
    "sdxl whole full_bf16, checkpointing": (5452, 220160),
}
"""Kernel launches of a step and bytes kept for its backward pass; they may only fall."""

LEFT_BY_A_PAUSE = 20480
"""Bytes on the card; they may only fall."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.stand_in_card.steps", str(tmp_path_factory.mktemp("card"))]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", MOST)
def test_a_training_on_a_card_meets_no_fault_and_does_not_wait_in_a_step(results, name: str):
    found = results[name]
    assert found["fault"] is None, found["fault"]
    assert found["syncs"] == {}
    assert found["finite_losses"] > 0
    launches, kept_bytes = MOST[name]
    assert 0 < found["launches"] <= launches
    assert 0 < found["kept_bytes"] <= kept_bytes


def test_every_training_on_a_card_has_a_ceiling(results):
    assert results.keys() == MOST.keys()


def test_a_pause_gives_the_card_back(results):
    assert results["whole, checkpointing, paused"]["paused_bytes"] <= LEFT_BY_A_PAUSE
