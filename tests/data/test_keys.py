"""Randomness that is looked up."""

from core.data.keyed_random import key, rng


def test_the_same_seed_and_purpose_give_the_same_numbers():
    assert [rng(7, "flip", 1, 2).random() for _ in range(2)] == [rng(7, "flip", 1, 2).random()] * 2


def test_another_seed_purpose_epoch_or_slot_gives_another_key():
    keys = [
        key(7, "flip", 1, 2),
        key(8, "flip", 1, 2),
        key(7, "crop", 1, 2),
        key(7, "flip", 2, 2),
        key(7, "flip", 1, 3),
    ]
    assert len(set(keys)) == 5


def test_seeds_that_agree_in_their_low_32_bits_differ():
    assert key(5, "order") != key(5 + 2**32, "order")


def test_parts_do_not_run_into_one_another():
    assert key(1, "a", 1, 23) != key(1, "a", 12, 3) != key(1, "a", "1", 23)


def test_numbers_stay_the_same_on_every_system_and_for_ever():
    # printf '[42,"order",1]' | b2sum -l 128
    assert key(42, "order", 1) == 0x17A833FB4A1F4B76F1EF8C9230D0C9F5
    numbers = list(range(8))
    rng(42, "order", 1).shuffle(numbers)
    assert numbers == [2, 6, 4, 7, 0, 1, 3, 5]
