"""One step's loss is diffusers' own arithmetic, to 1e-6 in float32."""

import json
from dataclasses import replace

import pytest
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.training_utils import compute_snr

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.models.family import TextState
from core.models.sd.configs import schedule
from core.train.device.engine import Engine
from core.train.inputs.batches import MicroBatch
from core.train.run import build, prepare
from tests.tiny import make_tiny_folder

MODELS = {"sd1 epsilon": ("sd1", "epsilon"), "sd2 epsilon": ("sd2", "epsilon"), "sd2 v": ("sd2", "v")}


@pytest.fixture(scope="module", params=MODELS)
def pair(request, tmp_path_factory, images):
    """Our training, as a run builds it, and diffusers' U-Net and scheduler of the same folder."""
    family, prediction = MODELS[request.param]
    root = tmp_path_factory.mktemp("pair")
    folder = make_tiny_folder(root / "model", family=family)
    values = {"_class_name": "DDPMScheduler", **schedule(prediction)}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(values), encoding="utf-8")
    config = RunConfig(
        model={"base": str(folder)},
        dataset={"train_data_dir": str(images / "train"), "resolution": (64, 64), "cache_latents": True},
        network={"method": "none"},
        train={"seed": 7},
        save={"output_dir": str(root / "out")},
    )
    with Engine("no") as engine:
        training, _ = build(prepare(config, root, RunControl(), [].append), engine, RunControl(), [].append)
    assert training.model.objective.name == prediction
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    return training, unet.eval(), DDPMScheduler.from_pretrained(folder, subfolder="scheduler")


def given() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Latents, noise, timesteps and text states of three samples."""
    generator = torch.Generator().manual_seed(3)
    latents, noise = (torch.randn(3, 4, 8, 16, generator=generator) for _ in range(2))
    return latents, noise, torch.tensor([3, 480, 999]), torch.randn(3, 77, 16, generator=generator)


def ours(training, **options) -> float:
    latents, noise, timesteps, states = given()
    text = dict(zip("abc", states, strict=True))
    loss = replace(
        training.batch_loss,
        config=training.config.train.model_copy(update=options),
        text=lambda captions: [TextState({"states": text[caption]}) for caption in captions],
    )
    batch = MicroBatch(1, ("a", "b", "c"), (), latents, noise, timesteps, torch.ones(3), 3)
    return loss(batch).item()


@pytest.mark.parametrize("gamma", [None, 5.0])
def test_the_loss_of_a_step_is_that_of_diffusers(pair, gamma):
    training, unet, scheduler = pair
    latents, noise, timesteps, states = given()
    is_v = scheduler.config.prediction_type == "v_prediction"
    with torch.no_grad():
        pred = unet(scheduler.add_noise(latents, noise, timesteps), timesteps, states).sample
    target = scheduler.get_velocity(latents, noise, timesteps) if is_v else noise
    error = torch.nn.functional.mse_loss(pred, target, reduction="none").mean(dim=(1, 2, 3))
    if gamma is not None:
        snr = compute_snr(scheduler, timesteps)
        error = error * torch.minimum(snr, torch.full_like(snr, gamma)) / (snr + 1 if is_v else snr)
    assert ours(training, min_snr_gamma=gamma) == pytest.approx(error.mean().item(), rel=1e-6)
