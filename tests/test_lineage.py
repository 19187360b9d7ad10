"""What came before a resumed run, read back from the run folders: curves and samples of the whole lineage."""

from __future__ import annotations

import pytest

from core.events import Saved, StepDone, to_json
from core.runs import lineage


def a_run(output, stamp, steps, state=None, resume="", name="frog"):
    """A run folder that has told of these steps, a sample at each, and of one state."""
    folder = output / "runs" / f"{stamp}-{name}"
    folder.mkdir(parents=True)
    text = f'[save]\noutput_name = "{name}"\n' + (f'resume = "{resume}"\n' if resume else "")
    (folder / "run.toml").write_text(text, encoding="utf-8")
    events = []
    for step in steps:
        events += [
            StepDone(step, 90, 1, step / 100, {"unet": 1e-4}, 1.0, 0.5),
            Saved("sample", f"/gone/{step}.png", step, {"prompt": "a", "number": 0, "seed": 1}),
        ]
    if state is not None:
        events.append(Saved("state", str(state_of(output, state, name)), state))
    (folder / "events.jsonl").write_text("".join(to_json(e) + "\n" for e in events), encoding="utf-8")
    return folder


def state_of(output, step, name="frog"):
    return output / f"{name}-step-{step:08d}-state"


def told(events):
    return [event.step for event in events if isinstance(event, StepDone)]


def test_a_lineage_is_followed_over_several_runs_each_up_to_where_it_was_resumed(tmp_path):
    a_run(tmp_path, "20260101-000001", [10, 20, 30], state=20)
    a_run(tmp_path, "20260101-000002", [30, 40, 50], state=40, resume=state_of(tmp_path, 20))
    a_run(tmp_path, "20260101-000003", [10, 20], state=20, name="newt")
    last = a_run(tmp_path, "20260101-000004", [50], resume=state_of(tmp_path, 40))
    found = lineage.before(last)
    assert told(found) == [10, 20, 30, 40]
    samples = [event for event in found if isinstance(event, Saved) and event.kind == "sample"]
    assert [event.step for event in samples] == [10, 20, 30, 40]
    assert "000001-frog" in samples[0].path and "000002-frog" in samples[-1].path


def test_a_state_that_was_saved_again_is_of_the_newest_run_before(tmp_path):
    a_run(tmp_path, "20260101-000001", [10], state=20)
    a_run(tmp_path, "20260101-000002", [15], state=20)
    last = a_run(tmp_path, "20260101-000003", [], resume=state_of(tmp_path, 20))
    a_run(tmp_path, "20260101-000004", [17], state=20)
    assert told(lineage.before(last)) == [15]


def test_a_run_resumed_by_auto_goes_on_from_the_newest_of_its_name(tmp_path):
    a_run(tmp_path, "20260101-000001", [10, 20], state=10)
    a_run(tmp_path, "20260101-000002", [5], state=5, name="newt")
    last = a_run(tmp_path, "20260101-000003", [], resume="auto")
    assert told(lineage.before(last)) == [10]


@pytest.mark.parametrize("resume", ["", "/elsewhere/frog-step-00000099-state"])
def test_a_run_that_goes_on_from_none_that_is_there_has_nothing_before_it(tmp_path, resume):
    a_run(tmp_path, "20260101-000001", [10], state=10)
    assert lineage.before(a_run(tmp_path, "20260101-000002", [], resume=resume)) == ()


def test_a_run_that_resumes_itself_over_and_over_comes_to_an_end(tmp_path):
    folder = a_run(tmp_path, "20260101-000001", [10], state=10, resume=state_of(tmp_path, 10))
    last = a_run(tmp_path, "20260101-000002", [], resume=state_of(tmp_path, 10))
    assert told(lineage.before(last)) == [10] and told(lineage.before(folder)) == []
