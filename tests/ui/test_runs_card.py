"""The card of past runs: what it lists, what it compares, and what its buttons do."""

import json
import struct

import pytest
from PIL import Image

from core.events import RunEnded, Saved
from core.runs import past_runs
from tests.test_runs import DONE, PLAN, make_run, make_state, step
from tests.ui.fake import demo_raw
from ui.tools.run_list import name_of, run_model

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


def names(card, raw, *wanted):
    found = {run.name: name_of(run) for run in card.found(raw)}
    return [found[name] for name in wanted]


def ticked(app, *wanted):
    raw = demo_raw(app)
    return app.past.tick(raw, (), {"chosen": names(app.past, raw, *wanted)}, "en")


def text_of(updates, card, part):
    return updates[card.parts[part]]


def test_the_list_names_every_run_newest_first_in_both_languages(app, past):
    html = text_of(past.look(demo_raw(app), (), "last", "en"), past, "list")
    assert html.index("toad") < html.index("newt") < html.index("frog")
    assert "Interrupted" in html and "20 / 20" in html and "0.0500" in html
    assert "中断" in text_of(past.look(demo_raw(app), (), "last", "ja"), past, "list")


def test_two_runs_are_shown_with_curves_images_and_what_differs(app, past):
    updates = ticked(app, "frog", "newt")
    assert text_of(updates, past, "curves").count("<polyline") == 4  # smoothed and raw of each
    assert text_of(updates, past, "images").count("<figure") == 2
    settings = text_of(updates, past, "settings")
    assert "Settings that differ: 1" in settings and ">8<" in settings and ">32<" in settings


def test_images_of_another_common_step_can_be_chosen(app, past):
    raw = demo_raw(app)
    chosen = names(past, raw, "frog", "newt")
    updates = past.act(raw, chosen, {"act": "step", "step": "0"}, "en")
    assert text_of(updates, past, "images").count("<figcaption>frog · before training<") == 1
    assert updates[past.parts["step"]] == "0"


def test_a_run_keeps_its_place_when_another_is_ticked_after_it(app, past):
    raw = demo_raw(app)
    toad, frog = names(past, raw, "toad", "frog")
    updates = past.tick(raw, (frog,), {"chosen": [toad, frog]}, "en")
    assert updates[past.parts["chosen"]] == (frog, toad)


def test_settings_of_a_run_go_into_the_form_without_resuming(app, window, past):
    raw = demo_raw(app)
    (newt,) = names(past, raw, "newt")
    updates = past.load(raw, {"on": newt}, "en")
    form = app.form.components
    assert updates[form["network.rank"]]["value"] == "32"
    assert updates[form["save.output_name"]]["value"] == "newt"
    assert updates[form["save.resume"]]["value"] == ""
    assert window.draft.values["network.rank"] == "32"


def test_an_interrupted_run_is_resumed_from_its_newest_state(app, window, past):
    raw = demo_raw(app)
    (toad,) = names(past, raw, "toad")
    assert "Resume from step 7" in text_of(ticked(app, "toad"), past, "heads")
    past.act(raw, (), {"act": "resume", "on": toad}, "en")
    config = window.runner.current.config
    assert config.save.resume == str(window.output / "toad-step-00000007-state")
    assert (config.network.rank, config.train.seed) == (4, 7)


def test_a_finished_run_offers_no_resume(app, past):
    assert "Resume" not in text_of(ticked(app, "frog"), past, "heads")


def test_removing_a_run_is_asked_first_then_done_and_undone(app, window, past):
    raw = demo_raw(app)
    (frog,) = names(past, raw, "frog")
    asked = past.act(raw, (frog,), {"act": "trash", "on": frog}, "en")
    assert "Models and states stay" in text_of(asked, past, "heads")
    assert len(past_runs.past_runs(window.output)) == 3
    past.act(raw, (frog,), {"act": "trash-yes", "on": frog}, "en")
    (gone,) = past_runs.trashed(window.output)
    assert len(past_runs.past_runs(window.output)) == 2 and gone.name == "frog"
    past.act(raw, (), {"act": "back", "on": name_of(gone)}, "en")
    assert len(past_runs.past_runs(window.output)) == 3


def test_a_look_anew_leaves_the_question_whether_to_remove_a_run(app, past):
    raw = demo_raw(app)
    (frog,) = names(past, raw, "frog")
    asked = past.act(raw, (frog,), {"act": "trash", "on": frog}, "en")
    data = {component: raw[key] for key, component in app.form.components.items()}
    again = past.looked(data | {part: asked[part] for part in past.kept}, "en")
    assert "Models and states stay" in text_of(again, past, "heads")
    refused = past.act(raw, (frog,), {"act": "trash-no", "on": frog}, "en")
    again = past.looked(data | {part: refused[part] for part in past.kept}, "en")
    assert "Models and states stay" not in text_of(again, past, "heads")


def test_the_run_under_way_is_not_removed(app, window, past):
    raw = demo_raw(app)
    window.runner.current = type(
        "Run", (), {"is_over": False, "folder": window.output / "runs" / "20261122-120003-toad"}
    )()
    (toad,) = names(past, raw, "toad")
    updates = past.act(raw, (), {"act": "trash-yes", "on": toad}, "en")
    assert "under way" in text_of(updates, past, "said")
    assert past_runs.trashed(window.output) == ()


@pytest.mark.parametrize(
    "event", [None, "x", {"act": "nothing"}, {"act": "load", "on": "../.."}, {"chosen": [1, None]}]
)
def test_whatever_a_page_sends_does_no_harm(app, past, event):
    raw = demo_raw(app)
    past.act(raw, ("gone",), event, "en")
    past.tick(raw, ("gone",), event, "en")
    assert "no longer there" in text_of(past.load(raw, event, "en"), past, "said")


def test_at_most_six_runs_are_compared(app, window, past):
    for n in range(5):
        make_run(
            window.output,
            f"20261121-12000{n}-more{n}",
            [PLAN, DONE],
            RUN_FILE.format(name=f"more{n}", rank=4),
        )
    updates = ticked(app, "frog", "newt", "toad", *(f"more{n}" for n in range(5)))
    assert len(updates[past.parts["chosen"]]) == 6
    assert "6 runs are compared at most" in text_of(updates, past, "said")


def test_a_folder_with_no_runs_says_so(app):
    assert "No runs in" in text_of(app.past.look(demo_raw(app), (), "last", "en"), app.past, "list")


def test_a_refused_run_shows_why(app, window):
    ended = RunEnded("refused", 2, 0, "No images <b>here</b>.", "画像がありません。")
    make_run(window.output, "20261122-120009-newt", [ended], RUN_FILE.format(name="newt", rank=4))
    heads = text_of(ticked(app, "newt"), app.past, "heads")
    assert "No images &lt;b&gt;here&lt;/b&gt;." in heads


def test_runs_of_the_form_s_own_output_folder_are_listed_too(app, window, past, tmp_path):
    make_run(
        tmp_path / "elsewhere", "20261123-120009-newt", [PLAN, DONE], RUN_FILE.format(name="own", rank=4)
    )
    raw = {**demo_raw(app), "save.output_dir": str(tmp_path / "elsewhere")}
    assert [run.name for run in past.found(raw)] == ["own", "toad", "newt", "frog"]


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
    found = {run.folder.name: run_model(run) for run in past_runs.past_runs(window.output)}
    assert found == {
        "20261122-120001-frog": window.output / "frog.old-1.safetensors",
        "20261122-120002-frog": window.output / "frog.safetensors",
    }
