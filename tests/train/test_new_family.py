"""A family that the core does not know trains, caches, resumes, samples, saves and is read again."""

from pathlib import Path

import pytest
import torch

from core import families
from core.config.check import check
from core.control import RunControl, StopRun
from core.errors import ConfigError
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.models.family import open_family
from core.models.parts import whole
from core.train.device.engine import Engine
from core.train.run import build, prepare
from tests.toy_family import SPEC, make_toy


@pytest.fixture
def toy(configure, tmp_path, monkeypatch):
    """A run of 4 steps on a toy model; sections as of `configure`."""
    monkeypatch.setitem(families._FAMILIES, "toy", SPEC)
    base = make_toy(tmp_path / "toy.safetensors")

    def make(**sections):
        sections["train"] = {"max_train_steps": 4} | sections.get("train", {})
        return configure(**sections, model={"base": str(base)})

    return make


def last(trial):
    return tensors.load(Path(next(e.path for e in trial.of(Saved) if e.info.get("kind") == "last")))


def built(config, folder):
    with Engine(config.train.precision) as engine:
        job = prepare(config, folder, RunControl(), lambda event: None)
        return build(job, engine, RunControl(), lambda event: None)[0]


@pytest.mark.parametrize("method", ["lora", "none"])
def test_it_trains_samples_and_saves(toy, train, method):
    sample = {"sample_prompts": ["a frog --w 128 --h 64 --s 2"]}
    trial = train(toy(network={"method": method}, sample=sample))
    losses = [event.loss for event in trial.of(StepDone)]
    assert len(losses) == 4 and all(loss > 0 for loss in losses)
    assert [event.kind for event in trial.of(Saved)].count("sample") == 1
    assert not [event for event in trial.of(Warned) if event.problem.code == "W-SAMPLE"]
    names = last(trial).keys()
    prefixes = ("lora_dit_", "lora_te_") if method == "lora" else ("transformer/", "encoder/", "vae/")
    assert all(any(name.startswith(prefix) for name in names) for prefix in prefixes)


def test_what_it_saves_is_read_again(toy, train):
    config = toy(network={"method": "none"})
    trial = train(config)
    path = next(e.path for e in trial.of(Saved) if e.info.get("kind") == "last")
    model = whole(open_family("toy"), config.model.model_copy(update={"base": path}), lambda event: None)
    saved = last(trial)
    for part, module in model.modules.items():
        assert all(torch.equal(t, saved[f"{part}/{name}"]) for name, t in module.state_dict().items())
    before = tensors.load(Path(config.model.base))
    changed = {name.split("/")[0] for name in before if not torch.equal(before[name], saved[name])}
    assert changed == {"transformer", "encoder"}


def test_an_option_that_only_other_families_have_is_refused_for_its_file(toy):
    base = toy().model.base
    text = f"[model]\nbase = '{base}'\nclip_skip = 2\n[dataset]\ntrain_data_dir = 't'\n"
    assert check(text).config.model.clip_skip == 2  # without a look at the file the family is unknown
    with pytest.raises(ConfigError) as refused:
        check(text, reads_base=True)
    (problem,) = refused.value.problems
    assert (problem.code, problem.key, problem.line) == ("E-CFG-FAMILY", "model.clip_skip", 3)


def test_a_stop_and_resume_end_where_a_straight_run_does(toy, train):
    straight = last(train(toy()))
    control = RunControl()

    def stop(event):
        if isinstance(event, StepDone) and event.step == 2:
            control.stop(save=True)

    with pytest.raises(StopRun) as stopped:
        train(toy(), control, stop)
    state = next(e.path for e in stopped.value.trial.of(Saved) if e.kind == "state")
    resumed = last(train(toy(save={"resume": state})))
    assert all(torch.equal(resumed[name], tensor) for name, tensor in straight.items())


def test_its_latents_and_text_states_are_cached_and_its_encoder_is_dropped(toy, train, tmp_path):
    config = toy(dataset={"cache_latents_to_disk": True}, train={"text_encoder_lr": 0, "precision": "bf16"})
    training = built(config, tmp_path)
    assert not training.model.is_here("encoder")
    root = Path(config.save.output_dir) / "cache"
    assert [len([*(root / kind).rglob("*.safetensors")]) for kind in ("text", "latents")] == [3, 6]
    weights = training.model.modules["transformer"].named_parameters()
    frozen = {p.dtype for name, p in weights if p.ndim > 1 and not p.requires_grad}
    assert frozen == {torch.bfloat16}
