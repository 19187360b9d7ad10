"""Which regularization images an epoch takes."""

from collections import Counter
from pathlib import Path

from core.data.names import parse
from core.data.plan.regularization import fair, rotations, shares
from core.data.sources.folders import Folder
from tests.data.images import TALL, planned


def groups(*names):
    return [Folder(Path(name), *parse(name), True, ()) for name in names]


def taken(found, epoch):
    return Counter(index for turn in found for index in turn.of(epoch))


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
    used = taken(rotations(images, groups("1_frog", "1_rabbit"), 40, seed=1), 1)
    assert sum(n for i, n in used.items() if i < 50) == 20 == sum(n for i, n in used.items() if i >= 50)


def test_a_folder_s_repeats_are_its_weight():
    images = [planned(folder=0, is_reg=True, repeats=3), planned(folder=1, is_reg=True, repeats=1)]
    assert taken(rotations(images, groups("3_a", "1_b"), 8, seed=1), 1) == {0: 6, 1: 2}


def test_too_few_images_are_used_evenly():
    images = [planned(folder=0, is_reg=True) for _ in range(5)]
    assert sorted(taken(rotations(images, groups("1_frog"), 12, seed=1), 1).values()) == [2, 2, 2, 3, 3]


def test_spare_images_take_turns_over_the_epochs():
    images = [planned(folder=0, is_reg=True) for _ in range(6)]
    found = rotations(images, groups("1_frog"), 2, seed=1)
    assert sorted(i for epoch in (1, 2, 3) for i in taken(found, epoch)) == [0, 1, 2, 3, 4, 5]
    assert taken(found, 4) == taken(found, 1)


def test_the_order_depends_on_the_seed():
    images = [planned(folder=0, is_reg=True) for _ in range(30)]
    assert rotations(images, groups("1_frog"), 5, seed=1) != rotations(images, groups("1_frog"), 5, seed=2)


def test_every_epoch_takes_as_many_of_each_bucket():
    images = [planned(folder=0, is_reg=True) for _ in range(7)]
    images += [planned(TALL, folder=0, is_reg=True) for _ in range(3)]
    found = rotations(images, groups("1_frog"), 4, seed=1)
    assert [sum(n for i, n in taken(found, e).items() if i >= 7) for e in range(1, 6)] == [1] * 5


def test_training_images_are_never_among_them():
    images = [planned(), planned(folder=1, is_reg=True)]
    assert taken(rotations(images, groups("20_sls frog", "1_frog"), 3, seed=1), 1) == {1: 3}


def test_equal_shares_end_where_a_class_has_no_more():
    assert fair(40, [100, 30]) == [20, 20]
    assert fair(41, [50, 50]) == [20, 21]
    assert fair(40, [50, 10]) == [30, 10]
    assert fair(40, [30, 10]) == [30, 10]  # just enough: each image as often as its folder says
    assert fair(80, [30, 10]) == [60, 20]  # too few: in proportion
    assert fair(0, [5, 5]) == [0, 0] and fair(5, []) == []


def test_a_small_class_is_not_starved_by_a_large_one():
    images = [planned(folder=0, is_reg=True) for _ in range(100)]
    images += [planned(folder=1, is_reg=True) for _ in range(30)]
    used = taken(rotations(images, groups("1_frog", "1_rabbit"), 40, seed=1), 1)
    assert (sum(n for i, n in used.items() if i < 100), sum(n for i, n in used.items() if i >= 100)) == (
        20,
        20,
    )


def test_folders_of_one_class_share_by_their_repeats():
    # 100 samples and 3 x 10: 40 x 100 / 130 = 30.8 and 9.2
    images = [planned(folder=0, is_reg=True) for _ in range(100)]
    images += [planned(folder=1, is_reg=True, repeats=3) for _ in range(10)]
    used = taken(rotations(images, groups("1_frog", "3_frog"), 40, seed=1), 1)
    assert (sum(n for i, n in used.items() if i < 100), sum(n for i, n in used.items() if i >= 100)) == (
        31,
        9,
    )
