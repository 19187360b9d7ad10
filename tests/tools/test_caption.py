"""A folder is captioned as one change: stopped, gone on with, undone; nothing else of it is touched."""

import io

import pytest
import torch
from PIL import Image

from core.cli import main
from core.control import RunControl, StopRun
from core.data.caption_editor.files import CaptionFiles
from core.data.undo import History
from core.errors import Message, UserError
from core.formats import tensors
from core.tools import caption
from core.tools.caption_settings import CaptionSettings
from core.tools.kept_model import KEPT
from core.tools.tool import Work, checked
from tests.captioners.stand_in import StandIn, stand_in
from tests.data.images import codes, draw

COLOURS = {"a": (200, 0, 0), "b": (0, 200, 0), "c": (0, 0, 200), "d": (250, 250, 200)}
SAID = {
    "a": "red (colour), dark background, ^_^\n",
    "b": "green (colour), dark background, ^_^\n",
    "c": "blue (colour), dark background, ^_^\n",
    "d": "red (colour), light background, ^_^\n",
}


@pytest.fixture
def model(monkeypatch, tmp_path):
    return stand_in(monkeypatch, tmp_path / "models")


@pytest.fixture
def frogs(tmp_path):
    """Four plain images in a folder as for training; the first has a caption."""
    folder = tmp_path / "train" / "20_sls frog"
    folder.mkdir(parents=True)
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 20), colour).save(folder / f"{name}.png")
    (folder / "a.caption").write_text("sls frog, dark_background", "utf-8")
    return folder


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "journal.jsonl", CaptionFiles(lambda path: None))


@pytest.fixture
def go(model, frogs, history):
    """Caption the folder with these settings."""

    def call(*work, allow=lambda path: None, **options):
        values = {"source": str(frogs.parent), "model": str(model), "batch": 1, **options}
        return caption.caption_folder(checked(CaptionSettings, values), Work(*work), history, allow)

    return call


def texts(folder):
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.caption"))}


def test_images_without_a_caption_get_one_and_others_keep_theirs(go, frogs):
    report = go()
    assert texts(frogs) == {**SAID, "a": "sls frog, dark_background"}
    assert (report.captioned, report.existing, report.problems) == (3, 1, [])
    assert report.words().en == "3 images captioned; 1 had a caption already"


def test_what_is_there_is_appended_to_without_doubles_or_replaced(go, frogs, history):
    go(existing="append", first="sls frog")
    assert texts(frogs)["a"] == "sls frog, dark_background, red (colour), ^_^\n"
    history.undo()
    go(existing="replace", first="sls frog")
    assert texts(frogs)["a"] == "sls frog, red (colour), dark background, ^_^\n"


def test_the_settings_reach_the_tags(go, frogs):
    go(existing="replace", drop="Dark Background", replace="^_^,happy", escape=True, keep_underscores=True)
    assert texts(frogs)["a"] == "red_\\(colour\\), happy\n"


class Parrot:
    """A captioner that says what it is asked."""

    def __init__(self, folder, device):
        pass

    def caption(self, image, asking, check):
        return asking.prompt

    def close(self):
        pass


def test_a_captioner_is_told_the_caption_that_is_there_where_its_prompt_says_so(
    go, frogs, tmp_path, monkeypatch
):
    place = tmp_path / "captioner"
    place.mkdir()
    (place / "config.json").write_text('{"model_type": "llava"}', "utf-8")
    tensors.save(place / "model.safetensors", {"a": tensors.of(torch.zeros(2), None)}, {})
    monkeypatch.setattr("core.captioners.language.Captioner", Parrot)
    go(model=str(place), existing="replace", prompt="Say it in a sentence: {caption}.")
    assert texts(frogs)["a"] == "Say it in a sentence: sls frog, dark_background.\n"
    assert texts(frogs)["b"] == "Say it in a sentence: .\n"


def test_one_undo_takes_all_of_it_back(go, frogs, history):
    before = {path.name: path.read_bytes() for path in frogs.iterdir()}
    go(existing="replace")
    assert [(change.kind, change.about) for change in history.changes()] == [
        ("caption", "wd-swinv2-tagger-v3")
    ]
    outcome = history.undo()
    assert len(outcome.done) == 4 and outcome.problems == ()
    assert {path.name: path.read_bytes() for path in frogs.iterdir()} == before


def stopping_at(count):
    """A progress that asks for the stop once so many images are done, and the control that is asked.

    The image that is at hand then is finished.
    """
    control = RunControl()

    def progress(stage, done, total):
        if stage == "caption" and done == count:
            control.stop()

    return progress, control


@pytest.mark.parametrize("existing", ["skip", "append", "replace"])
def test_stopped_it_keeps_what_is_done_goes_on_from_there_and_is_still_one_change(
    go, frogs, history, existing
):
    before = {path.name: path.read_bytes() for path in frogs.iterdir()}
    with pytest.raises(StopRun):
        go(*stopping_at(1), existing=existing)
    half = texts(frogs)
    assert half["b"] == SAID["b"] and "d" not in half and StandIn.open == 0
    StandIn.sizes.clear()
    report = go(existing=existing)
    assert sum(StandIn.sizes) == 4 - report.existing - report.done and report.captioned < 4
    assert texts(frogs)["d"] == SAID["d"] and len(history.changes()) == 1
    assert go(existing=existing).captioned == 0  # nothing is left to do
    history.undo()
    assert {path.name: path.read_bytes() for path in frogs.iterdir()} == before


def test_other_settings_or_a_change_between_make_a_change_of_their_own(go, frogs, history):
    with pytest.raises(StopRun):
        go(*stopping_at(0), existing="replace")
    go(existing="replace", escape=True)
    assert len(history.changes()) == 2
    history.undo()
    assert texts(frogs) == {"a": SAID["a"]}  # as the first one left it


def test_a_change_that_was_undone_meanwhile_is_not_made_longer(go, frogs, history):
    def progress(stage, done, total):
        if stage == "caption" and done == 2:
            history.undo()

    go(progress, existing="replace")
    assert set(texts(frogs)) == {"a", "c", "d"} and texts(frogs)["a"] == "sls frog, dark_background"
    history.undo()
    assert texts(frogs) == {"a": "sls frog, dark_background"}


def test_a_caption_that_somebody_changed_meanwhile_is_left_alone(go, frogs):
    def progress(stage, done, total):
        if stage == "caption" and done == 1:
            (frogs / "d.caption").write_text("mine", "utf-8")

    report = go(progress, existing="replace")
    assert texts(frogs)["d"] == "mine" and codes(report.problems) == ["W-CAP-CHANGED"]


def test_images_that_cant_be_read_or_of_which_nothing_is_said_are_named(go, frogs, monkeypatch):
    (frogs / "b.png").write_bytes(b"<html>")
    say = StandIn.says
    monkeypatch.setattr(
        StandIn, "says", staticmethod(lambda i: [] if i.getpixel((0, 0))[2] == 200 else say(i))
    )
    report = go(batch=8)
    assert sorted(codes(report.problems)) == ["E-IMG-NOTIMAGE", "W-CAPTION-EMPTY", "W-CAPTION-EMPTY"]
    assert texts(frogs) == {"a": "sls frog, dark_background"} and report.captioned == 0


def test_images_are_seen_upright_and_transparent_parts_on_white(go, frogs, monkeypatch):
    for path in frogs.iterdir():
        path.unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(frogs / "a.jpg", (64, 32), exif=exif)
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(frogs / "b.png")
    seen = []
    monkeypatch.setattr(
        StandIn, "says", staticmethod(lambda i: seen.append((i.size, i.getpixel((0, 0)))) or [])
    )
    go(batch=2)
    assert seen[0][0] == (32, 64) and seen[1][1] == (255, 255, 255)


def test_the_model_is_alone_in_memory_and_goes_at_the_end_or_when_the_memory_is_needed(go):
    held = []

    def progress(stage, done, total):
        held.append(KEPT._model)

    with KEPT.using("other", lambda: "a model to try", RunControl()):
        pass
    go(progress)
    assert "a model to try" in held and isinstance(held[-1], StandIn)  # until it is loaded, and from then on
    assert StandIn.open == 0 and KEPT._model is None
    control = RunControl()
    with pytest.raises(StopRun):
        go(lambda stage, done, total: [job.stop() for job in KEPT._jobs], control, existing="replace")


def refused(call):
    with pytest.raises(UserError) as caught:
        call()
    return codes(caught.value.problems)


def test_a_model_that_does_not_fit_into_memory_is_refused_before_it_is_loaded(go, frogs, monkeypatch):
    monkeypatch.setattr("core.tools.caption.machine.free_ram", lambda: 1000)
    assert refused(go) == ["E-CAPTION-MEMORY"] and StandIn.open == 0 and len(texts(frogs)) == 1


def test_a_folder_that_may_not_be_written_to_is_refused(go, frogs):
    def allow(path):
        raise UserError(Message("E-MINE", "no", "不可")())

    assert refused(lambda: go(allow=allow)) == ["E-MINE"] and len(texts(frogs)) == 1


@pytest.fixture
def out(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    return out


def test_in_the_console_it_is_a_command_and_its_change_is_in_the_workspace(out, model, frogs, tmp_path):
    words = [str(frogs.parent), "--model", str(model), "--first", "sls frog", "--general", "0.4"]
    assert main(["caption", "--lang", "en", *words, "--workspace", str(tmp_path / "w")]) == 0
    assert out.getvalue().splitlines()[-1] == "3 images captioned; 1 had a caption already"
    assert texts(frogs)["b"] == f"sls frog, {SAID['b']}"
    journal = History(tmp_path / "w" / "captions" / "journal.jsonl", CaptionFiles(lambda path: None))
    assert len(journal.undo().done) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "arguments are missing: source"),
        (("nowhere",), "there is no folder nowhere"),
        (("{empty}",), "no images"),
        (("{train}", "--model", "no such thing"), "no folder here and no name"),
        (("{train}", "--model", "{empty}"), "neither a tagger"),
        (("{train}", "--thresholds", "artist"), "must be pairs such as artist=0.5"),
        (("{train}", "--replace", "a;b"), "must be pairs such as blue eyes"),
        (("{train}", "--general", "2"), "general: "),
        (("{train}", "--existing", "keep"), "--existing can't be keep"),
        (("{train}", "--caption_extension", ".png"), "not a caption file extension"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_no_file(
    out, model, frogs, tmp_path, monkeypatch, words, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    places = {"{empty}": str(tmp_path / "empty"), "{train}": str(frogs.parent)}
    given = [places.get(word, word) for word in words]
    if given and "--model" not in given:
        given += ["--model", str(model)]
    assert main(["tools", "--lang", "en", "caption", *given]) == 2
    assert said in out.getvalue()
    assert sorted(tmp_path.rglob("*")) == before


def test_without_onnxruntime_it_is_said_what_to_install(out, frogs, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert main(["caption", "--lang", "en", str(frogs.parent)]) == 2
    assert '-m pip install "onnxruntime>=1.17,<2"' in out.getvalue()
