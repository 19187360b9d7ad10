"""Messages of the adapters."""

from core.errors import Message

MODULES = Message(
    "E-LORA-MODULES",
    "this LoRA file has {modules} for what is not trained here (such as {examples}); set network.conv_rank or network.dim_from_weights, or train the text encoder too, as the file was made.",
    "このLoRAファイルには、今回学習しない{modules}があります（{examples}など）。ファイルの作成時と同じく、network.conv_rankかnetwork.dim_from_weightsを指定するか、Text Encoderも学習してください。",
    key="network.weights",
)
RANK = Message(
    "E-LORA-RANK",
    "this LoRA file has rank {rank} and alpha {alpha:g} at {module}, but rank {own_rank} and alpha {own_alpha:g} are set; set the file's values, or network.dim_from_weights.",
    "このLoRAファイルの{module}はrank {rank}、alpha {alpha:g}ですが、設定はrank {own_rank}、alpha {own_alpha:g}です。ファイルの値に合わせるか、network.dim_from_weightsを指定してください。",
    key="network.weights",
)
