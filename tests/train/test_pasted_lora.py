"""The guide's additional networks: a command for train_network.py, pasted as it stands, trains its LoRA."""

from pathlib import Path

from core.config.check import check
from core.config.file import toml_text
from core.config.imports.read_any import import_text
from core.config.schema.run import RunConfig
from core.events import Saved, StepDone
from core.formats import tensors
from core.formats.header import read_header
from tests.tiny import ALONE

# As people write it: lines joined by backslashes, a list in quotes, sd-scripts' own names.
COMMAND = """accelerate launch --num_cpu_threads_per_process 1 train_network.py \\
 --pretrained_model_name_or_path="{base}" --train_data_dir="{data}/train" --reg_data_dir="{data}/reg" \\
 --output_dir="{out}" --output_name=frog --save_model_as=safetensors --save_precision=fp16 \\
 --resolution=64 --train_batch_size=2 --cache_latents --max_train_steps=2 --seed=42 \\
 --learning_rate=1e-3 --text_encoder_lr=5e-4 --lr_scheduler=cosine --prior_loss_weight=1.0 \\
 --network_module=networks.lora --network_dim=4 --network_alpha=2 --network_dropout=0.1 \\
 --network_args "conv_dim=2" "conv_alpha=1" "rank_dropout=0.1" "loraplus_lr_ratio=4" \\
   "up_lr_weight=1,1,1,1,1,1,1,1,1,1,1,0" \\
 --scale_weight_norms=1 --save_every_n_steps=1 --training_comment="call it sls" """


def test_a_pasted_command_trains_the_lora_it_describes(blocks, images, train, tmp_path):
    text = COMMAND.format(base=blocks, data=images, out=tmp_path / "out")
    imported = import_text(text)
    assert [problem.en for problem in imported.report if problem.is_error] == []
    checked = check(toml_text.dumps({**toml_text.values_of(RunConfig()), **imported.values}))
    trial = train(checked.config)

    saved = [Path(event.path).name for event in trial.of(Saved) if event.kind == "model"]
    assert saved == ["frog-step00000001.safetensors", "frog-step00000002.safetensors", "frog.safetensors"]
    path = tmp_path / "out" / "frog.safetensors"
    weights = tensors.load(path)
    modules = {name.split(".")[0] for name in weights}
    # All of sd-scripts' but those of the last block, whose rate is 0.
    assert "lora_unet_down_blocks_0_resnets_0_conv1" in modules
    assert "lora_te_text_model_encoder_layers_0_mlp_fc1" in modules
    assert not any("up_blocks_3_attentions_2" in name or "up_blocks_3_resnets_2" in name for name in modules)
    assert weights["lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"].shape[0] == 4
    assert weights["lora_unet_mid_block_resnets_0_conv1.lora_down.weight"].shape == (2, 16, 3, 3)
    assert weights["lora_unet_mid_block_attentions_0_proj_in.alpha"].item() == 2.0
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float16"}
    assert all(tensor.any() for name, tensor in weights.items() if "lora_up" in name and name not in ALONE)
    rates = trial.of(StepDone)[-1].lr
    assert rates["text_encoder/up"] == 4 * rates["text_encoder"]
    told = read_header(path).metadata
    assert (told["ss_network_dim"], told["ss_network_alpha"], told["ss_seed"]) == ("4", "2.0", "42")
    assert told["ss_training_comment"] == "call it sls"
