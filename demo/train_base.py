"""Trains the U-Net on cached latents of the drawn world: epsilon prediction, an ordinary SD 1."""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from muon import optimizers
from parallel import average, start
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import distributed
from train_vae import SCALING_FACTOR, new_vae
from words import CaptionWriter, new_text_encoder
from world import CLASSES, Scene, all_scenes, caption_of, draw_scene, is_held_out

WIDTH, HEADS, CONTEXT, GROUPS = (32, 64, 64, 64), 2, 64, 8
BIAS = 3.0
# pixel sizes and their share of the batches; 64x192 and 192x64 are what buckets at resolution 128 hold
SHAPES = {(128, 128): 0.76, (64, 192): 0.07, (192, 64): 0.07, (128, 192): 0.05, (192, 128): 0.05}
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "prediction_type": "epsilon",
}


def new_unet() -> UNet2DConditionModel:
    """An untrained U-Net of SD 1's block structure."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=2,
        block_out_channels=WIDTH,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=CONTEXT,
        attention_head_dim=HEADS,
        norm_num_groups=GROUPS,
    )


@torch.no_grad()
def start_linear(unet: UNet2DConditionModel) -> None:
    """Set the weights so that the untrained U-Net gives its input back: at high noise the best guess.

    The four latent channels ride as (a, -a, K, -K), one norm group each, from conv_in over the outermost skip
    connection to conv_out: silu(a) - silu(-a) = a. Residual branches start at zero, as in LDM's zero_module.
    """
    for name, module in unet.named_modules():
        if name.endswith((".conv2", ".proj_out")):
            module.weight.zero_()
            module.bias.zero_()
    enter, leave = unet.conv_in, unet.conv_out
    skip = unet.up_blocks[-1].resnets[-1].conv_shortcut
    width = enter.out_channels
    leave.weight.mul_(0.1)
    leave.bias.zero_()
    unet.conv_norm_out.weight[:16] = ((1 + BIAS**2) / 2) ** 0.5
    for group in range(4):
        for i, sign in ((0, 1.0), (1, -1.0)):
            enter.weight[4 * group + i] = 0
            enter.weight[4 * group + i, group, 1, 1] = sign
            enter.bias[4 * group + i] = 0
        for i, sign in ((2, 1.0), (3, -1.0)):
            enter.weight[4 * group + i] = 0
            enter.bias[4 * group + i] = sign * BIAS
        leave.weight[group] = 0
        leave.weight[group, 4 * group, 1, 1] = 1
        leave.weight[group, 4 * group + 1, 1, 1] = -1
    for channel in range(16):
        skip.weight[channel] = 0
        skip.weight[channel, skip.in_channels - width + channel] = 1
        skip.bias[channel] = 0


@torch.no_grad()
def cache(vae_file: Path, count: int, seed: int) -> dict[tuple[int, int], list[tuple[Scene, torch.Tensor]]]:
    """Draw and encode images; for each size a list of (scene, latents of about unit size)."""
    vae = new_vae(
        tuple(
            load_file(vae_file)[f"encoder.down_blocks.{i}.resnets.0.conv1.weight"].shape[0] for i in range(4)
        )
    )
    vae.load_state_dict(load_file(vae_file))
    vae.to(memory_format=torch.channels_last)
    rng = random.Random(seed)
    scenes = [s for s in all_scenes() if not is_held_out(s)]
    weights = [
        2 if s.class_ == CLASSES[0] else 1 for s in scenes
    ]  # the class that is taught later: the best known
    cached: dict[tuple[int, int], list] = {shape: [] for shape in SHAPES}
    for shape, share in SHAPES.items():
        while len(cached[shape]) < count * share:
            chosen = rng.choices(scenes, weights, k=8)
            images = np.stack([np.asarray(draw_scene(s, *shape, rng)) for s in chosen])
            pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
            latents = (
                vae.encode(pixels.contiguous(memory_format=torch.channels_last)).latent_dist.mean
                * SCALING_FACTOR
            )
            cached[shape] += list(zip(chosen, latents, strict=True))
    return cached


def pick(cached: dict, writer: CaptionWriter, batch: int, shape: tuple, rng: random.Random) -> tuple:
    """Latents (B, 4, h, w) and token ids (B, 77) of a random batch of one size; 10 % empty captions."""
    chosen = rng.choices(cached[shape], k=batch)
    captions = ["" if rng.random() < 0.1 else caption_of(scene, rng) for scene, _ in chosen]
    ids = torch.tensor([writer.training_ids(c, rng) for c in captions])
    return torch.stack([latents for _, latents in chosen]), ids


def noise_loss(unet, latents, states, alphas: torch.Tensor) -> torch.Tensor:
    """Squared error of the predicted noise, weighted as for v-prediction: high noise decides shapes."""
    noise = torch.randn_like(latents)
    timesteps = (torch.rand(len(latents)) ** 0.75 * 1000).long()  # somewhat more of the high noise
    alpha = alphas[timesteps].view(-1, 1, 1, 1)
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    made = unet(noisy.contiguous(memory_format=torch.channels_last), timesteps, states).sample
    each = (made - noise).square().mean(dim=(1, 2, 3))
    return (each * (1 / alphas[timesteps]).clamp(max=80)).mean()  # (snr + 1) / snr = 1 / alpha


def rate_at(step: int, share: float) -> float:
    """Share of the full learning rate: a warm-up, then level, then down over the last half of the time."""
    return min(1, (step + 1) / 60, max(0.02, 2 * (1 - share)))


def train(args: argparse.Namespace, rank: int, processes: int) -> None:
    torch.manual_seed(args.seed)
    unet, text = new_unet(), new_text_encoder()
    start_linear(unet)
    minutes_done, step = 0.0, 0
    if args.out.exists():
        unet.load_state_dict(load_file(str(args.out) + ".raw"))
        with safe_open(args.out, "pt") as file:
            minutes_done, step = float(file.metadata()["minutes"]), int(file.metadata()["steps"])
    mean = {k: v.clone() for k, v in (load_file(args.out) if step else unet.state_dict()).items()}
    text.load_state_dict(load_file(args.text))
    text.requires_grad_(False).eval()
    unet.to(memory_format=torch.channels_last)
    cached, writer = cache(args.vae, args.images, args.seed + 1 + rank), CaptionWriter()
    parameters = list(unet.parameters())
    plain = ("conv_in", "conv_out", "time_emb", "up_blocks.3.resnets.2.conv_shortcut")
    made = optimizers(unet.named_parameters(), args.learning_rate, args.learning_rate / 2, plain)
    alphas = DDIMScheduler(**SCHEDULE).alphas_cumprod
    shared, rng = random.Random(args.seed + step), random.Random(args.seed + 7 + rank + step)
    torch.manual_seed(args.seed + rank + step)
    distributed.barrier()
    begin, begun_at, share, mean_loss = time.time(), step, minutes_done / args.minutes, 1.0
    while share < 1:
        shape = shared.choices(list(SHAPES), list(SHAPES.values()))[0]  # the same size in both processes
        latents, ids = pick(cached, writer, args.batch, shape, rng)
        with torch.no_grad():
            states = text(input_ids=ids).last_hidden_state
        loss = noise_loss(unet, latents, states, alphas)
        loss.backward()
        minutes = minutes_done + (time.time() - begin) / 60
        share, loss = average(parameters, [minutes / args.minutes, loss.item()])
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in made:
            for group in optimizer.param_groups:
                group["lr"] = group["full_lr"] * min(rate_at(step, share), (step - begun_at + 1) / 60)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        mean_loss += max(0.01, 1 / step) * (loss - mean_loss)
        if rank == 0:
            follow(mean, unet, min(0.998, (1 + step) / (10 + step)))
            if step % 25 == 0:
                pace = (time.time() - begin) / (step - begun_at)
                print(f"{step} loss {mean_loss:.4f} {pace:.2f} s/step {share:.3f}", flush=True)
            if step % 200 == 0 or share >= 1:
                save(unet.state_dict(), Path(str(args.out) + ".raw"), {})
                save(mean, args.out, {"minutes": str(minutes), "steps": str(step)})


@torch.no_grad()
def follow(mean: dict, unet: UNet2DConditionModel, decay: float) -> None:
    """Move the running mean of the weights towards the present ones."""
    weights = unet.state_dict()
    torch._foreach_lerp_([mean[k] for k in weights], [weights[k] for k in weights], 1 - decay)


def save(weights: dict, path: Path, metadata: dict) -> None:
    beside = path.with_suffix(".tmp")
    save_file({k: v.contiguous() for k, v in weights.items()}, beside, metadata)
    beside.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument(
        "--out", type=Path, required=True, help="running mean of the weights; goes on from it if it is there"
    )
    parser.add_argument("--minutes", type=float, default=47)
    parser.add_argument("--batch", type=int, default=16, help="images a step in each of the two processes")
    parser.add_argument("--images", type=int, default=1600, help="cached images in each of the two processes")
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    start(train, parser.parse_args(), 2)


if __name__ == "__main__":
    main()
