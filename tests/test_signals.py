"""What asks the program to end."""

import signal

import pytest

from core import signals

ENDS = [name for name in signals.NAMES if hasattr(signal, name)]


@pytest.fixture
def asked(monkeypatch):
    """What was called, in order; the clock stands at `asked.now`."""

    class Asked(list):
        now = 100.0

        def after(self, seconds: float, name: str) -> None:
            self.now += seconds
            signal.raise_signal(getattr(signal, name))

    calls = Asked()
    monkeypatch.setattr(signals.time, "monotonic", lambda: calls.now)
    with signals.asking(lambda: calls.append("end"), lambda: calls.append("leave")):
        yield calls


@pytest.mark.parametrize("name", ENDS)
def test_every_signal_to_end_is_heard(asked, name):
    asked.after(0, name)
    assert asked == ["end"]


def test_a_second_press_within_five_seconds_leaves_at_once(asked):
    asked.after(0, "SIGINT")
    asked.after(4.9, "SIGINT")
    assert "leave" in asked


def test_a_press_after_more_than_five_seconds_is_a_first_one_again(asked):
    asked.after(0, "SIGINT")
    asked.after(5.1, "SIGINT")
    assert asked == ["end", "end"]


@pytest.mark.parametrize(
    ("first", "second"), [("SIGHUP", "SIGHUP"), ("SIGTERM", "SIGHUP"), ("SIGINT", "SIGTERM")]
)
def test_a_closing_terminal_or_a_launcher_that_signals_twice_is_not_impatient(asked, first, second):
    asked.after(0, first)
    asked.after(1, second)
    assert "leave" not in asked


def test_a_signal_that_a_launcher_passes_on_counts_once(asked):
    asked.after(0, "SIGINT")
    asked.after(0.1, "SIGINT")
    assert "leave" not in asked


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    calls = []
    try:
        with signals.asking(lambda: calls.append("end"), lambda: None):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert calls == []


def test_afterwards_the_signals_do_what_they_did_before():
    before = [signal.getsignal(getattr(signal, name)) for name in ENDS]
    with signals.asking(lambda: None, lambda: None):
        pass
    assert [signal.getsignal(getattr(signal, name)) for name in ENDS] == before


def test_signals_are_counted_but_not_one_that_is_passed_on(monkeypatch):
    now, asked = [100.0], signals.Asked()
    monkeypatch.setattr(signals.time, "monotonic", lambda: now[0])
    for seconds in (0, 0.1, 0.4, 60):
        now[0] += seconds
        asked()
    assert asked.times == 3
