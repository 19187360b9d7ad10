"""The options of a LoRA, by what they change in a run and in its file."""

from pathlib import Path

import pytest
import torch

from core.errors import UserError
from core.events import Saved, StepDone, Warned
from core.formats import tensors

ONE = {"max_train_steps": 1}
FEW = {"max_train_steps": 2}


def file(trial) -> Path:
    return Path([event.path for event in trial.of(Saved) if event.kind == "model"][-1])


def weights(trial) -> dict[str, torch.Tensor]:
    return tensors.load(file(trial))


def rates(trial) -> dict[str, float]:
    return trial.of(StepDone)[0].lr


def test_up_matrices_learn_faster_with_loraplus_and_stop_with_the_text_encoder(configure, train):
    network = {"loraplus_lr_ratio": 4.0, "loraplus_text_encoder_lr_ratio": 8.0}
    options = {"max_train_steps": 2, "stop_text_encoder_training": 1, "learning_rate": 1e-3}
    trial = train(configure(network=network, train=options))
    first, second = (event.lr for event in trial.of(StepDone))
    assert first == pytest.approx(
        {"unet": 1e-3, "unet/up": 4e-3, "text_encoder": 1e-3, "text_encoder/up": 8e-3}
    )
    assert second == pytest.approx({"unet": 1e-3, "unet/up": 4e-3})
    # AdamW's first step moves every weight by its rate, so an up matrix (which starts at 0) holds it.
    ups = {name: tensor for name, tensor in weights(trial).items() if "lora_te" in name and "lora_up" in name}
    assert all(tensor.abs().max().item() == pytest.approx(8e-3, rel=0.01) for tensor in ups.values())


def test_blocks_have_their_own_rates_and_ranks_and_some_are_left_alone(configure, train):
    # The tiny model's first block has attention, as the real one's.
    down = "1," + ",".join(["0.5"] + ["0"] * 10)
    network = {"down_lr_weight": down, "up_lr_weight": "zeros", "mid_lr_weight": "2"}
    trial = train(
        configure(network=network, train=ONE | {"learning_rate": 1e-3, "stop_text_encoder_training": -1})
    )
    assert rates(trial) == pytest.approx({"unet/b01": 5e-4, "unet/b12": 2e-3})
    found = weights(trial)
    modules = {name.split(".")[0] for name in found}
    assert all("down_blocks_0_attentions_0" in name or "mid_block" in name for name in modules)
    up = found["lora_unet_mid_block_attentions_0_proj_in.lora_up.weight"]
    assert up.abs().max().item() == pytest.approx(2e-3, rel=0.01)


def test_when_every_block_is_left_alone_nothing_is_trained(configure, train):
    network = {"block_dims": ",".join(["0"] * 25)}
    with pytest.raises(UserError, match="every block has rank 0"):
        train(configure(network=network, train=ONE | {"stop_text_encoder_training": -1}))


def test_norms_stay_below_their_limit(configure, train):
    limit = 0.01

    def largest(**network) -> float:
        trial = train(configure(train=FEW, network=network))
        found = weights(trial)
        names = [name.removesuffix(".alpha") for name in found if name.endswith(".alpha")]
        products = (
            found[f"{name}.lora_up.weight"].flatten(1) @ found[f"{name}.lora_down.weight"].flatten(1)
            for name in names
        )
        norm = max(product.norm().item() for product in products)  # alpha / rank is 1
        told = trial.of(StepDone)[-1].weight_norms
        assert not network or told["largest"] == pytest.approx(norm, rel=1e-4)
        return norm

    assert largest() > 2 * limit
    assert largest(scale_weight_norms=limit) == pytest.approx(limit, rel=1e-4)


def test_every_kind_of_dropout_changes_what_is_learned(configure, train):
    def learned(**network) -> bytes:
        return file(train(configure(train=ONE, network=network))).read_bytes()[-100_000:]

    kinds = [{}, {"dropout": 0.5}, {"rank_dropout": 0.5}, {"module_dropout": 0.5}]
    assert len({learned(**kind) for kind in kinds}) == 4


def test_a_run_goes_on_also_when_every_module_was_left_out(configure, train):
    trial = train(configure(train=FEW | {"unet_lr": 0.0}, network={"module_dropout": 0.999}))
    assert [event.step for event in trial.of(StepDone)] == [1, 2]
    ups = [tensor for name, tensor in weights(trial).items() if "lora_up" in name]
    assert ups and not any(tensor.any() for tensor in ups)


def test_ranks_can_be_taken_from_a_file(configure, train, tmp_path):
    first = train(configure(train=ONE, network={"rank": 3, "alpha": 1.5, "conv_rank": 1, "conv_alpha": 2.0}))
    kept = file(first).rename(tmp_path / "first.safetensors")
    network = {"weights": str(kept), "dim_from_weights": True, "rank": 8}
    second = train(configure(train=ONE | {"learning_rate": 1e-9}, network=network))
    ours, theirs = weights(second), tensors.load(kept)
    assert {name: tensor.shape for name, tensor in ours.items()} == {
        name: tensor.shape for name, tensor in theirs.items()
    }
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-6)
    # sd-scripts writes a whole number here when alpha is one; other programs expect a fraction.
    assert {tensor.dtype for name, tensor in ours.items() if "alpha" in name} == {torch.float32}


def test_a_state_of_other_ranks_than_the_files_is_refused_in_a_sentence(configure, train, tmp_path):
    files = []
    for rank in (2, 3):
        made = file(train(configure(train=ONE, network={"rank": rank})))
        files.append(made.rename(tmp_path / f"rank {rank}.safetensors"))

    def config(weights: Path, **save):
        network = {"weights": str(weights), "dim_from_weights": True}
        return configure(train=ONE | {"max_train_steps": 2}, network=network, save=save)

    train(config(files[0], save_every_n_steps=1, save_state=True))
    state = next((tmp_path / "out").glob("*-00000001-state"))
    with pytest.raises(UserError, match="other modules or ranks"):
        train(config(files[1], resume=str(state)))


def test_a_merged_lora_is_part_of_the_base_and_not_of_the_result(configure, train, tmp_path):
    kept = str(file(train(configure(train=ONE))).rename(tmp_path / "first.safetensors"))
    modules = len({name.split(".")[0] for name in tensors.load(Path(kept))})

    def loss(**network) -> float:
        trial = train(configure(train=ONE, network=network))
        said = [event.problem.en for event in trial.of(Warned) if event.code == "W-LORA-MERGED"]
        assert len(said) == len(network.get("base_weights", ()))
        assert all(sentence.startswith(f"{modules} modules") for sentence in said)
        return trial.of(StepDone)[0].loss

    merged = loss(base_weights=[kept])
    # The first step of a run that goes on from the file is the one on a base that holds it.
    assert merged == pytest.approx(loss(weights=kept), rel=1e-5)
    # And a run afterwards is not touched by it.
    plain = loss()
    assert merged != pytest.approx(plain, rel=1e-4)
    undone = loss(base_weights=[kept, kept], base_weights_multiplier="0.75,-0.75")
    assert undone == pytest.approx(plain, rel=1e-5)


def test_a_file_that_is_no_lora_of_this_model_is_refused_by_name(configure, train, base):
    with pytest.raises(UserError) as refused:
        train(configure(train=ONE, network={"base_weights": [str(base)]}))
    [problem] = refused.value.problems
    assert (problem.code, problem.key, problem.path) == (
        "E-MODEL-KIND",
        "network.base_weights",
        str(base),
    )
    assert (problem.facts["found"].en, problem.facts["option"]) == ("a whole model", "model.base")


def test_dropout_is_the_same_when_activations_are_recomputed(configure, train):
    network = {"dropout": 0.2, "rank_dropout": 0.2, "module_dropout": 0.2}
    plain = weights(train(configure(train=ONE, network=network)))
    recomputed = weights(train(configure(train=ONE | {"gradient_checkpointing": True}, network=network)))
    for name, tensor in plain.items():
        torch.testing.assert_close(recomputed[name], tensor, rtol=0, atol=2e-6)
