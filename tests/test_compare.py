"""Past runs beside each other: what was set otherwise, and images that belong together."""

from core.events import Saved, StepDone
from core.runs import compare, past_runs
from tests.test_runs import PLAN, make_run

LOW = '[network]\nmethod = "lora"\nrank = 8\n[train]\nlearning_rate = 1e-4\n[save]\noutput_name = "a"\n'
HIGH = '[network]\nmethod = "lora"\nrank = 32\n[train]\nlearning_rate = 1e-4\n[save]\noutput_name = "b"\n'


def sample(step, prompt="sls frog", number=0, seed=1):
    info = {"number": number, "prompt": prompt, "seed": seed}
    return Saved("sample", f"step-{step:08d}_{number:02d}_{seed}.png", step, info)


def make_story(tmp_path, name, events=(), run_file=LOW):
    record = past_runs.read(make_run(tmp_path, f"20261122-12000{name}", [PLAN, *events], run_file))
    assert record is not None
    return compare.story(record)


def test_only_what_was_set_otherwise_is_told_and_no_names_of_results(tmp_path):
    stories = [make_story(tmp_path, 1), make_story(tmp_path, 2, run_file=HIGH)]
    assert [(o.key, values) for o, values in compare.differing(stories)] == [("network.rank", (8, 32))]


def test_an_option_that_a_file_does_not_name_has_its_default(tmp_path):
    silent = make_story(tmp_path, 1, run_file=LOW.replace("rank = 8\n", ""))
    named = make_story(tmp_path, 2, run_file=LOW.replace("rank = 8", "rank = 4"))
    assert compare.differing([silent, named]) == []


def test_an_option_without_effect_in_a_run_has_no_value_there(tmp_path):
    whole = LOW.replace('"lora"', '"none"')
    stories = [make_story(tmp_path, 1, run_file=whole), make_story(tmp_path, 2)]
    found = {option.key: values for option, values in compare.differing(stories)}
    assert found["network.rank"] == (None, 8)


def test_curves_leave_out_what_is_no_number(tmp_path):
    steps = [StepDone(n, 3, 1, loss, {}, 1.0, 0.5) for n, loss in ((1, 0.5), (2, float("nan")), (3, 0.25))]
    assert make_story(tmp_path, 1, steps).losses == [(1, 0.5), (3, 0.25)]


def test_steps_are_common_when_every_run_with_images_has_them(tmp_path):
    stories = [
        make_story(tmp_path, 1, [sample(0), sample(100), sample(200)]),
        make_story(tmp_path, 2, [sample(0), sample(200), sample(300)]),
        make_story(tmp_path, 3),
    ]
    assert compare.common_steps(stories) == [0, 200]


def test_images_belong_together_by_prompt_and_seed(tmp_path):
    one = make_story(
        tmp_path, 1, [sample(10, "frog", 0), sample(10, "sls frog", 1), sample(20, "sls frog", 1)]
    )
    other = make_story(tmp_path, 2, [sample(30, "sls frog", 0)])
    assert compare.prompts([one, other]) == [("sls frog", 1), ("frog", 1)]
    last = [compare.image(told, ("sls frog", 1), None) for told in (one, other)]
    assert [(step, path.name) for step, path in last if path] == [
        (20, "step-00000020_01_1.png"),
        (30, "step-00000030_00_1.png"),
    ]
    assert compare.image(other, ("frog", 1), None) is None
    assert compare.image(one, ("sls frog", 1), 30) is None


def test_a_foreign_sample_does_not_break_the_story(tmp_path):
    odd = Saved("sample", "x.png", 5, {"number": "first", "prompt": "sls frog", "seed": 1})
    assert make_story(tmp_path, 1, [odd, sample(5)]).images.keys() == {("sls frog", 1)}
