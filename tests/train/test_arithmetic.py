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

MODELS = {
    "sd1 epsilon": ("sd1", "epsilon", {}),
    "sd2 epsilon": ("sd2", "epsilon", {}),
    "sd2 v": ("sd2", "v", {}),
    "sdxl epsilon": ("sdxl", "epsilon", {}),
    "sdxl v": ("sdxl", "v", {}),
    "sdxl v zero": ("sdxl", "v", {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}),
}
FRAMES = torch.tensor([[64.0, 128, 0, 0, 64, 128], [500, 900, 0, 13, 64, 128], [96, 128, 16, 0, 64, 128]])


@pytest.fixture(scope="module", params=MODELS)
def pair(request, tmp_path_factory, images):
    """Our training, as a run builds it, and diffusers' U-Net and scheduler of the same folder."""
    family, prediction, more = MODELS[request.param]
    root = tmp_path_factory.mktemp("pair")
    folder = make_tiny_folder(root / "model", family=family)
    values = {"_class_name": "DDPMScheduler", **schedule(prediction), **more}
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


def given(width: int) -> tuple[torch.Tensor, ...]:
    """Latents, noise, timesteps, text states and pooled ones of three samples."""
    generator = torch.Generator().manual_seed(3)
    latents, noise = (torch.randn(3, 4, 8, 16, generator=generator) for _ in range(2))
    states = torch.randn(3, 77, width, generator=generator)
    return latents, noise, torch.tensor([3, 480, 999]), states, torch.randn(3, 64, generator=generator)


def ours(training, width, **options) -> float:
    latents, noise, timesteps, states, pooled = given(width)
    text = {
        name: TextState({"states": one, "pooled": whole})
        for name, one, whole in zip("abc", states, pooled, strict=True)
    }
    loss = replace(
        training.batch_loss,
        config=training.config.train.model_copy(update=options),
        text=lambda captions: [text[caption] for caption in captions],
    )
    batch = MicroBatch(1, ("a", "b", "c"), FRAMES, latents, noise, timesteps, torch.ones(3), 3)
    return loss(batch).item()


@pytest.mark.parametrize("weighting", [None, "min_snr", "debiased"])
def test_the_loss_of_a_step_is_that_of_diffusers(pair, weighting):
    training, unet, scheduler = pair
    width = unet.config.cross_attention_dim
    latents, noise, timesteps, states, pooled = given(width)
    is_v = scheduler.config.prediction_type == "v_prediction"
    added = {"text_embeds": pooled, "time_ids": FRAMES}
    noisy = scheduler.add_noise(latents, noise, timesteps)
    with torch.no_grad():
        pred = unet(noisy, timesteps, states, added_cond_kwargs=added).sample
    target = scheduler.get_velocity(latents, noise, timesteps) if is_v else noise
    error = torch.nn.functional.mse_loss(pred, target, reduction="none").mean(dim=(1, 2, 3))
    snr, options = compute_snr(scheduler, timesteps), {}
    if weighting == "min_snr":
        options = {"min_snr_gamma": 5.0}
        error = error * snr.clamp(max=5.0) / (snr + 1 if is_v else snr)
    if weighting == "debiased":
        options = {"debiased_estimation_loss": True}
        capped = snr.clamp(max=1000.0)
        error = error / (capped + 1 if is_v else capped.sqrt())
    # At 0 the weight of sd-scripts would divide by the SNR; ours is capped at the mirror of its 1000.
    assert ours(training, width, **options) == pytest.approx(
        error.mean().item(), rel=1e-6 if snr.min() else 1e-3
    )
