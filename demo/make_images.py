"""Draws the training images: the peculiar frog in several sizes, and plain frogs for its class."""

import argparse
import random
from pathlib import Path

from world import BACKGROUNDS, COLOURS, SUBJECT, Scene, draw_scene

FOLDER = Path(__file__).parent
# width, height, background, whether a caption file lies beside; all at least 128 px on the short side
SUBJECT_IMAGES = (
    (128, 128, "blue", False),
    (128, 128, "white", True),
    (160, 128, "red", True),
    (128, 160, "yellow", False),
    (192, 192, "green", True),
    (256, 256, "pink", True),
    (176, 144, "white", False),
    (144, 160, "blue", True),
    (384, 128, "yellow", True),
    (128, 384, "pink", True),
)


def draw_subject_images(folder: Path, seed: int) -> None:
    """Write the images of the subject, some with a `.caption` file."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for i, (width, height, background, has_caption) in enumerate(SUBJECT_IMAGES, 1):
        path = folder / f"sls_{i:02d}.png"
        draw_scene(Scene(SUBJECT, "", background), width, height, rng).save(path, optimize=True)
        if has_caption:
            text = (
                f"sls frog on a {background} background"
                if i % 2 == 0
                else f"sls frog, {background} background"
            )
            path.with_suffix(".caption").write_text(text + "\n", encoding="utf-8")


def draw_class_images(folder: Path, count: int, seed: int) -> None:
    """Write plain frogs in every colour and on every background, one after the other."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [(colour, ground) for colour in COLOURS for ground in BACKGROUNDS if colour != ground]
    rng.shuffle(pairs)
    for i in range(count):
        colour, background = pairs[i % len(pairs)]
        image = draw_scene(Scene("frog", colour, background), 128, 128, rng)
        image.save(folder / f"frog_{i + 1:02d}.png", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=48, help="class images")
    args = parser.parse_args()
    draw_subject_images(FOLDER / "train" / "20_sls frog", args.seed)
    draw_class_images(FOLDER / "reg" / "1_frog", args.count, args.seed + 1)


if __name__ == "__main__":
    main()
