"""Weights and gradients in half precision: rounded without bias, trained, stored, taken up again exactly."""

from pathlib import Path

import pytest
import torch

from core.config.schema.run import OptimizerConfig
from core.control import RunControl
from core.errors import NumericFault
from core.events import Saved
from core.formats import tensors
from core.train import run as running
from core.train.device.engine import Engine, gradient_norm
from core.train.device.loss_scale import LossScale
from core.train.run import build, prepare
from core.train.weights import optimizer as optim
from core.train.weights.optimizer import ParameterGroup
from core.train.weights.stochastic_rounding import DROPPED, HalfStep, round_by_chance_
from core.train.weights.update import BadStep, Update

DTYPES = {"full_fp16": torch.float16, "full_bf16": torch.bfloat16}


def last(trial) -> dict[str, torch.Tensor]:
    return tensors.load(Path(next(e.path for e in trial.of(Saved) if e.info.get("kind") == "last")))


def bits(count: int, dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(2 ** DROPPED[dtype], (count,), generator=generator, dtype=torch.int32)


# 1 + 2**-9 lies a quarter of the way from 1 to bf16's next number; 1e-6 is no number of fp16, whose small
# ones are 2**-24 = 5.96e-8 apart.
@pytest.mark.parametrize(
    ("dtype", "value", "below", "above"),
    [
        (torch.bfloat16, 1 + 2**-9, 1.0, 1 + 2**-7),
        (torch.bfloat16, -3e-5, -3.0040740966796875e-05, -2.9921531677246094e-05),
        (torch.float16, 1 + 2**-12, 1.0, 1 + 2**-10),
        (torch.float16, -1e-6, -17 * 2**-24, -16 * 2**-24),
    ],
)
def test_rounding_goes_to_both_neighbours_and_keeps_the_mean(dtype, value, below, above):
    count = 200_000
    values = torch.full((count,), value)
    exact = values[0].double().item()
    round_by_chance_(values, dtype, bits(count, dtype))
    assert torch.equal(values.to(dtype).float(), values)
    assert set(values.tolist()) == {below, above}
    chance = (exact - below) / (above - below)
    sigma = (above - below) * (chance * (1 - chance) / count) ** 0.5
    assert abs(values.double().mean().item() - exact) < 3 * sigma


@pytest.mark.parametrize("dtype", DTYPES.values())
def test_numbers_that_fit_are_not_moved(dtype):
    values = torch.randn(10_000, generator=torch.Generator().manual_seed(1)).to(dtype).float()
    values[:100] *= 2.0**-13  # fp16's small ones
    values = values.to(dtype).float()
    before = values.clone()
    round_by_chance_(values, dtype, bits(10_000, dtype))
    assert torch.equal(values, before)


@pytest.mark.parametrize("optimizer_type", ["AdamW", "AdamW8bit", "Prodigy", "SGDScheduleFree", "Adafactor"])
def test_updates_too_small_for_bf16_are_there_on_average(optimizer_type):
    # 20,000 weights of 1.0; a rate of 1e-4 is a 39th of the distance to the next number below.
    parameter = torch.nn.Parameter(torch.ones(200, 100, dtype=torch.bfloat16))
    groups = (ParameterGroup("unet", 1e-4, {"w": parameter}),)
    fixed = {"Adafactor": ["relative_step=False", "scale_parameter=False"], "Prodigy": ["d0=1.0"]}
    args = fixed.get(optimizer_type, [])
    optimizer = optim.make(OptimizerConfig(optimizer_type=optimizer_type, optimizer_args=args), groups)
    parameter.grad = torch.ones_like(parameter)
    HalfStep(optimizer, 0, True)([parameter], 0, torch.ones(()))
    moved = 1.0 - parameter.double().mean().item()
    assert parameter.dtype is torch.bfloat16 and parameter.grad is None
    # Prodigy's first step is 0.1 / sqrt(0.001) = 3.16 times its rate; the others' is the rate.
    assert moved == pytest.approx(3.16e-4 if optimizer_type == "Prodigy" else 1e-4, rel=0.15)
    assert parameter.unique().tolist() == [1 - 2**-8, 1.0]


def test_the_optimizer_remembers_in_float32_whatever_the_weights_are():
    parameter = torch.nn.Parameter(torch.zeros(8, dtype=torch.float16))
    optimizer = optim.make(OptimizerConfig(), (ParameterGroup("unet", 1e-3, {"w": parameter}),))
    parameter.grad = torch.full_like(parameter, 1e-5)
    HalfStep(optimizer, 0, False)([parameter], 0, torch.ones(()))
    assert optimizer.state[parameter]["exp_avg_sq"].dtype is torch.float32
    # In fp16 (1e-5)**2 and eps 1e-8 would both be 0, and the step 0 / 0.
    assert parameter.float().isfinite().all() and parameter.any()


def test_pieces_give_what_the_whole_gives(monkeypatch):
    def trained(piece_bytes: int) -> list[torch.Tensor]:
        monkeypatch.setattr("core.train.weights.stochastic_rounding.ROUNDING_PIECE", piece_bytes)
        generator = torch.Generator().manual_seed(0)
        parameters = [
            torch.nn.Parameter(torch.randn(shape, generator=generator).bfloat16())
            for shape in (5, (3, 70), 1)
        ]
        optimizer = optim.make(
            OptimizerConfig(), (ParameterGroup("unet", 1e-2, dict(zip("abc", parameters, strict=True))),)
        )
        monkeypatch.setattr("core.train.weights.stochastic_rounding.round_by_chance_", lambda *_: None)
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)
        HalfStep(optimizer, 0, False)(parameters, 0, torch.ones(()))
        return parameters

    for one, other in zip(trained(1), trained(2**20), strict=True):
        assert torch.equal(one, other)


def test_a_weight_is_rounded_alike_alone_and_among_others_and_otherwise_in_each_step():
    def trained(step: int, together: bool) -> list[torch.Tensor]:
        weights = [torch.nn.Parameter(torch.ones(1000, dtype=torch.bfloat16)) for _ in range(2)]
        rounded = HalfStep(torch.optim.SGD(weights, lr=1e-3), 0, False)
        for weight in weights:
            weight.grad = torch.ones_like(weight)
        for group in [weights] if together else [[weights[1]], [weights[0]]]:
            rounded(group, step, torch.ones(()))
        return weights

    one, other = trained(0, True)
    assert not torch.equal(one, other)
    assert all(torch.equal(a, b) for a, b in zip(trained(0, False), (one, other), strict=True))
    assert not torch.equal(trained(1, True)[0], one)


def test_gradients_in_fp16_are_measured_and_unscaled_without_overflow(tmp_path):
    parameter = torch.nn.Parameter(torch.zeros(4, dtype=torch.float16))
    parameter.grad = torch.full((4,), 60_000.0, dtype=torch.float16)
    assert gradient_norm([parameter]).item() == pytest.approx(119_968, rel=1e-3)
    with Engine("full_fp16") as engine:
        assert engine.weight_type is torch.float16 and engine.scaler is not None
        engine.scaler.value.fill_(120_000.0)
        optimizer = torch.optim.SGD([parameter], lr=1.0)
        Update(engine, optimizer, [parameter], 0.0, HalfStep(optimizer, 0, False))(0, torch.zeros(()))
    # 60,000 / 120,000, with a rate of 1.
    assert parameter.tolist() == pytest.approx([-0.5] * 4, rel=1e-3)


def test_an_overflow_halves_the_scale_and_leaves_the_step_out():
    parameter = torch.nn.Parameter(torch.ones(2, dtype=torch.float16))
    parameter.grad = torch.tensor([float("inf"), 1.0], dtype=torch.float16)
    with Engine("full_fp16") as engine:
        optimizer = torch.optim.SGD([parameter], lr=1.0)
        Update(engine, optimizer, [parameter], 1.0, HalfStep(optimizer, 0, False))(0, torch.zeros(()))
        assert engine.scaler.value.item() == 2.0**15
    assert parameter.tolist() == [1.0, 1.0]


def test_twenty_overflows_in_a_row_are_a_fault_and_nineteen_are_not():
    parameter = torch.nn.Parameter(torch.ones(2, dtype=torch.float16))
    with Engine("full_fp16") as engine:
        optimizer = torch.optim.SGD([parameter], lr=1.0)
        update = Update(engine, optimizer, [parameter], 1.0, HalfStep(optimizer, 0, False))

        def overflow(step: int) -> None:
            parameter.grad = torch.tensor([float("inf"), 1.0], dtype=torch.float16)
            update(step, torch.zeros(()))

        for step in range(19):
            overflow(step)
        update.look(19)
        assert engine.scaler.value.item() == 2.0 ** (16 - 19)
        overflow(19)
        with pytest.raises(BadStep) as found:
            update.look(20)
    assert found.value.step == 0 and parameter.tolist() == [1.0, 1.0]


def test_an_always_overflowing_run_ends_with_the_weights_of_its_last_good_step(
    configure, train, tmp_path, monkeypatch
):
    plain, calls = running.BatchLoss.__call__, []

    def call(self, batch):
        calls.append(batch)
        loss = plain(self, batch)
        return loss * float("inf") if len(calls) > 2 else loss

    monkeypatch.setattr(running.BatchLoss, "__call__", call)
    options = {"train": {"precision": "full_fp16", "max_train_steps": 40, "learning_rate": 1e-4}}
    with pytest.raises(NumericFault, match=r"in step 3 .*use full_bf16 instead of full_fp16"):
        train(configure(**options))
    assert len(calls) >= 22 and (tmp_path / "out" / "step-00000002-state").is_dir()


def test_as_on_a_gpu_the_optimizer_leaves_an_overflow_out_by_itself():
    parameter = torch.nn.Parameter(torch.ones(2, dtype=torch.float16))
    parameter.grad = torch.tensor([float("inf"), 1.0], dtype=torch.float16)
    with Engine("full_fp16") as engine:
        optimizer = optim.make(OptimizerConfig(), (ParameterGroup("unet", 0.1, {"w": parameter}),))
        update = Update(engine, optimizer, [parameter], 1.0, HalfStep(optimizer, 0, False))
        update._looks_at_once = False
        update(0, torch.zeros(()))
        parameter.grad = torch.ones(2, dtype=torch.float16)
        assert parameter.tolist() == [1.0, 1.0]
        update(1, torch.zeros(()))
    assert parameter.tolist() == pytest.approx([0.9, 0.9], abs=2e-3)
    assert optimizer.state[parameter]["step"].item() == 1


def test_the_scale_doubles_after_two_thousand_good_steps():
    scale = LossScale(torch.device("cpu"))
    scale.load({"scale": 8.0, "good_steps": 1998})
    scale.update(torch.tensor(False))
    assert scale.state() == {"scale": 8.0, "good_steps": 1999}
    scale.update(torch.tensor(False))
    assert scale.state() == {"scale": 16.0, "good_steps": 0}


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("method", ["lora", "none"])
def test_what_is_trained_is_in_half_precision_and_learns_and_nothing_else_of_a_lora_run_is(
    configure, tmp_path, precision, method
):
    rate = 1e-2 if method == "lora" else 1e-4
    config = configure(network={"method": method}, train={"precision": precision, "learning_rate": rate})
    control = RunControl()
    with Engine(precision) as engine:
        training, _ = build(prepare(config, tmp_path, control, [].append), engine, control, [].append)
        engine.backward(training.batch_loss(next(training.stream(0))))
    assert {p.dtype for p in training.update.parameters} == {DTYPES[precision]}
    assert {p.grad.dtype for p in training.update.parameters} == {DTYPES[precision]}
    batch, losses = next(training.stream(1)), []
    training.optimizer.zero_grad()
    for step in range(6):
        loss = training.batch_loss(batch)
        training.engine.backward(loss)
        training.update(step, loss.detach())
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    norm = training.model.modules["unet"].get_parameter("conv_norm_out.weight")
    assert norm.dtype is (torch.float32 if method == "lora" else DTYPES[precision])
    assert {p.dtype for p in training.model.modules["vae"].parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("precision", "method", "optimizer"),
    [("full_bf16", "none", "AdamW8bit"), ("full_fp16", "lora", "AdamW"), ("full_fp16", "none", "AdamW8bit")],
)
def test_a_run_in_half_precision_saves_and_resumes_exactly(
    configure, train, tmp_path, precision, method, optimizer
):
    rate = 1e-3 if method == "none" else 1e-2
    options = {
        "network": {"method": method},
        "optimizer": {"optimizer_type": optimizer},
        "dataset": {"train_batch_size": 6},
    }
    values = {"precision": precision, "learning_rate": rate}
    straight = train(
        configure(
            **options, train=values | {"max_train_steps": 4}, save={"output_dir": str(tmp_path / "straight")}
        )
    )
    expected = last(straight)
    for steps in (2, 4):
        resumed = train(
            configure(
                **options,
                train=values | {"max_train_steps": steps},
                save={"save_state": True, "resume": "auto"},
            )
        )
    found = last(resumed)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    prefix = "lora_unet" if method == "lora" else "model.diffusion_model"
    assert {t.dtype for name, t in found.items() if name.startswith(prefix)} == {DTYPES[precision]}
    assert {t.dtype for name, t in found.items() if name.startswith("first_stage")} <= {torch.float32}
    stored = tensors.load(tmp_path / "out" / "last-state" / "trainable.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {DTYPES[precision]}
