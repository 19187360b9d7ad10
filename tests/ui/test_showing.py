"""What is hidden because it has no effect, and any setting found by its words."""

from __future__ import annotations

import re

import pytest

from tests.ui.fake import demo_raw
from ui.parts.options import GROUPS, OPTIONS, groups_of
from ui.settings.search import matching_options, search_html
from ui.settings.visibility import hidden_style
from ui.text import WORDS


def hidden(app, level="expert", **changed):
    raw = {**demo_raw(app), **{key.replace("__", "."): value for key, value in changed.items()}}
    return set(re.findall(r"#([\w-]+)", hidden_style(app.form, raw, level)))


def test_bucket_settings_are_there_only_with_buckets(shared_app):
    name = "opt-dataset-min-bucket-reso"
    assert name in hidden(shared_app, dataset__enable_bucket=False)
    assert name not in hidden(shared_app, dataset__enable_bucket=True)


def test_lora_settings_are_there_only_for_lora(shared_app):
    assert {"opt-network-rank", "card-network"} <= hidden(shared_app, network__method="none")
    assert not {"opt-network-rank", "card-network"} & hidden(shared_app, network__method="lora")


def test_a_card_of_which_nothing_is_shown_is_not_there(shared_app):
    assert "card-loss" in hidden(shared_app, "basic") and "card-loss" not in hidden(shared_app, "advanced")


def test_every_card_has_an_id_of_its_own(shared_app):
    ids = [b.elem_id for b in shared_app.blocks.blocks.values() if (b.elem_id or "").startswith("card-")]
    assert len(ids) == len(set(ids)) and set(shared_app.form.cards) <= set(ids)
    drawn = [option.key for options in shared_app.form.cards.values() for option in options]
    assert len(drawn) == len(set(drawn))


def test_what_is_code_in_a_help_is_code_where_it_is_found_too(shared_app):
    html = search_html(shared_app.form, "sample_prompts", demo_raw(shared_app), "en")
    assert "<code>--ss</code> sampler" in html and "`" not in html


def test_every_card_has_its_title():
    assert {f"group.{option.meta.group}" for option in OPTIONS.values()} <= set(WORDS)


@pytest.mark.parametrize("tab", ["dataset", "training", "lora", "model"])
def test_every_option_stands_in_one_group_of_its_tab(tab):
    keys = [option.key for _, options in groups_of(tab) for option in options]
    assert sorted(keys) == sorted(key for key, option in OPTIONS.items() if option.tab == tab)
    assert [name for name, _ in groups_of(tab)] == [name for name in GROUPS if name in dict(groups_of(tab))]


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("learning rate", "train.learning_rate"),
        ("学習率", "train.learning_rate"),
        ("学习率", "train.learning_rate"),
        ("ＢＵＣＫＥＴ 最小", "dataset.min_bucket_reso"),
        ("network_dim", "network.rank"),
        ("min-snr", "train.min_snr_gamma"),
        ("繰り返し", "dataset.train_data_dir"),
    ],
)
def test_a_setting_is_found_by_label_name_or_help_in_any_language(query, key):
    assert key in [option.key for option in matching_options(query)][:4]


def test_what_nothing_matches_is_said_and_an_empty_query_finds_nothing(shared_app):
    raw = demo_raw(shared_app)
    assert "No setting or tool" in search_html(shared_app.form, "xyzzy", raw, "en")
    assert search_html(shared_app.form, "  ", raw, "en") == "" and matching_options("") == []


def test_a_setting_that_has_no_effect_leads_to_what_it_needs(shared_app):
    raw = {**demo_raw(shared_app), "dataset.enable_bucket": False}
    html = search_html(shared_app.form, "min_bucket_reso", raw, "en")
    assert 'data-goto="opt-dataset-enable-bucket"' in html and "Only when dataset.enable_bucket" in html


def test_what_was_typed_into_the_search_is_text_and_no_html(shared_app):
    assert "<img" not in search_html(shared_app.form, "<img src=x>", demo_raw(shared_app), "en")
