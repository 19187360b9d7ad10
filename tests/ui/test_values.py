"""One truth of what a setting may be: whatever an import, a file or an earlier page brings, the page can show
and hand back, or it is left out and named."""

import json
import os
import random

import pytest

from core.config.check import check
from core.errors import UserError
from tests.test_options import met
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.kept import can_show
from ui.settings.opening import open_text

ODD = (
    *(
        "CAME",
        "fp8",
        "foo",
        "none",
        "None",
        "True",
        "yes",
        "12",
        "1e400",
        "-1",
        "0",
        "NaN",
        "512x512",
        "５１２",
    ),
    *("a" * 3000, "x\ny", "\ud800", "[1, 2]", "{}", " ", "名前", "0.5", "10%", "150%", "<b>", "'"),
    *(0, 1, -7, 3.5, 10**30, 1e308, True, False),
    *([], ["a"], [1, "b"], [[1]], {"a": 1}, None),
)
"""Values that a file of another program, or of another version, may hold."""

EACH = int(os.environ.get("RAREWORD_ODD_VALUES", "3"))
"""Odd values tried for each option; all of them with RAREWORD_ODD_VALUES=99."""

CASES = [
    (key, value)
    for n, key in enumerate(OPTIONS)
    for value in random.Random(n).sample(ODD, min(EACH, len(ODD)))
]


def handed_back(app, page, key):
    """What a handler gets of an option's field, from what the page shows."""
    return app.form.raw(page.shown)[key]


def as_text(name, value):
    return json.dumps({"LoRA_type": "Standard", name: value})


@pytest.mark.parametrize("n", range(12))
def test_what_an_import_accepts_the_page_shows_and_hands_back_and_the_check_takes_or_was_told_of(app, n):
    first, fields = demo_raw(app), app.form.components
    for key, value in CASES[n::12]:
        text = as_text(next(iter(OPTIONS[key].meta.sd_scripts), key.split(".")[1]), value)
        updates = app.bar.take(text, "en")
        filled = {k: c.postprocess(updates[c]["value"]) for k, c in fields.items() if c in updates}
        raw = app.form.raw({fields[k]: shown for k, shown in (first | filled).items()})
        assert all(can_show(k, raw[k]) for k in raw), (key, value)
        try:
            taken = open_text(text)
        except UserError as e:
            assert e.problems and not filled
            continue
        bad, told = faults(app, raw), {p.key for p in taken.report}
        for k, v in taken.values.items():
            assert plain(widgets.read(OPTIONS[k], raw[k]), k) == plain(v, k), (key, value)
            assert k not in bad - told, (key, value, v)


def plain(value, key):
    """A value as text, without what makes no difference: short and whole paths, odd halves of characters."""
    if widgets.kind(OPTIONS[key]) == "size" and not isinstance(value, list | tuple):
        side = str(value).translate(str.maketrans("x５１２", ",512"))
        value = side.split(",") if "," in side else [side, side]
    if isinstance(value, list | tuple):
        return ",".join(plain(part, "train.seed") for part in value)
    if value is None or isinstance(value, int | float):
        return "" if value is None else f"{float(value):g}"
    text = str(value).encode("utf-8", "replace").decode("utf-8").strip()
    text = text.rsplit("/", 1)[-1] if OPTIONS[key].meta.path else text
    text = text.replace("\n", ",")
    try:
        return f"{float(text.removesuffix('%')) / 100:g}" if text.endswith("%") else f"{float(text):g}"
    except ValueError:
        return text


def faults(app, raw):
    """The options whose own value the checker refuses; what does not go together is another matter."""
    try:
        app.form.check(raw, "en")
    except UserError as e:
        return {p.key for p in e.problems if p.is_error and p.code.startswith("E-CFG-VALUE")}
    return set()


@pytest.mark.parametrize(
    ("option", "word", "key", "possible"),
    [
        ("optimizer_type", "CAME", "optimizer.optimizer_type", "AdamW8bit"),
        ("mixed_precision", "fp8", "train.precision", "bf16"),
        ("lr_scheduler", "foo", "optimizer.lr_scheduler", "cosine"),
        ("train_batch_size", "many", "dataset.train_batch_size", "number"),
    ],
)
def test_an_imported_word_that_is_not_possible_is_not_taken_and_is_named_with_what_is(
    app, option, word, key, possible
):
    page, parts = Session(app), app.bar.parts
    size = "--resolution=128 --enable_bucket --min_bucket_reso=64"
    text = f"accelerate launch train_network.py --network_dim=8 {size} --{option}={word}"
    page.do(parts["paste"], "submit", {"act": "take", "fields": {"text": text}})
    said = page.shown[parts["said"]]
    assert word in said and "is-bad" in said and possible in said
    default = widgets.shown(OPTIONS[key], OPTIONS[key].default)
    assert handed_back(app, page, key) == default and f"{default} stays" in said
    assert "is-good" in page.do(app.run.parts["check"], "click")[app.run.parts["message"]]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_page_whose_settings_from_before_hold_an_impossible_word_opens_with_another_and_says_so(
    app, window, lang
):
    window.draft.keep({"optimizer.optimizer_type": "CAME", "train.gradient_checkpointing": "yes"})
    app.prepare(lang)
    page = Session(app, lang)
    told = app.kept.html(lang)
    assert "CAME" in told and "AdamW8bit" in told and "yes" in told
    assert handed_back(app, page, "optimizer.optimizer_type") == "AdamW"
    assert "is-good" in page.do(app.run.parts["check"], "click")[app.run.parts["message"]]


@pytest.mark.parametrize("n", range(8))
def test_what_a_page_can_show_of_the_settings_from_before_the_check_names_or_takes(app, n):
    first, fields = demo_raw(app), app.form.components
    for key, value in CASES[n::8]:
        if not can_show(key, value):
            continue
        update = app.form.restore({key: value})[fields[key]]
        shown = fields[key].postprocess(update["value"])
        assert shown is None or isinstance(shown, str | bool | int)
        needed = {k: widgets.shown(OPTIONS[k], v) for k, v in met(OPTIONS[key]).items()}
        try:
            app.form.check({**first, **needed, key: shown}, "en")
        except UserError as e:
            assert e.problems


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda o: o.key)
def test_a_default_and_every_choice_can_be_held(option):
    assert can_show(option.key, widgets.shown(option, option.default))
    assert all(can_show(option.key, choice) for choice in option.choices or ())


def test_the_run_file_that_the_page_writes_holds_what_it_shows(app):
    assert check(app.form.text(demo_raw(app), "en")).config == app.form.check(demo_raw(app), "en")[1].config


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("dataset.train_batch_size", "５", 5),
        ("train.learning_rate", "０．０００１", 1e-4),
        ("train.max_train_steps", "４００", 400),
        ("train.seed", "４２", 42),
        ("dataset.resolution", "５１２、７６８", (512, 768)),
        ("optimizer.lr_warmup_steps", "１０％", 0.1),
        ("network.alpha", "８", 8.0),
    ],
)
def test_full_width_digits_are_understood_in_every_kind_of_field(app, key, typed, value):
    needed = {k: widgets.shown(OPTIONS[k], v) for k, v in met(OPTIONS[key]).items()}
    raw = {**demo_raw(app), **needed, "dataset.max_bucket_reso": "1024", key: typed}
    _, checked = app.form.check(raw, "en")
    section, name = key.split(".")
    assert getattr(getattr(checked.config, section), name) == value


def test_numbers_that_an_earlier_version_kept_are_shown_as_they_were(app, window):
    window.draft.keep({"network.rank": 5, "train.seed": 7, "train.learning_rate": 1e-4})
    app.prepare("en")
    page, field = Session(app), app.form.components
    keys = ("network.rank", "train.seed", "train.learning_rate")
    assert [page.shown[field[key]] for key in keys] == ["5", "7", "1e-4"]
    assert "Choose a preset" in page.shown[app.bar.parts["note"]]
