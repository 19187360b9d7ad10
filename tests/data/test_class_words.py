"""Captions with the class in place of the identifier."""

import shutil
from pathlib import Path

import pytest

from core.config.schema.train import TrainConfig
from core.data.plan import class_words
from core.data.plan.class_words import class_caption
from tests.data.images import fill, plan


@pytest.mark.parametrize(
    ("caption", "about_class"),
    [
        ("sls frog", "frog"),
        ("sls frog on a leaf", "frog on a leaf"),
        ("sls, frog, leaf", "frog, leaf"),
        ("leaf, frog, sls", "leaf, frog"),
        ("sls", "frog"),
        ("SLS, on a leaf", "frog, on a leaf"),
        ("photo of sls, close", "photo of frog, close"),
        ("two sls and sls", "two frog and"),
        ("slsx frog", None),
        ("frog", None),
        ("", None),
    ],
)
def test_the_class_stands_in_place_of_the_identifier_once(caption, about_class):
    assert class_caption(caption, "sls", "frog") == about_class


def test_a_class_of_several_words_stays_whole():
    assert class_caption("sls tabby cat, sofa", "sls", "tabby cat") == "tabby cat, sofa"
    assert class_caption("sls, sofa", "sls", "tabby cat") == "tabby cat, sofa"


def captioned(tmp_path, folders, **captions):
    whole = fill(tmp_path, folders)
    for name, text in captions.items():
        (next(Path(whole).iterdir()) / f"{name}.txt").write_text(text)
    return plan(whole)


def test_the_words_are_the_folder_s_or_those_that_are_given(tmp_path):
    whole = captioned(tmp_path, {"2_sls tabby cat": 1})
    words = class_words.of(whole, TrainConfig(class_prior_weight=1.0))
    assert words.folders == (("sls", "tabby cat"),)
    given = TrainConfig(class_prior_weight=1.0, class_prior_identifier="tabby", class_prior_class="animal")
    assert class_words.captions(whole, class_words.of(whole, given)) == {"sls animal cat"}
    assert class_words.of(whole, TrainConfig()) is None


def test_captions_without_the_identifier_are_named_and_folders_without_a_class_refused(tmp_path):
    train = TrainConfig(class_prior_weight=1.0)
    whole = captioned(tmp_path / "a", {"1_sls frog": 2}, **{"000": "sls frog, leaf", "001": "a frog"})
    (notice,) = class_words.problems(whole, class_words.of(whole, train))
    assert notice.code == "W-CAP-IDENTIFIER" and "001.png" in notice.en and "1 of 2" in notice.en
    whole = plan(fill(tmp_path / "b", {"1_sls": 1}))
    (refused,) = class_words.problems(whole, class_words.of(whole, train))
    assert refused.is_error and "1_sls does not name both" in refused.en


def test_training_images_may_be_regularization_images_where_their_target_is_a_prediction(tmp_path):
    images = fill(tmp_path / "train", {"1_sls frog": 1})
    shutil.copytree(tmp_path / "train" / "1_sls frog", tmp_path / "reg" / "1_frog")
    whole = plan(images, str(tmp_path / "reg"))
    assert "W-REG-TWIN" in [notice.code for notice in whole.notices]
    predicted = class_words.checked(whole, TrainConfig(prior_prediction=True))
    assert "W-REG-TWIN" not in [notice.code for notice in predicted.notices] and not predicted.problems
    alone = plan(fill(tmp_path / "alone", {"1_sls frog": 1}))
    (refused,) = class_words.checked(alone, TrainConfig(prior_prediction=True)).problems
    assert refused.code == "E-REG-NONE"
