"""The records a run sends out: plain values only, so that they can be printed, stored and replayed."""

from __future__ import annotations

import dataclasses
import json
import time as clock
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, TypeAdapter

from core.catalog import Words
from core.errors import LANGS, Lang, Message, Problem


@dataclass(frozen=True)
class PlanReady:
    """What will be trained. buckets: {"size", "images", "samples_per_epoch", "batches_per_epoch"} of each.

    step: steps that the state which is resumed has done already, 0 without one. seconds: how long they took.
    """

    name: ClassVar[str] = "plan_ready"
    images: int
    reg_images: int
    samples_per_epoch: int
    steps_per_epoch: int
    steps: int
    epochs: int
    buckets: tuple[dict[str, Any], ...]
    step: int = 0
    seconds: float = 0.0
    time: float = field(default_factory=clock.time)


@dataclass(frozen=True)
class Stepped:
    """How far the training is, some times a second; for who looks on, so it is not kept in any log."""

    name: ClassVar[str] = "stepped"
    step: int
    total: int
    time: float = field(default_factory=clock.time)


STAGES: Mapping[str, Words] = {
    "check_images": Words("Checking images", "画像を確認中"),
    "fetch_model": Words("Downloading the model", "モデルをダウンロード中"),
    "load_model": Words("Loading the model", "モデルを読み込み中"),
    "regularize": Words("Generating regularization images", "正則化画像を生成中"),
    "cache_latents": Words("Encoding images", "画像をlatentsに変換中"),
    "read_masks": Words("Reading masks", "マスクを読み込み中"),
    "cache_text": Words("Encoding captions", "キャプションを変換中"),
    "validate": Words("Validating", "検証中"),
    "sample": Words("Generating samples", "サンプル画像を生成中"),
    "save": Words("Saving", "保存中"),
    "room": Words("Waiting for room on the disk", "ディスクの空きを待っています"),
    "lr_range": Words("Trying learning rates", "学習率を試しています"),
    "caption": Words("Captioning images", "キャプションを作成中"),
    "resize": Words("Resizing images", "画像をリサイズ中"),
    "convert": Words("Converting", "変換中"),
    "decompose": Words("Computing layer by layer", "層ごとに計算中"),
    "unpack": Words("Unpacking", "展開中"),
}
"""What happens before and between steps, in words. "wait" has the words of what it waits for."""


@dataclass(frozen=True)
class StageProgress:
    """Progress of one of the STAGES, or of "wait".

    path: what the stage "wait" waits for, a file or folder whose drive does not answer; else "".
    item, items: which image of how many it is at, where done and total count steps within them; else 0.
    """

    name: ClassVar[str] = "stage_progress"
    stage: str
    done: int
    total: int
    path: str = ""
    item: int = 0
    items: int = 0
    time: float = field(default_factory=clock.time)


@dataclass(frozen=True)
class StepDone:
    """The mean over the steps since the last such event.

    loss: mean training loss. lr: learning rate of each parameter group. grad_norm: before clipping.
    seconds: wall seconds a step took on average. vram_bytes: peak allocated on the GPU, 0 on a CPU.
    ram_bytes: what the whole process has in memory now, reported on a CPU only.
    validation_loss: of the images held out, with the weights after this step; None when not measured now.
    weight_norms: with scale_weight_norms, of a LoRA's modules after the last step: how many were "scaled",
    "mean" and "largest" norm.
    """

    name: ClassVar[str] = "step_done"
    step: int
    total: int
    epoch: int
    loss: float
    lr: dict[str, float]
    grad_norm: float
    seconds: float
    vram_bytes: int = 0
    validation_loss: float | None = None
    weight_norms: dict[str, float] = field(default_factory=dict)
    ram_bytes: int = 0
    time: float = field(default_factory=clock.time)


def _with_numbers(info: dict[str, Any]) -> dict[str, Any]:
    """Raises TypeError or ValueError where number and seed are none."""
    return info | {name: int(info[name]) for name in ("number", "seed") if name in info}


@dataclass(frozen=True)
class Saved:
    """Something was written. kind: model, state, sample, sheet. info: more, as prompt, seed."""

    name: ClassVar[str] = "saved"
    kind: str
    path: str
    step: int
    info: Annotated[dict[str, Any], AfterValidator(_with_numbers)] = field(default_factory=dict)
    time: float = field(default_factory=clock.time)


@dataclass(frozen=True)
class Paused:
    """The run waits after `step` steps. freed_bytes: what was moved from the GPU to host memory meanwhile."""

    name: ClassVar[str] = "paused"
    step: int
    freed_bytes: int = 0
    time: float = field(default_factory=clock.time)


@dataclass(frozen=True)
class Warned:
    """Something the user should know, and the run goes on."""

    name: ClassVar[str] = "warned"
    problem: Problem
    time: float = field(default_factory=clock.time)

    @property
    def code(self) -> str:
        return self.problem.code


@dataclass(frozen=True)
class RunEnded:
    """The last event of every run.

    status: "done", "stopped", "refused" or "failed". exit_code: as the command line returns it.
    en, ja, zh: one sentence each. message: the formatted traceback of a fault of ours, else "".
    code: what went wrong, as in errors.Problem, or "". facts: of a numeric fault, the bad "step", its
    "images", those of them that the VAE gives no finite numbers for ("broken_images"), "timesteps", "lr" of
    each group, and the last "losses" before it, five at most.
    """

    name: ClassVar[str] = "run_ended"
    status: str
    exit_code: int
    step: int
    en: str
    ja: str
    message: str = ""
    code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    zh: str = ""
    time: float = field(default_factory=clock.time)

    def of(self, lang: Lang) -> str:
        """The sentence in a language."""
        return Words(self.en, self.ja, self.zh).of(lang)


Event = PlanReady | StageProgress | Stepped | StepDone | Saved | Paused | Warned | RunEnded
Emit = Callable[[Event], None]

READERS: Mapping[str, TypeAdapter[Any]] = {
    kind.name: TypeAdapter(kind)
    for kind in (PlanReady, StageProgress, StepDone, Saved, Paused, Warned, RunEnded)
}
"""What makes events of their values, by name; a later version's further values are ignored."""


def _in_all(words: Words) -> dict[str, str]:
    """The wordings; no Chinese where there is none but the English."""
    told = {lang: words.of(lang) for lang in LANGS}
    return {lang: text for lang, text in told.items() if lang != "zh" or text != words.en}


def to_json(event: Event) -> str:
    """One line of JSON with the event's name under "event"."""
    if isinstance(event, Warned):
        p = event.problem
        values = {"code": p.code, **_in_all(p.words), "path": p.path, "time": event.time}
        values |= {"key": p.key} if p.key else {}
    else:
        values = dataclasses.asdict(event)
    return json.dumps({"event": event.name, **values}, ensure_ascii=False, allow_nan=True)


def from_json(line: str | bytes) -> Event:
    """The event of one line. Raises ValueError or TypeError when the line is no event of ours."""
    values = json.loads(line)
    if not isinstance(values, dict) or values.get("event") not in READERS:
        raise ValueError(f"not an event: {line[:80]!r}")
    if values["event"] == Warned.name:
        code, path, key = (str(values.get(name, "")) for name in ("code", "path", "key"))
        text = Words(*(str(values.get(lang, "")) for lang in LANGS))
        values["problem"] = Message(code, "{text}", "{text}", key)(text=text, path=path)
    event: Event = READERS[values["event"]].validate_python(values)
    return event


class EventLog:
    """Every event of a run, in order; written by the run's thread, read from any: a list is safe for that."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self._events.append(event)

    def since(self, n: int) -> list[Event]:
        """The events from number n on; since(0) replays the run."""
        return self._events[n:]

    def __len__(self) -> int:
        return len(self._events)
