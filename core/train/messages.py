"""Messages of a training: resuming, pause, faults of its numbers and its memory, validation."""

from core.catalog import Words
from core.errors import Message

# Resuming

NO_STATE = Message(
    "W-RESUME-NONE",
    "the output folder has no state to resume from; training starts from the beginning.",
    "出力先フォルダーに再開できる学習状態がないため、最初から学習します。",
)
OPTION_CHANGED = Message(
    "E-RESUME-OPTION",
    "the state was made with {then}, now it is {now}",
    "学習状態では{then}、今は{now}です",
)
ROUNDING_CHANGED = Message(
    "W-RESUME-ROUNDING",
    "the state was made with {then}, now it is {now}; training continues from its step, but results may not be bit-identical.",
    "学習状態では{then}、今は{now}です。同じステップから再開しますが、結果がビット単位では一致しないことがあります。",
)
DATA_CHANGED = Message(
    "E-RESUME-PLAN",
    "images, captions, sizes or batches are not the ones this state was trained on",
    "画像・キャプション・サイズ・バッチのいずれかが、この学習状態のものと異なります",
)
BASE_CHANGED = Message(
    "E-RESUME-BASE",
    "the base model is not the one this state was trained on",
    "元モデルが、この学習状態のものと異なります",
)
PROCESSES_CHANGED = Message(
    "E-RESUME-WORLD_SIZE",
    "this state was trained with another number of processes",
    "この学習状態とはプロセス数が異なります",
)
SET_BACK = Words(
    "{sentence}; set it back to resume, or set save.resume_anyway: then training continues, but not exactly.",
    "{sentence}。再開するには元に戻してください。save.resume_anywayを有効にすると再開できますが、結果は厳密には一致しません。",
)
"""Around what has changed and stops the run."""
RESUMED_ANYWAY = Words(
    "{sentence}; training continues all the same (resume_anyway), so the result is not exactly that of an uninterrupted run.",
    "{sentence}。resume_anywayにより続行します。中断せずに学習した場合の結果とは厳密には一致しません。",
)
"""Around what has changed and does not, with resume_anyway."""
RESULT_MISSING = Message(
    "W-RESUME-RESULT",
    "all {total:# step was|# steps were} trained before, but the result is missing; it is saved now.",
    "{total}ステップの学習は済んでいますが結果のモデルがないため、いま保存します。",
)
ALREADY_DONE = Message(
    "W-ALREADY-DONE",
    "already finished ({step}/{total:# step|# steps}); to train further, set more steps.",
    "すでに完了しています（{step}/{total}ステップ）。さらに学習する場合はステップ数を増やしてください。",
)
TEXT_ENCODER_STOPPED = Message(
    "I-RESUME-STOPPED",
    "training of the text encoder had ended in this state of step {step}; it is not trained any further.",
    "この学習状態（{step}ステップ）ではText Encoderの学習が終わっているため、以後も学習しません。",
)
SHARE_KEPT = Message(
    "I-RESUME-SHARE",
    "{option} ({share}) stays at {steps:# step|# steps}, as when the run was started; of {total:# step|# steps} it would be {fresh}.",
    "{option}（{share}）は、学習を始めたときの{steps}ステップのままです（{total}ステップに対する割合なら{fresh}ステップ）。",
)

# Processes

FUSED_PROCESSES = Message(
    "E-CFG-TOGETHER",
    "cannot be used with several processes ({count}), whose gradients are summed before weights are updated; train with one, or turn this option off.",
    "複数プロセス（{count}）では、重みを更新する前に勾配を合計するため使えません。1プロセスで学習するか、このオプションをオフにしてください。",
    "train.fused_backward_pass",
)

# Pause

NO_GPU_MEMORY = Message(
    "W-PAUSE-ROOM",
    "the GPU does not have enough free memory for the run at the moment; the run stays paused. Close other programs that use the GPU, then press “Continue”.",
    "GPUメモリが足りないため再開できず、一時停止を続けます。GPUを使っているほかのプログラムを閉じてから「続行」してください。",
)
NO_HOST_MEMORY = Message(
    "W-PAUSE-MEMORY",
    "there is not enough host memory (RAM) to offload the training; it stays on the GPU during the pause.",
    "メモリ（RAM）が足りないため、一時停止中もGPUメモリを解放できません。",
)

# Faults

NUMERIC = Message(
    "E-NUMERIC",
    "loss or gradients became NaN, infinite or absurdly large in step {step} (images: {images}; learning rate {rates})",
    "{step}ステップ目でlossまたは勾配がNaN・無限大・異常な大きさになりました（画像：{images}、学習率：{rates}）",
)
WEIGHTS_KEPT = Words(
    "{sentence}; the weights of step {step} are kept",
    "{sentence}。{step}ステップ目の重みを保持しています",
)
WEIGHTS_MIXED = Words(
    "{sentence}; some weights had been updated in this step already (fused_backward_pass), so only earlier saves can be used",
    "{sentence}。このステップで一部の重みがすでに更新されていた（fused_backward_pass）ため、使えるのはそれより前の保存だけです",
)
LATENTS_NOT_FINITE = Words(
    "{sentence}. The VAE gives no finite numbers for {images}; leave it out, or use another VAE.",
    "{sentence}。{images}をVAEで変換すると有限でない値になります。この画像を外すか、別のVAEを使ってください。",
)
LOWER_RATE = Words(
    "{sentence}. Lower the learning rate{usual}{precision}, or check these images.",
    "{sentence}。学習率を下げる{usual}{precision}、または画像を確認してください。",
)
OUT_OF_MEMORY = Message(
    "E-OOM",
    "memory ran out ({reason}). Try, in this order: {savers}.",
    "メモリが不足しました（{reason}）。次の順に試してください：{savers}。",
)
STATE_KEPT = Words(
    "{sentence} The state of step {step} is kept. After any of these changes it needs resume_anyway, and the result is not exact.",
    "{sentence}{step}ステップ目の学習状態を保持しています。これらの変更後に再開するにはresume_anywayが必要で、結果は厳密には一致しません。",
)
STATE_KEPT_RESUMABLE = Words(
    "{sentence} The state of step {step} is kept; it can be resumed with {free}. After any other of these changes it needs resume_anyway, and the result is not exact.",
    "{sentence}{step}ステップ目の学習状態を保持しています（{free}は変更しても再開できます）。ほかの変更後に再開するにはresume_anywayが必要で、結果は厳密には一致しません。",
)
NOT_KEPT = Message(
    "W-NOT-KEPT",
    "the last step could not be saved ({reason}); earlier saves are unchanged.",
    "最後のステップを保存できませんでした（{reason}）。それより前の保存はそのままです。",
)
ZERO_GRADIENTS = Message(
    "W-ZERO-GRADIENTS",
    "all gradients have been 0 for {count:# step|# steps} in a row, so nothing is learned; check masks and loss weights.",
    "{count}ステップ続けて勾配がすべて0のため、何も学習されていません。マスクやlossの重みを確認してください。",
)
ZERO_GRADIENTS_HALF = Message(
    "W-ZERO-GRADIENTS",
    "all gradients have been 0 for {count:# step|# steps} in a row, so nothing is learned; use {mixed} instead of {precision}, in which small gradients underflow.",
    "{count}ステップ続けて勾配がすべて0のため、何も学習されていません。{precision}では小さな勾配がアンダーフローするため、{mixed}を使ってください。",
)

# Validation

ENDED_EARLY = Message(
    "I-ENDED-EARLY",
    "ended early at step {step} of {total}: the validation loss has not improved in {waited:# validation|# validations}. The lowest was {loss:.4f} at step {best}; that model is kept as {model}.",
    "全{total}ステップのうち{step}ステップで早期終了しました。検証lossが{waited}回続けて改善しませんでした。最小は{best}ステップ目の{loss:.4f}で、そのモデルは{model}として残っています。",
)
ENDED_EARLY_BEFORE = Message(
    "W-ALREADY-DONE",
    "this run ended early at step {step}, since the validation loss had not improved in {waited:# validation|# validations}; to train further, set early_stopping_patience higher or leave it empty.",
    "この学習は検証lossが{waited}回続けて改善しなかったため、{step}ステップで早期終了しています。さらに学習するにはearly_stopping_patienceを大きくするか、空欄にしてください。",
    key="train.early_stopping_patience",
)
NO_VALIDATION_SPLIT = Message(
    "W-VALIDATION-NONE",
    "the validation split is empty, so there is no validation; set dataset.validation_split.",
    "検証用の画像がないため、検証は行いません。dataset.validation_splitを指定してください。",
)
