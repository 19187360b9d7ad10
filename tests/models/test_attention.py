"""Attention: which is chosen, and that the one in pieces computes the same."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from core.config.check import check
from core.config.schema.run import ModelConfig
from core.models.family import TextState, open_family
from core.models.sd.attention import InPieces, attention_in_pieces
from tests.models.conftest import loaded

SD = open_family("sd1")
NAMED = 'pretrained_model_name_or_path = "x"\ntrain_data_dir = "y"\n'


def sides(*, queries=70, keys=33):
    torch.manual_seed(0)
    return [torch.randn(2, 3, n, 8, requires_grad=True) for n in (queries, keys, keys)]


@pytest.mark.parametrize("piece", [1, 16, 70, 512])
def test_attention_in_pieces_equals_pytorchs_with_its_gradients(piece):
    mine, theirs = sides(), sides()
    given = torch.randn(2, 3, 70, 8)
    one, other = attention_in_pieces(*mine, piece=piece), scaled_dot_product_attention(*theirs)
    (one * given).sum().backward()
    (other * given).sum().backward()
    assert (one - other).abs().max() < 1e-5
    assert all((a.grad - b.grad).abs().max() < 1e-5 for a, b in zip(mine, theirs, strict=True))


def test_no_table_of_all_weights_is_kept_for_the_gradients():
    kept = []
    query, key, value = sides(queries=64, keys=64)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        attention_in_pieces(query, key, value, piece=16)
    assert max(kept) < 2 * 3 * 64 * 64


def test_the_u_net_predicts_and_learns_the_same_in_pieces(tiny):
    found = []
    for name in ("sdpa", "mem_eff"):
        parts = loaded(tiny, attention=name)
        parts.modules["unet"].requires_grad_(True)
        torch.manual_seed(0)
        latents = torch.randn(2, 4, 8, 8)
        texts = [TextState({"states": one}) for one in torch.randn(2, 77, 16)]
        out = SD.predict(parts, latents, torch.tensor([1, 999]), texts, [])
        out.square().sum().backward()
        found.append((out.detach(), [p.grad for p in parts.modules["unet"].parameters()]))
    assert any(isinstance(p, InPieces) for p in parts.modules["unet"].attn_processors.values())
    (one, grads), (other, others) = found
    assert torch.allclose(one, other, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-5, rtol=1e-4) for a, b in zip(grads, others, strict=True))


def test_xformers_without_a_card_is_a_notice_and_no_stop(tiny, monkeypatch):
    events = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    parts = SD.open(ModelConfig(base=str(tiny), attention="xformers"), events.append)
    assert "W-XFORMERS" in [getattr(event, "code", "") for event in events]
    assert {type(p).__name__ for p in parts.modules["unet"].attn_processors.values()} == {"AttnProcessor2_0"}


@pytest.mark.parametrize(
    ("flags", "wins"),
    [
        ("mem_eff_attn = true", "mem_eff"),
        ("sdpa = true\nxformers = true", "xformers"),
        ("xformers = true\nsdpa = true", "xformers"),
        ("sdpa = true\nxformers = true\nmem_eff_attn = true", "mem_eff"),
        ("mem_eff_attn = true\nxformers = true", "mem_eff"),
        ("", "sdpa"),
    ],
)
def test_of_several_flags_the_one_wins_that_wins_in_sd_scripts(flags, wins):
    assert check(NAMED + flags).config.model.attention == wins
