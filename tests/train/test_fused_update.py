"""Optimizer steps in the backward pass: the same weights, one gradient at a time, no bad number in any."""

import gc
import weakref
from pathlib import Path

import pytest
import torch
from torch import nn

from core.catalog import OPTIMIZERS
from core.config.schema.optimizer import OptimizerConfig
from core.control import RunControl
from core.errors import NumericFault, ResourceFault, UserError
from core.events import Saved, StepDone
from core.formats import tensors
from core.train import run as running
from core.train.device.engine import Engine
from core.train.run import build, prepare
from core.train.weights import optimizer as optim
from core.train.weights.fused_update import FusedUpdate
from core.train.weights.optimizer import ParameterGroup
from core.train.weights.stochastic_rounding import HalfStep
from core.train.weights.update import BadStep, Update

SEPARATE = [name for name, spec in OPTIMIZERS.items() if not spec.is_joint]
TYPES = {"no": torch.float32, "full_bf16": torch.bfloat16}
FUSED = {"network": {"method": "none"}, "train": {"fused_backward_pass": True, "learning_rate": 1e-3}}


def fused(**train) -> dict[str, dict]:
    """Sections of a whole-model run that steps in the backward pass, with more options of [train]."""
    return {**FUSED, "train": FUSED["train"] | train}


def layers(precision: str = "no") -> nn.Sequential:
    """Two kinds of layers, one of which 8-bit optimizers remember in 8 bits."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(90, 80), nn.SiLU(), nn.LayerNorm(80), nn.Linear(80, 5))
    return made.to(TYPES[precision])


def update_of(
    kind: type[Update],
    engine: Engine,
    network: nn.Module,
    optimizer_type: str = "AdamW",
    largest: float = 0.0,
) -> Update:
    weights = dict(network.named_parameters())
    last = {name: weights.pop(name) for name in [*weights][-2:]}
    groups = (ParameterGroup("unet", 1e-2, weights), ParameterGroup("text_encoder", 1e-3, last))
    optimizer = optim.make(OptimizerConfig(optimizer_type=optimizer_type), groups)
    is_half = engine.weight_type is not torch.float32
    half_step = HalfStep(optimizer, 5, False) if is_half else None
    return kind(engine, optimizer, [*network.parameters()], largest, half_step)


def step(update: Update, network: nn.Module, number: int) -> None:
    dtype = next(network.parameters()).dtype
    x = torch.randn(4, 90, generator=torch.Generator().manual_seed(number)).to(dtype)
    loss = network(x).float().square().mean()
    update.backward(number, loss)
    update(number, loss.detach())


def copies(network: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def last(trial) -> dict[str, torch.Tensor]:
    return tensors.load(Path(next(e.path for e in trial.of(Saved) if e.info.get("kind") == "last")))


def are_equal(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


def spoil(parameter: nn.Parameter) -> torch.utils.hooks.RemovableHandle:
    """Make the next gradients of a weight infinite."""
    return parameter.register_hook(lambda gradient: gradient * float("inf"))


@pytest.mark.parametrize("precision", TYPES)
@pytest.mark.parametrize("name", SEPARATE)
def test_without_clipping_the_weights_are_those_of_the_ordinary_update_bit_for_bit(name, precision):
    results = []
    for kind in (Update, FusedUpdate):
        network = layers(precision)
        with Engine(precision) as engine:
            update = update_of(kind, engine, network, name)
            for number in range(3):
                step(update, network, number)
        results.append((copies(network), update.grad_norm.item()))
    (plain, plain_norm), (ours, norm) = results
    assert all(torch.equal(a, b) for a, b in zip(plain, ours, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(ours, copies(layers(precision)), strict=True))
    assert norm == pytest.approx(plain_norm, rel=1e-5)


def test_each_gradient_is_clipped_by_its_own_norm():
    large, small = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([large, small], lr=1.0)
    with Engine("no") as engine:
        update = FusedUpdate(engine, optimizer, [large, small], 1.0)
        # Gradients (3, 4) of norm 5 and (0.3, 0.4) of norm 0.5.
        loss = (large * torch.tensor([3.0, 4.0]) + small * torch.tensor([0.3, 0.4])).sum()
        update.backward(0, loss)
        update(0, loss.detach())
    assert large.tolist() == pytest.approx([-0.6, -0.8], rel=1e-5)
    assert small.tolist() == pytest.approx([-0.3, -0.4], rel=1e-5)
    assert update.grad_norm.item() == pytest.approx(5.02494, rel=1e-5)  # sqrt(25 + 0.25)


@pytest.mark.parametrize("precision", ["bf16", "full_bf16"])
def test_of_a_whole_model_one_gradient_is_there_at_a_time(configure, tmp_path, precision):
    config = configure(**fused(precision=precision, gradient_checkpointing=True))
    with Engine(precision) as engine:
        job = prepare(config, tmp_path, RunControl(), [].append)
        training, _ = build(job, engine, RunControl(), [].append)
        parameters, there = training.update.parameters, []

        def count(_: torch.Tensor) -> None:
            there.append(sum(parameter.grad is not None for parameter in parameters))

        for parameter in parameters:
            parameter.register_post_accumulate_grad_hook(count)
        loss = training.batch_loss(next(training.stream(0)))
        training.update.backward(0, loss)
        training.update(0, loss.detach())
    assert len(there) > 50 and set(there) == {1}
    assert all(parameter.grad is None for parameter in parameters)


@pytest.mark.parametrize(
    "more",
    [
        {"ema_decay": 0.9, "gradient_checkpointing": True, "stop_text_encoder_training": 2},
        {"precision": "full_bf16", "ema_decay": 0.9},
    ],
    ids=["float32, averages, recomputed, text encoder stopped", "bf16 throughout, averages"],
)
def test_a_run_leaves_the_same_model_as_an_ordinary_one_without_clipping(configure, train, more):
    given = more | {"max_grad_norm": 0.0, "max_train_steps": 4}
    ours = train(configure(**fused(**given), save={"output_name": "ours"}))
    plain = train(configure(**fused(**given, fused_backward_pass=False), save={"output_name": "plain"}))
    assert are_equal(last(ours), last(plain))
    norms = [[event.grad_norm for event in trial.of(StepDone)] for trial in (ours, plain)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


@pytest.mark.parametrize(
    ("precision", "optimizer"), [("no", "AdamW"), ("full_bf16", "AdamW8bit"), ("full_bf16", "Adafactor")]
)
def test_a_stopped_run_goes_on_bit_for_bit(configure, train, tmp_path, precision, optimizer):
    sections = {"optimizer": {"optimizer_type": optimizer}}
    places = {"output_dir": str(tmp_path / "straight")}
    straight = train(configure(**fused(precision=precision, max_train_steps=4), **sections, save=places))
    for steps in (2, 4):
        resumed = train(
            configure(
                **fused(precision=precision, max_train_steps=steps),
                **sections,
                save={"save_state": True, "resume": "auto"},
            )
        )
    assert are_equal(last(resumed), last(straight))


@pytest.mark.parametrize("name", ["AdamW", "SGDNesterov", "AdamW8bit", "Adafactor"])
@pytest.mark.parametrize("precision", TYPES)
def test_a_bad_gradient_reaches_no_weight_and_leaves_weights_that_are_not_whole(name, precision):
    network = layers(precision)
    with Engine(precision) as engine:
        update = update_of(FusedUpdate, engine, network, name, largest=1.0)
        step(update, network, 0)
        assert update.is_whole
        before, hook = copies(network), spoil(network[2].weight)
        with pytest.raises(BadStep) as found:
            step(update, network, 1)
        hook.remove()
    assert found.value.step == 1 and not update.is_whole
    assert all(parameter.isfinite().all() for parameter in network.parameters())
    # The backward pass begins with the last layer, which had its step.
    assert not torch.equal(network[3].weight, before[-2])
    if name in ("AdamW", "SGDNesterov"):
        assert torch.equal(network[2].weight, before[2]) and torch.equal(network[0].weight, before[0])


@pytest.mark.parametrize(("is_loss", "is_whole"), [(True, True), (False, False)])
def test_on_a_device_all_is_left_out_from_the_bad_number_on_until_the_host_looks(is_loss, is_whole):
    network = layers()
    with Engine("no") as engine:
        update = update_of(FusedUpdate, engine, network)
        update._looks_at_once = False  # as on a GPU
        step(update, network, 0)
        if is_loss:
            loss = network(torch.ones(4, 90)).mean() * float("nan")
            update.backward(1, loss)
            update(1, loss.detach())
        else:
            hook = spoil(network[3].bias)
            step(update, network, 1)
            hook.remove()
        after = copies(network)
        step(update, network, 2)
        assert all(torch.equal(a, b) for a, b in zip(copies(network), after, strict=True))
        with pytest.raises(BadStep) as found:
            update.look(3)
    assert found.value.step == 1 and update.is_whole == is_whole


def test_a_loss_that_is_not_finite_is_found_before_any_weight_is_stepped():
    network = layers()
    with Engine("no") as engine:
        update = update_of(FusedUpdate, engine, network, "AdamW8bit")
        before, loss = copies(network), network(torch.ones(4, 90)).mean() * float("inf")
        with pytest.raises(BadStep):
            update.backward(0, loss)
    assert update.is_whole
    assert all(torch.equal(a, b) for a, b in zip(copies(network), before, strict=True))


def test_a_run_whose_loss_turns_bad_keeps_its_last_good_step(configure, train, tmp_path, monkeypatch):
    plain, calls = running.BatchLoss.__call__, []

    def spoiled(self, batch):
        calls.append(batch)
        return plain(self, batch) * (float("nan") if len(calls) == 3 else 1.0)

    monkeypatch.setattr(running.BatchLoss, "__call__", spoiled)
    with pytest.raises(NumericFault, match="weights of step 2 are kept"):
        train(configure(**fused()))
    assert (tmp_path / "out" / "step-00000002-state").is_dir()


def test_a_run_with_a_bad_gradient_keeps_what_was_saved_before_and_says_so(
    configure, train, tmp_path, monkeypatch
):
    plain, calls = running.BatchLoss.__call__, []

    def spoiled(self, batch):
        calls.append(batch)
        if len(calls) == 3:
            spoil(self.model.modules["unet"].get_parameter("conv_in.weight"))
        return plain(self, batch)

    save = {"save_every_n_steps": 1, "save_state": True}
    with monkeypatch.context() as patch:
        patch.setattr(running.BatchLoss, "__call__", spoiled)
        with pytest.raises(NumericFault, match="only earlier saves can be used") as fault:
            train(configure(**fused(max_train_steps=4), save=save))
    assert "より前の保存" in fault.value.problems[0].ja
    states = sorted(path.name for path in (tmp_path / "out").glob("*-state"))
    assert states == ["step-00000001-state", "step-00000002-state"]
    resumed = train(configure(**fused(max_train_steps=4), save=save | {"resume": "auto"}))
    straight = train(configure(**fused(max_train_steps=4), save={"output_name": "straight"}))
    assert are_equal(last(resumed), last(straight))


def test_memory_that_runs_out_within_a_step_leaves_no_state_of_it(configure, train, tmp_path, monkeypatch):
    plain, later = FusedUpdate._take, []

    def hungry(self, parameter):
        if self._step == 2:
            later.append(parameter)
        if len(later) == 10:
            raise torch.OutOfMemoryError("Tried to allocate 20 GiB")
        plain(self, parameter)

    monkeypatch.setattr(FusedUpdate, "_take", hungry)
    with pytest.raises(ResourceFault, match="memory ran out") as fault:
        train(configure(**fused()))
    assert "is kept" not in fault.value.problems[0].en and not [*(tmp_path / "out").glob("*-state")]


def test_an_update_is_gone_when_nobody_uses_it_any_more():
    network = layers()
    gc.disable()
    try:
        with Engine("no") as engine:
            update = update_of(FusedUpdate, engine, network)
            step(update, network, 0)
        known = weakref.ref(update)
        del update
        assert known() is None
    finally:
        gc.enable()


def test_several_processes_are_refused(configure, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "world_size", lambda: 2)
    with pytest.raises(UserError, match="cannot be used with several processes \\(2\\)") as refused:
        prepare(configure(**fused()), tmp_path, RunControl(), [].append)
    assert refused.value.problems[0].key == "train.fused_backward_pass"


def test_a_lora_is_updated_as_ever(configure, tmp_path):
    config = configure(train={"fused_backward_pass": True})
    with Engine("no") as engine:
        job = prepare(config, tmp_path, RunControl(), [].append)
        training, _ = build(job, engine, RunControl(), [].append)
    assert type(training.update) is Update
