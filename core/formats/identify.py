"""What a file or folder of weights is, from names and shapes alone: nothing in it is loaded or run."""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.errors import ResourceFault, UserError
from core.families import FAMILIES, FamilySpec
from core.formats import known_families, lora_alpha, messages, sidecar_yaml
from core.formats.classify import ALONE, INPUT_VARIANT, Identity, classify, predicting
from core.formats.header import ITEM_BYTES, Header, TensorTable
from core.formats.json_file import table_there
from core.formats.known_families import FAMILY_NAMES
from core.formats.weight_file import header_of
from core.reading import reading, short

__all__ = ["FAMILY_NAMES", "Identity", "classify", "damaged", "identify"]

_ALPHA_CODES = {"F64": "<d", "F32": "<f", "F16": "<e", "BF16": "<f", "I64": "<q", "I32": "<i"}
_SCHEDULER_PREDICTION = {"epsilon": "epsilon", "v_prediction": "v"}

_LIBRARIES = ("diffusers", "transformers", "stable_diffusion")
_SCHEDULER = re.compile(r"[A-Za-z0-9]{1,60}Scheduler", re.ASCII)


def identify(path: Path) -> Identity:
    """What the file or folder at `path` is; a damaged one is "unknown" with its problem, no exception."""
    try:
        with reading(path, "E-MODEL-BAD"):
            return _folder(path) if path.is_dir() else _file(path)
    except ResourceFault:
        raise
    except UserError as error:
        return Identity(problems=error.problems)


def _file(path: Path) -> Identity:
    header = header_of(path)
    found = classify(header.tensors, header.metadata)
    if found.problems:
        found = replace(found, problems=tuple(replace(p, path=str(path)) for p in found.problems))
    if found.kind == "model" and not found.tells_prediction:
        told = _prediction_beside(path)
        if told:
            return predicting(found, told)
    if found.kind in ("lora", "lycoris") and found.alpha is None:
        try:
            return replace(found, alpha=_alpha_of_file(path, header))
        except UserError as error:
            return replace(found, problems=(*found.problems, *error.problems))
    return found


def _prediction_beside(path: Path) -> str:
    """What the configs or the .yaml beside a single file say that it predicts."""
    config = table_there(path.with_name(f"{path.stem}_config") / "scheduler" / "scheduler_config.json") or {}
    told = _SCHEDULER_PREDICTION.get(str(config.get("prediction_type", "")), "")
    return told or sidecar_yaml.prediction(path)


def _alpha_of_file(path: Path, header: Header) -> float | None:
    """The commonest value of the one-number `.alpha` tensors, which are the only numbers that are read.

    Where there are none, what the metadata or PEFT's config say.
    """
    beside_it = lora_alpha.peft_settings(path, header.places, header.metadata)
    if beside_it:
        return next(iter(beside_it.values())).alpha
    values: Counter[float] = Counter()
    with path.open("rb") as file:
        for name, place in header.places.items():
            if name.endswith(".alpha") and math.prod(place.shape) == 1 and place.dtype in _ALPHA_CODES:
                file.seek(place.begin + place.offset * ITEM_BYTES[place.dtype])
                raw = file.read(ITEM_BYTES[place.dtype])
                # bfloat16 is the upper half of a float32.
                raw = b"\0\0" + raw if place.dtype == "BF16" else raw
                alpha = float(struct.unpack(_ALPHA_CODES[place.dtype], raw)[0])
                if not math.isfinite(alpha):
                    raise damaged(path, name)
                values[alpha] += 1
    return values.most_common(1)[0][0] if values else None


def damaged(path: Path, tensor: str) -> UserError:
    """The refusal of a file with a number that is none."""
    return UserError(messages.NOT_FINITE(path=path, tensor=short(tensor)))


def _folder(path: Path) -> Identity:
    if (path / "state.json").is_file():
        return Identity("state")
    index = table_there(path / "model_index.json")
    if index is not None:
        return _model_folder(path, index)
    config = table_there(path / "config.json") or {}
    kinds = {"AutoencoderKL": "vae", "UNet2DConditionModel": "model", "ControlNetModel": "controlnet"}
    kind = kinds.get(str(config.get("_class_name")), "unknown")
    named = config.get("architectures")
    if kind == "unknown" and isinstance(named, list) and "CLIPTextModel" in named:
        kind = "text_encoder"
    if kind == "unknown":
        return Identity(problems=(messages.NOT_DIFFUSERS(path=path),))
    tables = [header_of(file).tensors for file in weight_files(path)]
    return replace(_counted(tables), kind=kind, format="diffusers", variant=ALONE if kind == "model" else "")


def _model_folder(path: Path, index: dict[str, Any]) -> Identity:
    pipeline = index.get("_class_name")
    families = known_families.of_pipeline(pipeline) if isinstance(pipeline, str) else []
    if not families:
        named = short(str(pipeline or "")) or Words("(none)", "（なし）")
        problem = messages.UNKNOWN_PIPELINE(path=path, pipeline=named)
        return Identity(format="diffusers", problems=(problem,))
    family = families[0]
    variant = known_families.variant_of(family, str(pipeline))
    scheduler = table_there(path / "scheduler" / "scheduler_config.json") or {}
    prediction = _SCHEDULER_PREDICTION.get(str(scheduler.get("prediction_type", "")), "")
    if family in FAMILIES:
        spec = FAMILIES[family]
        config = table_there(path / spec.names("denoiser")[0] / "config.json") or {}
        variant = variant or INPUT_VARIANT.get(_whole(path, config, "in_channels", spec.latent_channels), "")
        noise = str(scheduler.get("_class_name", ""))
        variant = variant or known_families.variant_of_scheduler(family, noise)
        if not variant:  # another has parts of its own, and is called by its name
            _check_parts(path, index, spec)
        family = _family_of_folder(path, families, config)
        if not prediction and family in FAMILIES:  # as Diffusers reads a scheduler that does not say it
            prediction = FAMILIES[family].usual_prediction
    tables = []
    for part in sorted(place for place in path.iterdir() if place.is_dir()):
        if (part / "config.json").is_file() and part.name in index:
            tables += [header_of(file).tensors for file in weight_files(part)]
    if not variant and family in FAMILIES:
        folder = path / FAMILIES[family].names("denoiser")[0]
        names = [name for file in weight_files(folder) for name in header_of(file).tensors]
        width = _whole(path, config, "cross_attention_dim", 0)
        variant = known_families.variant_in_file(family, names, width)
    found = replace(
        _counted(tables), kind="model", family=family, variant=variant, format="diffusers",
        is_zero_terminal=scheduler.get("rescale_betas_zero_snr") is True,
    )  # fmt: skip
    return predicting(found, prediction) if prediction else found


def _family_of_folder(path: Path, families: list[str], config: Mapping[str, Any]) -> str:
    """Which of the families with one pipeline it is. config: the denoiser's.

    By the width of its text states; where that is no real model's, by the text encoder's activation.
    """
    family = known_families.of_width(_whole(path, config, "cross_attention_dim", 0))
    if family:
        return family
    text = FAMILIES[families[0]].names("text")[0]
    activation = (table_there(path / text / "config.json") or {}).get("hidden_act")
    return next((name for name in families if FAMILIES[name].hidden_act == activation), families[0])


def _check_parts(path: Path, index: Mapping[str, Any], spec: FamilySpec) -> None:
    """Raises UserError when model_index.json names a class for a part that is none of the family's.

    Nothing of that name would be imported anyway, but what such a folder draws is not what is trained here.
    """
    for part, named in index.items():
        if part.startswith("_") or not isinstance(named, list):
            continue
        library, kind = named if len(named) == 2 else (None, "?")
        if library is None and kind is None:
            continue
        known = spec.folder.get(part, frozenset())
        is_known = isinstance(kind, str) and (
            kind in known or (part == "scheduler" and bool(_SCHEDULER.fullmatch(kind)))
        )
        if library not in _LIBRARIES or not is_known:
            found = short(", ".join(str(word) for word in named))
            raise UserError(messages.UNKNOWN_PART(path=path, found=found, part=short(part)))


def _whole(path: Path, config: Mapping[str, Any], key: str, usual: int) -> int:
    """A whole number of the denoiser's config; a list of equal ones, one for each block, counts as one."""
    value = config.get(key, usual)
    if isinstance(value, list) and value and all(one == value[0] for one in value):
        value = value[0]
    if type(value) is int:
        return value
    raise UserError(messages.NOT_WHOLE(path=path, field=key, value=short(str(config[key]))))


def _counted(tables: Iterable[TensorTable]) -> Identity:
    entries = [entry for tensors in tables for entry in tensors.values()]
    return Identity(
        dtypes=dict(Counter(dtype for dtype, _ in entries)),
        parameters=sum(math.prod(shape) for _, shape in entries),
    )


def weight_files(folder: Path) -> list[Path]:
    """The plain .safetensors files of a folder, else its .bin files; variants (.fp16) only when alone."""
    for suffix in (".safetensors", ".bin"):
        files = sorted(folder.glob(f"*{suffix}"))
        plain = [file for file in files if not any(part in (".fp16", ".non_ema") for part in file.suffixes)]
        if files:
            return plain or files[:1]
    return []
