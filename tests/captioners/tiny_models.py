"""Language models of a few thousand numbers, with random weights, in folders as their makers publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _tokenizer(extra: list[str], **more: Any) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(unk_token=None))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", *extra]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300 + len(extra), special_tokens=special, initial_alphabet=alphabet
    )
    made.train_from_iterator(["describe this image in detail", "a photo of a frog"] * 3, trainer)
    more = more or {"additional_special_tokens": extra}
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names, **more)


def _save(folder: Path, config: Any, *others: Any) -> Path:
    import torch
    from transformers import AutoModelForImageTextToText

    torch.manual_seed(0)
    for part in (AutoModelForImageTextToText.from_config(config), *others):
        part.save_pretrained(folder)
    return folder


_TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def llava(folder: Path, template: str = "") -> Path:
    """As JoyCaption; its template takes texts, or by default lists of parts."""
    from transformers import (
        LlamaConfig,
        LlavaConfig,
        LlavaProcessor,
        SiglipImageProcessor,
        SiglipVisionConfig,
    )

    words = _tokenizer(["<image>"])
    vision = SiglipVisionConfig(**_TEXT, image_size=28, patch_size=14)
    text = LlamaConfig(vocab_size=len(words), num_key_value_heads=1, **_TEXT, **_ENDS)
    how = {"vision_feature_select_strategy": "full"}
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2, **how,
    )  # fmt: skip
    processor = LlavaProcessor(
        image_processor=SiglipImageProcessor(size={"height": 28, "width": 28}), tokenizer=words,
        patch_size=14, image_token="<image>", num_additional_image_tokens=0, **how,
        chat_template=template or (
            "{% for m in messages %}{{ m['role'] }}: {% for c in m['content'] %}{% if c['type']=='image' %}"
            "<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}\n{% endfor %}"
            "{% if add_generation_prompt %}assistant:{% endif %}"
        ),
    )  # fmt: skip
    return _save(folder, config, processor)


def qwen(folder: Path) -> Path:
    """As Qwen3-VL."""
    from transformers import Qwen2VLImageProcessor, Qwen3VLConfig

    vision = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    words = _tokenizer([*vision, "<|im_start|>", "<|im_end|>"])
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    text = {
        "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "rope_parameters": rope, **_ENDS,
    }  # fmt: skip
    seen = {
        "depth": 3, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "in_channels": 3,
        "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 32,
        "num_position_embeddings": 16, "deepstack_visual_indexes": [0, 1],
    }  # fmt: skip
    ids = dict(zip(names, words.convert_tokens_to_ids(vision), strict=True))
    config = Qwen3VLConfig(text_config=text, vision_config=seen, **ids)
    size = {"shortest_edge": 32 * 32, "longest_edge": 128 * 128}
    images = Qwen2VLImageProcessor(patch_size=16, merge_size=2, temporal_patch_size=2, size=size)
    return _save(folder, config, images, words)


def florence(folder: Path) -> Path:
    """As Florence-2."""
    from transformers import CLIPImageProcessor, Florence2Config, Florence2Processor

    extra = ["<image>", *(f"<loc_{n}>" for n in range(1000)), "<od>", "</od>"]
    words = _tokenizer(extra, extra_special_tokens={"image_token": "<image>"})
    vision = {
        "in_channels": 3, "depths": [1] * 4, "patch_size": [7, 3, 3, 3], "patch_stride": [4, 2, 2, 2],
        "patch_padding": [3, 1, 1, 1], "patch_prenorm": [False, True, True, True],
        "embed_dim": [8, 16, 32, 64], "num_heads": [1, 2, 2, 2], "num_groups": [1, 2, 2, 2],
        "window_size": 4, "projection_dim": 32,
    }  # fmt: skip
    text = {
        "model_type": "bart", "vocab_size": len(words), "d_model": 32, "encoder_layers": 1,
        "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "decoder_start_token_id": 2, "forced_eos_token_id": 2,
        "max_position_embeddings": 256, **_ENDS,
    }  # fmt: skip
    image = words.convert_tokens_to_ids("<image>")
    config = Florence2Config(vision_config=vision, text_config=text, image_token_id=image)
    size = {"height": 128, "width": 128}
    images = CLIPImageProcessor(size=size, do_center_crop=False, crop_size=size, image_seq_length=17)
    return _save(folder, config, Florence2Processor(image_processor=images, tokenizer=words))


def blip(folder: Path) -> Path:
    """As BLIP; its words are BERT's, one a token here."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertTokenizerFast, BlipConfig, BlipImageProcessor, BlipProcessor

    listed = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "a", "photo", "of", "frog", "pond"]
    made = Tokenizer(models.WordPiece({word: n for n, word in enumerate(listed)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    words = BertTokenizerFast(tokenizer_object=made)
    ends = {"pad_token_id": 0, "bos_token_id": 5, "eos_token_id": 3, "sep_token_id": 3}
    text = {**_TEXT, "vocab_size": len(listed), "encoder_hidden_size": 16, "projection_dim": 8, **ends}
    vision = {**_TEXT, "image_size": 32, "patch_size": 16, "projection_dim": 8}
    config = BlipConfig(text_config=text, vision_config=vision)
    images = BlipImageProcessor(size={"height": 32, "width": 32})
    return _save(folder, config, BlipProcessor(images, words))
