"""Options, sizes and choices of one family of models, and of a family that the catalog gets later."""

from dataclasses import replace

import pytest

from core import families
from core.catalog import Size, Words
from core.config import base_family, option_docs
from core.config.check import check
from core.config.rules import dataset
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import ConfigError
from core.families import FAMILIES

RUN = "format = 1\n[model]\nbase = 'b'\nfamily = '{family}'\n[dataset]\ntrain_data_dir = 't'\n"


@pytest.fixture
def fine(monkeypatch):
    """A family whose sides are multiples of 16 pixels."""
    spec = replace(FAMILIES["sd1"], name="fine", words=Words("Fine", "Fine"), size_step=16)
    monkeypatch.setitem(families._FAMILIES, "fine", spec)
    return spec


def faults(family: str, lines: str) -> list[str]:
    try:
        check(RUN.format(family=family) + lines)
    except ConfigError as error:
        return [problem.text("en") for problem in error.problems]
    return []


def test_a_family_that_came_later_is_a_choice_of_the_run_file(fine):
    assert check(RUN.format(family="fine")).config.model.family == "fine"


def test_another_name_is_refused_with_those_that_there_are():
    assert faults("toy", "") == ["line 4: model.family: must be one of auto, sd1, sd2, sdxl, not 'toy'."]


def test_an_option_that_a_family_does_not_have_is_refused_with_its_line_and_what_to_do(fine):
    assert faults("fine", "[train]\nzero_terminal_snr = true\n") == [
        "line 8: train.zero_terminal_snr: Fine models do not have this option; remove it, or choose a base "
        "model of Stable Diffusion 1.x or Stable Diffusion 2.x or Stable Diffusion XL."
    ]


@pytest.mark.parametrize("family", ["sd1", "sd2", "auto"])
def test_it_is_taken_where_the_family_has_it_or_is_not_known(family):
    assert faults(family, "[train]\nzero_terminal_snr = true\n") == []


def test_at_its_default_it_is_no_matter_of_the_family(fine):
    assert faults("fine", "[train]\nzero_terminal_snr = false\n") == []


def test_the_families_of_every_option_are_in_the_catalog():
    assert {family for option in walk(RunConfig) for family in option.meta.families} <= FAMILIES.keys()


def test_the_table_of_options_names_the_families_of_an_option_that_not_all_have(fine):
    rows = {
        line.split("`")[1]: line for line in option_docs.options_table("en").splitlines() if "| `" in line
    }
    assert "Only for Stable Diffusion 1.x, Stable Diffusion 2.x." in rows["clip_skip"]
    assert "Only for" not in rows["rank"]


@pytest.mark.parametrize(
    ("family", "side", "is_refused"),
    [("fine", 528, False), ("fine", 520, True), ("sd1", 528, True), ("auto", 528, True)],
)
def test_a_side_is_a_multiple_of_the_family_s_step_or_of_64_while_that_is_unknown(
    fine, family, side, is_refused
):
    run = RunConfig(dataset={"resolution": side})
    found = [problem.code for problem in dataset.of_images(run, FAMILIES.get(family))]
    assert found == ["E-CFG-MULTIPLE"] * is_refused


def test_the_step_of_the_buckets_is_one_of_the_family(monkeypatch):
    spec = replace(FAMILIES["sd1"], name="coarse", size_step=128)
    monkeypatch.setitem(families._FAMILIES, "coarse", spec)
    lines = "enable_bucket = true\nbucket_reso_steps = 192\n"
    assert faults("sd1", lines) == []
    assert faults("coarse", lines) == [
        "line 8: dataset.bucket_reso_steps: must be a multiple of 128, not 192."
    ]


def test_no_family_is_known_of_what_is_not_there_or_no_model(tmp_path):
    other = tmp_path / "notes.safetensors"
    other.write_text("not a model")
    named = [str(tmp_path / "gone.safetensors"), str(other), "nobody/never-fetched", ""]
    assert [base_family.of(base) for base in named] == [None] * 4


def test_a_family_that_is_named_needs_no_file():
    assert base_family.of("gone", "sd2") is FAMILIES["sd2"] and FAMILIES["sd2"].default_size == Size(768, 768)


@pytest.mark.parametrize(("family", "said"), [("sdxl", ["W-CFG-TEXT"]), ("sd1", [])])
def test_text_encoders_that_are_trained_because_nothing_was_said_are_told_of_where_they_usually_rest(
    family, said
):
    assert [problem.code for problem in check(RUN.format(family=family)).notices] == said
    resting = RUN.format(family=family) + "[train]\ntext_encoder_lr = 0.0\n"
    assert [problem.code for problem in check(resting).notices] == []
