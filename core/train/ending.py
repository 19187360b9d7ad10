"""How a training ends, well or badly: the last good state is kept, and the fault is said in a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from core.catalog import Words
from core.control import RunControl, StopRun
from core.errors import NumericFault, Problem, ResourceFault, UserError
from core.events import Emit, Warned
from core.train.loop import Training, train
from core.train.state import Progress
from core.train.update import BadStep


def train_to_the_end(training: Training, progress: Progress, control: RunControl, emit: Emit) -> None:
    """Run the loop; however it ends, the last good state is kept."""
    try:
        try:
            train(training, progress, control, emit)
        except StopRun as stop:
            if progress.step >= training.total_steps:
                return
            if stop.save:
                training.update.look(progress.step)
                _keep_state(training, progress)
            raise
    except BadStep as bad:
        lost = progress.step - bad.step
        progress.step, progress.losses = bad.step, progress.losses[: len(progress.losses) - lost]
        with _said(emit):
            _keep_state(training, progress)
        raise NumericFault(_not_finite(training, bad.step)) from None
    except ResourceFault:
        with _said(emit):
            _keep_state(training, progress)
        raise
    except (RuntimeError, MemoryError) as e:
        if not _is_out_of_memory(e):
            raise
        reason = str(e).splitlines()[0]
    else:
        return
    # Outside of the handler, so that the exception and the activations that its frames hold are gone.
    training.optimizer.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    with _said(emit):
        _keep_state(training, progress)
    raise ResourceFault(_out_of_memory(training, progress.step, reason))


def _keep_state(training: Training, progress: Progress) -> None:
    if 0 < progress.step < training.total_steps:
        training.outputs.save_state(progress, "step", training.epoch_of(progress.step))


def _is_out_of_memory(error: Exception) -> bool:
    """torch's CPU allocator has no exception of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


@contextlib.contextmanager
def _said(emit: Emit) -> Iterator[None]:
    """A state that can't be saved after a fault is said, and does not hide the fault itself."""
    try:
        yield
    except UserError as e:
        for problem in e.problems:
            emit(Warned(problem.code.replace("E-", "W-", 1), problem.en, problem.ja, problem.path))


def _not_finite(training: Training, step: int) -> Problem:
    names = ", ".join(training.pictures_of(step))
    return Problem(
        "E-NUMERIC",
        f"loss or gradients became NaN or infinite in step {step + 1} (pictures: {names}); "
        f"the weights of step {step} are kept. Lower the learning rate, use bf16 instead of fp16, "
        "or look at these pictures.",
        f"{step + 1}ステップ目でlossまたは勾配がNaNか無限大になりました（画像：{names}）。"
        f"{step}ステップ目の重みを保持しています。"
        "学習率を下げる、fp16の代わりにbf16を使う、または画像を確認してください。",
    )


def _out_of_memory(training: Training, step: int, reason: str) -> Problem:
    """step: the one whose state was kept, 0 when there is none."""
    train, dataset = training.config.train, training.config.dataset
    batch = dataset.train_batch_size
    is_cached = dataset.cache_latents or dataset.cache_latents_to_disk
    # What helps, whether it is still to be had, whether the state can be resumed with it as it is.
    cures = [
        (
            Words(f"train_batch_size = 1 (now {batch})", f"train_batch_size = 1（現在{batch}）"),
            batch > 1,
            False,
        ),
        (_same("gradient_checkpointing"), not train.gradient_checkpointing, True),
        (_same("cache_latents"), not is_cached, True),
        (_same("optimizer_type = AdamW8bit"), training.config.optimizer.optimizer_type == "AdamW", False),
        (_same("precision = full_bf16"), training.engine.weight_type is torch.float32, False),
        (Words("a smaller resolution", "解像度を下げる"), True, False),
    ]
    helping = [words for words, helps, _ in cures if helps]
    fitting = [words for words, helps, fits in cures if helps and fits]
    listed = Words(", ".join(words.en for words in helping), "、".join(words.ja for words in helping))
    en = f"memory ran out ({reason}). Try, in this order: {listed.en}."
    ja = f"メモリが不足しました（{reason}）。次の順に試してください：{listed.ja}。"
    if step:
        en += f" The state of step {step} is kept"
        ja += f"{step}ステップ目の学習状態を保持しています"
        if fitting:
            en += f"; it can be resumed with {' and '.join(words.en for words in fitting)} turned on"
            ja += f"（{'と'.join(words.ja for words in fitting)}は有効にしても再開できます）"
        en += ". After any other of these changes it needs resume_anyway, and the result is not exact."
        ja += "。ほかの変更後に再開するにはresume_anywayが必要で、結果は厳密には一致しません。"
    return Problem("E-OOM", en, ja)


def _same(text: str) -> Words:
    return Words(text, text)
