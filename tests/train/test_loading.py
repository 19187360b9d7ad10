"""The order of loading, and weights that rest in a file."""

import os
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import CLIPTextModel

from core.control import RunControl, StopRun
from core.events import Saved, StageProgress, Warned
from core.formats import tensor_bytes
from core.models.sd import load
from core.models.sd.family import SD
from core.train.device.engine import Engine
from core.train.inputs import latents, loading
from core.train.run import build, prepare
from core.train.weights import trained
from tests.hub import serving, use
from tests.tiny import make_tiny_folder


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
    assert seen == [[], ["vae"], ["vae"]]
    assert not training.model.is_here("text_encoder") and training.model.is_here("unet")


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
def test_no_part_rests_in_float32_when_it_is_used_in_less(configure, tmp_path, monkeypatch, precision):
    types = {}

    def settled(module, part, *rest):
        types[part] = {w.dtype for name, w in fill(module, part, *rest).named_parameters() if w.ndim > 1}
        return module

    fill = load.fill
    monkeypatch.setattr(load, "fill", settled)
    built(configure(train={"precision": precision}), tmp_path)
    # The VAE is read in float32, and so are embeddings, as autocast reads them.
    assert types["unet"] == {torch.bfloat16}
    assert torch.bfloat16 in types["text_encoder"] and types["vae"] == {torch.float32}


def test_text_states_come_from_disk_the_next_time(configure, tmp_path, monkeypatch):
    config = configure(dataset={"cache_latents_to_disk": True}, train={"text_encoder_lr": 0})
    first, _ = built(config, tmp_path)
    captions = first.plan.fixed_captions()
    monkeypatch.setattr("core.models.sd.text.encode", None)
    second, _ = built(config, tmp_path)
    for ours, theirs in zip(first.text(captions), second.text(captions), strict=True):
        assert torch.equal(ours.tensors["states"], theirs.tensors["states"])


def test_a_damaged_text_state_is_made_again(configure, tmp_path, train):
    config = configure(dataset={"cache_latents_to_disk": True}, train={"text_encoder_lr": 0})
    built(config, tmp_path)
    entries = sorted((Path(config.save.output_dir) / "cache" / "text").rglob("*.safetensors"))
    assert len(entries) == 2  # "sls frog" and "frog"
    entries[0].write_bytes(entries[0].read_bytes()[:-4] + b"oops")
    trial = train(config)
    assert [event.problem.code for event in trial.of(Warned)].count("W-CACHE-REDONE") == 1


@pytest.mark.parametrize(
    ("method", "text_rate", "expected"),
    [("lora", 1e-4, True), ("none", 0.0, True), ("none", 1e-6, False)],
)
def test_embeddings_rest_where_they_are_not_trained(
    method, text_rate, expected, configure, train, monkeypatch
):
    resting = []

    monkeypatch.setattr(loading, "rest", lambda module: resting.append(type(module)))
    network = {"method": method}
    train(configure(network=network, train={"max_train_steps": 1, "text_encoder_lr": text_rate}))
    assert (nn.Embedding in resting or CLIPTextModel in resting) == expected


def made() -> nn.Module:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Conv2d(5, 7, 3), nn.Linear(3, 2), nn.BatchNorm2d(3)).requires_grad_(False)
    return module.to(memory_format=torch.channels_last)


def test_a_resting_module_has_the_same_weights_in_the_same_layout():
    resting, plain = made(), made()
    loading.rest(resting)
    theirs = plain.state_dict()
    for name, ours in resting.state_dict().items():
        assert torch.equal(ours, theirs[name]) and ours.stride() == theirs[name].stride(), name
        assert ours.dtype == theirs[name].dtype
    x = torch.randn(1, 5, 6, 6)
    assert torch.equal(resting[0](x), plain[0](x))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_resting_module_leaves_memory_and_comes_back_when_it_is_used():
    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    module = nn.Linear(4000, 4000, bias=False).requires_grad_(False)
    total = module.weight.double().sum()
    before = resident()
    loading.rest(module)
    assert before - resident() > 40e6
    assert torch.equal(module.weight.double().sum(), total)


@pytest.mark.parametrize("shape", [(70, 5, 3, 3), (6, 4, 1, 1), (3, 8, 3, 2)])
def test_weights_are_laid_channels_last_in_the_memory_they_have(shape):
    layer = nn.Conv2d(shape[1], shape[0], shape[2:]).requires_grad_(False)
    expected = layer.weight.detach().clone(memory_format=torch.channels_last)
    place = layer.weight.data_ptr()
    trained.prepare_frozen([layer], torch.float32, torch.device("cpu"))
    assert torch.equal(layer.weight, expected)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert layer.weight.data_ptr() == place


def test_a_model_whose_embeddings_rest_is_known_as_the_same_and_a_changed_one_is_not():
    def encoder(shift: float = 0.0) -> nn.Module:
        torch.manual_seed(5)
        made = nn.Sequential(nn.Embedding(300, 8), nn.Linear(8, 8)).requires_grad_(False)
        made[0].weight += shift
        return made

    def resting(module: nn.Module) -> str:
        known = {"0.weight": latents.sampled(module[0].weight)}
        loading.rest(module[0])
        return latents.sampled_fingerprint(module, known)

    assert resting(encoder()) == latents.sampled_fingerprint(encoder())
    assert resting(encoder(1.0)) != latents.sampled_fingerprint(encoder())


def test_on_a_full_disk_the_weights_stay_in_memory(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    module = made()
    weight = module[0].weight.clone()
    monkeypatch.setattr(loading.tempfile, "NamedTemporaryFile", full)
    loading.rest(module)
    assert torch.equal(module[0].weight, weight)


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
