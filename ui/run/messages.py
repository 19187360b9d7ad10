"""What the buttons of the run panel refuse."""

from core.errors import Message

NOT_RUNNING = Message("E-RUN-NONE", "No run is in progress.", "学習は実行されていません。")
NO_STATE = Message(
    "E-RUN-STATE", "There is no saved state to resume from.", "再開できる学習状態がありません。"
)
NO_PROMPTS = Message(
    "E-SAMPLE-PROMPT",
    "Enter a sample prompt first (Training tab).",
    "先にサンプル画像のプロンプトを入力してください（学習タブ）。",
)
EMPTY_PROMPTS = Message("E-SAMPLE-PROMPT", "Enter a prompt first.", "先にプロンプトを入力してください。")
MANY_PROMPTS = Message(
    "E-SAMPLE-MANY",
    "At most {most:# prompt|# prompts} at once.",
    "一度に指定できるプロンプトは{most}個までです。",
)
ENDED = Message("E-RUN", "{sentence}", "{sentence}")
"""Why a run ended, as its last event reports it."""
NOTHING_TO_CONTINUE = Message(
    "E-RUN-MORE",
    "There is no finished run left to train further.",
    "さらに学習できる、完了した学習がありません。",
)
FURTHER_STEPS = Message(
    "E-RUN-MORE",
    "The number of further steps must be a whole number from 1 to {most:,}.",
    "追加するステップ数は1から{most:,}までの整数で入力してください。",
)
