"""Loss masks: found by name, of the image's shape, resized, cut and mirrored as the image is."""

import numpy as np
import pytest
from PIL import Image

from core.catalog import Size
from core.counting import listed
from core.data.images.load import load, load_mask
from core.data.records import Sample
from core.data.sources.masks import is_same_shape
from core.errors import ResourceFault
from tests.data.images import codes, draw, plan


def halves(path, size, left=0, right=255):
    """An image whose left half has one brightness, its right half another."""
    width, height = size
    values = np.full((height, width), right, np.uint8)
    values[:, : width // 2] = left
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def planned(tmp_path, **options):
    return plan(tmp_path / "train", conditioning_data_dir=str(tmp_path / "masks"), **options)


def mask_of(made, sample=None):
    return load_mask(made.images[0], sample, made.settings[0])


def test_a_mask_lies_on_its_image_pixel_by_pixel_after_the_cut(tmp_path):
    # 128 x 64 covers 64 x 64 as it is; the middle 64 columns are kept, so the edge is in the middle.
    halves(tmp_path / "train" / "1_a" / "x.png", (136, 64))
    halves(tmp_path / "masks" / "x.png", (136, 64))
    made = planned(tmp_path, enable_bucket=True, resolution=(64, 64), max_bucket_reso=64)
    assert (made.problems, made.images[0].fit.crop_left) == ((), 36)
    for sample in (None, Sample(0, 0, False, "", (0, 0)), Sample(0, 0, True, "", (72, 0))):
        image = load(made.images[0], sample, made.settings[0])
        assert (mask_of(made, sample) == image[..., 0]).all()
    assert mask_of(made)[0].tolist() == [0] * 32 + [255] * 32
    assert mask_of(made, Sample(0, 0, True, "", (68, 0)))[0].tolist() == [255] * 64


def test_a_mask_of_another_size_is_scaled_without_losing_its_shape(tmp_path):
    halves(tmp_path / "train" / "1_a" / "x.png", (64, 192))
    halves(tmp_path / "masks" / "x.png", (16, 48))
    made = planned(tmp_path, enable_bucket=True)
    row = mask_of(made)[100]
    assert mask_of(made).shape == (192, 64)
    assert (row[:30] == 0).all() and (row[34:] == 255).all()


def test_a_larger_mask_gives_the_mean_of_each_area(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    values = np.zeros((128, 128), np.uint8)
    values[:, ::2] = 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(values).save(tmp_path / "masks" / "x.png")
    assert (mask_of(planned(tmp_path)) == 128).all()  # (255 + 0) / 2 = 127.5, to the even neighbour


def test_the_red_of_a_colour_mask_counts(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    draw(tmp_path / "masks" / "x.png", colour=(40, 200, 90))
    assert (mask_of(planned(tmp_path)) == 40).all()


def test_a_sideways_photo_takes_a_mask_drawn_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(tmp_path / "train" / "1_a" / "x.jpg", (192, 64), exif=exif)
    halves(tmp_path / "masks" / "x.png", (64, 192))
    made = planned(tmp_path, enable_bucket=True)
    assert made.problems == () and mask_of(made)[0].tolist() == [0] * 32 + [255] * 32


def test_transparency_is_the_mask_and_is_turned_with_the_image(tmp_path):
    image = Image.new("RGBA", (64, 64), (10, 20, 30, 255))
    image.paste((10, 20, 30, 51), (0, 0, 64, 16))
    exif = Image.Exif()
    exif[0x0112] = 3
    (tmp_path / "1_a").mkdir()
    image.save(tmp_path / "1_a" / "x.png", exif=exif)
    made = plan(tmp_path, alpha_mask=True)
    assert mask_of(made)[:, 5].tolist() == [255] * 48 + [51] * 16


def test_without_transparency_or_mask_everything_counts(tmp_path):
    draw(tmp_path / "1_a" / "x.png")
    assert (mask_of(plan(tmp_path, alpha_mask=True)) == 255).all()
    assert (mask_of(plan(tmp_path)) == 255).all()


def test_images_without_transparency_are_named_when_it_should_be_the_mask(tmp_path):
    draw(tmp_path / "1_a" / "x.png")
    assert "W-MASK-OPAQUE" in codes(plan(tmp_path, alpha_mask=True).notices)
    Image.new("RGBA", (64, 64), (10, 20, 30, 0)).save(tmp_path / "1_a" / "y.png")
    (notice,) = [n for n in plan(tmp_path, alpha_mask=True).notices if "OPAQUE" in n.code]
    assert notice.code == "I-MASK-OPAQUE"
    assert notice.facts == {"count": 1, "total": 2, "names": listed(["x.png"])}
    assert not [n for n in plan(tmp_path).notices if "OPAQUE" in n.code]


def test_transparency_is_no_mask_unless_asked_for(tmp_path):
    (tmp_path / "1_a").mkdir()
    Image.new("RGBA", (64, 64), (10, 20, 30, 0)).save(tmp_path / "1_a" / "x.png")
    assert (mask_of(plan(tmp_path)) == 255).all()


def test_images_without_a_mask_are_named_in_one_error(tmp_path):
    for name in ("x.png", "y.png", "z.png"):
        draw(tmp_path / "train" / "1_a" / name)
    draw(tmp_path / "masks" / "y.png")
    (problem,) = planned(tmp_path).problems
    assert problem.code == "E-MASK-MISSING"
    assert problem.facts == {"count": 2, "names": listed(["1_a/x.png", "1_a/z.png"])}


def test_masks_without_an_image_are_named_in_a_notice(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    for name in ("x.png", "x.jpg", "old.png"):
        draw(tmp_path / "masks" / name)
    made = planned(tmp_path)
    (notice,) = [n for n in made.notices if n.code == "W-MASK-SURPLUS"]
    assert made.problems == () and notice.facts["names"].en == "masks/old.png, masks/x.png"
    assert made.images[0].mask_path == tmp_path / "masks" / "x.jpg"


def test_a_mask_of_another_shape_is_refused(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    draw(tmp_path / "masks" / "x.png", (64, 80))
    (problem,) = planned(tmp_path).problems
    assert problem.code == "E-MASK-SHAPE" and problem.facts["size"] == (64, 80)
    assert problem.facts["image_size"] == (64, 64)


@pytest.mark.parametrize(
    ("mask", "image", "same"),
    [
        ((100, 100), (1000, 1003), True),  # 100.3 high
        ((1000, 1003), (100, 100), True),
        ((333, 500), (1000, 1500), True),
        ((100, 100), (1000, 1030), False),  # 103 high
        ((512, 512), (800, 600), False),
    ],
)
def test_a_shape_is_the_same_to_within_a_pixel(mask, image, same):
    assert is_same_shape(Size(*mask), Size(*image)) is same


def test_masks_may_lie_in_folders_of_the_same_names(tmp_path):
    for folder in ("1_a", "1_b"):
        draw(tmp_path / "train" / folder / "x.png", colour=(len(folder), ord(folder[-1]), 0))
        draw(tmp_path / "masks" / folder / "X.PNG")
    made = planned(tmp_path)
    assert made.problems == ()
    assert [image.mask_path.parent.name for image in made.images] == ["1_a", "1_b"]


def test_one_mask_for_images_of_two_folders_is_refused(tmp_path):
    for folder in ("1_a", "1_b"):
        draw(tmp_path / "train" / folder / "x.png")
    draw(tmp_path / "masks" / "x.png")
    assert codes(planned(tmp_path).problems) == ["E-MASK-SHARED"]


def test_regularization_images_need_no_mask(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    draw(tmp_path / "reg" / "1_b" / "y.png")
    draw(tmp_path / "masks" / "x.png", colour=0)
    made = planned(tmp_path, reg=tmp_path / "reg")
    assert made.problems == ()
    assert [load_mask(image, None, made.settings[0]).max() for image in made.images] == [0, 255]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_missing_or_empty_folder_of_masks_is_refused_once(tmp_path, make):
    for name in ("x.png", "y.png"):
        draw(tmp_path / "train" / "1_a" / name)
    make(tmp_path / "masks")
    assert codes(planned(tmp_path).problems) == ["E-MASK-DIR"]


def test_a_broken_mask_is_an_error_before_the_run(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    assert codes(planned(tmp_path).problems) == ["E-IMG-CORRUPT"]


def test_a_mask_that_changed_after_the_plan_is_a_resource_fault(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    draw(tmp_path / "masks" / "x.png")
    made = planned(tmp_path)
    draw(tmp_path / "masks" / "x.png", colour=0)
    with pytest.raises(ResourceFault) as caught:
        mask_of(made)
    assert caught.value.problems[0].code == "E-IMG-CHANGED"


def test_another_mask_is_another_data_set_and_a_moved_one_is_not(tmp_path):
    draw(tmp_path / "train" / "1_a" / "x.png")
    for folder, colour in (("masks", 0), ("moved", 0), ("other", 9)):
        draw(tmp_path / folder / "x.png", colour=colour)
    prints = [
        plan(tmp_path / "train", conditioning_data_dir=str(tmp_path / folder)).fingerprint()
        for folder in ("masks", "moved", "other")
    ]
    assert prints[0] == prints[1] != prints[2]


def test_regularization_images_need_no_masks_beside_those_of_a_training_folder(tmp_path):
    draw(tmp_path / "train" / "1_sls frog" / "x.png")
    draw(tmp_path / "reg" / "1_frog" / "y.png", colour=(1, 2, 3))
    draw(tmp_path / "masks" / "1_sls frog" / "x.png")
    made = plan(tmp_path / "train", tmp_path / "reg", conditioning_data_dir=str(tmp_path / "masks"))
    assert made.problems == () and [bool(image.mask_path) for image in made.images] == [True, False]


def test_a_training_folder_without_any_masks_is_told_where_another_has_some(tmp_path):
    for name in ("1_sls frog", "1_shs dog"):
        draw(tmp_path / "train" / name / "x.png", colour=(len(name), 2, 3))
    draw(tmp_path / "masks" / "1_sls frog" / "x.png")
    (problem,) = planned(tmp_path).problems
    assert problem.code == "E-MASK-MISSING" and problem.facts["names"].en == "1_shs dog/x.png"
