"""What a saved model tells of its training, under sd-scripts' names (ss_*), so that other programs show it.

Values that sd-scripts has and that do not exist here are told as sd-scripts tells them when they are off.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from core.config import lycoris_args
from core.config.imports.lora_metadata import NAMES
from core.config.network_args import ARGUMENTS
from core.config.schema.dataset import DatasetConfig
from core.config.schema.run import RunConfig
from core.config.sd_scripts import ALIASES
from core.data.plan.plan import Plan
from core.data.sources.folders import Folder
from core.diffusion.objective import STEPS
from core.formats import metadata
from core.models.family import Model

_RECORDED = (
    "learning_rate", "unet_lr", "text_encoder_lr", "gradient_checkpointing",
    "gradient_accumulation_steps", "lr_warmup_steps", "lr_scheduler", "clip_skip", "cache_latents",
    "seed", "noise_offset", "multires_noise_iterations", "multires_noise_discount",
    "adaptive_noise_scale", "training_comment", "max_grad_norm",
    "caption_dropout_rate", "caption_dropout_every_n_epochs", "caption_tag_dropout_rate",
    "prior_loss_weight", "min_snr_gamma", "scale_weight_norms", "ip_noise_gamma", "debiased_estimation",
    "noise_offset_random_strength", "ip_noise_gamma_random_strength", "loss_type", "huber_schedule",
    "huber_scale", "huber_c", "validation_seed", "validation_split", "max_validation_steps",
    "validate_every_n_epochs", "validate_every_n_steps", "resize_interpolation",
)  # fmt: skip
"""Values of options that sd-scripts records."""

_SAME: Mapping[str, str] = {name: ALIASES[NAMES.get(name, name)] for name in _RECORDED}
"""Name in the metadata -> the option whose value it is."""

_OFF: Mapping[str, object] = {
    "noise_offset": 0.0, "multires_noise_iterations": 0, "ip_noise_gamma": 0.0,
    "resize_interpolation": "auto",
}  # fmt: skip
"""Our values of what sd-scripts calls None."""

_ABSENT: Mapping[str, object] = {
    "full_fp16": False, "lowram": False, "sd_scripts_commit_hash": None, "face_crop_aug_range": None,
    "fp8_base": False, "fp8_base_unet": False,
}  # fmt: skip
"""What sd-scripts has and this trainer does not need."""

_OF_FOLDERS = (
    "color_aug", "flip_aug", "random_crop", "shuffle_caption", "enable_bucket", "bucket_no_upscale",
    "keep_tokens",
)  # fmt: skip
_OF_SUBSETS = (
    "color_aug", "flip_aug", "random_crop", "shuffle_caption", "keep_tokens", "keep_tokens_separator",
    "secondary_separator", "enable_wildcard", "caption_prefix", "caption_suffix",
)  # fmt: skip


def options(config: RunConfig, values: Mapping[str, Any]) -> dict[str, object]:
    """The options that sd-scripts tells. values: every option by its key."""
    same = {name: values.get(key) for name, key in _SAME.items()}
    if config.network.method == "embedding":
        same["learning_rate"] = config.embedding.embedding_lr
    precision, length = config.train.precision, config.model.max_token_length
    return {
        **_ABSENT,
        **{name: None if name in _OFF and value == _OFF[name] else value for name, value in same.items()},
        "mixed_precision": precision.removeprefix("full_"),
        "full_fp16": precision == "full_fp16",
        "max_token_length": None if length == 75 else length,
        "output_name": config.save.output_name or "last",
    }


def session(lineage: str) -> int:
    """A number that all files of one training share, also after a resume."""
    return zlib.crc32(lineage.encode("utf-8"))


def version(model: Model) -> dict[str, object]:
    """Which Stable Diffusion it is, and over which noise it was trained, by an option or as it was before."""
    name = metadata.base_model_version(model.spec.name, model.objective.name)
    ends_in_noise = bool(model.objective.snr(torch.tensor([STEPS - 1])) == 0)
    return {"v2": name.startswith("sd_v2"), "base_model_version": name, "zero_terminal_snr": ends_in_noise}


def files(config: RunConfig, model: Model) -> dict[str, object]:
    """Name and hashes of the base model and of another VAE. Reads the whole files: seconds for a model."""
    source = model.source
    told = of_file("sd_model", config.model.base, source.path)
    return told | (of_file("vae", config.model.vae, source.vae) if config.model.vae and source.vae else {})


def of_file(prefix: str, given: str, found: Path) -> dict[str, object]:
    """What sd-scripts tells of a file or folder; of a Hub id only the id.

    given: as the option names it. found: where it lies on this computer.
    """
    if not Path(given).exists():
        return {f"{prefix}_name": given}
    try:
        hashes = (
            (metadata.short_hash(found), metadata.sha256(found)) if found.is_file() else ("IsADirectory",) * 2
        )
    except OSError:  # a drive that is gone; the model that is saved is worth more
        return {f"{prefix}_name": found.name}
    return {f"{prefix}_name": found.name, f"{prefix}_hash": hashes[0], f"new_{prefix}_hash": hashes[1]}


def network(config: RunConfig, ranks: Iterable[tuple[int, float]]) -> dict[str, object]:
    """What an adapter is made of. ranks: (rank, alpha) of its modules; "Dynamic" where they differ."""
    chosen, defaults = config.network, RunConfig().network
    arguments = {
        name: str([*value] if isinstance(value, tuple) else value)
        for name, ours in ARGUMENTS.items()
        if (value := getattr(chosen, ours)) != getattr(defaults, ours)
    }
    is_of_lycoris = chosen.method != "lora"
    if is_of_lycoris:
        arguments = lycoris_args.written(chosen.method, chosen.dora_axis) | arguments
    known = set(ranks)
    from_file = chosen.dim_from_weights
    dim, alpha = (chosen.rank, chosen.alpha) if not from_file or len(known) != 1 else next(iter(known))
    told: dict[str, object] = {
        "network_module": "lycoris.kohya" if is_of_lycoris else "networks.lora",
        "network_dim": "Dynamic" if from_file and len(known) > 1 else dim,
        "network_alpha": "Dynamic" if from_file and len(known) > 1 else alpha,
        "network_dropout": chosen.dropout or None,
    }
    return told | ({"network_args": arguments} if arguments else {})


def data(config: RunConfig, plan: Plan) -> dict[str, object]:
    """The images: how many, in which folders and sizes, with which tags.

    With a dataset_config every dataset and subset is told of by itself.
    """
    told: dict[str, object] = {
        "num_train_images": plan.train_samples,
        "num_validation_images": len(plan.validation),
        "num_reg_images": sum(image.repeats for image in plan.images if image.is_reg),
        "num_batches_per_epoch": plan.batches_per_epoch,
        "num_epochs": plan.epochs(config.train),
    }
    folders = [folder for folder in plan.folders if not folder.is_reg]
    counted = [*zip(plan.folders, tag_frequencies(plan), strict=True)]
    # A folder that is used twice is counted once.
    tags = {_name(folder): count for folder, count in reversed(counted)}
    if config.dataset.dataset_config:
        sets = [
            _dataset(plan, n, {_name(f): count for f, count in counted if f.dataset == n})
            for n in range(plan.datasets)
        ]
        return told | {"datasets": sets, "tag_frequency": tags, "dataset_dirs": _folders(folders)}
    dataset = config.dataset
    regs = [folder for folder in plan.folders if folder.is_reg]
    own = {name: getattr(dataset, name) for name in _OF_FOLDERS}
    return (
        told
        | own
        | _sizes(dataset)
        | {
            "batch_size_per_device": dataset.train_batch_size,
            "total_batch_size": plan.batch_size * config.train.gradient_accumulation_steps,
            "resolution": "({}, {})".format(*dataset.resolution),
            "dataset_dirs": _folders(folders),
            "reg_dataset_dirs": _folders(regs),
            "tag_frequency": tags,
            "bucket_info": _bucket_info(plan, 0),
        }
    )


def _dataset(plan: Plan, number: int, tags: Mapping[str, dict[str, int]]) -> dict[str, object]:
    """One dataset of several."""
    folders = [folder for folder in plan.folders if folder.dataset == number]
    images = [image for i, image in enumerate(plan.images) if image.dataset == number and i not in plan.held]
    settings = plan.settings[folders[0].settings]
    return {
        "is_dreambooth": not settings.in_json,
        "batch_size_per_device": settings.train_batch_size,
        "num_train_images": sum(image.repeats for image in images if not image.is_reg),
        "num_reg_images": sum(image.repeats for image in images if image.is_reg),
        "resolution": [*settings.resolution],
        "enable_bucket": settings.enable_bucket,
        **_sizes(settings),
        "tag_frequency": dict(tags),
        "bucket_info": _bucket_info(plan, number),
        "resize_interpolation": None
        if settings.resize_interpolation == "auto"
        else settings.resize_interpolation,
        "subsets": [_subset(plan, folder) for folder in folders],
    }


def _subset(plan: Plan, folder: Folder) -> dict[str, object]:
    settings = plan.settings[folder.settings]
    return {
        "img_count": len(folder.images),
        "num_repeats": folder.repeats,
        **{name: getattr(settings, name) for name in _OF_SUBSETS},
        "image_dir": _name(folder),
        "class_tokens": folder.prompt,
        "is_reg": folder.is_reg,
    }


def _sizes(dataset: DatasetConfig) -> dict[str, object]:
    """The range of bucket sides, None without buckets."""
    used = dataset.enable_bucket
    return {
        "min_bucket_reso": dataset.min_bucket_reso if used else None,
        "max_bucket_reso": dataset.max_bucket_reso if used else None,
    }


def _name(folder: Folder) -> str:
    return folder.path.name


def _folders(folders: Iterable[Folder]) -> dict[str, object]:
    """{name: repeats and images}; a name that comes twice gets a number, as in sd-scripts."""
    told: dict[str, object] = {}
    for folder in folders:
        name, n = _name(folder), 2
        while name in told:
            name, n = f"{_name(folder)} ({n})", n + 1
        told[name] = {"n_repeats": folder.repeats, "img_count": len(folder.images)}
    return told


def tag_frequencies(plan: Plan) -> list[dict[str, int]]:
    """For each folder how many of its images have each tag, in lower case, as sd-scripts counts them."""
    counts = [Counter[str]() for _ in plan.folders]
    for index, image in enumerate(plan.images):
        if index not in plan.held:
            tags = (tag.strip().lower() for tag in image.caption.split(","))
            counts[image.folder].update(tag for tag in tags if tag)
    return [dict(count) for count in counts]


def _bucket_info(plan: Plan, dataset: int) -> object:
    """The buckets of a dataset and how far, on average, its images' shapes are from theirs."""
    images = [image for i, image in enumerate(plan.images) if image.dataset == dataset and i not in plan.held]
    if not images or not plan.settings[images[0].settings].enable_bucket:
        return "null"
    errors = [
        abs(image.fit.bucket.width / image.fit.bucket.height - image.size.width / image.size.height)
        for image in images
    ]
    inside = [bucket for bucket in plan.buckets if bucket.dataset == dataset]
    buckets = {str(i): {"resolution": [*b.size], "count": b.samples} for i, b in enumerate(inside)}
    return {"buckets": buckets, "mean_img_ar_error": sum(errors) / len(errors)}
