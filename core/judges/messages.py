"""What may go wrong with a judge: its files, and what it is given to compare with."""

from core.errors import Message

NOT_A_JUDGE = Message(
    "E-JUDGE-MODEL",
    "{path} is no model that images can be compared by: a folder or Hub id of CLIP, DINO or DINOv2 (config.json, .safetensors).",
    "{path} は画像を比較できるモデルではありません。CLIP・DINO・DINOv2（config.jsonと.safetensors）のフォルダーかHubのモデル名を指定してください。",
    key="judge",
)
MISSING = Message(
    "E-JUDGE-MODEL",
    "{path} is no file or folder here and no name of the Hugging Face Hub (owner/name).",
    "{path} というファイルやフォルダーはなく、Hugging Face Hubの名前（所有者/名前）でもありません。",
    key="judge",
)
NOT_LOADED = Message(
    "E-JUDGE-LOAD",
    "{path} can't be loaded: {why}.",
    "{path} を読み込めません：{why}。",
    key="judge",
)
