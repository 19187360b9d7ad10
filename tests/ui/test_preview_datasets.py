"""The preview of several datasets and of images held out."""

from __future__ import annotations

import re

import pytest

from tests.data.images import draw, fill, plan
from tests.ui.fake import demo_raw
from ui.dataset.bucket_view import bucket_table


@pytest.fixture
def data(frogs, tmp_path):
    """The folder of frogs at two sizes, a third of it held out, beside it another one as regularization."""
    (tmp_path / "reg").mkdir()
    (tmp_path / "reg" / "a.png").write_bytes((frogs / "frog 1.png").read_bytes())
    subset = f"[[datasets.subsets]]\nimage_dir = '{frogs}'\nclass_tokens = 'sls frog'\n"
    file = tmp_path / "data.toml"
    file.write_text(
        "[general]\nenable_bucket = true\nmin_bucket_reso = 64\nvalidation_split = 0.34\n"
        f"[[datasets]]\nresolution = 128\nbatch_size = 2\n{subset}"
        f"[[datasets.subsets]]\nimage_dir = '{tmp_path}/reg'\nclass_tokens = 'frog'\nis_reg = true\n"
        f"[[datasets]]\nresolution = 64\n{subset}"
    )
    return file


def shown(app, data):
    raw = {**demo_raw(app), "dataset.train_data_dir": "", "dataset.reg_data_dir": "",
           "dataset.dataset_config": str(data)}  # fmt: skip
    *_, last = app.preview.look(raw, "en")
    return last


def test_every_data_set_has_its_rows_and_held_out_images_are_marked(app, data):
    last = shown(app, data)
    html = last[app.preview.parts["html"]] + last[app.preview.parts["fields"]]
    assert "1 · 128 × 128" in html and "2 · 64 × 64" in html
    assert "1 · my frogs" in html and "2 · my frogs" in html
    marked = [figure for figure in html.split("<figure")[1:] if "validation only" in figure]
    assert len(marked) == 2  # one of three images, at both sizes


def test_folders_of_a_dataset_config_are_not_renamed(app, data):
    assert shown(app, data)[app.preview.parts["balance"]]["visible"] is False


def test_the_table_counts_images_samples_and_batches_of_each_bucket(tmp_path):
    draw(tmp_path / "t" / "2_x" / "a.png", (96, 64))
    draw(tmp_path / "t" / "2_x" / "b.png", (32, 32))
    fill(tmp_path / "r", {"1_y": 1})
    html = bucket_table(plan(tmp_path / "t", tmp_path / "r", enable_bucket=True), "en")
    # 2 x 2 training samples and as many of regularization; a.png loses a third of it, the others nothing.
    cells = re.findall("<td[^>]*>(.*?)</td>", html)
    assert [cells[0], *cells[2:]] == ["64 × 64", "2", "1", "8", "8", "11%"]
