"""Every option is declared once, in two languages, and is used somewhere."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from core.config import option_docs
from core.config.check import check
from core.config.file import toml_text
from core.config.schema.dataset import DatasetConfig
from core.config.schema.kinds import kind
from core.config.schema.option import OnResume, walk
from core.config.schema.run import RunConfig

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = list(walk(RunConfig))
TABS = {"dataset", "model", "training", "lora"}


def non_default(option) -> object:
    """Some valid value that is not the default."""
    if option.choices:
        return next(name for name in option.choices if name != option.default)
    special = {
        "dataset.resolution": (768, 512),
        "dataset.bucket_reso_steps": 128,
        "optimizer.optimizer_args": ("weight_decay=0.1",),
        "optimizer.lr_scheduler_args": ("step_rules=1:10,0.5",),
        "sample.sample_prompts": ("sls frog", "frog --s 10"),
        "train.max_timestep": 900,
        "network.dropout": 0.25,
        "dataset.min_bucket_reso": 320,
        **dict.fromkeys(("network.rank_dropout", "network.module_dropout"), 0.25),
        **dict.fromkeys(("network.block_dims", "network.block_alphas"), ",".join("2" * 25)),
        **dict.fromkeys(("network.conv_block_dims", "network.conv_block_alphas"), ",".join("2" * 25)),
        **dict.fromkeys(("network.down_lr_weight", "network.up_lr_weight"), "cosine+0.25"),
        "network.mid_lr_weight": "0.5",
        "train.block_lr": ",".join(["1e-6"] * 23),
        "network.base_weights": ("a.safetensors",),
        "network.exclude_patterns": (".*attn1.*",),
        "network.include_patterns": (".*to_q",),
        "network.base_weights_multiplier": "0.5",
    }
    if option.key in special:
        return special[option.key]
    if isinstance(option.default, bool):
        return not option.default
    if isinstance(option.default, int | float):
        return option.default + 1 if option.default >= 1 else 0.5 if isinstance(option.default, float) else 1
    kind = str(option.field.annotation)
    return 2 if "int" in kind else 0.5 if "float" in kind else "x"


def met(option) -> dict[str, object]:
    """Values of other options with which this one has an effect."""
    values: dict[str, object] = {"network.method": option.meta.methods[0]} if option.meta.methods else {}
    for need in option.meta.needs:
        condition, other = need[0], next(o for o in OPTIONS if o.key == need[0].key)
        values |= met(other)
        if condition.values and not condition.is_not:
            chosen = condition.values[0]
            is_switch = isinstance(other.default, bool)
            values[other.key] = chosen == "true" if is_switch else chosen
        elif condition.is_not:
            values[other.key] = next(c for c in other.choices if c not in condition.values)
        else:
            values[other.key] = non_default(other)
    return values


BY_KEY = {option.key: option for option in OPTIONS}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: o.key)
def test_what_it_needs_is_an_option_that_can_have_that_value(option):
    for condition in (c for need in option.meta.needs for c in need):
        other = BY_KEY[condition.key]
        if other.choices:
            assert set(condition.values) <= {str(name) for name in other.choices}
        elif isinstance(other.default, bool):
            assert set(condition.values) <= {"true", "false"}
    assert option.is_used({o.key: o.default for o in OPTIONS} | met(option))


def test_each_has_words_in_english_and_japanese():
    assert [o.key for o in OPTIONS if not all(o.meta.label[:2]) or not all(o.meta.help[:2])] == []
    assert [o.key for o in OPTIONS if not re.search(r"[ぁ-んァ-ヶ一-龠]", o.meta.help.ja)] == []


def test_each_stands_on_a_tab():
    assert [o.key for o in OPTIONS if o.tab not in TABS] == []


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: o.key)
def test_a_value_of_its_own_survives_the_run_file(option):
    values = toml_text.values_of(RunConfig()) | {
        "model.base": "b",
        "dataset.train_data_dir": "t",
        "sample.sample_prompts": ("p",),
        **met(option),
        option.key: non_default(option),
    }
    if option.key == "dataset.dataset_config":
        values["dataset.train_data_dir"] = ""
    read = toml_text.values_of(check(toml_text.dumps(values)).config)
    assert read[option.key] == non_default(option)


def test_what_belongs_to_the_person_or_to_one_run_is_marked_where_it_is_declared():
    personal = {option.key for option in OPTIONS if option.is_personal}
    assert {option.key for option in OPTIONS if option.section in ("sample", "log")} <= personal
    assert {option.key for option in OPTIONS if option.meta.path} <= personal
    assert {"train.seed", "dataset.skip_bad_images", "save.output_name", "save.metadata_author"} <= personal
    assert {"dataset.caption_extension", "dataset.caption_prefix"} <= personal
    recipe = {"train.learning_rate", "network.rank", "dataset.resolution", "optimizer.optimizer_type"}
    assert not (recipe | {"train.precision", "save.save_every_n_epochs"}) & personal


def test_what_may_change_before_a_state_is_resumed_is_what_shapes_no_weight():
    kinds = {kind: {o.key for o in OPTIONS if o.meta.on_resume == kind} for kind in get_args(OnResume)}
    assert {key for key in kinds["free"] if key.partition(".")[0] not in ("save", "log", "sample")} == {
        "model.family", "train.gradient_checkpointing", "train.max_train_steps", "train.max_train_epochs",
        "train.validate_every_n_steps", "train.validate_every_n_epochs", "train.max_validation_steps",
        "train.early_stopping_patience",
    }  # fmt: skip
    assert {o.key for o in OPTIONS if o.section in ("save", "log", "sample")} <= kinds["free"]
    assert kinds["rounding"] == {
        "model.attention", "dataset.cache_latents", "dataset.cache_latents_to_disk", "dataset.vae_batch_size",
    }  # fmt: skip
    # What the fingerprint of the data does not hold is told by the images' own records; this one by neither.
    in_records = {o.key for o in OPTIONS if o.section == "dataset" and not o.meta.in_fingerprint}
    assert in_records == kinds["data"] | {"dataset.prior_loss_weight"} | (
        kinds["rounding"] - {"model.attention"}
    )


def test_a_whole_number_has_a_largest_value():
    for option in [o for o in OPTIONS if kind(o) in ("digits", "share")]:
        section = RunConfig.model_fields[option.section].annotation
        with pytest.raises(ValidationError):
            section.model_validate({option.name: 10**30})


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.choices], ids=lambda o: o.key)
def test_every_choice_that_has_words_is_taken(option):
    section = RunConfig.model_fields[option.section].annotation
    for value in option.choices:
        assert getattr(section.model_validate({option.name: value}), option.name) == value


def test_no_two_options_share_a_name_of_sd_scripts():
    names = [name for option in OPTIONS for name in option.meta.sd_scripts]
    assert sorted(set(names)) == sorted(names)


def test_defaults_are_sd_scripts_own():
    data, train = DatasetConfig(), RunConfig().train
    assert (data.train_batch_size, data.min_bucket_reso, data.max_bucket_reso) == (1, 256, 1024)
    assert (data.caption_extension, data.prior_loss_weight, data.bucket_reso_steps) == (".caption", 1.0, 64)
    assert (train.max_train_steps, train.learning_rate, train.max_grad_norm) == (1600, 2e-6, 1.0)


@pytest.mark.parametrize(("lang", "name"), [("en", "options.md"), ("ja", "options.ja.md")])
def test_the_table_in_docs_is_the_declarations(lang, name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == option_docs.options_table(lang)
