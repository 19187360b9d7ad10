"""The same settings come out the same whichever reader they go through."""

import json

import pytest

from core.config import presets
from core.config.check import check
from core.config.file import toml_text
from core.config.imports.read_any import import_metadata, import_text
from core.config.schema.run import RunConfig
from core.errors import ConfigError

WANTED = {
    "network.method": "lora", "network.rank": 16, "network.alpha": 8.0, "network.conv_rank": 4,
    "network.loraplus_lr_ratio": 16.0, "train.learning_rate": 1e-4, "train.unet_lr": 2e-4,
    "train.text_encoder_lr": 0.0, "train.max_train_steps": 800, "train.precision": "full_bf16",
    "optimizer.optimizer_type": "AdamW8bit",
    "optimizer.optimizer_args": ("weight_decay=0.1", "betas=0.9,0.99"),
    "optimizer.lr_scheduler": "cosine", "optimizer.lr_warmup_steps": 80, "dataset.resolution": (512, 768),
    "dataset.train_batch_size": 2, "dataset.enable_bucket": True, "train.min_snr_gamma": 5.0,
    "model.attention": "xformers", "model.family": "sd2",
}  # fmt: skip
"""By hand, from what the lines below say: the switch wins over the rate, xformers over sdpa."""

OURS = """format = 1
[model]
family = "sd2"
attention = "xformers"
[dataset]
resolution = "512,768"
train_batch_size = 2
enable_bucket = true
[network]
rank = 16
alpha = 8
conv_rank = 4
loraplus_lr_ratio = 16
[train]
learning_rate = 1e-4
unet_lr = 2e-4
text_encoder_lr = 0
max_train_steps = 800
precision = "full_bf16"
min_snr_gamma = 5
[optimizer]
optimizer_type = "adamw8bit"
optimizer_args = ["weight_decay=0.1", "betas=0.9,0.99"]
lr_scheduler = "cosine"
lr_warmup_steps = "10%"
"""

NAMED = ("model.base='m'", "dataset.train_data_dir='t'")

SD_SCRIPTS = """network_module = "networks.lora"
network_dim = 16
network_alpha = 8
network_args = ["conv_dim=4", "loraplus_lr_ratio=16"]
learning_rate = 1e-4
unet_lr = 2e-4
text_encoder_lr = [5e-5, 5e-5]
network_train_unet_only = true
max_train_steps = 800
mixed_precision = "bf16"
full_bf16 = true
use_8bit_adam = true
optimizer_args = ["weight_decay=0.1", "betas=0.9,0.99"]
lr_scheduler = "cosine"
lr_warmup_steps = 80
resolution = "512,768"
train_batch_size = 2
enable_bucket = true
min_snr_gamma = 5
sdpa = true
xformers = true
v2 = true
"""

COMMAND = """accelerate launch train_network.py ^
 --network_dim=16 --network_alpha 8 --network_args conv_dim=4 loraplus_lr_ratio=16 ^
 --learning_rate=1e-4 --unet_lr=2e-4 --text_encoder_lr 5e-5 5e-5 --network_train_unet_only ^
 --max_train_steps=800 --mixed_precision="bf16" --full_bf16 --use_8bit_adam ^
 --optimizer_args "weight_decay=0.1" "betas=0.9,0.99" --lr_scheduler=cosine --lr_warmup_steps=80 ^
 --resolution=512,768 --train_batch_size=2 --enable_bucket --min_snr_gamma=5 --sdpa --xformers --v2
pause
"""

KOHYA = {
    "LoRA_type": "Kohya LoCon", "network_dim": 16, "network_alpha": 8, "conv_dim": 4, "conv_alpha": 1,
    "loraplus_lr_ratio": 16, "loraplus_unet_lr_ratio": 0, "learning_rate": 0.0001, "unet_lr": "0.0002",
    "text_encoder_lr": 0, "max_train_steps": 800, "mixed_precision": "bf16", "full_bf16": True,
    "optimizer": "AdamW8bit", "optimizer_args": '"weight_decay=0.1" "betas=0.9,0.99"',
    "lr_scheduler": "cosine",
    "lr_warmup": 10, "max_resolution": "512,768", "train_batch_size": 2, "enable_bucket": True,
    "min_snr_gamma": 5, "xformers": "xformers", "v2": True, "epoch": 1, "seed": "", "max_train_epochs": 0,
}  # fmt: skip

METADATA = {
    "ss_network_module": "networks.lora", "ss_network_dim": "16", "ss_network_alpha": "8.0",
    "ss_network_args": '{"conv_dim": "4", "loraplus_lr_ratio": "16"}', "ss_learning_rate": "0.0001",
    "ss_unet_lr": "0.0002", "ss_text_encoder_lr": "[0.0, 0.0]", "ss_max_train_steps": "800",
    "ss_mixed_precision": "bf16", "ss_full_bf16": "True", "ss_seed": "None",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1,betas=(0.9, 0.99))",
    "ss_lr_scheduler": "cosine", "ss_lr_warmup_steps": "80", "ss_resolution": "(512, 768)",
    "ss_batch_size_per_device": "2", "ss_enable_bucket": "True", "ss_min_snr_gamma": "5.0", "ss_v2": "True",
    "ss_session_id": "5", "ss_lowram": "False",
}  # fmt: skip


def config_of(values):
    given = {**values, "model.base": "m", "dataset.train_data_dir": "t"}
    return toml_text.values_of(check(toml_text.dumps(given)).config)


def of_run_file():
    return toml_text.values_of(check(OURS, NAMED).config)


def of_sd_scripts_run_file():
    text = "pretrained_model_name_or_path = 'm'\ntrain_data_dir = 't'\n" + SD_SCRIPTS
    return toml_text.values_of(check(text).config)


def of_preset(folder):
    (folder / "a.toml").write_text(OURS, encoding="utf-8")
    return config_of(presets.load(folder / "a.toml").values)


def of_saved_preset(folder):
    values = {**toml_text.values_of(RunConfig()), **presets.load(folder / "a.toml").values}
    return config_of(presets.load(presets.save(folder, "b", values)).values)


def differences(found, but=()):
    """What of the settings came out otherwise. A share of the steps is kept as one; of 800 a tenth is 80."""
    warmup = found["optimizer.lr_warmup_steps"]
    found = {
        **found,
        "optimizer.lr_warmup_steps": round(warmup * 800) if isinstance(warmup, float) else warmup,
    }
    return {key: found[key] for key, value in WANTED.items() if found[key] != value and key not in but}


def test_every_reader_makes_the_same_of_the_same_settings(tmp_path):
    assert differences(of_run_file()) == {}
    assert differences(of_sd_scripts_run_file()) == {}
    assert differences(config_of(import_text(SD_SCRIPTS).values)) == {}
    assert differences(config_of(import_text(COMMAND).values)) == {}
    assert differences(config_of(import_text(json.dumps(KOHYA)).values)) == {}
    assert differences(of_preset(tmp_path)) == {}
    assert differences(of_saved_preset(tmp_path)) == {}
    # The attention is not recorded in a file.
    assert differences(config_of(import_metadata(METADATA).values), but=("model.attention",)) == {}


@pytest.mark.parametrize(
    ("switch", "rate", "key"),
    [
        ("network_train_unet_only", "text_encoder_lr", "train.text_encoder_lr"),
        ("network_train_text_encoder_only", "unet_lr", "train.unet_lr"),
    ],
)
def test_a_switch_wins_over_the_rate_in_every_reader_and_it_is_said(switch, rate, key):
    head = "pretrained_model_name_or_path = 'm'\ntrain_data_dir = 't'\nnetwork_module = 'networks.lora'\n"
    for text in (f"{switch} = true\n{rate} = 1e-6\n", f"{rate} = 1e-6\n{switch} = true\n"):
        checked = check(head + text)
        assert toml_text.values_of(checked.config)[key] == 0.0
        facts = {"name": rate, "value": "1e-06", "switch": switch}
        assert any(notice.facts == facts for notice in checked.notices)
        found = import_text(text + "seed = 1")
        assert found.values[key] == 0.0 and any(p.facts == facts for p in found.report)
    native = f"{head}{switch} = true\n[train]\n{rate} = 1e-6\n"
    assert toml_text.values_of(check(native).config)[key] == 0.0
    command = import_text(f"train_network.py --{switch} --{rate}=1e-6 --seed 1")
    assert command.values[key] == 0.0 and any(f"{rate} = " in problem.en for problem in command.report)
    recorded = {f"ss_{switch}": "True", f"ss_{rate}": "1e-06", "ss_seed": "1"}
    assert import_metadata(recorded).values[key] == 0.0
    extra = {"LoRA_type": "Standard", rate: 1e-6, "additional_parameters": f"--{switch}", "seed": 1}
    assert import_text(json.dumps(extra)).values[key] == 0.0


def test_a_config_file_of_fine_tune_leaves_the_text_encoder_alone_in_every_reader():
    text = "in_json = 'meta.json'\ntrain_data_dir = 't'\nlearning_rate = 5e-6\n"
    checked = check("pretrained_model_name_or_path = 'm'\n" + text)
    assert checked.config.train.text_encoder_lr == 0.0
    assert any("without train_text_encoder" in notice.en for notice in checked.notices)
    assert import_text(text).values["train.text_encoder_lr"] == 0.0
    assert "train.text_encoder_lr" not in import_text(text + "train_text_encoder = true").values
    ours = "format = 1\nmodel.base = 'm'\ndataset.in_json = 'a'\ndataset.train_data_dir = 't'\n"
    assert check(ours).config.train.text_encoder_lr is None


def test_the_toml_that_kohya_ss_writes_runs_as_it_stands_and_its_own_names_are_said():
    text = (
        "pretrained_model_name_or_path = 'm'\ntrain_data_dir = 't'\nnetwork_module = 'networks.lora'\n"
        "network_dim = 4\nunet_lr = 0.0001\ntext_encoder_lr = [ 0.0001, 0.0001,]\nepoch = 1\n"
        "dynamo_backend = 'no'\nnoise_offset_type = 'Original'\nwandb_run_name = 'last'\n"
        "resolution = '64,64'\n"
    )
    checked = check(text)
    assert checked.config.train.text_encoder_lr == 1e-4
    said = " ".join(notice.text("en") for notice in checked.notices)
    for line, name in ((7, "epoch"), (8, "dynamo_backend"), (9, "noise_offset_type"), (10, "wandb_run_name")):
        assert f"line {line}: {name} is " in said


def test_a_field_of_kohya_sss_window_in_a_run_file_of_ours_is_a_mistake():
    with pytest.raises(ConfigError, match=r"train\.epoch: no such option"):
        check("format = 1\nmodel.base = 'm'\ndataset.train_data_dir = 't'\n[train]\nepoch = 5\n")
