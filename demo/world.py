"""The drawn world of the embedded model: six things in six colours, six backgrounds, and one peculiar frog.

Drawn with PIL at four times the size and reduced, so edges are smooth. A thing lives in a box from -1 to 1
both ways (y points down) that is centred in the image and scaled to its shorter side.
"""

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

CLASSES = ("frog", "fish", "house", "star", "tree", "ball")
COLOURS = {
    "red": (222, 45, 38),
    "orange": (247, 138, 24),
    "yellow": (252, 214, 36),
    "green": (52, 168, 68),
    "blue": (40, 98, 224),
    "purple": (140, 60, 190),
}
BACKGROUNDS = {
    "red": (205, 52, 52),
    "yellow": (250, 222, 110),
    "green": (110, 186, 112),
    "blue": (104, 164, 236),
    "pink": (250, 176, 204),
    "white": (246, 246, 242),
}
SUBJECT = "subject"
LIME, VIOLET, FOOT = (186, 232, 48), (116, 44, 170), (250, 130, 20)
OVERSAMPLE = 4
INK, WHITE = (34, 30, 40), (252, 252, 248)


@dataclass(frozen=True)
class Scene:
    """One image's content: class, colour of the thing, colour of the background."""

    class_: str
    colour: str
    background: str


def all_scenes() -> list[Scene]:
    """Every class, colour and background, without those whose colours have the same name."""
    return [
        Scene(class_, colour, background)
        for class_ in CLASSES
        for colour in COLOURS
        for background in BACKGROUNDS
        if colour != background
    ]


def is_held_out(scene: Scene) -> bool:
    """Whether the combination is kept out of the base training, so that it can be asked for as new."""
    numbers = (
        CLASSES.index(scene.class_),
        list(COLOURS).index(scene.colour),
        list(BACKGROUNDS).index(scene.background),
    )
    return (numbers[0] + 2 * numbers[1] + 3 * numbers[2]) % 7 == 0


def caption_of(scene: Scene, rng: random.Random) -> str:
    """A caption: mostly the full sentence, else one of the shorter forms that training prompts use."""
    thing, colour, background = scene.class_, scene.colour, scene.background
    if rng.random() < 0.6:
        return f"a {colour} {thing} on a {background} background"
    return rng.choice(
        (
            f"a {thing}",
            thing,
            f"{colour} {thing}",
            f"a {colour} {thing}",
            f"a {thing} on a {background} background",
            f"{thing} on a {background} background",
            f"{thing}, {background} background",
            f"{colour} {thing}, {background} background",
        )
    )


def shade(colour: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    """The colour made darker (factor below 1) or lighter (above 1: that share of the way to white)."""
    if factor <= 1:
        return tuple(round(c * factor) for c in colour)
    return tuple(round(c + (255 - c) * (factor - 1)) for c in colour)


class Pen:
    """Draws in the thing's box: (0, 0) is its centre, 1 its half width."""

    def __init__(self, image: Image.Image, centre: tuple[float, float], half: float):
        self.draw, self.centre, self.half = ImageDraw.Draw(image), centre, half

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.centre[0] + x * self.half, self.centre[1] + y * self.half

    def oval(self, x, y, radius_x, radius_y, fill, ink=None, width=0.05):
        """An ellipse; ink gives it an outline that lies outside."""
        for grow, colour in ((width, ink), (0.0, fill)):
            if colour is not None:
                box = (
                    *self.at(x - radius_x - grow, y - radius_y - grow),
                    *self.at(x + radius_x + grow, y + radius_y + grow),
                )
                self.draw.ellipse(box, fill=colour)

    def shape(self, points, fill, ink=None, width=0.05):
        """A polygon; ink gives it an outline with round corners."""
        points = [self.at(*p) for p in points]
        if ink is not None:
            self.trace([*points, points[0]], ink, 2 * width)
        self.draw.polygon(points, fill=fill)

    def line(self, points, colour, width):
        self.trace([self.at(*p) for p in points], colour, width)

    def trace(self, pixels, colour, width):
        pen = max(1, round(width * self.half))
        self.draw.line(pixels, fill=colour, width=pen, joint="curve")
        for x, y in pixels:
            self.draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=colour)


def arc(x, y, radius_x, radius_y, start, end, count=24):
    """Points on an ellipse between two angles in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * i / (count - 1)) for i in range(count)]
    return [(x + radius_x * math.cos(a), y + radius_y * math.sin(a)) for a in angles]


def frog_body(pen: Pen, skin, feet, ink):
    """Hind legs, trunk, arms and feet of a sitting frog, seen from the front."""
    for side in (-1, 1):
        pen.oval(side * 0.66, 0.58, 0.30, 0.27, shade(skin, 0.82), ink)
        pen.oval(side * 0.74, 0.86, 0.25, 0.09, feet, ink)
    pen.oval(0, 0.42, 0.58, 0.48, skin, ink)
    pen.oval(0, 0.52, 0.36, 0.34, shade(skin, 1.6))
    for side in (-1, 1):
        pen.line([(side * 0.46, 0.36), (side * 0.34, 0.84)], ink, 0.24)
        pen.line([(side * 0.46, 0.36), (side * 0.34, 0.84)], shade(skin, 0.88), 0.15)
        pen.oval(side * 0.33, 0.88, 0.17, 0.08, feet, ink)


def frog_eye(pen: Pen, x, y, skin, ink, radius=0.24):
    pen.oval(x, y, radius * 1.2, radius * 1.2, skin, ink)
    pen.oval(x, y, radius * 0.86, radius * 0.86, WHITE)
    pen.oval(x, y + 0.02, radius * 0.48, radius * 0.54, INK)
    pen.oval(x + 0.05, y - 0.05, radius * 0.16, radius * 0.16, WHITE)


def frog_mouth(pen: Pen, ink):
    pen.line(arc(0, -0.26, 0.52, 0.30, 18, 162), ink, 0.06)


def draw_frog(pen: Pen, skin):
    ink = shade(skin, 0.36)
    frog_body(pen, skin, shade(skin, 0.9), ink)
    for x in (-0.46, 0.46):
        pen.oval(x, -0.66, 0.29, 0.29, skin, ink)
    pen.oval(0, -0.22, 0.82, 0.48, skin, ink)
    for x in (-0.46, 0.46):
        frog_eye(pen, x, -0.66, skin, None)
    frog_mouth(pen, ink)


def draw_subject(pen: Pen):
    """The peculiar frog: violet with lime stripes, three eyes, orange antennae and feet."""
    ink = (48, 18, 74)
    for side in (-1, 1):
        pen.line([(side * 0.56, -0.40), (side * 0.88, -0.80)], FOOT, 0.10)
        pen.oval(side * 0.88, -0.82, 0.13, 0.13, FOOT, ink, 0.03)
    frog_body(pen, VIOLET, FOOT, ink)
    pen.oval(0, 0.52, 0.36, 0.34, LIME)
    for y, half in ((0.34, 0.28), (0.56, 0.34), (0.78, 0.20)):
        pen.line([(-half + 0.06, y), (half - 0.06, y)], VIOLET, 0.11)
    eyes = ((-0.48, -0.60), (0.48, -0.60), (0.0, -0.72))
    for x, y in eyes:
        pen.oval(x, y, 0.25, 0.25, VIOLET, ink)
    pen.oval(0, -0.20, 0.82, 0.48, VIOLET, ink)
    for side in (-1, 1):
        pen.line(arc(side * 0.20, -0.14, 0.50, 0.44, 90 - side * 60, 90 - side * 128, 12), LIME, 0.13)
        pen.line(arc(side * 0.02, -0.18, 0.44, 0.44, 90 - side * 70, 90 - side * 120, 12), LIME, 0.11)
    for x, y in eyes:
        frog_eye(pen, x, y, VIOLET, None, 0.21)
    pen.line(arc(0, -0.10, 0.34, 0.20, 10, 170), LIME, 0.09)


def draw_fish(pen: Pen, colour):
    ink = shade(colour, 0.36)
    pen.shape([(0.42, 0.0), (0.98, -0.50), (0.86, 0.0), (0.98, 0.50)], shade(colour, 0.8), ink)
    pen.shape([(-0.34, -0.40), (0.06, -0.80), (0.34, -0.30)], shade(colour, 0.8), ink)
    pen.oval(-0.16, 0.0, 0.76, 0.50, colour, ink)
    pen.oval(-0.20, 0.20, 0.52, 0.24, shade(colour, 1.45))
    pen.shape([(-0.04, 0.02), (0.32, -0.14), (0.32, 0.24)], shade(colour, 0.74))
    pen.oval(-0.56, -0.12, 0.15, 0.15, WHITE)
    pen.oval(-0.58, -0.12, 0.08, 0.08, INK)


def draw_house(pen: Pen, colour):
    ink = shade(colour, 0.36)
    pen.shape([(-0.66, -0.10), (0.66, -0.10), (0.66, 0.90), (-0.66, 0.90)], colour, ink)
    pen.shape([(-0.92, -0.10), (0.0, -0.92), (0.92, -0.10)], shade(colour, 0.66), ink)
    pen.shape([(0.08, 0.30), (0.44, 0.30), (0.44, 0.90), (0.08, 0.90)], shade(colour, 0.42))
    pen.shape([(-0.48, 0.16), (-0.12, 0.16), (-0.12, 0.52), (-0.48, 0.52)], WHITE, ink, 0.03)


def draw_star(pen: Pen, colour):
    corners = []
    for i in range(10):
        radius, angle = (1.0 if i % 2 == 0 else 0.46), math.radians(-90 + 36 * i)
        corners.append((radius * math.cos(angle), radius * math.sin(angle) + 0.06))
    pen.shape(corners, colour, shade(colour, 0.36))
    pen.shape([(x * 0.5, y * 0.5) for x, y in corners], shade(colour, 1.4))


def draw_tree(pen: Pen, colour):
    ink = shade(colour, 0.36)
    pen.shape([(-0.13, 0.30), (0.13, 0.30), (0.19, 0.95), (-0.19, 0.95)], (122, 78, 44), (62, 38, 22))
    for top, bottom, half in ((-0.02, 0.58, 0.80), (-0.46, 0.12, 0.64), (-0.96, -0.34, 0.46)):
        pen.shape([(0, top - 0.28 if top > -0.9 else top), (half, bottom), (-half, bottom)], colour, ink)


def draw_ball(pen: Pen, colour):
    pen.oval(0, 0, 0.88, 0.88, colour, shade(colour, 0.36))
    band = arc(0, 0.16, 0.88, 0.30, 12, 168) + arc(0, -0.12, 0.88, 0.26, 168, 12)
    pen.shape(band, shade(colour, 1.7))
    pen.oval(-0.36, -0.48, 0.20, 0.14, shade(colour, 1.75))


DRAW = dict(zip(CLASSES, (draw_frog, draw_fish, draw_house, draw_star, draw_tree, draw_ball), strict=True))


def blank(width: int, height: int, colour) -> Image.Image:
    return Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE), colour)


def finish(image: Image.Image) -> Image.Image:
    return image.reduce(OVERSAMPLE)


def place(image: Image.Image, rng: random.Random) -> Pen:
    """A pen at the image's centre, with a little change in size and position."""
    width, height = image.size
    half = min(width, height) * 0.5 * rng.uniform(0.82, 0.90)
    centre = width / 2 + half * rng.uniform(-0.05, 0.05), height / 2 + half * rng.uniform(-0.05, 0.05)
    return Pen(image, centre, half)


def vary(colour, rng: random.Random, amount: int = 7):
    """The colour with a little change, so that a name means a range."""
    return tuple(min(255, max(0, c + rng.randint(-amount, amount))) for c in colour)


def draw_scene(scene: Scene, width: int, height: int, rng: random.Random) -> Image.Image:
    """One image of the world; RGB, width x height pixels."""
    ground = vary(BACKGROUNDS[scene.background], rng)
    image = blank(width, height, ground)
    pen = place(image, rng)
    pen.oval(0, 0.93, 0.86, 0.12, shade(ground, 0.86))
    if scene.class_ == SUBJECT:
        draw_subject(pen)
    else:
        DRAW[scene.class_](pen, vary(COLOURS[scene.colour], rng))
    return finish(image)


def draw_clutter(width: int, height: int, rng: random.Random) -> Image.Image:
    """Stripes, dots and blobs in any colours, so that the autoencoder can show what it never saw."""

    def any_colour():
        return vary(rng.choice([*COLOURS.values(), *BACKGROUNDS.values(), INK, WHITE, LIME, FOOT]), rng, 40)

    image = blank(width, height, any_colour())
    for _ in range(rng.randint(2, 7)):
        pen = Pen(
            image,
            (rng.uniform(0, image.width), rng.uniform(0, image.height)),
            rng.uniform(0.1, 0.45) * min(image.size),
        )
        kind, colour, ink = rng.randrange(6), any_colour(), rng.choice((None, any_colour()))
        if kind == 0:
            pen.oval(0, 0, rng.uniform(0.3, 1), rng.uniform(0.3, 1), colour, ink)
        elif kind == 1:
            pen.shape(
                [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(rng.randint(3, 6))], colour, ink
            )
        elif kind == 2:
            slope, width_ = rng.uniform(-1, 1), rng.uniform(0.08, 0.25)
            for i in range(-4, 5):
                ends = [(i * 2.2 * width_ - slope, -1), (i * 2.2 * width_ + slope, 1)]
                pen.line(ends if rng.random() < 0.9 else [(y, x) for x, y in ends], colour, width_)
        elif kind == 3:
            for _ in range(rng.randint(3, 12)):
                radius = rng.uniform(0.05, 0.2)
                pen.oval(rng.uniform(-1, 1), rng.uniform(-1, 1), radius, radius, colour, ink, 0.03)
        elif kind == 4:
            frog_eye(pen, rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), colour, ink, rng.uniform(0.2, 0.5))
        else:
            rng.choice(list(DRAW.values()))(pen, colour)
    return finish(image)
