"""Every name of the reference is an option here, another name for one, not needed, or refused."""

import json
import re
from pathlib import Path

import pytest

from core.config import network_args, sd_scripts, sd_scripts_reference
from core.config.check import check
from core.config.imports import kohya_ss_json, lora_metadata
from core.config.imports.read_any import import_text
from core.config.schema.run import OPTIONS as DECLARED
from core.errors import ConfigError

REFERENCE = json.loads((Path(__file__).parent / "reference_names.json").read_text(encoding="utf-8"))
OPTIONS = {option.name for option in DECLARED.values()}
SCRIPTS = sorted(set().union(*REFERENCE["scripts"].values()))
TOML = sorted(set().union(*REFERENCE["kohya_ss_toml"].values()))
JSON = sorted(set().union(*REFERENCE["kohya_ss_json"].values()))


def test_no_argument_of_sd_scripts_is_unknown_here():
    assert [name for name in SCRIPTS if not sd_scripts.knows(name) and name not in OPTIONS] == []


def test_no_name_in_a_toml_that_kohya_ss_writes_is_unknown_here():
    known = [name for name in TOML if sd_scripts.knows(name, is_foreign=True) or name in OPTIONS]
    assert [name for name in TOML if name not in known] == []


def test_no_field_of_kohya_sss_window_is_unknown_here():
    def has_a_fate(name):
        return (
            sd_scripts.knows(name, is_foreign=True) or name in OPTIONS or name in kohya_ss_json.NAMES
            or name in kohya_ss_json.OF_THE_FINETUNE_TAB or sd_scripts_reference.is_of_other_models(name)
        )  # fmt: skip

    assert [name for name in JSON if not has_a_fate(name)] == []


def test_no_record_of_a_lora_file_is_unknown_here():
    known = {*lora_metadata.RECORDS, *lora_metadata.NAMES, "resolution"}
    assert [n for n in REFERENCE["metadata"] if n not in known and not sd_scripts.knows(n)] == []


def test_an_argument_of_the_network_is_none_of_the_script():
    """Every name of an option of [network] is one or the other, so that it is imported and recorded."""
    assert not set(network_args.ARGUMENTS) & set(SCRIPTS)
    names = {n for n, key in sd_scripts.ALIASES.items() if key.startswith("network.")}
    assert names - set(SCRIPTS) == set(network_args.ARGUMENTS)


def test_a_name_is_in_one_table_only_and_never_shadows_an_option():
    tables = [
        *sd_scripts_reference.NOT_NEEDED,
        *sd_scripts_reference.NOT_HERE,
        *sd_scripts_reference.OF_THE_WINDOW,
    ]
    assert sorted(tables) == sorted(set(tables))
    assert not set(tables) & (set(sd_scripts.ALIASES) | OPTIONS)


@pytest.mark.parametrize("name", sorted({*sd_scripts_reference.NOT_NEEDED, *sd_scripts_reference.NOT_HERE}))
def test_a_reason_is_given_in_both_languages(name):
    en, ja, _ = sd_scripts_reference.NOT_NEEDED.get(name) or sd_scripts_reference.NOT_HERE[name]
    assert en and re.search(r"[ぁ-んァ-ヶ一-龠]", ja)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_argument_that_is_set_is_taken_or_named_in_the_report(name):
    """With a value of no use to anyone; nothing may vanish."""
    try:
        found = import_text(f"train_network.py --seed=7 --{name}=3")
    except ConfigError as e:
        assert any(name in problem.text("en") for problem in e.problems)
        return
    if found.values.get("train.seed") == 7 and name != "seed":
        key = sd_scripts.ALIASES.get(name, "")
        said = " ".join(problem.text("en") for problem in found.report)
        assert key in found.values or name in said or key.split(".")[-1] in said


@pytest.mark.parametrize("tab", ["lora", "dreambooth", "finetune"])
def test_a_kohya_ss_json_of_every_field_left_empty_reports_nothing(tab):
    fields = {name: "" for name in REFERENCE["kohya_ss_json"][tab]}
    found = import_text(json.dumps({**fields, "LoRA_type": "Standard", "max_train_steps": 100}))
    assert [p.text("en") for p in found.report if p.code not in ("I-IMPORT-TAKEN", "W-CFG-READ-AS")] == []


def test_what_is_refused_and_what_is_passed_over_says_why():
    with pytest.raises(ConfigError) as refused:
        check("huggingface_repo_id = 'me/frog'\nt5xxl = 'x'\nno_half_vae = true\n")
    said = " ".join(problem.text("en") for problem in refused.value.problems)
    assert "a run uploads nothing" in said and "other kinds of models" in said
    assert "no_half_vae is not needed: the VAE is always computed in float32" in said
