"""A pause gives the GPU back and changes nothing; a second memory stands in for the GPU's."""

from pathlib import Path

import pytest
import torch

from core.control import RunControl, StopRun
from core.events import Paused, Saved, StepDone, Warned
from core.formats import tensors
from core.train import pause


def last(trial) -> dict[str, torch.Tensor]:
    paths = [event.path for event in trial.of(Saved) if event.kind == "model"]
    return tensors.load(Path(paths[-1]))


@pytest.fixture
def two_memories(monkeypatch):
    """Every move goes to new memory, and what was left behind is spoilt. Gives the bytes of each move."""
    moved: list[int] = []

    def copied(storage, device):
        copy = storage.clone()
        storage.fill_(255)
        moved.append(copy.nbytes())
        return copy

    monkeypatch.setattr(pause, "is_worth_it", lambda device: True)
    monkeypatch.setattr(pause, "is_there", lambda storage, device: False)
    monkeypatch.setattr(pause, "copied", copied)
    return moved


def paused_at(step, then):
    """A control, and a listener that pauses after this step and does `then` when the run waits."""
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == step:
            control.pause()
        if isinstance(event, Paused):
            then(control)

    return control, watch


FOUR = {"max_train_steps": 4}
WAYS = {
    "lora": {"train": FOUR},
    "whole model, means, optimizer with estimates": {
        "network": {"method": "none"},
        "optimizer": {"optimizer_type": "Prodigy"},
        "train": {"learning_rate": 1.0, "ema_decay": 0.9} | FOUR,
    },
    "images encoded at every step": {
        "dataset": {"cache_latents": False},
        "network": {"method": "none"},
        "train": {"learning_rate": 1e-4} | FOUR,
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_a_paused_run_ends_with_the_weights_of_one_that_was_not(configure, train, trained, two_memories, way):
    straight = last(trained(**WAYS[way]))
    assert two_memories == []
    trial = train(configure(**WAYS[way]), *paused_at(3, RunControl.resume))
    assert [event.step for event in trial.of(Paused)] == [3]
    paused = last(trial)
    assert straight.keys() == paused.keys() and all(torch.equal(straight[k], paused[k]) for k in straight)


def test_model_optimizer_and_caches_all_leave(configure, train, two_memories, base):
    network = {"method": "none"}
    config = configure(network=network, train={"learning_rate": 1e-4, "max_train_steps": 2})
    trial = train(config, *paused_at(1, RunControl.resume))
    model = tensors.load(base)
    learned = sum(t.nbytes for n, t in model.items() if not n.startswith("first_stage_model."))
    latents = 5 * 2 * 4 * 8 * 8 * 4  # images, mean and deviation, channels, height, width, bytes
    whole = sum(t.nbytes for t in model.values() if t.is_floating_point()) + 2 * learned + latents
    assert trial.of(Paused)[0].freed_bytes == pytest.approx(whole, rel=0.02)


def test_a_run_stopped_in_its_pause_is_resumed_as_if_nothing_had_been(
    configure, train, trained, two_memories
):
    straight = last(trained(train=FOUR))
    with pytest.raises(StopRun) as stopped:
        train(configure(train=FOUR), *paused_at(3, RunControl.stop))
    state = next(e.path for e in stopped.value.trial.of(Saved) if e.kind == "state")
    model = next(e for e in stopped.value.trial.of(Saved) if e.kind == "model")
    assert model.step == 3 and Path(model.path).is_file()
    resumed = last(train(configure(train=FOUR, save={"resume": state})))
    assert all(torch.equal(straight[k], resumed[k]) for k in straight)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wished_in_a_pause_is_done_at_once_and_changes_nothing(
    configure, train, two_memories, tmp_path, way
):
    # Prompts of its own, so that the run without a pause draws nothing else.
    sample = {"sample_prompts": ["a frog --w 64 --h 64 --s 1"]}
    straight = train(configure(**WAYS[way], sample=sample, save={"save_every_n_steps": 3}))
    model_of_step_3 = tensors.load(tmp_path / "out" / "at-step00000003.safetensors")
    done = []

    def wish(control):
        control.save_now()
        control.sample_now()

    control, watch = paused_at(3, wish)

    def until_both(event):
        watch(event)
        if isinstance(event, Saved) and event.step == 3:
            assert control.is_paused and control.is_waiting
            done.append(event.kind)
            if len(done) == 2:
                control.resume()

    trial = train(configure(**WAYS[way], sample=sample), control, until_both)
    assert done == ["model", "sample"]
    saved = tensors.load(tmp_path / "out" / "at-step00000003.safetensors")
    for ours, wanted in ((saved, model_of_step_3), (last(trial), last(straight))):
        assert all(torch.equal(ours[name], wanted[name]) for name in wanted)


def test_a_gpu_that_was_taken_meanwhile_is_waited_for(configure, train, trained, two_memories, monkeypatch):
    straight = last(trained(train=FOUR))
    control = RunControl()
    moves, copied = [], pause.copied

    def once_too_little(storage, device):
        moves.append(device)
        if len(moves) == full[0] + 3:
            raise torch.OutOfMemoryError("taken")
        return copied(storage, device)

    monkeypatch.setattr(pause, "copied", once_too_little)
    full = [10**9]

    def watch(event):
        if isinstance(event, StepDone) and event.step == 2:
            control.pause()
        if isinstance(event, Paused):
            full[0] = len(moves)
            control.resume()
        if isinstance(event, Warned) and event.code == "W-PAUSE-ROOM":
            assert control.is_paused
            control.resume()

    trial = train(configure(train=FOUR), control, watch)
    assert [event.code for event in trial.of(Warned)].count("W-PAUSE-ROOM") == 1
    after = last(trial)
    assert all(torch.equal(straight[k], after[k]) for k in straight)


def test_on_a_cpu_a_pause_moves_nothing(configure, train):
    trial = train(configure(train={"max_train_steps": 2}), *paused_at(1, RunControl.resume))
    assert [event.freed_bytes for event in trial.of(Paused)] == [0]
