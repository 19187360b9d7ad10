"""What becomes of the names that sd-scripts and kohya_ss have and our options do not.

Every name of the reference is an option here, another name for one (`opt(sd_scripts=...)`), or stands in one
of these tables with its reason. A test holds them against the reference's own list of arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.catalog import Words


def _table(*groups: tuple[str, tuple[str, str] | Words]) -> dict[str, Words]:
    """Name -> why, in both languages."""
    return {name: Words(*reason[:2]) for names, reason in groups for name in names.split()}


NOT_NEEDED: Mapping[str, Words] = _table(
    (
        "max_data_loader_n_workers persistent_data_loader_workers highvram lowram lowvram vae_batch",
        ("images are loaded by threads here", "画像の読み込みはスレッドで行うため"),
    ),
    (
        "output_config console_log_level console_log_file console_log_simple",
        ("the console decides this itself", "コンソール側で決まるため"),
    ),
    (
        "log_with log_tracker_name log_tracker_config log_config wandb_api_key wandb_run_name",
        ("the log is always TensorBoard's", "ログは常にTensorBoard形式のため"),
    ),
    (
        "use_safetensors debug_dataset skip_cache_check cache_info tokenizer_cache_dir "
        "disable_mmap_load_safetensors mem_eff_save",
        ("this is always done right without it", "指定しなくても正しく行うため"),
    ),
    (
        "cache_text_encoder_outputs",
        (
            "the output of a text encoder that is not trained is always cached",
            "学習しないText Encoderの出力は常にキャッシュするため",
        ),
    ),
    (
        "cache_text_encoder_outputs_to_disk",
        (
            "it is cached without it, and kept on disk with dataset.cache_latents_to_disk",
            "指定しなくてもキャッシュし、dataset.cache_latents_to_diskでディスクに残すため",
        ),
    ),
    ("no_half_vae", ("the VAE is always computed in float32", "VAEは常にfloat32で計算するため")),
    (
        "ddp_gradient_as_bucket_view ddp_static_graph ddp_timeout",
        ("several GPUs are used without it", "指定しなくても複数のGPUを使えるため"),
    ),
    (
        "cpu_offload_checkpointing unsloth_offload_checkpointing",
        (
            "it changes the memory needed and not the result; train.gradient_checkpointing saves most of it",
            "結果は変わらず、メモリはtrain.gradient_checkpointingでほぼ節約できるため",
        ),
    ),
    (
        "dynamo_backend compile_backend compile_cache_size_limit compile_dynamic compile_fullgraph "
        "compile_mode",
        ("it belongs to torch_compile, which is not used here", "ここでは使わないtorch_compileの設定のため"),
    ),
    (
        "fp16_master_weights_and_gradients offload_optimizer_device offload_optimizer_nvme_path "
        "offload_param_device offload_param_nvme_path zero3_init_flag zero3_save_16bit_model zero_stage",
        ("it belongs to DeepSpeed, which is not used here", "ここでは使わないDeepSpeedの設定のため"),
    ),
    (
        "async_upload huggingface_path_in_repo huggingface_repo_type huggingface_repo_visibility "
        "huggingface_token",
        ("nothing is uploaded from here", "ここからはアップロードしないため"),
    ),
    (
        "metadata_is_negative_embedding metadata_merged_from metadata_preprocessor metadata_thumbnail "
        "metadata_trigger_phrase metadata_usage_hint",
        (
            "it is not written into the file here; save.training_comment can hold it",
            "ファイルには記録しないため（save.training_commentに書けます）",
        ),
    ),
    (
        "optimizer_schedulefree_wrapper_args schedulefree_wrapper_args",
        ("it belongs to a wrapper that is not used here", "ここでは使わない機能の設定のため"),
    ),
)
"""Options of sd-scripts that have no task here."""

_OTHER = (
    "this sd-scripts option is not available here and would change the result",
    "sd-scriptsのこのオプションには対応していません",
)
_UPLOAD = (
    "a run uploads nothing to Hugging Face and fetches nothing from it; do that with the saved files",
    "学習中のHugging Faceへのアップロードや取得には対応していません。保存したファイルで行ってください",
)
_OF_OTHER_MODELS = Words(
    "this belongs to other kinds of models (SD3, Flux and others), which can't be trained here",
    "ここでは学習できない種類のモデル（SD3・Fluxなど）のオプションです",
)
_OF_LYCORIS = Words(
    "this is an argument of LyCORIS; give it in network_args",
    "LyCORISの引数です。network_argsで指定してください",
)
_FIXED_PROMPTS = (
    "the images' own captions are used, not fixed prompts; write the word into them",
    "決まった文ではなく画像のキャプションを使います。キャプションに単語を書いてください",
)

NOT_HERE: Mapping[str, Words] = _table(
    (
        "compile dataset_class deepspeed face_crop_aug_range fp8_base fp8_base_unet "
        "lr_scheduler_type optimizer_schedulefree_wrapper token_warmup_min "
        "token_warmup_step torch_compile train_inpainting weighted_captions",
        _OTHER,
    ),
    ("huggingface_repo_id resume_from_huggingface save_state_to_huggingface", _UPLOAD),
    (
        "ae apply_t5_attn_mask attn_mode blocks_to_swap blockwise_fused_optimizers byt5 "
        "clip_g clip_g_dropout_rate clip_l "
        "clip_l_dropout_rate discrete_flow_shift double_blocks_to_swap enable_all_linear "
        "enable_scaled_pos_embed fp8_scaled fp8_vl gemma2 gemma2_max_token_length "
        "guidance_scale llm_adapter_path logit_mean logit_std mode_scale "
        "model_prediction_type model_type pos_emb_random_crop_rate qwen3 qwen3_max_token_length "
        "qwen_image_vae_2d save_clip save_t5xxl show_timesteps show_timesteps_resolution sigmoid_scale "
        "single_blocks_to_swap split_attn split_mode split_qkv system_prompt t5_dropout_rate "
        "t5_max_token_length t5_tokenizer_path t5xxl t5xxl_device t5xxl_dtype t5xxl_lr "
        "t5xxl_max_token_length text_encoder text_encoder_batch_size text_encoder_cpu timestep_sampling "
        "train_blocks train_lora_ggpo train_t5xxl use_flash_attn use_sage_attn vae_chunk_size "
        "vae_disable_cache weighting_scheme",
        _OF_OTHER_MODELS,
    ),
    (
        "bypass_mode constrain dora_wd rank_dropout_scale rescaled train_norm train_on_input "
        "use_cp use_scalar use_tucker",
        _OF_LYCORIS,
    ),
    ("use_object_template use_style_template", _FIXED_PROMPTS),
)
"""Options that would change the result, or do something, and are not here: refused when they are set."""

HARMLESS: Mapping[str, tuple[Any, ...]] = {
    "token_warmup_min": (1,),
    "model_type": ("sd", "SD15", "SD1.5"),
    "attn_mode": ("torch", "sdpa"),
    "discrete_flow_shift": (3, 3.0),
    "guidance_scale": (3.5,),
    "sigmoid_scale": (1, 1.0),
    "mode_scale": (1.29,),
    "logit_std": (1, 1.0),
    "model_prediction_type": ("sigma_scaled",),
    "timestep_sampling": ("sigma",),
    "weighting_scheme": ("uniform", "logit_normal"),
    "train_blocks": ("all",),
    "t5xxl_dtype": ("bf16",),
    "t5xxl_max_token_length": (512,),
}
"""What is written for such an option when it was left alone; these values ask for nothing."""

OF_THE_WINDOW = frozenset(
    _table(
        (
            "LoRA_type LyCORIS_preset additional_parameters epoch noise_offset_type lr_warmup model_list "
            "save_as_bool file_path num_cpu_threads_per_process num_processes num_machines gpu_ids "
            "main_process_port dynamo_mode dynamo_use_fullgraph dynamo_use_dynamic template "
            "extra_accelerate_launch_args multi_gpu unit use_wandb use_shape full_path ggpo_sigma "
            "ggpo_beta in_dims single_dim create_buckets create_caption generate_caption_database "
            "generate_image_buckets use_latent_files",
            _OTHER,
        )
    )
)
"""Fields of kohya_ss's window and its launcher, which it writes into its files beside sd-scripts' options."""

_PREFIXES_OF_OTHER_MODELS = (
    "sd3_", "flux1_", "flux_", "hunyuan_", "anima_", "lumina_", "img_", "txt_", "single_mod_",
    "double_blocks", "single_blocks", "train_double_block", "train_single_block", "qwen_", "t5xxl",
)  # fmt: skip


def is_of_other_models(name: str) -> bool:
    """Whether a field of kohya_ss's window is for kinds of models that are none of ours."""
    return name.startswith(_PREFIXES_OF_OTHER_MODELS) or NOT_HERE.get(name) == _OF_OTHER_MODELS


def names() -> Iterable[str]:
    """Every name in the tables."""
    return (*NOT_NEEDED, *NOT_HERE, *OF_THE_WINDOW)
