"""The saved models of a run on the page: what is told of them, and what can be done with each."""

import json
import struct
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image

from core.events import RunEnded, Saved
from core.runs import checkpoints, judgement, past_runs
from tests.test_runs import DONE, PLAN, make_run, step
from tests.ui.test_runs_card import RUN_FILE, write
from ui.tools.run_list import name_of
from ui.tools.runs import View

LOSSES = {10: 0.5, 15: 0.25, 20: 0.75}


def model(file):
    """A safetensors file without tensors."""
    header = json.dumps({"__metadata__": {}}).encode()
    file.write_bytes(struct.pack("<Q", len(header)) + header)
    return str(file)


@pytest.fixture
def run(app, window):
    """A run of 20 steps that saved three models and has samples of one of these steps."""
    folder = make_run(window.output, "20261122-120001-frog", None, RUN_FILE.format(name="frog", rank=8))
    (folder / "samples").mkdir()
    image = folder / "samples" / "step-00000015_00_1.png"
    Image.new("RGB", (64, 64)).save(image)
    events = [PLAN, *(replace(step(n, 1 / n), validation_loss=LOSSES.get(n)) for n in range(1, 21))]
    for n, name in ((10, "frog-step00000010"), (15, "frog-step00000015"), (20, "frog")):
        kind = "last" if n == 20 else "step"
        path = model(window.output / f"{name}.safetensors")
        events.append(Saved("model", path, n, {"kind": kind, "epoch": 1}))
    events.append(Saved("sample", str(image), 15, {"number": 0, "prompt": "sls frog", "seed": 1}))
    write(folder, [*events, DONE])
    return past_runs.past_runs(window.output)[0]


def opened(app, run, lang="en"):
    return app.past.look(View(opened=name_of(run)), lang)[app.past.parts["list"]]


def act(app, run, name, on):
    updates = app.past.act(View(opened=name_of(run)), {"act": name, "on": on}, "en")
    return updates[app.past.parts["said"]], updates[app.past.parts["list"]]


def files(window):
    return sorted(path.name for path in window.output.glob("*.safetensors"))


@pytest.mark.parametrize(("lang", "words"), [("en", "seed 1"), ("ja", "シード1"), ("zh", "种子1")])
def test_the_seed_of_a_sample_is_told_in_the_language_of_the_page(app, run, lang, words):
    assert f"sls frog · {words}" in opened(app, run, lang)


def test_each_saved_model_stands_with_its_step_its_loss_and_its_samples(app, run):
    html = opened(app, run)
    assert html.index("step 20") < html.index("step 15") < html.index("step 10")
    assert "validation loss 0.2500" in html and html.count("rw-best") == 1
    assert html.index("rw-best") < html.index("validation loss 0.2500") < html.index("<figure")
    assert html.count("no samples at this step") == 2 and html.count("<figure") == 1
    assert "検証lossが最小" in opened(app, run, "ja")


def test_a_model_kept_as_the_best_is_marked_and_not_the_other_of_its_step(app, window, run):
    path = model(window.output / "frog-best.safetensors")
    saves = (*run.saves, Saved("model", path, 15, {"kind": "best", "epoch": 1, "validation_loss": 0.25}))
    found = checkpoints.of_run(replace(run, saves=saves), LOSSES)
    assert [one.path.name for one in found if one.is_best] == ["frog-best.safetensors"]


def test_what_a_judge_said_of_a_model_stands_beside_it(app, run):
    shares = {"likeness": 0.7, "drift": 0.1, "score": 0.9}
    said = [
        judgement.Judged("frog-step00000010.safetensors", 10, learned=0.25, kept=None, **shares),
        judgement.Judged("frog.safetensors", 20, learned=0.9, kept=0.875, is_best=True, **shares),
        judgement.Judged("frog-step00000015.safetensors", 7, learned=0.9, kept=0.5, **shares),  # written anew
    ]
    judgement.write(run.folder, said, {"judge": "x"})
    html = opened(app, run)
    assert html.count("best by the judge") == 1
    assert html.index("best by the judge") < html.index("subject learned 90%, class kept 88%")
    assert html.index("subject learned 90%") < html.index("subject learned 25%, class kept –")
    assert html.count("subject learned") == 2 and "評価が最高" in opened(app, run, "ja")


def test_a_model_is_deleted_when_that_was_confirmed_and_taken_back(app, window, run):
    on = f"{name_of(run)}/frog-step00000010.safetensors"
    _, asked = act(app, run, "delete", on)
    assert "to the trash" in asked and len(files(window)) == 3
    said, html = act(app, run, "delete-yes", on)
    assert "Moved to trash: frog-step00000010" in said and "Models in the trash" in html
    assert files(window) == ["frog-step00000015.safetensors", "frog.safetensors"]
    assert past_runs.trashed(window.output) == ()
    act(app, run, "undelete", on)
    assert len(files(window)) == 3 and checkpoints.deleted(run) == ()


def test_a_model_is_not_taken_back_over_another(app, window, run):
    on = f"{name_of(run)}/frog.safetensors"
    act(app, run, "delete-yes", on)
    (window.output / "frog.safetensors").write_text("another")
    said, _ = act(app, run, "undelete", on)
    assert "is-bad" in said and (window.output / "frog.safetensors").read_text() == "another"


def test_nothing_is_deleted_while_a_run_of_that_name_goes_on(app, window, run):
    config = SimpleNamespace(save=SimpleNamespace(output_dir=str(window.output), output_name="frog"))
    folder = window.output / "runs" / "20261122-130000-frog"
    window.runner.current = SimpleNamespace(is_over=False, folder=folder, config=config)
    said, _ = act(app, run, "delete-yes", f"{name_of(run)}/frog.safetensors")
    assert "in progress" in said and len(files(window)) == 3


@pytest.mark.parametrize("file", ["../frog.safetensors", "/etc/passwd", "", "runs", "x" * 5000])
def test_only_saved_models_of_the_run_can_be_named(app, window, run, file):
    for name in ("delete-yes", "undelete"):
        said, _ = act(app, run, name, f"{name_of(run)}/{file}")
        assert "no longer there" in said
    assert len(files(window)) == 3


@pytest.mark.parametrize(("method", "key"), [("lora", "network.weights"), ("none", "model.base")])
def test_training_goes_on_from_a_model_under_a_name_of_its_own(app, window, run, method, key):
    file = run.folder / "run.toml"
    file.write_text(file.read_text().replace('method = "lora"', f'method = "{method}"'))
    on = f"{name_of(run)}/frog-step00000015.safetensors"
    updates = app.past.load({"act": "continue", "on": on}, "en")
    form = app.form.components
    assert updates[form[key]]["value"].endswith("frog-step00000015.safetensors")
    assert updates[form["save.output_name"]]["value"] == "frog-2"
    assert updates[form["save.resume"]]["value"] == ""
    assert "starts at step 1" in updates[app.past.parts["said"]]


def test_a_run_has_a_name_of_its_own_until_that_is_taken_away(app, window, run):
    name = name_of(run)
    event = {"act": "rename", "on": name, "fields": {"title": " My  <best>\nfrog\u202e "}}
    html = app.past.act(View(), event, "en")[app.past.parts["list"]]
    assert "<b>My &lt;best&gt; frog</b>" in html and past_runs.past_runs(window.output)[0].name == "frog"
    app.past.act(View(), {"act": "rename", "on": name, "fields": {"title": 7}}, "en")
    assert past_runs.past_runs(window.output)[0].shown_name == "frog"


def test_runs_that_did_not_start_are_folded_away(app, window, run):
    ended = RunEnded("refused", 2, 0, "No images.", "画像がありません。")
    make_run(window.output, "20261122-120009-newt", [ended], RUN_FILE.format(name="newt", rank=4))
    html = opened(app, run)
    assert html.index("frog") < html.index("<details") < html.index("Not started (1)") < html.index("newt")
    assert "1 run<" in html
