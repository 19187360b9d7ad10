"""Messages about what a training writes: sample images, models, states."""

from core.catalog import Words
from core.errors import Message

# Sample images

SAMPLE_REQUEST = Message(
    "W-SAMPLE",
    "the requested sample images are not generated: {fault}",
    "指定されたサンプル画像は生成しません：{fault}",
)
SAMPLE_FAILED = Message(
    "W-SAMPLE",
    "the sample image could not be generated ({reason}); training continues.",
    "サンプル画像を生成できませんでした（{reason}）。学習は続けます。",
)

# Saving

SAVED_LATER = Words(
    "{sentence} (the run continues and saves again later)",
    "{sentence}（学習を続け、後でもう一度保存します）",
)
NO_MODEL_SAVED = Words(
    "{sentence} (no model is saved, and the run continues)",
    "{sentence}（モデルは保存せず、学習を続けます）",
)
STATE_SAVED = Words("{sentence} (the state is saved)", "{sentence}（学習状態は保存しました）")
BEST_NOT_SAVED = Words(
    "{sentence} (the best model so far is not saved; the run continues)",
    "{sentence}（最良のモデルは保存せず、学習を続けます）",
)
RETRIED = Words(
    "{sentence} (the run waits for room and tries again every {seconds:.0f} s)",
    "{sentence}（空きができるまで待ち、{seconds:.0f}秒ごとに再試行します）",
)
PRECISION_TOO_SMALL = Message(
    "W-SAVE-PRECISION",
    "some weights are too large for {precision}, so {name} is saved in float32.",
    "{precision}では表せない大きさの重みがあるため、{name}はfloat32で保存しました。",
)
OTHER_RUN_KEPT = Message(
    "W-OUT-KEPT",
    "{old} already existed, from the run {run}; it is kept as {name}.",
    "{old}がすでにあったため（学習{run}の結果）、{name}として残しました。",
)
UNKNOWN_KEPT = Message(
    "W-OUT-KEPT",
    "{old} already existed, of unknown origin; it is kept as {name}.",
    "{old}がすでにあったため（作成元は不明）、{name}として残しました。",
)
NOT_REMOVED = Message(
    "W-OUT-NOT-REMOVED",
    "{name} is no longer needed, but can't be deleted ({reason}); it stays.",
    "{name}は不要になりましたが削除できないため残します（{reason}）。",
)
WEIGHTS_NOT_FINITE = Message(
    "E-NUMERIC",
    "the weights of step {step} are not finite, so nothing is saved of it; earlier saves are unchanged. Lower the learning rate.",
    "{step}ステップ目の重みが有限でないため保存しません。それより前の保存はそのままです。学習率を下げてください。",
)
ONLY_STATE_SAVED = Message(
    "E-SAVE-STATE",
    "the trained weights are finite and saved in the state {state}. Where ema_decay is set, it is their running mean that can't be saved: resume with ema_decay empty and resume_anyway to get the model.",
    "学習した重みに問題はなく、学習状態 {state} に保存しました。ema_decayを使っている場合、保存できないのは移動平均です。ema_decayを空欄にし、resume_anywayで再開するとモデルを保存できます。",
)

# States

OTHER_MACHINE = Message(
    "W-RESUME-MACHINE",
    "the state was made in another environment ({changes}); training continues from its step, but results may not be bit-identical.",
    "この学習状態は別の環境で作られました（{changes}）。同じステップから再開しますが、結果がビット単位では一致しないことがあります。",
)
OTHER_WEIGHTS = Message(
    "E-RESUME-WEIGHTS",
    "this state contains other modules or ranks than are trained now, so it can't be used; where ranks come from a LoRA file (network.weights), name the same one as before.",
    "この学習状態のモジュールまたはランクが、今回学習するものと異なるため使えません。ランクをLoRAファイル（network.weights）から取る場合は、前回と同じファイルを指定してください。",
    key="network.weights",
)
OTHER_OPTIMIZER = Message(
    "W-RESUME-OPTIMIZER",
    "the optimizer state saved here does not fit the optimizer used now, which starts without it.",
    "この学習状態にあるオプティマイザーの状態は今のものに合わないため、引き継がずに始めます。",
)
NO_EMA = Message(
    "W-RESUME-EMA",
    "this state has no running mean (EMA) of its weights; the mean starts anew from these weights.",
    "この学習状態には重みの移動平均（EMA）がないため、今の重みから新しく平均を取ります。",
)
