"""The contract of every method, on a Linear and a convolution."""

from functools import partial

import pytest
import torch
from torch import nn

from core import catalog
from core.adapters import methods
from core.adapters.methods import METHODS, Method
from core.adapters.network import Network, merge, misfits, targets_of
from core.adapters.targets import Ranks, Target
from core.families import FAMILIES
from core.train.seeds import generator

RANKS = Ranks(2, 3.0, 2, 1.0)
AXIS = {"dora_axis": "input"}
SHAPES = {"attentions.0.to_q": (3, 12), "resnets.0.conv1": (3, 8)}


class Toy(nn.Module):
    """A Linear and a 3x3 convolution at paths that are adapted."""

    def __init__(self) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([nn.ModuleDict({"to_q": nn.Linear(8, 12)})])
        self.resnets = nn.ModuleList([nn.ModuleDict({"conv1": nn.Conv2d(12, 8, 3, padding=1)})])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.attentions[0]["to_q"](x)
        return self.resnets[0]["conv1"](rows.mT.unflatten(-1, (4, 4)))


@pytest.fixture
def toy() -> Toy:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return Toy().requires_grad_(False)


@pytest.fixture(params=METHODS)
def method(request) -> Method:
    return METHODS[request.param]


def attach(toy: Toy, method: Method, chosen=None, options=AXIS) -> Network:
    chosen = chosen or targets_of(FAMILIES["sd1"], {"unet": toy}, RANKS)
    return Network({"unet": toy}, method, chosen, partial(generator, 3), options=options)


def shake(network: Network) -> None:
    own = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters().values():
            parameter.add_(torch.randn(parameter.shape, generator=own) * 0.3)


def answer(toy: Toy) -> torch.Tensor:
    return toy(torch.randn(2, 16, 8, generator=torch.Generator().manual_seed(0)))


def test_every_method_to_choose_has_its_entry():
    assert METHODS.keys() | {"none", "embedding"} == catalog.METHODS.keys()  # these have no adapter


def test_the_tensors_are_named_and_whole(toy, method):
    network = attach(toy, method)
    for module in network.adapted().values():
        assert methods.method_of(module.tensors) is method
        assert module.rank == method.rank_of(module.tensors) or "lokr_w2" in module.tensors
    assert {parameter.dtype for parameter in network.parameters().values()} == {torch.float32}


def test_the_start_does_not_depend_on_what_is_adapted_beside(toy, method):
    both = attach(toy, method).adapted()
    chosen = {"unet": [Target("attentions.0.to_q", 2, 3.0)]}
    alone = attach(Toy().requires_grad_(False), method, chosen)
    [(key, module)] = alone.adapted().items()
    drawn = [name for name in module.tensors if name not in method.own_start]
    assert drawn and all(torch.equal(module.tensors[name], both[key].tensors[name]) for name in drawn)


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_it_merges_as_it_runs_and_leaves_the_very_same_modules(toy, method, strength):
    before = [*toy.named_modules()]
    network = attach(toy, method)
    shake(network)
    network.set_strength(strength)
    expected, adapted = answer(toy), {key: module for key, module in network.adapted().items()}
    network.remove()
    assert [*toy.named_modules()] == before and not torch.allclose(answer(toy), expected, atol=1e-3)
    assert misfits({"unet": toy}, adapted) == []
    merge({"unet": toy}, adapted, strength)
    torch.testing.assert_close(answer(toy), expected, rtol=1e-4, atol=1e-4)
    assert [*toy.named_modules()] == before


def test_tensors_of_another_shape_do_not_fit(toy, method):
    adapted = attach(toy, method).adapted()
    key, module = next(iter(adapted.items()))
    name, tensor = next(iter(module.tensors.items()))
    wider = torch.cat([tensor, tensor], dim=1)
    adapted[key] = module._replace(tensors={**module.tensors, name: wider})
    assert misfits({"unet": Toy()}, adapted) == [key]


def test_norms_are_limited_to_what_is_asked_for(toy, method):
    if not method.has_scale:
        return  # rotations have no norm; the option is not for them
    network = attach(toy, method)
    shake(network)
    network.limit_norms(0.25)
    assert network.norms() == pytest.approx({"scaled": 2.0, "mean": 0.25, "largest": 0.25})
    network.limit_norms(10.0)
    assert network.norms() == pytest.approx({"scaled": 0.0, "mean": 0.25, "largest": 0.25})


@pytest.mark.parametrize("options", [{"factor": 2}, {"factor": -1}, {"factor": 2, "decompose_both": True}])
@pytest.mark.parametrize("rank", [1, 64])
def test_both_factors_of_lokr_are_applied_as_their_product_is(toy, options, rank):
    chosen = targets_of(FAMILIES["sd1"], {"unet": toy}, Ranks(rank, 3.0, rank, 1.0))
    shake(attach(toy, METHODS["lokr"], chosen, options))
    quick = answer(toy)
    for layer in toy.modules():
        layer.__dict__.pop("forward", None)
    torch.testing.assert_close(quick, answer(toy), rtol=1e-4, atol=1e-4)


def test_a_lokr_whose_second_factor_is_whole_has_a_scale_of_one(toy):
    chosen = targets_of(FAMILIES["sd1"], {"unet": toy}, Ranks(1 << 16, 1.0, 1 << 16, 1.0))
    for module in attach(toy, METHODS["lokr"], chosen).adapted().values():
        assert set(module.tensors) == {"lokr_w1", "lokr_w2"} and module.scale == 1
