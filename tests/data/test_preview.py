"""The plan to look at."""

import numpy as np
import pytest

from core.catalog import Size
from core.data.buckets import cover
from core.data.images.verify import verify
from core.data.plan.thumbnails import FRAME_ENLARGED, label, thumbnail
from core.data.records import PlannedImage
from tests.data.images import TALL, draw, fill, plan


@pytest.fixture
def whole(tmp_path):
    draw(tmp_path / "t" / "2_x" / "a.png", (96, 64), (200, 100, 50))
    draw(tmp_path / "t" / "2_x" / "b.png", (32, 32), (200, 100, 50))
    draw(tmp_path / "t" / "2_x" / "c.png", TALL)
    return plan(tmp_path / "t", fill(tmp_path / "r", {"1_y": 1}), enable_bucket=True, resolution=(64, 192))


def test_each_bucket_is_counted(whole):
    # resolution 64x192 (area 12288): buckets 64x64 (square), 64x128, 64x192 and transposes
    assert [(b.size, b.images, b.samples, b.batches) for b in whole.buckets] == [
        ((64, 64), (0, 1, 3), 10, 10),
        (TALL, (2,), 2, 2),
    ]


def test_the_cut_away_part_is_dimmed_and_the_rest_is_not(whole):
    image = np.asarray(thumbnail(whole.images[0], 96))
    assert image.shape == (64, 96, 3)
    assert image[32, 5].tolist() == [60, 30, 15]  # 0.3 x (200, 100, 50), left of the cut at 16
    assert image[32, 48].tolist() == [200, 100, 50]
    assert image[32, 90].tolist() == [60, 30, 15]


def test_an_enlarged_image_is_framed_in_orange(whole):
    image = np.asarray(thumbnail(whole.images[1], 96))
    assert image[31, 31].tolist() == [*FRAME_ENLARGED] and image.shape == (32, 32, 3)


def test_the_label_tells_sizes_cut_and_enlargement(whole):
    assert label(whole.images[0], "en") == "a.png · 96×64 → 64×64 · 33% cropped"
    assert label(whole.images[1], "ja") == "b.png · 32×32 → 64×64 · 2.0倍に拡大"


def test_an_image_that_is_gone_or_broken_gives_a_crossed_out_tile(whole):
    whole.images[0].path.unlink()
    whole.images[1].path.write_bytes(b"")
    assert [thumbnail(image, 50).size for image in whole.images[:2]] == [(50, 50), (50, 50)]


def test_an_image_on_its_side_is_shown_upright(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    draw(tmp_path / "1_x" / "a.jpg", (1600, 800), exif=exif)
    (image,) = plan(tmp_path, enable_bucket=True).images
    assert thumbnail(image, 100).size == (50, 100)


def test_each_data_set_has_buckets_of_its_own(tmp_path):
    fill(tmp_path, {"a": 3})
    subset = f"[[datasets.subsets]]\nimage_dir = '{tmp_path}/a'\nclass_tokens = 'x'\n"
    text = (
        f"[[datasets]]\nbatch_size = 2\n{subset}[[datasets]]\nenable_bucket = true\nnum_repeats = 2\n{subset}"
    )
    (tmp_path / "data.toml").write_text(text)
    whole = plan("", dataset_config=str(tmp_path / "data.toml"), min_bucket_reso=64, resolution=(64, 64))
    assert [(b.dataset, b.size, len(b.images), b.samples, b.batches) for b in whole.buckets] == [
        (0, (64, 64), 3, 3, 2), (1, (64, 64), 3, 6, 6)]  # fmt: skip


def test_images_held_out_are_not_counted(tmp_path):
    (bucket,) = plan(fill(tmp_path, {"1_x": 4}), validation_split=0.5).buckets
    assert (len(bucket.images), bucket.samples) == (2, 2)


def test_an_image_of_which_a_sliver_is_trained_has_a_thumbnail_all_the_same(tmp_path):
    path = draw(tmp_path / "a.png", (8, 20_000))
    found = verify(path)
    image = PlannedImage(
        path, 0, False, 1, found.size, cover(found.size, Size(64, 64)), "", None, found.content
    )
    assert thumbnail(image, 64).size == (1, 64)
