"""Models converted to another format or precision, tensor by tensor, so that it takes little memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from core.catalog import SAVE_FORMATS, SAVE_PRECISIONS, Words
from core.config.schema.option import Choice, Section, opt
from core.errors import UserError
from core.families import FAMILIES
from core.formats import atomic_write, partial_files
from core.formats.classify import ALONE
from core.formats.identify import identify
from core.formats.known_families import FAMILY_NAMES
from core.formats.weight_file import WeightFile
from core.tools.messages import CONVERT_KIND, CONVERT_NAME
from core.tools.tool import Card, Outcome, Tool, Work

if TYPE_CHECKING:
    from core.formats import tensors

_FILES = {"safetensors": ".safetensors", "ckpt": ".ckpt"}
_BY_EXTENSION = {"auto": Words("by the extension", "拡張子に従う")}
_AS_IT_IS = {"auto": Words("as in the source", "元のまま")}


class ConvertSettings(Section):
    """What is converted, and to what."""

    source: str = opt(
        ...,
        ("Model to convert", "変換するモデル"),
        ("A file, or a Diffusers folder.", "ファイル、またはDiffusersフォルダー。"),
        path="file",
    )
    target: str = opt(
        ...,
        ("Name of the result", "出力名"),
        ("Where it is written; its extension may be left out.", "保存先。拡張子は省略できます。"),
        path="file",
    )
    save_as: Annotated[str, Choice(SAVE_FORMATS | _BY_EXTENSION)] = opt(
        "auto",
        ("Save as", "保存形式"),
        ("By the extension: .safetensors where there is none.", "拡張子がなければ.safetensorsで保存します。"),
    )
    precision: Annotated[str, Choice(SAVE_PRECISIONS | _AS_IT_IS)] = opt(
        "auto",
        ("Precision", "精度"),
        ("“As in the source” changes no value.", "「元のまま」なら値を変えません。"),
    )


def run(settings: ConvertSettings, work: Work) -> Outcome:
    """Convert a model. Raises what `convert` does."""
    path = convert(settings, work)
    made = path if identify(path).kind == "model" else None
    return Outcome((Words(f"Saved: {path}", f"保存しました：{path}", f"已保存：{path}"),), made=made)


TOOL = Tool(
    "convert",
    Words("Convert a model", "モデルを変換"),
    ConvertSettings,
    "core.tools.convert:run",
    Card(
        Words(
            "Between single files and Diffusers folders, and between precisions. The source stays as it is.",
            "単一ファイルとDiffusersフォルダーの相互変換、精度の変換を行います。元のファイルは変更しません。",
        ),
        Words("Convert", "変換"),
        output="target",
        folder="models",
        offers="model.base",
        is_kept=False,
        group="models",
    ),
)


def convert(settings: ConvertSettings, work: Work | None = None) -> Path:
    """Write the model (or LoRA, VAE, ...) to the target; returns where it lies.

    Raises UserError when the source can't be read or written so or the target exists, ResourceFault when the
    disk is full, NumericFault when a number does not fit the precision, StopRun when it is stopped.
    """
    from core.formats import tensors
    from core.models.family import open_family

    work = work or Work()
    source, target = Path(settings.source), Path(settings.target)
    if not target.name:
        raise UserError(CONVERT_NAME(path=settings.target))
    save_as = settings.save_as
    if save_as == "auto":
        save_as = "ckpt" if target.suffix == ".ckpt" else "safetensors"
    place = tensors.with_suffix(target, _FILES[save_as]) if save_as in _FILES else target
    atomic_write.refuse_existing(place)
    identity = identify(source)
    if identity.problems:
        raise UserError(*identity.problems)
    partial_files.sweep(place.parent, lambda name: name == place.name)

    def watch(done: int, total: int) -> None:
        work.progress("convert", done, total)
        work.control.check()

    if identity.kind == "model" and identity.family in FAMILIES and identity.variant != ALONE:
        family = open_family(identity.family)
        return family.convert(source, identity.family, target, save_as, settings.precision, watch)
    if save_as not in _FILES or source.is_dir():
        kind = f"{identity.kind} {FAMILY_NAMES.get(identity.family, '')}"
        raise UserError(CONVERT_KIND(path=source, kind=kind))
    return _convert_file(source, place, settings.precision, watch)


def _convert_file(source: Path, place: Path, precision: str, watch: tensors.Watch) -> Path:
    """Any other file of tensors: the same names in another container or precision."""
    from core.formats import lora_file, metadata, tensors

    file = WeightFile(source)
    dtype = tensors.PRECISIONS[precision]
    lazy = {name: tensors.from_file(file, name, dtype) for name in file.tensors}
    texts = metadata.carried(file.metadata, is_changed=False)
    if "sshs_model_hash" in file.metadata:
        texts |= lora_file.hashes({name: one.read() for name, one in lazy.items()}, texts)
    return tensors.save(place, tensors.watched(lazy, watch), texts, is_new=True)
