"""The address of the notices as the page sees it."""

import pytest

from core import webhook

URL = "https://1.1.1.1/hooks/very-secret"


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.delenv(webhook.VARIABLE, raising=False)


def test_an_address_is_set_tested_and_removed_and_never_shown(app, window, monkeypatch):
    sent = []
    monkeypatch.setattr(webhook, "_post", lambda url, body: sent.append(url))
    card = app.notices
    html = card.act({"act": "keep", "fields": {"address": URL}}, "en")
    assert "Notifications go to 1.1.1.1" in html and "secret" not in html and "secret" not in card.html("ja")
    assert "Test sent to 1.1.1.1." in card.act({"act": "test"}, "en") and sent == [URL]
    assert "not set" in card.act({"act": "remove"}, "en")


@pytest.mark.parametrize("typed", ["http://1.1.1.1/x", "https://127.0.0.1/x", "nonsense", 5, None])
def test_what_can_be_no_address_is_refused_in_words(app, typed):
    html = app.notices.act({"act": "keep", "fields": {"address": typed}}, "en")
    assert "not set" in html and "rw-problem" in html
