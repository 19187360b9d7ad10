"""What a run makes: a LoRA file or a whole model, with what it was made from in its metadata."""

from __future__ import annotations

import json
import time
from pathlib import Path

from core.config.option import walk
from core.config.schema import RunConfig
from core.data.plan import Plan
from core.formats import lora_file, metadata, tensors
from core.models.family import Components, Family
from core.train import state_files
from core.train.output import ENDINGS, LINEAGE
from core.train.state import Progress
from core.train.trainee import Trainee

RECIPE = "rareword_recipe"
"""Metadata key of the options that a model was trained with."""

TOLD = frozenset(
    {
        "learning_rate", "seed", "mixed_precision", "gradient_checkpointing", "gradient_accumulation_steps",
        "max_grad_norm", "min_snr_gamma", "debiased_estimation_loss", "noise_offset", "prior_loss_weight",
        "noise_offset_random_strength", "adaptive_noise_scale", "multires_noise_iterations", "loss_type",
        "multires_noise_discount", "ip_noise_gamma", "ip_noise_gamma_random_strength", "zero_terminal_snr",
        "huber_schedule", "huber_c", "huber_scale",
        "lr_scheduler", "lr_warmup_steps", "clip_skip", "max_token_length", "cache_latents", "color_aug",
        "flip_aug", "random_crop", "shuffle_caption", "keep_tokens", "enable_bucket", "bucket_no_upscale",
        "min_bucket_reso", "max_bucket_reso", "caption_dropout_rate", "caption_tag_dropout_rate",
    }
)  # fmt: skip
"""Options told in the metadata under their sd-scripts names."""


class ModelWriter:
    """Writes the trained model as it is now; called by the outputs with (path, progress, epoch)."""

    def __init__(
        self,
        config: RunConfig,
        plan: Plan,
        family: Family,
        parts: Components,
        trainee: Trainee,
        total_steps: int,
    ) -> None:
        self._config, self._plan, self._total_steps = config, plan, total_steps
        self._family, self._parts, self._trainee = family, parts, trainee
        self._started = time.time()

    def __call__(self, path: Path, progress: Progress, epoch: int) -> Path:
        """Write it; returns where it lies.

        Raises NumericFault when a weight is not finite, ResourceFault when the disk is full.
        """
        save, network = self._config.save, self._trainee.network
        told = self._metadata(progress, epoch)
        if network is None:
            save_as = resolved_format(self._config, self._parts)
            return self._family.save(self._parts, path, save_as, save.save_precision, told)
        dtype = tensors.PRECISIONS[save.save_precision]
        made = lora_file.to_file(network.weights(), self._parts.spec.lora_prefix, dtype)
        return tensors.save(path, made, told)

    def _metadata(self, progress: Progress, epoch: int) -> dict[str, str]:
        config, train, parts = self._config, self._config.train, self._parts
        is_partial = (train.min_timestep, train.max_timestep) != (0, 1000)
        spec = metadata.ModelSpec(
            family=parts.spec.name,
            prediction=parts.prediction,
            is_lora=self._trainee.network is not None,
            title=config.save.output_name or "last",
            resolution=config.dataset.resolution,
            date=time.time(),
            timesteps=(train.min_timestep, train.max_timestep) if is_partial else None,
            clip_skip=config.model.clip_skip,
        )
        told = self._options() | self._run(progress, epoch) | self._data() | self._network()
        own = {LINEAGE: progress.lineage, RECIPE: json.dumps(_recipe(config), ensure_ascii=False)}
        return metadata.modelspec(spec) | metadata.training(told) | own

    # What sd-scripts tells of a training, by its names.

    def _options(self) -> dict[str, object]:
        values = state_files.values_of(self._config)
        return {
            name: values[option.key]
            for option in walk(RunConfig)
            for name in option.meta.sd_scripts
            if name in TOLD and values[option.key] is not None
        }

    def _run(self, progress: Progress, epoch: int) -> dict[str, object]:
        optimizer, parts = self._config.optimizer, self._parts
        source = parts.source.path
        values: dict[str, object] = {
            "session_id": progress.lineage,
            "training_started_at": self._started,
            "training_finished_at": time.time(),
            "steps": progress.step,
            "epoch": epoch,
            "max_train_steps": self._total_steps,
            "optimizer": " ".join([optimizer.optimizer_type, *optimizer.optimizer_args]),
            "v2": parts.spec.name == "sd2",
            "base_model_version": metadata.base_model_version(parts.spec.name, parts.prediction),
            "sd_model_name": source.name,
        }
        return values | ({"sd_model_hash": metadata.short_hash(source)} if source.is_file() else {})

    def _data(self) -> dict[str, object]:
        plan, dataset = self._plan, self._config.dataset
        folders: dict[bool, dict[str, object]] = {False: {}, True: {}}
        for folder in plan.folders:
            about = {"n_repeats": folder.repeats, "img_count": len(folder.images)}
            folders[folder.is_reg][folder.path.name] = about
        return {
            "num_epochs": plan.epochs(self._config.train),
            "num_train_images": plan.train_samples,
            "num_reg_images": plan.reg_samples,
            "num_batches_per_epoch": plan.batches_per_epoch,
            "batch_size_per_device": dataset.train_batch_size,
            "total_batch_size": plan.batch_size,
            "resolution": "({}, {})".format(*dataset.resolution),
            "dataset_dirs": folders[False],
            "reg_dataset_dirs": folders[True],
            "bucket_info": {"buckets": dict(enumerate(plan.buckets))},
        }

    def _network(self) -> dict[str, object]:
        if self._trainee.network is None:
            return {}
        network = self._config.network
        rates = {group.name: group.rate for group in self._trainee.groups}
        conv = {"conv_dim": network.conv_rank, "conv_alpha": network.conv_alpha}
        return {
            "network_module": "networks.lora",
            "network_dim": network.rank,
            "network_alpha": network.alpha,
            "network_dropout": network.dropout,
            "network_args": {} if network.conv_rank is None else conv,
            "unet_lr": rates.get("unet", 0.0),
            "text_encoder_lr": rates.get("text_encoder", 0.0),
        }


def _recipe(config: RunConfig) -> dict[str, object]:
    """The options that differ from their defaults and shaped the model; of paths only the last name."""
    values, defaults = state_files.values_of(config), state_files.values_of(RunConfig())
    return {
        option.key: _without_folder(values[option.key]) if option.meta.path else values[option.key]
        for option in walk(RunConfig)
        if option.section not in ("save", "log", "sample") and values[option.key] != defaults[option.key]
    }


def _without_folder(value: object) -> object:
    return [_without_folder(v) for v in value] if isinstance(value, list) else Path(str(value)).name


def resolved_format(config: RunConfig, parts: Components) -> str:
    """What save_model_as comes to: "auto" is the source's format, for a LoRA .safetensors."""
    save_as = config.save.save_model_as
    if config.network.method != "none":
        return save_as if save_as == "ckpt" else "safetensors"
    found = parts.source.save_as if save_as == "auto" else save_as
    assert found in ENDINGS, found
    return found
