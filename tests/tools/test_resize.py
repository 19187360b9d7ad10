"""Images resized into another folder."""

import io
import os

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.cli import main
from core.control import RunControl, StopRun
from core.data.images import load, verify
from core.errors import UserError
from core.tools import resize
from core.tools.tool import Work, checked
from tests.data.images import codes, draw, plan


def disc(path, size=(1600, 800), radius=200):
    """A white disc in the middle of black."""
    image = Image.new("RGB", size)
    x, y = size[0] // 2, size[1] // 2
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def opened(path):
    with Image.open(path) as image:
        image.load()
    return image


def extent(path):
    """Width and height of what is bright."""
    bright = np.asarray(opened(path).convert("L")) > 127
    return int(bright.any(axis=0).sum()), int(bright.any(axis=1).sum())


def settings(side=512, **options):
    return {"resolution": side, **options}


def resize_folder(source, target, options, *work):
    places = {"source": str(source), "target": str(target)}
    return resize.resize_folder(checked(resize.ResizeSettings, places | options), Work(*work))


def test_shrinking_keeps_the_shape_and_a_disc_stays_round(tmp_path):
    disc(tmp_path / "in" / "a.png")
    resize_folder(tmp_path / "in", tmp_path / "out", settings(fit="shrink"))
    # 512 x 512 pixels at 2:1 are 724 x 362; 401 pixels of disc become 401 x 724/1600 = 181.
    assert opened(tmp_path / "out" / "a.png").size == (724, 362)
    width, height = extent(tmp_path / "out" / "a.png")
    assert abs(width - 181) <= 1 and abs(height - 181) <= 1


@pytest.mark.parametrize("size", [(1600, 800), (800, 1600), (300, 900)])
@pytest.mark.parametrize("resolution", [(512, 512), (768, 512)])
def test_cropping_gives_exactly_the_size_and_a_disc_stays_round(tmp_path, size, resolution):
    disc(tmp_path / "in" / "a.png", size, radius=60)
    report = resize_folder(tmp_path / "in", tmp_path / "out", settings(resolution))
    scale = max(resolution[0] / size[0], resolution[1] / size[1])
    assert opened(tmp_path / "out" / "a.png").size == resolution
    width, height = extent(tmp_path / "out" / "a.png")
    assert abs(width - 121 * scale) <= 2 and abs(height - 121 * scale) <= 2
    assert report.enlarged == (scale > 1)


def test_the_middle_is_kept(tmp_path):
    values = np.arange(8, dtype=np.uint8)[None].repeat(4, 0)
    (tmp_path / "in").mkdir()
    Image.fromarray(values).save(tmp_path / "in" / "a.png")
    resize_folder(tmp_path / "in", tmp_path / "out", settings(4))
    assert np.asarray(opened(tmp_path / "out" / "a.png"))[0, :, 0].tolist() == [2, 3, 4, 5]


def test_shrinking_never_enlarges_and_cuts_to_the_divisor(tmp_path):
    draw(tmp_path / "in" / "small.png", (100, 70))
    draw(tmp_path / "in" / "large.png", (1000, 700))
    resize_folder(tmp_path / "in", tmp_path / "one", settings(fit="shrink"))
    resize_folder(tmp_path / "in", tmp_path / "two", settings(fit="shrink", divisor=64))
    sizes = {p.parent.name + p.stem: opened(p).size for p in tmp_path.glob("[ot]*/*.png")}
    # large: 512 x 512 at 10:7 is 611.9 x 428.4; 428 high is 611.4 wide, and 611/428 is closer to 10:7 than
    # 612/428. On multiples of 64: 576 wide is 403.2 high, cut to 384.
    assert sizes["onesmall"] == (100, 70) and sizes["twosmall"] == (64, 64)
    assert sizes["onelarge"] == (611, 428)
    assert sizes["twolarge"] == (576, 384)


def test_an_image_too_small_for_the_divisor_is_left_out_and_named(tmp_path):
    draw(tmp_path / "in" / "a.png", (100, 63))
    draw(tmp_path / "in" / "b.png", (100, 64))
    report = resize_folder(tmp_path / "in", tmp_path / "out", settings(fit="shrink", divisor=64))
    assert [path.name for path in report.made] == ["b.png"]
    assert codes(report.problems) == ["W-RESIZE-SMALL"] and "a.png" in report.problems[0].ja


def test_sideways_photos_come_out_upright_without_a_tag(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(tmp_path / "in" / "a.jpg", (192, 64), exif=exif)
    resize_folder(tmp_path / "in", tmp_path / "out", settings(fit="shrink"))
    made = opened(tmp_path / "out" / "a.png")
    assert made.size == (64, 192) and not made.getexif()


def test_folders_keep_their_names_and_captions_go_along(tmp_path):
    draw(tmp_path / "in" / "20_sls frog" / "a.png", (80, 64))
    (tmp_path / "in" / "20_sls frog" / "a.caption").write_bytes("緑の蛙".encode())
    (tmp_path / "in" / "20_sls frog" / "a.txt").write_bytes(b"x\r\n")
    (tmp_path / "in" / "20_sls frog" / "a.npz").write_bytes(b"x")
    (tmp_path / "in" / "20_sls frog" / "other.txt").write_bytes(b"x")
    draw(tmp_path / "in" / "b.png", (80, 64))
    report = resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    found = {p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.glob("out/**/*") if p.is_file()}
    folder = "20_sls frog"
    assert found == {f"{folder}/a.png", f"{folder}/a.caption", f"{folder}/a.txt", "b.png"}
    assert (tmp_path / "out" / folder / "a.caption").read_bytes() == "緑の蛙".encode()
    assert (len(report.made), report.captions) == (2, 2)


def test_what_comes_out_can_be_trained_without_buckets(tmp_path):
    for i, size in enumerate([(100, 80), (64, 64), (640, 200)]):
        draw(tmp_path / "in" / "2_sls frog" / f"{i}.png", size)
    assert codes(plan(tmp_path / "in").problems) == ["E-IMG-SIZE"]
    resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    made = plan(tmp_path / "out")
    assert made.problems == () and made.train_samples == 6


def test_the_same_pixels_are_trained_as_with_the_bucket_of_that_size(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    (tmp_path / "in" / "1_a").mkdir(parents=True)
    Image.fromarray(noise).save(tmp_path / "in" / "1_a" / "x.png")
    resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    bucket = {"enable_bucket": True, "resolution": (64, 64), "max_bucket_reso": 64}
    directly = load.load(plan(tmp_path / "in", **bucket).images[0])
    assert (load.load(plan(tmp_path / "out").images[0]) == directly).all()


def test_the_originals_are_not_touched(tmp_path):
    path = draw(tmp_path / "in" / "a.png", (80, 64))
    before = path.read_bytes(), path.stat().st_mtime_ns
    resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["a.png"]


def test_transparency_is_kept_and_lies_on_white_as_before(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 4), dtype=np.uint8)
    (tmp_path / "in" / "1_a").mkdir(parents=True)
    Image.fromarray(noise).save(tmp_path / "in" / "1_a" / "x.png")
    resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    bucket = {"enable_bucket": True, "resolution": (64, 64), "max_bucket_reso": 64, "alpha_mask": True}
    before, after = plan(tmp_path / "in", **bucket), plan(tmp_path / "out", alpha_mask=True)
    direct, through = (load.load(made.images[0]).astype(int) for made in (before, after))
    assert np.abs(direct - through).max() <= 1
    direct, through = (load.load_mask(m.images[0], None, m.settings[0]) for m in (before, after))
    assert (direct == through).all()


def test_jpeg_knows_no_transparency_and_gets_white(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("RGBA", (64, 64), (255, 0, 255, 0)).save(tmp_path / "in" / "a.png")
    resize_folder(tmp_path / "in", tmp_path / "out", settings(64, save_as="jpg"))
    assert (np.asarray(opened(tmp_path / "out" / "a.jpg")) == 255).all()


@pytest.mark.parametrize(("kind", "format"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_images_are_saved_as_asked(tmp_path, kind, format):
    draw(tmp_path / "in" / "a.bmp", (80, 64))
    resize_folder(tmp_path / "in", tmp_path / "out", settings(64, save_as=kind))
    made = opened(tmp_path / "out" / f"a.{kind}")
    assert made.format == format
    assert np.abs(np.asarray(made.convert("RGB")).astype(int) - (200, 30, 30)).max() <= 4


def test_the_chosen_interpolation_is_used(tmp_path):
    values = np.zeros((8, 8), np.uint8)
    values[:, ::2] = 200
    (tmp_path / "in").mkdir()
    Image.fromarray(values).save(tmp_path / "in" / "a.png")
    for name in ("auto", "nearest"):
        resize_folder(tmp_path / "in", tmp_path / name, settings(4, interpolation=name))
    assert set(np.asarray(opened(tmp_path / "auto" / "a.png")).ravel()) == {100}
    assert set(np.asarray(opened(tmp_path / "nearest" / "a.png")).ravel()) <= {0, 200}


def refused(source, target, **options):
    with pytest.raises(UserError) as caught:
        resize_folder(source, target, settings(64, **options))
    return codes(caught.value.problems)


@pytest.mark.parametrize("there", ["a.png", "a.caption"])
def test_what_is_there_is_not_overwritten_and_counted(tmp_path, there):
    draw(tmp_path / "in" / "a.png")
    draw(tmp_path / "in" / "b.png")
    (tmp_path / "in" / "a.caption").write_text("new")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / there).write_text("old")
    report = resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    assert (tmp_path / "out" / there).read_text() == "old"
    assert (report.existing, len(report.made)) == ((1, 1) if there == "a.png" else (0, 2))


def test_two_images_that_would_become_one_are_refused(tmp_path):
    for name in ("a.png", "a.jpg"):
        draw(tmp_path / "in" / name)
    assert refused(tmp_path / "in", tmp_path / "out") == ["E-RESIZE-TWICE"]


@pytest.mark.parametrize("places", [("in", "in/deeper"), ("in/deeper", "in"), ("in", "in")])
def test_the_folders_may_not_lie_in_one_another(tmp_path, places):
    draw(tmp_path / "in" / "deeper" / "a.png")
    assert refused(tmp_path / places[0], tmp_path / places[1]) == ["E-RESIZE-TARGET"]


def test_a_missing_or_empty_folder_is_refused(tmp_path):
    assert refused(tmp_path / "in", tmp_path / "out") == ["E-RESIZE-SOURCE"]
    (tmp_path / "in").mkdir()
    assert refused(tmp_path / "in", tmp_path / "out") == ["E-RESIZE-SOURCE"]


def test_broken_images_are_named_and_the_rest_is_made(tmp_path):
    draw(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"<html>")
    report = resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    assert len(report.made) == 1 and codes(report.problems) == ["E-IMG-NOTIMAGE"]


def test_a_stop_leaves_whole_images_only(tmp_path):
    for name in ("a.png", "b.png"):
        draw(tmp_path / "in" / name)
    control = RunControl()

    def progress(stage, done, total):
        assert (stage, total) == ("resize", 2)
        control.stop()

    with pytest.raises(StopRun):
        resize_folder(tmp_path / "in", tmp_path / "out", settings(64), progress, control)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.png"]
    assert verify.verify(tmp_path / "out" / "a.png").problems == ()


@pytest.mark.parametrize(("text", "size"), [("512", (512, 512)), ("768,512", (768, 512))])
def test_a_size_is_written_as_in_the_guide(text, size):
    assert (
        checked(resize.ResizeSettings, {"source": "a", "target": "b", "resolution": text}).resolution == size
    )


@pytest.mark.parametrize("text", ["", "0", "a", "1,2,3", "-5", "99999", "512,0"])
def test_a_size_that_is_none_is_refused(tmp_path, text):
    with pytest.raises(UserError) as caught:
        resize_folder(tmp_path, tmp_path, settings(text))
    assert {(p.code, p.key) for p in caught.value.problems} == {("E-CFG-VALUE", "resolution")}


def test_the_console_resizes_and_says_what_it_did(tmp_path, monkeypatch):
    draw(tmp_path / "in" / "a.png", (128, 64))
    out = io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    words = [str(tmp_path / "in"), str(tmp_path / "out"), "--resolution", "64"]
    assert main(["tools", "--lang", "en", "resize", *words]) == 0
    assert "1 image, " in out.getvalue() and "up to 50% cropped" in out.getvalue()
    assert main(["tools", "--lang", "ja", "resize", *words]) == 0
    assert "すでにあるもの1枚" in out.getvalue()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--help"], 0, "--resolution"),
        (["a", "b"], 2, "--resolution"),
        (["a", "b", "--resolution", "64", "--fit", "squash"], 2, "squash"),
        (
            ["no-such-folder", "b", "--resolution", "64", "--lang", "ja"],
            2,
            "フォルダー no-such-folder がありません",
        ),
    ],
)
def test_the_console_s_help_and_refusals_are_seen(monkeypatch, words, code, said):
    out = io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    try:
        found = main(["tools", "resize", *words])
    except SystemExit as end:
        found = end.code
    assert found == code and said in out.getvalue()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files there")
def test_a_text_that_is_no_file_is_left_out_and_the_images_are_made(tmp_path):
    draw(tmp_path / "in" / "a.png", (80, 80))
    os.mkfifo(tmp_path / "in" / "a.txt")
    report = resize_folder(tmp_path / "in", tmp_path / "out", settings(64))
    assert [path.name for path in report.made] == ["a.png"]
    assert [problem.code for problem in report.problems] == ["W-RESIZE-COPY"]
    assert "it is a pipe, not a file" in report.problems[0].en
