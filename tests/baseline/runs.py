"""Trainings that are recorded: their base model, and what each sets beside what all have in common."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.tiny import make_tiny

COMMON: dict[str, dict[str, Any]] = {
    "dataset": {
        "resolution": [64, 64],
        "train_batch_size": 2,
        "cache_latents": True,
        "vae_batch_size": 2,
        "caption_extension": ".txt",
    },
    "network": {"rank": 2, "alpha": 2.0},
    "train": {"max_train_steps": 4, "learning_rate": 1e-2, "seed": 7},
    "save": {"autosave_minutes": 0, "save_state": True, "output_name": "frog"},
    "log": {"log_every_n_steps": 1},
}

WHOLE: dict[str, Any] = {"network": {"method": "none"}, "train": {"learning_rate": 1e-3}}

RUNS: dict[str, tuple[str, list[dict[str, dict[str, Any]]]]] = {
    "sd1 lora, regularization, accumulation, min-snr": (
        "sd1",
        [
            {
                "dataset": {
                    "reg_data_dir": "reg",
                    "shuffle_caption": True,
                    "keep_tokens": 1,
                    "caption_dropout_rate": 0.3,
                },
                "train": {
                    "gradient_accumulation_steps": 2,
                    "min_snr_gamma": 5.0,
                    "lr_scheduler": "cosine",
                    "lr_warmup_steps": 2,
                },
                "save": {"save_every_n_steps": 2},
            }
        ],
    ),
    "sd1 lora, both rates, lora+, blocks, dropouts, norms": (
        "sd1",
        [
            {
                "network": {
                    "dropout": 0.1,
                    "rank_dropout": 0.1,
                    "module_dropout": 0.1,
                    "scale_weight_norms": 0.5,
                    "loraplus_lr_ratio": 4.0,
                    "down_lr_weight": "cosine",
                    "mid_lr_weight": 0.5,
                },
                "train": {"unet_lr": 1e-2, "text_encoder_lr": 1e-3, "stop_text_encoder_training": 3},
            }
        ],
    ),
    "sd1 locon, buckets, mirrored and varied, not cached": (
        "sd1",
        [
            {
                "dataset": {
                    "train_data_dir": "shapes",
                    "enable_bucket": True,
                    "min_bucket_reso": 64,
                    "max_bucket_reso": 128,
                    "cache_latents": False,
                    "flip_aug": True,
                    "color_aug": True,
                    "random_crop": True,
                },
                "network": {"conv_rank": 2, "conv_alpha": 1.0},
            }
        ],
    ),
    "sd1 lora, bf16, prodigy, validation": (
        "sd1",
        [
            {
                "dataset": {"validation_split": 0.4},
                "train": {"precision": "bf16", "validate_every_n_steps": 2, "learning_rate": 1.0},
                "optimizer": {"optimizer_type": "Prodigy"},
            }
        ],
    ),
    "sd1 lora, masks, noises, samples": (
        "sd1",
        [
            {
                "dataset": {"conditioning_data_dir": "masks"},
                "train": {
                    "masked_loss": True,
                    "noise_offset": 0.1,
                    "multires_noise_iterations": 2,
                    "ip_noise_gamma": 0.1,
                    "loss_type": "huber",
                },
                "sample": {"sample_prompts": ["sls frog --s 2 --d 3"], "sample_every_n_steps": 4},
                "model": {"clip_skip": 2, "max_token_length": 150},
                "save": {"thumbnail": False},  # a JPEG's bytes differ from one kind of processor to another
            }
        ],
    ),
    "sd1 whole model, averages, checkpointing": (
        "sd1",
        [WHOLE, {"train": {"ema_decay": 0.9, "gradient_checkpointing": True, "max_train_steps": 3}}],
    ),
    "sd1 whole model, full bf16, a .ckpt": (
        "sd1",
        [
            WHOLE,
            {"train": {"precision": "full_bf16", "max_train_steps": 3}, "save": {"save_model_as": "ckpt"}},
        ],
    ),
    "sd2 lora, v, zero terminal snr": (
        "sd2v",
        [
            {
                "model": {"prediction": "v"},
                "train": {"zero_terminal_snr": True, "scale_v_pred_loss_like_noise_pred": True},
            }
        ],
    ),
    "sd2 locon, epsilon, debiased, adafactor": (
        "sd2",
        [
            {
                "model": {"prediction": "epsilon"},
                "network": {"conv_rank": 2},
                "train": {"debiased_estimation_loss": True, "learning_rate": 1e-3},
                "optimizer": {"optimizer_type": "AdaFactor", "optimizer_args": ["relative_step=False"]},
            }
        ],
    ),
    "sd2 whole model, v, a Diffusers folder": (
        "sd2v",
        [
            WHOLE,
            {
                "model": {"prediction": "v"},
                "train": {"min_snr_gamma": 5.0, "max_train_steps": 3},
                "save": {"save_model_as": "diffusers_safetensors"},
            },
        ],
    ),
}


def make_inputs(place: Path) -> None:
    """A tiny model of each family and folders of images with captions, all from fixed seeds."""
    for name, family in (("sd1", "sd1"), ("sd2", "sd2"), ("sd2v", "sd2")):
        make_tiny(place / f"{name}.safetensors", family=family, with_blocks=True)
    scheduler = place / "sd2v_config" / "scheduler" / "scheduler_config.json"
    scheduler.write_text(json.dumps(json.loads(scheduler.read_text()) | {"prediction_type": "v_prediction"}))
    shapes = [(64, 64), (96, 64), (64, 128)]
    folders = (("train/2_sls frog", 3, 40), ("reg/1_frog", 2, 160), ("shapes/2_sls frog", 3, 90))
    for folder, count, shade in folders:
        (place / folder).mkdir(parents=True)
        for n in range(count):
            width, height = shapes[n] if folder.startswith("shapes") else (64, 64)
            pixels = np.random.default_rng(shade + n).integers(
                shade, shade + 60, (height, width, 3), dtype=np.uint8
            )
            Image.fromarray(pixels).save(place / folder / f"{n}.png")
            text = f"sls frog, on grass {n}, green, wet\n"
            (place / folder / f"{n}.txt").write_text(text, encoding="utf-8")
    (place / "masks").mkdir()
    for n in range(3):
        mask = np.zeros((64, 64), np.uint8)
        mask[: 16 * (n + 1)] = 255
        Image.fromarray(mask).save(place / "masks" / f"{n}.png")


def settings(name: str, place: Path, out: Path) -> dict[str, dict[str, Any]]:
    """The sections of a run file."""
    base, changes = RUNS[name]
    values = {section: dict(given) for section, given in COMMON.items()}
    values["model"] = {"base": str(place / f"{base}.safetensors")}
    values["dataset"]["train_data_dir"] = "train"
    values["save"]["output_dir"] = str(out)
    for change in changes:
        for section, given in change.items():
            values.setdefault(section, {}).update(given)
    for key in ("train_data_dir", "reg_data_dir", "conditioning_data_dir"):
        if key in values["dataset"]:
            values["dataset"][key] = str(place / values["dataset"][key])
    return values


def calm() -> None:
    """One thread, so that sums are added in one order."""
    torch.set_num_threads(1)
