"""The token of the Hub as the page sees it, and an upload that is listed before it is begun."""

import json

import huggingface_hub
import pytest
from huggingface_hub import constants

from core.errors import UserError
from core.models import hub_token
from core.tools.messages import NAMES_TAKEN
from core.tools.tool import Outcome

TOKEN = "hf_" + "b" * 34


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No token of whoever runs the tests, and no Hub."""
    for name in hub_token.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(huggingface_hub, "HfApi", None)


@pytest.mark.browser
def test_a_token_is_set_and_never_shown_and_what_would_be_uploaded_is_listed(at, stage):
    (stage.window.output / "frog.safetensors").parent.mkdir(parents=True, exist_ok=True)
    (stage.window.output / "frog.safetensors").write_bytes(b"x" * 2_000_000)
    page = at()
    page.tool("hub-card")
    card = page.page.locator("#hub-card")
    card.get_by_text(at.words("Token: not set", "トークン：未設定")).wait_for()
    assert not card.locator("[name=repo]").count()
    card.locator("[name=token]").fill("nonsense")
    card.locator("[name=token]").press("Enter")
    card.locator(".is-bad", has_text="hf_").wait_for()
    card.locator("[name=token]").fill(TOKEN)
    card.locator("[data-act=keep]").click()
    card.get_by_text(at.words("Token: set", "トークン：設定済み"), exact=True).wait_for()
    assert TOKEN not in page.page.content() and not card.locator("[name=token]").count()
    assert TOKEN not in json.dumps(stage.window.draft.values)
    card.locator("[name=repo]").fill("me/frog")
    card.locator("[data-act=look]").click()
    listed = card.locator("table")
    listed.wait_for()
    assert "frog.safetensors" in listed.inner_text() and "1.9 MiB" in listed.inner_text()
    assert "me/frog" in card.inner_text() and card.locator("[name=private]").input_value() == "yes"
    card.locator("[data-act=remove]").click()
    card.get_by_text(at.words("Token: not set", "トークン：未設定")).wait_for()
    assert hub_token.source() == ""


@pytest.mark.parametrize(
    "event",
    [
        None, 7, {"act": "start"}, {"act": "look", "fields": {"file": "../../x", "repo": "a/b"}},
        {"act": "keep", "fields": {"token": 5}}, {"act": "keep", "fields": []},
        {"act": "look", "fields": {"file": ["x"], "repo": "<b>/x", "private": {}}},
    ],
)  # fmt: skip
def test_what_no_page_of_ours_sends_is_refused_in_a_sentence(app, event):
    hub_token.keep(TOKEN)
    for html in app.hub.act(event, "en"):
        assert TOKEN not in html and "<b>/x" not in html
    assert app.hub.job.is_busy is False


def test_other_files_of_the_same_name_are_replaced_by_a_choice_of_its_own(app, window, monkeypatch):
    window.output.mkdir()
    (window.output / "frog.safetensors").write_bytes(b"x")
    hub_token.keep(TOKEN)
    asked = []

    def start(self, settings, work):
        asked.append(settings.replace)
        if not settings.replace:
            raise UserError(NAMES_TAKEN(repo="me/frog", names="frog.safetensors"))
        return Outcome(())

    monkeypatch.setattr("core.tools.tool.Tool.start", start)
    (model,) = app.hub._models()
    list(app.hub.act({"act": "look", "fields": {"file": model.id, "repo": "me/frog"}}, "en"))
    said = list(app.hub.act({"act": "start"}, "en"))[-1]
    assert "already has frog.safetensors" in said and 'data-act="replace"' in said
    assert (
        'data-act="replace"'
        not in list(app.hub.act({"act": "replace", "on": f"{model.id} me/frog"}, "ja"))[-1]
    )
    assert list(app.hub.act({"act": "replace", "on": f"{model.id} me/toad"}, "ja")) == []
    assert asked == [False, True]


def test_without_a_model_one_is_asked_for_and_not_a_name(app):
    (html,) = app.hub.act({"act": "look", "fields": {"repo": "me/frog"}}, "en")
    assert "Choose the model to upload." in html and "owner/name" not in html
