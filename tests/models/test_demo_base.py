"""The model that comes with the program."""

from pathlib import Path

from core.formats.identify import identify
from core.models.family import open_family
from tests.models.conftest import loaded

BASE = Path(__file__).parents[2] / "demo" / "base.safetensors"


def test_it_is_known_as_a_model_of_sd1_from_its_header():
    identity = identify(BASE)
    assert (identity.kind, identity.family, identity.problems) == ("model", "sd1", ())


def test_it_is_loaded_with_the_whole_vocabulary():
    parts = loaded(BASE)
    assert parts.modules["text_encoder"].get_input_embeddings().weight.shape[0] == 49408


def test_its_result_can_be_loaded_without_the_folder_beside_it(tmp_path):
    out = open_family("sd1").save(loaded(BASE), tmp_path / "last", "auto", "fp16", {})
    assert loaded(out).objective.name == loaded(BASE).objective.name
