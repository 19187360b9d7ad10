"""What a run makes: a LoRA file or a whole model, with what it was made from in its metadata."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from core.adapters.methods import Adapted
from core.adapters.network import Network
from core.adapters.targets import ModuleKey
from core.config import output_names
from core.config.imports.lora_metadata import RECIPE
from core.config.output_names import ENDINGS
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.data.plan.plan import Plan
from core.formats import lora_file, metadata, peft_file, tensors
from core.models.family import Family, Model
from core.runs import state_folder
from core.runs.result_names import LINEAGE
from core.train.outputs import private_paths, ss_metadata
from core.train.outputs.state import Progress
from core.train.outputs.thumbnail import Thumbnail
from core.train.weights.learned_word import LearnedWord
from core.train.weights.trained import Trainee

VALIDATION = "rareword_validation_loss"
"""Metadata key of a model with the lowest validation loss up to its step."""


class ModelWriter:
    """Writes the trained model as it is now; called by the outputs."""

    def __init__(
        self,
        config: RunConfig,
        plan: Plan,
        family: Family,
        model: Model,
        trainee: Trainee,
        total_steps: int,
        optimizer: torch.optim.Optimizer,
        thumbnail: Thumbnail,
    ) -> None:
        self._config, self._plan, self._total_steps = config, plan, total_steps
        self._family, self._model, self._trainee = family, model, trainee
        self._optimizer = f"{type(optimizer).__module__}.{type(optimizer).__name__}"
        self._private = [*private_paths.folders_of(config), *(folder.path.parent for folder in plan.folders)]
        self._started, self._thumbnail = time.time(), thumbnail

    def __call__(self, path: Path, progress: Progress, epoch: int, precision: str) -> Path:
        """Write it; returns where it lies. precision: a key of tensors.PRECISIONS.

        Raises NumericFault when a weight is not finite, ResourceFault when the disk is full.
        """
        save, network, word = self._config.save, self._trainee.network, self._trainee.word
        texts = self._told(progress, epoch) | self._thumbnail.metadata
        if network is None and word is not None:
            return tensors.save(path, self._vectors(word, precision), texts)
        if network is None:
            save_as = resolved_format(self._config, self._model)
            return self._family.save(self._model, path, save_as, precision, texts)
        if word is not None:  # first, so that an adapter is never there without its word
            beside, about = output_names.embedding_beside(path), self._told(progress, epoch, is_word=True)
            tensors.save(beside, self._vectors(word, precision), about)
        dtype = tensors.PRECISIONS[precision]
        made, needed = self._named(network.adapted(), dtype)
        texts |= needed
        if not save.no_metadata:
            texts |= lora_file.hashes(made, texts)
        return tensors.save(path, made, texts)

    def _named(
        self, modules: Mapping[ModuleKey, Adapted], dtype: torch.dtype | None
    ) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
        """The tensors of an adapter by the names asked for, and the metadata that these need."""
        if self._config.save.adapter_names == "diffusers":
            return peft_file.to_file(modules, self._model.spec, dtype)
        names = self._family.lora_file_names(self._model)
        return lora_file.to_file(modules, self._model.spec, dtype, names), {}

    def _vectors(self, word: LearnedWord, precision: str) -> dict[str, Tensor]:
        """A word's vectors by their names in files; in float32 unless a precision is asked for."""
        dtype, spec = tensors.PRECISIONS[precision] or torch.float32, self._model.spec
        found = ((spec.part(part).embedding, own) for part, own in word.vectors.items())
        return {name: own.detach().to("cpu", dtype) for name, own in found}

    def _told(self, progress: Progress, epoch: int, is_word: bool = False) -> dict[str, str]:
        """What a file says of its training, without private paths."""
        return private_paths.cut(self._metadata(progress, epoch, is_word), self._private)

    def _metadata(self, progress: Progress, epoch: int, is_word: bool) -> dict[str, str]:
        """is_word: of the file of a word beside an adapter."""
        config = self._config
        network = None if is_word else self._trainee.network
        found = ss_metadata.version(self._model)
        if network is not None:
            sizes = [(module.rank, module.alpha) for module in network.adapted().values()]
            found |= ss_metadata.network(config, sizes)
        if config.save.no_metadata:
            return self._modelspec(network) | metadata.minimum(metadata.training(found))
        found |= ss_metadata.options(config, state_folder.values_of(config)) | self._run(progress, epoch)
        recipe = json.dumps(_recipe(config), ensure_ascii=False)
        own = {LINEAGE: progress.lineage, RECIPE: recipe}
        if config.saves_best and progress.best is not None and progress.best.step == progress.step:
            own[VALIDATION] = f"{progress.best.loss:.6g}"
        return self._modelspec(network) | metadata.training(found | self._same_every_time) | own

    @cached_property
    def _same_every_time(self) -> dict[str, object]:
        """The slow part: hashes of whole files, tags of every caption."""
        return ss_metadata.files(self._config, self._model) | ss_metadata.data(self._config, self._plan)

    def _modelspec(self, network: Network | None) -> dict[str, str]:
        config, train, model = self._config, self._config.train, self._model
        is_partial = (train.min_timestep, train.max_timestep) != (0, 1000)
        now = time.time()
        is_lora, is_embedding = network is not None, network is None and self._trainee.word is not None
        kind = "LoRA" if is_lora else "TextualInversion" if is_embedding else "Checkpoint"
        untitled = f"{kind}@{int(now)}"
        spec = metadata.ModelSpec(
            family=model.spec.name,
            prediction=model.objective.name,
            is_lora=is_lora,
            is_embedding=is_embedding,
            title=config.save.metadata_title or config.save.output_name or untitled,
            resolution=self._plan.resolution,
            date=now,
            timesteps=(train.min_timestep, train.max_timestep) if is_partial else None,
            clip_skip=config.model.clip_skip,
            author=config.save.metadata_author,
            description=config.save.metadata_description,
            license=config.save.metadata_license,
            tags=config.save.metadata_tags,
        )
        return metadata.modelspec(spec)

    def _run(self, progress: Progress, epoch: int) -> dict[str, object]:
        arguments = ",".join(self._config.optimizer.optimizer_args)
        return {
            "session_id": ss_metadata.session(progress.lineage),
            "training_started_at": self._started,
            "training_finished_at": time.time(),
            "steps": progress.step,
            "epoch": epoch,
            "max_train_steps": self._total_steps,
            "optimizer": self._optimizer + (f"({arguments})" if arguments else ""),
        }


def _recipe(config: RunConfig) -> dict[str, object]:
    """The options that differ from their defaults and shaped the model; of paths only the last name."""
    values, defaults = state_folder.values_of(config), state_folder.values_of(RunConfig())
    return {
        option.key: _without_folder(values[option.key]) if option.meta.path else values[option.key]
        for option in walk(RunConfig)
        if option.section not in ("save", "log", "sample") and values[option.key] != defaults[option.key]
    }


def _without_folder(value: object) -> object:
    return [_without_folder(v) for v in value] if isinstance(value, list) else Path(str(value)).name


def resolved_format(config: RunConfig, model: Model) -> str:
    """What save_model_as comes to: "auto" is the source's format, for a LoRA .safetensors."""
    save_as = config.save.save_model_as
    if config.network.method == "embedding":
        return "safetensors"  # what a .ckpt of ours holds no other program takes for an embedding
    if config.network.method != "none":
        return save_as if save_as == "ckpt" else "safetensors"
    found = model.source.save_as if save_as == "auto" else save_as
    assert found in ENDINGS, found
    return found
