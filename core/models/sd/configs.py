"""Architecture of the real Stable Diffusion 1, 2 and XL as Diffusers describes it; nothing is downloaded.

Source: the config.json files of stable-diffusion-v1-5, -2-1 and -xl-base-1.0, the entries that differ
from the libraries' defaults or that other programs look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Config = dict[str, Any]

_VAE: Config = {
    "_class_name": "AutoencoderKL",
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "scaling_factor": 0.18215,
}

_UNET: Config = {
    "_class_name": "UNet2DConditionModel",
    "act_fn": "silu",
    "block_out_channels": [320, 640, 1280, 1280],
    "center_input_sample": False,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 2,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
}

_TEXT: Config = {
    "architectures": ["CLIPTextModel"],
    "model_type": "clip_text_model",
    "attention_dropout": 0.0,
    "bos_token_id": 49406,
    "eos_token_id": 49407,
    "initializer_factor": 1.0,
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 77,
    "vocab_size": 49408,
}

_SCHEDULE: Config = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "clip_sample": False,
}


_COUNTS: Mapping[str, int] = {
    "layers_per_block": 16, "transformer_layers_per_block": 32, "reverse_transformer_layers_per_block": 32,
    "num_hidden_layers": 64, "mid_block_layers": 16,
}  # fmt: skip
"""Entry of a config that says how often something is repeated -> as often as it may be."""
_MOST_BLOCKS = 8


def refuse_endless(config: Mapping[str, Any]) -> None:
    """Raises ValueError when a config asks for more layers than any Stable Diffusion has, or builds."""
    for key, most in _COUNTS.items():
        for count in _flat(config.get(key)):
            if type(count) is not int or not 0 <= count <= most:
                raise ValueError(f"{key} = {count!r:.40}")
    for key, value in config.items():
        if isinstance(value, list | dict) and len([*_flat(value)]) > _MOST_BLOCKS**2:
            raise ValueError(f"{key} has {len(value)} entries")
        if key.endswith("_block_types") and len(value) > _MOST_BLOCKS:
            raise ValueError(f"{key} has {len(value)} entries")


def _flat(value: Any) -> Iterator[Any]:
    """The numbers of a number, or of lists in lists; nothing of None."""
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flat(part)
    elif value is not None:
        yield value


def architecture(family: str) -> dict[str, Config]:
    """Part -> its config, of the real models of a family."""
    if family == "sd1":
        unet = _UNET | {"cross_attention_dim": 768, "attention_head_dim": 8, "sample_size": 64}
        text = _TEXT | {
            "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
            "projection_dim": 768, "hidden_act": "quick_gelu", "pad_token_id": 1,
        }  # fmt: skip
        return {"unet": unet, "text_encoder": text, "vae": _VAE | {"sample_size": 512}}
    if family == "sd2":
        unet = _UNET | {
            "cross_attention_dim": 1024, "attention_head_dim": [5, 10, 20, 20], "use_linear_projection": True,
            "sample_size": 96,
        }  # fmt: skip
        # 23 of OpenCLIP-H's 24 layers: the last is never used.
        text = _TEXT | {
            "hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
            "num_hidden_layers": 23, "projection_dim": 512, "hidden_act": "gelu", "pad_token_id": 1,
        }  # fmt: skip
        return {"unet": unet, "text_encoder": text, "vae": _VAE | {"sample_size": 768}}
    if family == "sdxl":
        unet = _UNET | {
            "block_out_channels": [320, 640, 1280],
            "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2,
            "up_block_types": ["CrossAttnUpBlock2D"] * 2 + ["UpBlock2D"],
            "transformer_layers_per_block": [1, 2, 10], "attention_head_dim": [5, 10, 20],
            "cross_attention_dim": 2048, "use_linear_projection": True, "sample_size": 128,
            "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        }  # fmt: skip
        text = architecture("sd1")["text_encoder"]
        second = _TEXT | {
            "architectures": ["CLIPTextModelWithProjection"], "hidden_size": 1280, "intermediate_size": 5120,
            "num_attention_heads": 20, "num_hidden_layers": 32, "projection_dim": 1280, "hidden_act": "gelu",
            "pad_token_id": 1,
        }  # fmt: skip
        vae = _VAE | {"sample_size": 1024, "scaling_factor": 0.13025, "force_upcast": True}
        return {"unet": unet, "text_encoder": text, "text_encoder_2": second, "vae": vae}
    raise KeyError(family)


def schedule(prediction: str) -> Config:
    """The noise schedule every Stable Diffusion was trained with. prediction: "epsilon" or "v"."""
    return _SCHEDULE | {"prediction_type": "v_prediction" if prediction == "v" else "epsilon"}
