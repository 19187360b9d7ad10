"""Work that needs the memory of the GPU: which may begin beside which, whatever is pressed."""

from __future__ import annotations

import pytest

from core.errors import UserError
from core.tools.table import TOOLS
from tests.ui.fake import demo_raw
from ui.parts.job import Job
from ui.run import starting
from ui.window.gpu import TRAIN, TRY, Gpu

WORKS = (TRAIN, TRY, "lr-range", "regularize")


def gpu_at(work: str) -> Gpu:
    """While this work is under way."""
    jobs: dict[str, Job] = {name: Job(name) for name in (*TOOLS, TRY)}
    for name, job in jobs.items():
        job._thread = type("Thread", (), {"is_alive": lambda self, name=name: name == work})()
    return Gpu(lambda: work == TRAIN, {name: jobs[name] for name in TOOLS}, jobs[TRY])


@pytest.mark.parametrize("at_work", WORKS)
def test_each_is_refused_beside_each_other_but_a_training_beside_tries_which_it_stops(at_work):
    gpu = gpu_at(at_work)
    refused = {wanted for wanted in WORKS if gpu.hindrance(wanted) is not None}
    assert refused == {work for work in WORKS if work != at_work} - ({TRAIN} if at_work == TRY else set())


def test_work_that_needs_no_gpu_hinders_nothing_and_what_hinders_is_called_by_its_name():
    assert all(gpu_at("convert").hindrance(wanted) is None for wanted in WORKS)
    problem = gpu_at("regularize").hindrance(TRAIN)
    assert "“Generate regularization images” is at work" in problem.en and "正則化画像を生成" in problem.ja


def test_what_began_since_the_button_was_pressed_is_seen_when_the_work_begins():
    did = []
    with pytest.raises(UserError, match="Try it"):
        gpu_at(TRY).alone("regularize", did.append)(lambda *_: None)
    assert not did


def test_start_and_the_card_of_regularization_images_keep_to_the_rule(app, window, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            type(window.jobs["regularize"]), "is_busy", property(lambda job: "regul" in job._name)
        )
        with pytest.raises(UserError, match="Generate regularization images"):
            starting.start(window, app.form, demo_raw(app), "en")
    monkeypatch.setattr(type(window.tries.job), "is_busy", property(lambda job: "try" in job._name))
    card = app.tools["regularize"]
    data = {part: "" for part in (*card.parts.values(), *app.form.components.values())}
    assert "Try it" in list(card.start(data, "en"))[-1][card.parts["result"]]
