"""A run ends when validation finds nothing better, and the best model is kept."""

import json
from pathlib import Path

import pytest
import torch

from core.config.output_names import Named, model_of
from core.control import RunControl, StopRun
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.formats.header import read_header
from core.runs import state_folder
from core.train import early_stop, run, validation
from core.train.early_stop import Best

LOSSES = [0.5, 0.4, 0.45, 0.4, 0.3, 0.31, 0.32, 0.33]
PATIENT = {"early_stopping_patience": 2, "validate_every_n_steps": 1, "max_train_steps": 8}
HELD = {"validation_split": 0.34, "reg_data_dir": None}


@pytest.fixture
def scripted(monkeypatch):
    """Validation finds LOSSES, one a step, whatever the weights are; those of a run that is resumed go on."""

    def start(done: int = 0):
        losses = iter(LOSSES[done:])
        monkeypatch.setattr(validation.Validation, "measure", lambda self, emit: next(losses))

    start()
    return start


def models(trial, kind: str) -> list[Saved]:
    return [e for e in trial.of(Saved) if e.kind == "model" and e.info["kind"] == kind]


def test_a_lower_loss_is_the_best_and_an_equal_one_or_nan_is_waited_for():
    best = early_stop.judged(None, 10, 0.5)
    assert best == Best(0.5, 10, 0)
    best = early_stop.judged(best, 20, 0.5)
    best = early_stop.judged(best, 30, float("nan"))
    assert best == Best(0.5, 10, 2)
    assert early_stop.is_reached(best, 2) and not early_stop.is_reached(best, 3)
    assert not early_stop.is_reached(best, None)
    assert early_stop.judged(best, 40, 0.4) == Best(0.4, 40, 0)
    assert early_stop.judged(None, 10, float("nan")) is None


def test_the_run_ends_after_so_many_validations_without_a_lower_loss(configure, train, tmp_path, scripted):
    trial = train(configure(dataset=HELD, train=PATIENT, save={"output_name": "frog"}))
    assert [e.validation_loss for e in trial.of(StepDone)] == LOSSES[:4]
    (last,) = models(trial, "last")
    assert last.step == 4 and Path(last.path).name == "frog.safetensors"
    best = models(trial, "best")
    assert [(e.step, e.info["validation_loss"]) for e in best] == [(1, 0.5), (2, 0.4)]
    metadata = read_header(tmp_path / "out" / "frog-best.safetensors").metadata
    assert (metadata["rareword_validation_loss"], metadata["ss_steps"]) == ("0.4", "2")
    assert "rareword_validation_loss" not in read_header(Path(last.path)).metadata


def test_the_end_is_said_with_the_step_and_loss_of_the_best(configure, tmp_path, scripted):
    config = configure(dataset=HELD, train=PATIENT, save={"output_name": "frog"})
    folder = tmp_path / "run"
    folder.mkdir()
    told = run.run(config, folder, RunControl(), [].append)
    assert told.code == "I-ENDED-EARLY"
    assert told.en.startswith("ended early at step 4 of 8") and "0.4000 at step 2" in told.en
    assert "frog-best" in told.en and "frog-best" in told.ja


def test_stopped_and_resumed_it_ends_where_the_straight_run_ends(configure, train, tmp_path, scripted):
    straight = train(configure(dataset=HELD, train=PATIENT, save={"output_dir": str(tmp_path / "straight")}))
    scripted()
    control = RunControl()
    config = configure(dataset=HELD, train=PATIENT, save={"resume": "auto"})
    with pytest.raises(StopRun):
        train(config, control, lambda e: control.stop() if isinstance(e, StepDone) and e.step == 3 else None)
    (state,) = (tmp_path / "out").glob("*-state")
    values = json.loads((state / "state.json").read_text("utf-8"))
    assert values["best"] == {"loss": 0.4, "step": 2, "waited": 1}
    scripted(3)
    resumed = train(config)
    assert [e.step for e in resumed.of(StepDone)] == [4] and not models(resumed, "best")
    for name in ("last", "best"):
        one, other = (
            tensors.load(folder / f"{name}.safetensors")
            for folder in (tmp_path / "straight", tmp_path / "out")
        )
        assert one and all(torch.equal(one[key], other[key]) for key in one)
    assert models(straight, "last")[0].step == 4


def test_a_state_from_before_there_was_a_best_resumes(configure, train, tmp_path, scripted):
    control = RunControl()
    config = configure(dataset=HELD, train=PATIENT, save={"resume": "auto"})
    with pytest.raises(StopRun):
        train(config, control, lambda e: control.stop() if isinstance(e, StepDone) and e.step == 1 else None)
    (state,) = (tmp_path / "out").glob("*-state")
    values = json.loads((state / "state.json").read_text("utf-8"))
    del values["best"]
    (state / "state.json").write_text(json.dumps(values), "utf-8")
    (state / state_folder.MANIFEST).unlink()
    state_folder.seal(state)
    scripted(1)
    assert [e.step for e in train(config).of(StepDone)] == [2, 3, 4]


def test_an_early_end_is_not_gone_on_with_unless_patience_is_raised(configure, train, tmp_path, scripted):
    save = {"save_state_on_train_end": True}
    train(configure(dataset=HELD, train=PATIENT, save=save))
    again = train(configure(dataset=HELD, train=PATIENT, save=save | {"resume": "auto"}))
    assert "W-ALREADY-DONE" in [e.code for e in again.of(Warned)] and not again.of(StepDone)
    scripted(4)
    patient = PATIENT | {"early_stopping_patience": None}
    more = train(configure(dataset=HELD, train=patient, save=save | {"resume": "auto", "save_best": True}))
    assert [e.step for e in more.of(StepDone)] == [5, 6, 7, 8]
    assert [e.step for e in models(more, "best")] == [5]


def test_a_better_model_of_after_the_last_state_is_kept_by_a_run_that_was_killed_there(
    configure, train, tmp_path, monkeypatch
):
    """Its best was of step 5, with a state of step 3; resumed, that of step 4 comes first."""
    losses = iter([0.5, 0.4, 0.45, 0.38, 0.3, 0.38])
    monkeypatch.setattr(validation.Validation, "measure", lambda self, emit: next(losses))
    steps = {"validate_every_n_steps": 1, "max_train_steps": 5}
    save = {"save_best": True, "save_every_n_steps": 3, "save_state": True}
    train(configure(dataset=HELD, train=steps, save=save))
    out = tmp_path / "out"
    (out / "last.safetensors").unlink()
    (out / "last-state").rename(tmp_path / "never written")
    (best,) = out.glob("*best.safetensors")
    better = best.read_bytes()
    resumed = train(
        configure(dataset=HELD, train=steps | {"max_train_steps": 4}, save=save | {"resume": "auto"})
    )
    assert [e.step for e in models(resumed, "best")] == [4]
    assert best.read_bytes() != better == best.with_name(f"{best.stem}.old-1.safetensors").read_bytes()


def test_the_best_is_kept_beside_the_last_steps_that_are_kept(configure, train, tmp_path, scripted):
    often = {"save_every_n_steps": 1, "save_last_n_steps": 1, "save_best": True, "output_name": "frog"}
    steps = {"validate_every_n_steps": 1, "max_train_steps": 4}
    train(configure(dataset=HELD, train=steps, save=often))
    there = sorted(path.name for path in (tmp_path / "out").glob("*.safetensors"))
    assert there == [
        "frog-best.safetensors", "frog-step00000003.safetensors", "frog-step00000004.safetensors",
        "frog.safetensors",
    ]  # fmt: skip


def test_without_images_held_out_nothing_ends_early_and_that_is_said(configure, train):
    trial = train(configure(train={"early_stopping_patience": 1, "max_train_steps": 1}))
    assert "W-VALIDATION-NONE" in [e.code for e in trial.of(Warned)]


def test_the_best_is_a_result_of_its_name():
    assert model_of("frog-best", "frog") == Named("best", 0) == model_of("best", None)
    assert model_of("frog-best", "frog-best") == Named("last", 0)
