"""Words of the past runs and of the queue, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

RUNS_WORDS: Mapping[str, Words] = {
    "runs.title": Words("Past runs", "学習の履歴"),
    "runs.lead": Words(
        "Select a run to see its curve, images and settings; select several to compare them.",
        "選ぶとlossの推移・サンプル画像・設定を表示します。複数選ぶと並べて比較できます。",
    ),
    "runs.refresh": Words("Refresh", "一覧を更新"),
    "runs.clear": Words("Clear the selection", "選択を解除"),
    "runs.none": Words(
        "No runs in {folder} yet. Trainings are listed here.",
        "{folder} にはまだ学習の履歴がありません。学習すると、ここに表示されます。",
    ),
    "runs.count": Words("{n:#run}", "{n}件"),
    "runs.whole": Words("whole model", "モデル全体"),
    "runs.head.run": Words("Run", "学習"),
    "runs.head.steps": Words("Steps", "ステップ"),
    "runs.head.time": Words("Time", "所要時間"),
    "runs.head.what": Words("Method and base model", "学習方法と元モデル"),
    "runs.most": Words(
        "At most {n:#run} can be compared; clear one to add another.",
        "同時に比較できるのは{n}件までです。追加するには選択を減らしてください。",
    ),
    "runs.interrupted": Words(
        "The program was closed during this run.", "学習の途中でプログラムが終了しました。"
    ),
    "runs.model": Words("Model", "モデル"),
    "runs.model.gone": Words("{path} (no longer there)", "{path}（見つかりません）"),
    "runs.folder": Words("Folder of the run", "実行フォルダ"),
    "runs.load": Words("Use these settings", "この設定を使う"),
    "runs.loaded": Words(
        "Settings of {name} ({when}) loaded, with its output name and seed.",
        "{name}（{when}）の設定を読み込みました（出力ファイル名とシードを含みます）。",
    ),
    "runs.resumed": Words(
        "{name} resumed from step {step}; see the run panel.",
        "{name}をステップ{step}から再開しました。経過は学習パネルに表示されます。",
    ),
    "runs.trash": Words("Remove from the list…", "履歴から削除…"),
    "runs.trash.sure": Words(
        "Move the log, settings and samples of this run to {folder}? Models and states stay where they are.",
        "この学習のログ・設定・サンプル画像を {folder} に移動しますか？モデルと学習状態はそのまま残ります。",
    ),
    "runs.trash.yes": Words("Move", "移動する"),
    "runs.trash.no": Words("Keep", "残す"),
    "runs.trashed": Words("Removed from the list: {name}", "履歴から削除しました：{name}"),
    "runs.trash.many": Words("Removed runs ({n})", "削除した履歴（{n}件）"),
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
        "A training is running. Add these settings to the queue? They start when it ends.",
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
    "queue.count": Words("{n:#run waits|runs wait}", "{n}件待機中"),
    "queue.added": Words("Added to the queue: {name}", "キューに追加しました：{name}"),
    "queue.added.as": Words(
        "Added to the queue as {name}: {wanted} is taken.",
        "「{wanted}」は使われているため、「{name}」としてキューに追加しました。",
    ),
    "queue.added.already": Words(
        "These settings were added a moment ago: {name}", "同じ設定を追加したばかりです：{name}"
    ),
    "queue.going": Words(
        "The next run starts when this one is done.", "実行中の学習が完了すると、次を開始します。"
    ),
    "queue.next": Words("The next run starts in a moment.", "まもなく次を開始します。"),
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
    "queue.held.refused": Words(
        "A run could not be started; the queue is on hold.",
        "学習を開始できなかったため、キューを保留しています。",
    ),
    "queue.go": Words("Start the queue", "キューを開始"),
    "queue.go.after": Words("Start after this run", "この学習の後に開始"),
    "queue.hold": Words("Hold", "保留"),
    "queue.keep": Words(
        "Continue after a run that failed or was stopped", "失敗・停止した後も次の学習へ進む"
    ),
    "queue.steps": Words("{n:#step}", "{n:,}ステップ"),
    "queue.up": Words("Earlier", "前へ"),
    "queue.down": Words("Later", "後へ"),
    "queue.edit": Words("Edit", "編集"),
    "queue.remove": Words("Remove from the queue", "キューから削除"),
    "queue.removed": Words("Removed from the queue.", "キューから削除しました。"),
    "queue.gone": Words(
        "This run is no longer queued; it may have started.",
        "この学習はキューにありません。すでに開始した可能性があります。",
    ),
    "queue.edited": Words(
        "{name} was taken out of the queue; the form has its settings.",
        "「{name}」をキューから取り出し、設定を画面に読み込みました。",
    ),
}
