"""Masks painted in the page, written as the files that the trainer reads."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from core.catalog import Size
from core.data.curate.curation import Curation
from core.data.images import decode
from core.data.plan.plan import Plan
from core.data.records import PlannedImage
from core.data.sources.masks import is_same_shape
from core.data.undo import Outcome
from core.errors import UserError
from ui.dataset.image_acts import Asked, image_bytes, key_of
from ui.window import Window, messages

MOST_BYTES = 4 << 20
MOST_SIDE = 2048
_WHITE_SIDE = 256
"""Longer side of masks that are white all over: of the image's shape, but small."""


def can_paint(plan: Plan) -> bool:
    """Not where a file says which masks there are, nor where transparency is the mask."""
    return not (plan.config.dataset_config or plan.config.in_json or plan.config.alpha_mask)


def folder(plan: Plan, window: Window) -> Path:
    """Where the masks of a plan lie: in the folder that is set, else beside the images' own."""
    if plan.config.conditioning_data_dir:
        return Path(plan.config.conditioning_data_dir)
    train = Path(plan.config.train_data_dir)
    return train.with_name(f"{train.name}_masks") if train.name else window.workspace / "masks"


def is_left_empty(plan: Plan) -> bool:
    """Whether the folder of masks that is set holds none any more, as after undoing the first mask."""
    place = plan.config.conditioning_data_dir
    return bool(place) and not any(path.is_file() for path in Path(str(place)).rglob("*"))


def paint(asked: Asked, plan: Plan, window: Window, curation: Curation) -> Outcome | None:
    """Write the mask of an image; where it is the first one, white ones for all others, which need one each.

    Raises UserError for what is no mask of the image's shape.
    """
    image = next((one for one in plan.images if key_of(one.path) in asked.keys), None)
    if image is None or not can_paint(plan):
        return None
    drawn = _read(asked.on)
    if drawn is None or not is_same_shape(Size(*drawn.size), image.size):
        raise UserError(messages.MASK_BAD(path=image.path))
    place = _place(image, plan, window)
    masks = [(place, _bytes(drawn, place.suffix))]
    for other in {one.path: one for one in plan.images}.values():
        if other.path != image.path and other.mask_path is None and not other.is_reg:
            masks.append((_place(other, plan, window), _bytes(_white(other.size), ".png")))
    return curation.masks(image.path, masks)


def _place(image: PlannedImage, plan: Plan, window: Window) -> Path:
    """The file of an image's mask: its own, or a new one in the folder called like the image's."""
    if image.mask_path is not None:
        return image.mask_path
    parent, name = folder(plan, window), plan.folders[image.folder].path.name
    # Masks that lie directly in the folder are looked for there, and no others.
    is_flat = parent.is_dir() and not (parent / name).is_dir() and any(i.mask_path for i in plan.images)
    return (parent if is_flat else parent / name) / f"{image.path.stem}.png"


def _read(text: str) -> Image.Image | None:
    data = image_bytes(text, MOST_BYTES)
    if data is None:
        return None
    try:
        image = decode.open_image(data)
        if image is None or image.format != "PNG" or max(image.size) > MOST_SIDE:
            return None
        return decode.upright_rgb(image).getchannel("R")
    except Exception:  # Pillow raises nearly anything for a broken file
        return None


def _white(size: Size) -> Image.Image:
    scale = min(1.0, _WHITE_SIDE / max(size))
    return Image.new("L", (max(1, round(size.width * scale)), max(1, round(size.height * scale))), 255)


def _bytes(image: Image.Image, suffix: str) -> bytes:
    kind = Image.registered_extensions().get(suffix.lower(), "PNG")
    file = io.BytesIO()
    image.convert("RGB" if kind == "AVIF" else "L").save(file, kind, quality=98)
    return file.getvalue()
