"""The plan in plain words."""

from core.config.schema.train import TrainConfig
from core.data.plan import as_json, as_text
from tests.data.images import draw, fill, plan


def whole(tmp_path):
    train = fill(tmp_path / "t", {"3_sls frog": 2})
    draw(train / "3_sls frog" / "wide.png", (96, 64))
    return plan(train, fill(tmp_path / "r", {"1_frog": 1}), enable_bucket=True, train_batch_size=4)


def test_the_report_tells_folders_epoch_buckets_run_and_notices(tmp_path):
    lines = as_text.text(
        whole(tmp_path), "en", TrainConfig(max_train_steps=10), count_tokens=lambda text: 2
    ).splitlines()
    assert f"  {tmp_path / 't' / '3_sls frog'}: 3 images, 3 repeats, 9 in an epoch, words `sls frog`" in lines
    assert f"  {tmp_path / 'r' / '1_frog'}: 1 image, 1 repeat, 9 in an epoch, words `frog`" in lines
    assert "  9 training samples + 9 regularization samples in 5 batches: 5 steps" in lines
    assert "  10 steps, 2 epochs" in lines
    assert "  64×64: 4 images, 18 samples in 5 batches" in lines
    assert "    96×64 -> 64×64, 33% cropped, `sls frog` (2 tokens)" in lines
    assert any(line.startswith("  I-REG-REUSE  ") for line in lines)


def test_the_report_is_in_japanese_too(tmp_path):
    lines = as_text.text(whole(tmp_path), "ja", TrainConfig(max_train_steps=10)).splitlines()
    assert (
        f"  {tmp_path / 't' / '3_sls frog'}：画像3枚、繰り返し3回、1エポックに9枚、単語「sls frog」" in lines
    )
    assert "  学習用9サンプル＋正則化9サンプル、5バッチ、5ステップ" in lines
    assert "  10ステップ、2エポック" in lines


def test_only_so_many_images_are_told_one_by_one(tmp_path):
    text = as_text.text(whole(tmp_path), "en", limit=1)
    assert "and 3 more" in text and text.count(".png\n") == 1


def test_problems_come_before_notices(tmp_path):
    text = as_text.text(plan(fill(tmp_path, {"frog": 1})), "en")
    assert "Problems (the run can't start)\n  E-DIR-NAME  dataset.train_data_dir: " in text


def test_each_data_set_has_a_table_of_its_own_and_held_out_images_are_named(tmp_path):
    fill(tmp_path, {"a": 4, "b": 2})
    (tmp_path / "data.toml").write_text(
        f"[[datasets]]\nresolution = 64\nvalidation_split = 0.25\n[[datasets.subsets]]\n"
        f"image_dir = '{tmp_path}/a'\nclass_tokens = 'x'\n"
        "[[datasets]]\nresolution = 128\nenable_bucket = true\nbatch_size = 2\n"
        f"[[datasets.subsets]]\nimage_dir = '{tmp_path}/b'\nclass_tokens = 'y'\n"
    )
    both = plan("", dataset_config=str(tmp_path / "data.toml"))
    lines = as_text.text(both, "en", TrainConfig()).splitlines()
    first = lines.index("Dataset 1: sizes trained at")
    assert lines[first + 1] == "  64×64: 3 images, 3 samples in 3 batches"
    assert lines[first + 2 : first + 4] == [
        "Dataset 2: sizes trained at", "  128×128: 2 images, 2 samples in 1 batch"]  # fmt: skip
    assert "データセット2の学習する解像度" in as_text.text(both, "ja").splitlines()
    held = both.images[both.validation[0]].path
    at = lines.index("Held out for validation: 1 image, never trained")
    assert lines[at + 1] == f"  {held}"
    assert f"  {tmp_path}/b: 2 images, 1 repeat, 2 in an epoch, words `y`, dataset 2" in lines


def test_what_was_excluded_is_told_and_is_in_no_other_list(tmp_path):
    train = fill(tmp_path / "t", {"3_sls frog": 2})
    draw(train / "3_sls frog" / "excluded" / "blurred.png", (96, 64))
    draw(train / "excluded" / "5_sls toad" / "a.png", (96, 64))
    made = plan(train)
    assert as_json.values(made, TrainConfig())["excluded"] == [
        {"path": str(train / "3_sls frog/excluded/blurred.png"), "folder": str(train / "3_sls frog")},
        {"path": str(train / "excluded/5_sls toad/a.png"), "folder": str(train / "excluded/5_sls toad")},
    ]
    assert len(made.images) == 2
    lines = as_text.text(made, "en").splitlines()
    at = lines.index("Excluded: 2 images, not trained")
    assert lines[at + 1] == f"  {train / '3_sls frog'}: 1 image"
    assert "除外（学習しません）：2枚" in as_text.text(made, "ja").splitlines()
