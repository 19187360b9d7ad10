"""Sample pictures: what a prompt line says, and where the pictures go."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from core.control import RunControl, StopRun
from core.errors import UserError
from core.events import Saved, StageProgress
from core.models.family import open_family
from core.train.samples import parse


def test_the_options_of_sd_scripts_are_understood():
    line = "a frog, wet --n blurry, bad --w 330 --h 256 --d 42 --s 12 --l 3.5"
    (prompt,) = parse([line], (512, 768), 1)
    assert (prompt.text, prompt.negative, prompt.seed) == ("a frog, wet", "blurry, bad", 42)
    assert (*prompt.size, prompt.steps, prompt.guidance) == (328, 256, 12, 3.5)


def test_without_options_a_prompt_has_the_size_of_the_training_and_a_seed_of_its_own():
    one, other = parse(["a frog", "a toad"], (512, 768), 1)
    assert (*one.size, one.steps, one.guidance) == (512, 768, 20, 7.5)
    assert one.seed != other.seed and one.seed == parse(["a frog"], (512, 768), 1)[0].seed


def test_a_text_file_of_prompts_is_read(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("\ufeff# a comment\na frog\n\na toad --s 5\n", encoding="utf-8")
    assert [prompt.text for prompt in parse([str(path)], (64, 64), 1)] == ["a frog", "a toad"]


@pytest.mark.parametrize("line", ["a frog --w wide", "a frog --x 3"])
def test_a_wrong_option_is_refused_before_training(configure, train, line):
    with pytest.raises(UserError) as refused:
        train(configure(sample={"sample_prompts": [line]}))
    assert refused.value.problems[0].code == "E-SAMPLE-PROMPT"


def test_a_missing_file_is_refused_before_training(configure, train, tmp_path):
    with pytest.raises(UserError) as refused:
        train(configure(sample={"sample_prompts": [str(tmp_path / "none.txt")]}))
    assert refused.value.problems[0].code == "E-SAMPLE-FILE"


def test_pictures_go_into_the_run_folder_and_say_what_they_are(configure, train):
    sample = {"sample_prompts": ["a frog --w 128 --h 64 --s 2 --d 5"], "sample_at_first": True}
    trial = train(configure(train={"max_train_steps": 1}, sample=sample))
    pictures = [event for event in trial.of(Saved) if event.kind == "sample"]
    assert [event.step for event in pictures] == [0, 1]
    path = Path(pictures[0].path)
    assert path.parent == trial.folder / "samples" and path.name == "step-00000000_00_5.png"
    assert pictures[0].info == {
        "number": 0, "prompt": "a frog", "negative": "", "seed": 5, "width": 128, "height": 64
    }  # fmt: skip
    with Image.open(path) as picture:
        assert picture.size == (128, 64)


def test_a_stop_takes_hold_between_two_sampling_steps(configure, train):
    control = RunControl()

    def watch(event):
        if isinstance(event, StageProgress) and event.stage == "sample":
            control.stop()

    sample = {"sample_prompts": ["a frog --s 50"], "sample_at_first": True}
    with pytest.raises(StopRun) as stopped:
        train(configure(sample=sample), control, watch)
    assert [event.done for event in stopped.value.trial.of(StageProgress) if event.stage == "sample"] == [1]


def test_a_picture_is_the_one_that_diffusers_draws(configure, train, base):
    sample = {"sample_prompts": ["a frog --s 3 --d 5 --l 4"], "sample_at_first": True}
    config = configure(train={"max_train_steps": 1}, sample=sample)
    trial = train(config)
    family = open_family("sd1")
    parts = family.load(str(base), config.model, [].append)
    theirs = family.pipeline(parts, "ddim")(
        "a frog", height=64, width=64, num_inference_steps=3, guidance_scale=4.0,
        generator=torch.Generator().manual_seed(5),
    ).images[0]  # fmt: skip
    with Image.open(trial.of(Saved)[0].path) as ours:
        difference = [abs(a - b) for a, b in zip(ours.tobytes(), theirs.tobytes(), strict=True)]
    assert max(difference) <= 1
