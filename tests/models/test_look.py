"""A wrong v2 or v_parameterization is told from the header, with the right one; so is a wrong file."""

import io

import pytest
import torch

from core import cli
from core.config.schema.run import ModelConfig
from core.errors import ConfigError
from core.formats import tensors
from core.formats.identify import identify
from core.models import precheck
from tests.tiny import make_tiny, make_tiny_folder

KINDS = ("safetensors", "ckpt", "folder")
FAMILIES = {"sd1": False, "sd2": True}
PREDICTIONS = {"epsilon": False, "v": True}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """(family, prediction, kind of file) -> a model that tells both."""
    place, found = tmp_path_factory.mktemp("models"), {}
    for family in FAMILIES:
        for prediction in PREDICTIONS:
            named = "v_prediction" if prediction == "v" else "epsilon"
            one = tensors.load(make_tiny(place / "made.safetensors", family=family))
            for kind in KINDS:
                path = place / f"{family}-{prediction}.{kind}"
                if kind == "folder":
                    make_tiny_folder(path, family=family)
                    config = path / "scheduler" / "scheduler_config.json"
                    config.write_text(config.read_text().replace("epsilon", named))
                else:
                    tensors.save(path, one, {"modelspec.prediction_type": prediction})
                found[family, prediction, kind] = path
    return found


def check(place, model, line):
    """What `check` says last of a run file with this line of sd-scripts, "No problems." or a refusal."""
    (place / "train" / "2_sls frog").mkdir(parents=True, exist_ok=True)
    path = place / "run.toml"
    named = [f"pretrained_model_name_or_path = '{model}'", f"train_data_dir = '{place / 'train'}'", line]
    path.write_text("\n".join(named), encoding="utf-8")
    args, out = cli._parser("en").parse_args(["check", str(path)]), io.StringIO()
    try:
        args.run(args, out, "en")
    except ConfigError as refused:
        return [problem for problem in refused.problems if problem.is_error][-1].text("en")
    return out.getvalue().splitlines()[-1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("family", "v2"), FAMILIES.items())
def test_a_wrong_v2_is_refused_with_the_right_family(tmp_path, models, kind, family, v2):
    model = models[family, "epsilon", kind]
    assert check(tmp_path, model, f"v2 = {str(v2).lower()}") == "No problems."
    told = check(tmp_path, model, f"v2 = {str(not v2).lower()}")
    assert told.startswith("line 3: model.family: ")
    assert told.endswith(f"Set the model family to auto or {family}.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("prediction", "flag"), PREDICTIONS.items())
def test_a_wrong_v_parameterization_is_refused_with_the_right_one(
    tmp_path, models, kind, family, prediction, flag
):
    model = models[family, prediction, kind]
    assert check(tmp_path, model, f"v_parameterization = {str(flag).lower()}") == "No problems."
    told = check(tmp_path, model, f"v_parameterization = {str(not flag).lower()}")
    assert told.startswith("line 3: model.prediction: ")
    assert told.endswith(f"Set the prediction type to auto or {prediction}.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("family", "prediction"), [("sd1", "epsilon"), ("sd2", "epsilon"), ("sd2", "v")])
def test_without_flags_both_are_found(models, kind, family, prediction):
    found = identify(models[family, prediction, kind])
    assert (found.family, found.prediction) == (family, prediction)


def test_clip_skip_with_sd2_is_a_warning_and_only_there(models):
    codes = [
        [
            p.code
            for p in precheck.problems(
                ModelConfig(base=str(models[family, "epsilon", "folder"]), clip_skip=2)
            )
        ]
        for family in FAMILIES
    ]
    assert codes == [[], ["W-MODEL-CLIPSKIP"]]


def test_a_missing_model_and_a_vae_that_is_none_are_told(tmp_path, models):
    assert [p.code for p in precheck.problems(ModelConfig(base="no/such/model.ckpt"))] == ["E-MODEL-MISSING"]
    other = tensors.save(tmp_path / "x.safetensors", {"emb_params": torch.zeros(1, 768)}, {})
    named = ModelConfig(base=str(models["sd1", "epsilon", "ckpt"]), vae=str(other))
    assert [p.key for p in precheck.problems(named)] == ["model.vae"]


def test_nothing_is_said_about_a_model_on_the_hub():
    assert precheck.problems(ModelConfig(base="someone/model", vae="someone/vae")) == ()
