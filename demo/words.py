"""Captions as CLIP token ids, and the text encoder, taught first to tell what a caption says."""

import argparse
import gzip
import json
import random
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from world import BACKGROUNDS, CLASSES, COLOURS, all_scenes, caption_of, is_held_out

TOKENIZER_FILE = Path(__file__).parents[1] / "core" / "assets" / "clip" / "tokenizer.json.gz"
START, END, LENGTH, VOCABULARY = 49406, 49407, 77, 49408
TABLE_ROWS = 251  # so many different rows at the start, repeated: rows never trained then pack to nothing


def clip_tokenizer() -> CLIPTokenizer:
    """The tokenizer of SD 1, from the one that comes with the program."""
    tables = json.loads(gzip.decompress(TOKENIZER_FILE.read_bytes()))["model"]
    merges = [tuple(merge) for merge in tables["merges"]]
    return CLIPTokenizer(
        vocab=tables["vocab"], merges=merges, pad_token="<|endoftext|>", model_max_length=LENGTH
    )


class CaptionWriter:
    """Token ids of training captions; keeps the ids of every caption it has met."""

    def __init__(self):
        self.tokenizer, self.known = clip_tokenizer(), {}

    def ids(self, caption: str) -> list[int]:
        if caption not in self.known:
            self.known[caption] = self.tokenizer(caption).input_ids
        return self.known[caption]

    def training_ids(self, caption: str, rng: random.Random) -> list[int]:
        """Ids of the caption padded to 77; 15 % get a random word, so that unknown words do no harm."""
        ids = list(self.ids(caption))
        if rng.random() < 0.15:
            ids.insert(rng.randint(1, len(ids) - 1), rng.randrange(START))
        return ids + [END] * (LENGTH - len(ids))

    def batch(self, captions: list[str]) -> torch.Tensor:
        """(B, 77) ids, padded with the end mark."""
        return torch.tensor([self.ids(c) + [END] * (LENGTH - len(self.ids(c))) for c in captions])


def new_text_encoder(width: int = 64) -> CLIPTextModel:
    """An untrained text encoder of CLIP's structure, two layers deep."""
    config = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        hidden_act="quick_gelu",
        projection_dim=width,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=END,
    )
    model = CLIPTextModel(config)
    names = dict(model.named_parameters())
    table = next(p for n, p in names.items() if n.endswith("token_embedding.weight"))
    rows = (torch.randn(TABLE_ROWS, width) * 0.1).half().float()
    with torch.no_grad():
        table.copy_(rows[torch.arange(VOCABULARY) % TABLE_ROWS])
    return model


def told(caption: str) -> list[int]:
    """Which class, colour and background a caption names; one past the last where it does not say."""
    body, _, ground = caption.replace(",", " on a").partition(" on a ")
    found = []
    for names, text in ((CLASSES, body), (COLOURS, body), (BACKGROUNDS, ground)):
        hits = [i for i, name in enumerate(names) if name in text.split()]
        found.append(hits[0] if hits else len(names))
    return found


def teach(minutes: float, seed: int, out: Path) -> None:
    """Train the text encoder to show class, colour and background at every place from the end mark on.

    A random text encoder gives the U-Net nothing to hold on to; this one is clear from its first step.
    """
    torch.manual_seed(seed)
    rng, writer, model = random.Random(seed), CaptionWriter(), new_text_encoder()
    scenes = [s for s in all_scenes() if not is_held_out(s)]
    sizes = [len(CLASSES) + 1, len(COLOURS) + 1, len(BACKGROUNDS) + 1]
    reader = torch.nn.Linear(model.config.hidden_size, sum(sizes))
    parameters = [*model.parameters(), *reader.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    begin, step, share = time.time(), 0, 0.0
    while share < 1:
        captions = ["" if rng.random() < 0.1 else caption_of(rng.choice(scenes), rng) for _ in range(32)]
        ids = torch.tensor([writer.training_ids(c, rng) for c in captions])
        goal = torch.tensor([told(c) for c in captions])
        after = (ids == END).float()
        scores = reader(model(input_ids=ids).last_hidden_state).split(sizes, dim=-1)
        loss = 0.0
        for column, score in enumerate(scores):
            places = goal[:, column, None].expand(-1, LENGTH)
            each = torch.nn.functional.cross_entropy(
                score.transpose(1, 2), places, reduction="none", label_smoothing=0.05
            )
            loss = loss + (each * after).sum() / after.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        share = (time.time() - begin) / (60 * minutes)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50, max(0.02, 1.5 * (1 - share)))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 50 == 0:
            right = [
                (s.argmax(-1) == goal[:, i, None])[after > 0].float().mean().item()
                for i, s in enumerate(scores)
            ]
            print(step, round(loss.item(), 3), [round(r, 3) for r in right], flush=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    teach(args.minutes, args.seed, args.out)


if __name__ == "__main__":
    main()
