"""Messages about files of weights."""

from core.errors import Message

LORA_ALPHA = Message(
    "E-LORA-ALPHA",
    "{path}: the alpha of this LoRA can't be known ({reason}), and so its strength. {advice}",
    "{path}：このLoRAのalphaが分からず（{reason}）、強さを決められません。{advice}",
)

# Reading

MISSING = Message("E-MODEL-MISSING", "there is no file or folder {path}.", "{path} がありません。")
UNREADABLE = Message("E-MODEL-READ", "{path} can't be read: {reason}.", "{path} を読み込めません：{reason}")
TRUNCATED = Message(
    "E-MODEL-TRUNC",
    "{path} is incomplete: it has {size} of {expected:# byte|# bytes}. Download or copy it again.",
    "{path} は不完全です。{size}バイトしかありません（本来は{expected}バイト）。もう一度ダウンロードまたはコピーしてください。",
)
CUT_SHORT = Message(
    "E-MODEL-TRUNC",
    "{path} is incomplete: it has {size:# byte|# bytes} and more is missing ({missing}). Download or copy it again.",
    "{path} は不完全です。{size}バイトしかなく、続きがありません（{missing}）。もう一度ダウンロードまたはコピーしてください。",
)
NOT_SAFETENSORS = Message(
    "E-MODEL-BAD",
    "{path} is not a valid .safetensors file: {fault}. Download or copy it again.",
    "{path} は正しい.safetensorsファイルではありません：{fault}。もう一度ダウンロードまたはコピーしてください。",
)
NOT_WEIGHTS = Message(
    "E-MODEL-BAD",
    "{path} is not a readable file of weights ({fault}). Get its .safetensors version.",
    "{path} は読み込める重みファイルではありません（{fault}）。.safetensors版を入手してください。",
)
NOT_A_MODEL = Message(
    "E-MODEL-BAD",
    "{path}: this is {found}, not a model file. Choose a .safetensors or .ckpt file.",
    "{path}：これはモデルファイルではなく{found}です。.safetensorsか.ckptのファイルを選んでください。",
)
BAD_JSON = Message(
    "E-MODEL-BAD",
    "{path} can't be used: {fault}. Download or copy it again.",
    "{path} を使えません：{fault}。もう一度ダウンロードまたはコピーしてください。",
)
BAD_INDEX = Message(
    "E-MODEL-BAD",
    "{path} does not say in which files the weights are (weight_map). Download it again.",
    "{path} に重みのファイルの対応（weight_map）がありません。もう一度ダウンロードしてください。",
)
NO_WEIGHTS = Message(
    "E-MODEL-MISSING",
    "{path} contains no weights (no {safetensors}, no {pickle}).",
    "{path} に重みがありません（{safetensors}も{pickle}もありません）。",
)
ASKS_TO_RUN = Message(
    "E-MODEL-PICKLE",
    "{path} was not opened: it asks to run {code}, which no weights need. Get its .safetensors version.",
    "{path} は開きませんでした：重みに不要なプログラム {code} の実行を要求しています。.safetensors版を入手してください。",
)
UNUSUAL_TENSORS = Message(
    "E-MODEL-DTYPE",
    "{path}: its tensors are of an unsupported kind ({kind}). Use a file with plain tensors in fp16, bf16 or float32.",
    "{path}：扱えない種類のテンソル（{kind}）が含まれています。fp16・bf16・float32の通常のテンソルのファイルを使ってください。",
)
UNKNOWN_DTYPE = Message(
    "E-MODEL-DTYPE",
    "{path}: numbers of type {dtype} can't be read (tensor {tensor}). Use a file in fp16, bf16 or float32.",
    "{path}：型{dtype}の数値は読み込めません（テンソル {tensor}）。fp16・bf16・float32のファイルを使ってください。",
)
UNKNOWN_SCALE = Message(
    "E-MODEL-DTYPE",
    "{path}: its weights are quantised in an unsupported way ({tensor}). Use a file in fp16, bf16 or float32.",
    "{path}：重みの量子化の形式（{tensor}）に対応していません。fp16・bf16・float32のファイルを使ってください。",
)
QUANTISED = Message(
    "E-MODEL-DTYPE",
    "its weights are quantised ({dtype}, such as {tensor}), which is not supported. Use a file in fp16, bf16 or float32.",
    "重みが量子化されている（{dtype}、{tensor}など）ため使えません。fp16・bf16・float32のファイルを使ってください。",
)
NOT_FINITE = Message(
    "E-MODEL-NAN",
    "{path} is damaged: tensor {tensor} contains NaN or infinity. Download or copy it again.",
    "{path} は壊れています：テンソル{tensor}にNaNまたは無限大があります。入手し直してください。",
)
UNKNOWN_PIPELINE = Message(
    "E-MODEL-KIND",
    "{path}: the pipeline {pipeline} in model_index.json is not supported.",
    "{path}：model_index.jsonのパイプライン{pipeline}には対応していません。",
)
UNKNOWN_PART = Message(
    "E-MODEL-KIND",
    "{path}: model_index.json has {found} as its {part}, which is not supported. Choose a plain model of its family.",
    "{path}：model_index.jsonの{part}に指定された{found}には対応していません。通常のモデルを選んでください。",
)
NOT_WHOLE = Message(
    "E-MODEL-BAD",
    "{path}: {field} in unet/config.json must be a whole number, not {value}.",
    "{path}：unet/config.jsonの{field}は整数でなければなりません（値：{value}）。",
)
NOT_DIFFUSERS = Message(
    "E-MODEL-KIND",
    "{path} is a folder without model_index.json, so not a Diffusers model. Choose the model's own folder or its file.",
    "{path} にはmodel_index.jsonがなく、Diffusersモデルのフォルダーではありません。モデルのフォルダーかファイルを選んでください。",
)

# Writing

EXISTS = Message(
    "E-OUT-EXISTS",
    "{path}: this {kind} exists already, and nothing is overwritten; choose another name.",
    "{path}：同名の{kind}があります。上書きはしないため、別の名前を指定してください。",
)
BELOW_FILE = Message(
    "E-OUT-EXISTS",
    "{path} can't be written: {above} is a file, not a folder; choose another place.",
    "{path} には書き込めません。{above} はフォルダーではなくファイルです。別の場所を指定してください。",
)
UNWRITABLE = Message(
    "E-DISK-WRITE", "{path} can't be written: {reason}.", "{path} に書き込めません：{reason}"
)
DISK_FULL = Message(
    "E-DISK-FULL",
    "the disk is full: no room for {path}{size}; {free} are free. Make room and save again.",
    "ディスクの空きが足りません：{path}{size}を保存できません（空き {free}）。空きを作って保存し直してください。",
)
NO_INODES = Message(
    "E-DISK-FULL",
    "the disk takes no more files (out of inodes): no room for {path}. Delete files that are not needed and save again.",
    "ディスクにこれ以上ファイルを作れません（inodeの枯渇）：{path} を保存できません。不要なファイルを削除して保存し直してください。",
)
SAVED_NAN = Message(
    "E-SAVE-NAN",
    "not saved: tensor {tensor} contains NaN or infinity as {dtype}. {path} is unchanged.",
    "保存を中止しました：テンソル{tensor}に{dtype}で表せない値（NaNまたは無限大）があります。{path} は変更していません。",
)
