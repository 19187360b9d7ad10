"""Events come out as plain lines, in either language."""

import io
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.catalog import Words
from core.errors import Message
from core.events import (
    STAGES,
    PlanReady,
    RunEnded,
    Saved,
    StageProgress,
    StepDone,
    Warned,
    from_json,
    to_json,
)
from core.runs import sample_sheet
from core.sinks import Console, JsonLines, TensorBoard, duration, step_line

STEP = StepDone(30, 120, 2, 0.125, {"unet": 1e-4}, 0.5, 0.5, 0, time=1.0)
PLAN = PlanReady(10, 48, 400, 200, 300, 2, ({"size": [128, 128], "images": 58},), time=1.0)


def lines(lang, *events, terminal=False):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    console = Console(stream, lang, clock=lambda: 0.0)
    for event in events:
        console(event)
    console.close()
    return stream.getvalue()


def test_what_is_waited_for_is_a_line_of_its_own():
    waits = StageProgress("wait", 0, 1, path="/net/a.png"), StageProgress("wait", 1, 1)
    assert lines("en", *waits) == "Waiting for /net/a.png\n"
    assert lines("ja", *waits) == "/net/a.png の読み込み待ちです\n"
    assert from_json(to_json(waits[0])) == waits[0]


def test_a_step_line_tells_how_far_how_well_how_fast_and_how_long():
    assert (
        step_line(STEP, "en") == "[######------------------]  30/120 · loss 0.1250 · 0.50 s/step · 0:45 left"
    )


def test_the_console_speaks_chinese_too():
    assert step_line(STEP, "zh").endswith(" 30/120 · loss 0.1250 · 0.50秒/步 · 剩余 0:45")
    assert "图像10张，正则化图像48张" in lines("zh", PLAN)
    assert lines("zh", Saved("model", "a.safetensors", 1)) == "已保存: a.safetensors\n"


def test_a_validation_has_a_line_of_its_own():
    assert "30/120: validation loss 0.2500\n" in lines("en", replace(STEP, validation_loss=0.25))
    assert "30/120: 検証loss 0.2500\n" in lines("ja", replace(STEP, validation_loss=0.25))


def test_durations_are_read_as_a_clock():
    assert [duration(s) for s in (5, 75, 3725, 359_999)] == ["0:05", "1:15", "1:02:05", "99:59:59"]
    assert duration(57_000 * 299) == "197 d 6 h"


def test_the_plan_is_said_in_the_readers_language():
    assert "10 images, 48 regularization images" in lines("en", PLAN)
    assert "正則化画像 48枚" in lines("ja", PLAN)


def test_a_warning_names_its_option():
    warned = Warned(Message("W-X", "too small.", "小さすぎます。")(key="train.unet_lr"))
    assert lines("en", warned) == "Note: train.unet_lr: too small.\n"
    assert lines("ja", warned) == "注意: train.unet_lr: 小さすぎます。\n"


def test_a_warning_names_its_file():
    assert (
        lines(
            "en",
            Warned(
                Message("W-X", "{text}", "{text}")(text=Words("too small.", "小さすぎます。"), path="a.png")
            ),
        )
        == "Note: too small. (a.png)\n"
    )


def test_control_characters_of_a_file_name_do_not_reach_the_console():
    assert "\x1b" not in lines("en", Saved("model", "a\x1b[2J.safetensors", 1))


def test_a_bar_is_redrawn_on_a_terminal_and_cleared_before_a_line():
    shown = lines("en", STEP, RunEnded("done", 0, 30, "Done.", "完了。"), terminal=True)
    assert shown.startswith("\r[######") and shown.endswith("\rDone.\n")


def test_where_nothing_can_be_redrawn_progress_is_one_line_in_ten_seconds():
    assert lines("en", *[StageProgress("cache_latents", n, 50) for n in range(49)]).count("\n") == 1


def test_every_event_survives_json():
    for event in (
        STEP,
        PLAN,
        Saved("sample", "p", 1, {"prompt": "日本"}),
        Warned(Message("W", "{text}", "{text}", "train.unet_lr")(text=Words("a", "b", "c"))),
        StageProgress("s", 1, 2),
    ):
        assert from_json(to_json(event)) == event


def test_fields_of_a_later_version_are_ignored():
    assert from_json(to_json(STEP)[:-1] + ', "new": 1}') == STEP


def test_tensorboard_reads_the_loss_back(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = TensorBoard(tmp_path)
    board(replace(STEP, validation_loss=0.25))
    board.close()
    read = EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(s.step, s.value) for s in read.Scalars("loss")] == [(30, 0.125)]
    assert [(s.step, s.value) for s in read.Scalars("loss/validation")] == [(30, 0.25)]
    assert "lr/unet" in read.Tags()["scalars"]


def test_the_sheet_has_a_row_for_each_prompt_and_a_column_for_each_step(tmp_path):
    events = []
    for step in (0, 10):
        for number, prompt in enumerate(("sls frog", "frog")):
            path = tmp_path / f"{step}-{number}.png"
            Image.new("RGB", (64, 32), (step * 20, number * 100, 0)).save(path)
            events.append(Saved("sample", str(path), step, {"number": number, "prompt": prompt, "seed": 1}))
    assert sample_sheet.write(events, tmp_path / "sheet.png")
    drawn = Image.open(tmp_path / "sheet.png")
    # 12 margin, two images of 64 with 12 after each; 12 margin, 20 head, two rows of 20 + 32 + 12
    assert drawn.size == (12 + 2 * 76, 12 + 20 + 2 * 64)
    assert drawn.getpixel((12 + 76, 12 + 20 + 64 + 20)) == (200, 100, 0)


def test_a_run_without_samples_has_no_sheet(tmp_path):
    assert not sample_sheet.write([STEP], tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()


class Drive:
    """Stands in for a file: says no while it is full, and takes a few bytes at a time."""

    def __init__(self, monkeypatch):
        self.is_full, self.written = False, b""
        monkeypatch.setattr("core.sinks.FileIO", lambda path, mode: self)

    def write(self, data):
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.written += data[:7]
        return len(data[:7])

    def close(self):
        pass


def test_what_could_not_be_written_is_written_as_soon_as_there_is_room(tmp_path, monkeypatch):
    drive = Drive(monkeypatch)
    events = [replace(STEP, step=n) for n in range(5)]
    sink = JsonLines(tmp_path / "events.jsonl")
    for n, event in enumerate(events):
        drive.is_full = n in (1, 2)
        with suppress(OSError):
            sink(event)
    sink.close()
    assert [from_json(line) for line in drive.written.decode().splitlines()] == events


def test_a_drive_that_takes_part_of_a_line_gets_the_rest_of_it_later(tmp_path, monkeypatch):
    drive = Drive(monkeypatch)
    write = drive.write

    def full_after_one(data):
        drive.is_full = len(drive.written) == 7
        return write(data)

    drive.write = full_after_one
    sink = JsonLines(tmp_path / "events.jsonl")
    with suppress(OSError):
        sink(STEP)
    assert drive.written == to_json(STEP).encode()[:7]
    drive.write, drive.is_full = write, False
    sink(RunEnded("done", 0, 1, "Done.", "完了。", time=1.0))
    assert drive.written.decode().count("\n") == 2 and drive.written.startswith(to_json(STEP).encode())


def test_a_path_that_is_no_utf_8_reads_back_as_it_was(tmp_path):
    event = Warned(Message("W-X", "{text}", "{text}")(text=Words("odd name", "変な名前"), path="a\udcff.png"))
    sink = JsonLines(tmp_path / "events.jsonl")
    sink(event)
    sink.close()
    assert from_json((tmp_path / "events.jsonl").read_text(encoding="utf-8")) == event


def test_after_a_fault_tensorboard_begins_a_new_file_a_while_later(tmp_path):
    (tmp_path / "logs").write_text("in the way")
    now = [0.0]
    board = TensorBoard(tmp_path / "logs", clock=lambda: now[0])
    with pytest.raises(OSError):
        board(STEP)
    (tmp_path / "logs").unlink()
    board(STEP)
    assert not (tmp_path / "logs").exists()
    now[0] = 31.0
    board(STEP)
    board.close()
    assert len(list((tmp_path / "logs").iterdir())) == 1


def test_every_stage_that_is_sent_has_words():
    root = Path(__file__).resolve().parents[1] / "core"
    texts = [path.read_text(encoding="utf-8") for path in root.rglob("*.py")]
    sent = {name for text in texts for name in re.findall(r'StageProgress\(\s*"(\w+)"', text)}
    assert len(sent) > 5 and sent - {"wait"} <= set(STAGES)
