"""Sample images: what a prompt line says, and where the images go."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from core.control import RunControl, StopRun
from core.errors import UserError
from core.events import Saved, StageProgress, StepDone, Warned
from core.formats import tensors
from core.models.family import open_family
from core.models.parts import whole
from core.runs.sample_prompts import as_line, of_lines, parse
from tests.pipelines import pipeline


def test_the_options_of_sd_scripts_are_understood():
    line = "a frog, wet --n blurry, bad --w 330 --h 256 --d 42 --s 12 --l 3.5 --ss k_euler_a"
    (prompt,) = parse([line], (512, 768), 1)
    assert (prompt.text, prompt.negative, prompt.seed) == ("a frog, wet", "blurry, bad", 42)
    assert (*prompt.size, prompt.steps, prompt.guidance) == (328, 256, 12, 3.5)
    assert prompt.sampler == "euler_a"


def test_without_options_a_prompt_has_the_size_of_the_training_and_a_seed_of_its_own():
    one, other = parse(["a frog", "a toad"], (512, 768), 1)
    assert (*one.size, one.steps, one.guidance) == (512, 768, 30, 7.5)
    assert one.seed != other.seed and one.seed == parse(["a frog"], (512, 768), 1)[0].seed


def test_a_text_file_of_prompts_is_read(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("\ufeff# a comment\na frog\n\na toad --s 5\n", encoding="utf-8")
    assert [prompt.text for prompt in parse([str(path)], (64, 64), 1)] == ["a frog", "a toad"]


TOML = """
[prompt]
width = 128
scale = 3
[[prompt.subset]]
prompt = "a frog"
seed = 5
[[prompt.subset]]
prompt = "a toad"
negative_prompt = "wet"
width = 64
sample_sampler = "heun"
"""
JSON = """[
  {"prompt": "a frog", "width": 128, "scale": 3, "seed": 5, "sample_steps": null},
  "a toad --n wet --w 64 --l 3 --ss heun"
]"""


@pytest.mark.parametrize(("name", "text"), [("p.toml", TOML), ("p.json", JSON)])
def test_a_toml_and_a_json_file_of_prompts_are_read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    frog, toad = parse([str(path)], (512, 512), 1)
    assert (frog.text, *frog.size, frog.guidance, frog.seed, frog.steps) == ("a frog", 128, 512, 3.0, 5, 30)
    assert (toad.text, toad.negative, *toad.size, toad.guidance) == ("a toad", "wet", 64, 512, 3.0)
    assert (frog.sampler, toad.sampler) == ("", "heun")


@pytest.mark.parametrize(
    ("name", "text"), [("p.toml", "a = 1"), ("p.json", "{}"), ("p.json", "["), ("p.json", '[{"colour": 1}]')]
)
def test_a_file_that_holds_no_prompts_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        parse([str(tmp_path / name)], (512, 512), 1)
    assert refused.value.problems[0].key == "sample.sample_prompts"


@pytest.mark.parametrize("line", ["a frog --w wide", "a frog --x 3", "a frog --ss magic"])
def test_a_wrong_option_is_refused_before_training(configure, train, line):
    with pytest.raises(UserError) as refused:
        train(configure(sample={"sample_prompts": [line]}))
    assert refused.value.problems[0].code == "E-SAMPLE-PROMPT"


def test_a_missing_file_is_refused_before_training(configure, train, tmp_path):
    with pytest.raises(UserError) as refused:
        train(configure(sample={"sample_prompts": [str(tmp_path / "none.txt")]}))
    assert refused.value.problems[0].code == "E-SAMPLE-FILE"


def test_images_go_into_the_run_folder_and_say_what_they_are(configure, train):
    sample = {"sample_prompts": ["a frog --w 128 --h 64 --s 2 --d 5"], "sample_at_first": True}
    trial = train(configure(train={"max_train_steps": 1}, sample=sample))
    images = [event for event in trial.of(Saved) if event.kind == "sample"]
    assert [event.step for event in images] == [0, 1]
    path = Path(images[0].path)
    assert path.parent == trial.folder / "samples" and path.name == "step-00000000_00_5.png"
    assert images[0].info == {
        "number": 0, "prompt": "a frog", "negative": "", "seed": 5, "width": 128, "height": 64
    }  # fmt: skip
    with Image.open(path) as image:
        assert image.size == (128, 64)


def test_a_stop_takes_hold_between_two_sampling_steps(configure, train):
    control = RunControl()

    def watch(event):
        if isinstance(event, StageProgress) and event.stage == "sample":
            control.stop()

    sample = {"sample_prompts": ["a frog --s 50"], "sample_at_first": True}
    with pytest.raises(StopRun) as stopped:
        train(configure(sample=sample), control, watch)
    assert [event.done for event in stopped.value.trial.of(StageProgress) if event.stage == "sample"] == [1]


def test_a_fault_while_drawing_is_said_and_the_training_goes_on(configure, train, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("no room")

    monkeypatch.setattr("core.models.sd.family.SD.schedule", staticmethod(broken))
    sample = {"sample_prompts": ["a frog"], "sample_at_first": True}
    trial = train(configure(train={"max_train_steps": 1}, sample=sample))
    assert [event.code for event in trial.of(Warned)].count("W-SAMPLE") == 2
    assert [event.kind for event in trial.of(Saved)] == ["model"]


def test_the_progress_of_a_sampler_that_looks_twice_ends_at_its_steps(configure, train):
    sample = {"sample_prompts": ["a frog --s 3 --ss heun"], "sample_at_first": True}
    trial = train(configure(train={"max_train_steps": 1}, sample=sample))
    told = [(event.done, event.total) for event in trial.of(StageProgress) if event.stage == "sample"]
    assert told[4] == (3, 3) and max(told) == (3, 3)


def test_the_sampler_of_a_prompt_wins_over_the_runs(configure, train):
    lines = ["a frog --s 2 --d 5", "a frog --s 2 --d 5 --ss euler_a"]
    sample = {"sample_prompts": lines, "sample_at_first": True, "sample_sampler": "ddim"}
    trial = train(configure(train={"max_train_steps": 1}, sample=sample))
    one, other = (Path(event.path).read_bytes() for event in trial.of(Saved)[:2])
    assert one != other


def test_an_image_is_the_one_that_diffusers_draws(configure, train, base):
    sample = {"sample_prompts": ["a frog --s 3 --d 5 --l 4"], "sample_at_first": True}
    config = configure(train={"max_train_steps": 1}, sample=sample)
    trial = train(config)
    parts = whole(open_family("sd1"), config.model, [].append)
    theirs = pipeline(parts)(
        "a frog", height=64, width=64, num_inference_steps=3, guidance_scale=4.0,
        generator=torch.Generator().manual_seed(5),
    ).images[0]  # fmt: skip
    with Image.open(trial.of(Saved)[0].path) as ours:
        difference = [abs(a - b) for a, b in zip(ours.tobytes(), theirs.tobytes(), strict=True)]
    assert max(difference) <= 1


def drawn(trial):
    return [(e.step, e.info["number"], e.info["prompt"]) for e in trial.of(Saved) if e.kind == "sample"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_prompts_given_in_mid_run_are_drawn_at_once_and_change_no_weight(configure, train, is_kept):
    sample = {"sample_prompts": ["a frog --s 1 --d 5"], "sample_every_n_steps": 2}
    straight = train(configure(train={"max_train_steps": 4}, sample=sample))
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == 1:
            control.sample_now(("a frog --s 1 --d 5", "a toad --s 1"), is_kept)

    trial = train(configure(train={"max_train_steps": 4}, sample=sample), control, watch)
    frog, toad = (0, "a frog"), (1, "a toad")
    later = [frog, toad] if is_kept else [frog]
    assert drawn(trial) == [(1, *frog), (1, *toad), *[(step, *row) for step in (2, 4) for row in later]]
    models = [[e.path for e in t.of(Saved) if e.kind == "model"][-1] for t in (straight, trial)]
    one, other = (tensors.load(Path(path)) for path in models)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_wrong_prompt_in_mid_run_is_said_and_the_training_goes_on(configure, train):
    control = RunControl()
    control.sample_now(("a frog --w wide",), True)
    sample = {"sample_prompts": ["a toad --s 1"]}
    trial = train(configure(train={"max_train_steps": 2}, sample=sample), control)
    assert [e.code for e in trial.of(Warned) if e.code.startswith("W-")] == ["W-SAMPLE"]
    assert drawn(trial) == [(2, 0, "a toad")]


def test_a_typed_line_that_looks_like_a_file_is_a_prompt():
    assert [p.text for p in of_lines(["/etc/passwd.txt"], (64, 64), 1)] == ["/etc/passwd.txt"]


@pytest.mark.parametrize("line", ["a frog", "a, b --n blurry --w 128 --h 64 --d 42 --s 12 --l 3.5 --ss heun"])
def test_a_prompt_written_as_a_line_reads_back_to_itself(line):
    prompts = parse([line], (512, 768), 1)
    assert parse([as_line(prompt) for prompt in prompts], (64, 64), 9) == prompts
