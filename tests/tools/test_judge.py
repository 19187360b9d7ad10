"""Judging the models of a run: with what they are compared, what is kept, what is suggested."""

import io
import json
from types import SimpleNamespace

import pytest
from PIL import Image

from core.cli import main
from core.control import StopRun
from core.errors import UserError
from core.formats import tensors
from core.judges.scores import Ends, Score
from core.runs import checkpoints, judgement, past_runs
from core.tools import judge, judge_words
from core.tools.judge_plan import JudgeSettings, plan
from core.tools.tool import Work, checked
from tests import judges
from tests.tools.test_compare import _nothing_is_kept as _nothing_is_kept
from tests.tools.test_compare import a_run
from tests.tools.test_compare import base as base
from tests.train.test_adapters import kohya


@pytest.fixture(scope="module")
def dinov2(tmp_path_factory):
    return judges.dinov2(tmp_path_factory.mktemp("dinov2"))


def fill(folder, count, first=0):
    folder.mkdir(parents=True)
    for n in range(count):
        Image.new("RGB", (64, 64), (20 * n + first, 90, 200 - 15 * n)).save(folder / f"{n}.png")
    return folder


@pytest.fixture
def run(base, tmp_path):
    """A run of two LoRAs, trained on four images of sls frog."""
    output = tmp_path / "output"
    fill(output / "images" / "1_sls frog", 4)
    for step in (10, 20):
        tensors.save(output / f"frog-{step}.safetensors", kohya(alpha=4.0 * step), {})
    return a_run(output, base, {step: f"frog-{step}.safetensors" for step in (10, 20)})


def settings(run, **more):
    return checked(JudgeSettings, {"run": str(run), "count": 2, **more})


def test_prompts_and_images_come_from_the_run(run):
    asked = plan(settings(run), Work())
    assert ([p.text for p in asked.subject], [p.text for p in asked.classes]) == (["sls frog"], ["frog"])
    assert (asked.subject[0].steps, asked.subject[0].size) == (1, (64, 64))  # as its sample prompt has them
    assert (asked.kind, len(asked.held_out), len(asked.trained)) == ("trained", 4, 4)


def test_the_validation_images_of_the_run_are_taken_where_it_holds_some_out(run):
    text = (run / "run.toml").read_text("utf-8").replace("validation_split = 0.0", "validation_split = 0.5")
    (run / "run.toml").write_text(text, "utf-8")
    asked = plan(settings(run), Work())
    assert (asked.kind, len(asked.held_out), len(asked.trained)) == ("validation", 2, 2)
    assert not {*asked.held_out} & {*asked.trained}


@pytest.mark.parametrize("inner", ["", "3_frog"])
def test_a_folder_of_images_that_is_given_is_taken(run, tmp_path, inner):
    fill(tmp_path / "own" / inner, 3)
    asked = plan(settings(run, reference=str(tmp_path / "own")), Work())
    assert (asked.kind, len(asked.held_out)) == ("given", 3)


def test_the_models_are_judged_and_the_best_is_marked_in_the_list_of_the_run(run, dinov2):
    found = judge.run(settings(run, judge=str(dinov2)), Work())
    names = [line[0].split(" ★")[0] for line in found.table.lines("en")]
    assert names == ["Model", "base model", "step 10", "step 20"]
    assert [problem.code for problem in found.problems if problem.code == "W-JUDGE-TRAINED"]
    kept = judgement.of(run)
    assert set(kept) == {("frog-10.safetensors", 10), ("frog-20.safetensors", 20)}
    (listed,) = past_runs.past_runs(run.parent.parent)
    marked = [one.path.name for one in checkpoints.of_run(listed) if one.judged and one.judged.is_best]
    told = [one for one in kept.values() if one.score is not None]
    assert marked == ([max(told, key=lambda one: (one.score, -one.step)).file] if told else [])
    assert all(0 <= one.drift <= 2 and one.nearest is not None for one in kept.values())
    about = json.loads((run / judgement.FILE).read_text("utf-8"))
    assert (about["compared_with"], about["prompts"], about["class_prompts"]) == (
        "trained", ["sls frog"], ["frog"],
    )  # fmt: skip
    assert str(run.parent) not in json.dumps(about)


def test_an_image_that_cannot_be_read_is_left_out_and_told(run, dinov2, tmp_path):
    own = fill(tmp_path / "own", 3)
    (own / "2.png").write_bytes(b"no image")
    found = judge.run(settings(run, judge=str(dinov2), reference=str(own), most=1), Work())
    assert [problem.path for problem in found.problems if problem.code == "W-JUDGE-IMAGE"] == [
        str(own / "2.png")
    ]
    assert json.loads((run / judgement.FILE).read_text("utf-8"))["images"] == 2


def test_json_is_all_that_is_printed(run, dinov2, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    words = [str(run), "--judge", str(dinov2), "--count", "2", "--most", "1", "--json"]
    assert main(["tools", "--lang", "en", "judge", *words]) == 0
    assert [model["step"] for model in json.loads(out.getvalue())["models"]] == [20]


def test_a_stop_leaves_what_was_said_before(run, dinov2):
    (run / judgement.FILE).write_text("{}")
    work = Work()
    stopping = Work(lambda stage, *_: stage == "sample" and work.control.stop(), work.control)
    with pytest.raises(StopRun):
        judge.run(settings(run, judge=str(dinov2)), stopping)
    assert (run / judgement.FILE).read_text() == "{}"


def test_of_equal_scores_the_model_that_was_trained_least_is_suggested():
    found = [Score(0, 0, 0, 0, value) for value in (0.5, 0.7, 0.7, None)]
    assert judge.suggested(found) == 1 and judge.suggested(found[3:]) is None


def test_a_model_that_scores_nothing_is_not_suggested_and_that_is_said():
    assert judge.suggested([Score(0, 0, 0, 0, value) for value in (0.0, None, 0.0)]) is None
    models = [judgement.Judged("a", 10, 0.5, 0.0, 0.5, 1.0, 0.0)]
    (said,) = judge_words.lines(models)
    assert said.en.startswith("No suggestion: each model has learned nothing of the subject")


@pytest.mark.parametrize(("score", "codes"), [(0.4, ["W-JUDGE-LOW"]), (0.6, []), (None, [])])
def test_that_no_model_is_good_is_said(score, codes):
    asked = SimpleNamespace(kind="given", classes=("frog",))
    basis = SimpleNamespace(learned=Ends(0, 1), kept=Ends(0, 1))
    models = [judgement.Judged("a", n, 0.5, 0.5, 0.5, 0.5, value) for n, value in enumerate((0.1, score))]
    models = models[1:] if score is None else models
    assert [problem.code for problem in judge._problems(asked, basis, models)] == codes


WRONG = {
    "there is no run": {"run": "nowhere"},
    "holds 1 image;": {"reference": "one"},
    "no model that images": {"judge": "one"},
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_settings_are_refused_with_one_sentence_and_leave_nothing(run, tmp_path, monkeypatch, words):
    fill(tmp_path / "one", 1)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=words) as refused:
        judge.run(checked(JudgeSettings, {"run": str(run), **WRONG[words]}), Work())
    assert (len(refused.value.problems), refused.value.exit_code) == (1, 2)
    assert not (run / judgement.FILE).exists()


def test_a_run_whose_images_are_gone_asks_for_a_folder(run):
    (run.parent.parent / "images").rename(run.parent.parent / "elsewhere")
    with pytest.raises(UserError, match="give a folder with two images"):
        plan(settings(run), Work())


def test_a_folder_that_may_not_be_written_is_asked_about_before_the_work(run):
    def refuse(folder):
        raise UserError(judge.messages.NO_RUN(path=folder, folder="x"))

    with pytest.raises(UserError):
        plan(settings(run), Work(may_write=refuse))


@pytest.mark.parametrize("text", ["", "[1]", '{"format": 1}', '{"format": 1, "models": [{"file": 1}]}', "{"])
def test_a_record_that_is_none_of_ours_is_passed_over(tmp_path, text):
    (tmp_path / judgement.FILE).write_text(text)
    assert judgement.of(tmp_path) == {}
