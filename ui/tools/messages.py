"""What the cards of the Tools tab refuse."""

from core.errors import Message

EMPTY = Message("E-TOOL-EMPTY", "Fill in “{label}”.", "「{label}」を入力してください。")
GONE = Message("E-RUNS", "This run is no longer there.", "この学習の履歴が見つかりません。")
NOT_RESUMABLE = Message(
    "E-RUNS",
    "There is no saved state of this run any more, so it can't be resumed.",
    "この学習の学習状態が残っていないため、再開できません。",
)
NOT_AGAIN = Message(
    "E-RUNS",
    "This run is finished or still in progress, so there is nothing to run again.",
    "完了または実行中の学習のため、もう一度実行することはできません。",
)
STILL_RUNS = Message(
    "E-RUNS", "This run is in progress; stop it first.", "この学習は実行中です。先に停止してください。"
)
NOT_MOVED = Message(
    "E-RUNS-MOVE", "The folder {path} could not be moved: {why}", "{path} を移動できませんでした：{why}"
)
NO_UPLOAD = Message("E-HUB-FILE", "Choose the model to upload.", "アップロードするモデルを選んでください。")
NO_TARGET = Message("E-TRY", "Choose a model.", "モデルを選んでください。")
NO_PROMPT = Message(
    "E-TRY", "Enter what the image should show.", "生成したい内容を入力してください。", key="prompt"
)
NO_BASE = Message(
    "E-TRY",
    "No base model is chosen on the Model tab.",
    "モデルタブで元モデルが選ばれていません。",
    key="model.base",
)
