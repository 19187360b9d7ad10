"""A run file is read by one checker, which says every fault with its line."""

import pytest

from core.config.check import check
from core.config.file.toml_text import toml_value
from core.errors import ConfigError
from core.models.messages import MISSING

GOOD = 'format = 1\n[model]\nbase = "m.safetensors"\n[dataset]\ntrain_data_dir = "t"\n'


def faults(text: str, lang: str = "en", overrides: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check(text, overrides)
    return [problem.text(lang) for problem in caught.value.problems if problem.is_error]


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_name():
    text = GOOD + "[train]\nlearning_rat = 1e-4\n"
    assert faults(text) == ["line 7: train.learning_rat: no such option; did you mean learning_rate?"]


def test_a_misspelt_key_is_named_in_japanese_too():
    text = GOOD + "[train]\nlearning_rat = 1e-4\n"
    assert faults(text, "ja") == [
        "7行目: train.learning_rat: そのようなオプションはありません。learning_rateの間違いではありませんか？"
    ]


def test_a_number_in_quotes_is_refused_and_shown():
    assert faults(GOOD + '[train]\nlearning_rate = "1e-4"\n') == [
        "line 7: train.learning_rate: must be a number, not '1e-4'."
    ]


@pytest.mark.parametrize("value", ["500", "'500,512'", "[500, 512]", "[512, 500]"])
def test_a_resolution_of_500_is_refused_and_512_is_offered(value):
    text = GOOD + f"resolution = {value}\n"
    assert faults(text) == [
        "line 6: dataset.resolution: must be a multiple of 64, not 500; 512 is the nearest."
    ]


def test_all_faults_are_told_at_once_in_the_order_of_their_lines():
    text = 'format = 1\n[model]\nfamily = "sdx1"\n[dataset]\ntrain_batch_size = 0\nresolution = 100\n'
    found = faults(text)
    assert [line.split(":")[0] for line in found[:3]] == ["line 3", "line 5", "line 6"]


def test_a_true_where_a_number_belongs_is_refused():
    assert faults(GOOD + "[train]\nmax_train_steps = true\n") == [
        "line 7: train.max_train_steps: must be a whole number, not true."
    ]


@pytest.mark.parametrize("value", ["nan", "inf", "-1.0"])
def test_a_learning_rate_must_be_a_finite_number_from_zero_up(value):
    assert len(faults(GOOD + f"[train]\nlearning_rate = {value}\n")) == 1


def test_a_windows_path_in_double_quotes_is_explained():
    found = faults('[model]\nbase = "C:\\models\\x"\n')
    assert found[0].startswith("line 2: ") and "single quotes" in found[0]


def test_colour_augmentation_and_cached_latents_exclude_each_other():
    found = faults(GOOD + "cache_latents = true\ncolor_aug = true\n")
    assert found == [
        "line 7: dataset.color_aug: cannot be used with dataset.cache_latents: "
        "cached latents never change. Turn one of them off."
    ]


def test_mirroring_and_cached_latents_go_together():
    assert check(GOOD + "cache_latents = true\nflip_aug = true\n").config.dataset.flip_aug


@pytest.mark.parametrize(
    ("written", "size"),
    [("512", (512, 512)), ('"512"', (512, 512)), ('"768,512"', (768, 512)), ("[768, 512]", (768, 512))],
)
def test_a_resolution_may_be_written_in_the_guides_ways(written, size):
    assert check(GOOD + f"resolution = {written}\n").config.dataset.resolution == size


def test_an_override_is_checked_like_the_file():
    assert faults(GOOD, overrides=("train.max_train_steps=0",)) == [
        "train.max_train_steps: must be at least 1, not 0."
    ]


def test_an_override_wins_over_the_file():
    text = GOOD + "[train]\nmax_train_steps = 7\n"
    assert check(text, ["train.max_train_steps=5"]).config.train.max_train_steps == 5


def test_an_override_that_is_no_toml_says_how_to_write_text():
    assert "'text'" in faults(GOOD, overrides=("save.output_dir=out",))[0]


def test_a_byte_order_mark_is_no_fault():
    assert check("\ufeff" + GOOD).config.model.base == "m.safetensors"


def test_an_option_of_another_method_is_a_notice_with_its_line():
    checked = check(GOOD + '[network]\nmethod = "none"\nrank = 8\n')
    assert [n.text("en") for n in checked.notices] == [
        "line 8: network.rank: has no effect with method none."
    ]


def test_a_file_of_a_newer_format_is_refused():
    assert "format 2" in faults("format = 2\n" + GOOD.split("\n", 1)[1])[0]


@pytest.mark.parametrize(
    "name", ["a/b", "CON", "aux.txt", "x.", " x", "x ", "a:b", "a?b", "x\u202ey", "a\nb", "a\0b"]
)
def test_an_output_name_must_be_a_file_name_on_every_system(name):
    with pytest.raises(ConfigError) as refused:
        check(GOOD, (f"save.output_name={toml_value(name)}",))
    assert [(p.code, p.key) for p in refused.value.problems] == [("E-CFG-NAME", "save.output_name")]


@pytest.mark.parametrize("name", ["frog", "--help", "-c", ";x", "$(touch x)", "`x`", "%COMSPEC%"])
def test_an_output_name_that_only_a_shell_would_mind_is_taken_literally(name):
    assert check(GOOD, [f"save.output_name={toml_value(name)}"]).config.save.output_name == name


def test_a_base_model_is_needed():
    assert "base model" in faults('format = 1\n[dataset]\ntrain_data_dir = "t"\n')[0]


def test_an_empty_text_means_not_set_where_an_option_may_be_left_out():
    assert check(GOOD + 'reg_data_dir = ""\n').config.dataset.reg_data_dir is None


def test_sampling_without_a_prompt_is_refused():
    assert "no prompt" in faults(GOOD + "[sample]\nsample_every_n_steps = 5\n")[0]


@pytest.mark.parametrize(
    ("text", "line", "column", "shown", "why"),
    [
        ("[train]\nlearning_rate = 1e-4x\n", 2, 21, "learning_rate = 1e-4x", "one setting a line"),
        ("[train]\nlearning_rate\n", 2, 14, "learning_rate", "there is no ="),
        ("seed = 1\nseed = 2\n", 2, 9, "seed = 2", "set above already"),
        ("[train\nseed = 1\n", 1, 7, "[train", "the ] of the section"),
        ("a = [1, 2\n", 1, 10, "a = [1, 2", "a [ is not closed"),
        ('a = "x\nb = 1\n', 1, 7, 'a = "x', "a quote is not closed"),
        ("a = \n", 1, 5, "a =", "not understood"),
        ("x = 1" + " " * 200 + "y\n", 1, 206, "y", "one setting a line"),
    ],
)
def test_a_fault_of_syntax_is_told_with_line_column_and_the_line_itself(text, line, column, shown, why):
    with pytest.raises(ConfigError) as refused:
        check(text)
    [problem] = refused.value.problems
    assert (problem.code, problem.line, problem.facts["column"]) == ("E-CFG-SYNTAX", line, column)
    assert why in problem.facts["why"].en and problem.facts["line_text"].endswith(shown)
    assert problem.text("en").endswith(shown) and len(problem.text("en")) < 250


def test_a_fault_of_syntax_is_told_in_japanese_words():
    [said] = faults("seed = 1\nseed = 2\n", "ja")
    assert said == "2行目: TOMLとして読めません。この名前はすでに設定されています（9文字目）：seed = 2"


def test_full_width_signs_in_a_run_file_are_pointed_out():
    assert "full-width" in faults("学習率＝1\n")[0] and "半角" in faults("seed ＝ 1\n", "ja")[0]


def test_a_file_cut_in_the_middle_of_a_text_is_told_with_its_last_line():
    [said] = faults(GOOD + 'output_dir = """abc\ndef\n\n')
    assert said.startswith("line 7: ") and "a quote is not closed" in said


@pytest.mark.parametrize(
    "value", ["'1e-6'", "true", "[1e-6]", "nan", "inf", "-inf", "-1e-6", "1e400", "{}", "1979-05-27"]
)
def test_a_rate_of_another_type_or_out_of_its_range_is_refused_with_its_line(value):
    [said] = faults(GOOD + f"[train]\nlearning_rate = {value}\n")
    assert said.startswith("line 7: train.learning_rate: must be ")
    assert any(word in said for word in ("a number", "a finite number", "at least 0"))


def test_the_least_value_is_told_as_people_write_it():
    assert faults(GOOD + "[train]\nlearning_rate = -1\n")[0].endswith("must be at least 0, not -1.")


def test_the_few_names_that_hold_the_words_are_told():
    assert faults(GOOD + "[train]\nmax_steps = 5\n")[0].endswith(
        "no such option; did you mean max_train_steps or max_validation_steps?"
    )
    assert "did you mean" not in faults(GOOD + "[train]\ntraining_method = 'LORA'\n")[0]


@pytest.mark.parametrize("text", ["network = 5", "[[network]]\nrank = 4"])
def test_a_section_that_is_no_table_is_told_how_one_is_written(text):
    assert any(
        "network: is a section, not an option; write [network] once, and its options below it." in line
        for line in faults(f"{text}\n{GOOD}")
    )


def test_what_comes_to_light_later_names_its_file_and_the_line_of_its_option():
    missing = MISSING(key="model.base", path="/no/such.safetensors")
    (placed,) = check(GOOD).located([missing])
    assert placed.text("en") == "line 3: model.base: There is no file or folder /no/such.safetensors."


def test_an_emptied_number_is_told_with_its_default():
    text = f'{GOOD}[train]\nmax_train_steps = ""\n'
    assert faults(text) == ["line 7: train.max_train_steps: is empty; the default is 1600."]
