"""The order of loading, and weights that rest in a file."""

import os
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from core.config.schema.run import ModelConfig
from core.control import RunControl, StopRun
from core.events import Saved, StageProgress
from core.formats import tensors
from core.models.family import open_family
from core.train.inputs import latents, loading
from core.train.weights import trained
from tests.hub import serving, use
from tests.tiny import make_tiny_folder


def in_memory(module: nn.Module) -> bool:
    return not any(parameter.is_meta for parameter in module.parameters())


def test_the_vae_is_there_before_anything_else_is_read(base):
    seen = []

    def with_vae(parts):
        seen.append([in_memory(parts.vae), in_memory(parts.text_encoder), in_memory(parts.unet)])

    parts = open_family("auto").load(str(base), ModelConfig(), lambda event: None, with_vae)
    assert seen == [[True, False, False]]
    assert in_memory(parts.text_encoder) and in_memory(parts.unet)


def test_latents_are_cached_before_the_unet_is_read(configure, train):
    trial = train(configure(train={"max_train_steps": 1}))
    stages = [(event.stage, event.done) for event in trial.of(StageProgress)]
    loaded = max(done for stage, done in stages if stage == "load_model")
    assert stages.index(("cache_latents", 2)) < stages.index(("load_model", loaded))


def test_a_stop_takes_hold_while_the_model_is_read(configure, train, monkeypatch):
    control, reads = RunControl(), []
    read_span = tensors.read_span

    def counted(*args):
        reads.append(args)
        if len(reads) == 10:
            control.stop()
        return read_span(*args)

    monkeypatch.setattr(tensors, "read_span", counted)
    with pytest.raises(StopRun) as stopped:
        train(configure(), control)
    weights = stopped.value.trial.of(StageProgress)[-1].total
    assert len(reads) - 10 <= weights / 100 + 1
    assert not (Path(stopped.value.trial.config.save.output_dir)).exists()


def test_the_text_encoder_is_there_before_the_unet_is_read(base):
    seen = []

    def with_text(parts):
        seen.append([in_memory(parts.text_encoder), in_memory(parts.unet)])

    open_family("auto").load(str(base), ModelConfig(), lambda event: None, with_text=with_text)
    assert seen == [[True, False]]


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
    assert (nn.Embedding in resting) == expected


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


def test_a_model_of_the_hub_is_fetched_after_the_pictures_are_looked_at(
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
