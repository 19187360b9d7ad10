"""Which layers an adapter would be put on: the lists of the real models, and what is really attached."""

from collections import Counter

import pytest

from core.adapters.methods import METHODS
from core.adapters.network import Network, targets_of
from core.adapters.ranks import of as ranks_of
from core.adapters.ranks import options_of
from core.config.schema.run import RunConfig
from core.families import FAMILIES
from core.forecast import architecture, layers
from core.formats import lora_file
from core.train.seeds import generator
from tests.golden import names
from tests.tiny import make_tiny, modules

BY = {
    "lora_unet_": "unet",
    "lora_te_": "text_encoder",
    "lora_te1_": "text_encoder",
    "lora_te2_": "text_encoder_2",
}


def found(family="sd1", train=None, **network):
    config = RunConfig(network={"rank": 4, **network}, train=train or {})
    return layers.of(config, architecture.of_family(family))


@pytest.mark.parametrize(
    ("family", "which", "conv_rank"),
    [
        ("sd1", "lora_names_sd15", None),
        ("sd1", "lora_names_sd15_conv", 4),
        ("sd2", "lora_names_sd2", None),
        ("sd2", "lora_names_sd2_conv", 4),
    ],
)
def test_the_layers_are_the_ones_of_sd_scripts(family, which, conv_rank):
    made = found(family, conv_rank=conv_rank).adapted
    spec = FAMILIES[family]
    assert {lora_file.file_name(spec.part(one.part), one.target.path) for one in made} == names(which).keys()


@pytest.mark.parametrize(("which", "conv_rank"), [("lora_names_sdxl", None), ("lora_names_sdxl_conv", 4)])
def test_each_part_of_sdxl_has_as_many_layers_as_with_sd_scripts(which, conv_rank):
    made = found("sdxl", conv_rank=conv_rank, unused_layers=True, train={"text_encoder_lr": 1e-5}).adapted
    listed = Counter(next(part for start, part in BY.items() if n.startswith(start)) for n in names(which))
    assert Counter(layer.part for layer in made) == listed


def test_a_rank_4_lora_has_the_numbers_of_its_list():
    listed = names("lora_names_sd15_conv").values()
    count = sum(_product(shape) for each in listed for shape in each.values())
    assert found(conv_rank=4).numbers == count


def _product(shape):
    product = 1
    for side in shape:
        product *= side
    return product


def test_blocks_of_rank_0_and_parts_without_a_rate_get_none():
    dims = ",".join(["4"] * 12 + ["0"] * 13)
    made = found(block_dims=dims, train={"text_encoder_lr": 0.0})
    assert made.resting == ("text_encoder",)
    assert {layer.block.partition(".")[0] for layer in made.adapted} == {"down_blocks"}


def test_patterns_leave_out_and_keep_in_and_idle_ones_are_named():
    made = found(
        train={"text_encoder_lr": 0.0},
        exclude_patterns=[r".*attn1.*", r"unet\.attn9.*", "attn1"],
        include_patterns=[r".*attn1\.to_q", r".*attn2\.to_q"],
    )
    # 192 layers, of which 16 transformers have 4 of attn1 each; their to_q stay.
    assert len(made.adapted) == 192 - 64 + 16
    assert made.idle == (
        ("network.exclude_patterns", r"unet\.attn9.*"),
        ("network.exclude_patterns", "attn1"),
        ("network.include_patterns", r".*attn2\.to_q"),
    )
    assert "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_k" in made.others


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("layers") / "tiny.safetensors")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("conv_rank", [None, 2])
def test_what_is_told_of_a_method_is_what_is_attached(base, method, conv_rank):
    config = RunConfig(network={"method": method, "rank": 3, "conv_rank": conv_rank})
    told = layers.of(config, architecture.of_base(str(base)))
    spec, parts = FAMILIES["sd1"], modules()
    parts = {name: parts[name] for name in ("unet", "text_encoder")}
    chosen = targets_of(spec, parts, ranks_of(config.network, spec))
    network = Network(
        parts, METHODS[method], chosen, lambda *p: generator(1, *p), options=options_of(config.network)
    )
    attached = Counter()
    for key, parameter in network.parameters().items():
        attached[f"{key.part}.{key.path}"] += parameter.numel()
    assert {layer.name: layer.numbers for layer in told.adapted} == attached
