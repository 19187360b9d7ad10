"""What helps when memory is short: one order for the forecast, a failed run's message and its button."""

from core.config.memory_savers import can_resume_with, in_order, savers
from core.config.schema.dataset import DatasetConfig
from core.config.schema.network import NetworkConfig
from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig

WASTEFUL = RunConfig(
    dataset=DatasetConfig(train_batch_size=6, vae_batch_size=2),
    train=TrainConfig(ema_decay=0.999),
)


def changed(config: RunConfig, key: str, value: object) -> RunConfig:
    section, name = key.split(".")
    part = getattr(config, section)
    given = type(part).model_validate({**part.model_dump(), name: value})
    return config.model_copy(update={section: given})


def test_what_alters_the_result_least_comes_first():
    assert [key for key, _ in savers(WASTEFUL)] == [
        "train.gradient_checkpointing", "dataset.cache_latents", "optimizer.optimizer_type",
        "dataset.vae_batch_size", "train.precision", "dataset.train_batch_size", "train.text_encoder_lr",
        "train.ema_decay", "dataset.resolution",
    ]  # fmt: skip


def test_every_value_is_one_that_its_option_takes_and_then_it_helps_no_more():
    config = WASTEFUL
    for key, values in savers(WASTEFUL):
        for value in values:
            config = changed(config, key, value)
    assert [key for key, _ in savers(config)] == []


def test_a_batch_is_halved_and_a_resolution_stays_a_multiple_of_64():
    tried = dict(savers(WASTEFUL))
    assert tried["dataset.train_batch_size"] == (3, 1)
    assert tried["dataset.resolution"] == ((384, 384), (256, 256))
    assert dict(savers(WASTEFUL, "fp16"))["train.precision"] == ("fp16", "full_fp16")


def test_a_whole_model_can_be_updated_in_the_backward_pass_where_nothing_needs_all_gradients():
    whole = RunConfig(network=NetworkConfig(method="none"))
    assert dict(savers(whole))["train.fused_backward_pass"] == (True,)
    for key, value in (
        ("network.method", "lora"), ("train.gradient_accumulation_steps", 2), ("train.precision", "fp16"),
        ("optimizer.optimizer_type", "Prodigy"), ("train.fused_backward_pass", True),
    ):  # fmt: skip
        assert "train.fused_backward_pass" not in dict(savers(changed(whole, key, value)))


def test_where_fp16_is_the_only_half_precision_it_and_the_update_in_the_backward_pass_exclude_each_other():
    whole = RunConfig(network=NetworkConfig(method="none"))
    assert "train.fused_backward_pass" not in dict(savers(whole, "fp16"))
    fused = changed(whole, "train.fused_backward_pass", True)
    assert "train.precision" not in dict(savers(fused, "fp16"))
    assert dict(savers(fused))["train.precision"] == ("bf16", "full_bf16")


def test_latents_that_change_each_time_are_not_to_be_cached():
    config = RunConfig(dataset=DatasetConfig(random_crop=True))
    assert "dataset.cache_latents" not in dict(savers(config))


def test_they_are_listed_in_both_languages():
    words = in_order([*savers(RunConfig(dataset=DatasetConfig(train_batch_size=2)))])
    assert words.en.startswith("gradient_checkpointing, cache_latents, optimizer_type = AdamW8bit, ")
    assert words.en.endswith("a smaller resolution") and words.ja.endswith("解像度を下げる")


def test_a_state_is_resumed_with_what_does_not_shape_the_weights():
    resumable = [key for key, _ in savers(WASTEFUL) if can_resume_with(key)]
    assert resumable == ["train.gradient_checkpointing", "dataset.cache_latents", "dataset.vae_batch_size"]
