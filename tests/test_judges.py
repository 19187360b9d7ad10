"""Judges: features as their libraries give them, scores by hand."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import UserError
from core.judges import judge as judges
from core.judges import scores
from core.judges.scores import Basis, Ends, combined, score
from tests import judges as tiny
from tests.hub import serving, use

DEMO = Path(__file__).resolve().parents[1] / "demo"


def images(count=3, side=40):
    draw = np.random.default_rng(0)
    return [Image.fromarray(draw.integers(0, 255, (side, side + 6 * n, 3), np.uint8)) for n in range(count)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("judges")
    return {
        make.__name__: make(place / make.__name__) for make in (tiny.clip, tiny.clip_with_text, tiny.dinov2)
    }


def by_transformers(kind, folder, image):
    """The features of one image, by the library's own classes."""
    from transformers import AutoImageProcessor, CLIPModel, CLIPVisionModelWithProjection, Dinov2Model

    pixels = AutoImageProcessor.from_pretrained(folder)(image, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        if kind == "clip":
            return CLIPVisionModelWithProjection.from_pretrained(folder).eval()(pixels).image_embeds[0]
        if kind == "clip_with_text":
            model = CLIPModel.from_pretrained(folder).eval()
            return model.visual_projection(model.vision_model(pixels).pooler_output)[0]
        return Dinov2Model.from_pretrained(folder).eval()(pixels).pooler_output[0]


@pytest.mark.parametrize("kind", ["clip", "clip_with_text", "dinov2"])
def test_features_are_the_librarys_at_length_one(folders, kind):
    judge, seen = judges.opened(folders[kind]), images()
    found = judge.features(seen)
    for row, image in zip(found, seen, strict=True):
        own = by_transformers(kind, folders[kind], image)
        torch.testing.assert_close(row, own / own.norm(), atol=1e-5, rtol=0)
    judge.close()
    assert judge._model is None


def test_the_demos_judge_gives_the_verdicts_of_the_demo(monkeypatch):
    monkeypatch.syspath_prepend(str(DEMO))
    import judge as own

    paths = [path for part in ("train", "reg") for path in sorted(DEMO.glob(f"{part}/*/*.png"))[:3]]
    seen = [Image.open(path).convert("RGB") for path in paths]
    found = judges.opened(DEMO / "judge.safetensors").features(seen)
    kinds = [own.KINDS[int(row.argmax())] for row in found]
    assert kinds == [verdict[0] for verdict in own.verdicts(own.load_judge(), seen)]
    assert kinds == ["subject"] * 3 + ["frog"] * 3 and bool((found.sum(1) == 1).all())
    for name in ("judge", "world"):
        sys.modules.pop(name)


def test_a_judge_beside_the_base_model_is_taken_where_none_is_named(tmp_path):
    base = DEMO / "base.safetensors"
    assert judges.named(None, base) == str(DEMO / "judge.safetensors")
    assert judges.named("me/clip", base) == "me/clip"
    assert judges.named(None, tmp_path / "base.safetensors") == judges.named(None, None) == judges.DEFAULT


def test_what_is_no_judge_is_refused_in_one_sentence(tmp_path, folders):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "text.txt").write_text("x")
    for name in (tmp_path / "other", tmp_path / "text.txt", DEMO / "base.safetensors", "no such"):
        with pytest.raises(UserError) as refused:
            judges.here(str(name))
        assert (refused.value.exit_code, len(refused.value.problems)) == (2, 1)


def test_a_damaged_judge_is_refused(tmp_path, folders):
    broken = tmp_path / "clip"
    broken.mkdir()
    for path in folders["clip"].iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[: -(path.suffix == ".safetensors") * 900 or None])
    with pytest.raises(UserError, match="can't be loaded"):
        judges.opened(broken)


def test_of_the_hub_only_what_is_read_is_fetched_and_once(folders, monkeypatch, tmp_path):
    shutil.copytree(folders["dinov2"], tmp_path / "there")
    for name in ("pytorch_model.bin", "modeling.py", "README.md"):
        (tmp_path / "there" / name).write_text("x")
    with serving({"me/dino": tmp_path / "there"}) as hub:
        use(monkeypatch, hub.url, tmp_path / "cache")
        assert judges.here("me/dino") is None
        place = judges.located("me/dino", lambda done, total: None)
        judges.opened(place).close()
        assert judges.here("me/dino") == place
    assert sorted(path.name for path in place.iterdir()) == sorted(
        ["config.json", "model.safetensors", "preprocessor_config.json"]
    )


X, Y, Z = torch.eye(3)


def rows(*vectors):
    return torch.stack(vectors)


def test_likeness_is_the_mean_cosine_of_all_pairs():
    # cosines of x with x and y: 1 and 0; of y with them: 0 and 1; of z: 0 and 0
    assert scores.alike(rows(X, Y, Z), rows(X, Y)) == pytest.approx(2 / 6)
    # of three, two the same: the pairs have 1, 0, 0
    assert scores.among(rows(X, X, Y)) == pytest.approx(1 / 3)
    assert scores.paired(rows(X, Y, Z), rows(X, Z, Z)) == pytest.approx(2 / 3)


def test_a_share_lies_between_what_the_base_does_and_the_best_there_is():
    ends = Ends(0.2, 0.6)
    assert [ends.share(v) for v in (0.1, 0.2, 0.3, 0.6, 0.9)] == pytest.approx([0, 0, 0.25, 1, 1])
    assert Ends(0.5, 0.51).share(0.5) is None


def test_the_score_is_the_harmonic_mean_and_0_where_one_is_missing():
    assert combined(0.5, 1.0) == pytest.approx(2 / 3)
    assert combined(0.0, 0.0) == combined(0.0, 1.0) == 0
    assert (combined(None, 0.4), combined(0.4, None), combined(None, None)) == (0.4, 0.4, None)


def test_a_checkpoint_is_scored_by_hand():
    # The subject is x. The base draws y for both prompts, as its class is, and z once.
    basis = Basis(rows(X, X), rows(Y, Y, Y, Y), [rows(Y, Y, Y, Z)])
    assert (basis.learned, basis.kept) == (Ends(0, 1), Ends(0, 0.5))  # of 6 pairs of the class 3 are alike
    found = score(basis, rows(X, X, X, Y), [rows(Y, X, X, Z)])
    # learned: 3 of 4 images are x. same as the base's: 2 of 4, of 0.5 that is all.
    assert (found.likeness, found.learned, found.drift, found.kept) == (0.75, 0.75, 0.5, 1.0)
    assert found.score == pytest.approx(2 * 0.75 / 1.75)


def test_a_class_that_has_become_the_subject_keeps_nothing():
    basis = Basis(rows(X, X), rows(Y, Y), [rows(Y, Y)])
    found = score(basis, rows(X, X), [rows(X, X)])
    assert (found.learned, found.kept, found.score) == (1.0, 0.0, 0.0)


def test_images_closer_to_a_trained_one_than_those_are_to_each_other_look_copied():
    near = torch.tensor([0.8, 0.6, 0.0])  # cosine with x: 0.8
    basis = Basis(rows(X, X), rows(Z, Z), trained=rows(X, near, X))  # the same file twice is no pair
    copy, own = torch.tensor([0.96, 0.28, 0.0]), torch.tensor([0.6, 0.0, 0.8])
    found = score(basis, rows(copy, own), [])
    # nearest: with x or near; copy: max(0.96, 0.768 + 0.168 = 0.936); own: max(0.6, 0.48)
    assert found.nearest == pytest.approx((0.96 + 0.6) / 2) and found.copies == 1


def test_without_a_class_the_score_is_what_was_learned():
    found = score(Basis(rows(X, X), rows(Y, Y)), rows(X, Y), [])
    assert (found.drift, found.kept, found.score) == (None, None, 0.5)
