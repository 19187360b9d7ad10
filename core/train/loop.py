"""The loop: one flat row of optimizer steps; an epoch is a number, not a second loop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice

import psutil  # accelerate brings it
import torch
from torch import Tensor

from core.control import RunControl, SampleRequest
from core.events import Emit, StepDone, Stepped, Warned
from core.train import early_stop, lengths, messages, pause
from core.train.inputs.batches import MicroBatch
from core.train.outputs.state import Progress
from core.train.seeds import torch_seed
from core.train.training import Training
from core.train.weights import optimizer as optim
from core.train.weights.learned_word import is_of_word
from core.train.weights.optimizer import ParameterGroup
from core.train.weights.trained import dropouts_of
from core.train.weights.update import OVERFLOWS

TICK_SECONDS = 0.25
"""The number of the step is told so often at most."""

ZERO_STEPS = 50
"""After so many steps in a row without any gradient a user is told; single ones are no fault."""

RECENT = 5
"""Losses that are told when a step goes wrong: of so many steps before it."""


def train(training: Training, progress: Progress, control: RunControl, emit: Emit) -> None:
    """Train from where `progress` is to the last step; progress is kept current.

    Raises StopRun before a step, BadStep when numbers stop being finite.
    """
    # On a GPU a bad step is found only when losses are read back.
    progress.recent = deque(maxlen=training.config.log.log_every_n_steps + max(RECENT, OVERFLOWS))
    report = Report(training, progress)
    if training.config.sample.sample_at_first and progress.step == 0:
        with training.averages.averaged():
            training.samples.draw(0, control, emit)
    training.trainee.set_train_mode(training.text.is_trained)
    report.restart_clock()
    with closing(training.stream(training.position(progress.step))) as stream:
        while not training.is_over(progress):
            _poll_control(training, progress, control, emit, report)
            if stop_text_encoder(training, progress.step):
                keep_text(training, control, emit)
            rates = training.learning_rates(progress.step)
            for group in training.optimizer.param_groups:
                group["lr"] = rates[group["name"]]

            loss = gradients(training, progress.step, stream)
            training.update(progress.step, loss)
            _limit_norms(training)
            training.averages.update(progress.step)
            progress.step += 1
            progress.losses.append(loss)
            progress.recent.append(loss)

            is_last = progress.step == training.total_steps
            validation_loss = _validate(training, progress.step, emit, report)
            is_logged = progress.step % training.config.log.log_every_n_steps == 0
            if is_logged or is_last or validation_loss is not None:
                report.send(emit, optim.applied_rates(training.optimizer, rates), validation_loss)
            else:
                report.tick(emit)
            if validation_loss is not None:
                progress.best = early_stop.judged(progress.best, progress.step, validation_loss)
            _save_and_sample(training, progress, control, emit, report)


def gradients(training: Training, step: int, stream: Iterator[MicroBatch | None]) -> Tensor:
    """Add up the gradients of one step; returns the mean loss over the samples of all processes.

    Raises BadStep where the weights are stepped on the way (FusedUpdate).
    """
    engine, count = training.engine, training.micro_batches(step)
    loss = torch.zeros((), device=engine.device)
    for n, batch in enumerate(islice(stream, count)):
        if batch is None:
            continue
        _seed_dropout(training, step, n)
        for part in training.losses(batch):
            share = part / count
            if share.requires_grad:  # not so when module_dropout left out every module
                training.update.backward(step, share)
            loss += share.detach()
    return engine.sum(loss)


def _limit_norms(training: Training) -> None:
    """Keep the changes of a LoRA below scale_weight_norms, and a word's vectors as long as others."""
    limit, network = training.config.network.scale_weight_norms, training.trainee.network
    if limit is not None and network is not None:
        network.limit_norms(limit)
    word = training.trainee.word
    if word is not None and word.is_learning and training.config.embedding.keep_norm:
        word.keep_lengths()


def _validate(training: Training, step: int, emit: Emit, report: Report) -> float | None:
    """The loss of the images held out, when it is due."""
    ended = training.epoch_ended(step)
    if not training.validation.is_due(step, ended, step == training.total_steps):
        return None
    before = time.monotonic()
    with training.averages.averaged():
        loss = training.validation.measure(emit)
    report.exclude(time.monotonic() - before)
    return loss


def stop_text_encoder(training: Training, step: int) -> bool:
    """Freeze the text encoder, or the taught word alone, after as many steps as their options say.

    Returns whether just now the last of what learns there was frozen.
    """
    if not training.text.is_trained:
        return False
    config = training.config
    of_word = config.embedding.stop_embedding_training
    for stop, freeze in ((config.text_stop, freeze_text_encoder), (of_word, freeze_word)):
        if stop is not None and 0 < stop <= step:
            freeze(training)
    return not training.text.is_trained


def freeze_text_encoder(training: Training) -> None:
    """It learns no more, nor does a taught word: see `_freeze`."""
    _freeze(training, _active_in_text(training))
    training.text.freeze()


def freeze_word(training: Training) -> None:
    """The taught word learns no more; the text encoder may."""
    active = _active_in_text(training)
    of_word = [group for group in active if is_of_word(group)]
    _freeze(training, of_word)
    if len(of_word) == len(active):
        training.text.freeze()


def _active_in_text(training: Training) -> list[ParameterGroup]:
    """The groups of the text encoders that still learn."""
    active = {group["name"] for group in training.optimizer.param_groups}
    texts = training.model.spec.names("text")
    return [group for group in training.trainee.groups if group.part in texts and group.name in active]


def _freeze(training: Training, groups: Sequence[ParameterGroup]) -> None:
    """Their means become their weights, and what the optimizer knows of them is gone."""
    for group in groups:
        training.averages.settle(group.name)
        optim.drop_group(training.optimizer, group.name)
        training.update.forget([*group.parameters.values()])
        if training.trainee.word is not None and is_of_word(group):
            training.trainee.word.is_learning = False


def keep_text(training: Training, control: RunControl, emit: Emit) -> None:
    """Encode every text that can occur; when that is all of them, the text encoders leave the GPU."""
    if training.texts is not None and training.text.keep(training.texts, control, emit):
        for module in training.model.of("text"):
            module.to("cpu")


class Report:
    """Reads losses back now and then: the only place where the host waits for the device."""

    def __init__(self, training: Training, progress: Progress) -> None:
        self._training, self._progress = training, progress
        self._ticked = float("-inf")
        self._is_zero_said = False
        self.restart_clock()

    def restart_clock(self) -> None:
        """What happened until now is not training time."""
        self._step, self._since = self._progress.step, time.monotonic()

    def exclude(self, seconds: float) -> None:
        """These seconds were not training time."""
        self._since += seconds

    def tick(self, emit: Emit) -> None:
        """Tell the number of the step, without reading anything from the device."""
        now = time.monotonic()
        if self._training.engine.is_main and now - self._ticked >= TICK_SECONDS:
            self._ticked = now
            emit(Stepped(self._progress.step, self._training.total_steps))

    def send(self, emit: Emit, rates: dict[str, float], validation_loss: float | None) -> None:
        """Send the mean since the last report. Raises BadStep."""
        training, progress, step = self._training, self._progress, self._progress.step
        training.update.look(step)
        device, network = training.engine.device, training.trainee.network
        loss = torch.stack(progress.losses).mean().item()
        seconds = (time.monotonic() - self._since) / max(1, step - self._step)
        progress.losses.clear()
        self.restart_clock()
        if not training.engine.is_main:
            return
        if training.update.zero_steps >= ZERO_STEPS and not self._is_zero_said:
            self._is_zero_said = True
            emit(_all_zero(training))
        emit(
            StepDone(
                step=step,
                total=training.total_steps,
                epoch=training.epoch_of(step - 1) + 1,
                loss=loss,
                lr=rates,
                grad_norm=training.update.grad_norm.item(),
                seconds=seconds,
                vram_bytes=torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0,
                validation_loss=validation_loss,
                weight_norms=network.norms() if network is not None else {},
                ram_bytes=psutil.Process().memory_info().rss if device.type == "cpu" else 0,
            )
        )


def _poll_control(
    training: Training, progress: Progress, control: RunControl, emit: Emit, report: Report
) -> None:
    """Stop or pause. With several processes a request reaches the main one only: all ask it, at reports."""
    step = progress.step
    if training.engine.world_size > 1:
        if step % training.config.log.log_every_n_steps:
            return
        if training.engine.agree(control.is_stopping):
            control.stop()

    def save() -> None:
        training.outputs.save(progress, {"step"}, training.epoch_of(step), control)

    later: list[SampleRequest] = []

    def draw(request: SampleRequest) -> None:
        if training.engine.world_size > 1:
            later.append(request)  # the others are not here to draw along
        else:
            _draw(training, step, False, request, control, emit)

    before = time.monotonic()
    if control.is_paused:
        training.update.look(step)  # while the weights are still where a fault can be looked into
    pause.pause(training, step, control, emit, save, draw)
    for request in later:
        control.sample_now(request.lines, request.is_kept)
    report.exclude(time.monotonic() - before)


def _seed_dropout(training: Training, step: int, micro_batch: int) -> None:
    """Dropout draws from torch's global generator; it is set so that its draws belong to this micro-batch."""
    if dropouts_of(training.config.network).is_any:
        seed = training.config.train.seed
        assert seed is not None
        torch.manual_seed(torch_seed(seed, "dropout", step, micro_batch, training.engine.rank))


def _save_and_sample(
    training: Training, progress: Progress, control: RunControl, emit: Emit, report: Report
) -> None:
    """What is due after a step; a state that is not finite is never written."""
    step, epoch = progress.step, training.epoch_of(progress.step)
    is_last = training.is_over(progress)
    ended = training.epoch_ended(step)
    saves_now, request = _requests(training, step, control)
    before = time.monotonic()

    is_best = progress.best is not None and progress.best.step == step
    if is_best and training.config.saves_best:
        training.outputs.save_best(progress, epoch)  # before any state, which notes what was written
    kinds = training.outputs.due(step, ended, is_last)
    if kinds or saves_now:
        training.update.look(step)
        training.outputs.save(progress, kinds | ({"step"} if saves_now else set()), epoch, control)
    sample = training.config.sample
    is_due = lengths.is_due(step, ended, sample.sample_every_n_steps, sample.sample_every_n_epochs, is_last)
    if is_due or request is not None:
        _draw(training, step, is_due, request, control, emit)
        training.outputs.add_thumbnail(progress)
    report.exclude(time.monotonic() - before)


def _draw(
    training: Training,
    step: int,
    is_due: bool,
    request: SampleRequest | None,
    control: RunControl,
    emit: Emit,
) -> None:
    """Samples of the run's prompts when they are due, and of those that are wished for."""
    prompts = training.samples.wanted(is_due, request, emit)
    with training.averages.averaged():
        training.samples.draw(step, control, emit, prompts)


def _requests(training: Training, step: int, control: RunControl) -> tuple[bool, SampleRequest | None]:
    """Whether to save now, and what to sample now; several processes ask the main one, at reports."""
    engine = training.engine
    if engine.world_size > 1 and step % training.config.log.log_every_n_steps:
        return False, None
    saves, request = engine.agree(control.take_save_now()), control.take_sample_now()
    # Only the main process draws, so the others need not know what.
    return saves, (request or SampleRequest()) if engine.agree(request is not None) else None


def _all_zero(training: Training) -> Warned:
    """Gradients vanish in half precision; with no weight on the loss there are none either."""
    count, precision = training.update.zero_steps, training.config.train.precision
    mixed = precision.removeprefix("full_")
    if mixed == precision:
        return Warned(messages.ZERO_GRADIENTS(count=count))
    return Warned(messages.ZERO_GRADIENTS_HALF(count=count, mixed=mixed, precision=precision))
