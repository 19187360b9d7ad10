"""The contract of an adapter on the parts of a whole model; that of every method is in test_methods."""

import pytest
import torch
from torch import nn

from core.adapters.lora import Dropouts
from core.adapters.methods import METHODS
from core.adapters.network import Network, describe, targets_of
from core.adapters.targets import Ranks
from core.errors import UserError
from core.families import FAMILIES
from core.formats import lora_file
from core.train.seeds import generator
from tests.tiny import modules

NONE = Dropouts()
SPEC = FAMILIES["sd1"]


def keyed(*purpose):
    return generator(3, *purpose)


@pytest.fixture
def parts() -> dict[str, nn.Module]:
    found = modules()
    return {name: found[name].requires_grad_(False) for name in ("unet", "text_encoder")}


def attach(parts, conv_rank=None, dropouts=NONE) -> Network:
    chosen = targets_of(SPEC, parts, Ranks(2, 1.0, conv_rank, 1.0))
    return Network(parts, METHODS["lora"], chosen, keyed, dropouts)


def unfused(parts) -> Network:
    """With the forward of PEFT itself."""
    network = attach(parts)
    for module in parts.values():
        for layer in module.modules():
            layer.__dict__.pop("forward", None)
    return network


def test_a_model_is_described_the_same_while_an_adapter_is_attached(parts):
    before = {name: [*describe(module)] for name, module in parts.items()}
    attach(parts, conv_rank=2)
    assert {name: [*describe(module)] for name, module in parts.items()} == before


def draw(parts) -> torch.Tensor:
    """The U-Net's answer to fixed noise and a fixed caption."""
    own = torch.Generator().manual_seed(0)
    latents = torch.randn(2, 4, 8, 8, generator=own)
    states = parts["text_encoder"](torch.arange(154).reshape(2, 77)).last_hidden_state
    return parts["unet"](latents, torch.tensor([10, 900]), states).sample


def shake(network: Network) -> None:
    """Weights as after some training."""
    own = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters().values():
            parameter.add_(torch.randn(parameter.shape, generator=own) * 0.1)


def test_before_training_it_changes_nothing(parts):
    before = draw(parts)
    attach(parts, conv_rank=2)
    torch.testing.assert_close(draw(parts), before, rtol=0, atol=1e-6)


def test_strength_zero_is_the_base_model(parts):
    before = draw(parts)
    network = attach(parts)
    shake(network)
    assert not torch.allclose(draw(parts), before, atol=1e-4)
    network.set_strength(0.0)
    torch.testing.assert_close(draw(parts), before, rtol=0, atol=1e-6)


def test_it_runs_as_it_merges(parts):
    network = attach(parts, conv_rank=2)
    shake(network)
    answer, adapted = draw(parts), network.adapted()
    network.remove()
    with torch.no_grad():
        for (part, path), (tensors, alpha, rank) in adapted.items():
            down, up = tensors["lora_down.weight"], tensors["lora_up.weight"]
            weight = parts[part].get_submodule(path).weight
            weight.add_((up.flatten(1) @ down.flatten(1) * alpha / rank).view(weight.shape))
    torch.testing.assert_close(draw(parts), answer, rtol=1e-4, atol=1e-5)


def test_the_fused_forward_is_that_of_peft(parts):
    fused = attach(parts)
    shake(fused)
    answer, weights = draw(parts), fused.adapted()
    fused.remove()
    plain = unfused(parts)
    plain.load(weights, "")
    torch.testing.assert_close(answer, draw(parts), rtol=0, atol=1e-6)


def test_the_gradients_of_the_fused_forward_are_those_of_peft(parts):
    def gradients(network):
        draw(parts).square().mean().backward()
        return {weight: p.grad for weight, p in network.parameters().items()}

    fused = attach(parts)
    shake(fused)
    ours, weights = gradients(fused), fused.adapted()
    fused.remove()
    plain = unfused(parts)
    plain.load(weights, "")
    theirs = gradients(plain)
    assert ours.keys() == theirs.keys()
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], rtol=0, atol=1e-6)


def test_every_parameter_gets_a_gradient(parts):
    network = attach(parts, conv_rank=2)
    shake(network)
    draw(parts).square().mean().backward()
    for weight, parameter in network.parameters().items():
        assert parameter.grad is not None, weight
        assert parameter.grad.abs().sum() > 0, weight


def test_removal_restores_the_very_same_modules(parts):
    before = {part: [*module.named_modules()] for part, module in parts.items()}
    network = attach(parts, conv_rank=2)
    network.remove()
    assert {part: [*module.named_modules()] for part, module in parts.items()} == before
    assert not any(hasattr(module, "peft_config") for module in parts.values())


def test_attaching_leaves_the_global_generator_alone(parts):
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    attach(parts)
    assert torch.equal(torch.rand(3), expected)


def test_the_start_depends_on_the_seed_and_the_name_only(parts):
    both = attach(parts).adapted()
    fresh = modules()
    alone = attach({"unet": fresh["unet"]}).adapted()
    for key, (tensors, _, _) in alone.items():
        assert torch.equal(tensors["lora_down.weight"], both[key].tensors["lora_down.weight"])
        assert not tensors["lora_up.weight"].any()


def test_file_to_adapter_to_file_is_the_identity(parts):
    network = attach(parts, conv_rank=2)
    shake(network)
    written = lora_file.to_file(network.adapted(), SPEC)
    fresh = modules()
    paths = {part: [module.path for module in describe(fresh[part])] for part in parts}
    other = attach({name: fresh[name] for name in parts}, conv_rank=2)
    found = lora_file.from_file(written, paths, SPEC)
    assert found.unknown == [] and other.load(found.modules, "") == []
    again = lora_file.to_file(other.adapted(), SPEC)
    assert again.keys() == written.keys()
    assert all(torch.equal(again[name], written[name]) for name in written)


def test_another_rank_is_refused(parts):
    weights = attach(parts).adapted()
    fresh = {name: modules()[name] for name in parts}
    other = Network(fresh, METHODS["lora"], targets_of(SPEC, fresh, Ranks(4, 1.0)), keyed)
    with pytest.raises(UserError, match=r"rank 2 and alpha 1 at .* but rank 4"):
        other.load(weights, "a.safetensors")


def test_modules_that_would_be_lost_are_refused(parts):
    weights = attach(parts, conv_rank=2).adapted()
    fresh = modules()
    other = attach({name: fresh[name] for name in parts})
    lost = len(weights) - len(other.adapted())
    with pytest.raises(UserError, match=f"{lost} modules for what is not trained here"):
        other.load(weights, "a.safetensors")


def test_the_adapter_leaves_what_is_trained_beside_it_trainable(parts):
    parts["unet"].conv_in.requires_grad_(True)
    attach(parts)
    assert parts["unet"].conv_in.weight.requires_grad
    assert not parts["unet"].conv_out.weight.requires_grad
