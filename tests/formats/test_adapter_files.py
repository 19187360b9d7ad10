"""Files of every method: what is written, and what other programs' files mean."""

import json

import pytest
import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, inject_adapter_in_model
from safetensors.torch import save_file
from torch import nn

from core.adapters.methods import METHODS, Adapted, method_of
from core.adapters.targets import ModuleKey
from core.families import FAMILIES
from core.formats import lora_alpha, lora_file, lora_kinds

SPEC = FAMILIES["sd1"]
PATH = "mid_block.attentions.0.proj_in"
KEY = ModuleKey("unet", PATH)
NAME = "lora_unet_mid_block_attentions_0_proj_in"


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def read(tensors, **more) -> lora_file.LoraFile:
    return lora_file.from_file(tensors, {"unet": [PATH]}, SPEC, **more)


SETS = {
    "LoRA": {"lora_down.weight": (2, 6), "lora_up.weight": (4, 2)},
    "DoRA": {"lora_down.weight": (2, 6), "lora_up.weight": (4, 2), "dora_scale": (1, 6)},
    "LoHa": {"hada_w1_a": (4, 2), "hada_w1_b": (2, 6), "hada_w2_a": (4, 2), "hada_w2_b": (2, 6)},
    "LoKr": {"lokr_w1": (2, 2), "lokr_w2_a": (2, 2), "lokr_w2_b": (2, 3)},
    "LoKr of two products": {
        "lokr_w1_a": (2, 2), "lokr_w1_b": (2, 2), "lokr_w2_a": (2, 2), "lokr_w2_b": (2, 3),
    },
    "whole LoKr": {"lokr_w1": (2, 2), "lokr_w2": (2, 3)},
    "OFT": {"oft_blocks": (2, 2, 2)},
}  # fmt: skip


@pytest.mark.parametrize("shapes", SETS.values(), ids=SETS)
def test_what_is_written_is_read_back(shapes):
    tensors = {name: drawn(*shape) for name, shape in shapes.items()}
    method = method_of(tensors)
    rank = method.rank_of(tensors) or 3
    alpha = 3.0 if method.has_scale and method.rank_of(tensors) else float(rank)
    written = lora_file.to_file({KEY: Adapted(tensors, alpha, rank)}, SPEC)
    assert {f"{NAME}.{name}" for name in (*shapes, "alpha")} == written.keys()
    found = read(written)
    assert found.unknown == [] and found.modules[KEY].scale == pytest.approx(alpha / rank)
    for name, tensor in tensors.items():
        torch.testing.assert_close(found.modules[KEY].tensors[name], tensor)


def test_alpha_of_rotations_is_no_constraint():
    written = lora_file.to_file({KEY: Adapted({"oft_blocks": drawn(2, 2, 2)}, 2.0, 2)}, SPEC)
    assert written[f"{NAME}.alpha"].item() == 0


@pytest.mark.parametrize(("limit", "is_read"), [(100.0, True), (0.001, False)])
def test_rotations_are_read_where_their_constraint_changes_nothing(limit, is_read):
    tensors = {f"{NAME}.oft_blocks": drawn(2, 2, 2), f"{NAME}.alpha": torch.tensor(limit)}
    assert (KEY in read(tensors).modules) is is_read


def of_peft(config, layer, tmp_path) -> tuple[lora_file.LoraFile, torch.Tensor, torch.Tensor]:
    """What our reader makes of an adapter that PEFT has saved, and the weight before and after its merge."""
    holder = nn.Module()
    holder.mid_block = nn.ModuleDict({"attentions": nn.ModuleList([nn.ModuleDict({"proj_in": layer})])})
    torch.manual_seed(3)
    inject_adapter_in_model(config, holder, "default")
    wrapped = holder.get_submodule(PATH)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "base_layer" not in name and "magnitude" not in name:
                parameter.normal_()
    tensors = {
        f"base_model.model.{PATH}.{name.replace('.default', '')}": parameter.detach().clone()
        for name, parameter in wrapped.named_parameters()
        if "base_layer" not in name
    }
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({**config.to_dict(), "target_modules": []}, default=list)
    )
    path = tmp_path / "adapter_model.safetensors"
    save_file(
        {n.replace("lora_magnitude_vector.weight", "lora_magnitude_vector"): t for n, t in tensors.items()},
        path,
    )
    settings = lora_alpha.peft_settings(path, tensors, {})[""]
    before = layer.weight.detach().clone()
    wrapped.merge()
    found = read(tensors, alpha_of=lambda key, rank: settings.alpha_of(key.path, rank))
    return found, before, layer.weight.detach()


TARGET = {"target_modules": ["proj_in"]}
CONFIGS = {
    "LoRA": LoraConfig(r=2, lora_alpha=3, init_lora_weights=False, **TARGET),
    "rsLoRA": LoraConfig(r=4, lora_alpha=3, use_rslora=True, init_lora_weights=False, **TARGET),
    "DoRA": LoraConfig(r=2, lora_alpha=3, use_dora=True, init_lora_weights=False, **TARGET),
    "LoHa": LoHaConfig(r=2, alpha=3, **TARGET),
    "LoKr": LoKrConfig(r=1, alpha=3, **TARGET),
    "LoKr of two products": LoKrConfig(r=1, alpha=3, decompose_both=True, **TARGET),
    "whole LoKr": LoKrConfig(r=64, alpha=3, **TARGET),
}


@pytest.mark.parametrize(
    "layer", [lambda: nn.Linear(16, 36), lambda: nn.Conv2d(16, 36, 3)], ids=["Linear", "Conv2d"]
)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_file_of_peft_changes_the_weight_as_peft_does(config, layer, tmp_path):
    found, before, after = of_peft(config, layer(), tmp_path)
    assert found.unknown == []
    module = found.modules[KEY]
    change = method_of(module.tensors).change(module, before).reshape(before.shape)
    torch.testing.assert_close(before + change, after, rtol=1e-5, atol=1e-5)


TUCKER = {
    "LoCon": (
        {"lora_down.weight": (2, 6, 1, 1), "lora_mid.weight": (2, 2, 3, 3), "lora_up.weight": (4, 2, 1, 1)},
        lambda t: torch.einsum(
            "or,rskl,si->oikl",
            t["lora_up.weight"].flatten(1), t["lora_mid.weight"], t["lora_down.weight"].flatten(1),
        ),
    ),
    "LoHa": (
        {"hada_w1_a": (2, 4), "hada_w1_b": (2, 6), "hada_t1": (2, 2, 3, 3),
         "hada_w2_a": (2, 4), "hada_w2_b": (2, 6), "hada_t2": (2, 2, 3, 3)},
        lambda t: torch.stack([
            torch.einsum("ijkl,ip,jq->pqkl", t[f"hada_t{n}"], t[f"hada_w{n}_a"], t[f"hada_w{n}_b"])
            for n in (1, 2)
        ]).prod(0),
    ),
    "LoKr": (
        {"lokr_w1": (2, 3), "lokr_w2_a": (2, 2), "lokr_w2_b": (2, 2), "lokr_t2": (2, 2, 3, 3)},
        lambda t: torch.einsum(
            "ac,ijkl,ib,jd->abcdkl", t["lokr_w1"], t["lokr_t2"], t["lokr_w2_a"], t["lokr_w2_b"]
        ).flatten(0, 1).flatten(1, 2),
    ),
}  # fmt: skip
"""Tensors of a convolution (4, 6, 3, 3) in Tucker form, and what they are multiplied out."""


@pytest.mark.parametrize("name", TUCKER)
def test_a_convolution_in_tucker_form_is_read_as_what_it_comes_to(name):
    shapes, whole = TUCKER[name]
    tensors = {each: drawn(*shape) for each, shape in shapes.items()}
    found = read({f"{NAME}.{each}": t for each, t in tensors.items()} | {f"{NAME}.alpha": torch.tensor(3.0)})
    module = found.modules[KEY]
    change = method_of(module.tensors).change(module, torch.empty(0))
    assert found.unknown == [] and module.scale == 1.5
    torch.testing.assert_close(change, (whole(tensors) * 1.5).flatten(1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "tensors",
    [
        {"lora_mid.weight": (2, 2, 3, 3), "lora_up.weight": (4, 2, 1, 1)},
        {"lora_down.weight": (3, 6), "lora_mid.weight": (2, 2, 3, 3), "lora_up.weight": (4, 2, 1, 1)},
        {"oft_blocks": (2, 2, 2, 2)},  # butterflies, BOFT
        {"lora_down.weight": (2, 6), "lora_up.weight": (4, 2), "dora_scale": (4, 6)},
        {"lora_down.weight": (2, 6), "lora_up.weight": (4, 2), "hada_w1_a": (4, 2)},
    ],
)
def test_tensors_that_belong_to_no_method_together_are_not_read(tensors):
    found = read({f"{NAME}.{name}": drawn(*shape) for name, shape in tensors.items()})
    assert not found.modules and all(each.startswith(f"{NAME} ") for each in found.unknown)


def test_a_module_that_is_there_under_two_names_is_not_one_of_them():
    tensors = {"lora_down.weight": drawn(2, 6), "lora_up.weight": drawn(4, 2)}
    twice = {f"{name}.{each}": t for name in (NAME, f"unet.{PATH}") for each, t in tensors.items()}
    assert read(twice).unknown == [f"unet.{PATH}.{each}" for each in tensors]


@pytest.mark.parametrize("form", [(1, 6), (4, 1), (4,)])
def test_magnitudes_of_one_axis_are_of_outputs(form):
    tensors = {"lora_down.weight": (2, 6), "lora_up.weight": (4, 2), "dora_scale": form}
    found = read({f"{NAME}.{name}": drawn(*shape) for name, shape in tensors.items()}).modules[KEY]
    assert found.tensors["dora_scale"].shape == (form if len(form) > 1 else (4, 1))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64])
@pytest.mark.parametrize("sides", [(), (1,), (1, 1)])
def test_alpha_is_a_number_in_whatever_form(dtype, sides):
    tensors = {"lora_down.weight": drawn(4, 6), "lora_up.weight": drawn(4, 4), "alpha": torch.full(sides, 2)}
    tensors["alpha"] = tensors["alpha"].to(dtype)
    assert read({f"{NAME}.{name}": tensor for name, tensor in tensors.items()}).modules[KEY].scale == 0.5


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (["x.lora_down.weight", "x.lora_up.weight", "x.alpha"], {}),
        (["x.lora_down.weight", "x.lora_up.weight", "x.dora_scale"], {}),
        (["x.hada_w1_a", "x.hada_t1", "y.lora_mid.weight", "y.lokr_t2"], {}),
        (["x.oft_blocks"], {}),
        (["x.oft_blocks", "x.rescale"], {"rescale": "rescale"}),
        (["x.oft_R.weight"], {"inputs": "oft_R.weight"}),
        (["lora_unet_x.diff"], {"full": "diff"}),
        (["lora_unet_x.diff_b", "x.on_input"], {"full": "diff_b", "(IA)^3": "on_input"}),
        (["x.lora_down.weight", "lora_unet_y.w_norm"], {"norms": "w_norm"}),
        (["x.hada_w1_a", "y.dora_scale"], {}),
        (["x.lokr_w1", "x.dora_scale"], {"magnitudes": "dora_scale"}),
        (["x.q_layer.weight", "x.lambda_layer"], {"T-LoRA": "lambda_layer"}),
    ],
)  # fmt: skip
def test_what_of_a_file_can_not_be_read_is_known_from_its_names(names, kinds):
    assert lora_kinds.unreadable(names) == kinds


def test_every_tensor_of_every_method_is_found_again_in_the_tables():
    for method in METHODS.values():
        assert set(method.names.values()) == {name for form in method.forms for name in form}
        assert {name for name, _ in method.ranks} | method.zeros <= set(method.names.values())
