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
METHOD = Message(
    "E-LORA-METHOD",
    "this file is of another method: its {module} has {found}, and {own} would be trained. Set network.method as the file was made, or choose another file.",
    "このファイルは別の手法で作られています：{module}には{found}がありますが、学習するのは{own}です。ファイルと同じnetwork.methodを指定するか、別のファイルを選んでください。",
    key="network.weights",
)
SHAPE = Message(
    "E-LORA-SHAPE",
    "in this file {tensor} of {module} is {shape}, but {own} with the settings; set network.factor, network.decompose_both, network.full_matrix or network.dora_axis as the file was made.",
    "このファイルの{module}の{tensor}は{shape}ですが、設定では{own}です。network.factor、network.decompose_both、network.full_matrix、network.dora_axisをファイルの作成時と同じにしてください。",
    key="network.weights",
)
