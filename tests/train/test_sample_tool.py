"""Images from the console: as a training draws them, and a sentence for what is no model or LoRA."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from core.config.file import toml_text
from core.config.schema.model import ModelConfig
from core.config.schema.train import TrainConfig
from core.errors import UserError
from core.events import Saved, Warned
from core.formats import tensors
from core.models.family import open_family
from core.tools import sample
from core.tools.sample import Painter, draw
from tests.tiny import make_tiny
from tests.train.test_adapters import FILES, NAMES, OTHERS, broken, kohya

ONE = "a frog --s 1 --w 64 --h 64 --d 5"
LONG = " ".join(["frog"] * 100) + " --s 2 --l 60 --w 64 --h 64 --d 5"


def pixels(path):
    return Image.open(path).tobytes()


def difference(one, other):
    """The largest, of any pixel's levels."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def drawn(source, place, *loras, prompt=ONE):
    return pixels(draw(source, loras, [prompt], place)[0])


@pytest.mark.parametrize("model", [{"clip_skip": 2}, {"max_token_length": 150}])
def test_a_run_files_image_is_the_one_that_its_training_draws(configure, train, tmp_path, model):
    config = configure(
        model=model,
        train={"max_train_steps": 1},
        sample={"sample_prompts": [LONG], "sample_at_first": True, "sample_sampler": "ddim"},
    )
    trial = train(config)
    of_training = next(event.path for event in trial.of(Saved) if event.kind == "sample")
    path = tmp_path / "run.toml"
    path.write_text(toml_text.dumps(toml_text.values_of(config)), encoding="utf-8")
    ours = drawn(path, tmp_path / "out1", prompt=LONG)
    assert difference(ours, pixels(of_training)) < 5  # the training lays convolutions out otherwise
    plain = configure()
    path.write_text(toml_text.dumps(toml_text.values_of(plain)), encoding="utf-8")
    assert difference(ours, drawn(path, tmp_path / "out2", prompt=LONG)) > 20


def test_a_prompt_longer_than_what_is_read_is_said(base, configure, tmp_path):
    path, said = tmp_path / "run.toml", []
    path.write_text(toml_text.dumps(toml_text.values_of(configure())), encoding="utf-8")
    draw(path, [], [LONG], tmp_path / "out", emit=said.append)
    [notice] = [event for event in said if isinstance(event, Warned)]
    assert notice.code == "W-SAMPLE-LONG" and "100 tokens" in notice.problem.en and "75" in notice.problem.en
    said.clear()
    draw(base, [], [LONG], tmp_path / "out", emit=said.append)  # a model alone reads as far as it must
    assert not [event for event in said if isinstance(event, Warned)]


def test_a_lora_counts_as_much_as_its_strength_and_alpha_say(base, tmp_path):
    half = tensors.save(tmp_path / "half.safetensors", kohya(alpha=4.0), {})
    whole = tensors.save(tmp_path / "whole.safetensors", kohya(alpha=8.0), {})
    images = [
        drawn(base, tmp_path / "out", *loras)
        for loras in ([], [f"{whole}:0.5"], [str(half)], [f"{half}:0"], [str(whole)])
    ]
    assert images[1] == images[2] != images[0] == images[3] != images[4]


@pytest.mark.parametrize("name", ["ComfyUI", "te1", "attention processors", "Diffusers with metadata"])
def test_loras_of_other_writers_are_drawn_with(base, tmp_path, name):
    path = tensors.save(tmp_path / "x.safetensors", *FILES[name][:2])
    assert drawn(base, tmp_path / "out", str(path)) != drawn(base, tmp_path / "out")


@pytest.mark.parametrize(
    ("prompt", "sampler", "code"), [(ONE, "magic", "E-SAMPLER"), (" ", "ddim", "E-SAMPLE-NONE")]
)
def test_a_sampler_or_prompt_that_is_none_is_refused(base, tmp_path, prompt, sampler, code):
    with pytest.raises(UserError) as caught:
        draw(base, [], [prompt], tmp_path / "out", sampler)
    assert [problem.code for problem in caught.value.problems] == [code]


def refusal(monkeypatch, source, place, lora):
    """What an image is refused with, before a model is loaded."""
    monkeypatch.setattr("core.models.sd.load.fill", None)
    with pytest.raises(UserError) as refused:
        draw(source, [str(lora)], [ONE], place)
    assert refused.value.exit_code == 2
    return refused.value.problems[0]


def cut(path):
    whole = tensors.save(path, kohya(), {}).read_bytes()
    path.write_bytes(whole[:3000])
    return path


UNFIT = {
    "is incomplete": cut,
    "It belongs in model.base": make_tiny,
    "w_norm": lambda path: tensors.save(path, OTHERS["LyCORIS"], {}),
    "BOFT": lambda path: tensors.save(path, OTHERS["BOFT"], {}),
    "there is no file": lambda path: path,
}


@pytest.mark.parametrize("words", UNFIT)
def test_what_is_no_plain_lora_is_refused_by_name(base, tmp_path, monkeypatch, words):
    path = UNFIT[words](tmp_path / "x.safetensors")
    problem = refusal(monkeypatch, base, tmp_path / "out", path)
    assert words in problem.en and str(path) in problem.en and not (tmp_path / "out").exists()


def test_a_lora_for_sd1_is_refused_on_sd2(tmp_path):
    path = tensors.save(tmp_path / "x.safetensors", kohya(), {"ss_base_model_version": "sd_v1"})
    with pytest.raises(UserError, match="for SD1, but the base model is SD2"):
        draw(make_tiny(tmp_path / "two.safetensors", family="sd2"), [str(path)], [ONE], tmp_path / "out")


def test_a_lora_with_a_number_that_is_none_is_refused(base, tmp_path):
    path = broken(tmp_path / "x.safetensors", NAMES[0], float("nan"))
    with pytest.raises(UserError, match=r"is damaged: tensor .* contains NaN"):
        draw(base, [str(path)], [ONE], tmp_path / "out")


@pytest.mark.parametrize("strength", ["nan", "inf"])
def test_a_strength_that_is_no_number_is_refused(base, tmp_path, monkeypatch, strength):
    path = tensors.save(tmp_path / "x.safetensors", kohya(), {})
    assert refusal(monkeypatch, base, tmp_path / "out", f"{path}:{strength}").code == "E-LORA-STRENGTH"


@pytest.mark.parametrize("below", [False, True])
def test_a_file_in_the_place_of_the_folder_is_refused(base, tmp_path, monkeypatch, below):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("core.models.sd.load.fill", None)
    place = tmp_path / "file" / "below" if below else tmp_path / "file"
    with pytest.raises(UserError) as refused:
        draw(base, [], [ONE], place)
    assert refused.value.problems[0].code == "E-OUT-WRITE" and (tmp_path / "file").read_text() == "mine"


def test_images_that_are_there_stay(base, tmp_path):
    first = draw(base, [], [ONE], tmp_path / "out")
    second = draw(base, [], [ONE], tmp_path / "out")
    assert first != second and all(isinstance(path, Path) and path.exists() for path in (*first, *second))


def test_drawing_leaves_no_gradients(base, tmp_path):
    draw(base, [], [ONE], tmp_path / "out")
    assert torch.is_grad_enabled()


def test_weights_that_were_left_half_changed_are_brought_back(base, tmp_path, monkeypatch):
    file = tensors.save(tmp_path / "frog.safetensors", kohya(alpha=4.0), {})
    painter = Painter(open_family("auto"), ModelConfig(base=str(base)), TrainConfig(), lambda event: None)
    weights = [p for module in painter._model.modules.values() for p in module.parameters()]
    before, merge, calls = [weight.clone() for weight in weights], sample.lora_files.merge_into, []

    def fails_at_the_third(*given):
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        merge(*given)

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(sample.lora_files, "merge_into", fails_at_the_third)
        painter.add([(file, 1.0)])
    assert not all(map(torch.equal, weights, before))
    painter.add([])
    assert all(map(torch.equal, weights, before))


def test_an_empty_prompt_is_refused_and_not_passed_over_in_silence(base, tmp_path):
    with pytest.raises(UserError, match="the prompt is empty") as refused:
        draw(base, [], [""], tmp_path / "out")
    assert refused.value.exit_code == 2
