"""Which family a file of weights is of: one that can be trained, or one that is only recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from core.families import FAMILIES, Marks, Titles

FOREIGN: Mapping[str, Marks] = {
    "sdxl-refiner": Marks(
        "SDXL refiner", ("conditioner.embedders.0.model.",), 1280,
    ),
    "sd3": Marks(
        "SD3", ("joint_blocks.0.",), versions=("sd3", "diffusion-3"),
        pipelines={"StableDiffusion3Pipeline": ""},
    ),
    "flux": Marks(
        "Flux", ("double_blocks.0.|single_transformer_blocks.0.",), versions=("flux",),
        adapters=("double_blocks", "single_transformer_blocks"), pipelines={"FluxPipeline": ""},
    ),
    "zimage": Marks("Z-Image", ("noise_refiner.0.",), pipelines={"ZImagePipeline": ""}),
    "qwen": Marks("Qwen-Image", ("transformer_blocks.0.img_mod.",), pipelines={"QwenImagePipeline": ""}),
    "cascade": Marks("Stable Cascade", ("clip_txt_pooled_mapper.",)),
    "pixart": Marks("PixArt", ("y_embedder.y_proj.",)),
}  # fmt: skip
"""Families that can't be trained, so that a message can say what a file is."""

FAMILY_NAMES: Mapping[str, str] = {
    **{name: spec.marks.name for name, spec in FAMILIES.items()},
    **{name: marks.name for name, marks in FOREIGN.items()},
}


def _every() -> Iterator[tuple[str, Marks]]:
    yield from FOREIGN.items()
    yield from ((name, spec.marks) for name, spec in FAMILIES.items())


def of_model(lines: str) -> str:
    """The family of a whole model. lines: the names of its tensors."""
    for name, marks in _every():
        if marks.tensors and all(
            any(mark in lines for mark in all_of.split("|")) for all_of in marks.tensors
        ):
            return name
    return ""


def of_width(width: int) -> str:
    """The family whose denoiser takes text states of this width."""
    return next((name for name, marks in _every() if width and marks.context_dim == width), "")


def of_metadata(metadata: Mapping[str, str]) -> str:
    """The family that the metadata of a model or an adapter names."""
    named = (
        f"{metadata.get('ss_base_model_version', '')} {metadata.get('modelspec.architecture', '')}".lower()
    )
    return next((name for name, marks in _every() if any(part in named for part in marks.versions)), "")


def of_adapter(names: Iterable[str]) -> str:
    """The family of an adapter, where names of its tensors tell it."""
    every = "\n".join(names)
    return next((name for name, marks in _every() if any(part in every for part in marks.adapters)), "")


def of_pipeline(kind: str) -> list[str]:
    """The families that have this pipeline of Diffusers."""
    return [name for name, marks in _every() if kind in marks.pipelines]


def variant_of(family: str, pipeline: str) -> str:
    """The variant of a family's models that a pipeline of Diffusers draws with."""
    return dict(_every())[family].pipelines[pipeline]


def variant_of_scheduler(family: str, scheduler: str) -> str:
    """The variant of a family's models that a scheduler class of Diffusers is for; "" for the plain one."""
    kinds = dict(_every())[family].schedulers.items()
    return next((variant for start, variant in kinds if scheduler.startswith(start)), "")


def variant_in_file(family: str, names: Iterable[str], width: int) -> str:
    """The variant of a model of this family, by the names of its tensors; "" for the plain one.

    width: of the text states; that of another size than the real model's is a model for trials.
    """
    marks = dict(_every()).get(family)
    if marks is None:
        return ""
    every = [*names]
    for mark, variant in marks.variants.items():
        if any(name == mark or (mark.endswith(".") and name.startswith(mark)) for name in every):
            return variant
    if not marks.depth or width != marks.context_dim:
        return ""
    depth = 1 + max((int(m[1]) for name in every if (m := _BLOCK.search(name))), default=-1)
    return "" if depth == marks.depth else marks.depths.get(depth, f"depth {depth}")


_BLOCK = re.compile(r"\.transformer_blocks\.(\d{1,3})\.")


def titles() -> Iterator[tuple[str, Titles]]:
    """What models of any family may predict, and their names then."""
    return ((prediction, titles) for spec in FAMILIES.values() for prediction, titles in spec.titles.items())


def prediction_of(metadata: Mapping[str, str]) -> str:
    """What the metadata says, or means, that a model predicts; "" where it leaves that open."""
    named = metadata.get("modelspec.prediction_type", "").removesuffix("_prediction")
    if any(named == prediction for prediction, _ in titles()):
        return named
    architecture = metadata.get("modelspec.architecture", "")
    of_architecture = {prediction for prediction, title in titles() if title.architecture in architecture}
    if len(of_architecture) == 1:
        return of_architecture.pop()
    version = metadata.get("ss_base_model_version", "")
    of_version = {prediction for prediction, title in titles() if title.base_version == version}
    return of_version.pop() if len(of_version) == 1 else ""
