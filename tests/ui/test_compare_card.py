"""The cards that set the models of a run beside each other and judge them, from empty to what came of it."""

import shutil

import pytest

from core.catalog import Words
from core.config.schema.option import options_of
from core.formats import tensors
from core.tools.compare_plan import TOOL as COMPARE
from core.tools.judge_plan import TOOL as JUDGE
from core.tools.judge_plan import JudgeSettings
from core.tools.kept_model import KEPT
from core.tools.tool import Outcome, Table
from tests.test_judges import DEMO
from tests.tiny import make_tiny
from tests.tools.test_compare import a_run
from tests.tools.test_judge import fill
from tests.train.test_adapters import kohya
from tests.ui.session import Session


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    yield
    KEPT.free()


@pytest.fixture
def judged(window):
    """A run of two LoRAs in the window's output folder, and a judge beside its base model."""
    return a_judged_run(window)


def a_judged_run(window):
    models = window.workspace / "models"
    models.mkdir(parents=True, exist_ok=True)
    base = make_tiny(models / "tiny.safetensors")
    shutil.copy(DEMO / "judge.safetensors", models)
    output = window.output
    if not (output / "images").exists():
        fill(output / "images" / "1_sls frog", 3)
    for step in (10, 20):
        tensors.save(output / f"frog-{step}.safetensors", kohya(alpha=4.0 * step), {})
    return a_run(output, base, {step: f"frog-{step}.safetensors" for step in (10, 20)})


def test_the_runs_are_offered_and_what_is_for_the_console_is_not_on_the_card(app, window, judged):
    card = app.tools["judge"]
    assert "as_json" not in card.parts and "judge" in card.parts
    found = window.paths.find()
    (update,) = [new for part, new in card.offer(found).items() if part is card.parts["run"]]
    shown = window.paths.short(str(judged))
    assert update["choices"] == [(shown, shown)]
    option = next(o for o in options_of("judge", JudgeSettings) if o.name == "reference")
    assert all(shown != path for path, _ in window.paths.offered(option, found))


def test_figures_and_what_they_are_of_stand_below_the_suggestion(app, window):
    card = app.tools["judge"]
    head = (Words("Model", "モデル"), Words("Score", "総合"))
    names, rows = (Words("step <1>", "ステップ"),), (("90%",),)
    said = Words("Best: <b>", "最良：<b>")
    about = (Words("Of what.", "これは"),)
    card.job.result = Outcome((said,), table=Table(head, names, rows), about=about)
    html = card._done("en")
    assert html.index("Best: &lt;b&gt;") < html.index("step &lt;1&gt;") < html.index("Of what.")
    assert '<th class="is-number">Score' in html and "総合" in card._done("ja")
    card.job.forget()


def test_a_run_that_names_a_model_outside_the_allowed_folders_is_refused(app, window, judged, tmp_path):
    outside = make_tiny(tmp_path / "outside.safetensors")
    text = (judged / "run.toml").read_text("utf-8")
    inside = str(window.workspace / "models" / "tiny.safetensors")
    (judged / "run.toml").write_text(text.replace(inside, str(outside)), "utf-8")
    window.paths.is_local = False
    page = Session(app)
    for tool in (COMPARE, JUDGE):
        card = app.tools[tool.name]
        page.put(card.parts["run"], str(judged))
        html = [*card.start(page.shown, "en")][-1][card.parts["result"]]
        assert "outside.safetensors" in html and "is-bad" in html, tool.name


@pytest.mark.browser
def test_a_run_is_compared_and_judged_from_empty_to_its_sheet_and_its_figures(at, stage):
    stage.window.output.mkdir(parents=True, exist_ok=True)
    a_judged_run(stage.window)
    page = at()
    page.tool("card-runs")
    page.page.locator("#runs-list [data-act=open]").first.click()
    page.page.locator("#runs-list [data-named-field=judge-run]").click()
    field = page.page.locator("#judge-run input")
    field.wait_for()
    named = field.input_value()
    page.tool("card-compare")
    card = page.page.locator("#card-compare")
    card.locator("#compare-start").click()
    card.get_by_text(at.words("one of the two", "どちらか一方")).wait_for()
    card.locator("#compare-run input").click()
    page.page.get_by_role("option").first.click()
    card.locator("#compare-start").click()
    card.locator(".rw-sheets img").wait_for()
    card.locator(".rw-sheets button").click()
    page.page.locator("dialog[open] img").wait_for()
    page.page.keyboard.press("Escape")
    page.tool("card-judge")
    card = page.page.locator("#card-judge")
    assert named.endswith("20261129-120000-frog")  # as its button has said
    card.locator("#judge-count input, #judge-count textarea").fill("2")
    card.locator("#judge-start").click()
    card.locator("table").wait_for()
    assert [row.split()[:2] for row in card.locator("tbody tr").all_inner_texts()][1:] == [
        ["step", "10"], ["step", "20"],
    ]  # fmt: skip
    card.get_by_text(at.words("those that were trained", "学習用画像そのもの")).wait_for()
    assert (stage.window.output / "runs" / "20261129-120000-frog" / "judged.json").is_file()
