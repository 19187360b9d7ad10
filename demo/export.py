"""Writes the embedded model: one LDM-layout fp16 file with its configs, or a Diffusers folder."""

import argparse
import json
import shutil
from pathlib import Path

import diffusers
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from train_base import SCHEDULE, new_unet
from train_vae import new_vae
from words import clip_tokenizer, new_text_encoder

# Diffusers name -> LDM name, as in diffusers' scripts/convert_diffusers_to_original_stable_diffusion.py
UNET_TOP = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def unet_blocks() -> dict[str, str]:
    """Prefixes of the U-Net's blocks, Diffusers -> LDM, for four levels of two resnets."""
    table = {}
    for level in range(4):
        for i in range(2):
            place = 3 * level + i + 1
            table[f"down_blocks.{level}.resnets.{i}."] = f"input_blocks.{place}.0."
            table[f"down_blocks.{level}.attentions.{i}."] = f"input_blocks.{place}.1."
        table[f"down_blocks.{level}.downsamplers.0.conv."] = f"input_blocks.{3 * (level + 1)}.0.op."
        for i in range(3):
            place = 3 * level + i
            table[f"up_blocks.{level}.resnets.{i}."] = f"output_blocks.{place}.0."
            table[f"up_blocks.{level}.attentions.{i}."] = f"output_blocks.{place}.1."
        after = (
            1 if level == 0 else 2
        )  # the outermost block without attention has its upsampler one place earlier
        table[f"up_blocks.{level}.upsamplers.0."] = f"output_blocks.{3 * level + 2}.{after}."
    for name, place in (("resnets.0", 0), ("attentions.0", 1), ("resnets.1", 2)):
        table[f"mid_block.{name}."] = f"middle_block.{place}."
    return table


def ldm_unet_name(name: str) -> str:
    """The LDM name of a U-Net tensor."""
    top, _, kind = name.rpartition(".")
    if top in UNET_TOP:
        return f"model.diffusion_model.{UNET_TOP[top]}.{kind}"
    for prefix, new in unet_blocks().items():
        if name.startswith(prefix):
            inner = name.removeprefix(prefix)
            if "resnets" in prefix:
                part, _, kind = inner.rpartition(".")
                inner = f"{RESNET[part]}.{kind}"
            return f"model.diffusion_model.{new}{inner}"
    raise KeyError(name)


def ldm_vae_name(name: str) -> str:
    """The LDM name of an autoencoder tensor."""
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    name = name.replace("mid_block.resnets.0", "mid.block_1").replace("mid_block.resnets.1", "mid.block_2")
    for old, new in VAE_ATTENTION.items():
        name = name.replace(f"mid_block.attentions.0.{old}.", f"mid.attn_1.{new}.")
    for level in range(4):
        for i in range(3):
            name = name.replace(f"down_blocks.{level}.resnets.{i}", f"down.{level}.block.{i}")
            name = name.replace(f"up_blocks.{level}.resnets.{i}", f"up.{3 - level}.block.{i}")
        name = name.replace(f"down_blocks.{level}.downsamplers.0", f"down.{level}.downsample")
        name = name.replace(f"up_blocks.{level}.upsamplers.0", f"up.{3 - level}.upsample")
    return "first_stage_model." + name


def ldm_weights(unet: dict, vae: dict, text: dict) -> dict[str, torch.Tensor]:
    """One LDM state dict of an SD 1 model, fp16."""
    made = {ldm_unet_name(k): v for k, v in unet.items()}
    for k, v in vae.items():
        # LDM's attention of the autoencoder is made of 1x1 convolutions
        is_projection = "attentions" in k and k.endswith("weight") and v.ndim == 2
        made[ldm_vae_name(k)] = v[:, :, None, None] if is_projection else v
    for k, v in text.items():
        if not k.endswith("position_ids"):
            made["cond_stage_model.transformer.text_model." + k.removeprefix("text_model.")] = v
    return {k: v.half().contiguous() for k, v in made.items()}


def pipeline_of(unet_file: Path, vae_file: Path, text_file: Path) -> StableDiffusionPipeline:
    """The trained parts as a pipeline."""
    weights = load_file(vae_file)
    vae = new_vae(
        tuple(weights[f"encoder.down_blocks.{i}.resnets.0.conv1.weight"].shape[0] for i in range(4))
    )
    unet, text = new_unet(), new_text_encoder()
    for model, values in ((vae, weights), (unet, load_file(unet_file)), (text, load_file(text_file))):
        model.load_state_dict(values)
        # what is shipped is fp16: what is measured is too
        model.half().float().eval()
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=clip_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(**SCHEDULE),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def write_configs(pipeline: StableDiffusionPipeline, folder: Path) -> None:
    """The Diffusers folder without weights and without the tokenizer, which core carries."""
    for part in ("unet", "vae", "scheduler"):
        getattr(pipeline, part).save_config(folder / part)
    pipeline.text_encoder.config.save_pretrained(folder / "text_encoder")
    index = {k: v for k, v in pipeline.config.items() if not k.startswith("_name")}
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": diffusers.__version__,
        **json.loads(json.dumps(index, default=str)),
    }
    (folder / "model_index.json").write_text(
        json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )


def export(pipeline: StableDiffusionPipeline, target: Path) -> None:
    """Write target/base.safetensors and target/base_config."""
    weights = ldm_weights(
        pipeline.unet.state_dict(), pipeline.vae.state_dict(), pipeline.text_encoder.state_dict()
    )
    beside = target / "base.safetensors.tmp"
    save_file(weights, beside, {"format": "pt"})
    folder = target / "base_config.tmp"
    write_configs(pipeline, folder)
    shutil.rmtree(target / "base_config", ignore_errors=True)
    folder.rename(target / "base_config")
    beside.chmod(0o644)
    beside.replace(target / "base.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unet", type=Path, required=True)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--diffusers", type=Path, help="also write the Diffusers folder with weights here")
    parser.add_argument("--target", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    pipeline = pipeline_of(args.unet, args.vae, args.text)
    export(pipeline, args.target)
    if args.diffusers:
        pipeline.save_pretrained(args.diffusers)


if __name__ == "__main__":
    main()
