"""Trying a result: the model stays in memory, at any strength; a training takes the memory."""

import threading
import time

import pytest
from PIL import Image

from core.config.schema.model import ModelConfig
from core.config.schema.train import TrainConfig
from core.control import RunControl, StopRun
from core.errors import UserError
from core.formats import tensors
from core.runner import Runner
from core.tools import try_it
from core.tools.kept_model import KEPT, Kept
from core.tools.sample import draw
from core.tools.tool import Work
from core.tools.try_settings import Shot, Source, TrySettings
from tests.train.test_adapters import kohya
from tests.train.test_sample_tool import pixels


def is_loaded(kept):
    return kept._model is not None


SETTINGS = TrySettings(prompt="a frog", steps=1, resolution=(64, 64))


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    KEPT.free()
    yield
    KEPT.free()


@pytest.fixture
def source(base, tmp_path):
    lora = tensors.save(tmp_path / "x.safetensors", kohya(alpha=8.0), {})
    return Source(ModelConfig(base=str(base)), TrainConfig(), (64, 64), lora)


def tried(source, folder, *strengths, work=None, settings=SETTINGS):
    made = []
    folder.mkdir(exist_ok=True)

    def place():
        return folder / f"{len(made)}.png"

    shots = [Shot(source, strength) for strength in strengths]
    try_it.generate(shots, settings, 5, work or Work(), place, lambda path, *_: made.append(path))
    return made


def test_an_image_at_each_strength_is_the_one_that_a_fresh_model_gives(source, base, tmp_path):
    images = tried(source, tmp_path / "tries", 1.0, 0.0, 0.5, 1.0)
    shown = [pixels(path) for path in images]
    prompt = "a frog --s 1 --w 64 --h 64 --d 5"
    fresh = [
        pixels(draw(base, [f"{source.lora}:{strength}"], [prompt], tmp_path / "fresh")[0])
        for strength in (1.0, 0.0, 0.5)
    ]
    assert shown == [*fresh, fresh[0]] and len(set(fresh)) == 3


def test_the_model_is_read_once_for_several_tries(source, tmp_path, monkeypatch):
    reads, whole = [], try_it.Painter
    monkeypatch.setattr(try_it, "Painter", lambda *given: reads.append(1) or whole(*given))
    tried(source, tmp_path / "one", 1.0)
    tried(source, tmp_path / "two", 0.5)
    assert len(reads) == 1 and is_loaded(KEPT)


def test_an_image_tells_its_settings_as_other_programs_write_them(source, tmp_path):
    settings = TrySettings(prompt="frog\non grass", negative="蛙", steps=1, scale=3, resolution=(64, 64))
    (path,) = tried(source, tmp_path / "tries", 0.5, settings=settings)
    with Image.open(path) as image:
        text = image.info["parameters"]
    assert text == (
        "frog on grass\nNegative prompt: 蛙\n"
        "Steps: 1, Sampler: DDIM, CFG scale: 3, Seed: 5, Size: 64x64, Model: tiny, LoRA: x:0.5"
    )


def test_a_stop_ends_it_between_two_steps(source, tmp_path):
    work = Work()
    work.control.stop(save=False)
    with pytest.raises(StopRun):
        tried(source, tmp_path / "tries", 1.0, work=work)
    assert not list((tmp_path / "tries").iterdir())


def test_what_is_no_lora_is_refused_before_a_model_is_read(source, base, tmp_path, monkeypatch):
    monkeypatch.setattr(try_it, "Painter", None)
    with pytest.raises(UserError) as refused:
        tried(Source(source.model, source.train, (64, 64), base), tmp_path / "tries", 1.0)
    assert refused.value.problems[0].is_error


def test_memory_is_given_back_after_a_while_without_use():
    kept = Kept(idle=0.05)
    with kept.using("a", object, RunControl()):
        assert is_loaded(kept)
    until = time.monotonic() + 5
    while is_loaded(kept) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_loaded(kept)


def test_who_needs_the_memory_stops_what_the_model_is_used_for():
    kept, control, is_in = Kept(), RunControl(), threading.Event()

    def use():
        with kept.using("a", object, control):
            is_in.set()
            while not control.is_stopping:
                time.sleep(0.01)

    worker = threading.Thread(target=use)
    worker.start()
    assert is_in.wait(5)
    kept.free()
    worker.join(5)
    assert not is_loaded(kept)


def test_who_needs_the_memory_between_two_images_stops_the_rest(source, tmp_path):
    made, folder = [], tmp_path / "tries"
    folder.mkdir()

    def first(path, *_):
        made.append(path)
        KEPT.free()

    shots = [Shot(source, strength) for strength in (0.5, 1.0)]
    with pytest.raises(StopRun):
        try_it.generate(shots, SETTINGS, 5, Work(), lambda: folder / f"{len(made)}.png", first)
    assert len(made) == 1 and not is_loaded(KEPT)


def test_a_training_that_starts_takes_the_memory(tmp_path):
    text = 'format = 1\n[model]\nbase = "b"\n[dataset]\ntrain_data_dir = "t"\n'
    were_loaded = []
    with KEPT.using("a", object, RunControl()):
        pass
    runner = Runner(lambda *given: were_loaded.append(is_loaded(KEPT)))
    assert is_loaded(KEPT) and runner.start(f'{text}[save]\noutput_dir = "{tmp_path}"\n').wait(10)
    assert were_loaded == [False]


def test_a_lora_that_was_written_anew_is_read_anew(source, tmp_path):
    before = tried(source, tmp_path / "one", 1.0)
    tensors.save(source.lora, kohya(alpha=1.0), {})
    after = tried(source, tmp_path / "two", 1.0)
    assert pixels(after[0]) != pixels(before[0]) and is_loaded(KEPT)
