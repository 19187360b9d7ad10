"""A model in another format or precision; tensor by tensor, so that it takes little memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.catalog import FAMILIES, SAVE_FORMATS, SAVE_PRECISIONS
from core.control import RunControl
from core.errors import UserError, plain_problem
from core.formats import atomic_write, partial_files, tensors
from core.formats.identify import FAMILY_NAMES, Identity, identify
from core.models.family import open_family

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

_FILES = {"safetensors": ".safetensors", "ckpt": ".ckpt"}


def convert(
    source: Path,
    target: Path,
    save_as: str,
    precision: str,
    progress: Progress | None = None,
    control: RunControl | None = None,
) -> Path:
    """Write the model (or LoRA, VAE, ...) at `source` to `target`; returns where it lies.

    target: with or without its ending; never one that is there. save_as: a key of catalog.SAVE_FORMATS but
    "auto". precision: one of catalog.SAVE_PRECISIONS; "auto" changes no bit.
    Raises UserError when the source can't be read or written so or the target exists, ResourceFault when the
    disk is full, NumericFault when a number does not fit the precision, StopRun when `control` says so.
    """
    assert save_as in SAVE_FORMATS and save_as != "auto" and precision in SAVE_PRECISIONS, (
        save_as,
        precision,
    )
    if not target.name:
        raise UserError(
            plain_problem(
                "E-CONVERT-NAME",
                f"'{target}' is no name for the new model; give the path of the file or folder to make.",
                f"「{target}」は新しいモデルの名前として使えません。作成するファイルかフォルダのパスを指定してください。",
            )
        )
    place = tensors.with_suffix(target, _FILES[save_as]) if save_as in _FILES else target
    atomic_write.refuse_existing(place)
    identity = identify(source)
    if identity.problems:
        raise UserError(*identity.problems)
    partial_files.sweep(place.parent, lambda name: name == place.name)

    def watch(done: int, total: int) -> None:
        if progress is not None:
            progress("convert", done, total)
        if control is not None:
            control.check()

    if identity.kind == "model" and identity.family in FAMILIES and identity.variant != "unet":
        family = open_family(identity.family)
        return family.convert(source, identity.family, target, save_as, precision, watch)
    return _convert_file(source, identity, target, save_as, precision, watch)


def _convert_file(
    source: Path, identity: Identity, target: Path, save_as: str, precision: str, watch: tensors.Watch
) -> Path:
    """Any other file of tensors: the same names in another container or precision."""
    if save_as not in _FILES or source.is_dir():
        name = FAMILY_NAMES.get(identity.family, "")
        raise UserError(
            plain_problem(
                "E-CONVERT-KIND",
                f"{source} is no Stable Diffusion 1 or 2 model ({identity.kind} {name}); "
                "it can only become .safetensors or .ckpt.",
                f"{source} はStable Diffusion 1・2のモデルではないため（{identity.kind} "
                f"{name}）、.safetensorsか.ckptにのみ変換できます。",
                path=str(source),
            )
        )
    file = tensors.open_file(source)
    dtype = tensors.PRECISIONS[precision]
    lazy = {name: tensors.from_file(file, name, dtype) for name in file.tensors}
    return tensors.save(
        tensors.with_suffix(target, _FILES[save_as]), tensors.watched(lazy, watch), file.metadata
    )
