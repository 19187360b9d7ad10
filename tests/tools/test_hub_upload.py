"""A result goes to the Hub only as asked: private, and over nothing that is there."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants

from core.errors import UserError
from core.models import hub_token
from core.tools.hub_upload import HubUploadSettings, files_of, run
from core.tools.tool import Work

TOKEN = "hf_" + "a" * 34


class Api:
    """A Hub that remembers what was asked of it. there: its files by name. breaks: one that is lost."""

    private, there, status, done, breaks = True, {}, 0, [], ""

    def create_repo(self, repo, private, exist_ok):
        if Api.status:
            error = RuntimeError(f"Bearer {TOKEN}")
            error.response = SimpleNamespace(status_code=Api.status)
            raise error
        Api.done.append(("made", repo, private))

    def model_info(self, repo, files_metadata):
        siblings = [_sibling(name, body) for name, body in Api.there.items()]
        return SimpleNamespace(private=Api.private, siblings=siblings)

    def upload_file(self, path_or_fileobj, path_in_repo, repo_id):
        if path_in_repo == Api.breaks:
            raise ConnectionError
        Api.there[path_in_repo] = Path(path_or_fileobj).read_bytes()
        Api.done.append(("sent", path_in_repo, repo_id))


def _sibling(name, body):
    """As the Hub tells of a file: weights by SHA-256, small texts as git does."""
    is_large = name.endswith(".safetensors")
    blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
    lfs = SimpleNamespace(sha256=hashlib.sha256(body).hexdigest()) if is_large else None
    return SimpleNamespace(rfilename=name, size=len(body), blob_id=blob, lfs=lfs)


@pytest.fixture(autouse=True)
def hub(monkeypatch, tmp_path):
    for name in hub_token.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    Api.private, Api.there, Api.status, Api.done, Api.breaks = True, {}, 0, [], ""
    hub_token.keep(TOKEN)
    (tmp_path / "frog.safetensors").write_bytes(b"x")
    return tmp_path


def upload(folder, **more):
    return run(HubUploadSettings(file=str(folder / "frog.safetensors"), repo="me/frog", **more), Work())


def refused(folder, **more):
    with pytest.raises(UserError) as caught:
        upload(folder, **more)
    return caught.value.problems[0]


def test_one_file_is_uploaded_to_a_private_repository_and_its_address_is_told(hub):
    told = upload(hub)
    assert Api.done == [("made", "me/frog", True), ("sent", "frog.safetensors", "me/frog")]
    assert told.lines[0].en.endswith("/me/frog") and "frog.safetensors" in told.lines[0].ja


def test_a_file_that_is_there_is_replaced_only_when_that_is_asked_for(hub):
    Api.there = {"frog.safetensors": b"y"}
    assert refused(hub).code == "E-HUB-THERE" and not any(act == "sent" for act, *_ in Api.done)
    upload(hub, replace=True)
    assert Api.done[-1] == ("sent", "frog.safetensors", "me/frog")


def a_folder(hub):
    folder = hub / "model"
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_bytes(b"{}")
    (folder / "unet" / "x.safetensors").write_bytes(b"weights")
    return folder


def test_an_upload_that_broke_off_is_gone_on_with_and_sends_nothing_twice(hub):
    settings = HubUploadSettings(file=str(a_folder(hub)), repo="me/frog")
    Api.breaks = "unet/x.safetensors"
    with pytest.raises(UserError):
        run(settings, Work())
    Api.breaks, Api.done = "", []
    told = run(settings, Work())
    assert [name for act, name, _ in Api.done if act == "sent"] == ["unet/x.safetensors"]
    assert (
        "Uploaded: unet/x.safetensors." in told.lines[0].en and "1 file is there already" in told.lines[1].en
    )
    Api.done = []
    assert "2 files are there already" in run(settings, Work()).lines[0].en
    assert [act for act, *_ in Api.done] == ["made"]


def test_a_file_of_the_same_size_with_other_content_is_not_taken_for_the_same(hub):
    Api.there = {"model_index.json": b"[]"}
    with pytest.raises(UserError) as caught:
        run(HubUploadSettings(file=str(a_folder(hub)), repo="me/frog"), Work())
    assert (
        caught.value.problems[0].code == "E-HUB-THERE" and "model_index.json" in caught.value.problems[0].en
    )


def test_a_public_repository_gets_nothing_that_was_to_be_private(hub):
    Api.private = False
    assert refused(hub).code == "E-HUB-PUBLIC" and not any(act == "sent" for act, *_ in Api.done)


def test_a_refusal_of_the_hub_is_a_sentence_that_shows_no_token(hub):
    Api.status = 403
    problem = refused(hub)
    assert problem.code == "E-HUB-REFUSED" and TOKEN not in problem.en and "write access" in problem.en
    Api.status = 500
    assert refused(hub).code == "E-HUB-FAILED" and TOKEN not in refused(hub).en


def test_without_a_token_nothing_is_asked(hub):
    hub_token.remove()
    assert refused(hub).code == "E-HUB-TOKEN" and Api.done == []


def test_of_a_folder_the_files_of_a_model_are_uploaded_and_no_link(hub):
    folder = hub / "model"
    (folder / "unet").mkdir(parents=True)
    for name in ("model_index.json", "unet/diffusion_pytorch_model.safetensors", "notes.png"):
        (folder / name).write_bytes(b"x")
    (folder / "unet" / "far.json").symlink_to(hub / "frog.safetensors")
    assert [name for _, name in files_of(folder)] == [
        "model_index.json", "unet/diffusion_pytorch_model.safetensors",
    ]  # fmt: skip
    with pytest.raises(UserError):
        files_of(hub)


def test_the_token_is_kept_where_the_user_alone_can_read_it_and_can_be_removed(hub):
    file = hub / "hf" / "token"
    assert file.read_text() == TOKEN and file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    hub_token.keep(TOKEN)
    assert file.stat().st_mode & 0o777 == 0o600 and hub_token.source() == "file"
    assert huggingface_hub.get_token() == TOKEN
    hub_token.remove()
    hub_token.remove()
    assert not file.exists() and hub_token.source() == ""


@pytest.mark.parametrize(
    "text", ["", "hf_short", "secret", "hf_ab cdefgh", "hf_abcdefgh\nx", "hf_" + "a" * 300]
)
def test_what_is_no_token_is_refused_without_repeating_it(hub, text):
    with pytest.raises(UserError) as caught:
        hub_token.keep(text)
    assert text not in caught.value.problems[0].en or not text


def test_a_token_of_the_environment_is_told_as_such(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert hub_token.source() == "environment"
