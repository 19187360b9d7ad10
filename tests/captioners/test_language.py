"""Captioners of the transformers library, on tiny models with random weights made here."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.captioners import language, source
from core.captioners.language import Asking, Captioner
from core.control import RunControl, StopRun
from core.errors import UserError
from tests.captioners import tiny_models

MAKERS = ("llava", "qwen", "florence", "blip")
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: getattr(tiny_models, name)(tmp_path_factory.mktemp(name)) for name in MAKERS}


@pytest.mark.parametrize("name", MAKERS)
def test_each_kind_says_something_in_one_line_and_the_same_again(folders, name):
    assert source.here(str(folders[name])).manifest is None
    captioner = Captioner(folders[name], "cpu")
    asking = Asking(tokens=12, temperature=0.9, seed=3)
    said = captioner.caption(IMAGE, asking)
    assert said and "\n" not in said and said == captioner.caption(IMAGE, asking)
    captioner.close()


def test_the_question_is_not_in_the_answer_and_is_asked_once_with_one_image(folders):
    captioner = Captioner(folders["llava"], "cpu")
    inputs, start = captioner._inputs(IMAGE, Asking(prompt="describe"))
    text = captioner._tokenizer.decode(inputs["input_ids"][0])
    assert text.count("describe") == 1 and text.count("<image>") == 4  # 28 x 28 pixels in patches of 14
    assert "You are a helpful image captioner." in text and start == inputs["input_ids"].shape[1]


def test_a_template_that_takes_texts_gets_the_image_before_the_question_and_one_beginning(tmp_path):
    template = "<s>{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
    captioner = Captioner(tiny_models.llava(tmp_path, template), "cpu")
    inputs, _ = captioner._inputs(IMAGE, Asking(prompt="describe"))
    text = captioner._tokenizer.decode(inputs["input_ids"][0])
    assert text.count("<s>") == 1 and text.count("<image>") == 4 and text.endswith("describe\nassistant:")


def test_qwen_gets_a_token_for_each_square_of_patches_of_an_image_made_smaller(folders):
    captioner = Captioner(folders["qwen"], "cpu")
    large = IMAGE.resize((256, 128))
    for side, tokens in ((64, 2), (128, 8)):  # 64 x 32 and 128 x 64 pixels, 32 x 32 a token
        inputs, _ = captioner._inputs(large, Asking(side=side))
        assert int(inputs["mm_token_type_ids"].sum()) == tokens


def test_a_patch_convolution_is_the_same_as_a_matrix_product(folders):
    captioner = Captioner(folders["qwen"], "cpu")
    inputs, _ = captioner._inputs(IMAGE, Asking())
    before = captioner._model(**inputs).logits
    assert language.flatten_patches(captioner._model) == 1
    assert torch.allclose(captioner._model(**inputs).logits, before, atol=1e-5)


def test_a_stop_ends_the_work_between_two_tokens(folders):
    control = RunControl()
    control.stop(save=False)
    with pytest.raises(StopRun):
        Captioner(folders["qwen"], "cpu").caption(IMAGE, Asking(), control.check)


def test_a_loop_is_asked_once_more_and_then_cut(folders, monkeypatch):
    captioner, drawn = Captioner(folders["qwen"], "cpu"), []
    looping = "A frog. " * 9

    def answer(inputs, start, asking, drawing, check):
        drawn.append(drawing)
        return looping.strip()

    monkeypatch.setattr(captioner, "_answer", answer)
    assert captioner.caption(IMAGE, Asking(seed=5)) == "A frog."
    assert drawn == [(0.0, 5, 1.0), (0.7, 6, 1.1)]


def test_a_folder_that_cant_be_loaded_is_refused_in_a_sentence(tmp_path, folders):
    for path in folders["qwen"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"{}")
    with pytest.raises(UserError) as caught:
        Captioner(tmp_path, "cpu")
    assert caught.value.problems[0].code == "E-CAPTION-LOAD"


def test_its_memory_is_told_from_its_files_and_a_damaged_one_is_refused(folders, tmp_path):
    found = source.here(str(folders["qwen"]))
    numbers = sum(p.numel() for p in Captioner(folders["qwen"], "cpu")._model.parameters())
    assert (source.memory_of(found, 4), source.memory_of(found, 2)) == (4 * numbers, 2 * numbers)
    (tmp_path / "model.safetensors").write_bytes(b"{}")
    with pytest.raises(UserError):
        source.memory_of(source.Found(tmp_path, None), 2)
