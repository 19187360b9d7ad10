"""What a tagger's model is fed and what it gives: its manifest, known here or in its own folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core import files
from core.captioners import messages
from core.errors import UserError

NAMES = ("manifest.json", "manifest.toml")
_MOST_BYTES = 1 << 20

Colour = Annotated[tuple[int, int, int], Field(strict=False)]
Three = Annotated[tuple[float, float, float], Field(strict=False)]


def _is_inside(name: str) -> str:
    """A file of the model's own folder, or of a folder in it. Raises ValueError."""
    parts = name.replace("\\", "/").split("/")
    if not name or ".." in parts or "" in parts or ":" in name:
        raise ValueError(f"{name!r} is no file of the model's folder")
    return name


File = Annotated[str, AfterValidator(_is_inside)]


class Manifest(BaseModel):
    """How images are made into a tagger's input, and its output into tags.

    model, tags, files: the graph, the list of tags, and what must lie beside them. folder: where in its Hub
    repository they are. size: side of the input in pixels, where the graph does not say it. layout: the order
    of rows, columns and channels. channels: the order of colours. scale: what values 0 to 255 are divided by;
    then mean is taken off and std divided by, both for red, green, blue. pad: the colour that makes an image
    square; None to stretch it. filter: how it is resized. extra_inputs: input -> "valid" or "padding", a mask
    that is 1 where the image is or where it is not. output: its name; "" for the first. activation: what
    makes a score of 0 to 1 of it. categories: as the list of tags calls them -> our word. thresholds: by
    category.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    format: Literal[1] = 1
    model: File = "model.onnx"
    tags: File = "selected_tags.csv"
    files: Annotated[tuple[File, ...], Field(strict=False)] = ()
    folder: str = ""
    size: int | None = Field(None, ge=8, le=4096)
    layout: Literal["nhwc", "nchw"] = "nhwc"
    channels: Literal["rgb", "bgr"] = "bgr"
    scale: float = Field(1.0, gt=0)
    mean: Three = (0.0, 0.0, 0.0)
    std: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...], Field(strict=False, min_length=3, max_length=3)
    ] = (
        1.0,
        1.0,
        1.0,
    )
    pad: Colour | None = (255, 255, 255)
    filter: Literal["bicubic", "bilinear", "lanczos", "area", "nearest"] = "bicubic"
    extra_inputs: Mapping[str, Literal["valid", "padding"]] = Field(default_factory=dict)
    output: str = ""
    activation: Literal["none", "sigmoid"] = "none"
    tag_format: Literal["csv", "json"] = "csv"
    categories: Mapping[str, str] = Field(
        default_factory=lambda: (
            {"0": "general", "1": "artist", "3": "copyright", "4": "character"} | {"5": "meta", "9": "rating"}
        )
    )
    thresholds: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=lambda: {"general": 0.35, "character": 0.85}
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The files that are needed, as they are called in the folder."""
        return (self.model, self.tags, *self.files)

    def threshold(self, category: str) -> float:
        """From what score on a tag of a category is taken; that of "general" where none is stated."""
        return self.thresholds.get(category, self.thresholds.get("general", 0.35))


def read(folder: Path) -> Manifest | None:
    """The manifest in a folder, None where there is none. Raises UserError for one that can't be used."""
    for name in NAMES:
        path = folder / name
        if path.is_file():
            return _parsed(path)
    return None


def _parsed(path: Path) -> Manifest:
    try:
        text = files.read(path, _MOST_BYTES).decode("utf-8-sig")
        values: Any = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        return Manifest.model_validate(values)
    except ValidationError as error:
        detail = error.errors()[0]
        what = f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
        raise UserError(messages.BAD_MANIFEST(path=path, what=what)) from None
    except (OSError, ValueError, RecursionError) as error:
        what = str(error) or type(error).__name__
        raise UserError(messages.BAD_MANIFEST(path=path, what=what)) from None
