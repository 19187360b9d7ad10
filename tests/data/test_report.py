"""The plan in plain words."""

from core.config.schema_train import TrainConfig
from tests.data.pictures import draw, fill, plan


def whole(tmp_path):
    train = fill(tmp_path / "t", {"3_sls frog": 2})
    draw(train / "3_sls frog" / "wide.png", (96, 64))
    return plan(train, fill(tmp_path / "r", {"1_frog": 1}), enable_bucket=True, train_batch_size=4)


def test_the_report_tells_folders_epoch_buckets_run_and_notices(tmp_path):
    lines = (
        whole(tmp_path)
        .report("en", TrainConfig(max_train_steps=10), count_tokens=lambda text: 2)
        .splitlines()
    )
    assert (
        f"  {tmp_path / 't' / '3_sls frog'}: 3 pictures, 3 repeats, 9 in an epoch, words `sls frog`" in lines
    )
    assert f"  {tmp_path / 'r' / '1_frog'}: 1 picture, 1 repeat, 9 in an epoch, words `frog`" in lines
    assert "  9 training samples + 9 regularization samples in 5 batches: 5 steps" in lines
    assert "  10 steps, 2 epochs" in lines
    assert "  64x64: 4 pictures, 18 samples in 5 batches" in lines
    assert "    96x64 -> 64x64, 33% cut away, `sls frog` (2 tokens)" in lines
    assert any(line.startswith("  I-REG-REUSE  ") for line in lines)


def test_the_report_is_in_japanese_too(tmp_path):
    lines = whole(tmp_path).report("ja", TrainConfig(max_train_steps=10)).splitlines()
    assert (
        f"  {tmp_path / 't' / '3_sls frog'}：画像3枚、繰り返し3回、1エポックに9枚、単語「sls frog」" in lines
    )
    assert "  学習用9サンプル＋正則化9サンプル、5バッチ、5ステップ" in lines
    assert "  10ステップ、2エポック" in lines


def test_only_so_many_pictures_are_told_one_by_one(tmp_path):
    text = whole(tmp_path).report("en", limit=1)
    assert "and 3 more" in text and text.count(".png\n") == 1


def test_problems_come_before_notices(tmp_path):
    text = plan(fill(tmp_path, {"frog": 1})).report("en")
    assert "Problems (the run can't start)\n  E-DIR-NAME  dataset.train_data_dir: " in text
