"""The order of loading, and what of a model is in memory when."""

import os
from pathlib import Path

import pytest
import torch

from core.adapters import network as adapters
from core.control import RunControl, StopRun
from core.errors import UserError
from core.events import Saved, StageProgress, Warned
from core.formats import tensor_bytes
from core.models import parts
from core.models.family import family_of
from core.models.sd import load
from core.models.sd.family import SD
from core.train.device.engine import Engine
from core.train.run import build, prepare
from core.train.weights import lora_files
from tests.hub import serving, use
from tests.tiny import make_tiny, make_tiny_folder


def test_latents_are_cached_before_the_unet_is_read(configure, train):
    trial = train(configure(train={"max_train_steps": 1}))
    stages = [(event.stage, event.done) for event in trial.of(StageProgress)]
    loaded = max(done for stage, done in stages if stage == "load_model")
    assert stages.index(("cache_latents", 2)) < stages.index(("load_model", loaded))


def test_a_stop_takes_hold_while_the_model_is_read(configure, train, monkeypatch):
    control, reads = RunControl(), []
    read_span = tensor_bytes.read_span

    def counted(*args):
        reads.append(args)
        if len(reads) == 10:
            control.stop()
        return read_span(*args)

    monkeypatch.setattr(tensor_bytes, "read_span", counted)
    with pytest.raises(StopRun) as stopped:
        train(configure(), control)
    weights = stopped.value.trial.of(StageProgress)[-1].total
    assert len(reads) - 10 <= weights / 100 + 1
    assert not (Path(stopped.value.trial.config.save.output_dir)).exists()


def built(config, folder):
    """A training that is ready, and for each part that was read, which ones were in memory before."""
    seen, load_part = [], load.load_part

    def loading_part(model, part, *rest):
        seen.append([name for name in model.modules if model.is_here(name)])
        return load_part(model, part, *rest)

    with pytest.MonkeyPatch.context() as patch, Engine(config.train.precision) as engine:
        patch.setattr(SD, "load", staticmethod(loading_part))
        job = prepare(config, folder, RunControl(), lambda event: None)
        return build(job, engine, RunControl(), lambda event: None)[0], seen


def test_each_part_is_read_when_it_is_needed_and_the_text_encoder_is_gone_before_the_denoiser(
    configure, tmp_path
):
    training, seen = built(configure(train={"text_encoder_lr": 0}), tmp_path)
    assert seen == [[], [], []]
    assert [part for part in training.model.modules if training.model.is_here(part)] == ["unet"]


def test_a_text_encoder_that_is_saved_or_needed_again_stays(configure, tmp_path):
    for sections in ({"network": {"method": "none"}}, {"dataset": {"shuffle_caption": True}}):
        training, _ = built(configure(**sections, train={"text_encoder_lr": 0}), tmp_path)
        assert training.model.is_here("text_encoder")


def test_a_dropped_text_encoder_is_read_again_for_prompts_that_are_new(configure, tmp_path):
    training, _ = built(configure(train={"text_encoder_lr": 0}), tmp_path)
    texts = training.text.of_prompts("a toad", "")
    whole, _ = built(configure(network={"method": "none"}, train={"text_encoder_lr": 0}), tmp_path)
    for ours, theirs in zip(texts, whole.text.of_prompts("a toad", ""), strict=True):
        assert torch.equal(ours.tensors["states"], theirs.tensors["states"])
    assert not training.model.is_here("text_encoder")


@pytest.mark.parametrize("precision", ["bf16", "full_bf16"])
@pytest.mark.parametrize("has_merged", [False, True])
def test_no_part_is_ever_whole_in_float32_when_it_is_used_in_less(
    configure, trained, tmp_path, monkeypatch, precision, has_merged
):
    types = {}
    merged = [trained(train={"max_train_steps": 1}).of(Saved)[-1].path] if has_merged else []

    def settled(module, part, *rest):
        types[part] = {w.dtype for name, w in fill(module, part, *rest).named_parameters() if w.ndim > 1}
        return module

    fill = load.fill
    monkeypatch.setattr(load, "fill", settled)
    built(configure(train={"precision": precision}, network={"base_weights": merged}), tmp_path)
    # The VAE is read in float32, and so are embeddings, as autocast reads them.
    assert types["unet"] == {torch.bfloat16}
    assert torch.bfloat16 in types["text_encoder"] and types["vae"] == {torch.float32}


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_a_lora_is_merged_weight_by_weight_as_into_a_whole_model(configure, trained, tmp_path, precision):
    network = {"conv_rank": 2, "conv_alpha": 1.0}
    trial = trained(network=network, train={"max_train_steps": 1})
    file = trial.of(Saved)[-1].path
    config = configure(network={"base_weights": [file]}, train={"precision": precision})
    expected = parts.whole(family_of(config.model), config.model, lambda event: None)
    read = lora_files.read(Path(file), expected, lambda event: None)
    adapters.merge(expected.modules, read, 1.0)
    training, _ = built(config, tmp_path)
    for part in ("unet", "text_encoder"):
        ours = training.model.modules[part].named_parameters()
        ours = {name.replace(".base_layer", ""): w for name, w in ours if ".lora_" not in name}
        for name, weight in expected.modules[part].named_parameters():
            assert torch.equal(ours[name], weight.to(ours[name].dtype)), name


def test_text_states_come_from_disk_the_next_time(configure, tmp_path, monkeypatch):
    config = configure(dataset={"cache_latents_to_disk": True}, train={"text_encoder_lr": 0})
    first, _ = built(config, tmp_path)
    captions = first.plan.fixed_captions()
    monkeypatch.setattr("core.models.sd.text.encode", None)
    second, _ = built(config, tmp_path)
    for ours, theirs in zip(first.text(captions), second.text(captions), strict=True):
        assert torch.equal(ours.tensors["states"], theirs.tensors["states"])


def test_a_text_encoder_is_not_read_when_all_its_states_are_on_disk(configure, tmp_path):
    config = configure(
        dataset={"cache_latents_to_disk": True},
        train={"text_encoder_lr": 0},
        sample={"sample_prompts": ["a toad --n blue"]},
    )
    built(config, tmp_path)
    training, seen = built(config, tmp_path)
    assert seen == [[], []]
    assert training.outputs._writer.identity == built(config, tmp_path)[0].outputs._writer.identity
    training.text.of_prompts("a toad", "blue")
    assert not training.model.is_here("text_encoder")


def test_a_changed_text_encoder_is_read_again(configure, tmp_path):
    own = make_tiny(tmp_path / "own.safetensors")
    config = configure(
        model={"base": str(own)}, dataset={"cache_latents_to_disk": True}, train={"text_encoder_lr": 0}
    )
    built(config, tmp_path)
    os.utime(own, ns=(0, 10**18))
    assert len(built(config, tmp_path)[1]) == 3


def test_sample_prompts_are_encoded_with_the_captions(configure, tmp_path, monkeypatch):
    config = configure(train={"text_encoder_lr": 0}, sample={"sample_prompts": ["a toad --n blue"]})
    training, _ = built(config, tmp_path)
    monkeypatch.setattr("core.models.sd.text.encode", None)
    assert len(training.text.of_prompts("a toad", "blue")) == 2


def test_a_damaged_text_state_is_made_again(configure, tmp_path, train):
    config = configure(dataset={"cache_latents_to_disk": True}, train={"text_encoder_lr": 0})
    built(config, tmp_path)
    entries = sorted((Path(config.save.output_dir) / "cache" / "text").rglob("*.safetensors"))
    assert len(entries) == 3  # "sls frog", "frog", and what the encoder is known by
    entries[0].write_bytes(entries[0].read_bytes()[:-4] + b"oops")
    trial = train(config)
    assert [event.problem.code for event in trial.of(Warned)].count("W-CACHE-REDONE") == 1


def test_a_model_of_the_hub_is_fetched_after_the_images_are_looked_at(
    configure, train, tmp_path, monkeypatch
):
    with serving({"someone/some-model": make_tiny_folder(tmp_path / "model")}) as hub:
        use(monkeypatch, hub.url, tmp_path / "cache")
        trial = train(configure(model={"base": "someone/some-model"}, train={"max_train_steps": 1}))
    stages = list(dict.fromkeys(event.stage for event in trial.of(StageProgress)))
    assert stages[:2] == ["check_images", "fetch_model"]
    assert [event.kind for event in trial.of(Saved)] == ["model"]


def test_a_stop_ends_the_fetching(configure, train, tmp_path, monkeypatch):
    control = RunControl()

    def stop(event):
        if isinstance(event, StageProgress) and event.stage == "fetch_model":
            control.stop(save=True)

    with serving({"someone/some-model": make_tiny_folder(tmp_path / "model")}) as hub:
        use(monkeypatch, hub.url, tmp_path / "cache")
        with pytest.raises(StopRun):
            train(configure(model={"base": "someone/some-model"}), control, stop)
        assert hub.asked == []


def test_what_does_not_fit_the_family_of_a_fetched_model_is_refused_once_it_is_here(
    configure, train, tmp_path, monkeypatch
):
    lists = {"block_dims": ",".join(["2"] * 23)}
    with serving({"someone/some-model": make_tiny_folder(tmp_path / "model")}) as hub:
        use(monkeypatch, hub.url, tmp_path / "cache")
        config = configure(model={"base": "someone/some-model"}, network=lists)
        with pytest.raises(UserError, match=r"takes 25 numbers for Stable Diffusion 1.x, found 23"):
            train(config)
