"""Running means of the weights: what they are, where they are used, and that training never sees them."""

from pathlib import Path

import pytest
import torch

from core.config.schema.run import OptimizerConfig
from core.events import Saved
from core.formats import tensors
from core.train.weights import optimizer as optim
from core.train.weights.ema import Averages
from core.train.weights.optimizer import ParameterGroup

NAME = "unet/mid_block.attentions.0.proj_in.lora_up.weight"
IN_FILE = "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight"


def one_weight(value: float, optimizer_type: str = "AdamW"):
    parameter = torch.nn.Parameter(torch.tensor([value]))
    groups = (ParameterGroup("unet", 0.1, {"unet/w": parameter}),)
    return parameter, groups, optim.make(OptimizerConfig(optimizer_type=optimizer_type), groups)


def last(trial) -> dict[str, torch.Tensor]:
    return tensors.load(Path(next(e.path for e in trial.of(Saved) if e.info.get("kind") == "last")))


def test_the_mean_follows_the_formula_by_hand():
    parameter, groups, optimizer = one_weight(1.0)
    averages = Averages(optimizer, groups, 0.15)
    for step, value in enumerate((2.0, 4.0)):
        parameter.data.fill_(value)
        averages.update(step)
    # d = min(0.15, 1/10) = 0.1: 0.1 * 1 + 0.9 * 2 = 1.9; d = min(0.15, 2/11) = 0.15: 0.15 * 1.9 + 0.85 * 4
    assert averages.tensors()["unet/w"].item() == pytest.approx(3.685, rel=1e-6)


def test_the_trained_weights_come_back_bit_for_bit_also_after_an_error():
    parameter, groups, optimizer = one_weight(1.0)
    averages = Averages(optimizer, groups, 0.9)
    parameter.data.fill_(1 / 3)
    averages.update(0)
    with pytest.raises(RuntimeError), averages.averaged():
        shown = parameter.item()
        raise RuntimeError
    assert shown != parameter.item() == torch.tensor(1 / 3).item()


def test_half_precision_weights_have_their_mean_in_float32():
    parameter, groups, optimizer = one_weight(1.0)
    parameter.data = parameter.data.bfloat16()
    averages = Averages(optimizer, groups, 0.999)
    parameter.data.fill_(2.0)
    averages.update(1000)
    assert averages.tensors()["unet/w"].item() == pytest.approx(1 + (9 / 1010), rel=1e-5)
    with averages.averaged():
        assert parameter.dtype is torch.bfloat16


def test_a_part_that_stops_keeps_its_mean_and_is_not_averaged_any_more():
    parameter, groups, optimizer = one_weight(1.0)
    averages = Averages(optimizer, groups, 0.9)
    parameter.data.fill_(2.0)
    averages.update(0)
    averages.settle("unet")
    assert parameter.item() == pytest.approx(1.9) and averages.tensors() == {}


def test_saved_models_are_the_mean_and_the_state_holds_both(configure, train, trained, tmp_path):
    options = {"max_train_steps": 3, "ema_decay": 0.9}
    with_mean = last(train(configure(train=options, save={"save_state": True})))
    plain = last(trained(train={"max_train_steps": 3}))
    state = tmp_path / "out" / "last-state"
    assert torch.equal(tensors.load(state / "trainable.safetensors")[NAME], plain[IN_FILE])
    assert torch.equal(tensors.load(state / "ema.safetensors")[NAME], with_mean[IN_FILE])
    assert not torch.equal(with_mean[IN_FILE], plain[IN_FILE])


@pytest.mark.parametrize("method", ["lora", "none"])
def test_a_resumed_mean_is_that_of_the_straight_run_also_across_the_text_encoders_stop(
    configure, train, trained, method
):
    options = {"ema_decay": 0.9, "stop_text_encoder_training": 2, "learning_rate": 1e-3}
    network = {"method": method}
    samples = {"sample_prompts": ["a frog --w 64 --h 64 --s 1"], "sample_every_n_steps": 2}
    expected = last(trained(network=network, train=options | {"max_train_steps": 3}))
    for steps in (1, 3):
        made = train(
            configure(
                network=network,
                train=options | {"max_train_steps": steps},
                save={"save_state": True, "resume": "auto"},
                sample=samples,
            )
        )
    found = last(made)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_text_encoder_in_the_files_is_frozen_too(configure, train):
    def text_weights(steps: int) -> dict[str, torch.Tensor]:
        options = {"max_train_steps": steps, "stop_text_encoder_training": 1, "ema_decay": 0.9}
        return {n: t for n, t in last(train(configure(train=options))).items() if n.startswith("lora_te")}

    at_stop, later = text_weights(1), text_weights(2)
    assert all(torch.equal(at_stop[name], later[name]) for name in at_stop)
