"""What may be wrong with sample prompts and training states."""

from core.errors import Message

PROMPTS_UNREADABLE = Message(
    "E-SAMPLE-FILE",
    "the file of sample prompts can't be read: {fault}. It must be UTF-8: a .txt with one prompt a line, a .toml with [[prompt.subset]], or a .json list.",
    "プロンプトのファイルを読み込めません（{fault}）。UTF-8で、1行に1つの.txt、[[prompt.subset]]のある.toml、リストの.jsonのいずれかにしてください。",
    key="sample.sample_prompts",
)
NO_PROMPT_LIST = Message("E-SAMPLE-FILE", "it must contain {wanted}.", "{wanted}が必要です。")
PATH_AS_PROMPT = Message(
    "E-SAMPLE-FILE",
    "{prompt} is a path and not a prompt; a file of prompts must end in {suffixes}. Rename it, or write its prompts here.",
    "{prompt}はパスでありプロンプトではありません。プロンプトのファイルの拡張子は{suffixes}のいずれかです。ファイル名を変更するか、プロンプトをここに書いてください。",
    key="sample.sample_prompts",
)
NO_PROMPT = Message(
    "E-SAMPLE-NONE",
    "there is no prompt: every line is empty or begins with #, so no image would be generated.",
    "プロンプトがありません（空行か#で始まる行だけです）。サンプル画像は生成されません。",
    key="sample.sample_prompts",
)
MANY_PROMPTS = Message(
    "W-SAMPLE-MANY",
    "{count:,} prompts are generated each time, which takes very long.",
    "毎回{count:,}個のプロンプトを生成するため、非常に時間がかかります。",
    key="sample.sample_prompts",
)
BAD_PROMPT = Message(
    "E-SAMPLE-PROMPT", "{prompt}: {fault}.", "{prompt}：{fault}。", key="sample.sample_prompts"
)

STATE_MISSING = Message(
    "E-STATE-MISSING",
    "this state folder does not exist; choose one whose name ends in -state, or auto.",
    "この学習状態のフォルダーがありません。名前が-stateで終わるフォルダーか、autoを指定してください。",
    key="save.resume",
)
NOT_A_STATE = Message(
    "E-STATE-MISSING",
    "this folder is not a training state; choose one whose name ends in -state, or auto.",
    "このフォルダーは学習状態ではありません。名前が-stateで終わるフォルダーか、autoを指定してください。",
    key="save.resume",
)
STATE_DAMAGED = Message(
    "E-STATE-DAMAGED",
    "this training state is not complete ({fault}); choose an older state.",
    "この学習状態は不完全です（{fault}）。より古い状態を指定してください。",
    key="save.resume",
)
NO_STATE_COMPLETE = Message(
    "E-STATE-DAMAGED",
    "this training state is not complete ({fault}); there is no complete one. To start from the beginning, choose another output name, or move it away.",
    "この学習状態は不完全です（{fault}）。ほかに使える状態はありません。最初から学習するには、別の出力名にするか、移動してください。",
    key="save.resume",
)
STATE_PASSED_OVER = Message(
    "W-STATE-DAMAGED",
    "this training state is not complete ({fault}); the one before it is used.",
    "この学習状態は不完全です（{fault}）。1つ前の状態を使います。",
    key="save.resume",
)
