"""How busy the computer is, as nvidia-smi, psutil and the drive tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.forecast import machine_load
from core.forecast.machine_load import FRESH, Gpu, LoadWatch

MIB = 2**20


@pytest.mark.parametrize(
    ("told", "gpu"),
    [
        (
            "NVIDIA H200, 1024, 143771, 87, 41\nNVIDIA H200, 0, 143771, 0, 30\n",
            Gpu("NVIDIA H200", 1024 * MIB, 143771 * MIB, 87, 41),
        ),
        ("NVIDIA GB10, [N/A], [N/A], 5, 38", Gpu("NVIDIA GB10", None, None, 5, 38)),
        ("", None),
        ("No devices were found", None),
    ],
)
def test_the_first_card_is_told_with_what_it_tells_of_itself(told, gpu):
    assert machine_load.parse(told) == gpu


def test_a_folder_that_is_not_there_yet_has_the_room_of_the_one_above_it(tmp_path):
    there = machine_load.look(tmp_path, has_cuda=False)
    later = machine_load.look(tmp_path / "output" / "today", has_cuda=False)
    assert there.disk_total == later.disk_total and there.disk_total > 0
    assert there.gpu is None and 0 < there.ram_used <= there.ram_total


def test_the_computer_is_looked_at_only_when_asked_and_not_more_often_than_it_changes(monkeypatch):
    looks, now = [], [0.0]

    def look(folder, has_cuda):
        looks.append(now[0])
        return f"load {len(looks)}"

    monkeypatch.setattr(machine_load, "look", look)
    monkeypatch.setattr(machine_load, "torch_has_cuda", lambda: False)
    watch = LoadWatch(lambda: now[0])

    def ask(is_busy=True):
        told = watch.ask(Path("output"), is_busy)
        watch._thread.join()
        return told

    assert ask() is None
    now[0] = FRESH / 2
    assert (ask(), looks) == ("load 1", [0.0])
    now[0] = 5 * FRESH
    assert (ask(is_busy=False), looks) == ("load 1", [0.0])
    assert (ask(), ask(), looks) == ("load 1", "load 2", [0.0, 5 * FRESH])
