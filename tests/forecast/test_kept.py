"""What adapters keep for the backward pass beyond a LoRA, by layer and in the forecast of a whole model."""

from functools import partial

import pytest
import torch
from torch import nn

from core.adapters import factors
from core.adapters.methods import METHODS
from core.adapters.network import Network
from core.adapters.targets import Target
from core.config.schema.run import RunConfig
from core.forecast import architecture
from core.forecast.setup import Data, Setup
from core.train.seeds import generator

MIB = 2**20
RANK = 3


class Holder(nn.Module):
    """One layer without a bias."""

    def __init__(self, is_conv: bool) -> None:
        super().__init__()
        self.layer = nn.Conv2d(24, 32, 3, padding=1, bias=False) if is_conv else nn.Linear(24, 32, bias=False)


def saved(method: str, is_conv: bool, options: dict, rank: int) -> tuple[int, tuple[int, ...]]:
    """Numbers kept by a pass of 100 positions, weights apart; and the shape of the layer's weight."""
    holder = Holder(is_conv).requires_grad_(False)
    weight = holder.layer.weight
    chosen = {"unet": [Target("layer", rank, 1.0)]}
    network = Network({"unet": holder}, METHODS[method], chosen, partial(generator, 1), options=options)
    apart = {p.untyped_storage().data_ptr() for p in (weight, *network.parameters().values())}
    found: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in apart:
            found[place] = tensor.untyped_storage().nbytes() // tensor.itemsize
        return tensor

    x = torch.randn(1, 24, 10, 10) if is_conv else torch.randn(100, 24)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        holder.layer(x.requires_grad_())
    return sum(found.values()), tuple(weight.shape)


@pytest.mark.parametrize("is_conv", [False, True], ids=["Linear", "Conv2d"])
@pytest.mark.parametrize(
    ("method", "options", "rank"),
    [
        ("dora", {"dora_axis": "input"}, RANK),
        ("dora", {"dora_axis": "output"}, RANK),
        ("loha", {}, RANK),
        ("lokr", {"factor": 4}, 1),
        ("lokr", {"factor": 4}, 1 << 16),
    ],
)
def test_a_layer_keeps_beyond_a_lora_what_is_counted(method, options, rank, is_conv):
    lora, _ = saved("lora", is_conv, {}, RANK)
    own, weight = saved(method, is_conv, options, rank)
    position, fixed = factors.kept(method, weight, rank, options)
    assert own - lora == pytest.approx(100 * position + fixed, abs=100 * RANK + 100)


def peak(method: str, **more) -> float:
    """MiB of activations and gradients at the highest moment of SD1 at 512 x 512, rank 16, as told."""
    train = {"text_encoder_lr": 0.0, "gradient_checkpointing": more.pop("cp", False)}
    config = RunConfig(
        network={"method": method, "rank": 16, **more}, train=train, dataset={"cache_latents": True}
    )
    made = Setup(config, architecture.of_family("sd1"), Data.of(config), is_gpu=True)
    trained = made.trained_bytes()
    return max(nbytes + share * trained for nbytes, share in made.activations.moments(4096, 77)) / MIB


# Counted by bench.activations on the real U-Net, with the method in place of a LoRA.
@pytest.mark.parametrize(
    ("mib", "network"),
    [
        (1795, {"method": "lora"}),
        (2372, {"method": "dora"}),
        (2554, {"method": "dora", "dora_axis": "output"}),
        (2733, {"method": "loha"}),
        (2704, {"method": "lokr", "factor": 8}),
        (2576, {"method": "lokr", "factor": 8, "full_matrix": True}),
        (2371, {"method": "oft"}),
    ],
)
def test_the_forecast_of_a_method_is_within_a_few_hundredths_of_what_was_counted(mib, network):
    assert peak(**network) == pytest.approx(mib, rel=0.05)
