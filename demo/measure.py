"""Measures the embedded model by the judge: captions never trained on, the autoencoder, short prompts."""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from export import pipeline_of
from judge import load_judge, verdicts
from PIL import Image
from world import BACKGROUNDS, CLASSES, SUBJECT, Scene, all_scenes, draw_scene, is_held_out

STEPS, GUIDANCE = 20, 4.0


def sample(
    pipeline, prompts: list[str], seed: int, size=(128, 128), steps: int = STEPS, guidance: float = GUIDANCE
):
    """One image for each prompt, by DDIM; the same seed gives the same images."""
    pipeline.set_progress_bar_config(disable=True)
    made = []
    for start in range(0, len(prompts), 9):
        part = prompts[start : start + 9]
        dice = [torch.Generator().manual_seed(seed + start + i) for i in range(len(part))]
        made += pipeline(
            part,
            width=size[0],
            height=size[1],
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=dice,
        ).images
    return made


def share(hits: list[bool]) -> float:
    return round(sum(hits) / len(hits), 3)


def score_scenes(judge, images: list[Image.Image], scenes: list[Scene]) -> dict[str, float]:
    """Shares of images whose class, colour and background are those asked for."""
    found = verdicts(judge, images)
    return {
        "class": share([f[0] == s.class_ for f, s in zip(found, scenes, strict=True)]),
        "colour": share([f[1] == s.colour for f, s in zip(found, scenes, strict=True)]),
        "background": share([f[2] == s.background for f, s in zip(found, scenes, strict=True)]),
        "samples": len(scenes),
    }


@torch.no_grad()
def through_vae(vae, images: list[Image.Image]) -> tuple[list[Image.Image], float]:
    """The images after encoding and decoding, and the PSNR in dB."""
    pixels = (
        torch.from_numpy(np.stack([np.asarray(p) for p in images])).permute(0, 3, 1, 2).float() / 127.5 - 1
    )
    back = torch.cat([vae.decode(vae.encode(p).latent_dist.mean).sample for p in pixels.split(8)]).clamp(
        -1, 1
    )
    psnr = 10 * torch.log10(4 / (back - pixels).square().mean())
    arrays = ((back + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(a) for a in arrays], round(psnr.item(), 2)


def measure(pipeline, count: int, seed: int) -> tuple[dict, list[Image.Image]]:
    """All figures, and the images of the held-out captions."""
    judge, rng = load_judge(), random.Random(seed)
    held_out = [s for s in all_scenes() if is_held_out(s)]
    known = [s for s in all_scenes() if not is_held_out(s)]
    asked = [held_out[i % len(held_out)] for i in range(count)]
    captions = [f"a {s.colour} {s.class_} on a {s.background} background" for s in asked]
    images = sample(pipeline, captions, seed)
    drawn = [draw_scene(s, 128, 128, rng) for s in asked]
    subjects = [Scene(SUBJECT, "", ground) for ground in BACKGROUNDS for _ in range(8)]
    subject_drawn = [draw_scene(s, 128, 128, rng) for s in subjects]
    scene_back, scene_psnr = through_vae(pipeline.vae, drawn)
    subject_back, subject_psnr = through_vae(pipeline.vae, subject_drawn)
    trained = rng.sample(known, 36)
    trained_captions = [f"a {s.colour} {s.class_} on a {s.background} background" for s in trained]
    frogs = [v[0] for v in verdicts(judge, sample(pipeline, ["frog"] * 36, seed + 5000))]
    sls = [v[0] for v in verdicts(judge, sample(pipeline, ["sls frog"] * 36, seed + 6000))]
    figures = {
        "sampler": {
            "name": "DDIM",
            "steps": STEPS,
            "guidance_scale": GUIDANCE,
            "size": [128, 128],
            "seed": seed,
        },
        "judge_on_drawn_images": score_scenes(judge, drawn, asked),
        "held_out_captions": score_scenes(judge, images, asked),
        "trained_captions": score_scenes(judge, sample(pipeline, trained_captions, seed + 4000), trained),
        "held_out_by_class": {
            c: share(
                [v[0] == c for v, s in zip(verdicts(judge, images), asked, strict=True) if s.class_ == c]
            )
            for c in CLASSES
        },
        "vae_scenes": {**score_scenes(judge, scene_back, asked), "psnr_db": scene_psnr},
        "vae_subject": {
            "judged_subject": share([v[0] == SUBJECT for v in verdicts(judge, subject_back)]),
            "psnr_db": subject_psnr,
            "samples": len(subjects),
        },
        "prompt_frog": dict(Counter(frogs)),
        "prompt_sls_frog": dict(Counter(sls)),
    }
    return figures, images


def grid(images: list[Image.Image], columns: int) -> Image.Image:
    width, height = images[0].size
    sheet = Image.new("RGB", (columns * width, -(-len(images) // columns) * height))
    for i, image in enumerate(images):
        sheet.paste(image, (i % columns * width, i // columns * height))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unet", type=Path, required=True)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=108)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "metrics.json")
    parser.add_argument("--grid", type=Path)
    args = parser.parse_args()
    figures, images = measure(pipeline_of(args.unet, args.vae, args.text), args.samples, args.seed)
    args.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))
    if args.grid:
        grid(images[:27], 9).save(args.grid)


if __name__ == "__main__":
    main()
