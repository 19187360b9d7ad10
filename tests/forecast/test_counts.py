"""What a forecast of the real models counts, against what is known of them."""

import dataclasses
import math

import pytest

from core.catalog import Size
from core.config.schema.run import RunConfig
from core.forecast import architecture
from core.forecast.phases import Phase, forecast
from core.forecast.setup import Data, Setup

MIB = 2**20
LORA = 8 * (32 * (5 * 320 + 5 * 640 + 6 * 1280) + 2 * 16 * 768)
"""Numbers of a rank 8 LoRA of the U-Net: of each of 16 transformers 32 widths and 2 contexts."""


def setup(family: str = "sd1", is_gpu: bool = True, size: int = 512, **sections) -> Setup:
    sections["dataset"] = {"resolution": [size, size], "cache_latents": True, **sections.get("dataset", {})}
    config = RunConfig(**sections)
    return Setup(config, architecture.of_family(family), Data.of(config), is_gpu)


def phase(made: Setup, name: str) -> Phase:
    return next(phase for phase in forecast(made).phases if phase.name == name)


@pytest.mark.parametrize(
    ("part", "numbers"), [("unet", 859_520_964), ("text_encoder", 123_060_480), ("vae", 83_653_863)]
)
def test_stable_diffusion_1_has_as_many_numbers_as_everybody_says(part, numbers):
    assert architecture.of_family("sd1").numbers(part) == numbers


def test_the_u_net_of_stable_diffusion_2_has_866_million_numbers():
    assert architecture.of_family("sd2").numbers("unet") == 865_910_724


def test_adamw_remembers_eight_bytes_a_number():
    made = setup(network={"method": "none"}, train={"text_encoder_lr": 0.0})
    assert phase(made, "update").held["optimizer"] == 8 * 859_520_964


def test_eight_bit_adam_remembers_about_two_bytes_a_number():
    made = setup(
        network={"method": "none"}, train={"text_encoder_lr": 0.0}, optimizer={"optimizer_type": "AdamW8bit"}
    )
    assert phase(made, "update").held["optimizer"] == pytest.approx(2.03 * 859_520_964, rel=0.01)


def test_what_is_paged_out_needs_no_gpu_memory_for_large_weights():
    made = setup(network={"method": "none"}, optimizer={"optimizer_type": "PagedAdamW8bit"})
    assert phase(made, "update").held["optimizer"] < 50 * MIB


def test_gradients_of_the_whole_u_net_take_as_much_as_its_weights():
    made = setup(network={"method": "none"}, train={"text_encoder_lr": 0.0})
    assert phase(made, "update").held["gradients"] == 4 * 859_520_964


def test_in_full_half_precision_weights_take_two_bytes():
    made = setup(network={"method": "none"}, train={"text_encoder_lr": 0.0, "precision": "full_fp16"})
    assert phase(made, "update").held["weights"] == 2 * 859_520_964


def test_a_running_mean_takes_four_bytes_a_number():
    made = setup(network={"method": "none"}, train={"text_encoder_lr": 0.0, "ema_decay": 0.99})
    assert phase(made, "update").held["other"] == 4 * 859_520_964


def test_a_frozen_text_encoder_leaves_the_gpu_before_the_first_step():
    made = setup(network={"method": "lora", "rank": 8}, train={"text_encoder_lr": 0.0})
    assert phase(made, "training").held["weights"] == 4 * (859_520_964 + LORA)


def test_shuffled_captions_keep_the_text_encoder_on_the_gpu():
    made = setup(train={"text_encoder_lr": 0.0}, dataset={"shuffle_caption": True})
    still = setup(train={"text_encoder_lr": 0.0})
    more = phase(made, "training").held["weights"] - phase(still, "training").held["weights"]
    assert more == 4 * 123_060_480


def test_without_cached_latents_the_vae_stays():
    made = setup(dataset={"cache_latents": False})
    more = phase(made, "training").held["weights"] - phase(setup(), "training").held["weights"]
    assert more == 4 * 83_653_863
    assert "caching" not in {phase.name for phase in forecast(made).phases}


def test_activations_grow_with_the_batch():
    one = phase(setup(), "training").held["activations"]
    four = phase(setup(dataset={"train_batch_size": 4}), "training").held["activations"]
    assert four == pytest.approx(4 * one, rel=0.02)


def test_recomputing_activations_saves_more_than_half_of_them():
    usual = phase(setup(), "training").held["activations"]
    saved = phase(setup(train={"gradient_checkpointing": True}), "training").held["activations"]
    assert saved < usual / 2


def test_recomputing_activations_costs_up_to_a_third_more_work():
    usual = forecast(setup(network={"method": "none"})).flops
    more = forecast(setup(network={"method": "none"}, train={"gradient_checkpointing": True})).flops
    assert 1.15 < more / usual < 1.34


def test_a_pass_of_the_u_net_at_512_pixels_takes_about_400_billion_products():
    # Forward, and backward for inputs and for weights: three passes. Published: 0.4 T multiply-adds a pass.
    made = setup(network={"method": "none"}, train={"text_encoder_lr": 0.0})
    assert forecast(made).flops == pytest.approx(3 * 2 * 0.40e12, rel=0.05)


def test_accumulated_gradients_lie_there_while_activations_do():
    made = setup(network={"method": "none"}, train={"gradient_accumulation_steps": 2})
    held = phase(made, "training").held
    assert held["gradients"] >= 4 * (859_520_964 + 123_060_480) and held["activations"] > 1e9


def test_weights_updated_in_the_backward_pass_leave_one_gradient_at_a_time():
    # The largest of the U-Net is a convolution from 2560 to 1280 channels, 3 x 3.
    train = {"text_encoder_lr": 0.0, "precision": "full_bf16", "fused_backward_pass": True}
    made = setup(network={"method": "none"}, train=train)
    assert phase(made, "training").held["gradients"] == pytest.approx(2 * 29_491_200, rel=0.05)
    assert phase(made, "update").held["gradients"] == 0


def test_a_weight_in_half_precision_is_in_float32_only_while_it_is_updated():
    # Weight, gradient and random bits, 4 bytes each, beside the activations of a large batch.
    train = {"text_encoder_lr": 0.0, "precision": "full_bf16"}
    large = {"network": {"method": "none"}, "dataset": {"train_batch_size": 8}}
    usual = phase(setup(**large, train=train), "training").held["activations"]
    fused = setup(**large, train=train | {"fused_backward_pass": True})
    assert phase(fused, "training").held["activations"] - usual == 12 * 29_491_200


def test_updates_in_the_backward_pass_save_nearly_all_gradients_of_a_recomputed_model():
    # 859,520,964 weights in float32, and copies of them in half precision, at most as many again by half.
    train = {"text_encoder_lr": 0.0, "precision": "bf16", "gradient_checkpointing": True}
    usual = forecast(setup(network={"method": "none"}, train=train)).step.total
    fused = setup(network={"method": "none"}, train=train | {"fused_backward_pass": True})
    assert usual - forecast(fused).step.total > 0.85 * 4 * 859_520_964


@pytest.mark.parametrize("is_gpu", [True, False])
def test_sample_images_bring_the_vae_back(is_gpu):
    sample = {"sample_prompts": ["sls frog"], "sample_at_first": True}
    made = setup(is_gpu=is_gpu, train={"text_encoder_lr": 0.0}, sample=sample)
    more = phase(made, "sampling").held["weights"] - phase(made, "training").held["weights"]
    assert more == 4 * 83_653_863


def test_on_a_cpu_every_part_of_a_whole_model_stays():
    made = setup(is_gpu=False, network={"method": "none"}, train={"text_encoder_lr": 0.0})
    assert phase(made, "training").held["weights"] == 4 * (859_520_964 + 123_060_480 + 83_653_863)


def test_captions_are_encoded_before_the_u_net_is_there():
    made = setup(train={"text_encoder_lr": 0.0})
    assert phase(made, "text").held["weights"] == 4 * 123_060_480


def test_the_largest_bucket_counts():
    config = RunConfig(dataset={"resolution": [512, 512], "enable_bucket": True})
    assert Data.of(config).size in (Size(512, 512), Size(256, 1024), Size(1024, 256))


def test_where_nothing_learns_there_is_no_forecast():
    with pytest.raises(ValueError, match="nothing"):
        forecast(setup(train={"learning_rate": 0.0}))


XL = {"unet": 2_567_463_684, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840, "vae": 83_653_863}


def xl(**sections) -> Setup:
    train = {"text_encoder_lr": 0.0, "gradient_checkpointing": True, **sections.pop("train", {})}
    return setup("sdxl", size=1024, train=train, **sections)


@pytest.mark.parametrize("part", XL)
def test_stable_diffusion_xl_has_as_many_numbers_as_everybody_says(part):
    assert architecture.of_family("sdxl").numbers(part) == XL[part]


def test_both_text_encoders_are_there_while_captions_are_encoded_and_gone_before_the_first_step():
    made = xl(network={"method": "lora", "rank": 8})
    assert phase(made, "text").held["weights"] == 4 * (XL["text_encoder"] + XL["text_encoder_2"])
    adapter = sum(math.prod(shape) for shape in made.trained_shapes["unet"])
    assert phase(made, "training").held["weights"] == 4 * (XL["unet"] + adapter)


def test_of_two_text_encoders_one_may_be_trained():
    made = xl(network={"method": "none"}, train={"text_encoder_2_lr": 1e-6})
    assert made.learns == ("unet", "text_encoder_2")
    assert sum(math.prod(shape) for shape in made.trained_shapes["text_encoder_2"]) == XL["text_encoder_2"]


def test_the_layer_and_the_norm_that_nothing_reads_are_not_trained():
    # CLIP-L's layer: four projections of 768, a perceptron of 3072, two norms; the last norm behind it.
    layer = 4 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 2 * 2 * 768
    made = xl(network={"method": "none"}, train={"text_encoder_lr": 1e-6, "text_encoder_2_lr": 0.0})
    trained = sum(math.prod(shape) for shape in made.trained_shapes["text_encoder"])
    assert trained == XL["text_encoder"] - layer - 2 * 768


def test_a_lora_has_no_matrices_on_layers_that_nothing_reads():
    # 264 modules of sd-scripts, of which 6 are dead; two matrices each.
    train = {"text_encoder_lr": 1e-4}
    made, as_there = xl(train=train), xl(train=train, network={"unused_layers": True})
    texts = [
        [*s.trained_shapes["text_encoder"], *s.trained_shapes["text_encoder_2"]] for s in (made, as_there)
    ]
    assert [len(shapes) for shapes in texts] == [2 * 258, 2 * 264]


def test_the_states_of_cached_captions_take_what_both_encoders_give():
    # 77 tokens of 768 + 1280 numbers and a pooled vector of 1280, in two bytes each.
    made = xl(train={"precision": "bf16"})
    many = dataclasses.replace(made, data=dataclasses.replace(made.data, captions=100))
    more = phase(many, "training").held["other"] - phase(made, "training").held["other"]
    assert more == 100 * 2 * (77 * (768 + 1280) + 1280)


def test_captions_that_do_not_fit_into_memory_keep_the_text_encoders_there():
    made = xl(train={"precision": "bf16"})
    many = dataclasses.replace(made, data=dataclasses.replace(made.data, captions=4000))
    assert not made.keeps_text_encoder and many.keeps_text_encoder
    on_disk = xl(train={"precision": "bf16"}, dataset={"cache_latents_to_disk": True})
    assert not dataclasses.replace(on_disk, data=many.data).keeps_text_encoder


def test_a_whole_sdxl_fits_a_card_of_24_gb_when_gradients_never_all_exist():
    sections = {
        "network": {"method": "none"},
        "optimizer": {"optimizer_type": "Adafactor"},
    }
    train = {"precision": "full_bf16", "fused_backward_pass": True}
    fused = forecast(xl(**sections, train=train)).peak.total
    apart = forecast(xl(**sections, train=train | {"fused_backward_pass": False})).peak.total
    assert fused < 10 * 2**30
    # Gradients of the whole U-Net, two bytes each, are what differs; while they go activations are there.
    assert 4 * 2**30 < apart - fused < 2 * XL["unet"]


def test_a_prior_is_a_pass_more_and_the_class_prior_a_step_beside_it():
    # Published: 0.4 T multiply-adds a pass of the U-Net. A frozen pass for half of the samples, or for all.
    usual = forecast(setup(train={"text_encoder_lr": 0.0})).flops

    def more(**train) -> float:
        return forecast(setup(train={"text_encoder_lr": 0.0, **train})).flops - usual

    assert more(prior_prediction=True) == pytest.approx(0.40e12, rel=0.05)
    assert more(masked_loss=True, masked_prior_weight=0.5) == pytest.approx(0.80e12, rel=0.05)
    assert more(class_prior_weight=1.0) == pytest.approx(usual + 0.80e12, rel=0.02)


def test_the_class_prior_takes_no_more_activations_and_only_the_adapter_s_gradients_beside_them():
    # A LoRA of rank 4 has half of what `LORA` counts, in float32.
    usual = phase(setup(network={"rank": 4}, train={"text_encoder_lr": 0.0}), "training").total
    train = {"text_encoder_lr": 0.0, "class_prior_weight": 1.0}
    assert 0 <= phase(setup(network={"rank": 4}, train=train), "training").total - usual <= 4 * LORA // 2
