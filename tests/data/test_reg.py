"""Which regularization pictures an epoch takes."""

from collections import Counter

from core.data.reg import shares, turns
from tests.data.pictures import TALL, planned


def taken(groups, epoch):
    return Counter(index for turn in groups for index in turn.of(epoch))


def test_shares_are_in_proportion_and_add_up():
    assert shares(12, [1, 2]) == [4, 8]
    assert shares(10, [1, 1, 1]) == [4, 3, 3]


def test_nobody_gets_none_while_there_is_enough():
    assert shares(10, [1, 999]) == [1, 9]
    assert shares(1, [1, 999]) == [0, 1]
    assert shares(5, []) == []


def test_two_classes_with_surplus_are_both_used():
    # 40 training samples, 50 frogs and 50 rabbits: sd-scripts took 40 of one and none of the other
    images = [planned(folder=0, is_reg=True) for _ in range(50)] + [
        planned(folder=1, is_reg=True) for _ in range(50)
    ]
    used = taken(turns(images, ["1_frog", "1_rabbit"], 40, seed=1), 1)
    assert sum(n for i, n in used.items() if i < 50) == 20 == sum(n for i, n in used.items() if i >= 50)


def test_a_folder_s_repeats_are_its_weight():
    images = [planned(folder=0, is_reg=True, repeats=3), planned(folder=1, is_reg=True, repeats=1)]
    assert taken(turns(images, ["3_a", "1_b"], 8, seed=1), 1) == {0: 6, 1: 2}


def test_too_few_pictures_are_used_evenly():
    images = [planned(folder=0, is_reg=True) for _ in range(5)]
    assert sorted(taken(turns(images, ["1_frog"], 12, seed=1), 1).values()) == [2, 2, 2, 3, 3]


def test_spare_pictures_take_turns_over_the_epochs():
    images = [planned(folder=0, is_reg=True) for _ in range(6)]
    groups = turns(images, ["1_frog"], 2, seed=1)
    assert sorted(i for epoch in (1, 2, 3) for i in taken(groups, epoch)) == [0, 1, 2, 3, 4, 5]
    assert taken(groups, 4) == taken(groups, 1)


def test_the_turns_depend_on_the_seed():
    images = [planned(folder=0, is_reg=True) for _ in range(30)]
    assert turns(images, ["1_frog"], 5, seed=1) != turns(images, ["1_frog"], 5, seed=2)


def test_every_epoch_takes_as_many_of_each_bucket():
    images = [planned(folder=0, is_reg=True) for _ in range(7)]
    images += [planned(TALL, folder=0, is_reg=True) for _ in range(3)]
    groups = turns(images, ["1_frog"], 4, seed=1)
    assert [sum(n for i, n in taken(groups, e).items() if i >= 7) for e in range(1, 6)] == [1] * 5


def test_training_pictures_are_never_among_them():
    images = [planned(), planned(folder=1, is_reg=True)]
    assert taken(turns(images, ["20_sls frog", "1_frog"], 3, seed=1), 1) == {1: 3}
