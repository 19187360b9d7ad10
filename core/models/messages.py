"""Messages about a base model, a VAE or a LoRA file that can't be used, or not as it is asked for."""

from core.errors import Message

# Finding a model

NONE_SET = Message(
    "E-MODEL-MISSING", "No base model is set. Choose one.", "元モデルが指定されていません。選んでください。"
)
MISSING = Message(
    "E-MODEL-MISSING",
    "There is no file or folder {path}.",
    "ファイルまたはフォルダー {path} がありません。",
)
TAKEN_DOWN = Message(
    "E-MODEL-MOVED",
    "{path} was removed from the Hugging Face Hub by its makers. The same model is available as {now}: choose that.",
    "{path} は公開元によりHugging Face Hubから削除されました。同じモデルは {now} にあります。そちらを指定してください。",
)
NOT_DIFFUSERS = Message(
    "E-MODEL-HUB",
    "{path} on the Hugging Face Hub is not a model in Diffusers format. Choose another one, or download its .safetensors file and choose that.",
    "Hugging Face Hubの {path} はDiffusers形式のモデルではありません。別のモデルを選ぶか、.safetensorsファイルをダウンロードして指定してください。",
)
GATED = Message(
    "E-MODEL-HUB",
    "{path} is gated on the Hugging Face Hub: only users who accepted its terms can download it. Accept them at https://huggingface.co/{path}, set your token (Tools tab, or `hf auth login`), and start again.",
    "{path} の取得には利用規約への同意が必要です。https://huggingface.co/{path} で同意し、トークンを設定（ツールタブ、または `hf auth login`）してから、もう一度開始してください。",
)
UNKNOWN_ID = Message(
    "E-MODEL-HUB",
    "{path} is not a file or folder here, and the Hugging Face Hub has no such model (or it is private). Check the name, or choose a file.",
    "{path} というファイルやフォルダーはなく、Hugging Face Hubにもありません（または非公開です）。名前を確認するか、ファイルを選んでください。",
)
UNREACHABLE = Message(
    "E-MODEL-HUB",
    "{path} is not a file or folder here, and could not be downloaded from the Hugging Face Hub ({error}). Check the connection and start again; what is downloaded already is kept.",
    "{path} というファイルやフォルダーはなく、Hugging Face Hubからも取得できませんでした（{error}）。接続を確認して、もう一度開始してください。取得済みの分は残っています。",
)

# Kind and family

WRONG_KIND = Message(
    "E-MODEL-KIND",
    "{path} is {found}{details}; {wanted} is expected.",
    "{path} は{found}{details}です。{wanted}を指定してください。",
)
WRONG_OPTION = Message(
    "E-MODEL-KIND",
    "{path} is {found}{details}; {wanted} is expected. It belongs in {option}.",
    "{path} は{found}{details}です。ここには{wanted}を、このファイルは{option}に指定してください。",
)
UNSUPPORTED_FAMILY = Message(
    "E-MODEL-FAMILY",
    "{path} is a model of {family}, which can't be trained. Choose a model of {known}.",
    "{path} は{family}のモデルで、学習できません。{known}のモデルを選んでください。",
    key="model.base",
)
UNKNOWN_FAMILY = Message(
    "E-MODEL-FAMILY",
    "{path} contains no text encoder of a known kind, and the sizes of its U-Net are of no known family. Choose a whole model of {known}.",
    "{path} には既知のText Encoderがなく、U-Netの大きさからも系統を判別できません。{known}の、すべてが揃ったモデルを選んでください。",
    key="model.base",
)
OTHER_FAMILY = Message(
    "E-MODEL-FAMILY",
    "{path} is a model of {family}, not of {asked}. Set the model family to auto or {value}.",
    "{path} は{asked}ではなく{family}のモデルです。モデルの系統をautoまたは{value}にしてください。",
    key="model.family",
)
UNET_ONLY = Message(
    "E-MODEL-VARIANT",
    "{path} is only a U-Net, without text encoder and VAE; it can't be trained. Choose a plain text-to-image model.",
    "{path} はU-NetだけでText EncoderとVAEがないため、学習できません。通常のモデルを選んでください。",
    key="model.base",
)
VARIANT = Message(
    "E-MODEL-VARIANT",
    "{path} is the {variant} variant of {family}; it can't be trained. Choose a plain text-to-image model.",
    "{path} は{family}の{variant}版のため、学習できません。通常のモデルを選んでください。",
    key="model.base",
)
NAMED_V = Message(
    "W-MODEL-PREDICTION",
    "{path} is named like a v-prediction model, but nothing in it declares that, so it is trained to predict the noise (epsilon). If it is one, set the prediction type to v.",
    "{path} は名前からするとv予測モデルのようですが、ファイル内にその印がないため、epsilon予測として学習します。v予測モデルなら、予測方式をvにしてください。",
    key="model.prediction",
)
OTHER_PREDICTION = Message(
    "E-MODEL-PREDICTION",
    "{path} was trained to predict {known}, not {asked}. Set the prediction type to auto or {known}.",
    "{path} の予測方式は{asked}ではなく{known}です。予測方式をautoまたは{known}にしてください。",
    key="model.prediction",
)
NO_VAE_IN_UNET = Message(
    "E-MODEL-KIND",
    "{path} is only a U-Net and contains no VAE. Choose a VAE, or leave it empty.",
    "{path} はU-NetだけでVAEが含まれていません。VAEを選ぶか、空欄にしてください。",
    key="model.vae",
)
FOREIGN_VAE = Message(
    "E-MODEL-VAE",
    "{path} is a VAE of {family}; its latents are not compatible with {base}. Choose a VAE of {base}, or leave it empty.",
    "{path} は{family}用のVAEで、{base}のlatentsとは互換性がありません。{base}用のVAEを選ぶか、空欄にしてください。",
    key="model.vae",
)
CLIP_SKIP_TWICE = Message(
    "W-MODEL-CLIPSKIP",
    "{family} already uses the layer before the last; clip_skip = {layers} counts from there, which its models were not trained for. Leave it empty unless that is intended.",
    "{family}はもともと最後から2番目の層を使います。clip_skip = {layers}はそこから数えるため、モデル本来の学習とは異なります。意図したものでなければ空欄にしてください。",
    key="model.clip_skip",
)
SIZE_BELOW = Message(
    "W-MODEL-SIZE",
    "this model is {kind} {side} x {side}; at {width} x {height} image quality suffers. Set the resolution to {side}.",
    "{side}×{side}で学習された{kind}モデルです。{width}×{height}では本来の品質が出ません。解像度を{side}にしてください。",
    key="dataset.resolution",
)
SIZE_ABOVE = Message(
    "W-MODEL-SIZE",
    "this model is {kind} {side} x {side}; at {width} x {height} it tends to repeat parts of the image. Set the resolution to {side}.",
    "{side}×{side}で学習された{kind}モデルです。{width}×{height}では被写体が繰り返されやすくなります。解像度を{side}にしてください。",
    key="dataset.resolution",
)

# Weights

OTHER_SHAPES = Message(
    "E-MODEL-SHAPE",
    "{path}: {count:# tensor|# tensors} of its {part} {count:has|have} another shape: {tensors}.",
    "{path}：{part}の{count}個のテンソルの形が異なります：{tensors}。",
)
NEEDS_CONFIGS = Message(
    "E-MODEL-SHAPE",
    "{path}: {count:# tensor|# tensors} of its {part} {count:has|have} another shape: {tensors}; a model of another size needs its configs in a folder {folder} beside it.",
    "{path}：{part}の{count}個のテンソルの形が異なります：{tensors}（大きさの異なるモデルには、隣に{folder}フォルダーが必要です）。",
)
LACKS_TENSORS = Message(
    "E-MODEL-KEYS",
    "{path} lacks {count} of {total:# tensor|# tensors} of its {part}: {tensors}.",
    "{path} には{part}の{total}個のテンソルのうち{count}個がありません：{tensors}。",
)
LACKS_VAE = Message(
    "E-MODEL-KEYS",
    "{path} contains no VAE; set one in model.vae.",
    "{path} にはVAEが含まれていません。model.vaeに指定してください。",
    key="model.base",
)
QUANTISED = Message(
    "E-MODEL-DTYPE",
    "{path}: {count:# quantised tensor|# quantised tensors} ({dtype}) in its {part}: {tensors}. Use a file in fp16, bf16 or float32.",
    "{path}：{part}の{count}個のテンソルが量子化（{dtype}）されています：{tensors}。fp16・bf16・float32のファイルを使ってください。",
)
CHANGED = Message(
    "E-MODEL-CHANGED",
    "{path} was changed or removed while it was loaded. Start again when nothing writes to it any more.",
    "{path} は読み込み中に変更されたか、なくなりました。書き込みが終わってから、もう一度開始してください。",
)
NOT_FINITE = Message(
    "E-MODEL-NAN",
    "{path} is damaged: tensor {tensor} of its {part} contains NaN or infinity. Download or copy it again.",
    "{path} は壊れています：{part}のテンソル{tensor}にNaNまたは無限大があります。入手し直してください。",
)
BAD_CONFIG = Message(
    "E-MODEL-BAD",
    "{path}: the model configs in its metadata can't be parsed.",
    "{path}：メタデータにあるモデルの構成を読み込めません。",
)

# LoRA files

LORA_KIND = Message(
    "E-LORA-KIND",
    "{path} is {kind}: it has {tensors}. Only LoRA, DoRA, LoHa, LoKr and OFT files can be used. Choose one, or merge this one into a model with the program that made it and use that model.",
    "{path} は{kind}です（{tensors}を含みます）。使えるのはLoRA・DoRA・LoHa・LoKr・OFTのファイルだけです。別のファイルを選ぶか、作成したプログラムでモデルにマージして、そのモデルを使ってください。",
)
LORA_FAMILY = Message(
    "E-LORA-FAMILY",
    "{path} is a LoRA for {family}, but the base model is {base}. Choose a LoRA made for {base}.",
    "{path} は{family}用のLoRAですが、元モデルは{base}です。{base}用のLoRAを選んでください。",
)
LORA_PREDICTION = Message(
    "W-LORA-PREDICTION",
    "{path} was trained for models that predict {own}, but the base model predicts {predicted}; it loads, with worse results.",
    "{path} は{own}予測のモデル用のLoRAですが、元モデルは{predicted}予測です。読み込めますが、品質は落ちます。",
)
LORA_UNSUPPORTED_FAMILY = Message(
    "E-LORA-FAMILY",
    "{path} is a LoRA for {family}, and only {known} can be used. Choose a LoRA made for {known}.",
    "{path} は{family}用のLoRAですが、使えるのは{known}用だけです。{known}用のLoRAを選んでください。",
)
TOKEN_REFUSED = Message(
    "E-MODEL-HUB",
    "the Hugging Face Hub does not accept the token that is set, so {path} could not be requested. Set a valid one (Tools tab, or `hf auth login`), or remove it.",
    "設定されているHugging Faceのトークンが無効なため、{path} を取得できません。有効なトークンを設定する（ツールタブ、または `hf auth login`）か、削除してください。",
)
NO_TOKEN_FORM = Message(
    "E-HUB-TOKEN",
    "this is not a Hugging Face token: those begin with hf_ and contain no blanks.",
    "Hugging Faceのトークンではありません。トークンはhf_で始まり、空白を含みません。",
)
TOKEN_UNWRITTEN = Message(
    "E-HUB-TOKEN",
    "the token file could not be changed: {why}.",
    "トークンのファイルを変更できませんでした（{why}）。",
)

# Embedding files

EMBEDDING_FAMILY = Message(
    "E-EMB-FAMILY",
    "{path} is an embedding for {family}, but the base model is {base}. Choose one made for {base}.",
    "{path} は{family}用のembeddingですが、元モデルは{base}です。{base}用のものを選んでください。",
)
EMBEDDING_VECTORS = Message(
    "E-EMB-VECTORS",
    "{path} has {found:# vector|# vectors}, and num_vectors_per_token is {wanted}; set it to {found}.",
    "{path} のベクトル数は{found}ですが、num_vectors_per_tokenは{wanted}です。{found}にしてください。",
)
EMBEDDING_COUNTS = Message(
    "E-EMB-VECTORS",
    "{path}: its numbers of vectors ({counts}) must be the same for each text encoder, and at least 1. Choose another file.",
    "{path}：ベクトル数（{counts}）は、Text Encoderごとに同じで1以上でなければなりません。別のファイルを選んでください。",
)
EMBEDDING_PARTS = Message(
    "E-EMB-FAMILY",
    "{path} lacks {missing}, the vectors of a text encoder; an embedding for {base} has {wanted}.",
    "{path} には{missing}（Text Encoderのベクトル）がありません。{base}用のembeddingには{wanted}が必要です。",
)
EMBEDDING_SHAPE = Message(
    "E-EMB-FAMILY",
    "{path}: its vectors have {found:# number|# numbers}, those of this model's {part} {wanted}. Choose an embedding made for this model.",
    "{path}：ベクトルの次元は{found}ですが、このモデルの{part}では{wanted}です。このモデル用のembeddingを選んでください。",
)
KNOWN_WORD = Message(
    "E-EMB-WORD",
    "{word} is a token that the model knows, and can't be taught as a new one: other programs would not read it. Choose another word, such as {other}.",
    "{word}はモデルの既知のトークンなので、新しい単語として学習できません（ほかのプログラムで使えなくなります）。{other}など、別の単語にしてください。",
    "embedding.token_string",
)
