"""What a model's file holds beside the weights of its parts: what is left alone, said, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.counting import counted
from core.errors import Problem, UserError, plain_problem
from core.events import Warned
from core.formats.checkpoint import SingleFile
from core.formats.diffusers_dir import Folder
from core.formats.scaled import ScaledFile
from core.formats.tensor_slots import Shape
from core.formats.tensors import Lazy
from core.models.sd import tensor_names
from core.reading import short

EMA = "model_ema."
"""What the names of averaged weights begin with; the trainer of the first models kept both kinds."""

POSITIONS = "position_ids"
"""The last part of the name of CLIP's counted positions, which are 0, 1, 2, ... and nothing else."""

_STARTS = {"unet": tensor_names.UNET, "text_encoder": "cond_stage_model.", "vae": tensor_names.VAE}
_UNUSED_ENDS = (POSITIONS, "text_projection", "logit_scale", "attn_mask")
_UNUSED_PARTS = (
    ".vision_model.", ".visual_projection.", "text_projection.", "first_stage_model.loss.",
    "first_stage_model.model_ema.", ".transformer.resblocks.",
)  # fmt: skip
"""What other programs keep in a text encoder or VAE and no picture depends on; the last: a layer too many."""

Store = SingleFile | Folder


def refuse_unknown(path: Path, part: str, store: Store, wanted: Mapping[str, Shape], key: str) -> list[str]:
    """Names of tensors in a part that nothing uses. wanted: the module's, all of which the store has.

    Raises UserError for those that a picture depends on: any more of a U-Net, and what stands in the same
    layer as a known weight, such as the scale of a quantised one.
    """
    used, others = _names(store, part, wanted)
    layers = {name.rpartition(".")[0] for name in used}
    others = [name for name in others if not _is_harmless(name, layers)]
    bad = [name for name in others if part == "unet" or name.rpartition(".")[0] in layers]
    own = store.names if isinstance(store, SingleFile) else {}
    if bad:
        raise UserError(_depends(path, part, [own.get(name, name) for name in bad], key))
    return [own.get(name, name) for name in others]


def notices(
    path: Path, store: Store, wanted: Mapping[str, Mapping[str, Shape]], others: list[str]
) -> Iterator[Warned]:
    """What is said of a file that is loaded: averaged weights, broken positions, fp8, unused tensors."""
    files = (
        [store.file]
        if isinstance(store, SingleFile)
        else [file for part in store.parts.values() for file in part.files]
    )
    averaged = sum(name.startswith(EMA) for file in files for name in file.tensors)
    if averaged > 2:  # two are counters
        yield _averaged(path)
    if isinstance(store, Folder) and any((path / "unet").glob("*.non_ema.*")):
        yield _plain_beside(path)
    if isinstance(store, SingleFile) and broken_positions(store):
        yield _positions(path)
    small = sum(
        store.dtype(part, name).itemsize == 1
        for part, names in wanted.items()
        for name in names.keys() & store.shapes(part).keys()
    )
    scaled = sum(file.count for file in files if isinstance(file, ScaledFile))
    if small or scaled:
        yield _float8(path, small + scaled, is_scaled=bool(scaled))
    if others:
        yield _unused(path, others)


def broken_positions(store: SingleFile) -> dict[str, Lazy]:
    """The counted positions as they should be, by their name in the file, where the file's are not so."""
    found: dict[str, Lazy] = {}
    for name in store.file.tensors:
        if name.split(".")[-1] == POSITIONS and name.startswith(_STARTS["text_encoder"]):
            wrote = store.file.read(name)
            right = torch.arange(wrote.numel())
            if not torch.equal(wrote.flatten().double(), right.double()):
                found[name] = _whole(right, tuple(wrote.shape))
    return found


def _names(store: Store, part: str, wanted: Mapping[str, Shape]) -> tuple[set[str], list[str]]:
    """Names in the file of what a part uses, and those of what lies in the part beside it."""
    if isinstance(store, Folder):
        places = store.parts[part].place
        return (
            {places[name][1] for name in wanted},
            [own for name, (_, own) in places.items() if name not in wanted],
        )
    used = {store.slots[part][name].name for name in wanted}
    canonical = {own: name for name, own in store.names.items()}
    inside = (canonical.get(own, own) for own in store.file.tensors)
    return used, [name for name in inside if name.startswith(_STARTS[part]) and name not in used]


def _is_harmless(name: str, layers: set[str]) -> bool:
    """Whether other programs keep it there and nothing is drawn with it. layers: those of known weights."""
    is_apart = name.rpartition(".")[0] not in layers
    return name.split(".")[-1] in _UNUSED_ENDS or (is_apart and any(part in name for part in _UNUSED_PARTS))


def _whole(numbers: Tensor, shape: Shape) -> Lazy:
    return Lazy(torch.int64, shape, lambda: numbers.reshape(shape))


def _depends(path: Path, part: str, names: list[str], key: str) -> Problem:
    first = ", ".join(short(name) for name in names[:5])
    return plain_problem(
        "E-MODEL-KEYS",
        f"{path} holds {counted(len(names), 'tensor')} in its {part} that no Stable Diffusion 1 or 2 has: "
        f"{first}. "
        "It is of another variant, or quantised; choose a plain model in fp16, bf16 or float32.",
        f"{path} の{part}には、Stable Diffusion 1・2にないテンソルが{len(names)}個あります：{first}。"
        "別の種類か量子化されたモデルです。fp16・bf16・float32の通常のモデルを選んでください。",
        key=key,
        path=str(path),
    )


def _averaged(path: Path) -> Warned:
    return Warned(
        plain_problem(
            "W-MODEL-EMA",
            f"{path} holds its U-Net twice, plain and averaged (EMA); the plain weights are used. "
            "The averaged ones are left out of a model whose U-Net is trained.",
            f"{path} にはU-Netの通常の重みとEMAの重みがあり、通常の重みを使います。"
            "U-Netを学習したモデルには、EMAの重みを保存しません。",
            path=str(path),
        )
    )


def _plain_beside(path: Path) -> Warned:
    return Warned(
        plain_problem(
            "W-MODEL-EMA",
            f"{path} holds its U-Net twice; the averaged weights "
            "(EMA) are used, not the files called non_ema.",
            f"{path} にはU-Netの重みが2種類あり、EMAの重みを使います（non_emaのファイルは使いません）。",
            path=str(path),
        )
    )


def _positions(path: Path) -> Warned:
    return Warned(
        plain_problem(
            "W-MODEL-POSITIONS",
            f"{path}: its position_ids are broken, as merging in half precision leaves them. "
            "0, 1, 2, ... is used, and written into the model that is saved.",
            f"{path}：position_idsが壊れています（半精度でのマージでよく起こります）。"
            "正しい値（0, 1, 2, ...）を使い、保存するモデルにもそれを書き込みます。",
            path=str(path),
        )
    )


def _float8(path: Path, count: int, is_scaled: bool) -> Warned:
    en, ja = (" times a scale", "、スケール付き") if is_scaled else ("", "")
    return Warned(
        plain_problem(
            "W-MODEL-FP8",
            f"{path} is in fp8 ({counted(count, 'tensor')}{en}), which keeps 2 or 3 bits after the point. "
            "It is used as float32; a file in fp16 gives better results.",
            f"{path} はfp8（テンソル{count}個{ja}、仮数部2～3ビット）です。float32に変換して使いますが、"
            "fp16のファイルのほうが高品質です。",
            path=str(path),
        )
    )


def _unused(path: Path, names: list[str]) -> Warned:
    first = ", ".join(short(name) for name in names[:3])
    return Warned(
        plain_problem(
            "W-MODEL-UNUSED",
            f"{path} holds {counted(len(names), 'tensor')} that nothing here uses ({first}).",
            f"{path} には使われないテンソルが{len(names)}個あります（{first}）。",
            path=str(path),
        )
    )
