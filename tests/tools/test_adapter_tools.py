"""The tools of adapter files: ranks, sums, names, differences, each in a new file."""

import hashlib
import json

import pytest
import torch

from core.adapters.methods import Adapted, method_of
from core.adapters.targets import ModuleKey
from core.control import RunControl, StopRun
from core.errors import UserError
from core.families import FAMILIES
from core.formats import lora_file, tensors
from core.formats.weight_file import WeightFile
from core.models.headers import store_of
from core.tools import adapter_files
from core.tools.table import TOOLS
from core.tools.tool import Work, checked
from tests.tiny import make_tiny, make_tiny_folder, modules

SPEC = FAMILIES["sd1"]
LINEAR = ModuleKey("unet", "mid_block.attentions.0.transformer_blocks.0.attn1.to_q")
ONE = ModuleKey("unet", "mid_block.attentions.0.proj_in")
CONV = ModuleKey("unet", "mid_block.resnets.0.conv1")
TEXT = ModuleKey("text_encoder", "encoder.layers.0.mlp.fc1")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("base") / "base.safetensors")


@pytest.fixture(scope="module")
def weights(base):
    store = store_of(base, "sd1")
    return {key: store.read(key.part, f"{key.path}.weight") for key in (LINEAR, ONE, CONV, TEXT)}


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape))) / 10


def lora(shape, rank, alpha, seed=0):
    outputs, inputs, *kernel = shape
    down = drawn(rank, inputs, *kernel, seed=seed)
    return Adapted(
        {"lora_down.weight": down, "lora_up.weight": drawn(outputs, rank, *(1 for _ in kernel), seed=seed)},
        alpha,
        rank,
    )


def write(path, modules, dtype=None, **texts):
    made = lora_file.to_file(modules, SPEC, dtype)
    told = {"ss_base_model_version": "sd_v1", "ss_network_dim": "6", **texts}
    return tensors.save(path, made, told | lora_file.hashes(made, told))


@pytest.fixture
def first(tmp_path, weights):
    loras = {key: lora(weight.shape, 6, 3.0) for key, weight in weights.items()}
    return write(tmp_path / "first.safetensors", loras, ss_steps="9", ss_learning_rate="0.1")


@pytest.fixture
def second(tmp_path, weights):
    loras = {key: lora(weights[key].shape, 2, 2.0, seed=5) for key in (LINEAR, CONV)}
    return write(tmp_path / "second.safetensors", loras, ss_steps="5")


def start(name, work=None, **values):
    named = {
        key: value if isinstance(value, int | float | list) else str(value) for key, value in values.items()
    }
    return TOOLS[name].start(checked(TOOLS[name].settings, named), work or Work())


def changes(path, base_weights):
    adapter = adapter_files.read(path)
    return {
        key: method_of(module.tensors).change(module, base_weights[key])
        for key, module in adapter.modules.items()
    }


def test_resized_is_the_best_approximation_of_its_rank(tmp_path, first, weights):
    made = start("resize-adapter", source=first, target=tmp_path / "x", rank=3, conv_rank=2).made
    whole, found = changes(first, weights), changes(made, weights)
    for key, change in whole.items():
        rank = 2 if key == CONV else 3
        left, values, right = torch.linalg.svd(change, full_matrices=False)
        torch.testing.assert_close(
            found[key], (left[:, :rank] * values[:rank]) @ right[:rank], rtol=0, atol=1e-6
        )
    told = WeightFile(made).metadata
    assert told["ss_steps"] == "9" and told["ss_network_dim"] == "Dynamic"
    assert told["sshs_model_hash"] == lora_file.hashes(tensors.load(made), told)["sshs_model_hash"]


def test_the_rank_of_each_module_is_told_where_it_is_chosen(tmp_path, first):
    done = start(
        "resize-adapter",
        source=first,
        target=tmp_path / "x",
        rank=6,
        dynamic_method="sv_fro",
        dynamic_param=0.9,
        verbose=True,
    )
    ranks = {key: module.rank for key, module in adapter_files.read(done.made).modules.items()}
    assert max(ranks.values()) < 6
    assert any(f"_{LINEAR.path.replace('.', '_')}: rank {ranks[LINEAR]}, 9" in w.en for w in done.lines)


def test_concatenation_is_exact_and_ranks_add_up(tmp_path, first, second, weights):
    done = start(
        "merge-adapters", adapters=[str(first), str(second)], strengths="0.5,-2", target=tmp_path / "x"
    )
    one, two, both = (changes(path, weights) for path in (first, second, done.made))
    for key, change in both.items():
        expected = 0.5 * one[key] + (-2 * two[key] if key in two else 0)
        torch.testing.assert_close(change, expected, rtol=0, atol=1e-6)
    found = adapter_files.read(done.made).modules
    assert (found[LINEAR].rank, found[ONE].rank, found[LINEAR].alpha) == (8, 6, 8.0)
    told = WeightFile(done.made).metadata
    assert told["modelspec.merged_from"] == "first, second" and "ss_steps" not in told


def whole_oft(weight):
    outputs = weight.shape[0]
    return Adapted({"oft_blocks": drawn(outputs // 4, 4, 4)}, 4.0, 4)


def dora(weight):
    plain = lora(weight.shape, 2, 1.0)
    ones = torch.linspace(0.5, 1.5, weight.shape[0]).reshape(-1, *(1 for _ in weight.shape[1:]))
    return Adapted({**plain.tensors, "dora_scale": ones}, 1.0, 2)


def loha(weight):
    rows, columns = weight.flatten(1).shape
    sides = {"w1_a": (rows, 2), "w1_b": (2, columns), "w2_a": (rows, 2), "w2_b": (2, columns)}
    return Adapted({f"hada_{n}": drawn(*s, seed=len(n)) for n, s in sides.items()}, 1.0, 2)


def lokr(weight):
    rows, columns, *kernel = weight.shape
    second = drawn(rows // 2, columns // 2, *kernel)
    return Adapted({"lokr_w1": drawn(2, 2), "lokr_w2": second}, 2.0, 2)


@pytest.fixture
def mixed(tmp_path, weights):
    modules = {LINEAR: loha(weights[LINEAR]), CONV: loha(weights[CONV]), TEXT: lokr(weights[TEXT])}
    return write(tmp_path / "mixed.safetensors", modules)


@pytest.fixture
def bent(tmp_path, weights):
    modules = {LINEAR: dora(weights[LINEAR]), CONV: whole_oft(weights[CONV])}
    return write(tmp_path / "bent.safetensors", modules)


def test_other_methods_become_the_lora_of_full_rank_that_they_are(tmp_path, mixed, weights):
    done = start("convert-adapter", source=mixed, target=tmp_path / "x", method="lora", rank=64)
    for key, change in changes(mixed, weights).items():
        torch.testing.assert_close(changes(done.made, weights)[key], change, rtol=0, atol=1e-5)
    assert adapter_files.read(done.made).modules[CONV].tensors["lora_down.weight"].shape[2:] == (3, 3)
    assert any("Relative error" in words.en for words in done.lines)


def test_methods_that_depend_on_the_weight_need_the_base_model(tmp_path, bent, base, weights):
    given = {"source": bent, "target": tmp_path / "x", "method": "lora", "rank": 64}
    with pytest.raises(UserError, match="depends on the base model"):
        start("convert-adapter", **given)
    done = start("convert-adapter", base=base, **given)
    for key, change in changes(bent, weights).items():
        torch.testing.assert_close(changes(done.made, weights)[key], change, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_names_there_and_back_change_no_bit(tmp_path, weights, dtype):
    loras = {LINEAR: lora(weights[LINEAR].shape, 2, 1.0), CONV: lora(weights[CONV].shape, 3, 2.5)}
    loras |= {ONE: dora(weights[ONE]), TEXT: lora(weights[TEXT].shape, 2, 1.0)}
    source = write(tmp_path / "a.safetensors", loras, dtype, ss_steps="9")
    there = start("convert-adapter", source=source, target=tmp_path / "b", names="diffusers").made
    back = start("convert-adapter", source=there, target=tmp_path / "c", names="kohya").made
    old, new = tensors.load(source), tensors.load(back)
    assert old.keys() == new.keys() and not any(".alpha" in name for name in tensors.load(there))
    assert all(new[n].dtype == t.dtype and torch.equal(new[n], t) for n, t in old.items())
    assert WeightFile(back).metadata == WeightFile(source).metadata


def test_a_sum_of_several_methods_at_full_rank_is_their_sum(tmp_path, first, mixed, bent, base, weights):
    paths = [str(first), str(mixed), str(bent)]
    given = {"adapters": paths, "way": "svd", "rank": 64, "target": tmp_path / "x"}
    with pytest.raises(UserError, match="DoRA, OFT changes"):
        start("merge-adapters", **given)
    made = changes(start("merge-adapters", base=base, **given).made, weights)
    parts = [changes(path, weights) for path in (first, mixed, bent)]
    for key, change in made.items():
        expected = sum(part[key] for part in parts if key in part)
        torch.testing.assert_close(change, expected, rtol=0, atol=1e-5)


def test_methods_without_a_name_in_diffusers_are_refused(tmp_path, mixed):
    with pytest.raises(UserError, match="names of Diffusers"):
        start("convert-adapter", source=mixed, target=tmp_path / "x", names="diffusers")
    assert not (tmp_path / "x.safetensors").exists()


def test_strength_s_merged_into_a_model_is_s_times_the_change_and_extracts_again(
    tmp_path, first, bent, base, weights
):
    before = {path: path.read_bytes() for path in (first, bent, base)}
    merged = start(
        "merge-model",
        model=base,
        adapters=[str(first), str(bent)],
        strengths="0.5,-0.25",
        target=tmp_path / "m",
    ).made
    store, one, two = store_of(merged, "sd1"), changes(first, weights), changes(bent, weights)
    sums = {key: 0.5 * one[key] + (-0.25 * two[key] if key in two else 0) for key in one}
    for key, change in sums.items():
        found = store.read(key.part, f"{key.path}.weight") - weights[key]
        torch.testing.assert_close(found.flatten(1), change, rtol=0, atol=1e-6)
    old, new = tensors.load(base), tensors.load(merged)
    assert old.keys() == new.keys() and sum(not torch.equal(new[n], old[n]) for n in old) == len(sums)
    assert WeightFile(merged).metadata["modelspec.merged_from"] == "base, first:0.5, bent:-0.25"
    again = start(
        "extract", base=base, tuned=merged, target=tmp_path / "e", rank=64, conv_rank=64, precision="float"
    ).made
    found = changes(again, weights)
    assert found.keys() == sums.keys()
    for key, change in sums.items():
        torch.testing.assert_close(found[key], change, rtol=0, atol=1e-6)
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_folder_stays_a_folder_with_its_other_files(tmp_path, first, weights):
    folder = make_tiny_folder(tmp_path / "folder")
    made = start("merge-model", model=folder, adapters=[str(first)], target=tmp_path / "m").made
    assert (made / "model_index.json").is_file()
    key, change = CONV, changes(first, weights)[CONV]
    old, new = (store_of(path, "sd1").read(key.part, f"{key.path}.weight") for path in (folder, made))
    torch.testing.assert_close((new - old).flatten(1), change, rtol=0, atol=1e-6)


def test_a_text_encoder_that_was_not_trained_is_left_out_and_told(tmp_path, second, base):
    tuned = start("merge-model", model=base, adapters=[str(second)], target=tmp_path / "m").made
    done = start("extract", base=base, tuned=tuned, target=tmp_path / "x", conv_rank=4)
    assert {key.part for key in adapter_files.read(done.made).modules} == {"unet"}
    assert any("text_encoder: not trained" in words.en for words in done.lines)
    assert adapter_files.read(done.made).dtype == torch.float16


def test_models_that_are_the_same_have_nothing_to_extract(tmp_path, base):
    with pytest.raises(UserError, match="nothing to extract"):
        start("extract", base=base, tuned=base, target=tmp_path / "x")


EACH = ["resize-adapter", "convert-adapter", "merge-adapters", "merge-model", "extract"]


@pytest.fixture
def given(first, second, base):
    return {
        "resize-adapter": {"source": first},
        "convert-adapter": {"source": first},
        "merge-adapters": {"adapters": [str(first), str(second)], "way": "svd"},
        "merge-model": {"model": base, "adapters": [str(first)]},
        "extract": {"base": base, "tuned": base},
    }


@pytest.mark.parametrize("name", EACH)
def test_what_is_there_is_never_written_over(tmp_path, given, name):
    (tmp_path / "x.safetensors").write_bytes(b"precious")
    with pytest.raises(UserError, match="exists already") as refused:
        start(name, target=tmp_path / "x.safetensors", **given[name])
    assert refused.value.exit_code == 2 and (tmp_path / "x.safetensors").read_bytes() == b"precious"


@pytest.mark.parametrize("name", EACH[:-1])
def test_what_comes_to_be_there_meanwhile_is_not_written_over_either(tmp_path, given, name):
    target = tmp_path / "x.safetensors"
    work = Work(lambda *at: target.write_bytes(b"precious"))
    assert start(name, work, target=target, **given[name]).made == tmp_path / "x-2.safetensors"
    assert target.read_bytes() == b"precious" and not [*tmp_path.glob(".*")]


@pytest.mark.parametrize("name", EACH)
def test_a_stop_leaves_nothing_behind(tmp_path, given, name):
    control, before = RunControl(), {*tmp_path.iterdir()}
    with pytest.raises(StopRun):
        start(name, Work(lambda *at: control.stop(), control), target=tmp_path / "x", **given[name])
    assert {*tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", EACH)
def test_what_is_no_adapter_or_model_is_refused(tmp_path, given, base, name):
    (tmp_path / "bad.safetensors").write_bytes(b"123")
    option = {"merge-model": "model", "merge-adapters": "adapters", "extract": "tuned"}.get(name, "source")
    wrong = str(tmp_path / "bad.safetensors")
    values = given[name] | {option: [wrong] if option == "adapters" else wrong}
    with pytest.raises(UserError) as refused:
        start(name, target=tmp_path / "x", **values)
    assert refused.value.exit_code == 2 and not (tmp_path / "x.safetensors").exists()


def test_settings_that_do_not_go_together_are_refused(tmp_path, first, second):
    with pytest.raises(UserError, match="3 strengths for 1 adapter"):
        start("merge-adapters", adapters=[str(first)], strengths="1,2,3", target=tmp_path / "x")
    with pytest.raises(UserError, match="share above 0"):
        start("resize-adapter", source=first, target=tmp_path / "x", dynamic_method="sv_fro", dynamic_param=2)
    with pytest.raises(UserError, match="at least one adapter"):
        start("merge-adapters", target=tmp_path / "x")


def test_diffusers_reads_what_is_written_in_its_names_with_its_scale(tmp_path, base, weights):
    from diffusers.loaders import StableDiffusionLoraLoaderMixin as Loader

    loras = {key: lora(weights[key].shape, 3 if key == CONV else 2, 1.5) for key in (LINEAR, CONV, TEXT)}
    source = write(tmp_path / "a.safetensors", loras)
    made = start("convert-adapter", source=source, target=tmp_path / "b", names="diffusers").made
    found, alphas, told = Loader.lora_state_dict(str(made), return_lora_metadata=True)
    parts = modules()
    unet, text = parts["unet"], parts["text_encoder"]
    Loader.load_lora_into_unet(found, alphas, unet, adapter_name="x", metadata=told)
    Loader.load_lora_into_text_encoder(found, alphas, text, adapter_name="x", metadata=told)
    for key, change in changes(source, weights).items():
        layer = (unet if key.part == "unet" else text).get_submodule(key.path)
        torch.testing.assert_close(layer.get_delta_weight("x").flatten(1), change, rtol=0, atol=1e-6)


def test_norms_and_the_training_are_told_largest_first(tmp_path, weights):
    loras = {LINEAR: lora(weights[LINEAR].shape, 2, 2.0), CONV: lora(weights[CONV].shape, 4, 40.0)}
    tags = '{"10_frog": {"frog": 3, "pond": 5}}'
    source = write(tmp_path / "a.safetensors", loras, ss_steps="9", ss_seed="None", ss_tag_frequency=tags)
    work = Work(lambda *at: pytest.fail("only JSON may be printed"))
    told = json.loads(start("weights", work, file=source, json=True).lines[0].en)
    assert told["trained_with"] == {"steps": "9", "network_dim": "6", "tags": "pond (5), frog (3)"}
    assert [layer["norm"] for layer in told["layers"]] == [
        pytest.approx(float(change.norm()))
        for change in sorted(changes(source, weights).values(), key=lambda change: -change.norm())
    ]
    whole = sum(layer["norm"] ** 2 for layer in told["layers"]) ** 0.5
    assert told["blocks"] == [{"block": "unet mid_block", "norm": pytest.approx(whole)}]
    lines = [words.en for words in start("weights", file=source).lines]
    assert lines[0].startswith("2 modules: LoRA (2); rank 2-4, scale 1-10")


def test_no_norm_is_told_where_some_of_them_need_a_model_that_is_not_given(bent, base):
    told, needed = [words.en for words in start("weights", file=bent).lines][:2]
    assert told.startswith("2 modules: ") and "norm" not in told and "--base" in needed
    assert not any("0  █" in words.en for words in start("weights", file=bent).lines)
    assert "norm of all changes" in start("weights", file=bent, base=str(base)).lines[0].en


def test_the_thumbnail_stays_as_long_as_the_file_does_what_it_shows(tmp_path, weights):
    loras = {LINEAR: lora(weights[LINEAR].shape, 4, 2.0)}
    texts = {"modelspec.thumbnail": "data:image/jpeg;base64,AA==", "modelspec.hash_sha256": "0"}
    source = write(tmp_path / "a.safetensors", loras, **texts)
    made = {
        "convert-adapter": {"source": source, "names": "diffusers"},
        "resize-adapter": {"source": source, "rank": 1},
        "merge-adapters": {"adapters": [str(source), str(source)]},
    }
    kept = {
        name: WeightFile(start(name, target=tmp_path / name, **values).made).metadata
        for name, values in made.items()
    }
    has = {name: "modelspec.thumbnail" in found for name, found in kept.items()}
    assert has == {"convert-adapter": True, "resize-adapter": False, "merge-adapters": False}
    assert not [found for found in kept.values() if "modelspec.hash_sha256" in found]


def test_a_lora_in_another_precision_has_the_hash_of_its_own_bytes(tmp_path, weights):
    source = write(tmp_path / "a.safetensors", {LINEAR: lora(weights[LINEAR].shape, 4, 2.0)})
    start("convert", source=source, target=tmp_path / "b", precision="fp16")
    made = tmp_path / "b.safetensors"
    raw = made.read_bytes()
    data = raw[8 + int.from_bytes(raw[:8], "little") :]
    assert WeightFile(made).metadata["sshs_model_hash"] == hashlib.sha256(data).hexdigest()
