"""What a training does, seen from outside."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DDPMScheduler

from core.control import RunControl, StopRun
from core.errors import NumericFault, ResourceFault, UserError
from core.events import PlanReady, Saved, StepDone, Warned
from core.formats import tensors
from core.models.family import open_family
from core.train import run as running
from core.train.device.engine import Engine
from core.train.run import build, prepare
from core.train.weights.update import BadStep
from tests.tiny import ALONE


def last(trial) -> dict[str, torch.Tensor]:
    paths = [event.path for event in trial.of(Saved) if event.kind == "model"]
    return tensors.load(Path(paths[-1]))


def ups(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in weights.items() if "lora_up" in name}


def started(config, tmp_path):
    """A training that is ready for its first step."""
    control = RunControl()
    with Engine(config.train.precision) as engine:
        training, _ = build(prepare(config, tmp_path, control, [].append), engine, control, [].append)
    return training


def losses(trial) -> list[float]:
    return [event.loss for event in trial.of(StepDone)]


def test_lora_trains_both_parts_and_the_file_has_the_names_of_sd_scripts(trained, blocks):
    weights = last(trained(model={"base": str(blocks)}, train={"max_train_steps": 2}))
    learned = {name for name, tensor in ups(weights).items() if tensor.any()} - {*ALONE}
    assert "lora_te_text_model_encoder_layers_1_mlp_fc2.lora_up.weight" in learned
    assert "lora_unet_up_blocks_3_attentions_2_transformer_blocks_0_attn2_to_v.lora_up.weight" in learned
    assert len(learned) == 192 - len(ALONE) + 12


def test_dreambooth_trains_both_parts_and_leaves_the_vae(configure, train, base):
    trial = train(configure(network={"method": "none"}, train={"max_train_steps": 1, "learning_rate": 1e-3}))
    before, after = tensors.load(base), last(trial)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("model.diffusion_model.") for name in changed)
    assert any(name.startswith("cond_stage_model.") for name in changed)
    assert not any(name.startswith("first_stage_model.") for name in changed)


def test_the_loss_is_what_diffusers_arithmetic_gives(configure, tmp_path):
    config = configure()
    training = started(config, tmp_path)
    batch = next(training.stream(0))
    ours = training.batch_loss(batch).item()

    family, parts = open_family("sd1"), training.model
    scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    noisy = scheduler.add_noise(batch.latents, batch.noise, batch.timesteps)
    states = torch.stack(
        [s.tensors["states"] for s in family.encode_text(parts, batch.captions, config.model)]
    )
    pred = parts.modules["unet"](noisy, batch.timesteps, states).sample
    assert ours == pytest.approx(torch.nn.functional.mse_loss(pred, batch.noise).item(), rel=1e-5)


def test_regularization_images_weigh_what_prior_loss_weight_says(configure, tmp_path):
    def losses_of(weight: float) -> tuple[float, torch.Tensor]:
        training = started(configure(dataset={"prior_loss_weight": weight, "train_batch_size": 12}), tmp_path)
        batch = next(training.stream(0))
        return training.batch_loss(batch).item(), batch.weights

    whole, half, none = losses_of(1.0), losses_of(0.5), losses_of(0.0)
    assert half[1].tolist().count(0.5) == 6 and half[1].tolist().count(1.0) == 6
    assert half[0] == pytest.approx((whole[0] + none[0]) / 2, rel=1e-5)


def test_an_accumulation_longer_than_an_epoch_ends_with_it(configure, train):
    trial = train(configure(train={"max_train_steps": 2, "gradient_accumulation_steps": 8}))
    assert [(event.step, event.epoch) for event in trial.of(StepDone)] == [(1, 1), (2, 2)]


def test_batches_of_one_accumulate_to_the_gradient_of_the_whole_batch(configure, tmp_path):
    training = started(configure(dataset={"train_batch_size": 4}), tmp_path)
    whole = next(training.stream(0))
    parameters = training.update.parameters

    def gradients(batches) -> list[torch.Tensor]:
        for batch in batches:
            (training.batch_loss(batch) / len(batches)).backward()
        found = [p.grad for p in parameters]
        training.optimizer.zero_grad()
        return found

    single = [
        replace(
            whole,
            captions=whole.captions[n : n + 1],
            total=1,
            **{
                name: getattr(whole, name)[n : n + 1] for name in ("latents", "noise", "timesteps", "weights")
            },
        )
        for n in range(4)
    ]
    for one, other in zip(gradients([whole]), gradients(single), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-7)


def test_epochs_win_over_steps(configure, train):
    trial = train(configure(train={"max_train_epochs": 1, "max_train_steps": 99}))
    assert trial.of(PlanReady)[0].steps == 6 and trial.of(StepDone)[-1].step == 6


@pytest.mark.parametrize("method", ["lora", "none"])
def test_the_text_encoder_stops_exactly_at_its_step(trained, method):
    def text_weights(steps: int) -> dict[str, torch.Tensor]:
        options = {"max_train_steps": steps, "stop_text_encoder_training": 2, "learning_rate": 1e-3}
        trial = trained(network={"method": method}, train=options)
        rates = [sorted(event.lr) for event in trial.of(StepDone)]
        assert rates == [["text_encoder", "unet"]] * min(steps, 2) + [["unet"]] * (steps - 2)
        prefix = "lora_te" if method == "lora" else "cond_stage_model"
        return {name: tensor for name, tensor in last(trial).items() if name.startswith(prefix)}

    at_stop, later, before = text_weights(2), text_weights(4), text_weights(1)
    assert all(torch.equal(at_stop[name], later[name]) for name in at_stop)
    assert any(not torch.equal(at_stop[name], before[name]) for name in at_stop)


def test_the_stop_of_the_text_encoder_is_the_same_across_a_resume(configure, train, trained):
    stop = {"stop_text_encoder_training": 2}
    straight = trained(train=stop | {"max_train_steps": 4})
    train(configure(train=stop | {"max_train_steps": 1}, save={"save_state": True}))
    for steps in (3, 4):
        resumed = train(
            configure(train=stop | {"max_train_steps": steps}, save={"save_state": True, "resume": "auto"})
        )
    ours, theirs = last(resumed), last(straight)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("option", [{"stop_text_encoder_training": 0}, {"text_encoder_lr": 0}])
def test_a_text_encoder_that_is_not_trained_is_not_in_the_file(configure, train, option):
    names = last(train(configure(train=option | {"max_train_steps": 1})))
    assert not any(name.startswith("lora_te") for name in names) and names


def test_rates_of_zero_are_refused(configure, train):
    with pytest.raises(UserError, match="nothing would be trained"):
        train(configure(train={"learning_rate": 0}))


@pytest.mark.parametrize("method", ["lora", "none"])
def test_gradient_checkpointing_gives_the_same_weights(trained, method):
    options = {"max_train_steps": 2, "learning_rate": 1e-4}
    plain = trained(network={"method": method}, train=options)
    recomputed = trained(network={"method": method}, train=options | {"gradient_checkpointing": True})
    ours = last(recomputed)
    for name, tensor in last(plain).items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=2e-6)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns_nearly_the_same(trained, precision):
    plain = trained(train={"max_train_steps": 2})
    mixed = trained(train={"max_train_steps": 2, "precision": precision})
    assert losses(mixed) == pytest.approx(losses(plain), rel=0.05)
    assert losses(mixed) != losses(plain)
    assert last(mixed)["lora_unet_mid_block_attentions_0_proj_in.lora_up.weight"].dtype is torch.float32


@pytest.mark.parametrize("name", ["AdamW8bit", "Lion", "Adafactor"])
def test_optimizers_train(configure, train, name):
    weights = last(train(configure(train={"max_train_steps": 1}, optimizer={"optimizer_type": name})))
    assert all(tensor.any() for tensor in ups(weights).values())


def test_latents_need_not_be_cached(trained):
    cached = trained(train={"max_train_steps": 2})
    direct = trained(train={"max_train_steps": 2}, dataset={"cache_latents": False})
    assert losses(direct) == pytest.approx(losses(cached), rel=1e-4)


def test_colours_and_crops_vary_without_a_cache(configure, train):
    options = {"cache_latents": False, "color_aug": True, "random_crop": True, "flip_aug": True}
    assert len(losses(train(configure(train={"max_train_steps": 2}, dataset=options)))) == 2


def test_a_lora_goes_on_from_a_file(configure, train, tmp_path):
    first = train(configure(train={"max_train_steps": 2}))
    kept = Path(first.of(Saved)[-1].path).rename(tmp_path / "first.safetensors")
    second = train(
        configure(train={"max_train_steps": 1, "learning_rate": 1e-9}, network={"weights": str(kept)})
    )
    ours = last(second)
    for name, tensor in tensors.load(kept).items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-6)


def test_a_bad_number_stops_with_the_weights_of_the_step_before(
    configure, train, trained, tmp_path, monkeypatch
):
    good = trained(train={"max_train_steps": 2})
    plain = running.BatchLoss.__call__
    calls = []

    def spoiled(self, batch):
        calls.append(batch)
        loss = plain(self, batch)
        return loss * float("nan") if len(calls) == 3 else loss

    monkeypatch.setattr(running.BatchLoss, "__call__", spoiled)
    with pytest.raises(NumericFault) as fault:
        train(configure(train={"max_train_steps": 5}))
    assert "step 3" in fault.value.problems[0].en and ".png" in fault.value.problems[0].en
    kept = tensors.load(tmp_path / "out" / "step-00000002-state" / "trainable.safetensors")
    name = "mid_block.attentions.0.proj_in.lora_up.weight"
    file_name = "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight"
    assert torch.equal(kept[f"unet/{name}"], last(good)[file_name])
    assert not (tmp_path / "out" / "last.safetensors").exists()


@pytest.mark.parametrize("method", ["lora", "none"])
def test_a_guard_on_the_device_finds_a_bad_number_late_and_keeps_the_same_weights(
    configure, tmp_path, method
):
    # As on a GPU: the host looks only when it reports, two steps after the fault.
    options = {"network": {"method": method}, "log": {"log_every_n_steps": 4}}
    good = started(configure(**options, train={"learning_rate": 1e-3}), tmp_path)
    bad = started(configure(**options, train={"learning_rate": 1e-3}), tmp_path)
    bad.update._looks_at_once = False
    stream = good.stream(0)
    batches = [next(stream) for _ in range(4)]

    def step(training, n: int, spoil: bool) -> None:
        loss = training.batch_loss(batches[n]) * (float("nan") if spoil else 1.0)
        loss.backward()
        training.update(n, loss.detach())

    for n in range(2):
        step(good, n, False)
    for n in range(4):
        step(bad, n, n == 2)
    with pytest.raises(BadStep) as found:
        bad.update.look(4)
    assert found.value.step == 2
    expected = good.trainee.tensors()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in bad.trainee.tensors().items())


def test_running_out_of_memory_keeps_the_last_step_and_says_what_to_do(
    configure, train, trained, tmp_path, monkeypatch
):
    straight = last(trained(train={"max_train_steps": 1}))
    plain = running.BatchLoss.__call__
    calls = []

    def hungry(self, batch):
        calls.append(batch)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("Tried to allocate 20 GiB")
        return plain(self, batch)

    monkeypatch.setattr(running.BatchLoss, "__call__", hungry)
    with pytest.raises(ResourceFault, match="order: gradient_checkpointing, ") as fault:
        train(configure())
    kept = tensors.load(tmp_path / "out" / "step-00000001-state" / "trainable.safetensors")
    name = "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight"
    assert torch.equal(kept["unet/mid_block.attentions.0.proj_in.lora_up.weight"], straight[name])
    assert fault.value.exit_code == 5 and len(calls) == 2  # no batch was left out and gone on after
    words = fault.value.problems[0].en
    mends = ("gradient_checkpointing", "AdamW8bit", "full_bf16", "train_batch_size = 1")
    places = [words.index(mend) for mend in mends]
    assert places == sorted(places)
    assert "can be resumed with gradient_checkpointing, " in fault.value.problems[0].en


def test_stop_without_saving_leaves_nothing(configure, train, tmp_path):
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone):
            control.stop(save=False)

    with pytest.raises(StopRun):
        train(configure(), control, watch)
    assert [path.name for path in (tmp_path / "out").glob("*")] == []


def test_a_sample_that_fails_does_not_end_the_training(configure, train, monkeypatch):
    def broken(self, prompt, progress):
        raise RuntimeError("no ink")

    monkeypatch.setattr("core.train.outputs.samples.Samples._draw", broken)
    trial = train(configure(train={"max_train_steps": 1}, sample={"sample_prompts": ["a frog"]}))
    assert [event.code for event in trial.of(Warned)].count("W-SAMPLE") == 1
    assert trial.of(StepDone)[-1].step == 1


def test_every_option_of_the_loss_reaches_the_loss(configure, tmp_path):
    def loss(**sections) -> float:
        training = started(configure(**sections), tmp_path)
        return training.batch_loss(next(training.stream(0))).item()

    options = [
        {"model": {"no_token_padding": True}},
        {"model": {"max_token_length": 150}},
        {"model": {"clip_skip": 2}},
        {"train": {"noise_offset": 0.2}},
        {"train": {"min_snr_gamma": 0.05}},
        {"train": {"debiased_estimation_loss": True}},
        {"train": {"min_timestep": 900}},
    ]
    found = [loss(), *(loss(**option) for option in options)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "options",
    [
        {"dataset": {"shuffle_caption": True}},
        {"model": {"no_token_padding": True}},
        {"dataset": {"caption_dropout_rate": 0.5}},
    ],
)
def test_a_frozen_text_encoder_reads_captions_of_every_kind(configure, train, options):
    trial = train(configure(train={"stop_text_encoder_training": 0, "max_train_steps": 2}, **options))
    assert len(losses(trial)) == 2


def test_only_the_text_encoder_can_be_trained(configure, train):
    names = last(train(configure(train={"unet_lr": 0, "max_train_steps": 1})))
    assert names and all(name.startswith("lora_te") for name in names)


def test_convolutions_are_trained_with_a_rank_of_their_own(configure, train):
    weights = last(train(configure(network={"conv_rank": 1}, train={"max_train_steps": 1})))
    assert weights["lora_unet_mid_block_resnets_0_conv1.lora_down.weight"].shape == (1, 16, 3, 3)
    assert weights["lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"].shape[0] == 2
