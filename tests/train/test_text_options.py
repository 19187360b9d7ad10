"""What is done with captions and attention reaches the training: the loss of one step tells."""

import pytest

from core.events import StepDone

FROGS = " ".join(["frog"] * 90)


@pytest.fixture
def loss(configure, train, images, tmp_path):
    """The loss of the first step on an image with this caption and these options of the model."""
    folder = tmp_path / "data" / "1_sls frog"
    folder.mkdir(parents=True)
    (folder / "0.png").write_bytes(next(images.glob("train/*/0.png")).read_bytes())

    def of(caption, **options):
        (folder / "0.caption").write_text(caption)
        data = {"train_data_dir": str(folder.parent), "reg_data_dir": None, "train_batch_size": 1}
        config = configure(dataset=data, train={"max_train_steps": 1}, model=options)
        return train(config).of(StepDone)[0].loss

    return of


def test_clip_skip_and_the_length_of_captions_change_what_is_learned(loss):
    assert len({loss(FROGS), loss(FROGS, clip_skip=2), loss(FROGS, max_token_length=150)}) == 3


def test_padding_changes_what_is_learned_and_attention_in_pieces_does_not(loss):
    usual = loss("frog")
    assert loss("frog", no_token_padding=True) != usual
    assert loss("frog", attention="mem_eff") == pytest.approx(usual, rel=1e-5)
