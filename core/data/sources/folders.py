"""The folders of the guide, `20_sls frog`: found below their parent, with what is odd about them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.counting import counted
from core.data.intake.copy import balance as balance
from core.data.names import FOREIGN_SUFFIXES, complaint, is_junk, is_picture, is_text, nfc, shown, suggestion
from core.data.names import parse as parse
from core.errors import Problem, plain_problem
from core.files import being_read


@dataclass(frozen=True)
class Folder:
    """One folder of pictures: its prompt, and how often an epoch goes through it; `images` sorted by name.

    settings: index into the plan's settings. dataset: number of the data set it belongs to.
    """

    path: Path
    repeats: int
    prompt: str
    is_reg: bool
    images: tuple[Path, ...]
    settings: int = 0
    dataset: int = 0


@dataclass(frozen=True)
class Scan:
    """What lies below a parent folder; `problems` hold errors (E-...) and warnings (W-...)."""

    folders: tuple[Folder, ...]
    problems: tuple[Problem, ...]


def by_name(path: Path) -> tuple[str, str]:
    """Sort key that is the same on every file system: the composed name, then the name as it is."""
    return nfc(path.name), path.name


def scan(parent: Path, is_reg: bool) -> Scan:
    """The folders directly below `parent`, sorted by name, each with its pictures.

    A parent that is itself a folder such as `20_sls frog` and holds pictures is the one folder.
    A wrongly named folder is a warning while a right one remains, else an error; the same with pictures that
    lie beside the folders. Never raises for what a person can put right.
    """
    key = "dataset.reg_data_dir" if is_reg else "dataset.train_data_dir"
    try:
        entries = sorted(parent.iterdir(), key=by_name)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        return Scan((), (_missing(parent, key, error),))
    problems: list[Problem] = []
    folders: list[Folder] = []
    misnamed: list[Path] = []
    for path in entries:
        if is_junk(path.name) or not os.path.isdir(path):
            continue
        named = parse(path.name)
        if _is_loop(path, parent):
            problems.append(_loop(path))
        elif named is None:
            misnamed.append(path)
        else:
            images, found = _pictures(path)
            folders.append(Folder(path, *named, is_reg, images))
            problems += found
    loose = [path for path in entries if is_picture(path) and os.path.isfile(path)]
    own = parse(parent.resolve().name)
    if loose and own is not None and not any(folder.images for folder in folders):
        images, found = _pictures(parent)
        return Scan((Folder(parent, *own, is_reg, images),), (_leaf(parent, key), *found))
    return Scan(tuple(folders), (*_layout(parent, key, folders, misnamed, loose), *problems))


def single(path: Path, repeats: int, prompt: str, is_reg: bool) -> Scan:
    """One folder of pictures whose name means nothing, as a dataset_config names it; always in the result."""
    key = "dataset.dataset_config"
    problems: list[Problem] = []
    images: tuple[Path, ...] = ()
    if not os.path.isdir(path):
        problems.append(_missing_single(path, key))
    else:
        images, problems = _pictures(path)
        if not images and not any(problem.is_error for problem in problems):
            problems.append(_empty(path, key, "E"))
    return Scan((Folder(path, repeats, prompt, is_reg, images),), tuple(problems))


def _pictures(folder: Path) -> tuple[tuple[Path, ...], list[Problem]]:
    """The pictures directly in a folder, sorted by name, and what is odd about its other contents."""
    try:
        with being_read(folder):
            entries = sorted(folder.iterdir(), key=by_name)
    except OSError as error:
        return (), [_unreadable(folder, error)]
    entries = [path for path in entries if not is_junk(path.name)]
    images, problems = [], []
    for path in entries:
        if os.path.isdir(path):
            if _is_loop(path, folder):
                problems.append(_loop(path))
            elif _holds_pictures(path):
                problems.append(_nested(path))
        elif is_picture(path):
            images.append(path) if is_text(path.name) else problems.append(_unnameable(path))
        elif path.suffix.lower() in FOREIGN_SUFFIXES:
            problems.append(_foreign(path))
    return tuple(images), problems


def _layout(
    parent: Path, key: str, folders: list[Folder], misnamed: list[Path], loose: list[Path]
) -> list[Problem]:
    """What is wrong with the parent as a whole; errors when nothing is left to train on."""
    filled = [folder for folder in folders if folder.images]
    level = "W" if filled else "E"
    problems = [_misnamed(path, key, level) for path in misnamed]
    problems += [_empty(folder.path, key, level) for folder in folders if not folder.images]
    if loose:
        problems.append(_loose(parent, key, loose, level))
    elif not filled and not problems:
        problems.append(_nothing(parent, key))
    return problems


def _is_loop(path: Path, parent: Path) -> bool:
    """Whether a folder is a link to the parent or to one above it, so that it holds the parent itself."""
    real = os.path.realpath(path)
    top = os.path.realpath(parent)
    return top == real or top.startswith(real.rstrip(os.sep) + os.sep)


def _holds_pictures(folder: Path) -> bool:
    try:
        return any(is_picture(path) for path in folder.iterdir())
    except OSError:
        return False  # a folder we may not look into holds nothing that could be used


def _tree(parent: Path, is_reg: bool) -> str:
    """How it should look, drawn."""
    name = "1_frog" if is_reg else "20_sls frog"
    return f"{parent.name or parent}/\n    {name}/\n        a.png\n        b.png"


def _missing(parent: Path, key: str, error: OSError | ValueError) -> Problem:
    if isinstance(error, NotADirectoryError):
        return plain_problem(
            "E-DIR-MISSING",
            f"{parent} is a file, not a folder. Choose the folder that holds folders such as `20_sls frog`.",
            f"{parent} はフォルダではなくファイルです。"
            "「20_sls frog」のようなフォルダが入ったフォルダを選んでください。",
            key,
            str(parent),
        )
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return _unreadable(parent, error, key)
    return plain_problem(
        "E-DIR-MISSING",
        f"there is no folder {parent}. Check the path, or make the folder.",
        f"フォルダ {parent} がありません。パスを確認するか、フォルダを作成してください。",
        key,
        str(parent),
    )


def _missing_single(path: Path, key: str) -> Problem:
    return plain_problem(
        "E-DIR-MISSING",
        f"there is no folder {path} (image_dir). Check the path.",
        f"フォルダ {path} がありません（image_dir）。パスを確認してください。",
        key,
        str(path),
    )


def _unreadable(folder: Path, error: OSError, key: str = "") -> Problem:
    return plain_problem(
        "E-DIR-READ",
        f"the folder {folder} can't be read: {error.strerror}. Check its permissions or the drive.",
        f"フォルダ {folder} を読み込めません（{error.strerror}）。アクセス権やドライブを確認してください。",
        key,
        str(folder),
    )


def _misnamed(path: Path, key: str, level: str) -> Problem:
    reason = complaint(path.name)
    assert reason is not None, path
    name, new = shown(path.name), suggestion(path.name)
    return plain_problem(
        f"{level}-DIR-NAME",
        f"the folder `{name}` is not used: {reason.en}. "
        f"Rename it, for example to `{new}` (number of repeats, underscore, words).",
        f"フォルダ「{name}」は使用されません。{reason.ja}。"
        f"「{new}」のような名前（繰り返し回数、半角の「_」、単語）に変更してください。",
        key,
        shown(str(path)),
    )


def _empty(path: Path, key: str, level: str) -> Problem:
    return plain_problem(
        f"{level}-DIR-EMPTY",
        f"there are no pictures in the folder `{path.name}`. Put some in (.png, .jpg, ...) or remove it.",
        f"フォルダ「{path.name}」に画像がありません。画像（.png、.jpg、.webpなど）を入れるか、"
        "フォルダを取り除いてください。",
        key,
        str(path),
    )


def _leaf(parent: Path, key: str) -> Problem:
    whole = parent.resolve()
    name, above = whole.name, whole.parent
    return plain_problem(
        "W-DIR-LEAF",
        f"`{name}` itself is chosen, so only this folder is used. Choose the folder above, {above}, to use "
        "all that lie in it.",
        f"「{name}」自体が指定されているため、このフォルダだけを使います。"
        f"隣のフォルダも使うには、1つ上のフォルダ（{above}）を選んでください。",
        key,
        str(parent),
    )


def _loose(parent: Path, key: str, loose: list[Path], level: str) -> Problem:
    tree = _tree(parent, key == "dataset.reg_data_dir")
    return plain_problem(
        f"{level}-DIR-LAYOUT",
        f"{counted(len(loose), 'picture lies', 'pictures lie')} directly in {parent} ({loose[0].name}"
        f"{' ...' if len(loose) > 1 else ''}) and {'is' if len(loose) == 1 else 'are'} not used. "
        f"Move them into a folder named with the number of repeats and the words:\n{tree}",
        f"{parent} の直下に画像が{len(loose)}枚あり（{loose[0].name}など）、使用されません。"
        f"「繰り返し回数_単語」という名前のフォルダに入れてください：\n{tree}",
        key,
        str(parent),
    )


def _nothing(parent: Path, key: str) -> Problem:
    tree = _tree(parent, key == "dataset.reg_data_dir")
    return plain_problem(
        "E-DIR-EMPTY",
        f"there are no pictures below {parent}. It should look like this:\n{tree}",
        f"{parent} の中に画像がありません。次のような構成にしてください：\n{tree}",
        key,
        str(parent),
    )


def _loop(path: Path) -> Problem:
    return plain_problem(
        "W-DIR-LOOP",
        f"the folder `{path.name}` is a link back to the folder it lies in or one above it, and is left out.",
        f"フォルダ「{path.name}」は、それを含むフォルダまたはその上のフォルダへのリンクなので使用しません。",
        path=str(path),
    )


def _nested(path: Path) -> Problem:
    return plain_problem(
        "W-DIR-NESTED",
        f"pictures in the inner folder `{path.name}` are not used. Move them one folder up.",
        f"内側のフォルダ「{path.name}」の画像は使用されません。1つ上のフォルダに移してください。",
        path=str(path),
    )


def _foreign(path: Path) -> Problem:
    return plain_problem(
        "W-IMG-FORMAT",
        f"`{path.name}` is not used: {path.suffix} files are not read. Convert it to PNG or JPEG.",
        f"「{path.name}」は使用されません。{path.suffix}形式は読み込めないため、PNGかJPEGに変換してください。",
        path=str(path),
    )


def _unnameable(path: Path) -> Problem:
    name = shown(path.name)
    return plain_problem(
        "W-IMG-NAME",
        f"`{name}` is not used: its name is not valid Unicode text. Rename it.",
        f"「{name}」は使用されません。ファイル名が正しいUnicode文字列ではありません。名前を変更してください。",
        path=shown(str(path)),
    )
