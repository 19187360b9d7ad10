"""The card of past runs: what it lists, what it compares, and what its buttons do."""

import json
import struct
from types import SimpleNamespace

import pytest
from PIL import Image

from core.events import RunEnded, Saved
from core.runs import checkpoints, past_runs
from tests.test_runs import DONE, PLAN, make_run, make_state, step
from ui.tools.run_list import name_of
from ui.tools.runs import View

RUN_FILE = """\
format = 1
[model]
base = "demo/base.safetensors"
[dataset]
train_data_dir = "demo/train"
resolution = [128, 128]
[network]
method = "lora"
rank = {rank}
[train]
max_train_steps = 20
seed = 7
[save]
output_name = "{name}"
"""


@pytest.fixture
def past(app, window):
    """Two finished runs in the workspace's output folder, with images, and one that was interrupted."""
    for n, (name, rank) in enumerate((("frog", 8), ("newt", 32)), 1):
        folder = make_run(
            window.output, f"20261122-12000{n}-{name}", None, RUN_FILE.format(name=name, rank=rank)
        )
        (folder / "samples").mkdir()
        events = [PLAN, *(step(i, 1 / i) for i in range(1, 21))]
        for at in (0, 20):
            file = folder / "samples" / f"step-{at:08d}_00_1.png"
            Image.new("RGB", (64, 64), (80 * n, 100, at)).save(file)
            events.append(Saved("sample", str(file), at, {"number": 0, "prompt": "sls frog", "seed": 1}))
        write(folder, [*events, DONE])
    state = make_state(window.output / "toad-step-00000007-state", 7, "20261122-120003-toad")
    folder = make_run(
        window.output,
        "20261122-120003-toad",
        [PLAN, step(7), Saved("state", str(state), 7)],
        RUN_FILE.format(name="toad", rank=4),
    )
    return app.past


def write(folder, events):
    from core.events import to_json

    (folder / "events.jsonl").write_text("".join(to_json(e) + "\n" for e in events), encoding="utf-8")


def names(card, *wanted):
    there = {run.name: name_of(run) for run in card.runs()}
    return tuple(there[name] for name in wanted)


def ticked(app, *wanted):
    return app.past.tick(View(), {"chosen": names(app.past, *wanted)}, "en")


def text_of(updates, card, part):
    return updates[card.parts[part]]


def test_the_list_names_every_run_newest_first_in_both_languages(app, past):
    html = text_of(past.look(View(), "en"), past, "list")
    assert html.index("toad") < html.index("newt") < html.index("frog")
    assert "Interrupted" in html and "20 / 20" in html and "0.0500" in html
    assert "中断" in text_of(past.look(View(), "ja"), past, "list")


def test_two_runs_are_shown_with_curves_images_and_what_differs(app, past):
    updates = ticked(app, "frog", "newt")
    assert text_of(updates, past, "curves").count("<polyline") == 4  # smoothed and raw of each
    assert text_of(updates, past, "images").count("<figure") == 2
    settings = text_of(updates, past, "settings")
    assert "Settings that differ: 1" in settings and ">8<" in settings and ">32<" in settings


def test_images_of_another_common_step_can_be_chosen(app, past):
    chosen = names(past, "frog", "newt")
    assert "<small>シード1</small>" in text_of(past.look(View(chosen), "ja"), past, "images")
    updates = past.act(View(chosen), {"act": "step", "step": "0"}, "en")
    assert text_of(updates, past, "images").count("<figcaption>frog · before training<") == 1
    assert updates[past.view].step == "0"


def test_a_run_keeps_its_place_when_another_is_ticked_after_it(app, past):
    toad, frog = names(past, "toad", "frog")
    updates = past.tick(View((frog,)), {"chosen": [toad, frog]}, "en")
    assert updates[past.view].chosen == (frog, toad)


def test_the_list_says_which_tick_of_the_page_it_knows(app, past):
    (frog,) = names(past, "frog")
    view = past.tick(View(), {"chosen": [frog], "at": 3}, "en")[past.view]
    assert 'data-ticked="3"' in text_of(past.act(view, {"act": "open", "on": frog}, "en"), past, "list")
    assert past.tick(view, {"chosen": [frog], "at": "x"}, "en")[past.view].ticked == 3


def test_settings_of_a_run_go_into_the_form_without_resuming(app, window, past):
    (newt,) = names(past, "newt")
    updates = past.load({"on": newt}, "en")
    form = app.form.components
    assert updates[form["network.rank"]]["value"] == "32"
    assert updates[form["save.output_name"]]["value"] == "newt"
    assert updates[form["save.resume"]]["value"] == ""
    assert window.draft.values["network.rank"] == "32"


def test_an_interrupted_run_is_resumed_from_its_newest_state(app, window, past):
    (toad,) = names(past, "toad")
    assert text_of(past.look(View(), "en"), past, "list").count("Resume from step 7") == 1
    past.act(View(), {"act": "resume", "on": toad}, "en")
    config = window.runner.current.config
    assert config.save.resume == str(window.output / "toad-step-00000007-state")
    assert (config.network.rank, config.train.seed) == (4, 7)


def test_an_interrupted_run_is_run_again_from_its_beginning(app, window, past):
    toad = name_of(next(run for run in past.runs() if run.name == "toad"))
    updates = past.act(View(), {"act": "again", "on": toad}, "en")
    assert "Started again as toad-2" in updates[past.parts["said"]]
    config = window.runner.current.config
    assert (config.save.output_name, config.save.resume, config.network.rank) == ("toad-2", None, 4)
    queued = past.act(View(), {"act": "again", "on": toad}, "en")[past.parts["said"]]
    assert "Added to the queue: toad" in queued and len(window.queue.look().waiting) == 1


def test_removing_a_run_is_asked_first_then_done_and_undone(app, window, past):
    (frog,) = names(past, "frog")
    asked = past.act(View((frog,)), {"act": "trash", "on": frog}, "en")
    assert "Models and states stay" in text_of(asked, past, "list")
    assert len(past_runs.past_runs(window.output)) == 3
    past.act(View((frog,)), {"act": "trash-yes", "on": frog}, "en")
    (gone,) = past_runs.trashed(window.output)
    assert len(past_runs.past_runs(window.output)) == 2 and gone.name == "frog"
    past.act(View(), {"act": "back", "on": name_of(gone)}, "en")
    assert len(past_runs.past_runs(window.output)) == 3


def test_a_look_anew_leaves_the_question_whether_to_remove_a_run(app, past):
    (frog,) = names(past, "frog")
    asked = past.act(View((frog,)), {"act": "trash", "on": frog}, "en")
    again = past.look(asked[past.view], "en")
    assert "Models and states stay" in text_of(again, past, "list")
    refused = past.act(View((frog,)), {"act": "no", "on": frog}, "en")
    again = past.look(refused[past.view], "en")
    assert "Models and states stay" not in text_of(again, past, "list")


def test_the_run_under_way_is_not_removed(app, window, past):
    config = SimpleNamespace(save=SimpleNamespace(output_dir=str(window.output)))
    folder = window.output / "runs" / "20261122-120003-toad"
    window.runner.current = SimpleNamespace(is_over=False, folder=folder, config=config)
    (toad,) = names(past, "toad")
    updates = past.act(View(), {"act": "trash-yes", "on": toad}, "en")
    assert "in progress" in text_of(updates, past, "said")
    assert past_runs.trashed(window.output) == ()


def test_what_can_not_be_moved_or_resumed_is_said(app, past, monkeypatch):
    def full(run):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(past_runs, "to_trash", full)
    (frog,) = names(past, "frog")
    updates = past.act(View(), {"act": "trash-yes", "on": frog}, "en")
    assert "could not be moved" in text_of(updates, past, "said")
    updates = past.act(View(), {"act": "resume", "on": frog}, "en")
    assert "no saved state of this run" in text_of(updates, past, "said")
    updates = past.act(View(), {"act": "again", "on": frog}, "en")
    assert "nothing to run again" in text_of(updates, past, "said")


@pytest.mark.parametrize(
    "event", [None, "x", {"act": "nothing"}, {"act": "load", "on": "../.."}, {"chosen": [1, None]}]
)
def test_whatever_a_page_sends_does_no_harm(app, past, event):
    past.act(View(("gone",)), event, "en")
    past.tick(View(("gone",)), event, "en")
    assert "no longer there" in text_of(past.load(event, "en"), past, "said")


def test_at_most_six_runs_are_compared(app, window, past):
    for n in range(5):
        make_run(
            window.output,
            f"20261121-12000{n}-more{n}",
            [PLAN, DONE],
            RUN_FILE.format(name=f"more{n}", rank=4),
        )
    updates = ticked(app, "frog", "newt", "toad", *(f"more{n}" for n in range(5)))
    assert len(updates[past.view].chosen) == 6
    assert "At most 6 runs" in text_of(updates, past, "said")


def test_a_folder_with_no_runs_says_so(app):
    assert "No runs in" in text_of(app.past.look(View(), "en"), app.past, "list")


def test_a_refused_run_shows_why(app, window):
    ended = RunEnded("refused", 2, 0, "No images <b>here</b>.", "画像がありません。")
    make_run(window.output, "20261122-120009-newt", [ended], RUN_FILE.format(name="newt", rank=4))
    heads = text_of(ticked(app, "newt"), app.past, "heads")
    assert "No images &lt;b&gt;here&lt;/b&gt;." in heads


def test_runs_of_the_form_s_own_output_folder_are_listed_too(app, window, past, tmp_path):
    make_run(
        tmp_path / "elsewhere", "20261123-120009-newt", [PLAN, DONE], RUN_FILE.format(name="own", rank=4)
    )
    window.draft.keep({"save.output_dir": str(tmp_path / "elsewhere")})
    assert [run.name for run in past.runs()] == ["own", "toad", "newt", "frog"]


def test_a_model_that_a_later_run_of_the_name_has_set_aside_is_found_there(app, window):
    def model(file, lineage):
        header = json.dumps({"__metadata__": {"rareword_lineage": lineage}}).encode()
        file.write_bytes(struct.pack("<Q", len(header)) + header)

    text = RUN_FILE.format(name="frog", rank=4)
    told = Saved("model", str(window.output / "frog.safetensors"), 20)
    for n in (1, 2):
        make_run(window.output, f"20261122-12000{n}-frog", [PLAN, told, DONE], text)
    model(window.output / "frog.old-1.safetensors", "20261122-120001-frog")
    model(window.output / "frog.safetensors", "20261122-120002-frog")
    found = {run.folder.name: checkpoints.newest(run) for run in past_runs.past_runs(window.output)}
    assert found == {
        "20261122-120001-frog": window.output / "frog.old-1.safetensors",
        "20261122-120002-frog": window.output / "frog.safetensors",
    }


@pytest.mark.parametrize(
    "event", [None, 7, {}, {"chosen": None}, {"chosen": {"a": 1}}, {"chosen": [[1], None]}]
)
def test_boxes_that_no_page_of_ours_sends_tick_nothing(app, past, event):
    assert past.tick(View(), event, "en")[past.view].chosen == ()
