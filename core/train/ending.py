"""How a training ends, well or badly: a state and a usable model are left, a fault is said in a sentence."""

from __future__ import annotations

from dataclasses import asdict

import torch

from core.control import RunControl, StopRun
from core.errors import NumericFault, ResourceFault, UserError
from core.events import Emit, Warned
from core.train import faults, messages
from core.train.loop import train
from core.train.outputs.state import Progress
from core.train.training import Training
from core.train.weights.update import BadStep


def train_to_the_end(training: Training, progress: Progress, control: RunControl, emit: Emit) -> None:
    """Run the loop; however it ends before its last step, the last good state is kept, and a model beside it.

    After a numeric fault there is a model only when its weights still give a sensible loss; what can't be
    saved then is said and does not hide the fault.
    """
    try:
        try:
            train(training, progress, control, emit)
        except StopRun as stop:
            if training.is_over(progress):
                return
            if stop.save:
                training.update.look(progress.step)
                _keep(training, progress, control)
            raise
    except (StopRun, NumericFault):  # the latter from a save, which has kept what can be kept
        raise
    except BadStep as bad:
        lost = progress.step - bad.step
        progress.step, progress.losses = bad.step, progress.losses[: len(progress.losses) - lost]
        batch = faults.examine(training, progress, lost)
        has_model = training.update.is_whole and faults.is_model_sound(training, batch)
        is_kept = _try_to_keep(training, progress, control, emit, has_model)
        raise NumericFault(batch.problem(training, is_kept), facts=asdict(batch)) from None
    except Exception as e:
        if not _is_out_of_memory(e):
            _try_to_keep(training, progress, control, emit)
            raise
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
    else:
        return
    # Outside of the handler, so that the exception and the activations that its frames hold are gone.
    training.optimizer.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    is_kept = _try_to_keep(training, progress, control, emit)
    raise ResourceFault(faults.out_of_memory(training, progress.step if is_kept else 0, reason))


def _keep(training: Training, progress: Progress, control: RunControl, has_model: bool = True) -> bool:
    """Save the last good step when there is one before the last and its weights are there; whether it was."""
    is_on_the_way = 0 < progress.step < training.total_steps and training.update.is_whole
    if is_on_the_way:
        training.outputs.keep(progress, training.epoch_of(progress.step), has_model, control)
    return is_on_the_way


def _try_to_keep(
    training: Training, progress: Progress, control: RunControl, emit: Emit, has_model: bool = True
) -> bool:
    """The same after a fault: what can't be saved is said, and does not hide the fault itself."""
    try:
        return _keep(training, progress, control, has_model)
    except UserError as e:
        for problem in e.problems:
            emit(Warned(problem.as_warning()))
    except Exception as e:
        reason = f"{type(e).__name__}: {e}".splitlines()[0]
        emit(Warned(messages.NOT_KEPT(reason=reason)))
    return False


def _is_out_of_memory(error: Exception) -> bool:
    """torch's CPU allocator has no exception of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
