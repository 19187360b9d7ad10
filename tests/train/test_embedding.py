"""A word that is taught as vectors of its own: textual inversion, and pivotal tuning with a LoRA."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.config.rules import ruleset
from core.config.schema.run import ModelConfig, RunConfig
from core.config.schema.train import TrainConfig
from core.control import RunControl, StopRun
from core.errors import UserError
from core.events import Saved, StepDone
from core.forecast.architecture import of_family
from core.forecast.setup import Data, Setup
from core.formats import embedding_file, tensors
from core.formats.identify import identify
from core.formats.weight_file import header_of
from core.models.family import open_family
from core.models.parts import whole
from core.runs.state_folder import TRAINABLE
from core.tools.sample import Painter
from core.train.weights import learned_word
from core.train.weights.learned_word import LearnedWord
from tests.pipelines import pipeline
from tests.tiny import make_tiny

NAME = "text_encoder/embeddings.token_embedding.learned"
WORD = {"token_string": "frg-x", "num_vectors_per_token": 2, "init_word": "frog", "embedding_lr": 0.05}
DATA = {"caption_prefix": "frg-x"}
ALONE = {"network": {"method": "embedding"}, "embedding": WORD, "dataset": DATA}
PIVOTAL = {"embedding": WORD, "dataset": DATA}


def models(trial) -> list[Path]:
    return [Path(event.path) for event in trial.of(Saved) if event.kind == "model"]


def vectors(trial) -> torch.Tensor:
    return tensors.load(models(trial)[-1])["emb_params"]


def table(base) -> torch.Tensor:
    model = whole(open_family("auto"), ModelConfig(base=str(base)), lambda event: None)
    return model.modules["text_encoder"].get_input_embeddings().weight.detach()


def test_alone_only_the_vectors_learn_at_their_own_rate(trained):
    trial = trained(**ALONE)
    assert {name for step in trial.of(StepDone) for name in step.lr.items()} == {
        ("text_encoder/embedding", 0.05)
    }
    found = tensors.load(models(trial)[-1])
    assert {name: (tuple(t.shape), t.dtype) for name, t in found.items()} == {
        "emb_params": ((2, 16), torch.float32)
    }
    assert trial.of(StepDone)[-1].grad_norm > 0


def test_its_file_says_what_it_is(trained):
    found = identify(models(trained(**ALONE))[-1])
    assert (found.kind, found.family) == ("embedding", "sd1")
    assert found.metadata["modelspec.architecture"] == "stable-diffusion-v1/textual-inversion"
    assert found.metadata["ss_learning_rate"] == "0.05"
    assert "ss_network_module" not in found.metadata


def test_each_vector_is_as_long_as_the_known_ones_are_on_the_mean(trained, base):
    lengths = vectors(trained(**ALONE)).norm(dim=1)
    assert torch.allclose(lengths, table(base).norm(dim=1).mean().expand(2), rtol=1e-5)


def test_without_keeping_the_length_both_vectors_start_as_the_word_and_move_apart(train, configure, base):
    word = WORD | {"keep_norm": False, "embedding_lr": 1e-3}
    trial = train(configure(**ALONE | {"embedding": word}, train={"max_train_steps": 1}))
    frog = table(base)[11438]  # "frog</w>"
    # AdamW's first step is about the learning rate, in every number that has a gradient.
    assert 0 < (vectors(trial) - frog).abs().max() < 1.1e-3


@pytest.mark.parametrize(
    ("tokens", "count", "wanted"),
    [(1, 3, [0, 0, 0]), (2, 3, [0, 1, 0]), (3, 3, [0, 1, 2]), (4, 2, [0.5, 2.5]), (3, 2, [0.5, 2])],
)
def test_the_tokens_of_an_initial_word_are_shared_out(tokens, count, wanted):
    known = torch.arange(tokens, dtype=torch.float32)[:, None].expand(tokens, 4)
    assert learned_word.shared_out(known, count)[:, 0].tolist() == wanted


def test_with_a_lora_both_learn_and_lie_beside_each_other(trained):
    trial = trained(**PIVOTAL)
    assert [*trial.of(StepDone)[-1].lr] == ["unet", "text_encoder", "text_encoder/embedding"]
    (place,) = models(trial)
    beside = place.with_name("last_emb.safetensors")
    assert identify(place).kind == "lora"
    assert tensors.load(beside)["emb_params"].shape == (2, 16)
    assert header_of(beside).metadata["modelspec.architecture"].endswith("/textual-inversion")


def test_the_vectors_stay_in_float32_where_all_else_is_half(train, configure):
    trial = train(
        configure(**PIVOTAL, train={"precision": "full_bf16"}, save={"save_state_on_train_end": True})
    )
    state = next(Path(event.path) for event in trial.of(Saved) if event.kind == "state")
    held = tensors.load(state / TRAINABLE)
    assert held.pop(NAME).dtype is torch.float32
    assert {tensor.dtype for tensor in held.values()} == {torch.bfloat16}


def stopped_and_resumed(train, config) -> Path:
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == 3:
            control.stop()

    with pytest.raises(StopRun) as stopped:
        train(config, control, watch)
    state = next(e.path for e in stopped.value.trial.of(Saved) if e.kind == "state")
    save = config.save.model_copy(update={"resume": state})
    return models(train(config.model_copy(update={"save": save})))[-1]


@pytest.mark.parametrize(
    "sections",
    [
        ALONE,
        PIVOTAL | {"train": {"ema_decay": 0.9}, "network": {"dropout": 0.25}},
        PIVOTAL | {"embedding": WORD | {"stop_embedding_training": 2}},
    ],
    ids=["alone", "pivotal", "stopped"],
)
def test_a_run_that_was_stopped_ends_in_the_same_bits(train, configure, sections):
    config = configure(**sections)
    straight = models(train(config))[-1]
    files = [straight, *straight.parent.glob("*_emb.safetensors")]
    wanted = [tensors.load(file) for file in files]
    resumed = stopped_and_resumed(train, config)
    for file, tensors_wanted in zip(files, wanted, strict=True):
        found = tensors.load(resumed.with_name(file.name))
        assert found.keys() == tensors_wanted.keys()
        assert all(torch.equal(found[name], tensor) for name, tensor in tensors_wanted.items())


def test_a_word_that_has_stopped_stays_while_the_lora_learns_on(train, configure):
    word = WORD | {"stop_embedding_training": 2}
    trial = train(configure(**PIVOTAL | {"embedding": word}))
    groups = [[*step.lr] for step in trial.of(StepDone)]
    assert groups[1][-1] == "text_encoder/embedding" and groups[2] == ["unet", "text_encoder"]
    short = train(
        configure(**PIVOTAL, train={"max_train_steps": 2}, save={"output_dir": str(trial.folder / "short")})
    )
    one, other = (
        tensors.load(models(t)[-1].with_name("last_emb.safetensors"))["emb_params"] for t in (trial, short)
    )
    assert torch.equal(one, other)


def test_recomputed_activations_give_the_same_vectors(trained):
    plain, saving = trained(**ALONE), trained(**ALONE, train={"gradient_checkpointing": True})
    assert torch.equal(vectors(plain), vectors(saving))


def test_samples_long_captions_validation_and_clip_skip_go_with_it(train, configure):
    sections = ALONE | {
        "model": {"max_token_length": 150, "clip_skip": 2},
        "sample": {"sample_prompts": ["a frg-x --w 64 --h 64 --s 1"], "sample_at_first": True},
        "dataset": DATA | {"validation_split": 0.4},
        "train": {"max_train_steps": 2},
    }
    trial = train(configure(**sections))
    assert len([*trial.folder.rglob("*.png")]) == 2
    assert trial.of(StepDone)[-1].validation_loss is not None


def test_two_trainings_one_after_the_other_continue_from_the_file(train, configure, tmp_path):
    first = train(configure(**ALONE))
    word = {k: v for k, v in WORD.items() if k != "init_word"} | {"weights": str(models(first)[-1])}
    nearly_still = word | {"embedding_lr": 1e-9, "keep_norm": False}
    second = train(configure(**ALONE | {"embedding": nearly_still}, save={"output_dir": str(tmp_path / "2")}))
    assert torch.allclose(vectors(second), vectors(first), atol=1e-6)


def test_the_word_beside_a_lora_is_trimmed_and_set_aside_with_it(train, configure, tmp_path):
    save = {"save_every_n_steps": 1, "save_last_n_steps": 1, "output_name": "f"}
    foreign = tmp_path / "out" / "f_emb.safetensors"
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    one = train(configure(**PIVOTAL, train={"max_train_steps": 3}, save=save))
    out = foreign.parent
    names = {"f", "f-step00000002", "f-step00000003"}
    wanted = {f"{name}{ending}.safetensors" for name in names for ending in ("", "_emb")}
    assert {file.name for file in out.glob("*.safetensors")} == wanted | {"f_emb.old-1.safetensors"}
    assert (out / "f_emb.old-1.safetensors").read_bytes() == b"mine"
    before = (out / "f_emb.safetensors").read_bytes()
    train(configure(**PIVOTAL, train={"max_train_steps": 1}, save={"output_name": "f"}))
    assert (out / "f.old-1_emb.safetensors").read_bytes() == before
    assert models(one)


def test_a_file_of_a1111_is_read(tmp_path, base):
    held = {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.ones(3, 16)}, "name": "frg"}
    torch.save(held, tmp_path / "frg.pt")
    model = whole(open_family("auto"), ModelConfig(base=str(base)), lambda event: None)
    assert torch.equal(learned_word.from_file(model, tmp_path / "frg.pt")["text_encoder"], torch.ones(3, 16))


@pytest.mark.parametrize(
    ("held", "keys", "wanted"),
    [
        (["emb_params"], ["emb_params"], {"emb_params": "emb_params"}),
        (["<frg>"], ["emb_params"], {"emb_params": "<frg>"}),
        (["emp_params", "emp_params_out"], ["emb_params"], {"emb_params": "emp_params"}),
        (["clip_g", "clip_l"], ["clip_l", "clip_g"], {"clip_l": "clip_l", "clip_g": "clip_g"}),
        (["clip_l"], ["clip_l", "clip_g"], {"clip_l": "clip_l"}),
        (["a", "b"], ["emb_params"], {}),
    ],
)
def test_under_which_names_the_vectors_lie(held, keys, wanted):
    assert embedding_file.names_of(held, keys) == wanted


@pytest.mark.parametrize("sections", [ALONE, PIVOTAL], ids=["alone", "pivotal"])
def test_images_of_the_tools_know_the_word_while_its_file_is_added(trained, base, sections):
    family, file = open_family("auto"), models(trained(**sections))[-1]
    painter = Painter(family, ModelConfig(base=str(base)), TrainConfig(), lambda event: None)

    def states(text):
        with torch.no_grad():
            return family.encode_text(painter._model, [text], ModelConfig())[0].tensors["states"]

    plain = states("frg-x"), states("a frog")
    painter.add([(file, 1.0)])
    assert not torch.equal(states("frg-x"), plain[0])
    if sections is ALONE:
        assert torch.equal(states("a frog"), plain[1])
    painter.add([])
    assert torch.equal(states("frg-x"), plain[0]) and torch.equal(states("a frog"), plain[1])


@pytest.mark.parametrize("vectors", [torch.full((1, 16), torch.nan), torch.ones(0, 16)], ids=["nan", "none"])
def test_a_damaged_file_leaves_the_word_before_it(tmp_path, base, vectors):
    good, damaged = tmp_path / "frg-x.safetensors", tmp_path / "other.safetensors"
    save_file({"emb_params": torch.ones(1, 16)}, good)
    save_file({"emb_params": vectors}, damaged)
    family = open_family("auto")
    painter = Painter(family, ModelConfig(base=str(base)), TrainConfig(), lambda event: None)

    def states():
        with torch.no_grad():
            return family.encode_text(painter._model, ["frg-x"], ModelConfig())[0].tensors["states"]

    plain = states()
    painter.add([(good, 1.0)])
    read = states()
    with pytest.raises(UserError):
        painter.add([(damaged, 1.0)])
    assert torch.equal(states(), read)
    painter.add([])
    assert torch.equal(states(), plain) and not torch.equal(read, plain)


def test_the_forecast_counts_the_vectors(base):
    config = RunConfig(**{**ALONE, "embedding": WORD | {"num_vectors_per_token": 4}})
    setup = Setup(config, of_family("sdxl"), Data.of(config), is_gpu=True)
    assert setup.trained_bytes() == 4 * 4 * (768 + 1280)
    assert setup.keeps_text_encoder and setup.text_states == 0


def refusal(sections) -> str:
    values = {"model": {"base": "b"}, "dataset": {"train_data_dir": "t"}} | sections
    return " ".join(problem.en for problem in ruleset.problems(RunConfig(**values)))


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"network": {"method": "embedding"}}, "needs the word to teach"),
        ({"embedding": {"token_string": "two words"}}, "must be one word"),
        ({"embedding": {"token_string": "a,b"}}, "must be one word"),
        ({"network": {"method": "none"}, "embedding": WORD}, "has no effect with method none"),
    ],
)
def test_what_is_no_word_to_teach_is_told(sections, told):
    assert told in refusal(sections)


def test_a_word_that_no_caption_has_is_refused(train, configure):
    with pytest.raises(UserError, match=r"no caption contains frg-x"):
        train(configure(**ALONE | {"dataset": {}}))


def test_a_token_of_the_vocabulary_is_refused(train, configure):
    with pytest.raises(UserError, match=r"sls is a token that the model knows"):
        train(configure(**ALONE | {"embedding": WORD | {"token_string": "sls"}}))


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"emb_params": torch.ones(3, 16)}, "has 3 vectors, and num_vectors_per_token is 2"),
        ({"emb_params": torch.ones(2, 20)}, "have 20 numbers, those of this model's text_encoder 16"),
        ({"clip_l": torch.ones(2, 768), "clip_g": torch.ones(2, 1280)}, "is an embedding for SDXL"),
        ({"lora_unet_x.lora_down.weight": torch.ones(2, 16)}, "LoRA"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(train, configure, tmp_path, held, told):
    tensors.save(tmp_path / "e.safetensors", held, {})
    with pytest.raises(UserError, match=told):
        train(configure(**ALONE | {"embedding": WORD | {"weights": str(tmp_path / "e.safetensors")}}))
    assert not [*(tmp_path / "out").glob("*.safetensors")]


def taught(base, given, family="auto") -> tuple:
    found = open_family(family)
    model = whole(found, ModelConfig(base=str(base)), lambda event: None)
    LearnedWord(found, model, "frg-x", given)
    return found, model


def test_diffusers_reads_the_file_and_gives_the_same_states(trained, base):
    file = models(trained(**ALONE))[-1]
    family, ours = taught(base, {"text_encoder": vectors(trained(**ALONE))})
    theirs = pipeline(whole(open_family("auto"), ModelConfig(base=str(base)), lambda event: None))
    theirs.tokenizer = copy.deepcopy(theirs.tokenizer)  # the one of all tests
    theirs.load_textual_inversion(str(file), token="frg-x")
    text = "a photo of frg-x, FRG-X on a log"
    with torch.no_grad():
        (state,) = family.encode_text(ours, [text], ModelConfig())
        wanted, _ = theirs.encode_prompt(text.lower(), "cpu", 1, False)
    assert torch.equal(state.tensors["states"], wanted[0])


def test_sdxl_has_vectors_for_both_encoders_and_diffusers_reads_each(train, configure, tmp_path):
    xl = make_tiny(tmp_path / "xl.safetensors", family="sdxl")
    word = {k: v for k, v in WORD.items() if k != "init_word"}
    sections = ALONE | {"model": {"base": str(xl)}, "embedding": word, "train": {"max_train_steps": 1}}
    trial = train(configure(**sections))
    assert [*trial.of(StepDone)[-1].lr] == ["text_encoder/embedding", "text_encoder_2/embedding"]
    found = tensors.load(models(trial)[-1])
    assert {name: tuple(t.shape) for name, t in found.items()} == {"clip_l": (2, 32), "clip_g": (2, 64)}
    family, ours = taught(xl, {"text_encoder": found["clip_l"], "text_encoder_2": found["clip_g"]}, "sdxl")
    theirs = pipeline(whole(open_family("sdxl"), ModelConfig(base=str(xl)), lambda event: None))
    for key, number in (("clip_l", ""), ("clip_g", "_2")):
        encoder, tokenizer = (getattr(theirs, f"{kind}{number}") for kind in ("text_encoder", "tokenizer"))
        tokenizer = copy.deepcopy(tokenizer)  # the one of all tests
        setattr(theirs, f"tokenizer{number}", tokenizer)
        theirs.load_textual_inversion(found[key], token="frg-x", text_encoder=encoder, tokenizer=tokenizer)
    with torch.no_grad():
        (state,) = family.encode_text(ours, ["a frg-x"], ModelConfig())
        wanted = theirs.encode_prompt("a frg-x", device="cpu", do_classifier_free_guidance=False)[0]
    assert torch.allclose(state.tensors["states"], wanted[0], atol=1e-6)
