"""Every state a window can be in, acted by a pretended run with the demo's images as its samples."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image, ImageFilter

from core.config.file import toml_text
from core.errors import Message
from core.events import Paused, PlanReady, RunEnded, Saved, StageProgress, StepDone, Warned
from tests.ui.fake import FakeRun
from ui.window import PROJECT, Window
from ui.window.last_run import Unfinished

TOTAL = 300
SECONDS = 0.28
"""A step of the pretended run."""

SAMPLED = (0, 100, 200, 300)
PROMPTS = ("sls frog", "sls frog, blue background", "frog")

_REASON = (
    "Memory ran out. Try, in this order: train_batch_size = 1, gradient_checkpointing, cache_latents, "
    "optimizer AdamW8bit, a smaller resolution.",
    "メモリが足りません。次の順に試してください：train_batch_size = 1、gradient_checkpointing、"
    "cache_latents、AdamW8bit、解像度を下げる。",
)
_REFUSED = (
    "dataset.train_data_dir: no image was found in demo/none; choose the folder above `20_sls frog`.",
    "dataset.train_data_dir: demo/noneに画像がありません。「20_sls frog」の親フォルダーを指定してください。",
)


def begun(window: Window, at: int = 0) -> FakeRun:
    """A run of the demo that has come to step `at`: its plan, samples, losses and a word of warning."""
    run: FakeRun = window.runner.start(toml_text.read(PROJECT / "demo" / "run.toml"))
    run.started = time.time() - 6 - at * SECONDS
    if not at:
        run.log(StageProgress("load_model", 0, 1, time=run.started))
        return run
    run.log(PlanReady(10, 48, 400, 100, TOTAL, 3, (), time=run.started + 1))
    for step in range(0, at + 1):
        if step:
            run.log(step_of(run, step))
        if step in SAMPLED:
            draw_samples(run, step, window.workspace / "output" / "sample")
    return run


def step_of(run: FakeRun, step: int, total: int = TOTAL) -> StepDone:
    """A step with a loss that falls and is as restless as losses are."""
    dice = Random(step)
    loss = 0.05 + 0.11 * math.exp(-step / (total / 4)) + dice.gauss(0, 0.009)
    held_out = 0.062 + 0.1 * math.exp(-step / (total / 4)) if step % 50 == 0 else None
    return StepDone(
        step,
        total,
        1 + step * 3 // (total + 1),
        max(loss, 0.01),
        {"unet": 1.5e-3, "text_encoder": 1.5e-3},
        0.4,
        SECONDS,
        validation_loss=held_out,
        time=run.started + 6 + step * SECONDS,
    )


def draw_samples(run: FakeRun, step: int, folder: Path) -> None:
    """Images of the demo stand in for samples; before the training they show the class alone, blurred."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, prompt in enumerate(PROMPTS):
        subject = PROJECT / "demo" / "train" / "20_sls frog" / f"sls_{number + 1:02}.png"
        other = PROJECT / "demo" / "reg" / "1_frog" / f"frog_{number + 2:02}.png"
        image = Image.open(subject if step and prompt != "frog" else other).convert("RGB")
        image = image.filter(ImageFilter.GaussianBlur(3 * (1 - step / TOTAL) ** 2))
        path = folder / f"step-{step:08d}_{number:02d}_{number + 1}.png"
        image.resize((128, 128)).save(path)
        info = {"number": number, "prompt": prompt, "seed": number + 1}
        run.log(Saved("sample", str(path), step, info, time=run.started + 6 + step * SECONDS))


def ended(run: FakeRun, status: str, step: int, said: tuple[str, str], window: Window) -> FakeRun:
    """The run's last words; what it saved lies in the output folder."""
    output = window.workspace / "output"
    at = run.started + 7 + step * SECONDS
    if status in ("done", "stopped"):
        state = saved_state(output, step)
        run.log(Saved("state", str(state), step, time=at))
    if status == "done":
        run.log(Saved("model", str(output / "sls_frog.safetensors"), step, time=at))
    code = "E-OOM" if status == "failed" else ""
    run.log(RunEnded(status, 0, step, *said, time=at, code=code))
    run.status = status
    return run


def saved_state(output: Path, step: int) -> Path:
    """A folder that says of itself that it is a state of this step."""
    state = output / f"sls_frog-step-{step:08}-state"
    state.mkdir(parents=True, exist_ok=True)
    (state / "state.json").write_text(f'{{"step": {step}}}', encoding="utf-8")
    return state


def idle(window: Window) -> None:
    """Nothing was ever started."""


def starting(window: Window) -> FakeRun:
    run = begun(window)
    run.status = "starting"
    return run


def running(window: Window) -> FakeRun:
    return begun(window, 200)


def paused(window: Window) -> FakeRun:
    run = begun(window, 120)
    run.control.pause()
    run.log(Paused(120, 5 * 2**30, time=run.started + 6 + 120 * SECONDS))
    run.status = "paused"
    return run


def stopping(window: Window) -> FakeRun:
    run = begun(window, 120)
    run.control.stop()
    run.status = "stopping"
    return run


def stopped(window: Window) -> FakeRun:
    said = ("Stopped at step 120.", "120ステップで停止しました。")
    return ended(begun(window, 120), "stopped", 120, said, window)


def failed(window: Window) -> FakeRun:
    run = begun(window, 60)
    run.log(
        Warned(
            Message(
                "W-DATA-UPSCALED",
                "2 images are smaller than their bucket and are scaled up.",
                "2枚の画像は、割り当てられたバケットより小さいため拡大されます。",
            )(),
            time=run.started + 2,
        )
    )
    return ended(run, "failed", 60, _REASON, window)


def refused(window: Window) -> FakeRun:
    return ended(begun(window), "refused", 0, _REFUSED, window)


def done(window: Window) -> FakeRun:
    return ended(begun(window, TOTAL), "done", TOTAL, ("Done.", "完了しました。"), window)


def unfinished(window: Window) -> None:
    """The window before this one left a run at step 120."""
    run = begun(window, 120)
    window.left.unfinished = Unfinished(
        saved_state(window.workspace / "output", 120), run.folder / "run.toml", "sls_frog", 120
    )
    window.runner.current = None


STATES: dict[str, Callable[[Window], FakeRun | None]] = {
    act.__name__: act
    for act in (idle, starting, running, paused, stopping, stopped, failed, refused, done, unfinished)
}
