"""Training states: what a run needs to go on exactly where it was; no pickles, no RNG state."""

from __future__ import annotations

import json
import platform
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.data.plan.plan import Plan
from core.errors import Problem, UserError
from core.formats import atomic_write, tensors
from core.formats.tensors import Lazy
from core.reading import reading
from core.runs import state_folder
from core.runs.owned_files import Stamp
from core.runs.state_folder import EMA, NUMBERS, OPTIMIZER, TRAINABLE, Found
from core.train.device.engine import Engine
from core.train.early_stop import Best, best_in
from core.train.lengths import Lengths
from core.train.outputs import messages
from core.train.weights import optimizer_state
from core.train.weights.ema import Averages
from core.train.weights.optimizer import ParameterGroup
from core.train.weights.trained import Trainee
from core.train.weights.update import Update


@dataclass
class Kept:
    """What one save left in the output folder, to be deleted one day.

    kind: "epoch" or "step". number: which. model, state: names, "" for what was not saved or is deleted.
    """

    kind: str
    number: int
    model: str
    state: str


@dataclass
class Progress:
    """Where a run is.

    step: optimizer steps done. losses: of the steps since the last report, so that the first report after a
    resume is the one that would have come. lineage: name of the first run folder of this training. run: of
    the one that is under way. written: names of the models it saved, with what tells that they are unchanged.
    saves: what epoch and step saves left. inexact: what was changed where it was resumed, so that it is not
    exactly a training in one go. recent: losses of the last steps, to be shown when one goes wrong; not in
    states. began: when this run did, by time.monotonic. seconds_before: of the runs that it goes on from.
    best: the best validation.
    """

    step: int = 0
    losses: list[Tensor] = field(default_factory=list)
    lineage: str = ""
    run: str = ""
    written: dict[str, Stamp | None] = field(default_factory=dict)
    saves: list[Kept] = field(default_factory=list)
    inexact: list[str] = field(default_factory=list)
    recent: deque[Tensor] = field(default_factory=deque)
    began: float = field(default_factory=time.monotonic)
    seconds_before: float = 0.0
    best: Best | None = None


@dataclass(frozen=True)
class StateWriter:
    """Writes and reads the states of one run. steps: what lengths given as a share came to."""

    config: RunConfig
    plan: Plan
    engine: Engine
    trainee: Trainee
    optimizer: torch.optim.Optimizer
    update: Update
    averages: Averages
    identity: Mapping[str, Any]
    steps: Lengths

    def save(self, path: Path, progress: Progress, kind: str, epoch: int) -> Path:
        """Write a state; returns where it lies.

        Raises ResourceFault when the disk is full, NumericFault when a weight is not finite; older states
        stay.
        """
        numbers: dict[str, Any] = {"update": self.update.state()}
        memory, numbers["optimizer"] = optimizer_state.export_state(self.optimizer, self.trainee.groups)
        numbers["groups"] = optimizer_state.members(self._active())
        means = self.averages.tensors()
        values = self._values(progress, kind, epoch)

        def write(folder: Path) -> None:
            tensors.save(folder / TRAINABLE, self.trainee.tensors(), {})
            tensors.save(folder / OPTIMIZER, _as_they_are(memory), {})
            if means:
                tensors.save(folder / EMA, _as_they_are(means), {})
            (folder / NUMBERS).write_text(json.dumps(numbers, indent=1), encoding="utf-8")
            (folder / "run.toml").write_text(
                toml_text.dumps(toml_text.values_of(self.config)), encoding="utf-8", newline="\n"
            )
            (folder / state_folder.STATE).write_text(
                json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8"
            )
            state_folder.seal(folder)

        size = sum(
            tensor.nbytes for tensor in (*memory.values(), *means.values(), *self.trainee.tensors().values())
        )
        return atomic_write.write_folder(path, write, size, replaces=state_folder.STATE)

    def restore(self, found: Found, is_changed: bool) -> tuple[Progress, list[Problem]]:
        """Put weights, optimizer and counters back; the notices say where exactness can't be promised.

        is_changed: options shape the weights that are not those of the state; what of its memory does not fit
        them begins anew. Raises UserError when the state holds other weights than those that are trained now.
        """
        weights = _load(found.path / TRAINABLE)
        ours = self.trainee.tensors()
        # A file that an option names may decide the ranks, and such options are not compared by their text.
        if _shapes(weights) != _shapes(ours):
            raise UserError(messages.OTHER_WEIGHTS(path=found.path))
        has_same_types = all(weights[name].dtype is tensor.dtype for name, tensor in ours.items())
        self.trainee.load(weights)
        notices = _inexact(found.values["machine"], self._machine())
        with reading(found.path / NUMBERS, "E-STATE-DAMAGED", key="save.resume"):
            numbers = json.loads((found.path / NUMBERS).read_text(encoding="utf-8"))
            remembered, updated = dict(numbers["optimizer"]), dict(numbers["update"])
        memory, groups = tensors.load(found.path / OPTIMIZER), self._active()
        is_same = has_same_types and self._is_same_optimizer(found)
        names = (*memory, *remembered)
        is_same = is_same and optimizer_state.is_of_groups(groups, names, numbers.get("groups"))
        if is_changed and not is_same:
            notices.append(messages.OTHER_OPTIMIZER())
        else:
            try:
                optimizer_state.import_state(self.optimizer, groups, memory, remembered)
            except KeyError:  # it remembers weights that do not learn here
                raise UserError(messages.OTHER_WEIGHTS(path=found.path)) from None
        self.update.load(updated)
        if self.averages.tensors() and not self._restore_averages(found):
            notices.append(messages.NO_EMA())
        values = found.values
        progress = Progress(
            step=values["step"],
            losses=[torch.tensor(loss, device=self.engine.device) for loss in values["losses"]],
            lineage=values["lineage"],
            written=_written(values["written"]),
            saves=[Kept(**kept) for kept in values.get("saves", ())],  # older states have none
            inexact=[*values.get("inexact", ())],
            seconds_before=values.get("seconds", 0.0),
            best=best_in(values),
        )
        return progress, notices

    def _active(self) -> list[ParameterGroup]:
        """The groups that still learn."""
        active = {group["name"] for group in self.optimizer.param_groups}
        return [group for group in self.trainee.groups if group.name in active]

    def _is_same_optimizer(self, found: Found) -> bool:
        """Whether what the optimizer of the state remembers means the same to this one."""
        now, then = state_folder.values_of(self.config), found.values["config"]
        keys = ("optimizer.optimizer_type", "optimizer.optimizer_args")
        return all(then.get(key) == now[key] for key in keys)

    def _restore_averages(self, found: Found) -> bool:
        """Put the means back; where the state has none they begin with its weights."""
        path = found.path / EMA
        means = _load(path) if path.is_file() else {}
        if means.keys() >= self.averages.tensors().keys():
            self.averages.load(means)
            return True
        self.averages.restart()
        return False

    def _values(self, progress: Progress, kind: str, epoch: int) -> dict[str, Any]:
        return {
            "format": state_folder.FORMAT,
            "kind": kind,
            "step": progress.step,
            "epoch": epoch,
            "position": self.plan.position(progress.step, self.config.train.gradient_accumulation_steps),
            "seed": self.config.train.seed,
            "losses": [float(loss) for loss in progress.losses],
            "lineage": progress.lineage,
            "run": progress.run,
            "seconds": round(progress.seconds_before + time.monotonic() - progress.began, 1),
            "written": progress.written,
            "lengths": dict(self.steps),
            "stopped": self._stopped(),
            "word_stopped": self.trainee.word is not None and not self.trainee.word.is_learning,
            "inexact": progress.inexact,
            "best": asdict(progress.best) if progress.best else None,
            "saves": [asdict(kept) for kept in progress.saves],
            "output_name": self.config.save.output_name,
            "identity": dict(self.identity),
            "machine": self._machine(),
            "config": state_folder.values_of(self.config),
        }

    def _stopped(self) -> list[str]:
        """Parts of the model that were trained and do not learn any more."""
        active = {group.part for group in self._active()}
        return [*dict.fromkeys(group.part for group in self.trainee.groups if group.part not in active)]

    def _machine(self) -> dict[str, Any]:
        """What decides the last bits beside the options."""
        device = self.engine.device
        return {
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "python": platform.python_version(),
        }


def _inexact(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Problem]:
    """A notice when the state was made where the last bits come out differently."""
    changed = [name for name in ("torch", "device", "threads") if then.get(name) != now[name]]
    if not changed:
        return []
    shown = ", ".join(f"{name} {then.get(name)} -> {now[name]}" for name in changed)
    return [messages.OTHER_MACHINE(changes=shown)]


def _written(noted: Mapping[str, Any] | list[str]) -> dict[str, Stamp | None]:
    """What a state notes about the models of its training; earlier versions noted the names alone."""
    if isinstance(noted, list):
        return dict.fromkeys(noted)
    return {name: Stamp(*stamp) if stamp else None for name, stamp in noted.items()}


def _load(path: Path) -> dict[str, Tensor]:
    """Tensors of a state by weight."""
    return {optimizer_state.current_name(name): tensor for name, tensor in tensors.load(path).items()}


def _as_they_are(named: Mapping[str, Tensor]) -> dict[str, Lazy]:
    """What goes with the weights is kept bit for bit, infinite or not: nobody but this training uses it."""
    return {name: replace(tensors.of(tensor), is_checked=False) for name, tensor in named.items()}


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
