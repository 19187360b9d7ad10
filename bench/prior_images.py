"""What the priors are tried with on the demo: its training images as those of the class, and their masks."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "demo" / "train" / "20_sls frog"
MADE = ROOT / "output" / "bench-subject" / "made"
CLASS, MASKS = MADE / "class", MADE / "masks"

DISTANCE = 40
"""From the background's colour, in the channel that differs most, from which on a pixel is the subject's."""


def make() -> None:
    """Write the training images as a folder `1_frog`, without their captions, and a mask of each subject."""
    from PIL import Image, ImageChops, ImageDraw

    images = sorted(IMAGES.glob("*.png"))
    for folder in (CLASS / "1_frog", MASKS / IMAGES.name):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for path in images:
        shutil.copyfile(path, CLASS / "1_frog" / path.name)
        image = Image.open(path).convert("RGB")
        ground = Image.new("RGB", image.size, image.getpixel((0, 0)))
        channels = ImageChops.difference(image, ground).split()
        most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
        mask = most.point(lambda value: 255 * (value > DISTANCE))
        ImageDraw.floodfill(mask, (0, 0), 128)  # what it does not reach is inside, such as white eyes
        mask.point(lambda value: 255 * (value != 128)).save(MASKS / IMAGES.name / path.name)
