"""Sample prompts are looked at before anything is loaded: what is wrong is named with its line."""

import json
import random
import time

import pytest

from core.cli import main
from core.config.schema.run import RunConfig
from core.errors import UserError
from core.runs.sample_prompts import parse, problems

TABLES = '[prompt]\nwidth = 128\n[[prompt.subset]]\nprompt = "a frog"\n[[prompt.subset]]\nprompt = "a toad"\n'


def config(*lines, **sample):
    return RunConfig.model_validate({"sample": {"sample_prompts": list(lines), **sample}})


def said(*lines, **sample):
    return [(problem.code, problem.text("en")) for problem in problems(config(*lines, **sample))]


def test_an_option_that_does_not_exist_is_an_error_that_names_the_prompt():
    [(code, text)] = said("a frog", "a toad --q 5")
    assert code == "E-SAMPLE-PROMPT"
    assert text == (
        "sample.sample_prompts: prompt 2 ('a toad --q 5'): there is no option --q; "
        "there are --n --w --h --d --s --l --ss."
    )


@pytest.mark.parametrize(
    "option", ["--w wide", "--h 1e3", "--s", "--d 1.5", "--l nan", "--l inf", "--w ٣", "--ss x"]
)
def test_a_value_that_is_no_number_or_no_sampler_is_an_error(option):
    [(code, text)] = said(f"a frog {option}")
    assert code == "E-SAMPLE-PROMPT" and option.split()[0].replace("--ss", "sampler") in text


def test_every_fault_of_every_prompt_is_told_at_once():
    assert [code for code, _ in said("a --q 1 --w x", "b", "c --s y")] == ["E-SAMPLE-PROMPT"] * 3


def test_a_size_that_is_rounded_is_said_with_what_is_drawn():
    # 100 // 8 * 8 = 96; 30 is below the least side.
    assert said("a frog --w 100 --h 30") == [
        (
            "W-SAMPLE-PROMPT",
            "sample.sample_prompts: prompt 1 ('a frog --w 100 --h 30'): a size of 100×30 is drawn as 96×64: "
            "sides are multiples of 8 from 64 to 4096.",
        )
    ]
    assert said("a frog --w 512 --h 768") == []


@pytest.mark.parametrize(("option", "used"), [("--s 0", 1), ("--s 5000", 1000), ("--d -1", 0)])
def test_a_number_out_of_its_range_is_said_with_what_is_used(option, used):
    [(code, text)] = said(f"a frog {option}")
    assert code == "W-SAMPLE-PROMPT" and text.endswith(f"{option} is read as {used}.")


def test_full_width_numbers_are_read():
    (prompt,) = parse(["a frog --w ５１２ --h ７６８ --l ３．５ --d ７"], (64, 64), 1)
    assert (*prompt.size, prompt.guidance, prompt.seed) == (512, 768, 3.5, 7)


def test_a_line_of_options_alone_is_no_text():
    (prompt,) = parse(["--w 128 --h 64"], (64, 64), 1)
    assert prompt.text == "" and tuple(prompt.size) == (128, 64)


def test_a_file_that_is_not_there_is_an_error_with_its_path(tmp_path):
    [problem] = problems(config(str(tmp_path / "none.txt")))
    assert (problem.code, problem.path) == ("E-SAMPLE-FILE", str(tmp_path / "none.txt"))
    assert "no such file" in problem.en and problem.en != problem.ja


def test_what_is_wrong_in_a_file_is_told_with_its_line_and_in_json_with_its_number(tmp_path):
    for name, text, line in (
        ("a.txt", "# mine\na frog\n\na toad --q 5\n", 4),
        ("a.toml", TABLES + "seed = 'x'\n", 5),
        ("a.json", '[\n "a frog",\n {"prompt": "a toad", "hight": 64}\n]', None),
        ("b.toml", TABLES + "width = \n", 7),
        ("b.json", '[\n "a frog",\n', 3),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        [problem] = problems(config(str(tmp_path / name)))
        assert (problem.path, problem.line) == (str(tmp_path / name), line), problem
        assert line is not None or problem.en.startswith("prompt 2 ")


@pytest.mark.parametrize(
    "text",
    [
        '[{"prompt": "a", "width": 1e999}]', '[{"prompt": "a", "scale": NaN}]',
        '[{"prompt": "a", "seed": true}]',
        '[{"prompt": "a", "seed": ' + "9" * 5000 + "}]", "[" * 100_000, '{"prompt": "a"}', "[5]", "[[]]",
        '[{"prompt": "\\ud800"}]', '[{"prompt": ["a"]}]', '[{"prompt": "a", "sample_sampler": []}]',
        '[{"prompt": "a", "width": 512.5}]', '[{"prompt": "a", "prompt": "b"}]',
    ],
)  # fmt: skip
def test_a_json_of_odd_values_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "prompts.json"
    path.write_text(text, encoding="utf-8")
    [problem] = problems(config(str(path)))
    assert problem.is_error and problem.path == str(path)


@pytest.mark.parametrize(
    "text", ["prompt = 5", "[prompt]\nsubset = 5", "[prompt]\nsubset = [1]", "a = " + "[" * 9999]
)
def test_a_toml_without_prompts_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "prompts.toml"
    path.write_text(text, encoding="utf-8")
    [problem] = problems(config(str(path)))
    assert problem.code == "E-SAMPLE-FILE" and problem.path == str(path)


def test_prompts_that_are_comments_only_are_said_and_an_error_where_images_are_wanted(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("# a frog\n\n", encoding="utf-8")
    for lines in ([str(path)], ["# a frog"]):
        assert [code for code, _ in said(*lines)] == ["W-SAMPLE-NONE"]
        assert [code for code, _ in said(*lines, sample_every_n_steps=5)] == ["E-SAMPLE-NONE"]


def test_of_more_prompts_than_most_trainings_take_there_is_a_warning():
    lines = [f"frog {n}" for n in range(101)]
    assert [code for code, _ in said(*lines, sample_every_n_steps=5)] == ["W-SAMPLE-MANY"]
    assert said(*lines[:100], sample_every_n_steps=5) == []


def test_check_tells_of_the_prompts_and_ends_with_2(tmp_path, capfd):
    run, file = tmp_path / "run.toml", tmp_path / "p.txt"
    file.write_text("a frog\na toad --q 5\n", encoding="utf-8")
    run.write_text(
        f"[model]\nbase = 'none'\n[dataset]\ntrain_data_dir = 't'\n[sample]\nsample_prompts = '{file}'\n"
    )
    assert main(["check", str(run), "--lang", "en"]) == 2
    assert f"{file}:2: sample.sample_prompts: prompt 2" in capfd.readouterr().out


def test_a_run_is_refused_for_its_prompts_before_anything_is_loaded(configure, train):
    with pytest.raises(UserError, match="there is no option --q"):
        train(configure(sample={"sample_prompts": ["a frog --q 5"]}))


def test_300_mutated_prompt_files_are_read_or_refused(tmp_path, caplog):
    rng = random.Random(5)
    valid = {
        "p.txt": "a frog --w 128 --h 64 --s 5\n# no\na toad --n wet --l 3.5 --ss k_euler\n",
        "p.toml": TABLES + 'negative_prompt = "wet"\nsample_steps = 9\n',
        "p.json": json.dumps([{"prompt": "a", "width": 64, "seed": 5, "scale": 2.5}, "b --s 9"], indent=1),
    }
    odd = [
        "",
        "\0",
        "[",
        "{",
        '"',
        "--",
        "9" * 5000,
        "1e999",
        "null",
        "[]",
        "é",
        "\ud7ff",
        " --w",
        "\n",
        "true",
    ]
    for n in range(300):
        name, text = rng.choice(sorted(valid.items()))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(odd) + text[at + rng.randint(0, 6) :]
        path = tmp_path / f"{n}{name}"
        path.write_text(text, encoding="utf-8")
        start = time.process_time()
        assert all(problem.text("en") and problem.text("ja") for problem in problems(config(str(path)))), text
        assert time.process_time() - start < 1
    assert "could not be read" not in caplog.text


@pytest.mark.parametrize("line", ["/data/my prompts.md", r"C:\p\prompts.text", "~/prompts.csv", "/p.prompts"])
def test_the_path_of_a_file_with_another_ending_is_not_drawn_as_a_prompt(line):
    with pytest.raises(UserError) as caught:
        parse([line], (64, 64), 1)
    (problem,) = caught.value.problems
    assert problem.code == "E-SAMPLE-FILE"
    assert ".txt, .toml, .json" in problem.en


@pytest.mark.parametrize(
    "line", ["/imagine a cat", "a/b.md in a frame", "/x.md --w 64", "a cat v1.5", "c:d.e"]
)
def test_a_prompt_that_only_looks_a_little_like_a_path_is_drawn(line):
    assert [prompt.text for prompt in parse([line], (64, 64), 1)] == [line.partition(" --")[0]]


def test_a_zero_as_files_in_utf_16_without_their_mark_hold_it_is_no_text(tmp_path):
    (tmp_path / "p.txt").write_bytes("frog".encode("utf-16-le"))
    with pytest.raises(UserError) as caught:
        parse([str(tmp_path / "p.txt")], (64, 64), 1)
    assert [problem.code for problem in caught.value.problems] == ["E-SAMPLE-PROMPT"]
