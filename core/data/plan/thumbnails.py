"""Thumbnails of planned images: the part that is cut away dimmed, what a loss mask leaves out tinted."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.catalog import Words
from core.data.images import decode
from core.data.images.load import content_hash
from core.data.records import PlannedImage
from core.errors import Lang

BACKGROUND = (32, 34, 38)
FRAME = (94, 200, 140)
FRAME_ENLARGED = (240, 150, 40)
TINT, TINTED = (214, 60, 150), 0.6
"""Colour, and its share, over what a loss mask leaves out."""
DIMMED = 0.3
"""Brightness that the cut-away part keeps."""


def is_enlarged(image: PlannedImage) -> bool:
    """Whether it is scaled up by more than 5 %, which can be seen."""
    return image.fit.enlargement(image.size) > 1.05


def label(image: PlannedImage, lang: Lang, is_held_out: bool = False) -> str:
    """What stands below an image: name, sizes, how much is cut away, how far it is enlarged."""
    size, bucket = image.size, image.fit.bucket
    parts = [image.path.name, f"{size.width}×{size.height} → {bucket.width}×{bucket.height}"]
    cut, times = round(100 * (1 - image.fit.kept)), image.fit.enlargement(size)
    if cut:
        parts.append(Words(f"{cut}% cropped", f"{cut}%切り抜き", f"裁掉{cut}%").of(lang))
    if is_enlarged(image):
        parts.append(Words(f"enlarged {times:.1f}x", f"{times:.1f}倍に拡大", f"放大{times:.1f}倍").of(lang))
    if is_held_out:
        parts.append(Words("validation only", "検証用").of(lang))
    return " · ".join(parts)


def thumbnail(image: PlannedImage, side: int = 192, alpha_mask: bool = False) -> Image.Image:
    """The whole image within side x side pixels, what is cut away dimmed; orange frame: enlarged.

    What the loss mask leaves out is tinted; alpha_mask: the image's own transparency is the mask.

    A file that is gone, or no longer the planned one, gives a crossed-out tile.
    """
    decoded = _open(image.path, image.content)
    if decoded is None:
        return _crossed_out(side)
    if decoded.format in ("JPEG", "MPO"):
        decoded.draft("RGB", (side, side))  # decoded at the closest larger fraction: several times faster
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.size.width * scale)), max(1, round(image.size.height * scale)))
    with decode.room_for(decoded):
        small = decode.upright_rgb(decoded).resize(size, Image.Resampling.BOX)
    mask = _mask(image, decoded, alpha_mask)
    if mask is not None:
        tinted = Image.blend(small, Image.new("RGB", size, TINT), TINTED)
        small = Image.composite(small, tinted, mask.resize(size, Image.Resampling.BOX))
    return _marked(small, image)


def _mask(image: PlannedImage, decoded: Image.Image, alpha_mask: bool) -> Image.Image | None:
    """The loss mask in full size, white where everything counts; None without one, or when it is gone."""
    if image.mask_path is None:
        return decode.upright_alpha(decoded) if alpha_mask else None
    mask = _open(image.mask_path, image.mask_content)
    return None if mask is None else decode.upright_rgb(mask).getchannel("R")


def _open(path: Path, content: str) -> Image.Image | None:
    """The image of a planned file, None when it is gone or another one by now."""
    try:
        data = decode.read(path)
    except OSError:
        return None
    return decode.open_image(data) if content_hash(data) == content else None


def _marked(small: Image.Image, image: PlannedImage) -> Image.Image:
    """The small image with everything outside the cut dimmed, and a frame around the cut."""
    fit = image.fit
    across, down = small.width / fit.resized.width, small.height / fit.resized.height
    # At least a pixel of it is seen, however narrow the image is.
    left = min(round(fit.crop_left * across), small.width - 1)
    top = min(round(fit.crop_top * down), small.height - 1)
    right = max(left + 1, round((fit.crop_left + fit.bucket.width) * across))
    bottom = max(top + 1, round((fit.crop_top + fit.bucket.height) * down))
    box = (left, top, right, bottom)
    result = small.point(lambda value: int(value * DIMMED))
    result.paste(small.crop(box), box[:2])
    draw = ImageDraw.Draw(result)
    colour = FRAME_ENLARGED if is_enlarged(image) else FRAME
    draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=colour, width=2)
    if is_enlarged(image):
        words = f"x{fit.enlargement(image.size):.1f}"
        font = ImageFont.load_default(12)
        end = draw.textlength(words, font=font)
        draw.rectangle((box[0], box[1], box[0] + end + 5, box[1] + 16), fill=colour)
        draw.text((box[0] + 3, box[1] + 1), words, fill=(0, 0, 0), font=font)
    return result


def _crossed_out(side: int) -> Image.Image:
    tile = Image.new("RGB", (side, side), BACKGROUND)
    draw = ImageDraw.Draw(tile)
    draw.line((0, 0, side, side), fill=FRAME_ENLARGED, width=3)
    draw.line((0, side, side, 0), fill=FRAME_ENLARGED, width=3)
    return tile
