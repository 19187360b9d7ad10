"""A model that was trained, put on the Hugging Face Hub: only what is named, only when asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.control import StopRun
from core.errors import UserError
from core.models import hub, hub_token
from core.tools import messages
from core.tools.tool import Outcome, Tool, Work

_ENDINGS = (".safetensors", ".ckpt", ".json", ".txt", ".bin", ".yaml")
_MOST_FILES = 200
_MOST_NAMED = 5


class HubUploadSettings(Section):
    """What is uploaded, and where to."""

    file: str = opt(
        ...,
        ("Model", "モデル"),
        (
            "A model file, or a Diffusers folder.",
            "モデルファイル、またはDiffusers形式のフォルダー。",
        ),
        path="file",
    )
    repo: str = opt(
        ...,
        ("Repository", "リポジトリ"),
        (
            "owner/name on the Hub; created if it does not exist.",
            "Hubでの「所有者/名前」。なければ作成します。",
        ),
    )
    private: bool = opt(
        True,
        ("Private", "非公開"),
        ("Only you can see a new repository.", "新しいリポジトリを自分だけが見られるようにします。"),
    )
    replace: bool = opt(
        False,
        ("Replace files of the same name", "同名のファイルを置き換える"),
        ("Otherwise existing files are not changed.", "指定しない場合、すでにあるファイルは変更しません。"),
    )


TOOL = Tool(
    "hub-upload",
    Words("Upload to the Hugging Face Hub", "Hugging Face Hubへのアップロード"),
    HubUploadSettings,
    "core.tools.hub_upload:run",
)


def files_of(path: Path) -> list[tuple[Path, str]]:
    """What would be uploaded: each file, and its name in the repository. Raises UserError for nothing.

    Of a folder the weights and the small texts of a model; links are passed over.
    """
    if path.is_file():
        return [(path, path.name)]
    found = [
        (file, file.relative_to(path).as_posix())
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.is_symlink() and file.suffix.lower() in _ENDINGS
    ]
    if not found or len(found) > _MOST_FILES or not (path / "model_index.json").is_file():
        raise UserError(messages.NO_MODEL_TO_UPLOAD(path=path))
    return found


def run(settings: HubUploadSettings, work: Work) -> Outcome:
    """Upload the files one after the other, so that an upload that was stopped is gone on with by another.

    Files that are there just as they are here are passed over. Raises UserError where there is no token, the
    Hub refuses, or a file would be replaced unasked.
    """
    import huggingface_hub
    from huggingface_hub import constants

    if not hub.is_id(settings.repo):
        raise UserError(messages.NO_REPOSITORY(key="repo", repo=settings.repo))
    files = files_of(Path(settings.file))
    if not hub_token.source():
        raise UserError(messages.NO_TOKEN())
    api: Any = huggingface_hub.HfApi()
    with _answers(settings.repo):
        api.create_repo(settings.repo, private=settings.private, exist_ok=True)
        told = api.model_info(settings.repo, files_metadata=True)
        there = {sibling.rfilename: sibling for sibling in told.siblings or []}
        if settings.private and not told.private:
            raise UserError(messages.REPOSITORY_PUBLIC(repo=settings.repo))
    new = [(path, name) for path, name in files if name not in there or not _is_same(path, there[name])]
    taken = [name for _, name in new if name in there]
    if taken and not settings.replace:
        raise UserError(messages.NAMES_TAKEN(repo=settings.repo, names=", ".join(taken[:_MOST_NAMED])))
    passed = len(files) - len(new)
    for number, (path, name) in enumerate(new, passed):
        work.at("upload", number, len(files))
        with _answers(settings.repo):
            api.upload_file(path_or_fileobj=str(path), path_in_repo=name, repo_id=settings.repo)
    work.at("upload", len(files), len(files))
    return Outcome(_told([name for _, name in new], passed, f"{constants.ENDPOINT}/{settings.repo}"))


def _is_same(path: Path, there: Any) -> bool:
    """Whether a file of the repository has the very bytes of one that is here.

    Large files are known there by their SHA-256, small ones by the name that git gives them: SHA-1 of "blob",
    the size and the content. Source: git-scm.com/book, "Git Internals - Git Objects".
    """
    try:
        size = path.stat().st_size
        if there.size != size:
            return False
        if there.lfs is not None:
            return bool(_digest(path, hashlib.sha256()) == there.lfs.sha256)
        return bool(_digest(path, hashlib.sha1(b"blob %d\0" % size)) == there.blob_id)
    except OSError:
        return False


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _told(names: Sequence[str], passed: int, url: str) -> tuple[Words, ...]:
    """What was uploaded, and how many files were there already."""
    shown = ", ".join(names[:_MOST_NAMED])
    done = Words(
        f"Uploaded: {shown}. {url}", f"アップロードしました：{shown}。{url}", f"已上传：{shown}。{url}"
    )
    is_or_are = "file is" if passed == 1 else "files are"
    same = Words(
        f"{passed} {is_or_are} there already, unchanged. {url}",
        f"{passed}個のファイルは、同じものがすでにあります。{url}",
        f"{passed}个相同的文件已存在。{url}",
    )
    return (*([done] if names else []), *([same] if passed else []))


@contextmanager
def _answers(repo: str) -> Iterator[None]:
    """A block that asks the Hub; what goes wrong is a UserError that shows nothing of what was sent."""
    try:
        yield
    except (UserError, StopRun):
        raise
    except Exception as error:  # the client's HTTP library has changed before, and its errors with it
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise UserError(messages.UPLOAD_REFUSED(repo=repo)) from None
        raise UserError(messages.UPLOAD_FAILED(repo=repo, why=type(error).__name__)) from None
