"""Words of the run panel for who looks on: heading, width, notice, computer, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

WATCHING_WORDS: Mapping[str, Words] = {
    "run.heading": Words("Training run", "学習の実行"),
    "run.heading.of": Words("Run: {name}", "学習：{name}"),
    "run.wide": Words("Expand", "広げる"),
    "run.side": Words("Back to the settings", "設定の横に戻す"),
    "run.notify.ask": Words("Notify me in this browser when it ends", "終了したらこのブラウザで通知する"),
    "run.notify.on": Words(
        "This browser will notify you when it ends. Turn off", "終了時にこのブラウザで通知します（解除する）"
    ),
    "run.notify.asking": Words(
        "Your browser asks whether this page may notify you…",
        "通知を許可するかどうか、ブラウザの確認に答えてください…",
    ),
    "run.notify.denied": Words(
        "This browser blocks notifications from this page; allow them in its site settings.",
        "このブラウザでは、このページの通知がブロックされています。ブラウザのサイト設定で許可してください。",
    ),
    "run.notify.unable": Words(
        "This browser allows notifications only over HTTPS or on the computer itself.",
        "このブラウザの通知は、HTTPS接続か、プログラムと同じコンピューターで開いたときだけ使えます。",
    ),
    "run.notice.ended": Words("{name} has ended.", "「{name}」が終了しました。"),
    "run.sample.seed": Words("seed {seed}", "シード{seed}"),
    "run.result.step": Words("Result, step {step}", "結果（ステップ{step}）"),
    "run.result.earlier": Words(
        "Saved at step {step}; the run went on to step {last}.",
        "ステップ{step}で保存したものです（学習はステップ{last}まで進みました）。",
    ),
    "run.result.stopped": Words(
        "Stopped at step {step}; “Resume” continues exactly there.",
        "ステップ{step}で停止しました。「再開」でちょうどその続きから学習します。",
    ),
    "run.result.best": Words(
        "Lowest validation loss, step {step}: {loss}", "検証lossが最小（ステップ{step}）：{loss}"
    ),
    "run.result.own": Words("Now your own images →", "次は自分の画像で →"),
    "run.room": Words(
        "The disk is full. Free some space: it is tried again every half minute, and nothing that was trained is lost meanwhile.",
        "ディスクの空きがありません。空きを作ってください。30秒ごとに再試行し、その間も学習した内容は失われません。",
    ),
    "run.stop.unsaved": Words("Stop without saving…", "保存せずに停止…"),
    "run.unsaved.ask": Words(
        "What was trained since the last save will be lost. Where you can free some space, do that instead.",
        "最後の保存より後に学習した内容は失われます。空きを作れる場合は、そうしてください。",
    ),
    "run.unsaved": Words("Stop and lose it", "失ってもよいので停止"),
    "run.saved.last": Words("Last saved: {name}, step {step}", "最新の保存：{name}（ステップ{step}）"),
    "machine.free": Words("disk {size} free", "ディスク空き {size}"),
    "machine.free.of": Words("{size} of {total} free", "空き {size}（全{total}）"),
    "machine.vram": Words("GPU memory in use", "GPUメモリ使用量"),
    "machine.busy": Words("GPU load", "GPU使用率"),
    "machine.celsius": Words("GPU temperature", "GPU温度"),
    "machine.cpu": Words("CPU load", "CPU使用率"),
    "machine.ram": Words("RAM in use", "RAM使用量"),
    "machine.disk": Words("Disk of the output folder", "出力先のディスク"),
    "machine.warn": Words(
        "Only {size} are free on the drive of {folder}.", "{folder} のドライブの空きが{size}しかありません。"
    ),
    "machine.bad": Words(
        "The drive of {folder} is nearly full: {size} free. Free some space, else saving fails.",
        "{folder} のドライブの空きが残り{size}です。空きを増やさないと保存に失敗します。",
    ),
}
