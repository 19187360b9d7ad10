"""What a whole run saves, counted by hand, and what is said where the disk has no room for it."""

from core.catalog import Words
from core.counting import size_text
from core.forecast import disk
from core.forecast.room import needed
from tests.forecast.test_counts import setup

GIB = 2**30


def counted(total=1000, per_epoch=100, train=None, **save):
    made = setup(save={"autosave_minutes": 0, **save}, train=train or {})
    found = disk.saves(made, total, per_epoch)
    return found.models, found.states


def test_the_last_model_is_always_saved_and_a_state_where_it_is_kept():
    assert counted() == (1, 0)
    assert counted(save_state_on_train_end=True) == (1, 1)
    assert counted(autosave_minutes=10) == (1, 2)


def test_saves_in_between_are_counted_with_those_that_are_kept():
    assert counted(save_every_n_steps=100) == (11, 0)
    # Of 100, 200, … 1000 those from 700 on are kept.
    assert counted(save_every_n_steps=100, save_last_n_steps=300) == (5, 0)
    # The last of ten epochs is the last model.
    assert counted(save_every_n_epochs=1) == (10, 0)
    assert counted(save_every_n_epochs=1, save_last_n_epochs=3) == (4, 0)
    assert counted(total=950, save_every_n_epochs=3) == (4, 0)
    assert counted(save_n_epoch_ratio=2) == (2, 0)
    assert counted(per_epoch=None, save_every_n_epochs=1) == (1, 0)


def test_every_save_has_its_state_where_states_are_saved():
    assert counted(save_every_n_steps=250, save_state=True) == (5, 5)
    assert counted(save_every_n_epochs=1, save_state=True, save_last_n_epochs_state=2) == (10, 3)


def test_the_best_model_is_one_more():
    assert counted(save_best=True) == (2, 0)
    assert counted(train={"early_stopping_patience": 3}) == (2, 0)


def test_too_little_for_all_is_a_notice_and_too_little_to_begin_a_refusal():
    made = setup(network={"method": "none"}, save={"save_every_n_epochs": 1, "autosave_minutes": 0})
    room, found = needed(made), disk.saves(made, 1000, 100)
    assert found.total == 10 * room.model
    assert disk.short(found, made.config, found.total) is None
    notice = disk.short(found, made.config, found.total - 1)
    assert notice.code == "W-DISK-ROOM" and f"10 models of {size_text(room.model)}" in notice.en
    assert "モデル10個" in notice.ja
    assert disk.least(room, made.config, room.total) is None
    assert disk.least(room, made.config, room.total - 1).code == "E-DISK-ROOM"


def test_of_a_model_that_is_not_here_nothing_is_said():
    made = setup(save={"output_dir": "no/such/folder"})
    assert disk.problems(made.config, 100, 10) == ()


def test_a_saved_state_is_named_before_the_models():
    assert disk.Saves(GIB, 2 * GIB, 1, 3).words() == Words(
        "3 training states of 2.0 GiB and 1 model of 1.0 GiB",
        "学習状態3個（各2.0 GiB）とモデル1個（各1.0 GiB）",
        "3个训练状态（各2.0 GiB）和1个模型（各1.0 GiB）",
    )
