"""A run that was stopped ends in the very bits of one that was not."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from core.config.schema.run import SaveConfig
from core.control import RunControl, StopRun
from core.errors import UserError
from core.events import PlanReady, Saved, StepDone, Warned
from core.formats import tensors
from core.runs import owned_files, state_folder
from core.runs.result_names import LINEAGE
from ui.window.last_run import newest_unfinished
from ui.window.run_state import RunView

PREVIEWS = {"sample_prompts": ["sls frog --w 64 --h 64 --s 2"], "sample_every_n_steps": 1}

METHODS = {
    "lora": {"network": {"dropout": 0.25, "rank_dropout": 0.25, "module_dropout": 0.25}},
    "dreambooth": {"network": {"method": "none"}, "train": {"learning_rate": 1e-3}},
    "schedule-free": {
        "network": {"method": "none"},
        "train": {"learning_rate": 1e-3},
        "optimizer": {"optimizer_type": "AdamWScheduleFree"},
    },
    "prodigy": {"optimizer": {"optimizer_type": "Prodigy"}, "train": {"learning_rate": 1.0}},
}


def weights(trial) -> dict[str, torch.Tensor]:
    return tensors.load(
        Path(trial.of(Saved)[-1].path if trial.of(Saved)[-1].kind == "model" else model(trial))
    )


def model(trial) -> str:
    return next(
        event.path for event in trial.of(Saved) if event.kind == "model" and event.info["kind"] == "last"
    )


def losses(trial) -> list[float]:
    return [event.loss for event in trial.of(StepDone)]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def stop_after(train, config, step: int):
    """Train until `step` steps are done, stop and save; what was left behind."""
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == step:
            control.stop()

    with pytest.raises(StopRun) as stopped:
        train(config, control, watch)
    return stopped.value.trial


@pytest.mark.parametrize("method", METHODS)
def test_stop_and_resume_is_bit_identical_also_with_previews(configure, train, trained, method):
    options = METHODS[method] | {"dataset": {"flip_aug": True}}
    straight = trained(**options)
    # An epoch has 6 batches, so both stops are in its middle; previews only in the interrupted run.
    resumed = configure(**options, save={"resume": "auto"}, sample=PREVIEWS)
    first = stop_after(train, resumed, 2)
    second = stop_after(train, resumed, 5)
    third = train(resumed)
    assert same(weights(straight), weights(third))
    assert losses(straight) == [*losses(first), *losses(second), *losses(third)]
    assert [event.step for event in third.of(StepDone)] == [6]


def test_the_first_report_after_a_resume_is_the_one_that_would_have_come(configure, train, trained, tmp_path):
    options = {"log": {"log_every_n_steps": 3}}
    straight = trained(**options)
    control = RunControl()
    steps = []

    def watch(event):
        if isinstance(event, StepDone):
            steps.append(event.step)
            control.stop()

    config = configure(**options, save={"resume": "auto", "save_every_n_steps": 2, "save_state": True})
    with pytest.raises(StopRun):
        train(config, control, watch)
    (tmp_path / "out" / "step-00000003-state").rename(tmp_path / "out" / "away")
    assert losses(train(config)) == losses(straight)


def test_a_finished_run_is_left_as_it_is(configure, train, tmp_path):
    config = configure(train={"max_train_steps": 2}, save={"save_state": True})
    train(config)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    again = train(configure(train={"max_train_steps": 2}, save={"save_state": True, "resume": "auto"}))
    done = again.of(Warned)[-1]
    assert done.code == "W-ALREADY-DONE" and "already finished (2/2 steps)" in done.problem.en
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


RESULTS = {
    "lora": {},
    "no metadata": {"save": {"no_metadata": True}},
    "diffusers": {"network": {"method": "none"}, "save": {"save_model_as": "diffusers"}},
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_run_killed_before_its_last_save_writes_the_result_when_it_is_resumed(
    configure, train, tmp_path, kind
):
    options = {name: dict(section) for name, section in RESULTS[kind].items()}
    steps = {"max_train_steps": 2}
    save = {"save_every_n_steps": 1, "save_state": True} | options.pop("save", {})
    train(configure(train=steps, save=save, **options))
    out = tmp_path / "out"
    (result,) = (path for path in out.iterdir() if path.stem == "last")
    kept = result.rename(tmp_path / f"kept{result.suffix}")
    (out / "last-state").rename(tmp_path / "state of the last save")
    assert newest_unfinished(out) is not None
    again = configure(train=steps, save=save | {"resume": "auto"}, **options)
    told = [event.code for event in train(again).of(Warned)]
    assert "W-RESUME-RESULT" in told and "W-ALREADY-DONE" not in told
    assert same(contents(result), contents(kept))
    assert newest_unfinished(out) is None
    assert "W-ALREADY-DONE" in [event.code for event in train(again).of(Warned)]


def contents(path: Path) -> dict[str, torch.Tensor]:
    """Every weight of a file or folder; the rest of it may tell the time."""
    files = [path] if path.is_file() else sorted(path.rglob("*.bin"))
    return {
        f"{file.relative_to(path)}/{name}": tensor
        for file in files
        for name, tensor in tensors.load(file).items()
    }


@pytest.mark.parametrize(
    ("lineage", "steps", "is_there"), [("a", "8", True), ("a", "4", False), ("b", "8", False)]
)
def test_a_result_of_other_steps_or_another_training_is_not_the_one_of_a_state(
    tmp_path, lineage, steps, is_there
):
    told = {LINEAGE: lineage, "ss_steps": steps}
    tensors.save(tmp_path / "frog.safetensors", {"a": torch.ones(1)}, told)
    found = state_folder.Found(tmp_path, {"step": 8, "lineage": "a", "written": {}, "kind": "step"})
    assert owned_files.has_result(SaveConfig(output_dir=str(tmp_path), output_name="frog"), found) is is_there


def test_a_folder_of_a_person_is_not_taken_for_a_result(tmp_path):
    (tmp_path / "frog").mkdir()
    (tmp_path / "frog" / "note.txt").write_text("mine")
    (tmp_path / state_folder.MANIFEST).write_text("{}")
    found = state_folder.Found(tmp_path, {"step": 8, "lineage": "a", "written": {}, "kind": "step"})
    assert not owned_files.has_result(SaveConfig(output_dir=str(tmp_path), output_name="frog"), found)


def test_more_steps_go_on_from_the_end(configure, train, trained, tmp_path):
    straight = trained(train={"max_train_steps": 4})
    save = {"save_every_n_steps": 1}
    train(configure(train={"max_train_steps": 2}, save=save | {"save_state": True}))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("at-step*.safetensors")}
    longer = train(
        configure(train={"max_train_steps": 4}, save=save | {"resume": str(tmp_path / "out" / "last-state")})
    )
    assert same(weights(straight), weights(longer))
    # The names of its steps go on, and those of before are as they were.
    steps = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("at-step*.safetensors")}
    assert [*sorted(before)] == [f"at-step0000000{n}.safetensors" for n in (1, 2)]
    assert {*steps} - {*before} == {f"at-step0000000{n}.safetensors" for n in (3, 4)}
    assert before.items() <= steps.items()


def state_of_one_step(configure, train, tmp_path, **options) -> str:
    train(configure(**options, train={"max_train_steps": 1}, save={"save_state": True}))
    return str(tmp_path / "out" / "last-state")


BUCKETS = {"enable_bucket": True, "min_bucket_reso": 64}


def said(trial, code: str) -> list[str]:
    return [event.problem.text("en") for event in trial.of(Warned) if event.code == code]


def test_what_shapes_the_weights_may_not_change(configure, train, tmp_path):
    state = state_of_one_step(configure, train, tmp_path, dataset=BUCKETS)
    changed = configure(
        train={"max_train_steps": 2, "learning_rate": 0.5, "seed": 8},
        dataset=BUCKETS | {"prior_loss_weight": 0.5, "train_batch_size": 1, "resolution": [128, 128]},
        save={"resume": state},
    )
    with pytest.raises(UserError) as refused:
        train(changed)
    found = {problem.key: problem for problem in refused.value.problems}
    assert [*found] == [
        "dataset.prior_loss_weight", "dataset.resolution", "dataset.train_batch_size", "train.learning_rate",
        "train.seed", "",
    ]  # fmt: skip
    assert found[""].code == "E-RESUME-PLAN"
    assert "made with 0.01, now it is 0.5" in found["train.learning_rate"].en
    assert all("resume_anyway" in problem.en and "resume_anyway" in problem.ja for problem in found.values())


def test_with_resume_anyway_it_may_and_the_log_and_the_state_say_what_changed(configure, train, tmp_path):
    state = state_of_one_step(configure, train, tmp_path, dataset=BUCKETS)
    options = {
        "train": {"max_train_steps": 3, "learning_rate": 0.5, "seed": 8},
        "dataset": BUCKETS | {"train_batch_size": 1, "resolution": [128, 128], "reg_data_dir": None},
    }
    trial = train(configure(**options, save={"resume": state, "resume_anyway": True, "save_state": True}))
    assert [event.step for event in trial.of(StepDone)] == [2, 3]
    lines = said(trial, "W-RESUME-ANYWAY")
    assert [line.split(":")[0] for line in lines[:4]] == [
        "dataset.resolution", "dataset.train_batch_size", "train.learning_rate", "train.seed",
    ]  # fmt: skip
    assert "images, captions, sizes or batches" in lines[4] and all("not exactly" in line for line in lines)
    values = json.loads((tmp_path / "out" / "last-state" / "state.json").read_text(encoding="utf-8"))
    assert values["inexact"] == [*(line.split(":")[0] for line in lines[:4]), "plan"]
    # From then on nothing is changed any more, and what was is not forgotten.
    again = train(
        configure(**{**options, "train": options["train"] | {"max_train_steps": 4}},
                  save={"resume": "auto", "save_state": True})
    )  # fmt: skip
    assert said(again, "W-RESUME-ANYWAY") == []
    values = json.loads((tmp_path / "out" / "last-state" / "state.json").read_text(encoding="utf-8"))
    assert "train.seed" in values["inexact"]
    assert (values["lineage"], values["run"]) == ("run-0", again.folder.name)


def test_with_resume_anyway_another_optimizer_and_a_mean_begin_anew_also_on_another_model(
    configure, train, tmp_path
):
    from tests.tiny import make_tiny

    state = state_of_one_step(configure, train, tmp_path)
    trial = train(
        configure(
            train={"max_train_steps": 2, "ema_decay": 0.9},
            optimizer={"optimizer_type": "Lion"},
            model={"base": str(make_tiny(tmp_path / "other.safetensors", seed=1))},
            save={"resume": state, "resume_anyway": True},
        )
    )
    assert said(trial, "W-RESUME-OPTIMIZER") and said(trial, "W-RESUME-EMA")
    assert len(said(trial, "W-RESUME-ANYWAY")) == 3 and "base model" in said(trial, "W-RESUME-ANYWAY")[2]


def test_with_resume_anyway_other_ranks_are_refused_all_the_same(configure, train, tmp_path):
    state = state_of_one_step(configure, train, tmp_path)
    save = {"resume": state, "resume_anyway": True}
    with pytest.raises(UserError, match="other modules or ranks"):
        train(configure(train={"max_train_steps": 2}, network={"rank": 3}, save=save))


def test_options_without_an_effect_on_the_result_may_change(configure, train, trained, tmp_path):
    straight = trained(train={"max_train_steps": 2})
    state = state_of_one_step(configure, train, tmp_path)
    changed = configure(
        train={"max_train_steps": 2, "gradient_checkpointing": True},
        dataset={"skip_bad_images": True, "min_bucket_reso": 128},  # no buckets are in use
        save={"resume": state},
    )
    trial = train(changed)
    assert same(weights(straight), weights(trial))
    assert not [event for event in trial.of(Warned) if "RESUME" in event.code]


def test_options_that_change_the_last_digits_only_may_change_and_that_is_said(configure, train, tmp_path):
    state = state_of_one_step(configure, train, tmp_path)
    data = {"cache_latents": False, "cache_latents_to_disk": True, "vae_batch_size": 1}
    trial = train(
        configure(
            train={"max_train_steps": 2}, dataset=data, model={"attention": "mem_eff"}, save={"resume": state}
        )
    )
    lines = said(trial, "W-RESUME-ROUNDING")
    assert [line.split(":")[0] for line in lines] == ["model.attention", *(f"dataset.{key}" for key in data)]
    assert all("may not be bit-identical" in line for line in lines)


def test_a_share_may_be_written_as_the_steps_that_it_came_to(configure, train, tmp_path):
    share = {"lr_warmup_steps": 0.5}
    train(configure(train={"max_train_steps": 2}, optimizer=share, save={"save_state": True}))
    for given, is_fine in (({"lr_warmup_steps": 1}, True), ({"lr_warmup_steps": 2}, False)):
        longer = configure(
            train={"max_train_steps": 3},
            optimizer=given,
            save={"resume": str(tmp_path / "out" / "last-state"), "output_dir": str(tmp_path / "longer")},
        )
        with nullcontext() if is_fine else pytest.raises(UserError, match=r"made with 0\.5, now it is 2"):
            train(longer)


def test_other_images_are_refused(configure, train, images, tmp_path):
    train(configure(train={"max_train_steps": 1}, save={"save_state": True}))
    config = configure(train={"max_train_steps": 2}, save={"resume": "auto"}, dataset={"reg_data_dir": None})
    with pytest.raises(UserError) as refused:
        train(config)
    assert [p.code for p in refused.value.problems] == ["E-RESUME-PLAN"]


def test_another_base_model_is_refused(configure, train, tmp_path):
    from tests.tiny import make_tiny

    train(configure(train={"max_train_steps": 1}, save={"save_state": True}))
    other = make_tiny(tmp_path / "other.safetensors", seed=1)
    with pytest.raises(UserError) as refused:
        train(configure(train={"max_train_steps": 2}, save={"resume": "auto"}, model={"base": str(other)}))
    assert [p.code for p in refused.value.problems] == ["E-RESUME-BASE"]


def test_auto_without_a_state_starts_afresh_and_says_so(configure, train):
    trial = train(configure(train={"max_train_steps": 1}, save={"resume": "auto"}))
    assert "W-RESUME-NONE" in [event.code for event in trial.of(Warned)]


def test_the_state_tells_step_position_and_seed_and_holds_no_pickle(configure, train, tmp_path):
    train(
        configure(train={"max_train_steps": 3, "gradient_accumulation_steps": 2}, save={"save_state": True})
    )
    state = tmp_path / "out" / "last-state"
    values = json.loads((state / "state.json").read_text(encoding="utf-8"))
    assert (values["step"], values["position"], values["epoch"], values["seed"]) == (3, 6, 1, 7)
    assert sorted(path.name for path in state.iterdir()) == [
        "manifest.json",
        "optimizer.json",
        "optimizer.safetensors",
        "run.toml",
        "state.json",
        "trainable.safetensors",
    ]
    assert state_folder.fault(state) == ""


def test_the_seed_of_the_state_is_found_without_torch(configure, train, tmp_path):
    train(configure(train={"max_train_steps": 1}, save={"save_state": True}))
    assert state_folder.resume_seed(configure(save={"resume": "auto"})) == 7
    assert state_folder.resume_seed(configure(save={"resume": str(tmp_path / "out" / "last-state")})) == 7
    assert state_folder.resume_seed(configure()) is None


def test_an_emptied_model_file_is_no_result_and_is_saved_anew(tmp_path):
    (tmp_path / "frog.safetensors").write_bytes(b"")
    (tmp_path / state_folder.MANIFEST).write_text("{}")
    written = {"frog.safetensors": [1, 8, 0.0]}
    found = state_folder.Found(tmp_path, {"step": 8, "lineage": "a", "written": written, "kind": "last"})
    assert not owned_files.has_result(SaveConfig(output_dir=str(tmp_path), output_name="frog"), found)


def test_a_folder_that_is_no_state_is_called_so_and_not_a_damaged_state(tmp_path):
    (tmp_path / "l.safetensors").write_bytes(b"")
    with pytest.raises(UserError) as caught:
        state_folder.read(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("E-STATE-MISSING", str(tmp_path))


def test_a_resumed_run_goes_on_from_the_time_of_the_one_before(configure, train):
    stopped = stop_after(train, configure(), 2)
    state = next(event.path for event in stopped.of(Saved) if event.kind == "state")
    seconds = state_folder.read(Path(state)).values["seconds"]
    (plan,) = train(configure(save={"resume": state})).of(PlanReady)
    assert plan.seconds == seconds > 0
    view = RunView("running", 1000.0)
    view.take(plan)
    assert view.elapsed(1002.0) == pytest.approx(seconds + 2.0)
