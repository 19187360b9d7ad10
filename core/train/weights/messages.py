"""Messages about what is trained: LoRA files to start from, optimizers, nothing at all."""

from core.errors import Message

NOTHING = Message(
    "E-TRAIN-NOTHING",
    "nothing would be trained: the learning rates of the U-Net and of the text encoder are 0.",
    "U-NetとText Encoderの学習率がどちらも0なので、何も学習されません。",
    key="train.learning_rate",
)
NO_BLOCK = Message(
    "E-TRAIN-NOTHING",
    "nothing would be trained: every block has rank 0 or a learning rate of 0.",
    "すべてのブロックのランクまたは学習率が0なので、何も学習されません。",
)
LORA_MERGED = Message(
    "W-LORA-MERGED",
    "{modules} added to the base model with strength {strength:g}.",
    "{modules}を強さ{strength:g}で元モデルに加えました。",
)
LORA_PARTLY = Message(
    "W-LORA-PARTLY",
    "the LoRA file lacks {missing} of {modules}; what it lacks starts from zero.",
    "LoRAファイルに{modules}中{missing}個がなく、それらは最初から学習します。",
)
LORA_DAMAGED = Message(
    "E-LORA-DAMAGED",
    "{path}: most of this LoRA is for this model, but {misfits} nowhere ({examples}), so it is damaged or not a plain LoRA. Get the file again, or choose another.",
    "{path}：大部分はこのモデルのLoRAですが、対応しない{misfits}あります（{examples}）。ファイルが壊れているか、通常のLoRAではありません。入手し直すか、別のものを選んでください。",
)
LORA_UNKNOWN = Message(
    "E-LORA-UNKNOWN",
    "{path}: this is no LoRA for this model: {misfits} nowhere ({examples}). Choose one that was made for it.",
    "{path}：このモデルのLoRAではありません。対応しない{misfits}あります（{examples}）。このモデル用のLoRAを選んでください。",
)
LORA_ASIDE = Message(
    "W-LORA-ASIDE",
    "{tensors} not used ({examples}), which changes nothing in the model.",
    "{tensors}（{examples}）は、モデルを変えないものなので使いません。",
)
OPTIMIZER_PAGED = Message(
    "W-OPT-PAGED",
    "{optimizer} needs an NVIDIA GPU to page its memory out; without one it trains as the optimizer without paging does, with the same result.",
    "{optimizer}のページングにはNVIDIAのGPUが必要です。ない場合はページングなしのものと同じように動き、結果も同じです。",
    key="optimizer.optimizer_type",
)
OPTIMIZER_MISSING = Message(
    "E-OPT-MISSING",
    "{optimizer} needs {package}, which can't load ({reason}). Run pip install {package}, or use AdamW.",
    "{optimizer}に必要な{package}を読み込めません（{reason}）。pip install {package} を実行するか、AdamWを選んでください。",
    key="optimizer.optimizer_type",
)
ARGUMENTS_REFUSED = Message(
    "E-OPT-ARGS",
    "{optimizer} does not take these arguments ({reason}).",
    "{optimizer}に渡せない引数です（{reason}）。",
    key="optimizer.optimizer_args",
)
ARGUMENT_UNKNOWN = Message(
    "E-OPT-ARGS",
    "{optimizer} has no argument {name} to be set here; there are: {known}",
    "{optimizer}には、ここで指定できる引数{name}はありません。指定できるもの：{known}",
    key="optimizer.optimizer_args",
)
