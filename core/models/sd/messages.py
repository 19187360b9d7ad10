"""Messages about the files and options of Stable Diffusion."""

from core.errors import Message

FOREIGN_TENSORS = Message(
    "E-MODEL-KEYS",
    "{path} contains {count:# tensor|# tensors} in its {part} that no Stable Diffusion of this kind has: {tensors}. It is another variant, or quantised; choose a plain model in fp16, bf16 or float32.",
    "{path} の{part}には、この種類のStable Diffusionにないテンソルが{count}個あります：{tensors}。別の種類か量子化されたモデルです。fp16・bf16・float32の通常のモデルを選んでください。",
)
EMA_UNUSED = Message(
    "W-MODEL-EMA",
    "{path} contains its U-Net twice, plain and averaged (EMA); the plain weights are used. The EMA weights are not saved with a model whose U-Net is trained.",
    "{path} にはU-Netの通常の重みとEMAの重みがあり、通常の重みを使います。U-Netを学習したモデルには、EMAの重みを保存しません。",
)
EMA_USED = Message(
    "W-MODEL-EMA",
    "{path} contains its U-Net twice; the averaged weights (EMA) are used, not the non_ema files.",
    "{path} にはU-Netの重みが2種類あり、EMAの重みを使います（non_emaのファイルは使いません）。",
)
BAD_POSITIONS = Message(
    "W-MODEL-POSITIONS",
    "{path}: its position_ids are broken, as merging in half precision leaves them. 0, 1, 2, ... is used, and written into the model that is saved.",
    "{path}：position_idsが壊れています（半精度でのマージでよく起こります）。正しい値（0, 1, 2, ...）を使い、保存するモデルにもそれを書き込みます。",
)
FLOAT8 = Message(
    "W-MODEL-FP8",
    "{path} is in fp8 ({count:# tensor|# tensors}{scale}), with a mantissa of 2 or 3 bits. It is converted to float32; a file in fp16 gives better results.",
    "{path} はfp8（テンソル{count}個{scale}、仮数部2～3ビット）です。float32に変換して使いますが、fp16のファイルのほうが高品質です。",
)
UNUSED = Message(
    "W-MODEL-UNUSED",
    "{path} contains {count:# tensor that is|# tensors that are} not used ({tensors}).",
    "{path} には使われないテンソルが{count}個あります（{tensors}）。",
)
PREDICTION_TRIED = Message(
    "W-MODEL-PREDICTION",
    "{path} does not declare what it predicts; a trial of its U-Net says {tried}. Set the prediction type if that is wrong.",
    "{path} には予測方式が書かれていません。U-Netを試したところ{tried}でした。違う場合は予測方式を指定してください。",
)
ZERO_TERMINAL = Message(
    "W-MODEL-ZTSNR",
    "{path} declares a noise schedule that ends in pure noise (zero terminal SNR); it is trained on that schedule too.",
    "{path} は完全なノイズで終わるスケジュール（zero terminal SNR）のモデルなので、同じスケジュールで学習します。",
)
PREDICTION_DOUBTED = Message(
    "W-MODEL-PREDICTION",
    "{path} is trained to predict {asked}, as set, but a trial of its U-Net says {tried}. Set the prediction type to auto unless you are sure.",
    "{path} を指定どおり予測方式{asked}で学習しますが、U-Netを試したところ{tried}でした。確かでなければ予測方式をautoにしてください。",
)
NO_XFORMERS = Message(
    "W-XFORMERS",
    "xformers can't be used ({reason}); PyTorch's own attention is used, which is about as fast.",
    "xformersを使用できません（{reason}）。PyTorch標準のAttentionを使います（速度はほぼ同じです）。",
)
TOO_FEW_LAYERS = Message(
    "E-CFG-RANGE",
    "the text encoder of this model has {layers:# layer|# layers}, so {clip_skip} can't be skipped; lower it.",
    "このモデルのText Encoderは{layers}層のため、{clip_skip}は指定できません。小さくしてください。",
    key="model.clip_skip",
)
