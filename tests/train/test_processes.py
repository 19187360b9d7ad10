"""Several processes train what one would."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from accelerate.state import PartialState
from PIL import Image
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.events import StepDone, from_json, to_json
from core.formats import tensors
from core.train.run import run

NOISE = {
    "noise_offset": 0.1,
    "noise_offset_random_strength": True,
    "multires_noise_iterations": 3,
    "ip_noise_gamma": 0.1,
    "ip_noise_gamma_random_strength": True,
    "loss_type": "huber",
    "min_snr_gamma": 5.0,
}
CASES = {
    # 5 images an epoch, so that one batch is short and the second process has nothing in it.
    "odd": {"train": {"max_train_steps": 4}},
    # Beside as many regularization images, in batches of both kinds, and every noise option.
    "reg_and_noise": {"dataset": {"prior_loss_weight": 0.3}, "train": {"max_train_steps": 4} | NOISE},
    # 5 samples in batches of 4, the last one of 1, two micro-batches a step.
    "accumulated": {
        "dataset": {"train_batch_size": 4},
        "train": {"max_train_steps": 2, "gradient_accumulation_steps": 2},
    },
    # 2 of the 5 images held out.
    "held_out": {
        "dataset": {"validation_split": 0.4},
        "train": {"max_train_steps": 2, "validate_every_n_steps": 1},
    },
}


@pytest.fixture(scope="module")
def images_of(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("two")
    for folder, count, green in (("train/1_sls frog", 5, 90), ("reg/1_frog", 4, 200)):
        (root / folder).mkdir(parents=True)
        for n in range(count):
            Image.new("RGB", (64, 64), (50 * n, green, 255 - 50 * n)).save(root / folder / f"{n}.png")
    return root


@pytest.fixture(scope="module")
def config_of(base, images_of):
    """A case as one process trains it, or as each of several does."""

    def make(case: str, processes: int) -> RunConfig:
        options = CASES[case]
        dataset = {"train_batch_size": 2} | options.get("dataset", {})
        dataset["train_batch_size"] //= processes
        reg = str(images_of / "reg") if case == "reg_and_noise" else None
        folders = {"train_data_dir": str(images_of / "train"), "reg_data_dir": reg}
        return RunConfig(
            model={"base": str(base)},
            dataset={"resolution": (64, 64), "cache_latents": True} | folders | dataset,
            network={"rank": 2, "alpha": 2.0},
            train={"learning_rate": 1e-3, "seed": 7} | options["train"],
            save={
                "output_dir": str(images_of / f"{case}-{processes}"),
                "autosave_minutes": 0,
                "save_state": True,
            },
            log={"log_every_n_steps": 1},
        )

    return make


def train_all(configs: list[RunConfig]) -> None:
    """What each process does: every run in turn, with its events beside what it saved."""
    torch.set_num_threads(1)
    PartialState._reset_state()  # a fork has that of the runs before it, which were of one process
    # The launcher's store serves one process group; the next run goes on with it, and it is shut at the end.
    shut, PartialState.destroy_process_group = PartialState.destroy_process_group, lambda *_: None
    for config in configs:
        lines: list[str] = []
        out = Path(config.save.output_dir)
        run(config, out, RunControl(), lambda event, lines=lines: lines.append(to_json(event)))
        (out / f"events-{os.environ['RANK']}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    shut(PartialState())


@pytest.fixture(scope="module")
def in_two(config_of, images_of) -> Path:
    """Every case trained by two processes, started once by torchrun's launcher; the folder of their outputs.

    They are forks of this process, which has imported everything already.
    """
    configs = [config_of(case, 2) for case in CASES]
    for config in configs:
        Path(config.save.output_dir).mkdir()
    two = LaunchConfig(1, 1, 2, rdzv_backend="c10d", rdzv_endpoint="localhost:0", start_method="fork")
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    elastic_launch(two, train_all)(configs)
    for number, handler in handlers.items():
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)  # the launcher's own stay otherwise
    return images_of


def distance(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The norm of what differs over the norm of the whole."""
    assert one.keys() == other.keys()
    difference = sum((one[name].double() - other[name].double()).square().sum() for name in one)
    whole = sum(tensor.double().square().sum() for tensor in other.values())
    return (difference / whole).sqrt().item()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_what_one_with_twice_the_batch_does(config_of, in_two, train, case):
    one = train(config_of(case, 1))
    state = json.loads((in_two / f"{case}-2" / "last-state" / "state.json").read_text(encoding="utf-8"))
    assert state["identity"]["world_size"] == 2
    theirs = tensors.load(in_two / f"{case}-1" / "last.safetensors")
    assert distance(tensors.load(in_two / f"{case}-2" / "last.safetensors"), theirs) < 1e-5
    lines = (in_two / f"{case}-2" / "events-0.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [event for event in map(from_json, lines) if isinstance(event, StepDone)]
    alone = one.of(StepDone)
    assert [event.loss for event in steps] == pytest.approx([event.loss for event in alone], rel=1e-5)
    if case == "held_out":
        found = [event.validation_loss for event in steps]
        assert None not in found
        assert found == pytest.approx([event.validation_loss for event in alone], rel=1e-5)
