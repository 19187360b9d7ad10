"""Captions to ids to states, as sd-scripts cuts and joins them."""

import pytest
import torch

from core.config.schema.run import ModelConfig
from core.errors import UserError
from core.models.family import open_family
from core.models.sd.text import cut
from tests.models.conftest import loaded
from tests.tiny import make_tiny

LONG = " ".join(["frog"] * 100)
BOS, EOS, FROG = 49406, 49407, 11438


@pytest.fixture(scope="module")
def parts2(tmp_path_factory):
    return loaded(make_tiny(tmp_path_factory.mktemp("sd2") / "x.safetensors", family="sd2"))


def ids(parts, *captions, **options):
    return parts.tokenizer["text_encoder"](captions, ModelConfig(**options), torch.device("cpu"))


def states(parts, *captions, **options):
    with torch.no_grad():
        found = open_family("sd1").encode_text(parts, captions, ModelConfig(**options))
    return torch.stack([state.tensors["states"] for state in found])


def test_sd1_fills_up_with_the_end_mark(parts):
    assert ids(parts, "frog")[0].tolist() == [BOS, FROG] + [EOS] * 75


def test_sd2_fills_up_with_id_0(parts2):
    assert ids(parts2, "frog")[0].tolist() == [BOS, FROG, EOS] + [0] * 74


def test_a_long_caption_is_cut_at_75_tokens(parts):
    assert ids(parts, LONG)[0].tolist() == [BOS] + [FROG] * 75 + [EOS]


@pytest.mark.parametrize(("length", "width"), [(75, 77), (150, 152), (225, 227)])
def test_ids_are_as_long_as_the_option_and_two_marks(parts, length, width):
    assert ids(parts, LONG, "frog", max_token_length=length).shape == (2, width)


@pytest.mark.parametrize(("length", "width"), [(75, 77), (150, 152), (225, 227)])
def test_there_are_as_many_states_as_ids(parts, length, width):
    assert states(parts, LONG, "frog", max_token_length=length).shape == (2, width, 16)


def test_without_padding_a_caption_is_only_as_long_as_it_is(parts):
    assert ids(parts, "sls frog", no_token_padding=True).tolist() == [[BOS, 33651, FROG, EOS]]


def test_without_padding_a_batch_is_as_long_as_its_longest(parts):
    assert ids(parts, "frog", "sls frog", no_token_padding=True).tolist() == [
        [BOS, FROG, EOS, EOS],
        [BOS, 33651, FROG, EOS],
    ]


def test_without_padding_a_long_caption_still_fills_whole_windows(parts):
    assert ids(parts, LONG, no_token_padding=True, max_token_length=225).shape == (1, 152)


def test_windows_of_sd1_each_have_both_marks(parts):
    found = cut(ids(parts, LONG, max_token_length=225), parts.tokenizer["text_encoder"].clip).tolist()
    assert found == [
        [BOS] + [FROG] * 75 + [EOS],
        [BOS] + [FROG] * 25 + [EOS] * 51,
        [BOS] + [EOS] * 76,
    ]


def test_windows_of_sd2_end_when_full_and_begin_with_the_end_when_empty(parts2):
    found = cut(ids(parts2, LONG, max_token_length=225), parts2.tokenizer["text_encoder"].clip).tolist()
    assert found == [
        [BOS] + [FROG] * 75 + [EOS],
        [BOS] + [FROG] * 25 + [EOS] + [0] * 50,
        [BOS, EOS] + [0] * 75,
    ]


def test_the_first_window_of_a_long_caption_is_the_short_caption(parts):
    long, short = states(parts, LONG, max_token_length=150), states(parts, LONG)
    assert torch.equal(long[:, :76], short[:, :76])


def test_rows_of_a_batch_do_not_mix(parts):
    both = states(parts, LONG, "frog", max_token_length=225)
    alone = states(parts, "frog", max_token_length=225)
    assert torch.allclose(both[1], alone[0], atol=1e-6)


def test_more_layers_to_skip_than_there_are_is_a_refusal_that_tells_how_many(parts):
    layers = parts.modules["text_encoder"].config.num_hidden_layers
    assert layers < 12
    with pytest.raises(UserError, match=f"has {layers} layers, so 12 can't be skipped"):
        states(parts, "frog", clip_skip=12)


def test_clip_skip_1_is_the_last_layer(parts):
    assert torch.allclose(states(parts, "frog", clip_skip=1), states(parts, "frog"), atol=1e-6)


def test_clip_skip_2_is_the_last_norm_of_the_layer_before(parts):
    encoder = parts.modules["text_encoder"]
    with torch.no_grad():
        embedded = encoder.embeddings(ids(parts, "frog"))
        mask = torch.full((77, 77), float("-inf")).triu(1)[None, None]
        layer = encoder.encoder.layers[0](embedded, mask)
        expected = encoder.final_layer_norm(layer[0] if isinstance(layer, tuple) else layer)
    assert torch.allclose(states(parts, "frog", clip_skip=2), expected, atol=1e-5)


def test_gradients_reach_the_text_encoder(tiny):
    parts = loaded(tiny)
    parts.modules["text_encoder"].requires_grad_(True)
    config = ModelConfig(clip_skip=2)
    family = open_family("sd1")
    family.encode_text(parts, ["frog"], config)[0].tensors["states"].sum().backward()
    assert parts.modules["text_encoder"].embeddings.token_embedding.weight.grad[FROG].abs().sum() > 0


def by_hand(parts, body, windows, clip_skip):
    """States of a caption's token ids as sd-scripts joins them, one window after the other.

    The ids are cut to 75 a window and filled up; SD2 ends a full window with the end mark, and begins an
    empty one with it. Each window is encoded alone; of the marks the first start and the last end stay.
    """
    pad, room = parts.spec.part("text_encoder").pad_token_id, 75 * windows
    row = [*body[:room], EOS] + [pad] * (room - len(body[:room]))
    pieces = []
    for i in range(windows):
        piece = [BOS, *row[75 * i : 75 * i + 75], row[-1]]
        if parts.spec.name == "sd2":
            piece[-1] = EOS if piece[-2] not in (EOS, pad) else piece[-1]
            piece[1] = EOS if piece[1] == pad else piece[1]
        out = parts.modules["text_encoder"](torch.tensor([piece]), output_hidden_states=True)
        layer = out.hidden_states[-(clip_skip or 1)]
        pieces.append(parts.modules["text_encoder"].final_layer_norm(layer)[0])
    middle = [piece[1:-1] for piece in pieces]
    return torch.cat([pieces[0][:1], *middle, pieces[-1][-1:]])


@pytest.mark.parametrize("family", ["sd1", "sd2"])
@pytest.mark.parametrize("clip_skip", [None, 2])
@pytest.mark.parametrize("length", [75, 150, 225])
def test_states_are_those_that_sd_scripts_joins(parts, parts2, family, clip_skip, length):
    model = parts if family == "sd1" else parts2
    counts = (0, 1, 74, 75, 76, 149, 150, 151, 230)
    captions = [" ".join(["frog"] * count) for count in counts]
    found = states(model, *captions, max_token_length=length, clip_skip=clip_skip)
    with torch.no_grad():
        wanted = [by_hand(model, [FROG] * count, length // 75, clip_skip) for count in counts]
    assert (found - torch.stack(wanted)).abs().max() < 1e-5


def test_without_padding_the_u_net_sees_the_captions_own_states_only(parts):
    bare, padded = states(parts, "sls frog", no_token_padding=True), states(parts, "sls frog")
    assert bare.shape == (1, 4, 16) and torch.allclose(bare, padded[:, :4], atol=1e-6)
    latents, time = torch.randn(1, 4, 8, 8), torch.tensor([500])
    with torch.no_grad():
        one, other = (parts.modules["unet"](latents, time, s).sample for s in (bare, padded))
    assert (one - other).abs().max() > 1e-6
