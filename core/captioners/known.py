"""The taggers and captioners that people use, by their names on the Hugging Face Hub. Facts, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.captioners.manifest import Manifest
from core.catalog import Words

WD = Manifest(size=448)
"""WD taggers v3 give probabilities for images padded with white, as blue, green, red from 0 to 255.

Source: https://huggingface.co/spaces/SmilingWolf/wd-tagger, app.py.
"""

CL = Manifest(
    folder="cl_tagger_1_02",
    tags="tag_mapping.json",
    tag_format="json",
    size=448,
    layout="nchw",
    scale=255.0,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    activation="sigmoid",
    categories={
        name: name.lower()
        for name in (
            *("General", "Character", "Copyright", "Artist"),
            *("Meta", "Model", "Quality", "Rating"),
        )
    },
    thresholds={"general": 0.35, "character": 0.6},
)
"""Source: kohya-ss/sd-scripts, finetune/tag_images_by_wd14_tagger.py (blue first; values -1 to 1)."""

CL2 = Manifest(
    folder="v2_01a",
    tags="model_vocabulary.json",
    files=("model.onnx.data",),
    tag_format="json",
    size=384,
    layout="nchw",
    channels="rgb",
    scale=255.0,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    output="logits",
    activation="sigmoid",
    categories=CL.categories,
    thresholds={"general": 0.5, "character": 0.5},
)
"""Source: wai55555/PixaiTaggerOnnxGui, the manifest of cl_tagger_v2 (red first, unlike 1.02)."""

PIXAI = Manifest(
    layout="nchw",
    channels="rgb",
    scale=255.0,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    pad=None,
    filter="bilinear",
    output="prediction",
    size=448,
    thresholds={"general": 0.3, "character": 0.85},
)
"""Source: deepghs/imgutils, zoo/pixai_tagger/min_script.py (stretched, not padded)."""


@dataclass(frozen=True)
class Known:
    """A model that the window offers. words: its name and what to know of it. manifest: of a tagger."""

    words: Words
    manifest: Manifest | None = None


KNOWN: Mapping[str, Known] = MappingProxyType(
    {
        "SmilingWolf/wd-swinv2-tagger-v3": Known(
            Words("WD SwinV2 v3 (recommended)", "WD SwinV2 v3（おすすめ）"), WD
        ),
        "SmilingWolf/wd-eva02-large-tagger-v3": Known(
            Words("WD EVA02-Large v3: more exact, slower", "WD EVA02-Large v3：より正確、遅い"), WD
        ),
        "SmilingWolf/wd-vit-large-tagger-v3": Known(Words("WD ViT-Large v3", "WD ViT-Large v3"), WD),
        "SmilingWolf/wd-vit-tagger-v3": Known(Words("WD ViT v3", "WD ViT v3"), WD),
        "SmilingWolf/wd-convnext-tagger-v3": Known(Words("WD ConvNeXt v3", "WD ConvNeXt v3"), WD),
        "cella110n/cl_tagger": Known(
            Words("CL 1.02: newer characters", "CL 1.02：新しいキャラクターに対応"), CL
        ),
        "cella110n/cl_tagger_v2": Known(
            Words(
                "CL 2: most tags; accept its terms on the Hub first",
                "CL 2：タグ数が最多（先にHubで利用条件への同意が必要）",
            ),
            CL2,
        ),
        "deepghs/pixai-tagger-v0.9-onnx": Known(
            Words("PixAI v0.9: newer characters", "PixAI v0.9：新しいキャラクターに対応"), PIXAI
        ),
        "Qwen/Qwen3-VL-2B-Instruct": Known(
            Words("Qwen3-VL 2B: about 6 GB of memory", "Qwen3-VL 2B：メモリ約6 GB")
        ),
        "Qwen/Qwen3-VL-4B-Instruct": Known(
            Words("Qwen3-VL 4B: about 10 GB of memory", "Qwen3-VL 4B：メモリ約10 GB")
        ),
        "Qwen/Qwen3-VL-8B-Instruct": Known(
            Words("Qwen3-VL 8B: about 18 GB of memory", "Qwen3-VL 8B：メモリ約18 GB")
        ),
        "fancyfeast/llama-joycaption-beta-one-hf-llava": Known(
            Words("JoyCaption beta one: about 18 GB of memory", "JoyCaption beta one：メモリ約18 GB")
        ),
        "florence-community/Florence-2-base": Known(
            Words("Florence-2 base: fast, about 1 GB of memory", "Florence-2 base：高速、メモリ約1 GB")
        ),
        "florence-community/Florence-2-large": Known(
            Words("Florence-2 large: about 2 GB of memory", "Florence-2 large：メモリ約2 GB")
        ),
        "Salesforce/blip-image-captioning-large": Known(
            Words("BLIP large: one short sentence, about 2 GB", "BLIP large：短い1文、メモリ約2 GB")
        ),
    }
)
"""Hub id -> what is known. Memory: of the weights in 16 bit and what they work with; on a GPU."""

DEFAULT = "SmilingWolf/wd-swinv2-tagger-v3"


def manifest_of(name: str) -> Manifest | None:
    """The manifest of a tagger by its Hub id, or by a folder of the same name."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()
    for known, one in KNOWN.items():
        if one.manifest is not None and last in (
            known.rpartition("/")[2].casefold(),
            one.manifest.folder.casefold() or None,
        ):
            return one.manifest
    return None
