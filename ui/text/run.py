"""Words of the run panel, the past runs and the queue, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

RUN_WORDS: Mapping[str, Words] = {
    "run.check": Words("Check", "確認"),
    "run.start": Words("Start training", "学習開始"),
    "run.pause": Words("Pause", "一時停止"),
    "run.go_on": Words("Continue", "続行"),
    "run.stop": Words("Stop and save", "停止して保存"),
    "run.stopping": Words("Stopping…", "停止処理中…"),
    "run.resume": Words("Resume from step {step}", "ステップ{step}から再開"),
    "run.resume.anyway": Words("Resume from step {step} anyway", "ステップ{step}からこのまま再開"),
    "resume.anyway.info": Words(
        "Settings, images or the base model have changed since this state was saved. Resuming anyway keeps the learned weights and continues with what is set now; the result is not that of an uninterrupted run. “Start training” begins again from the first step.",
        "この学習状態の保存後に、設定・画像・元モデルのいずれかが変わっています。「このまま再開」では、学習済みの重みを引き継いで今の内容で続けます（中断せずに学習した場合と同じ結果にはなりません）。「学習開始」なら最初のステップからやり直します。",
    ),
    "run.save": Words("Save now", "今すぐ保存"),
    "run.sample": Words("Sample now", "サンプル生成"),
    "status.idle": Words("Ready", "準備完了"),
    "status.waiting": Words("Not ready yet", "設定が必要です"),
    "status.almost": Words("Almost ready", "あと少しです"),
    "status.starting": Words("Starting", "開始中"),
    "status.running": Words("Training", "学習中"),
    "status.pausing": Words("Pausing", "一時停止処理中"),
    "run.pausing": Words(
        "Pausing after the current step; samples in progress are finished first.",
        "現在のステップの後に一時停止します（生成中のサンプル画像は最後まで生成します）。",
    ),
    "run.paused.freed": Words(
        "{size} of GPU memory are free for other programs. “Continue” takes them back; the result is the same as without the pause.",
        "GPUメモリを{size}解放しました。「続行」で元に戻り、一時停止しなかった場合と同じ結果になります。",
    ),
    "run.paused.kept": Words(
        "Everything stays in memory until you press “Continue”.",
        "「続行」を押すまで、すべてメモリに保持します。",
    ),
    "log.paused": Words("Paused after step {step}", "ステップ{step}の後で一時停止"),
    "run.prompts": Words("Sample with other prompts", "プロンプトを変えてサンプル生成"),
    "run.prompts.label": Words("Prompts, one a line", "プロンプト（1行に1つ）"),
    "run.prompts.help": Words(
        "--n negative, --w --h size, --s steps, --l guidance, --d seed",
        "--n ネガティブ、--w --h サイズ、--s ステップ数、--l ガイダンス、--d シード",
    ),
    "run.prompts.keep": Words(
        "Keep them for the later samples of this run", "この学習の以後のサンプル画像にも使う"
    ),
    "run.prompts.draw": Words("Generate", "このプロンプトで生成"),
    "run.cure": Words("Set “{setting}” to {value} and try again", "「{setting}」を{value}にしてやり直す"),
    "status.paused": Words("Paused", "一時停止中"),
    "status.stopping": Words("Stopping", "停止処理中"),
    "status.done": Words("Done", "完了"),
    "status.stopped": Words("Stopped", "停止"),
    "status.refused": Words("Not started", "開始できませんでした"),
    "status.failed": Words("Failed", "失敗"),
    "status.interrupted": Words("Interrupted", "中断"),
    "run.last": Words("Last run: “{name}”, {when}", "前回の学習：「{name}」 {when}"),
    "run.interrupted": Words(
        "The program ended during this run, after step {step}.",
        "この学習の途中（ステップ{step}の後）でプログラムが終了しました。",
    ),
    "run.choose": Words("Next:", "次の操作："),
    "run.choose.images": Words("choose your training images", "学習用画像を指定"),
    "run.choose.base": Words("choose the base model", "元モデルを指定"),
    "run.choose.base.own": Words("choose your own base model", "自分の元モデルを指定"),
    "run.choose.base.why": Words(
        "The demo's small model is still set.", "今はデモ用の小さなモデルのままです。"
    ),
    "run.choose.preset": Words("choose a preset", "プリセットを適用"),
    "run.choose.preset.why": Words(
        "The settings are still those of the demo's small model.", "今の設定はデモ用の小さなモデル向けです。"
    ),
    "run.choose.reg": Words("choose regularization images, or none", "正則化画像を指定（なくてもよい）"),
    "run.choose.reg.why": Words("Those of the demo are still set.", "今はデモのもののままです。"),
    "run.choose.prompts": Words("enter sample prompts", "サンプルプロンプトを入力"),
    "run.mend": Words("correct “{label}”", "「{label}」を修正"),
    "run.mend.more": Words(" and {n} more", "（ほかに{n}件）"),
    "run.ready": Words(
        "Everything is filled in. Press Start training.", "入力済みです。「学習開始」を押してください。"
    ),
    "run.ready.demo": Words(
        "The demo is filled in: a small model and images of an unusual frog. Press Start training.",
        "小さなモデルと変わったカエルの画像のデモが入力済みです。「学習開始」を押してください。",
    ),
    "run.epoch": Words("Epoch", "エポック"),
    "run.speed": Words("Speed", "速度"),
    "run.elapsed": Words("Elapsed", "経過時間"),
    "run.loss": Words("Loss", "loss"),
    "run.validation": Words("Validation loss", "検証loss"),
    "run.lr": Words("Learning rate", "学習率"),
    "run.memory": Words("GPU memory", "GPUメモリ"),
    "run.ram": Words("Memory", "メモリ（RAM）"),
    "run.stage.left": Words("{time} left", "残り{time}"),
    "run.smoothing": Words("Smoothing", "平滑化の強さ"),
    "run.chart.step": Words("step", "ステップ"),
    "run.log.copy": Words("Copy", "コピー"),
    "run.log.copied": Words("Copied", "コピーしました"),
    "run.log.download": Words("Download log.txt", "log.txtをダウンロード"),
    "rate.all": Words("all parts", "すべて"),
    "run.per.second": Words("{n} steps/s", "{n}ステップ/秒"),
    "run.per.step": Words("{n} s/step", "{n}秒/ステップ"),
    "run.per.step.long": Words("{time} per step", "1ステップ{time}"),
    "run.chart": Words("Loss", "loss"),
    "run.chart.raw": Words("raw", "平滑化前"),
    "run.chart.smooth": Words("smoothed", "平滑化"),
    "run.chart.validation": Words("validation images", "検証用画像"),
    "rate.title": Words("Learning rate over the steps", "学習率の変化（ステップ）"),
    "rate.unet": Words("U-Net", "U-Net"),
    "rate.text": Words("text encoder", "Text Encoder"),
    "rate.text.2": Words("second text encoder", "2つ目のText Encoder"),
    "rate.word": Words("new word", "新しい単語"),
    "rate.both": Words("U-Net and text encoder", "U-NetとText Encoder"),
    "rate.own": Words(
        "This optimizer sets the learning rate itself; the curve is the factor on it.",
        "このオプティマイザーは学習率を自動で決めます。グラフはそれに掛ける倍率です。",
    ),
    "run.samples": Words("Samples", "サンプル画像"),
    "run.lost": Words(
        "No connection to the program: it was closed, or the network is down. A run continues as long as the program is open. Reconnecting…",
        "プログラムに接続できません。終了したか、通信が切れています。プログラムが動いていれば学習は続いています。再接続を試みています…",
    ),
    "run.log": Words("Log", "ログ"),
    "run.sample.step": Words("step {step}", "ステップ{step}"),
    "run.sample.before": Words("before", "学習前"),
    "run.sample.compare": Words("Compare before and now", "学習前と比較"),
    "run.older": Words("Show {n:#more step}", "さらに{n}ステップ分を表示"),
    "viewer.previous": Words("Previous", "前へ"),
    "viewer.next": Words("Next", "次へ"),
    "viewer.prompt": Words("Prompt (compare with the slider)", "プロンプト（スライダーで比較）"),
    "viewer.left": Words("Left image", "左の画像"),
    "viewer.right": Words("Right image", "右の画像"),
    "viewer.close": Words("Close", "閉じる"),
    "run.line": Words("line {n}", "{n}行目"),
    "run.checked": Words(
        "No problems: {images:#image}, {steps:#step}, {epochs}.",
        "問題ありません：画像{images}枚、{steps}ステップ（{epochs}）。",
    ),
    "run.saved.now": Words(
        "Saving after the current step (at once while paused).",
        "現在のステップの後に保存します（一時停止中はすぐ）。",
    ),
    "run.sampled.now": Words(
        "Generating samples after the current step (at once while paused).",
        "現在のステップの後に生成します（一時停止中はすぐ）。",
    ),
    "run.prompts.drawn": Words(
        "Generating samples of {n:#prompt} after the current step (at once while paused).",
        "現在のステップの後に、{n}個のプロンプトで生成します（一時停止中はすぐ）。",
    ),
    "run.unfinished": Words(
        "“{name}” can be resumed: its last state was saved at step {step}.",
        "「{name}」は、ステップ{step}で保存した学習状態から再開できます。",
    ),
    "stage.prepare": Words("Preparing", "準備中"),
    "log.plan": Words(
        "{images:#image}, {reg:#regularization image}; {per:#step} an epoch, {epochs:#epoch}, {steps:#step}",
        "画像{images}枚・正則化画像{reg}枚、1エポック{per}ステップ × {epochs}エポック、全{steps}ステップ",
    ),
    "log.step": Words(
        "step {step}/{total}  epoch {epoch}  loss {loss}  lr {lr}",
        "ステップ {step}/{total}  エポック {epoch}  loss {loss}  学習率 {lr}",
    ),
    "log.saved.model": Words("Model saved: {path}", "モデルを保存：{path}"),
    "log.saved.state": Words("State saved: {path}", "学習状態を保存：{path}"),
    "log.saved.sample": Words("Sample: {path}", "サンプル画像：{path}"),
    "log.saved.sheet": Words("Sample sheet: {path}", "サンプル一覧：{path}"),
    "log.warned": Words("Warning: {text}", "警告：{text}"),
    # past runs
    "runs.refresh": Words("Refresh", "一覧を更新"),
    "runs.clear": Words("Clear the selection", "選択を解除"),
    "runs.none": Words(
        "No runs in {folder} yet. They are listed here.",
        "{folder} にはまだ学習の履歴がありません。学習すると、ここに表示されます。",
    ),
    "runs.count": Words("{n:#run}", "{n}件"),
    "runs.whole": Words("whole model", "モデル全体"),
    "runs.head.steps": Words("Steps", "ステップ"),
    "runs.head.time": Words("Time", "所要時間"),
    "runs.most": Words(
        "At most {n:#run} can be compared; clear one to add another.",
        "同時に比較できるのは{n}件までです。追加するには選択を減らしてください。",
    ),
    "runs.interrupted": Words(
        "The program was closed during this run.", "学習の途中でプログラムが終了しました。"
    ),
    "runs.model": Words("Model", "モデル"),
    "runs.model.gone": Words("{path} (no longer there)", "{path}（見つかりません）"),
    "runs.folder": Words("Folder of the run", "実行フォルダー"),
    "runs.load": Words("Use these settings", "この設定を使う"),
    "runs.loaded": Words(
        "Settings of {name} ({when}) loaded, with its output name and seed.",
        "{name}（{when}）の設定を読み込みました（出力ファイル名とシードを含みます）。",
    ),
    "runs.resumed": Words(
        "{name} resumed from step {step}; see the run panel.",
        "{name}をステップ{step}から再開しました。経過は学習パネルに表示されます。",
    ),
    "runs.trash": Words("Move to trash…", "ごみ箱へ移動…"),
    "runs.trash.sure": Words(
        "Move the log, settings and samples of this run to {folder}? Models and states stay where they are.",
        "この学習のログ・設定・サンプル画像を {folder} に移動しますか？モデルと学習状態はそのまま残ります。",
    ),
    "runs.trash.yes": Words("Move", "移動する"),
    "runs.trash.no": Words("Keep", "残す"),
    "runs.trashed": Words("Moved to trash: {name}", "ごみ箱へ移動しました：{name}"),
    "runs.trash.many": Words("Runs in the trash ({n})", "ごみ箱の学習（{n}件）"),
    "runs.back": Words("Restore", "元に戻す"),
    "runs.back.done": Words("Restored: {name}", "履歴に戻しました：{name}"),
    "runs.curve.smooth": Words("Smoothed", "平滑化"),
    "runs.curve.raw": Words("Raw", "平滑化前"),
    "runs.curve.validation": Words("Validation images", "検証用画像"),
    "runs.curve": Words("Loss over the steps", "lossの推移（ステップ）"),
    "runs.curve.none": Words(
        "No selected run reported two losses or more.", "lossの記録が2点以上ある学習がありません。"
    ),
    "runs.images.last": Words("last of each", "それぞれの最後"),
    "runs.images.start": Words("before training", "学習前"),
    "runs.images.none": Words("no image", "画像なし"),
    "runs.images.more": Words(
        "{n:#more prompt is|more prompts are} not shown.", "ほか{n}個のプロンプトは省略しています。"
    ),
    "runs.settings": Words("Settings that differ: {n}", "異なる設定：{n}個"),
    "runs.settings.same": Words("These runs have the same settings.", "これらの学習の設定は同じです。"),
    "runs.settings.now": Words("Compared with the current settings", "現在の設定との違い"),
    "runs.settings.now.same": Words("These are the current settings.", "現在の設定と同じです。"),
    "runs.settings.form": Words("Current", "現在の設定"),
    "runs.settings.unused": Words("—", "— （使わない）"),
    # starting
    "run.queue": Words("Add to queue", "キューに追加"),
    "start.busy": Words(
        "A run is in progress. Add these settings to the queue? They start when it ends.",
        "学習を実行中です。この設定をキューに追加しますか？実行中の学習が終わると開始します。",
    ),
    "start.taken": Words(
        "{folder} already has results of this name: {files}",
        "同じ名前の結果が {folder} にすでにあります：{files}",
    ),
    "start.more": Words(" and {n} more", "、ほか{n}個"),
    "start.new": Words("Start as {name}", "{name}として開始"),
    "start.same": Words("Start as {name} again", "同じ名前（{name}）で開始"),
    "start.same.info": Words(
        "With the same name, the earlier file is kept as {name}.old-1 when the new one is saved.",
        "同じ名前で開始すると、新しい結果を保存するときに前のファイルを{name}.old-1として残します。",
    ),
    "start.as": Words("Started as {name}.", "{name}として開始しました。"),
    # queue
    "queue.title": Words("Queue", "キュー"),
    "queue.count": Words("{n} waiting", "{n}件待機中"),
    "queue.not.added": Words("Not added to the queue.", "キューに追加していません。"),
    "queue.added": Words("Added to the queue: {name}", "キューに追加しました：{name}"),
    "queue.added.as": Words(
        "Added to the queue as {name}: {wanted} is taken.",
        "「{wanted}」は使われているため、「{name}」としてキューに追加しました。",
    ),
    "queue.added.already": Words(
        "These settings were added a moment ago: {name}", "同じ設定を追加したばかりです：{name}"
    ),
    "queue.going": Words(
        "The next one starts when this one is done.", "実行中のものが完了すると、次を開始します。"
    ),
    "queue.next": Words("The next one starts in a moment.", "まもなく次を開始します。"),
    "queue.held.idle": Words("Waiting for you to start the queue.", "「キューを開始」を押すと始まります。"),
    "queue.held.person": Words("You put the queue on hold.", "キューを保留しています。"),
    "queue.held.restart": Words(
        "The program was restarted; the queue is on hold.",
        "プログラムが再起動されたため、キューを保留しています。",
    ),
    "queue.held.failed": Words(
        "The last run failed; the queue is on hold.", "前の学習が失敗したため、キューを保留しています。"
    ),
    "queue.held.stopped": Words(
        "The last run was stopped; the queue is on hold.",
        "前の学習が停止されたため、キューを保留しています。",
    ),
    "queue.held.failed.tool": Words(
        "The last tool failed; the queue is on hold.", "前のツールが失敗したため、キューを保留しています。"
    ),
    "queue.held.stopped.tool": Words(
        "The last tool was stopped; the queue is on hold.",
        "前のツールが停止されたため、キューを保留しています。",
    ),
    "queue.held.refused": Words(
        "One of these could not be started; the queue is on hold.",
        "開始できなかったものがあるため、キューを保留しています。",
    ),
    "queue.tool": Words("{tool} ({about})", "{tool}（{about}）"),
    "queue.finished": Words("Finished tools ({n})", "終わったツール（{n}件）"),
    "queue.forget": Words("Clear this list", "一覧を消去"),
    "queue.repeat": Words("Try again", "もう一度"),
    "queue.stopped": Words("Stopped.", "停止しました。"),
    "queue.go": Words("Start the queue", "キューを開始"),
    "queue.go.after": Words("Start after this one", "実行中のものの後に開始"),
    "queue.hold": Words("Hold", "保留"),
    "queue.keep": Words("Go on even after one failed or was stopped", "失敗・停止した後も次へ進む"),
    "queue.steps": Words("{n:#step}", "{n:,}ステップ"),
    "queue.up": Words("Earlier", "前へ"),
    "queue.down": Words("Later", "後へ"),
    "queue.edit": Words("Edit", "編集"),
    "queue.remove": Words("Remove from the queue", "キューから削除"),
    "queue.removed": Words("Removed from the queue: {name}", "キューから削除しました：{name}"),
    "queue.back": Words("Undo", "元に戻す"),
    "queue.gone": Words(
        "This is no longer queued; it may have started.",
        "これはもうキューにありません。すでに開始した可能性があります。",
    ),
    "queue.edited": Words(
        "{name} was taken out of the queue; the form has its settings.",
        "「{name}」をキューから取り出し、設定を画面に読み込みました。",
    ),
    # when the queue is empty
    "idle.stop": Words("When everything is done, stop the program", "すべて終わったらプログラムを終了"),
    "idle.command": Words("When everything is done, run {name}", "すべて終わったら{name}を実行"),
    "idle.stopping": Words(
        "Everything is done: the program stops in {seconds} s.",
        "すべて終わりました。{seconds}秒後にプログラムを終了します。",
    ),
    "idle.over": Words(
        "Everything is done; the program has stopped.", "すべて終わり、プログラムを終了しました。"
    ),
    "idle.starting": Words(
        "Everything is done: {name} is run in {seconds} s.",
        "すべて終わりました。{seconds}秒後に{name}を実行します。",
    ),
    "idle.stay": Words("Keep running", "終了しない"),
    "idle.cancel": Words("Cancel", "取りやめる"),
}
