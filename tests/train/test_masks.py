"""Masks weigh the loss where the image is, with and without a latents cache."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.control import RunControl
from core.data.images import load
from core.errors import UserError
from core.train.device.engine import Engine
from core.train.run import build, prepare

SIZE = 64


def mask_of_left_half() -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[:, : SIZE // 2] = 255
    mask[:, SIZE // 2 : SIZE // 2 + 4] = 255  # half of a latent cell
    return mask


LATENT = torch.tensor([1.0] * 4 + [0.5] + [0.0] * 3).expand(1, 8, 8)
"""The same at an eighth of the size."""


@pytest.fixture
def masked(tmp_path) -> dict[str, str]:
    """Folders of two images and of their masks, one all white and one of the left half."""
    noise = np.random.default_rng(5)
    folders = {name: tmp_path / name / "1_sls frog" for name in ("train", "masks")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for name, mask in (("a", np.full((SIZE, SIZE), 255, np.uint8)), ("b", mask_of_left_half())):
        pixels = noise.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folders["train"] / f"{name}.png")
        Image.fromarray(mask).save(folders["masks"] / f"{name}.png")
    return {
        "train_data_dir": str(tmp_path / "train"),
        "conditioning_data_dir": str(tmp_path / "masks"),
        "reg_data_dir": None,
    }


def started(config, tmp_path):
    with Engine(config.train.precision) as engine:
        job = prepare(config, tmp_path, RunControl(), [].append)
        return build(job, engine, RunControl(), [].append)[0]


def first_masks(training) -> dict[str, torch.Tensor]:
    """Masks of an epoch by the name of the image and whether it is mirrored."""
    found = {}
    for plan, batch in zip(training.plan.epoch(1), training.stream(0), strict=False):
        for n, sample in enumerate(plan.samples):
            path = training.plan.images[sample.image].path
            found[path.stem, sample.flip] = None if batch.mask is None else batch.mask[n]
    return found


@pytest.mark.parametrize("cache", [True, False])
def test_a_mask_reaches_the_batch_at_the_size_of_the_latents(configure, masked, tmp_path, cache):
    dataset = masked | {"cache_latents": cache}
    found = first_masks(started(configure(train={"masked_loss": True}, dataset=dataset), tmp_path))
    assert torch.equal(found["a", False], torch.ones(1, 8, 8))
    assert torch.equal(found["b", False], LATENT)


@pytest.mark.parametrize("cache", [True, False])
def test_a_mirrored_image_has_a_mirrored_mask(configure, masked, tmp_path, cache):
    (Path(masked["train_data_dir"]) / "1_sls frog").rename(Path(masked["train_data_dir"]) / "8_sls frog")
    masks = Path(masked["conditioning_data_dir"])
    (masks / "1_sls frog").rename(masks / "8_sls frog")
    dataset = masked | {"cache_latents": cache, "flip_aug": True}
    found = first_masks(started(configure(train={"masked_loss": True}, dataset=dataset), tmp_path))
    assert torch.equal(found["b", False], LATENT) and torch.equal(found["b", True], LATENT.flip(-1))


def test_what_is_masked_out_has_no_say_in_the_loss_and_the_mean_is_over_every_pixel(
    configure, masked, tmp_path
):
    dataset = masked | {"train_batch_size": 1}
    training = started(configure(train={"masked_loss": True}, dataset=dataset), tmp_path)
    batch = next(b for b in training.stream(0) if b.mask.min() == 0)
    seen, predict = [], training.batch_loss.family.predict

    class Family:
        def predict(self, *args):
            seen.append(predict(*args))
            return seen[-1]

    object.__setattr__(training.batch_loss, "family", Family())
    loss = training.batch_loss(batch).item()
    error = (seen[0] - batch.noise).square()
    assert loss == pytest.approx((error * LATENT).sum().item() / error.numel(), rel=1e-5)
    assert loss < 0.75 * error.mean().item()


def test_no_step_reads_a_mask_when_latents_are_cached(configure, masked, tmp_path, monkeypatch):
    training = started(configure(train={"masked_loss": True}, dataset=masked), tmp_path)
    monkeypatch.setattr(load, "load_mask", None)
    assert next(training.stream(0)).mask is not None


def test_a_mask_that_was_changed_is_the_new_one_beside_latents_from_disk(configure, masked, tmp_path):
    dataset = masked | {"cache_latents_to_disk": True}
    config = configure(train={"masked_loss": True}, dataset=dataset)
    first_masks(started(config, tmp_path))
    path = Path(masked["conditioning_data_dir"]) / "1_sls frog" / "b.png"
    Image.fromarray(255 - mask_of_left_half()).save(path)
    assert torch.equal(first_masks(started(config, tmp_path))["b", False], 1.0 - LATENT)


def test_transparency_is_a_mask_without_masked_loss_and_mask_files_are_not(configure, masked, tmp_path):
    path = Path(masked["train_data_dir"]) / "1_sls frog" / "a.png"
    image = Image.open(path).convert("RGB")
    image.putalpha(Image.fromarray(mask_of_left_half()))
    image.save(path)
    found = first_masks(started(configure(dataset=masked | {"alpha_mask": True}), tmp_path))
    assert torch.equal(found["a", False], LATENT)
    assert torch.equal(found["b", False], torch.ones(1, 8, 8))
    assert first_masks(started(configure(dataset=masked), tmp_path)) == {
        ("a", False): None,
        ("b", False): None,
    }


def test_masked_loss_without_any_mask_is_refused(configure, tmp_path):
    with pytest.raises(UserError) as refused:
        started(configure(train={"masked_loss": True}), tmp_path)
    assert [problem.code for problem in refused.value.problems] == ["E-MASK-NONE"]


def test_masks_count_in_validation_too(configure, masked, tmp_path):
    (Path(masked["conditioning_data_dir"]) / "1_sls frog" / "a.png").write_bytes(
        (Path(masked["conditioning_data_dir"]) / "1_sls frog" / "b.png").read_bytes()
    )
    dataset = masked | {"validation_split": 0.5, "cache_latents": False}
    training = started(configure(train={"masked_loss": True}, dataset=dataset), tmp_path)
    (planned,) = training.plan.validation_batches()
    assert torch.equal(training.validation.batches.one(planned).mask[0], LATENT)
