"""The families of models that can be trained: facts, known without torch. Their code is in core.models."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from core.catalog import Role, Size, Words

_LAYER = re.compile(r"encoder\.layers\.(\d+)\.")


class Sides(NamedTuple):
    """How the blocks of a part are counted: those before the first that goes down, those that go down, are in
    the middle and go up; further ones are behind.
    """

    before: int = 0
    down: int = 0
    middle: int = 0
    up: int = 0


class Part(NamedTuple):
    """A network of a model.

    name: its folder in Diffusers' layout. lora_prefix: of its modules' names in a LoRA file, "" for none.
    level: what files write before a module's path, which the module itself has no more. lora_layers:
    pattern of the paths where Linear and 1x1 layers get a LoRA. lora_convolutions: the same, of all layers,
    where larger convolutions are adapted too. blocks: the starts of the paths in each block that may have a
    rank and a learning rate of its own; what is in none counts as the first. sides: which of them go down and
    up, as options name them. rates: options of [train] with its learning rate, the first that is set counts.
    pad_token_id: what fills a caption up for this encoder. unused_layers: its last layers that nothing reads;
    then the norm behind them is not read either. embedding: what an embedding file calls the vectors that a
    word has in this encoder.
    """

    name: str
    role: Role
    lora_prefix: str = ""
    level: str = ""
    lora_layers: str = ""
    lora_convolutions: str = ""
    blocks: tuple[tuple[str, ...], ...] = ()
    sides: Sides = Sides()
    rates: tuple[str, ...] = ()
    pad_token_id: int = 0
    unused_layers: int = 0
    embedding: str = ""

    def unused(self, names: Iterable[str]) -> tuple[str, ...]:
        """Starts of the paths of weights that nothing reads, and so never learn. names: of all weights."""
        if not self.unused_layers:
            return ()
        layers = 1 + max((int(found[1]) for name in names if (found := _LAYER.match(name))), default=-1)
        every = range(layers - self.unused_layers, layers)
        return *(f"encoder.layers.{n}." for n in every), "final_layer_norm."

    def block_of(self, path: str) -> int:
        """The number of the block that a module lies in."""
        return next((n for n, starts in enumerate(self.blocks) if path.startswith(starts)), 0)


class Titles(NamedTuple):
    """Names of a model in files: modelspec.architecture, ss_base_model_version, and our variant.

    side: pixels of the images that it was trained on, along one side.
    """

    architecture: str
    base_version: str
    variant: str = ""
    side: int = 0


class Marks(NamedTuple):
    """What the files of a family are known by.

    name: short, for messages. tensors: parts of names that a single file of it has, all of them. context_dim:
    width of the text states that its denoiser takes, 0 where that tells nothing. versions: parts of the names
    that metadata gives it. adapters: parts of names that only its adapters have. pipelines: Diffusers' class
    -> our variant. variants: a tensor, or the start of its name, that only a variant has -> that variant.
    schedulers: start of the class of a Diffusers folder's scheduler -> the variant that has such a one.
    depths: transformer blocks in the deepest attention of a denoiser that is not of this family's depth ->
    the model that has so many; every other number than `depth` is another model too.
    """

    name: str
    tensors: tuple[str, ...] = ()
    context_dim: int = 0
    versions: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    pipelines: Mapping[str, str] = MappingProxyType({})
    variants: Mapping[str, str] = MappingProxyType({})
    schedulers: Mapping[str, str] = MappingProxyType({})
    depth: int = 0
    depths: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class FamilySpec:
    """Facts about a family of models, known without torch.

    code: "module:attribute" of the family's functions, imported on first use. files: the module that opens
    its files without torch.
    parts: in the order they are read. titles: what a model can predict -> its names in files.
    usual_prediction: of files that do not say it; "" where that can't be known.
    latent_stride: pixels per latent cell. size_step: every trained side is a multiple of this many pixels.
    latent_scale: latents are multiplied by it after encoding.
    text_layer: layer from the end whose text states are taken. hidden_act: activation in its text encoder,
    which tells folders of other sizes apart.
    folder: subfolder of Diffusers' layout -> the classes that it may be of.
    script_prefix: what sd-scripts' training scripts for it begin with; "" for those that have no prefix.
    lora_implementation: whose layout the names in its LoRA files follow, for modelspec.implementation.
    defaults: options -> what suits these models better than the options' own defaults.
    known_as: what settings of other trainers call these models, in lower case.
    """

    name: str
    words: Words
    code: str
    files: str
    marks: Marks
    parts: tuple[Part, ...]
    titles: Mapping[str, Titles]
    latent_channels: int
    latent_stride: int
    size_step: int
    default_size: Size
    usual_prediction: str = ""
    latent_scale: float = 1.0
    text_layer: int = 1
    hidden_act: str = ""
    folder: Mapping[str, frozenset[str]] = field(default_factory=dict)
    script_prefix: str = ""
    lora_implementation: str = "diffusers"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    known_as: frozenset[str] = frozenset()

    def names(self, *roles: Role) -> list[str]:
        """Names of the parts of these roles, role by role."""
        return [part.name for role in roles for part in self.parts if part.role == role]

    def part(self, name: str) -> Part:
        """The part of this name. Raises KeyError when there is none."""
        return {part.name: part for part in self.parts}[name]

    @property
    def blocks_of(self) -> Part | None:
        """The part whose blocks have ranks and learning rates of their own, None where none has."""
        return next((part for part in self.parts if any(part.sides)), None)

    @property
    def text_rates(self) -> list[str]:
        """The options with the learning rate of each text encoder alone, in their order."""
        return [f"train.{part.rates[0]}" for part in self.parts if part.role == "text" and part.rates]

    @property
    def adaptable(self) -> list[Part]:
        """The parts that a LoRA may be for."""
        return [part for part in self.parts if part.lora_prefix]


def _unet_block(side: str, level: int, number: int) -> tuple[str, ...]:
    """Paths in one block of a U-Net, as sd-scripts counts: three to a level, samplers with the third."""
    kinds = [f"resnets.{number}.", f"attentions.{number}."]
    if number == 2:
        kinds.append(f"{side}samplers.")
    return tuple(f"{side}_blocks.{level}.{kind}" for kind in kinds)


_UNET_BLOCKS = (
    ("conv_in.", "time_embedding."),
    *(_unet_block("down", n // 3, n % 3) for n in range(11)),
    ("mid_block.",),
    *(_unet_block("up", n // 3, n % 3) for n in range(12)),
)
_UNET_SIDES = Sides(0, 12, 1, 12)
"""As sd-scripts counts: the first that goes down holds no layer of a LoRA."""
_XL_BLOCKS = (
    ("time_embedding.", "add_embedding."),
    ("conv_in.",),
    *((f"down_blocks.0.resnets.{n}.",) for n in range(2)),
    ("down_blocks.0.downsamplers.",),
    *((f"down_blocks.1.resnets.{n}.", f"down_blocks.1.attentions.{n}.") for n in range(2)),
    ("down_blocks.1.downsamplers.",),
    *((f"down_blocks.2.resnets.{n}.", f"down_blocks.2.attentions.{n}.") for n in range(2)),
    *((f"mid_block.{kind}.",) for kind in ("resnets.0", "attentions.0", "resnets.1")),
    *(_unet_block("up", n // 3, n % 3) for n in range(9)),
    ("conv_norm_out.", "conv_out."),
)
"""As sd-scripts counts the 23 of SDXL: the embeddings, input_blocks 0-8, middle_block 0-2, output_blocks 0-8,
out."""
_XL_SIDES = Sides(1, 9, 3, 9)

_CLIP_LAYERS = r"(^|\.)layers\.\d+\.(self_attn\.(q_proj|k_proj|v_proj|out_proj)|mlp\.(fc1|fc2))$"


def _unet(blocks: tuple[tuple[str, ...], ...], sides: Sides) -> Part:
    """As sd-scripts adapts it: 192 layers for SD1 and SD2, 722 for SDXL; with convolutions 278 and 788."""
    convolutions = r"(^|\.)(resnets|downsamplers|upsamplers)\.\d+\."
    return Part("unet", "denoiser", "lora_unet", "", r"(^|\.)attentions\.\d+\.", convolutions, blocks, sides)


_TEXT_RATES = ("text_encoder_lr", "learning_rate")
_END_MARK = 49407


def _clip(
    name: str, prefix: str, level: str, pad: int, *rates: str, unused: int = 0, embedding: str = "emb_params"
) -> Part:
    """As sd-scripts adapts it: 72 layers of CLIP-L, 192 of OpenCLIP-bigG."""
    return Part(
        name, "text", prefix, level, _CLIP_LAYERS, rates=(*rates, *_TEXT_RATES), pad_token_id=pad,
        unused_layers=unused, embedding=embedding,
    )  # fmt: skip


def _sd_parts(pad: int) -> tuple[Part, ...]:
    return (
        Part("vae", "vae"),
        _clip("text_encoder", "lora_te", "text_model", pad),
        _unet(_UNET_BLOCKS, _UNET_SIDES),
    )


_XL_PARTS = (
    Part("vae", "vae"),
    _clip("text_encoder", "lora_te1", "text_model", _END_MARK, unused=1, embedding="clip_l"),
    _clip("text_encoder_2", "lora_te2", "", 0, "text_encoder_2_lr", embedding="clip_g"),
    _unet(_XL_BLOCKS, _XL_SIDES),
)

_SD_PIPELINES = MappingProxyType(
    {
        "StableDiffusionPipeline": "", "StableDiffusionImg2ImgPipeline": "",
        "StableDiffusionInpaintPipeline": "inpainting",
        "StableDiffusionInstructPix2PixPipeline": "instruct-pix2pix",
        "StableDiffusionDepth2ImgPipeline": "depth", "StableDiffusionUpscalePipeline": "upscaler",
        "StableDiffusionLatentUpscalePipeline": "upscaler", "StableUnCLIPPipeline": "unclip",
        "StableUnCLIPImg2ImgPipeline": "unclip",
    }
)  # fmt: skip
_OTHER_NOISE = MappingProxyType({"EDM": "EDM", "FlowMatch": "flow matching"})
_SD_FOLDER = MappingProxyType(
    {
        "unet": frozenset({"UNet2DConditionModel"}),
        "vae": frozenset({"AutoencoderKL"}),
        "text_encoder": frozenset({"CLIPTextModel", "CLIPTextModelWithProjection"}),
        "tokenizer": frozenset({"CLIPTokenizer", "CLIPTokenizerFast"}),
        "safety_checker": frozenset({"StableDiffusionSafetyChecker"}),
        "feature_extractor": frozenset(
            {"CLIPFeatureExtractor", "CLIPImageProcessor", "CLIPImageProcessorFast"}
        ),
        "image_encoder": frozenset({"CLIPVisionModelWithProjection"}),
    }
)


_XL_FOLDER = MappingProxyType(
    {
        **_SD_FOLDER,
        "text_encoder_2": frozenset({"CLIPTextModelWithProjection"}),
        "tokenizer_2": _SD_FOLDER["tokenizer"],
    }
)


def _stable_diffusion(
    name: str, marks: Marks, titles: Mapping[str, Titles], pad: int, **facts: Any
) -> FamilySpec:
    words = Words(f"Stable Diffusion {name[-1]}.x", f"Stable Diffusion {name[-1]}.x")
    code, files = "core.models.sd.family:SD", "core.models.sd.files"
    return FamilySpec(
        name, words, code, files, marks, _sd_parts(pad), titles, latent_channels=4, latent_stride=8,
        size_step=64, latent_scale=0.18215, folder=_SD_FOLDER, **facts,
    )  # fmt: skip


_SD2_NAMES = frozenset(
    (*(f"stable_diffusion_{n}" for n in ("20", "20_base", "21", "21_base")), "sd2x", "sd2", "sd21", "is_v2")
)


def _defaults(side: int, smallest: int, largest: int, **more: Any) -> dict[str, Any]:
    """What suits models trained at this side length."""
    sizes = {"resolution": (side, side), "min_bucket_reso": smallest, "max_bucket_reso": largest}
    return {f"dataset.{name}": value for name, value in sizes.items()} | {
        f"train.{name}": value for name, value in more.items()
    }


_DENOISER = "model.diffusion_model."
_FAMILIES = {
    "sd1": _stable_diffusion(
        "sd1",
        Marks(
            "SD1", (_DENOISER, "cond_stage_model.transformer."), 768, ("sd_v1", "diffusion-v1"),
            pipelines=_SD_PIPELINES, schedulers=_OTHER_NOISE,
        ),
        {
            "epsilon": Titles("stable-diffusion-v1", "sd_v1", side=512),
            "v": Titles("stable-diffusion-v1", "sd_v1_v", side=512),
        },
        default_size=Size(512, 512), usual_prediction="epsilon", hidden_act="quick_gelu", pad=_END_MARK,
        defaults=_defaults(512, 256, 1024),
        known_as=frozenset(("stable_diffusion_15", "sd1x", "sd15", "sd1")),
    ),
    "sd2": _stable_diffusion(
        "sd2",
        Marks(
            "SD2", (_DENOISER, "cond_stage_model.model."), 1024, ("sd_v2", "diffusion-v2"),
            pipelines=_SD_PIPELINES, schedulers=_OTHER_NOISE, variants={f"{_DENOISER}label_emb.": "unclip"},
        ),
        {
            "epsilon": Titles("stable-diffusion-v2-512", "sd_v2", "base", 512),
            "v": Titles("stable-diffusion-v2-768-v", "sd_v2_v", "768-v", 768),
        },
        pad=0, default_size=Size(768, 768), text_layer=2, hidden_act="gelu",
        defaults=_defaults(768, 256, 1024), known_as=_SD2_NAMES,
    ),
    "sdxl": FamilySpec(
        "sdxl", Words("Stable Diffusion XL", "Stable Diffusion XL"), "core.models.sdxl.family:SDXL",
        "core.models.sd.files",
        Marks(
            "SDXL", (_DENOISER, "conditioner.embedders.1."), 2048, ("sdxl", "-xl-"),
            ("lora_te2_", "text_encoder_2."),
            {
                "StableDiffusionXLPipeline": "", "StableDiffusionXLImg2ImgPipeline": "",
                "StableDiffusionXLInpaintPipeline": "inpainting",
                "StableDiffusionXLInstructPix2PixPipeline": "instruct-pix2pix",
            },
            {"edm_mean": "EDM (Playground 2.5)", "edm_vpred.sigma_max": "EDM v-prediction"},
            schedulers=_OTHER_NOISE, depth=10,
            depths={4: "SSD-1B", 2: "Segmind-Vega", 5: "KOALA-700M", 6: "KOALA-1B"},
        ),
        _XL_PARTS,
        {
            prediction: Titles("stable-diffusion-xl-v1-base", "sdxl_base_v1-0", side=1024)
            for prediction in ("epsilon", "v")
        },
        latent_channels=4, latent_stride=8, size_step=32, default_size=Size(1024, 1024),
        usual_prediction="epsilon", latent_scale=0.13025, text_layer=2, folder=_XL_FOLDER,
        script_prefix="sdxl_", known_as=frozenset(("stable_diffusion_xl_10_base", "sdxl", "xl", "is_xl")),
        lora_implementation="https://github.com/Stability-AI/generative-models",
        defaults=_defaults(
            1024, 512, 2048, text_encoder_lr=0.0, gradient_checkpointing=True, precision="bf16"
        ) | {"dataset.cache_latents": True},
    ),
}  # fmt: skip
FAMILIES: Mapping[str, FamilySpec] = MappingProxyType(_FAMILIES)


def known_as(name: str) -> FamilySpec | None:
    """The family that another trainer's settings call so; None for one that is not here."""
    return next((family for family in FAMILIES.values() if name.lower() in family.known_as), None)


def size_step(family: FamilySpec | None = None) -> int:
    """Pixels that every trained side is a multiple of; without a family what suits all of them."""
    return family.size_step if family else math.lcm(*(spec.size_step for spec in FAMILIES.values()))
