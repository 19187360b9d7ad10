"""One bijection between tensor names of single files (LDM) and of modules, for Stable Diffusion 1, 2 and XL.

Module names are Diffusers' and transformers', the latter without the `text_model` level that transformers
5.6 dropped; names in a single file always have it. Widths and the number of levels do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from core.formats.tensor_slots import Slot

UNET = "model.diffusion_model."
VAE = "first_stage_model."


class Place(NamedTuple):
    """Where a part lies in a single file.

    start: what the names of its tensors begin with. root: the same of its own weights. is_open_clip: a text
    encoder is laid out as OpenCLIP has it. level: what the module's paths begin with, beside its projection.
    """

    start: str
    root: str = ""
    is_open_clip: bool = False
    level: str = ""


_UNET_PLACE, _VAE_PLACE = Place(UNET, UNET), Place(VAE, VAE)
_FIRST, _SECOND = "conditioner.embedders.0.", "conditioner.embedders.1."
PLACES: Mapping[str, Mapping[str, Place]] = {
    "sd1": {
        "unet": _UNET_PLACE,
        "text_encoder": Place("cond_stage_model.", "cond_stage_model.transformer."),
        "vae": _VAE_PLACE,
    },
    "sd2": {
        "unet": _UNET_PLACE,
        "text_encoder": Place("cond_stage_model.", "cond_stage_model.model.", is_open_clip=True),
        "vae": _VAE_PLACE,
    },
    "sdxl": {
        "unet": _UNET_PLACE,
        "text_encoder": Place(_FIRST, f"{_FIRST}transformer."),
        "text_encoder_2": Place(_SECOND, f"{_SECOND}model.", is_open_clip=True, level="text_model."),
        "vae": _VAE_PLACE,
    },
}
"""Family -> part -> where it lies."""

_LOST = tuple(p.root for places in PLACES.values() for p in places.values() if p.root.endswith("former."))
"""Starts of names that lack `text_model` where a writer of transformers 5.6 wrote them."""


class Rule(NamedTuple):
    """A name, or a start of names ending in a dot, on both sides."""

    module: str
    file: str
    rows: tuple[int, int] | None = None
    is_conv: bool = False
    is_transposed: bool = False


RESNET = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("conv_shortcut", "skip_connection"),
)
VAE_RESNET = (
    ("norm1", "norm1"),
    ("conv1", "conv1"),
    ("norm2", "norm2"),
    ("conv2", "conv2"),
    ("conv_shortcut", "nin_shortcut"),
)
VAE_ATTENTION = (("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"))
_NUMBER = r"(\d{1,2})"
"""Of a block or layer in a name; rules are made for each, so what counts higher is left alone."""

MOST_VAE_RESNETS = 8
"""More than any block of a VAE has; rules for resnets that are not there match no name."""
OLD_VAE_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


def from_module(part: str, names: Iterable[str], family: str) -> dict[str, Slot]:
    """Module tensor name -> its place in a single file. part: a key of PLACES[family].

    Raises KeyError for a name that no Stable Diffusion has.
    """
    known = list(names)
    rules = {rule.module: rule for rule in _rules(part, known, family, in_file=False)}
    return {name: _slot(name, rules[_start(name, rules)]) for name in known}


def from_file(part: str, names: Iterable[str], family: str) -> dict[str, Slot]:
    """The same map, found from the names in a file; names of other parts and unknown ones are left out."""
    known = list(names)
    rules: dict[str, list[Rule]] = {}
    for rule in _rules(part, known, family, in_file=True):
        rules.setdefault(rule.file, []).append(rule)
    found: dict[str, Slot] = {}
    for name in known:
        start = _start(name, rules, default="")
        for rule in rules.get(start, []):
            module = rule.module + name[len(start) :]
            found[module] = _slot(module, rule)
    return found


def canonical(name: str) -> str:
    """A file's name as it should be: with `text_model`, also where a writer of transformers 5.6 lost it."""
    for start in _LOST:
        if name.startswith(start) and not name.startswith(f"{start}text_model."):
            return f"{start}text_model.{name[len(start) :]}"
    return name


def canonical_module(part: str, name: str) -> str:
    """A Diffusers folder's name as today's module has it: no `text_model`, no old names of VAE attention."""
    if part == "text_encoder":
        return name.removeprefix("text_model.")
    if part == "vae" and ".attentions." in name:
        for old, new in OLD_VAE_ATTENTION.items():
            name = name.replace(f".{old}.", f".{new}.")
    return name


def _slot(name: str, rule: Rule) -> Slot:
    is_conv = rule.is_conv and name.endswith(".weight")
    return Slot(rule.file + name[len(rule.module) :], rule.rows, is_conv, rule.is_transposed)


def _start(name: str, rules: Mapping[str, object], default: str | None = None) -> str:
    """The longest key of `rules` that is `name` or a start of it."""
    if name in rules:
        return name
    end = len(name)
    while (end := name.rfind(".", 0, end)) > 0:
        if name[: end + 1] in rules:
            return name[: end + 1]
    if default is None:
        raise KeyError(name)
    return default


def _rules(part: str, names: list[str], family: str, in_file: bool) -> Iterator[Rule]:
    if part == "unet":
        return _unet_rules(*(_unet_layout_of_file(names) if in_file else _unet_layout_of_module(names)))
    if part == "vae":
        return _vae_rules(
            _count(
                names,
                rf"{re.escape(VAE)}encoder\.down\.{_NUMBER}\."
                if in_file
                else rf"encoder\.down_blocks\.{_NUMBER}\.",
            )
        )
    place = PLACES[family][part]
    if place.is_open_clip:
        return _open_clip_rules(place, _count(names, rf".*?(?:resblocks|encoder\.layers)\.{_NUMBER}\."))
    return _clip_rules(place)


def _count(names: Iterable[str], pattern: str) -> int:
    """How many blocks there are: the largest number at the pattern's group, plus one."""
    search = re.compile(pattern)
    return 1 + max((int(m[1]) for name in names if (m := search.match(name))), default=-1)


def _unet_layout_of_module(names: list[str]) -> tuple[int, list[bool]]:
    """Resnets in a down block, and for each down block whether it has attention."""
    levels = _count(names, rf"down_blocks\.{_NUMBER}\.")
    resnets = _count(names, rf"down_blocks\.0\.resnets\.{_NUMBER}\.")
    return resnets, [
        any(name.startswith(f"down_blocks.{i}.attentions.") for name in names) for i in range(levels)
    ]


def _unet_layout_of_file(names: list[str]) -> tuple[int, list[bool]]:
    ops = sorted(
        {
            int(m[1])
            for name in names
            if (m := re.match(rf"{re.escape(UNET)}input_blocks\.{_NUMBER}\.0\.op\.", name))
        }
    )
    if not ops:
        return 0, []
    resnets = ops[0] - 1
    attended = {
        int(m[1])
        for name in names
        if (m := re.match(rf"{re.escape(UNET)}input_blocks\.{_NUMBER}\.1\.", name))
    }
    return resnets, [1 + i * (resnets + 1) in attended for i in range(len(ops) + 1)]


def _unet_rules(resnets: int, has_attention: list[bool]) -> Iterator[Rule]:
    def resnet(module: str, file: str) -> Iterator[Rule]:
        return (Rule(f"{module}.{a}.", f"{UNET}{file}.{b}.") for a, b in RESNET)

    yield Rule("time_embedding.linear_1.", f"{UNET}time_embed.0.")
    yield Rule("time_embedding.linear_2.", f"{UNET}time_embed.2.")
    yield Rule("add_embedding.linear_1.", f"{UNET}label_emb.0.0.")
    yield Rule("add_embedding.linear_2.", f"{UNET}label_emb.0.2.")
    yield Rule("conv_in.", f"{UNET}input_blocks.0.0.")
    yield Rule("conv_norm_out.", f"{UNET}out.0.")
    yield Rule("conv_out.", f"{UNET}out.2.")
    levels = len(has_attention)
    for i, attention in enumerate(has_attention):
        for j in range(resnets):
            n = 1 + i * (resnets + 1) + j
            yield from resnet(f"down_blocks.{i}.resnets.{j}", f"input_blocks.{n}.0")
            if attention:
                yield Rule(f"down_blocks.{i}.attentions.{j}.", f"{UNET}input_blocks.{n}.1.")
        if i < levels - 1:
            yield Rule(
                f"down_blocks.{i}.downsamplers.0.conv.", f"{UNET}input_blocks.{(i + 1) * (resnets + 1)}.0.op."
            )
    yield from resnet("mid_block.resnets.0", "middle_block.0")
    yield Rule("mid_block.attentions.0.", f"{UNET}middle_block.1.")
    yield from resnet("mid_block.resnets.1", "middle_block.2")
    for i, attention in enumerate(reversed(has_attention)):
        for j in range(resnets + 1):
            n = i * (resnets + 1) + j
            yield from resnet(f"up_blocks.{i}.resnets.{j}", f"output_blocks.{n}.0")
            if attention:
                yield Rule(f"up_blocks.{i}.attentions.{j}.", f"{UNET}output_blocks.{n}.1.")
        if i < levels - 1:
            # The upsampler stands behind the last resnet of its block, and behind the attention
            # where there is one.
            place = 2 if attention else 1
            yield Rule(
                f"up_blocks.{i}.upsamplers.0.conv.",
                f"{UNET}output_blocks.{i * (resnets + 1) + resnets}.{place}.conv.",
            )


def _vae_rules(levels: int) -> Iterator[Rule]:
    def resnet(module: str, file: str) -> Iterator[Rule]:
        return (Rule(f"{module}.{a}.", f"{VAE}{file}.{b}.") for a, b in VAE_RESNET)

    yield Rule("quant_conv.", f"{VAE}quant_conv.")
    yield Rule("post_quant_conv.", f"{VAE}post_quant_conv.")
    for side, blocks, sampler, ldm in (
        ("encoder", "down_blocks", "downsamplers", "downsample"),
        ("decoder", "up_blocks", "upsamplers", "upsample"),
    ):
        for name, ldm_name in (
            ("conv_in", "conv_in"),
            ("conv_norm_out", "norm_out"),
            ("conv_out", "conv_out"),
        ):
            yield Rule(f"{side}.{name}.", f"{VAE}{side}.{ldm_name}.")
        for j in range(2):
            yield from resnet(f"{side}.mid_block.resnets.{j}", f"{side}.mid.block_{j + 1}")
        attention, ldm_attention = f"{side}.mid_block.attentions.0", f"{VAE}{side}.mid.attn_1"
        yield Rule(f"{attention}.group_norm.", f"{ldm_attention}.norm.")
        for a, b in VAE_ATTENTION:
            yield Rule(f"{attention}.{a}.", f"{ldm_attention}.{b}.", is_conv=True)
        for i in range(levels):
            # The decoder's levels are counted from the image's side in the file, from the
            # latent's in the module.
            block = f"{side}.down.{i}" if side == "encoder" else f"{side}.up.{levels - 1 - i}"
            yield Rule(f"{side}.{blocks}.{i}.{sampler}.0.conv.", f"{VAE}{block}.{ldm}.conv.")
            for j in range(MOST_VAE_RESNETS):
                yield from resnet(f"{side}.{blocks}.{i}.resnets.{j}", f"{block}.block.{j}")


def _clip_rules(place: Place) -> Iterator[Rule]:
    for start in (
        "embeddings.token_embedding.",
        "embeddings.position_embedding.",
        "encoder.",
        "final_layer_norm.",
    ):
        yield Rule(start, f"{place.root}text_model.{start}")


def _open_clip_rules(place: Place, layers: int) -> Iterator[Rule]:
    root, level = place.root, place.level
    yield Rule(f"{level}embeddings.token_embedding.", f"{root}token_embedding.")
    yield Rule(f"{level}embeddings.position_embedding.weight", f"{root}positional_embedding")
    yield Rule(f"{level}final_layer_norm.", f"{root}ln_final.")
    if level:
        # Some programs write the matrix of transformers, named as it is there. The last rule is for writing.
        yield Rule("text_projection.weight", f"{root}text_projection.weight")
        yield Rule("text_projection.weight", f"{root}text_projection", is_transposed=True)
    for i in range(layers):
        layer, block = f"{level}encoder.layers.{i}", f"{root}transformer.resblocks.{i}"
        for a, b in (
            ("layer_norm1", "ln_1"),
            ("layer_norm2", "ln_2"),
            ("mlp.fc1", "mlp.c_fc"),
            ("mlp.fc2", "mlp.c_proj"),
            ("self_attn.out_proj", "attn.out_proj"),
        ):
            yield Rule(f"{layer}.{a}.", f"{block}.{b}.")
        for row, name in enumerate(("q_proj", "k_proj", "v_proj")):
            for kind in ("weight", "bias"):
                yield Rule(f"{layer}.self_attn.{name}.{kind}", f"{block}.attn.in_proj_{kind}", rows=(row, 3))
