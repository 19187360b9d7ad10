"""Models of a run beside each other: the same seeds, base and strengths, sheets of what was drawn."""

import io

import pytest
import torch
from PIL import Image

from core.cli import main
from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.control import StopRun
from core.errors import UserError
from core.events import Saved
from core.formats import tensors
from core.runs import sample_sheet
from core.tools import compare, run_models
from core.tools.compare_plan import CompareSettings, plan
from core.tools.kept_model import KEPT
from core.tools.sample import draw
from core.tools.tool import Work, checked
from tests.test_runs import DONE, PLAN, make_run
from tests.tiny import make_tiny
from tests.train.test_adapters import kohya
from tests.train.test_sample_tool import pixels
from tests.ui.test_runs_card import write

ONE = "a frog --s 1 --w 64 --h 64 --d 5"


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    KEPT.free()
    yield
    KEPT.free()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def a_run(output, base, models, method="lora", **more):
    """A run that has saved these models: step -> file name."""
    values = toml_text.values_of(RunConfig()) | {
        "model.base": str(base),
        "dataset.train_data_dir": str(output / "images"),
        "dataset.resolution": (64, 64),
        "network.method": method,
        "save.output_name": "frog",
        "sample.sample_prompts": (ONE,),
        **more,
    }
    folder = make_run(output, "20261129-120000-frog", None, toml_text.dumps(values))
    saves = [Saved("model", str(output / name), step, {"kind": "step"}) for step, name in models.items()]
    write(folder, [PLAN, *saves, DONE])
    return folder


@pytest.fixture
def run(base, tmp_path):
    """A run of three LoRAs."""
    output = tmp_path / "output"
    output.mkdir()
    for step in (10, 20, 30):
        tensors.save(output / f"frog-{step}.safetensors", kohya(alpha=float(step)), {})
    return a_run(output, base, {step: f"frog-{step}.safetensors" for step in (10, 20, 30)})


def settings(out, **more):
    return checked(CompareSettings, {"out": str(out), **more})


def compared(out, work=None, **more):
    return compare.run(settings(out, **more), work or Work())


def named(folder, ending):
    (path,) = folder.glob(f"*_{ending}.png")
    return pixels(path)


def test_every_cell_is_the_image_that_the_sample_tool_draws(run, base, tmp_path):
    compared(tmp_path / "out", run=str(run), strengths="0.5,1", most=2)
    folder = tmp_path / "out" / "frog"
    one, three = (run.parent.parent / f"frog-{step}.safetensors" for step in (10, 30))
    for ending, loras in (
        ("base", []),
        ("step-10_0.5", [f"{one}:0.5"]),
        ("step-10_1", [str(one)]),
        ("step-30_1", [str(three)]),
    ):
        assert named(folder, ending) == pixels(draw(base, loras, [ONE], tmp_path / "ours")[0])
    assert len(list(folder.glob("*_step-*.png"))) == 4


def test_a_sheet_has_the_base_model_beside_every_strength_of_every_model(run, tmp_path):
    (sheet,) = compared(tmp_path / "out", run=str(run), strengths="0.5,1").sheets
    with Image.open(sheet) as image:
        # 3 columns of 64 pixels with a margin of 12 around each; two lines of 20, three rows of 64 + 20
        assert image.size == (12 + 3 * 76, 12 + 20 + 12 + 20 + 3 * 96)
        column = [image.crop((12, top, 76, top + 64)).tobytes() for top in (84, 180, 276)]
        told = image.info["Comment"]
    assert column[0] == column[1] == column[2] == named(sheet.parent, "base")
    assert "prompt: a frog" in told and "strengths: 0.5, 1" in told and str(tmp_path) not in told


def test_the_model_is_loaded_once(run, tmp_path, monkeypatch):
    reads, whole = [], compare.try_it.Painter
    monkeypatch.setattr(compare.try_it, "Painter", lambda *given: reads.append(1) or whole(*given))
    compared(tmp_path / "out", run=str(run), strengths="1")
    assert len(reads) == 1


def test_whole_models_have_no_strength_and_stand_in_one_row(base, tmp_path):
    output = tmp_path / "output"
    output.mkdir()
    make_tiny(output / "frog.safetensors", seed=1)
    run = a_run(output, base, {40: "frog.safetensors"}, method="none")
    (sheet,) = compared(tmp_path / "out", run=str(run)).sheets
    with Image.open(sheet) as image:
        assert image.size == (12 + 2 * 76, 12 + 20 + 12 + 20 + 96)
    own = pixels(draw(output / "frog.safetensors", [], [ONE], tmp_path / "ours")[0])
    assert named(sheet.parent, "step-40") == own != named(sheet.parent, "base")


def test_prompts_of_one_text_share_a_sheet_and_each_seed_its_row(run, tmp_path):
    lines = (ONE, ONE.replace("--d 5", "--d 9"), ONE.replace("frog", "toad"))
    asked = plan(settings(tmp_path, run=str(run), prompt=lines, count=2), Work())
    assert [[prompt.seed for prompt in same] for same in asked.prompts] == [[5, 6, 9, 10], [5, 6]]


def test_a_second_comparison_gets_a_folder_of_its_own(run, tmp_path):
    (tmp_path / "frog").mkdir()
    assert plan(settings(tmp_path, run=str(run)), Work()).folder == tmp_path / "frog-2"


def test_a_run_is_found_by_its_name(run, tmp_path):
    asked = plan(settings(tmp_path, run=str(tmp_path / "output" / "frog")), Work())
    assert [model.saved.step for model in asked.lineup.models] == [10, 20, 30]


@pytest.mark.parametrize(("most", "steps"), [(1, [5]), (2, [1, 5]), (3, [1, 3, 5]), (9, [1, 2, 3, 4, 5])])
def test_of_many_models_some_are_taken_evenly(most, steps):
    assert run_models.spread([1, 2, 3, 4, 5], most) == steps


def test_what_was_drawn_before_a_stop_is_kept_and_shown(run, tmp_path):
    work, done = Work(), []

    def progress(stage, at, total):
        done.append(stage)
        if done.count("sample") == 2:
            work.control.stop()

    stopping = Work(progress, work.control)
    found = compared(tmp_path / "out", stopping, run=str(run), strengths="1")
    assert (found.exit_code, len(found.sheets)) == (3, 1)
    assert "after 2 of 4 images" in found.problems[0].en


def test_a_stop_before_the_first_image_leaves_nothing(run, tmp_path):
    work = Work()
    work.control.stop()
    with pytest.raises(StopRun):
        compared(tmp_path / "out", work, run=str(run))
    assert not (tmp_path / "out").exists()


WRONG = {
    "one of the two": {"run": None},
    "there is no run": {"run": "nowhere"},
    "such as 0.6,0.8,1": {"strengths": "much"},
    "from -4 to 4": {"strengths": "9"},
    "name the model": {"run": None, "adapters": ("x.safetensors",)},
}


def test_a_file_in_the_place_of_the_folder_is_refused(run, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="no folder can be made"):
        compared(tmp_path / "file", run=str(run))


def test_a_run_whose_base_model_is_gone_is_refused(base, run, tmp_path):
    text = (run / "run.toml").read_text("utf-8").replace(str(base), str(tmp_path / "gone.safetensors"))
    (run / "run.toml").write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"There is no file or folder .*gone"):
        compared(tmp_path / "out", run=str(run))


def test_a_run_file_whose_output_name_would_be_a_path_is_refused(run, tmp_path):
    text = (run / "run.toml").read_text("utf-8").replace('output_name = "frog"', 'output_name = "../frog"')
    (run / "run.toml").write_text(text, "utf-8")
    with pytest.raises(UserError, match="output_name"):
        compared(tmp_path / "out", run=str(run))


@pytest.mark.parametrize("words", WRONG)
def test_wrong_settings_are_refused_with_one_sentence_and_leave_nothing(run, tmp_path, words):
    with pytest.raises(UserError, match=words) as refused:
        compared(tmp_path / "out", **{"run": str(run), **WRONG[words]})
    assert (len(refused.value.problems), refused.value.exit_code) == (1, 2)
    assert not (tmp_path / "out").exists()


def test_adapter_files_are_compared_on_a_model_that_is_named(base, tmp_path):
    paths = [str(tensors.save(tmp_path / f"{n}.safetensors", kohya(alpha=n), {})) for n in (4.0, 8.0)]
    found = compared(
        tmp_path / "out", adapters=tuple(paths), base=str(base), prompt=(ONE,), strengths="1", most=1
    )
    assert sorted(path.name for path in found.sheets[0].parent.iterdir()) == [
        "0000_base.png", "0001_4.0_1.png", "0002_8.0_1.png", "sheet-01.png",
    ]  # fmt: skip


def test_a_cell_without_an_image_stays_blank():
    red = Image.new("RGB", (10, 10), (255, 0, 0))
    sheet = sample_sheet.drawn(["a", "b"], [("x", [None, red])])
    assert sheet.getpixel((15, 55)) == (255, 255, 255) and sheet.getpixel((40, 55)) == (255, 0, 0)


def test_the_console_refuses_a_run_that_is_none(tmp_path, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    words = [str(tmp_path / "out"), "--run", str(tmp_path / "none")]
    assert main(["tools", "--lang", "en", "compare", *words]) == 2
    assert "there is no run at" in out.getvalue() and not (tmp_path / "out").exists()


def test_the_run_and_a_path_in_its_file_are_resolved_by_the_callers_rule(run, tmp_path):
    asked = []
    plan(settings(tmp_path, run=str(run)), Work(place=lambda path, key: asked.append(key) or path))
    assert asked == ["run", "model.base"]


def a_word(path, seed):
    """Two vectors of the tiny model's width."""
    drawn = torch.randn(2, 16, generator=torch.Generator().manual_seed(seed))
    return tensors.save(path, {"emb_params": drawn}, {})


WORD = {"embedding.token_string": "frg-x", "sample.sample_prompts": (ONE.replace("frog", "frg-x"),)}


def test_a_word_that_a_run_taught_is_read_by_its_vectors_of_each_step(base, tmp_path):
    output = tmp_path / "output"
    output.mkdir()
    steps = {10: "frog-10.safetensors", 20: "frog-20.safetensors"}
    for step, name in steps.items():
        a_word(output / name, step)
    run = a_run(output, base, steps, method="embedding", **WORD)
    (sheet,) = compared(tmp_path / "out", run=str(run)).sheets
    images = [named(sheet.parent, ending) for ending in ("base", "step-10", "step-20")]
    assert len(set(images)) == 3
    plain = WORD["sample.sample_prompts"][0]
    assert images[0] == pixels(draw(base, [], [plain], tmp_path / "ours")[0])


def test_a_word_that_was_taught_with_a_lora_is_read_beside_it(run, base, tmp_path):
    a_word(run.parent.parent / "frog-30_emb.safetensors", 3)
    file = run / "run.toml"
    text = file.read_text("utf-8").replace('token_string = ""', 'token_string = "frg-x"')
    file.write_text(text.replace("a frog --s", "a frg-x --s"), "utf-8")
    compared(tmp_path / "out", run=str(run), strengths="1", most=2)
    with_word, lora = tmp_path / "out" / "frog", str(run.parent.parent / "frog-30.safetensors")
    plain = WORD["sample.sample_prompts"][0]
    assert named(with_word, "step-30_1") != pixels(draw(base, [lora], [plain], tmp_path / "ours")[0])
    first = str(run.parent.parent / "frog-10.safetensors")  # no word lies beside it
    assert named(with_word, "step-10_1") == pixels(draw(base, [first], [plain], tmp_path / "ours")[0])
