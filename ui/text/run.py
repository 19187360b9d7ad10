"""Words of the run panel, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

RUN_WORDS: Mapping[str, Words] = {
    "run.check": Words("Check", "チェック"),
    "run.start": Words("Start training", "学習開始"),
    "run.pause": Words("Pause", "一時停止"),
    "run.go_on": Words("Continue", "続行"),
    "run.stop": Words("Stop and save", "停止して保存"),
    "run.stopping": Words("Stopping…", "停止処理中…"),
    "run.resume": Words("Resume from step {step}", "ステップ{step}から再開"),
    "run.resume.anyway": Words("Resume from step {step} anyway", "ステップ{step}からこのまま再開"),
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
        "{size} GiB of GPU memory are free for other programs. Continue takes them back; the result is the same as without the pause.",
        "GPUメモリを{size} GiB解放しました。「続行」で元に戻り、一時停止しなかった場合と同じ結果になります。",
    ),
    "run.paused.kept": Words(
        "Everything stays in memory until you continue.", "「続行」を押すまで、すべてメモリに保持します。"
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
    "run.choose.prompts": Words("write sample prompts", "サンプルプロンプトを書く"),
    "run.ready": Words(
        "Everything is filled in. Press Start training.", "入力済みです。「学習開始」を押してください。"
    ),
    "run.ready.demo": Words(
        "The demo is filled in: a small model and images of an unusual frog. Press Start training.",
        "小さなモデルと変わったカエルの画像のデモが入力済みです。「学習開始」を押してください。",
    ),
    "run.step": Words("Step", "ステップ"),
    "run.epoch": Words("Epoch", "エポック"),
    "run.speed": Words("Speed", "速度"),
    "run.left": Words("Left", "残り時間"),
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
    "rate.both": Words("U-Net and text encoder", "U-NetとText Encoder"),
    "rate.own": Words(
        "This optimizer sets the learning rate itself; the curve is the factor on it.",
        "このオプティマイザーは学習率を自動で決めます。グラフはそれに掛ける倍率です。",
    ),
    "run.samples": Words("Samples", "サンプル画像"),
    "run.lost": Words(
        "No connection to the program: it was closed, or the network is down. A training continues as long as the program runs. Reconnecting…",
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
    "run.result": Words("Result", "結果"),
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
        "Your last run “{name}” stopped at step {step}.",
        "前回の学習「{name}」はステップ{step}で止まっています。",
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
}
