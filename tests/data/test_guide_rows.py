"""Rows of the guide about the data, each by its own numbers."""

import json
from collections import Counter

import pytest

from core.config.schema.train import TrainConfig
from core.data.plan import as_json
from core.data.plan.plan import make
from tests.data.images import TALL, codes, config, draw, fill, plan


def by_name(whole, batches):
    """How often each image comes in these batches: {"20_sls frog/000.png": 20}."""
    paths = [whole.images[s.image].path for batch in batches for s in batch.samples]
    return Counter(f"{path.parent.name}/{path.name}" for path in paths)


def test_g01_a_folder_20_sls_frog_yields_each_image_20_times_with_its_words(tmp_path):
    whole = plan(fill(tmp_path, {"20_sls frog": 3}))
    assert by_name(whole, whole.epoch(1)) == {f"20_sls frog/00{n}.png": 20 for n in range(3)}
    assert {s.caption for batch in whole.epoch(1) for s in batch.samples} == {"sls frog"}


def test_g01_a_folder_without_a_count_is_named_and_not_trained(tmp_path):
    whole = plan(fill(tmp_path, {"2_sls frog": 1, "cpc rabbit": 2}))
    (notice,) = [n for n in whole.notices if n.code == "W-DIR-NAME"]
    assert notice.path.endswith("cpc rabbit") and len(whole.images) == 1


def test_g02_regularization_images_have_their_own_words(tmp_path):
    whole = plan(fill(tmp_path / "t", {"2_sls frog": 2}), fill(tmp_path / "r", {"1_frog": 4}))
    words = Counter((s.caption, whole.images[s.image].is_reg) for b in whole.epoch(1) for s in b.samples)
    assert words == {("sls frog", False): 4, ("frog", True): 4}


# training repeats x images; reg repeats x images; uses of the reg images in an epoch
@pytest.mark.parametrize(
    ("train", "reg", "uses"),
    [
        (4 * 3, (1, 5), [3, 3, 2, 2, 2]),  # too few: used again, evenly
        (2 * 3, (1, 6), [1] * 6),
        (1 * 3, (1, 5), [1, 1, 1, 0, 0]),  # surplus: not in this epoch
        (4 * 3, (5, 6), [2] * 6),  # 5 x 6 is surplus, but each has its turn
    ],
)
def test_g03_an_epoch_takes_as_many_regularization_as_training_samples(tmp_path, train, reg, uses):
    whole = plan(fill(tmp_path / "t", {f"{train // 3}_x": 3}), fill(tmp_path / "r", {f"{reg[0]}_y": reg[1]}))
    counts = by_name(whole, whole.epoch(1))
    found = sorted((counts[f"{reg[0]}_y/00{n}.png"] for n in range(reg[1])), reverse=True)
    assert found == uses and (whole.train_samples, whole.reg_samples) == (train, train)


def test_g03_the_numbers_are_shown_and_surplus_images_are_named(tmp_path):
    whole = plan(fill(tmp_path / "t", {"1_x": 2}), fill(tmp_path / "r", {"1_y": 4}))
    values = as_json.values(whole, TrainConfig())
    assert values["epoch"] == {"train_samples": 2, "reg_samples": 2, "batches": 4, "steps": 4}
    assert [(f["images"], f["used_per_epoch"]) for f in values["folders"]] == [(2, 2), (4, 2)]
    used = by_name(whole, whole.epoch(1))
    (notice,) = [n for n in whole.notices if n.code == "W-REG-SURPLUS"]
    for n in range(4):
        name = f"1_y/00{n}.png"
        assert (name in notice.facts["spare"].en) == (name not in used)


def test_g04_a_step_sees_train_batch_size_images_not_twice_that(tmp_path):
    train, reg = fill(tmp_path / "t", {"4_x": 3}), fill(tmp_path / "r", {"1_y": 12})
    whole = plan(train, reg, train_batch_size=4)
    # 12 + 12 samples in fours
    assert [len(batch.samples) for batch in whole.epoch(1)] == [4] * 6


def test_g05_two_subjects_with_one_shared_class_are_both_trained(tmp_path):
    train = fill(tmp_path / "t", {"3_sls frog": 2, "2_cpc frog": 4})
    whole = plan(train, fill(tmp_path / "r", {"1_frog": 7}))
    words = Counter(s.caption for batch in whole.epoch(1) for s in batch.samples)
    assert words == {"sls frog": 6, "cpc frog": 8, "frog": 14}


def test_g05_every_regularization_class_is_used_and_surplus_takes_turns(tmp_path):
    # 20 + 20 training samples, 50 frogs and 50 rabbits: sd-scripts trains 40 of one class, none of the other
    train = fill(tmp_path / "t", {"2_sls frog": 10, "2_cpc rabbit": 10})
    whole = plan(train, fill(tmp_path / "r", {"1_frog": 50, "1_rabbit": 50}))
    for epoch in (1, 2, 3):
        words = Counter(s.caption for batch in whole.epoch(epoch) for s in batch.samples)
        assert words == {"sls frog": 20, "cpc rabbit": 20, "frog": 20, "rabbit": 20}
    # 3 epochs x 20 are more than 50: each image had its turn, once or twice
    over = by_name(whole, [batch for e in (1, 2, 3) for batch in whole.epoch(e)])
    turns = [over[f"1_{kind}/{n:03}.png"] for kind in ("frog", "rabbit") for n in range(50)]
    assert min(turns) == 1 and max(turns) == 2 and sum(turns) == 120
    assert [f["used_per_epoch"] for f in as_json.values(whole, TrainConfig())["folders"]] == [20, 20, 20, 20]


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_no_image_is_missed_or_doubled_in_an_epoch(tmp_path, processes):
    # sd-scripts: of 24 images 2 to 4 are missing in each epoch and as many come twice
    train = fill(tmp_path, {"1_x": 24})
    for n in range(5):
        draw(train / "1_x" / f"tall{n}.png", TALL, (n, 1, 1))
    whole = make(config(train, enable_bucket=True, train_batch_size=3), 1, processes)
    stream = whole.stream(0)
    for number in range(1, 5):
        seen = Counter[int]()
        for _ in range(whole.batches_per_epoch):
            batch = next(stream)
            assert batch.epoch == number
            for rank in range(processes):
                seen.update(sample.image for sample in batch.samples[rank::processes])
        assert seen == dict.fromkeys(range(29), 1)


def test_g09_a_resolution_that_is_not_square_takes_images_of_just_that_size(tmp_path):
    draw(tmp_path / "2_x" / "a.png", (128, 64))
    assert plan(tmp_path, resolution="128,64").problems == ()
    draw(tmp_path / "2_x" / "turned.png", (64, 128))
    (problem,) = plan(tmp_path, resolution="128,64").problems
    assert problem.code == "E-IMG-SIZE" and problem.facts["names"].en == "2_x/turned.png (64×128)"


def test_g10_images_of_three_shapes_train_at_the_reference_s_sizes(tmp_path):
    # bucket_reference.json, 768x512 with sides from 384 to 1280
    for name, size in {"a": (768, 512), "b": (512, 768), "c": (1000, 1000)}.items():
        draw(tmp_path / "1_x" / f"{name}.png", size)
    options = {"resolution": "768,512", "min_bucket_reso": 384, "max_bucket_reso": 1280}
    whole = plan(tmp_path, enable_bucket=True, **options)
    assert [image.fit.bucket for image in whole.images] == [(768, 512), (512, 768), (576, 576)]
    # the square of 1000 becomes 576x576, the largest square of 64-pixel steps within 768 x 512 pixels
    assert whole.images[2].fit.resized == (576, 576)


def test_g11_every_batch_is_of_one_bucket_shared_by_both_kinds(tmp_path):
    train, reg = fill(tmp_path / "t", {"2_x": 3}), fill(tmp_path / "r", {"1_y": 3})
    for n in range(3):
        draw(train / "2_x" / f"tall{n}.png", TALL, (n, 2, 2))
        draw(reg / "1_y" / f"tall{n}.png", TALL, (n, 3, 3))
    whole = plan(train, reg, enable_bucket=True, train_batch_size=4)
    for batch in (*whole.epoch(1), *whole.epoch(2)):
        assert {whole.images[s.image].fit.bucket for s in batch.samples} == {batch.bucket}
    # of each bucket 6 training and 6 regularization samples: three batches of 4
    assert sorted((b.bucket, len(b.samples)) for b in whole.epoch(1)) == [((64, 64), 4)] * 3 + [(TALL, 4)] * 3


def test_g13_what_is_shown_is_what_is_trained(tmp_path):
    train, reg = fill(tmp_path / "t", {"3_sls frog": 2}), fill(tmp_path / "r", {"1_frog": 4})
    (train / "3_sls frog" / "001.txt").write_text("green")
    draw(train / "3_sls frog" / "wide.png", (96, 64))
    whole = plan(train, reg, enable_bucket=True)
    shown = json.loads(json.dumps(as_json.values(whole, TrainConfig(), len)))["images"]
    trained = Counter[int]()
    for batch in whole.epoch(1):
        for sample in batch.samples:
            row = shown[sample.image]
            trained[sample.image] += 1
            assert [*batch.bucket] == row["bucket"] and sample.caption == row["caption"]
            assert {"left": sample.crop[0], "top": sample.crop[1]} == row["crop"]
            assert row["tokens"] == len(sample.caption)
    assert [row["used_per_epoch"] for row in shown] == [trained[n] for n in range(len(shown))]


def test_both_kinds_of_caption_are_seen_and_what_is_skipped_is_said(tmp_path):
    train = fill(tmp_path, {"1_sls frog": 3})
    (train / "1_sls frog" / "000.caption").write_text("sls from caption")
    (train / "1_sls frog" / "000.txt").write_text("skipped")
    (train / "1_sls frog" / "001.txt").write_bytes(b"\xef\xbb\xbfsls from txt")
    whole = plan(train)
    assert [image.caption for image in whole.images] == ["sls from caption", "sls from txt", "sls frog"]
    assert {"I-CAP-BOTH", "I-CAP-TXT", "I-CAP-NONE"} == set(codes(whole.notices))
