"""What the options of a LoRA do to a single layer, with numbers by hand."""

import pytest
import torch
from torch import nn

from core.adapters import ranks
from core.adapters.lora import Dropouts
from core.adapters.methods import METHODS, Adapted
from core.adapters.network import Network, merge
from core.adapters.targets import Module, ModuleKey, RankAlpha, Ranks, Target, WeightKey, targets
from core.config.schema.block_lists import rate_weights, weights
from core.config.schema.network import NetworkConfig
from core.families import FAMILIES
from core.train.seeds import generator

PATH = "attentions.0.to_q"
UNET, TEXT = FAMILIES["sd1"].part("unet"), FAMILIES["sd1"].part("text_encoder")
XL_UNET = FAMILIES["sdxl"].part("unet")


class Holder(nn.Module):
    """One Linear of ones at the path of an attention layer."""

    def __init__(self, kind=nn.Linear) -> None:
        super().__init__()
        layer = nn.Linear(4, 3, bias=False) if kind is nn.Linear else nn.Conv2d(4, 3, 1, bias=False)
        nn.init.zeros_(layer.weight)
        self.attentions = nn.ModuleList([nn.ModuleDict({"to_q": layer})])


def attached(dropouts=None, rank=2, alpha=2.0, kind=nn.Linear):
    """A network whose down and up hold ones: a row of ones gives 4 a rank, so 8 in all."""
    holder = Holder(kind).requires_grad_(False)
    network = Network(
        {"unet": holder},
        METHODS["lora"],
        {"unet": [Target(PATH, rank, alpha)]},
        lambda *p: generator(1, *p),
        dropouts,
    )
    with torch.no_grad():
        for parameter in network.parameters().values():
            parameter.fill_(1.0)
    return network, holder.train()


def run(holder, x):
    return holder.get_submodule(PATH)(x)


def test_without_dropout_a_row_of_ones_gives_8():
    _, holder = attached()
    assert run(holder, torch.ones(2, 5, 4)).unique().tolist() == [8.0]


@pytest.mark.parametrize("shape", [(64, 4), (64, 5, 4)])
def test_rank_dropout_leaves_ranks_out_for_whole_samples_and_doubles_the_rest(shape):
    _, holder = attached(Dropouts(ranks=0.5))
    answer = run(holder, torch.ones(shape)).reshape(64, -1)
    # Of two ranks none, one or both stay: 0, 4 x 2 or 8 x 2, the same at every place of a sample.
    assert sorted(answer.unique().tolist()) == [0.0, 8.0, 16.0]
    assert all(len(sample.unique()) == 1 for sample in answer)


def test_rank_dropout_of_a_convolution_is_the_same_at_every_pixel():
    _, holder = attached(Dropouts(ranks=0.5), kind=nn.Conv2d)
    answer = run(holder, torch.ones(64, 4, 3, 3)).reshape(64, -1)
    assert sorted(answer.unique().tolist()) == [0.0, 8.0, 16.0]
    assert all(len(sample.unique()) == 1 for sample in answer)


def test_dropout_of_values_differs_at_every_place():
    _, holder = attached(Dropouts(values=0.5))
    answer = run(holder, torch.ones(1, 64, 4))
    assert sorted(answer.unique().tolist()) == [0.0, 8.0, 16.0]


def test_module_dropout_leaves_the_whole_module_out():
    _, holder = attached(Dropouts(modules=0.5))
    answers = [run(holder, torch.ones(1, 5, 4)).unique().tolist() for _ in range(40)]
    assert {tuple(answer) for answer in answers} == {(0.0,), (8.0,)}
    assert 10 < answers.count([0.0]) < 30


def test_nothing_is_left_out_when_an_image_is_drawn():
    _, holder = attached(Dropouts(0.5, 0.5, 0.5))
    holder.eval()
    assert run(holder, torch.ones(8, 5, 4)).unique().tolist() == [8.0]


def test_norms_are_limited_by_scaling_both_matrices_alike():
    network, _ = attached()
    # up @ down is 3 x 4 twos: its norm is sqrt(12 * 4).
    network.limit_norms(1.0)
    assert network.norms() == pytest.approx({"scaled": 1.0, "mean": 1.0, "largest": 1.0})
    [(tensors, alpha, _)] = network.adapted().values()
    down, up = tensors["lora_down.weight"], tensors["lora_up.weight"]
    assert (up @ down * alpha / 2).norm().item() == pytest.approx(1.0)
    factor = (1 / 48**0.5) ** 0.5
    assert down.unique().item() == pytest.approx(factor) and up.unique().item() == pytest.approx(factor)


def test_norms_below_the_limit_stay_bit_for_bit():
    network, _ = attached()
    network.limit_norms(7.0)
    assert network.norms() == pytest.approx({"scaled": 0.0, "mean": 48**0.5, "largest": 48**0.5})
    assert all(parameter.unique().tolist() == [1.0] for parameter in network.parameters().values())


def test_a_norm_that_was_limited_is_not_scaled_again():
    network, _ = attached()
    network.limit_norms(1.0)
    before = [parameter.clone() for parameter in network.parameters().values()]
    network.limit_norms(1.0)
    assert network.norms()["scaled"] == 0
    after = network.parameters().values()
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def pair(down, up, alpha=1.0):
    return Adapted({"lora_down.weight": down, "lora_up.weight": up}, alpha, down.shape[0])


def test_merging_adds_the_product_times_alpha_over_rank_times_strength():
    holder = Holder()
    down, up = torch.full((2, 4), 3.0), torch.full((3, 2), 0.5, dtype=torch.float16)
    merge({"unet": holder}, {ModuleKey("unet", PATH): pair(down, up)}, 0.5)
    # 2 ranks x 3 x 0.5 = 3; times 1/2 times 0.5.
    assert holder.get_submodule(PATH).weight.unique().tolist() == [0.75]


def test_merging_into_a_convolution_keeps_its_kernel():
    holder = nn.Conv2d(1, 1, 3, bias=False)
    nn.init.zeros_(holder.weight)
    down, up = torch.arange(9.0).reshape(1, 1, 3, 3), torch.full((1, 1, 1, 1), 2.0)
    merge({"unet": nn.ModuleDict({"c": holder})}, {ModuleKey("unet", "c"): pair(down, up)}, 1.0)
    assert torch.equal(holder.weight.flatten(), 2 * torch.arange(9.0))


@pytest.mark.parametrize(
    ("path", "block"),
    [
        ("down_blocks.0.attentions.0.proj_in", 1),
        ("down_blocks.0.resnets.1.conv1", 2),
        ("down_blocks.0.downsamplers.0.conv", 3),
        ("down_blocks.2.attentions.1.proj_out", 8),
        ("down_blocks.3.resnets.1.conv2", 11),
        ("mid_block.attentions.0.proj_in", 12),
        ("up_blocks.0.resnets.0.conv1", 13),
        ("up_blocks.0.upsamplers.0.conv", 15),
        ("up_blocks.3.attentions.2.proj_in", 24),
        ("conv_in", 0),
    ],
)
def test_blocks_are_counted_as_in_sd_scripts(path, block):
    assert UNET.block_of(path) == block


# As sd-scripts' get_block_index numbers the names of single files, input_blocks_4_1 and so on.
@pytest.mark.parametrize(
    ("path", "block"),
    [
        ("time_embedding.linear_1", 0),
        ("add_embedding.linear_2", 0),
        ("conv_in.weight", 1),
        ("down_blocks.0.resnets.1.conv1", 3),
        ("down_blocks.0.downsamplers.0.conv", 4),
        ("down_blocks.1.attentions.0.proj_in", 5),
        ("down_blocks.1.downsamplers.0.conv", 7),
        ("down_blocks.2.attentions.1.proj_out", 9),
        ("mid_block.resnets.0.conv1", 10),
        ("mid_block.attentions.0.proj_in", 11),
        ("mid_block.resnets.1.conv2", 12),
        ("up_blocks.0.attentions.0.proj_in", 13),
        ("up_blocks.0.upsamplers.0.conv", 15),
        ("up_blocks.1.attentions.2.proj_in", 18),
        ("up_blocks.2.resnets.2.conv1", 21),
        ("conv_norm_out.weight", 22),
        ("conv_out.bias", 22),
    ],
)
def test_blocks_of_sdxl_are_counted_as_in_sd_scripts(path, block):
    assert XL_UNET.block_of(path) == block


@pytest.mark.parametrize(("part", "count"), [(UNET, 25), (XL_UNET, 23)])
def test_the_sides_lie_within_the_blocks(part, count):
    assert len(part.blocks) == count and sum(part.sides) == count - part.sides.before


def test_curves_over_the_depth():
    assert weights("linear", 12)[:2] == (0, 1 / 11) and weights("linear", 12)[11] == 1
    assert weights("reverse_linear+.25", 12)[:2] == pytest.approx((1.25, 10 / 11 + 0.25))
    assert weights("sine", 12)[11] == 1 and weights("cosine", 12)[0] == 1
    assert weights("cosine", 12)[11] == pytest.approx(0) and weights("sine", 12)[0] == 0
    assert weights("zeros+0.5", 12) == (0.5,) * 12


def test_a_curve_of_nine_blocks_ends_at_the_ninth():
    # sin(pi/2 * 1/8) = 0.19509, sin(pi/4) = 0.70711.
    sine = (0, 0.19509, 0.38268, 0.55557, 0.70711, 0.83147, 0.92388, 0.98079, 1)
    assert weights("sine", 9) == pytest.approx(sine, abs=1e-5)
    assert weights("cosine", 9) == pytest.approx(sine[::-1], abs=1e-5)
    assert weights("linear", 9) == (0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1)


def test_rates_of_sdxl_s_blocks_have_the_embeddings_before_and_the_end_behind():
    found = rate_weights(XL_UNET, "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9", "2,3,4", "zeros", 0.25)
    assert found == (1, 0, 0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 2, 3, 4, *(0,) * 9, 1)


@pytest.mark.parametrize("part", [UNET, XL_UNET])
def test_of_a_side_with_too_few_numbers_the_rest_is_1_and_too_many_are_left_out(part):
    found = rate_weights(part, "0.5,", "0.5", ",".join(["2"] * 14), 0.25)
    first, down, middle, up = part.sides
    rest = [0.5, 0, *[1] * (down - 2), 0.5, *[1] * (middle - 1), *[2] * up]
    assert [*found] == [*[1] * first, *rest, *[1] * first]


def test_a_side_that_is_not_given_stays_at_1_whatever_the_threshold_is():
    assert rate_weights(UNET, None, "3", None, 2.0) == (*(1,) * 12, 3, *(1,) * 12)


def blocks(**one) -> str:
    """25 numbers, all 4 but for those given as b<number>."""
    return ",".join(str(one.get(f"b{i}", 4)) for i in range(25))


MODULES = [
    Module("down_blocks.0.attentions.0.proj_in", 1),
    Module("mid_block.attentions.0.proj_in", 1),
    Module("mid_block.resnets.0.conv1", 3),
    Module("mid_block.resnets.0.time_emb_proj", 0),
]


def sizes(**options) -> dict[str, tuple[int, float]]:
    found = targets(UNET, MODULES, ranks.of(NetworkConfig(**options), FAMILIES["sd1"]))
    return {target.path: (target.rank, target.alpha) for target in found}


def test_a_block_has_its_own_rank_and_alpha_and_zero_leaves_it_alone():
    found = sizes(block_dims=blocks(b1=0, b12=8), block_alphas=blocks(b12=2), alpha=3.0)
    assert found == {"mid_block.attentions.0.proj_in": (8, 2.0)}


def test_block_ranks_of_convolutions_bring_in_what_lies_beside_them():
    found = sizes(rank=6, alpha=3.0, conv_block_dims=blocks(b12=2), conv_alpha=5.0)
    assert found == {
        "down_blocks.0.attentions.0.proj_in": (6, 3.0),
        "mid_block.attentions.0.proj_in": (6, 3.0),
        "mid_block.resnets.0.conv1": (2, 5.0),
        "mid_block.resnets.0.time_emb_proj": (6, 3.0),
    }


def test_a_block_whose_rate_is_at_the_threshold_gets_no_module():
    found = sizes(mid_lr_weight="0.1", block_lr_zero_threshold=0.1, conv_rank=2)
    assert list(found) == ["down_blocks.0.attentions.0.proj_in"]


def test_ranks_of_a_file_are_taken_module_by_module():
    known = {ModuleKey("unet", MODULES[2].path): RankAlpha(7, 3.0)}
    assert [t.rank for t in targets(UNET, MODULES, Ranks(4, 1.0, known=known))] == [7]


@pytest.mark.parametrize(
    ("path", "parameter", "expected"),
    [
        ("mid_block.a", "lora_down.weight", ("unet/b12", 0.5)),
        ("mid_block.a", "lora_up.weight", ("unet/b12/up", 8.0)),
        ("up_blocks.0.resnets.0.a", "lora_down.weight", ("unet/b13", 1.0)),
    ],
)
def test_the_rate_of_a_weight_is_that_of_its_block_times_its_side(path, parameter, expected):
    network = NetworkConfig(mid_lr_weight="0.5", loraplus_unet_lr_ratio=16.0, loraplus_lr_ratio=2.0)
    assert ranks.group_of(WeightKey("unet", path, parameter), UNET, network) == expected


def test_the_text_encoder_has_no_blocks_and_takes_the_common_ratio():
    network = NetworkConfig(mid_lr_weight="0.5", loraplus_unet_lr_ratio=16.0, loraplus_lr_ratio=2.0)
    weight = WeightKey("text_encoder", "x", "lora_up.weight")
    assert ranks.group_of(weight, TEXT, network) == ("text_encoder/up", 2.0)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"method": "lora", "rank": 16, "alpha": 4.0, "rslora": True}, (16, 16.0)),  # 4 x sqrt(16)
        ({"method": "dora", "rank": 64, "alpha": 2.0, "rslora": True}, (64, 16.0)),
        ({"method": "loha", "rank": 16, "alpha": 4.0, "rslora": True}, (16, 4.0)),
        ({"method": "lokr", "rank": 16, "alpha": 4.0, "full_matrix": True}, (1 << 16, 1 << 16)),
        ({"method": "lora", "rank": 16, "alpha": 4.0, "full_matrix": True}, (16, 4.0)),
    ],
)  # fmt: skip
def test_a_scale_by_the_root_of_the_rank_and_a_whole_factor_are_ranks_and_alphas(options, size):
    found = ranks.of(NetworkConfig(**options), FAMILIES["sd1"])
    assert (found.rank, found.alpha) == size
