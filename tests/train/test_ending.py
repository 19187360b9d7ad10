"""However a training ends, a state and a usable model are left, and a fault is told with what is known."""

from pathlib import Path

import pytest
import torch

from core import ending
from core.config.schema.run import OptimizerConfig
from core.control import RunControl, StopRun
from core.errors import Message, NumericFault, ResourceFault
from core.events import Saved, StageProgress, StepDone, Warned, from_json, to_json
from core.formats import tensors
from core.formats.header import read_header
from core.models.sd import sampling
from core.models.sd.family import SD
from core.runs.state_folder import fault
from core.train import run as running
from core.train.outputs import saving
from core.train.outputs.saving import Outputs
from core.train.weights.ema import Averages
from core.train.weights.trained import Trainee

LORA = "unet/mid_block.attentions.0.proj_in.lora_up.weight"
IN_FILE = "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def codes(trial) -> list[str]:
    return [event.code for event in trial.of(Warned)]


def stopped(train, config, step: int):
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == step:
            control.stop()

    with pytest.raises(StopRun) as end:
        train(config, control, watch)
    return end.value.trial


@pytest.fixture
def spoil(monkeypatch):
    """Change the loss of the micro-batch of this number, from 1: spoil(3, lambda loss: ...)."""

    def at(number: int, change) -> None:
        plain, calls = running.BatchLoss.__call__, []

        def spoiled(self, batch):
            calls.append(batch)
            loss = plain(self, batch)
            return change(loss) if len(calls) == number else loss

        monkeypatch.setattr(running.BatchLoss, "__call__", spoiled)

    return at


@pytest.mark.parametrize("optimizer", ["AdamW", "AdamWScheduleFree"])
def test_a_stop_leaves_a_model_of_its_step_beside_the_state(configure, train, tmp_path, optimizer):
    options = {"optimizer": {"optimizer_type": optimizer}}
    straight = {"output_dir": str(tmp_path / "straight"), "output_name": "frog", "save_every_n_steps": 2}
    train(configure(**options, train={"max_train_steps": 3}, save=straight))
    trial = stopped(train, configure(**options, save={"output_name": "frog"}), 2)
    out = tmp_path / "out"
    assert names(out) == ["frog-step-00000002-state", "frog-step00000002.safetensors"]
    assert [event.kind for event in trial.of(Saved)] == ["state", "model"]
    ours, wanted = (
        tensors.load(path / "frog-step00000002.safetensors") for path in (out, tmp_path / "straight")
    )
    assert all(torch.equal(ours[name], wanted[name]) for name in wanted)
    assert read_header(out / "frog-step00000002.safetensors").metadata["ss_steps"] == "2"


def test_a_whole_model_is_left_at_a_stop_too(configure, train, tmp_path):
    config = configure(
        network={"method": "none"}, train={"learning_rate": 1e-4}, save={"save_model_as": "ckpt"}
    )
    stopped(train, config, 1)
    assert names(tmp_path / "out") == ["at-step00000001.ckpt", "step-00000001-state"]


def test_a_model_that_was_just_saved_is_not_written_again_at_a_stop(configure, train, tmp_path):
    trial = stopped(train, configure(save={"save_every_n_steps": 1, "save_last_n_steps": 1}), 2)
    saved = [event.step for event in trial.of(Saved) if event.kind == "model"]
    assert saved == [1, 2]


def test_a_run_stopped_as_soon_as_it_was_resumed_gives_the_model_of_its_state(configure, train, tmp_path):
    stopped(train, configure(), 2)
    (tmp_path / "out" / "at-step00000002.safetensors").unlink()
    control = RunControl()

    def watch(event):
        if isinstance(event, StageProgress) and event.stage == "load_model" and event.done == event.total:
            control.stop()

    with pytest.raises(StopRun) as end:
        train(configure(save={"resume": "auto"}), control, watch)
    assert [event.kind for event in end.value.trial.of(Saved)] == ["state", "model"]
    assert (tmp_path / "out" / "at-step00000002.safetensors").is_file()


def test_without_room_for_the_model_the_state_of_a_stop_is_there(configure, train, tmp_path, monkeypatch):
    def full(self, path, progress, epoch):
        raise ResourceFault(Message("E-DISK-FULL", "the disk is full.", "空きがありません。")())

    monkeypatch.setattr(Outputs, "_written", full)
    trial = stopped(train, configure(), 2)
    assert names(tmp_path / "out") == ["step-00000002-state"]
    assert "W-DISK-FULL" in codes(trial)


@pytest.fixture
def no_room(monkeypatch):
    """Writing a state finds the disk full so many times: no_room(3)."""

    def times(count: int) -> None:
        plain, calls = Outputs._save_state, []

        def full(self, *args):
            calls.append(args)
            if len(calls) <= count:
                raise ResourceFault(Message("E-DISK-FULL", "the disk is full.", "空きがありません。")())
            return plain(self, *args)

        monkeypatch.setattr(Outputs, "_save_state", full)
        monkeypatch.setattr(saving, "RETRY_SECONDS", 0.001)

    return times


def test_the_state_of_a_stop_waits_for_room(configure, train, tmp_path, no_room):
    no_room(3)
    trial = stopped(train, configure(), 2)
    assert names(tmp_path / "out") == ["at-step00000002.safetensors", "step-00000002-state"]
    rooms = [event.done for event in trial.of(StageProgress) if event.stage == "room"]
    assert rooms == [0, 1, 0, 1, 0, 1]
    assert codes(trial).count("W-DISK-FULL") == 1  # of these tries one in twenty is told


def test_a_stop_that_waits_for_room_ends_when_it_is_given_up(configure, train, no_room):
    no_room(10**9)
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == 2:
            control.stop()
        if isinstance(event, StageProgress) and event.stage == "room":
            control.stop(save=False)

    with pytest.raises(ResourceFault):
        train(configure(), control, watch)


def test_the_last_event_of_a_stop_names_model_and_state():
    end = ending.of(
        StopRun(save=True), 174, "out/frog-step-00000174-state", "out/frog-step00000174.safetensors"
    )
    assert (end.status, end.exit_code) == ("stopped", 3)
    for words in (end.en, end.ja):
        assert "174" in words and "out/frog-step00000174.safetensors" in words and "00000174-state" in words


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), KeyError("what nobody thought of")])
def test_a_fault_that_is_not_of_the_numbers_leaves_state_and_model(configure, train, tmp_path, spoil, error):
    def fail(loss):
        raise error

    spoil(3, fail)
    with pytest.raises(ResourceFault if isinstance(error, torch.OutOfMemoryError) else KeyError):
        train(configure())
    assert names(tmp_path / "out") == ["at-step00000002.safetensors", "step-00000002-state"]


# Numbers that do not fit the file.


@pytest.fixture
def too_large(monkeypatch):
    """A weight that float32 can hold and fp16 cannot, where it has no effect: its other half is 0 or tiny."""
    plain = Trainee.__init__

    def made(self, network, groups, parts):
        plain(self, network, groups, parts)
        with torch.no_grad():
            self.tensors()[LORA.replace("lora_up", "lora_down")][0, 0] = 1e5

    monkeypatch.setattr(Trainee, "__init__", made)


def test_weights_too_large_for_fp16_are_saved_in_float32_and_the_run_goes_on(
    configure, train, tmp_path, too_large
):
    save = {"save_precision": "fp16", "save_every_n_steps": 1}
    trial = train(configure(train={"max_train_steps": 2, "learning_rate": 1e-8}, save=save))
    assert codes(trial).count("W-SAVE-PRECISION") == 3
    for name in ("at-step00000001", "at-step00000002", "last"):
        kept = tensors.load(tmp_path / "out" / f"{name}.safetensors")
        assert kept[IN_FILE.replace("lora_up", "lora_down")].dtype is torch.float32
        assert kept[IN_FILE.replace("lora_up", "lora_down")].max() == pytest.approx(1e5)


def with_bad_means(monkeypatch):
    """The running mean of one weight is NaN; the weight is not."""
    plain = Averages.update

    def update(self, step):
        plain(self, step)
        self.tensors()[LORA].fill_(float("nan"))

    monkeypatch.setattr(Averages, "update", update)


def test_a_mean_that_is_not_finite_is_not_exported_and_ends_no_run_before_its_end(
    configure, train, tmp_path, monkeypatch
):
    with_bad_means(monkeypatch)
    options = {"train": {"max_train_steps": 3, "ema_decay": 0.9}}
    with pytest.raises(NumericFault) as refused:
        train(configure(**options, save={"save_every_n_steps": 2}))
    trial = refused.value.trial
    assert [event.step for event in trial.of(StepDone)] == [1, 2, 3]
    assert "W-SAVE-NAN" in codes(trial)
    assert [problem.code for problem in refused.value.problems] == ["E-SAVE-NAN", "E-SAVE-STATE"]
    assert names(tmp_path / "out") == ["last-state", "step-00000002-state"]
    assert fault(tmp_path / "out" / "last-state") == ""
    # As the message says: without the mean the weights make a model.
    save = {"resume": str(tmp_path / "out" / "last-state"), "resume_anyway": True}
    train(configure(train={"max_train_steps": 3}, save=save))
    assert all(t.isfinite().all() for t in tensors.load(tmp_path / "out" / "last.safetensors").values())


def test_weights_that_are_not_finite_are_never_saved_and_end_the_run(configure, train, tmp_path, monkeypatch):
    def update(self, step):
        if step == 1:
            for group in self._groups:
                for parameter in group.parameters.values():
                    parameter.data.fill_(float("inf"))

    monkeypatch.setattr(Averages, "update", update)
    with pytest.raises(NumericFault) as end:
        train(configure(save={"save_every_n_steps": 1, "save_state": True}))
    assert end.value.problems[0].code == "E-NUMERIC" and "step 2" in end.value.problems[0].en
    assert names(tmp_path / "out") == ["at-step00000001.safetensors", "step-00000001-state"]


# Numbers that are no numbers.


def test_a_bad_step_is_told_with_its_images_timesteps_rate_and_the_losses_before_it(
    configure, train, tmp_path, spoil
):
    spoil(8, lambda loss: loss * float("nan"))
    config = configure(train={"max_train_steps": 9}, save={"save_every_n_steps": 7})
    with pytest.raises(NumericFault) as end:
        train(config)
    facts, trial = end.value.facts, end.value.trial
    assert facts["step"] == 8
    assert len(facts["images"]) == len(facts["timesteps"]) == 2
    assert all(name.endswith(".png") for name in facts["images"]) and facts["broken_images"] == []
    assert all(0 <= timestep < 1000 for timestep in facts["timesteps"])
    assert facts["lr"] == {"unet": 0.01, "text_encoder": 0.01}
    assert facts["losses"] == pytest.approx([event.loss for event in trial.of(StepDone)][-5:])
    assert [event.step for event in trial.of(StepDone)] == [*range(1, 8)]
    told = ending.of(end.value, 7)
    assert from_json(to_json(told)).facts == facts and told.exit_code == 4
    words = end.value.problems[0].en
    assert facts["images"][0] in words and "learning rate 0.01" in words and "bf16" not in words
    assert "Lower the learning rate" in words
    # The weights before it are good: the model of step 7, saved before, is as it was.
    state = tensors.load(tmp_path / "out" / "step-00000007-state" / "trainable.safetensors")
    model = tensors.load(tmp_path / "out" / "at-step00000007.safetensors")
    assert torch.equal(state[LORA], model[IN_FILE])


def test_an_image_whose_latents_are_not_finite_is_named_without_a_cache_too(
    configure, train, tmp_path, monkeypatch
):
    plain = sampling.encode_image

    def encode(parts, pixels):
        mean, std = plain(parts, pixels)
        mean[pixels.mean((1, 2, 3)) > 0] = float("nan")  # the light images: those of regularization
        return mean, std

    monkeypatch.setattr(SD, "encode_image", staticmethod(encode))
    data = {"cache_latents": False, "train_batch_size": 6}
    with pytest.raises(NumericFault, match=r"no finite numbers for [01]\.png") as end:
        train(configure(train={"max_train_steps": 2}, dataset=data))
    facts = end.value.facts
    assert facts["broken_images"] and set(facts["broken_images"]) < set(facts["images"])


BAD = {
    "loss NaN": lambda loss: loss * float("nan"),
    "loss infinite": lambda loss: loss * float("inf"),
    "gradient infinite": lambda loss: _times(loss, float("inf")),
    "gradient of norm 1e20": lambda loss: _times(loss, 1e20),
}


def _times(loss, factor):
    """The same loss with larger gradients."""
    loss.register_hook(lambda gradient: gradient * factor)
    return loss


@pytest.mark.parametrize(("bad", "clipping"), [*((bad, 1.0) for bad in BAD), ("gradient of norm 1e20", 0.0)])
def test_what_is_not_finite_or_absurdly_large_never_reaches_the_weights(
    configure, train, tmp_path, spoil, bad, clipping
):
    spoil(3, BAD[bad])
    options = {"train": {"max_train_steps": 4, "max_grad_norm": clipping}}
    with pytest.raises(NumericFault, match="in step 3"):
        train(configure(**options, save={"save_every_n_steps": 2}))
    out = tmp_path / "out"
    # A batch was bad and not the weights, so the model of the last good step is left beside the state.
    assert names(out) == ["at-step00000002.safetensors", "step-00000002-state"]
    state = tensors.load(out / "step-00000002-state" / "trainable.safetensors")
    assert torch.equal(state[LORA], tensors.load(out / "at-step00000002.safetensors")[IN_FILE])


def test_weights_that_were_infinite_before_the_bad_step_are_not_said_to_be_kept(configure, train, tmp_path):
    config = configure(network={"method": "none"}, train={"learning_rate": 3e38, "max_train_steps": 5})
    config = config.model_copy(update={"optimizer": OptimizerConfig(optimizer_args=("weight_decay=1e3",))})
    with pytest.raises(NumericFault, match="in step 2") as end:
        train(config)
    assert "are kept" not in end.value.problems[0].en and "W-SAVE-NAN" in codes(end.value.trial)
    assert names(tmp_path / "out") == []


def test_a_rate_of_1e10_is_found_out_within_a_step_and_no_model_is_exported(configure, train, tmp_path):
    config = configure(network={"method": "none"}, train={"learning_rate": 1e10, "max_train_steps": 5})
    with pytest.raises(NumericFault, match=r"in step 2 .*learning rate 1e10.*usual here: 4e-7 to 1e-5"):
        train(config)
    assert names(tmp_path / "out") == ["step-00000001-state"]
