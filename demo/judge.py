"""A small judge of class, colour and background; trained on drawn images, never on those of the model."""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from safetensors.torch import load_file, save_file
from torch import nn
from world import BACKGROUNDS, CLASSES, COLOURS, SUBJECT, Scene, all_scenes, draw_clutter, draw_scene

OTHER = "other"  # clutter, blends of two things, empty ground: what is no clear thing must not count as one
KINDS = (*CLASSES, SUBJECT, OTHER)
SIDE = 64
FILE = Path(__file__).parent / "judge.safetensors"


class Judge(nn.Module):
    """(B, 3, 64, 64) in [-1, 1] -> scores of kinds (B, 8), colours (B, 6), backgrounds (B, 6)."""

    def __init__(self):
        super().__init__()
        layers, last = [], 3
        for width, stride in ((16, 2), (32, 2), (48, 2), (64, 1)):
            layers += [nn.Conv2d(last, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU()]
            last = width
        self.body = nn.Sequential(*layers)
        self.kind = nn.Sequential(nn.Flatten(), nn.Linear(64 * 16, 64), nn.ReLU(), nn.Linear(64, len(KINDS)))
        self.colour = nn.Linear(128, len(COLOURS))
        self.background = nn.Linear(128, len(BACKGROUNDS))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        x = self.body(pixels)
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        return self.kind(nn.functional.avg_pool2d(x, 2)), self.colour(pooled), self.background(pooled)


def to_square(image: Image.Image) -> Image.Image:
    """The middle square of an image, at the judge's size; a thing fills the shorter side."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return (
        image.convert("RGB")
        .crop((left, top, left + side, top + side))
        .resize((SIDE, SIDE), Image.Resampling.BOX)
    )


def to_pixels(images: list[Image.Image]) -> torch.Tensor:
    arrays = np.stack([np.asarray(to_square(p)) for p in images])
    return torch.from_numpy(arrays).permute(0, 3, 1, 2).float() / 127.5 - 1


def worsen(image: Image.Image, rng: random.Random) -> Image.Image:
    """What a small model does to an image: blur, lost detail, a shift of place and colour, noise."""
    side = image.width
    if rng.random() < 0.4:
        small = rng.randint(side // 5, side // 2)
        image = image.resize((small, small), Image.Resampling.BOX).resize(
            (side, side), Image.Resampling.BICUBIC
        )
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 2.0)))
    if rng.random() < 0.5:
        turn, grow = rng.uniform(-8, 8), rng.uniform(0.9, 1.12)
        corner = image.getpixel((1, 1))
        move = (rng.uniform(-6, 6), rng.uniform(-6, 6))
        image = image.rotate(turn, Image.Resampling.BILINEAR, translate=move, fillcolor=corner)
        middle = side / 2
        image = image.transform(
            image.size,
            Image.Transform.AFFINE,
            (grow, 0, middle - grow * middle, 0, grow, middle - grow * middle),
            Image.Resampling.BILINEAR,
            fillcolor=corner,
        )
    array = np.asarray(image, np.float32)
    maker = np.random.default_rng(rng.getrandbits(32))
    array = array * maker.uniform(0.94, 1.06, 3) + maker.uniform(-8, 8, 3)
    if rng.random() < 0.5:
        coarse = maker.normal(0, rng.uniform(2, 14), (side // 8, side // 8, 3)).repeat(8, 0).repeat(8, 1)
        array = array + coarse
    array = array + maker.normal(0, rng.uniform(0, 8), array.shape)
    return Image.fromarray(array.clip(0, 255).astype(np.uint8))


def example(rng: random.Random, scenes: list[Scene]) -> tuple[Image.Image, tuple[int, int, int]]:
    """An image and its three labels; -1 where there is nothing to tell."""
    roll = rng.random()
    if roll < 0.12:
        if rng.random() < 0.5:
            return draw_clutter(128, 128, rng), (KINDS.index(OTHER), -1, -1)
        first, second = (draw_scene(s, 128, 128, rng) for s in two_classes(rng, scenes))
        return Image.blend(first, second, rng.uniform(0.35, 0.65)), (KINDS.index(OTHER), -1, -1)
    background = rng.choice(list(BACKGROUNDS))
    scene = Scene(SUBJECT, "", background) if roll < 0.27 else rng.choice(scenes)
    colour = -1 if scene.class_ == SUBJECT else list(COLOURS).index(scene.colour)
    labels = KINDS.index(scene.class_), colour, list(BACKGROUNDS).index(scene.background)
    return draw_scene(scene, 128, 128, rng), labels


def two_classes(rng: random.Random, scenes: list[Scene]) -> tuple[Scene, Scene]:
    while True:
        first, second = rng.sample(scenes, 2)
        if first.class_ != second.class_:
            return first, second


def train(minutes: float, images: int, seed: int, out: Path) -> None:
    """Train on a set drawn once and worsened anew; the last tenth tells how well it went."""
    torch.manual_seed(seed)
    rng, scenes = random.Random(seed), all_scenes()
    judge = Judge()
    drawn = [example(rng, scenes) for _ in range(images)]
    pixels = torch.cat([to_pixels([worsen(p, rng) for p, _ in drawn]) for _ in range(3)])
    labels = torch.tensor([label for _, label in drawn]).repeat(3, 1)
    kept = torch.arange(len(labels)) % images >= images * 9 // 10
    tests, trains = (pixels[kept], labels[kept]), (pixels[~kept], labels[~kept])
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.02)
    begin, step, share = time.time(), 0, 0.0
    while share < 1:
        share = (time.time() - begin) / (60 * minutes)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * max(0.02, 1 - share)
        chosen = torch.randint(len(trains[0]), (64,))
        loss = sum(
            nn.functional.cross_entropy(score, trains[1][chosen, i], ignore_index=-1)
            for i, score in enumerate(judge(trains[0][chosen]))
        )
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % 200 == 0:
            print(step, round(loss.item(), 4), flush=True)
    judge.eval()
    with torch.no_grad():
        for i, (name, score) in enumerate(
            zip(("kind", "colour", "background"), judge(tests[0]), strict=True)
        ):
            told = tests[1][:, i] >= 0
            print(name, (score.argmax(1) == tests[1][:, i])[told].float().mean().item(), int(told.sum()))
    save_file({k: v.half() if v.is_floating_point() else v for k, v in judge.state_dict().items()}, out)
    out.chmod(0o644)


def load_judge(path: Path = FILE) -> Judge:
    judge = Judge()
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    return judge.eval()


@torch.no_grad()
def verdicts(judge: Judge, images: list[Image.Image]) -> list[tuple[str, str, str]]:
    """(kind, colour, background) of each image, in words."""
    scores = judge(to_pixels(images))
    names = KINDS, tuple(COLOURS), tuple(BACKGROUNDS)
    columns = [[words[i] for i in score.argmax(1)] for words, score in zip(names, scores, strict=True)]
    return list(zip(*columns, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=100)
    args = parser.parse_args()
    train(args.minutes, args.images, args.seed, args.out)


if __name__ == "__main__":
    main()
