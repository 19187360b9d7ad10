"""Taggers run by onnxruntime, on graphs of a few bytes: what reaches the model, what its scores become."""

import json

import numpy as np
import pytest
from PIL import Image

from core.captioners import source
from core.captioners.manifest import Manifest
from core.captioners.scores import Picking
from core.captioners.tagger import Tagger
from core.errors import UserError
from tests.captioners.graphs import save_tagger

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

COLOURS = [("first", "0"), ("second", "0"), ("third", "0")]
ONE_EACH = np.eye(3)
RAW = Manifest()


def plain(colour, size=(8, 8)):
    return Image.new("RGB", size, colour)


def refused(folder, one=RAW):
    with pytest.raises(UserError) as caught:
        Tagger(folder, one)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
@pytest.mark.parametrize(("channels", "seen"), [("bgr", [30, 20, 10]), ("rgb", [10, 20, 30])])
def test_colours_reach_the_model_in_the_order_and_layout_of_the_manifest(tmp_path, layout, channels, seen):
    folder = save_tagger(tmp_path, COLOURS, ONE_EACH, layout=layout)
    tagger = Tagger(folder, Manifest(layout=layout, channels=channels), "cpu")
    assert tagger.scores([plain((10, 20, 30))])[0].tolist() == pytest.approx(seen)
    assert tagger.side == 8 and tagger.provider == "CPUExecutionProvider"


def test_what_is_padded_counts_as_the_pad_colour(tmp_path):
    tagger = Tagger(save_tagger(tmp_path, COLOURS, ONE_EACH), Manifest(pad=(0, 0, 200)))
    # Half of the square is the black image, half is padding.
    assert tagger.scores([plain((0, 0, 0), (8, 4))])[0].tolist() == pytest.approx([100, 0, 0])


def test_a_mask_tells_the_model_where_the_image_is(tmp_path):
    folder = save_tagger(tmp_path, COLOURS, ONE_EACH, mask=True)
    image = plain((80, 0, 0), (8, 4))
    for meant, red in (("valid", 40.0), ("padding", 127.5)):  # half of 80, or half of the white around it
        tagger = Tagger(folder, Manifest(extra_inputs={"mask": meant}))
        assert tagger.scores([image])[0][2] == pytest.approx(red)
    assert refused(folder) == ["E-CAPTION-MANIFEST"]


def test_raw_scores_become_shares_by_the_sigmoid(tmp_path):
    folder = save_tagger(tmp_path, COLOURS, ONE_EACH)
    tagger = Tagger(folder, Manifest(scale=255, mean=(0.5,) * 3, std=(0.5,) * 3, activation="sigmoid"))
    assert tagger.scores([plain((255, 0, 0))])[0].tolist() == pytest.approx(
        [0.26894, 0.26894, 0.73106], abs=1e-4
    )


def test_tags_above_their_thresholds_are_given_for_each_image_of_a_batch(tmp_path):
    folder = save_tagger(tmp_path, [("blue", "0"), ("green", "0"), ("kermit", "4")], ONE_EACH)
    tagger = Tagger(folder, Manifest(scale=255))
    given = tagger.tags([plain((220, 0, 90)), plain((210, 255, 0))], Picking())
    assert [[tag.name for tag in tags] for tags in given] == [["kermit", "blue"], ["green"]]


@pytest.mark.parametrize("batch", [1, 4])
def test_a_model_of_a_fixed_batch_gets_just_so_many(tmp_path, batch):
    tagger = Tagger(save_tagger(tmp_path, COLOURS, ONE_EACH, batch=batch), RAW)
    images = [plain((n, 0, 0)) for n in range(5)]
    assert tagger.fixed_batch == batch and tagger.scores(images)[:, 2].tolist() == [0, 1, 2, 3, 4]


def test_the_side_is_the_models_own_or_else_the_manifests(tmp_path):
    folder = save_tagger(tmp_path, COLOURS, ONE_EACH, side="side")
    assert Tagger(folder, Manifest(size=16)).side == 16
    assert refused(folder) == ["E-CAPTION-MANIFEST"]


def test_files_that_do_not_go_together_are_refused_in_a_sentence(tmp_path):
    folder = save_tagger(tmp_path, COLOURS, ONE_EACH)
    assert refused(folder, Manifest(output="prediction")) == ["E-CAPTION-MANIFEST"]
    (folder / "selected_tags.csv").write_text("tag_id,name,category,count\n1,a,0,1\n")
    assert refused(folder) == ["E-CAPTION-TAGS"]
    (folder / "selected_tags.csv").write_text("no table")
    assert refused(folder) == ["E-CAPTION-FILE"]
    (folder / "selected_tags.csv").unlink()
    assert refused(folder) == ["E-CAPTION-FILE"]
    save_tagger(tmp_path, COLOURS, ONE_EACH)
    (folder / "model.onnx").write_bytes(b"<html>")
    assert refused(folder) == ["E-CAPTION-LOAD"]


class Listed:
    """onnxruntime where a provider is listed that fails, when it is loaded or only at the first run."""

    SessionOptions = onnxruntime.SessionOptions

    def __init__(self, fails_late):
        self._fails_late = fails_late

    def get_available_providers(self):
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def InferenceSession(self, path, sess_options, providers):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        if providers == ["CPUExecutionProvider"]:
            return session
        if not self._fails_late:
            raise RuntimeError("no CUDA here")
        return Failing(session)


class Failing:
    def __init__(self, session):
        self.get_inputs, self.get_outputs = session.get_inputs, session.get_outputs

    def run(self, *_):
        raise RuntimeError("out of memory")


@pytest.mark.parametrize("fails_late", [False, True])
def test_a_provider_that_is_listed_but_fails_gives_way_to_the_next(tmp_path, monkeypatch, fails_late):
    monkeypatch.setattr("core.captioners.tagger.runtime", lambda: Listed(fails_late))
    tagger = Tagger(save_tagger(tmp_path, COLOURS, ONE_EACH), RAW)
    assert tagger.scores([plain((1, 2, 3))])[0].tolist() == pytest.approx([3, 2, 1])
    assert tagger.provider == "CPUExecutionProvider"


def test_a_folder_of_a_users_own_is_used_by_its_manifest(tmp_path):
    folder = save_tagger(tmp_path / "mine", COLOURS, ONE_EACH, layout="nchw")
    (folder / "manifest.json").write_text(json.dumps({"layout": "nchw", "scale": 255, "channels": "rgb"}))
    found = source.here(str(folder))
    assert Tagger(found.folder, found.manifest).scores([plain((255, 0, 0))])[0].tolist() == [1, 0, 0]
