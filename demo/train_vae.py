"""Trains the autoencoder from a start that already averages 8x8 blocks, then whitens its latents."""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from muon import optimizers
from parallel import average, start
from safetensors.torch import load_file, save_file
from torch.nn import functional
from world import CLASSES, Image, all_scenes, draw_clutter, draw_scene, is_held_out

GROUPS = 4
BIAS = 2.5  # the constant in a norm group; large against a signal in [-1, 1], so the norm is nearly linear
LATENT_NOISE = 0.1  # added to latents of about unit size: the decoder must bear a denoiser's small errors
SCALING_FACTOR = 0.18215  # what SD 1 fixes; single files do not carry another
LOGVAR = -8.0  # the shipped posterior is all but a point


def new_vae(width: tuple[int, ...]) -> AutoencoderKL:
    """An untrained autoencoder of SD 1's block structure: four levels, factor 8, four latent channels."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=width,
        layers_per_block=2,
        norm_num_groups=GROUPS,
        sample_size=128,
        scaling_factor=SCALING_FACTOR,
    )


def slots(channels: int) -> list[int]:
    """Where the carried values sit: in each norm group the signal, its negative and two constants."""
    size = channels // GROUPS
    return [group * size + i for group in range(GROUPS) for i in range(4)]


def carry(conv: torch.nn.Conv2d, kernel: torch.Tensor) -> None:
    """Make a convolution hand its slots on, filtered by kernel; its other channels stay random but small."""
    conv.weight.mul_(0.3)
    conv.bias.zero_()
    for source, goal in zip(slots(conv.in_channels), slots(conv.out_channels), strict=True):
        conv.weight[goal] = 0
        conv.weight[goal, source] = kernel


def enter(conv: torch.nn.Conv2d) -> None:
    """Put the input's channels into slots, each with its negative and the constants."""
    middle, size = conv.kernel_size[0] // 2, conv.out_channels // GROUPS
    conv.weight.mul_(0.3)
    conv.bias.zero_()
    for group in range(GROUPS):
        for i, sign in ((0, 1.0), (1, -1.0)):
            conv.weight[group * size + i] = 0
            if group < conv.in_channels:
                conv.weight[group * size + i, group, middle, middle] = sign
        for i, sign in ((2, 1.0), (3, -1.0)):
            conv.weight[group * size + i] = 0
            conv.bias[group * size + i] = sign * BIAS


def leave(norm: torch.nn.GroupNorm, conv: torch.nn.Conv2d, outputs: int) -> None:
    """Read the first outputs out of their slots: silu(a) - silu(-a) = a."""
    size = conv.in_channels // GROUPS
    norm.weight.fill_(BIAS * (2 / size) ** 0.5)
    conv.weight.mul_(0.1)
    conv.bias.zero_()
    for group in range(outputs):
        conv.weight[group] = 0
        conv.weight[group, group * size, 1, 1] = 1
        conv.weight[group, group * size + 1, 1, 1] = -1


@torch.no_grad()
def start_linear(vae: AutoencoderKL) -> None:
    """Set the weights so that the untrained model gives back the means of 8x8 blocks.

    SiLU is linear on the pair (a, -a), group norm on (a, -a, K, -K) with a large K; residuals start at zero.
    """
    point, block = torch.zeros(3, 3), torch.zeros(3, 3)
    point[1, 1] = 1
    block[:2, :2] = 0.25
    for name, module in vae.named_modules():
        if name.endswith(".conv2") or name.endswith("to_out.0"):
            module.weight.zero_()
            module.bias.zero_()
        elif name.endswith("conv_shortcut"):
            carry(module, torch.ones(1, 1))
        elif name.endswith("downsamplers.0.conv"):
            carry(module, block)
        elif name.endswith("upsamplers.0.conv"):
            carry(module, point)
    enter(vae.encoder.conv_in)
    enter(vae.decoder.conv_in)
    leave(vae.encoder.conv_norm_out, vae.encoder.conv_out, 3)
    leave(vae.decoder.conv_norm_out, vae.decoder.conv_out, 3)
    for conv, channels in ((vae.quant_conv, 4), (vae.post_quant_conv, 4)):
        conv.weight.zero_()
        conv.bias.zero_()
        for i in range(channels):
            conv.weight[i, i] = 1


def draw_pool(count: int, seed: int) -> torch.Tensor:
    """Images, (count, 3, 128, 128) uint8: scenes, small scenes and clutter, never the subject."""
    rng = random.Random(seed)
    scenes = [s for s in all_scenes() if not is_held_out(s)]
    weights = [2 if s.class_ == CLASSES[0] else 1 for s in scenes]
    pool = np.empty((count, 128, 128, 3), np.uint8)
    for i in range(count):
        kind = rng.random()
        if kind < 0.5:
            pool[i] = np.asarray(draw_scene(rng.choices(scenes, weights)[0], 128, 128, rng))
        elif kind < 0.62:
            sheet = Image.new("RGB", (128, 128))
            for x in (0, 64):
                sheet.paste(draw_scene(rng.choices(scenes, weights)[0], 64, 128, rng), (x, 0))
            pool[i] = np.asarray(sheet if rng.random() < 0.5 else sheet.transpose(Image.Transpose.TRANSPOSE))
        else:
            pool[i] = np.asarray(draw_clutter(128, 128, rng))
    return torch.from_numpy(pool).permute(0, 3, 1, 2)


def pick(pool: torch.Tensor, batch: int, size: int, rng: random.Random) -> torch.Tensor:
    """A batch of crops, (batch, 3, size, size) in [-1, 1], half of them mirrored."""
    crops = []
    for _ in range(batch):
        x, y = rng.randint(0, 128 - size), rng.randint(0, 128 - size)
        crop = pool[rng.randrange(len(pool)), :, y : y + size, x : x + size]
        crops.append(crop.flip(-1) if rng.random() < 0.5 else crop)
    return (torch.stack(crops).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def image_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Absolute error of the pixels, of 4x4 means and of steps between neighbours, and the squared error."""
    error = made - true
    steps = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return (
        error.abs().mean()
        + error.square().mean()
        + functional.avg_pool2d(error, 4).abs().mean()
        + 0.5 * steps
    )


def backward_through(made: torch.Tensor, true: torch.Tensor, penalty: torch.Tensor | None) -> float:
    """Backward with the gradient brought into channels_last: the other layout is far slower on a CPU."""
    leaf = made.detach().requires_grad_()
    loss = image_loss(leaf, true)
    loss.backward()
    gradient = leaf.grad.contiguous(memory_format=torch.channels_last)
    if penalty is None:
        made.backward(gradient)
    else:
        torch.autograd.backward([made, penalty], [gradient, None])
    return (leaf.detach() - true).abs().mean().item()


@torch.no_grad()
def whiten(vae: AutoencoderKL, pool: torch.Tensor) -> None:
    """Fold mean and covariance of the latents into the 1x1 convolutions: latents x 0.18215 have unit size."""
    images = (pool[:256].float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
    latents = torch.cat([vae.encode(p).latent_dist.mean for p in images.split(16)])
    flat = latents.permute(1, 0, 2, 3).reshape(4, -1).double()
    mean = flat.mean(1)
    values, vectors = torch.linalg.eigh(torch.cov(flat))
    forward = vectors @ torch.diag(values.rsqrt()) @ vectors.T / SCALING_FACTOR
    back = torch.linalg.inv(forward)
    quant, post = vae.quant_conv, vae.post_quant_conv
    weight, bias = quant.weight[:4, :, 0, 0].double(), quant.bias[:4].double()
    quant.weight[:4, :, 0, 0] = (forward @ weight).float()
    quant.bias[:4] = (forward @ (bias - mean)).float()
    quant.weight[4:] = 0
    quant.bias[4:] = LOGVAR
    bias = post.bias.double() + post.weight[:, :, 0, 0].double() @ mean
    post.weight[:, :, 0, 0] = (post.weight[:, :, 0, 0].double() @ back).float()
    post.bias.copy_(bias.float())


def train(args: argparse.Namespace, rank: int, processes: int) -> None:
    """Joint training from the linear start, or (--decoder) the decoder alone for a fixed encoder."""
    pool = draw_pool(args.images, args.seed + 1000 * rank)
    torch.manual_seed(args.seed)
    vae = new_vae(tuple(args.width))
    if args.start:
        vae.load_state_dict(load_file(args.start))
    else:
        start_linear(vae)
    vae.to(memory_format=torch.channels_last)
    rng = random.Random(args.seed + rank)
    torch.manual_seed(args.seed + rank)
    trained = [
        (n, p) for n, p in vae.named_parameters() if not args.decoder or n.startswith(("decoder", "post"))
    ]
    parameters = [p for _, p in trained]
    made = optimizers(trained, args.learning_rate, args.learning_rate / 2, ("conv_in", "conv_out", "quant"))
    begin, step, share, mean_error = time.time(), 0, 0.0, 0.2
    while share < 1:
        # a fixed time, not a fixed number of steps: warm-up, a level stretch, then down to a thirtieth
        rate = min(1, (step + 1) / 50, max(0.03, 2 * (1 - share)))
        large = share > args.large_from
        true = pick(pool, args.batch // 4 if large else args.batch, 128 if large else 64, rng)
        error = one_step(vae, true, args.decoder)
        seconds = time.time() - begin
        share, error = average(parameters, [seconds / (60 * args.minutes), error])
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in made:
            for group in optimizer.param_groups:
                group["lr"] = group["full_lr"] * rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        mean_error += 0.02 * (error - mean_error)
        step += 1
        if rank == 0 and step % 25 == 0:
            print(f"{step} L1 {mean_error:.4f} {seconds / step:.2f} s/step {share:.2f}", flush=True)
        if rank == 0 and step % 100 == 0:
            save(vae, args.out)
    if rank == 0:
        if not args.decoder:
            whiten(vae, pool)
        save(vae, args.out)


def one_step(vae: AutoencoderKL, true: torch.Tensor, decoder_only: bool) -> float:
    """Gradients of one batch; returns its mean absolute error."""
    with torch.set_grad_enabled(not decoder_only):
        latents = vae.encode(true).latent_dist.mean
    scale = 1 / SCALING_FACTOR if decoder_only else 1.0  # whitened latents are larger
    made = vae.decode(latents + torch.randn_like(latents) * LATENT_NOISE * scale).sample
    return backward_through(made, true, None if decoder_only else 1e-3 * latents.square().mean())


def save(vae: AutoencoderKL, path: Path) -> None:
    beside = path.with_suffix(".tmp")
    save_file({k: v.contiguous() for k, v in vae.state_dict().items()}, beside)
    beside.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--decoder", action="store_true", help="train the decoder alone")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--width", type=int, nargs=4, default=(16, 32, 64, 64))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument(
        "--large-from", type=float, default=0.85, help="share of the time after which whole images come"
    )
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    start(train, parser.parse_args(), 2)


if __name__ == "__main__":
    main()
