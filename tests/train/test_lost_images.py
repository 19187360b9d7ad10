"""Images that go away or change while a run is going."""

import os
import shutil

import pytest
from PIL import Image

from core.data.images import load
from core.errors import EXIT_RESOURCE, ResourceFault
from core.events import Saved, StepDone


@pytest.fixture
def own(images, tmp_path):
    """Images that may be spoilt."""
    return shutil.copytree(images / "train", tmp_path / "own")


def unreadable(path):
    """Not by its permissions, which do not hold for root."""
    path.unlink()
    path.mkdir()


def another(path):
    Image.new("RGB", (64, 64), "red").save(path)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(os.unlink, "E-IMG-GONE"), (unreadable, "E-IMG-GONE"), (another, "E-IMG-CHANGED")],
    ids=["deleted", "unreadable", "changed"],
)
def test_an_image_that_is_lost_in_mid_run_ends_it_with_a_state_and_its_path(
    configure, train, own, monkeypatch, spoil, code
):
    pauses = []
    monkeypatch.setattr(load.time, "sleep", pauses.append)
    lost = own / "2_sls frog" / "1.png"

    def on(event):
        if isinstance(event, StepDone) and event.step == 2:
            spoil(lost)

    dataset = {"train_data_dir": str(own), "reg_data_dir": None, "cache_latents": False}
    with pytest.raises(ResourceFault) as caught:
        train(configure(dataset=dataset, train={"max_train_steps": 40}), on=on)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, caught.value.exit_code) == (code, str(lost), EXIT_RESOURCE)
    assert str(lost) in problem.en and str(lost) in problem.ja
    assert pauses == ([0.2, 1.0] if code == "E-IMG-GONE" else [])  # three tries
    (state,) = [event for event in caught.value.trial.of(Saved) if event.kind == "state"]
    steps = [event.step for event in caught.value.trial.of(StepDone)]
    assert state.step == steps[-1] >= 2 and os.path.isfile(os.path.join(state.path, "state.json"))
