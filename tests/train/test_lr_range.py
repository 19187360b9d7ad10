"""A learning-rate range test finds the rate at which the loss falls, and leaves nothing behind."""

import math

import pytest

from core.config.file import toml_text
from core.control import StopRun
from core.errors import UserError
from core.tools.lr_range import LrRangeSettings, Point, finding, rate_at
from core.tools.tool import Work
from core.train import lr_range

SETTINGS = LrRangeSettings(file="-", steps=24, lowest=1e-4, highest=10.0)


def curve(*losses: float) -> list[Point]:
    return [Point(10.0 ** (n - 8), loss) for n, loss in enumerate(losses)]


def test_each_step_multiplies_the_rate_by_the_same_factor():
    assert [rate_at(step, 4, 1e-3, 1.0) for step in range(4)] == pytest.approx([1e-3, 1e-2, 1e-1, 1.0])


def test_the_rate_is_where_the_loss_falls_fastest():
    # Means over five: 10 10 9.8 9.2 8 6.4 4.4 3 2.4 …: the fastest fall begins at the sixth, 1e-3.
    found = finding(curve(10, 10, 10, 10, 9, 7, 4, 2, 0, 2, 4, 9, 9))
    assert (found.suggested, found.steepest, found.lowest) == (1e-3, 1e-3, 1.0)


def test_the_rate_is_at_most_a_tenth_of_the_one_with_the_least_loss():
    # Means over five: 10 10 10 9.8 9.2 7.8, then of four and three 7.25 6.33: the fastest fall is at 1.6e-3.
    found = finding([Point(1e-4 * 2**n, loss) for n, loss in enumerate((10, 10, 10, 10, 10, 9, 7, 3))])
    assert (found.suggested, found.steepest, found.lowest) == pytest.approx((1.3e-3, 1.6e-3, 1.28e-2))


@pytest.mark.parametrize("losses", [(1,), (1, 1, 1, 1, 1, 1), (1, 2, 3, 4, 5, 6), (math.nan,) * 9])
def test_where_no_rate_lowers_the_loss_none_is_suggested(losses):
    assert finding(curve(*losses)) is None


def test_a_run_is_tried_and_nothing_is_written(configure, tmp_path):
    config = configure(train={"max_train_epochs": 3, "ema_decay": 0.9}, save={"resume": "auto"})
    told = []
    points = lr_range.measured(config, SETTINGS, Work(lambda *at: told.append(at)))
    assert len(points) > 5 and points[0].rate == pytest.approx(1e-4)
    assert [point.rate for point in points] == sorted(point.rate for point in points)
    assert ("lr_range", 0, 24) in told
    assert not (tmp_path / "out").exists() or not [*(tmp_path / "out").iterdir()]


def test_the_same_settings_give_the_same_curve(configure):
    short = SETTINGS.model_copy(update={"steps": 20, "highest": 1e-2})
    one, other = (lr_range.measured(configure(), short, Work()) for _ in range(2))
    assert one == other


def test_it_is_in_the_console(configure, tmp_path):
    file = tmp_path / "run.toml"
    toml_text.write(file, toml_text.dumps(toml_text.values_of(configure())))
    outcome = lr_range.run(SETTINGS.model_copy(update={"file": str(file)}), Work())
    assert outcome.points and len(outcome.lines) >= len(outcome.points)
    assert outcome.lines[0].en.startswith(" 1.00e-04  loss ")


def test_an_optimizer_that_finds_its_rate_and_a_range_upside_down_are_refused(configure):
    config = configure(optimizer={"optimizer_type": "Prodigy"})
    with pytest.raises(UserError) as error:
        lr_range.measured(config, SETTINGS.model_copy(update={"highest": 1e-5}), Work())
    said = [problem.en for problem in error.value.problems]
    assert "must be below the last" in said[0] and said[1].startswith(
        "Prodigy adapts the learning rate itself"
    )


def test_it_can_be_stopped(configure):
    work = Work()
    work.control.stop(save=False)
    with pytest.raises(StopRun):
        lr_range.measured(configure(), SETTINGS, work)
