"""Everything that is shipped to be trained with trains: each preset from the page, and each example as it is.

Only the model, the images and their size are replaced by tiny ones; three steps of each. The guide's own
commands are trained in tests/guide.
"""

import re
from pathlib import Path

import pytest
from PIL import Image

from core.config import presets
from core.events import Saved, StepDone
from core.families import FAMILIES
from core.runner import Runner
from tests.tiny import make_tiny
from tests.ui.fake import demo_raw
from ui.window import PROJECT

PRESETS = sorted(path.stem for path in presets.SHIPPED.glob("*.toml"))
SIZES = (
    "dataset.resolution=[64, 64]",
    "dataset.min_bucket_reso=64",
    "dataset.max_bucket_reso=128",
    "sample.sample_prompts=['frog --w 64 --h 64 --s 1']",
)

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture(scope="module")
def bases(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("base")
    return {family: make_tiny(folder / f"{family}.safetensors", family=family) for family in FAMILIES}


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for folder, colour in (("train/2_sls frog", "green"), ("reg/1_frog", "brown")):
        (root / folder).mkdir(parents=True)
        for n in range(2):
            Image.new("RGB", (64, 64), colour).save(root / folder / f"{n}.png")
    return root


@pytest.fixture
def go(bases, images, tmp_path):
    """Train three steps of a run file's text; gives the run."""

    def run(text: str, family: str = "sd1", *more: str):
        handle = Runner().start(
            text,
            (
                f"model.base='{bases[family]}'",
                f"dataset.train_data_dir='{images / 'train'}'",
                f"dataset.reg_data_dir='{images / 'reg'}'",
                f"save.output_dir='{tmp_path / 'out'}'",
                f"log.logging_dir='{tmp_path / 'logs'}'",
                "train.max_train_steps=3",
                "train.max_train_epochs=''",
                *SIZES,
                *more,
            ),
        )
        assert handle.wait(120)
        assert handle.ended.status == "done", handle.ended.en
        assert max(e.step for e in handle.log.since(0) if isinstance(e, StepDone)) == 3
        return handle

    return run


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_applied_to_the_demo_trains_and_draws_its_samples(go, app, window, bases, name):
    app.bar.apply(f"shipped/{name}", "en")
    raw = demo_raw(app) | window.draft.values
    family = presets.load(presets.SHIPPED / f"{name}.toml").families[0]
    raw |= {"model.base": str(bases[family])}
    handle = go(app.form.text(raw, "en"), family)
    samples = [e for e in handle.log.since(0) if isinstance(e, Saved) and e.kind == "sample"]
    assert [sample.step for sample in samples] == [0, 3]


def test_the_demos_run_file_trains(go):
    go((PROJECT / "demo" / "run.toml").read_text("utf-8"))


def test_the_example_of_data_sets_trains(go, images, tmp_path):
    example = re.search(
        r"```toml\n(.*?)```", (PROJECT / "docs" / "datasets.md").read_text("utf-8"), re.DOTALL
    )
    named = {
        "images/frogs": "reg/1_frog",
        "images/frog": "train/2_sls frog",
        "images/all": "train/2_sls frog",
    }
    text = example[1]
    for there, here in named.items():
        text = text.replace(f'"{there}"', f"'{images / here}'")
    meta = tmp_path / "meta.json"
    meta.write_text('{"0": {"caption": "a frog"}}', encoding="utf-8")
    text = text.replace('"images/meta.json"', f"'{meta}'").replace("512", "64").replace("768", "128")
    config = tmp_path / "datasets.toml"
    config.write_text(text, encoding="utf-8")
    folders = ("dataset.train_data_dir=''", "dataset.reg_data_dir=''")
    go("format = 1\n", "sd1", *folders, f"dataset.dataset_config='{config}'")
