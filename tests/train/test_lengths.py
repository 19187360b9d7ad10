"""A length given as a share of the run stays where it was when a resumed run has another length."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from core.config.schema.kinds import kind
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.runs.state_folder import Found
from core.train import lengths

STOP = "train.stop_text_encoder_training"


def last(trial) -> dict[str, torch.Tensor]:
    return tensors.load(Path([event.path for event in trial.of(Saved) if event.kind == "model"][-1]))


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def learning(trial) -> list[set[str]]:
    return [set(event.lr) for event in trial.of(StepDone)]


@pytest.mark.parametrize("ema", [None, 0.9])
def test_a_text_encoder_that_has_stopped_stays_so_in_a_longer_run_and_that_is_said(
    configure, train, trained, ema
):
    half = {"stop_text_encoder_training": 0.5, "ema_decay": ema}
    straight = trained(train=half | {"stop_text_encoder_training": 2, "max_train_steps": 8})
    train(configure(train=half | {"max_train_steps": 4}, save={"save_state": True}))
    longer = train(configure(train=half | {"max_train_steps": 8}, save={"resume": "auto"}))
    assert learning(longer) == [{"unet"}] * 4
    assert same(last(straight), last(longer))
    said = [event.problem.en for event in longer.of(Warned) if event.code == "I-RESUME-SHARE"]
    assert len(said) == 1 and "(50%) stays at 2 steps" in said[0] and "would be 4" in said[0]


@pytest.mark.parametrize("optimizer", ["AdamW", "AdamWScheduleFree"])
def test_a_text_encoder_that_still_learns_goes_on_in_a_shorter_run(
    configure, train, trained, tmp_path, optimizer
):
    options = {"optimizer": {"optimizer_type": optimizer}}
    half = {"stop_text_encoder_training": 0.5}
    straight = trained(**options, train={"max_train_steps": 4})
    train(
        configure(
            **options,
            train=half | {"max_train_steps": 10},
            save={"save_every_n_steps": 3, "save_state": True},
        )
    )
    state = str(tmp_path / "out" / "step-00000003-state")
    shorter = train(configure(**options, train=half | {"max_train_steps": 4}, save={"resume": state}))
    assert learning(shorter) == [{"unet", "text_encoder"}]
    assert same(last(straight), last(shorter))


def test_a_state_of_the_very_step_at_which_the_text_encoder_stops_is_resumed(configure, train, tmp_path):
    stop = {"stop_text_encoder_training": 2, "max_train_steps": 3, "ema_decay": 0.9}
    straight = last(train(configure(train=stop, save={"save_every_n_steps": 2, "save_state": True})))
    state = str(tmp_path / "out" / "step-00000002-state")
    assert same(straight, last(train(configure(train=stop, save={"resume": state}))))


def test_every_option_that_may_be_a_share_of_the_run_is_kept_in_steps():
    shares = {"lr_warmup_steps": 0.1, "lr_decay_steps": 0.25}
    config = RunConfig(
        train={"stop_text_encoder_training": 0.5},
        embedding={"stop_embedding_training": 0.75},
        optimizer=shares,
    )
    first = lengths.lengths(config, 100, {})
    assert first == {
        **{STOP: 50, "embedding.stop_embedding_training": 75},
        **{"optimizer.lr_warmup_steps": 10, "optimizer.lr_decay_steps": 25},
    }
    assert lengths.lengths(config, 400, first) == first
    settled = lengths.settled(config, first)
    assert settled.train.stop_text_encoder_training == 50
    assert (settled.optimizer.lr_warmup_steps, settled.optimizer.lr_decay_steps) == (10, 25)
    assert {option.key for option in walk(RunConfig) if kind(option) == "share"} == set(first)


def test_a_number_of_steps_that_was_changed_wins_over_what_the_state_kept():
    config = RunConfig(train={"stop_text_encoder_training": 30})
    assert lengths.lengths(config, 100, {STOP: 50})[STOP] == 30


def test_a_share_that_was_changed_is_reckoned_anew():
    found = Found(Path("x"), {"step": 3, "config": {STOP: 0.5, "optimizer.lr_warmup_steps": 0.1}})
    kept = {STOP: 50, "optimizer.lr_warmup_steps": 10}
    config = RunConfig(train={"stop_text_encoder_training": 0.25}, optimizer={"lr_warmup_steps": 0.1})
    assert lengths.unchanged(config, found, kept) == {"optimizer.lr_warmup_steps": 10}
    assert lengths.lengths(config, 400, lengths.unchanged(config, found, kept))[STOP] == 100


def test_of_a_state_from_before_lengths_were_kept_they_are_worked_out_from_its_own_length():
    plan = SimpleNamespace(total_steps=lambda train: train.max_train_steps)
    config = RunConfig(train={"max_train_steps": 400})
    then = {STOP: 0.5, "optimizer.lr_warmup_steps": 0.1, "train.max_train_steps": 40,
            "train.max_train_epochs": None}  # fmt: skip
    found = Found(Path("x"), {"step": 21, "config": then})
    kept = lengths.kept_in(found, plan, config)
    assert kept == {STOP: 20, "optimizer.lr_warmup_steps": 4}
    assert lengths.stopped_in(found, kept)
    assert not lengths.stopped_in(Found(Path("x"), {"step": 20, "config": then}), kept)
