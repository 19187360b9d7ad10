"""Words of what can follow a run: more steps, another try, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

AFTER_WORDS: Mapping[str, Words] = {
    "more.title": Words("Train further", "さらに学習（ステップの追加）"),
    "more.steps": Words("steps", "ステップ"),
    "more.label": Words("Number of further steps", "追加するステップ数"),
    "more.state": Words("Train further", "さらに学習"),
    "more.state.info": Words(
        "Continues exactly from the saved state of step {step}; the learning rate follows the schedule of the longer run.",
        "ステップ{step}の学習状態から正確に続けます。学習率は、延長後の長さに合わせたスケジュールに従います。",
    ),
    "more.lora": Words("Train the LoRA further", "LoRAをさらに学習"),
    "more.lora.info": Words(
        "This run kept no training state, so its LoRA {name} is trained further as a new run: optimizer and learning-rate schedule start afresh.",
        "学習状態が残っていないため、LoRA {name} を元に新しい学習として続けます。オプティマイザーの状態と学習率スケジュールは最初からになります。",
    ),
    "more.model": Words("Train the model further", "モデルをさらに学習"),
    "more.model.info": Words(
        "This run kept no training state, so its model {name} is trained further as a new run: optimizer and learning-rate schedule start afresh.",
        "学習状態が残っていないため、モデル {name} を元に新しい学習として続けます。オプティマイザーの状態と学習率スケジュールは最初からになります。",
    ),
    "more.keep": Words("Save a state at the end of the next run", "次回は最後に学習状態を保存する"),
    "more.started": Words("Started: {name}", "開始しました：{name}"),
    "more.patience": Words(
        "Early stopping is off for these steps.", "追加分では、検証による早期終了を行いません。"
    ),
    "resume.anyway.info": Words(
        "Settings, images or the base model have changed since this state was saved. Resuming anyway keeps the learned weights and continues with what is set now; the result is not that of an uninterrupted run. “Start training” begins again from the first step.",
        "この学習状態の保存後に、設定・画像・元モデルのいずれかが変わっています。「このまま再開」では、学習済みの重みを引き継いで今の内容で続けます（中断せずに学習した場合と同じ結果にはなりません）。「学習開始」なら最初のステップからやり直します。",
    ),
    "finder.lead": Words(
        "A short test whose learning rate rises with every step shows at which rate the loss falls. It uses the settings and images of this page, saves nothing and changes no result.",
        "学習率を1ステップごとに上げながら短く学習し、lossがよく下がる学習率を調べます。このページの設定と画像を使い、何も保存せず、結果のファイルにも触れません。",
    ),
    "finder.start": Words("Start the test", "テストを開始"),
    "finder.curve": Words("Loss by learning rate", "学習率ごとのloss"),
    "finder.found": Words(
        "Suggested: {rate}. The loss falls fastest at {steepest} and is lowest at {lowest}; the suggestion is the former, and at most a tenth of the latter. It is a starting point: a long run may need a lower rate.",
        "提案する学習率は{rate}です。lossの下がり方が最も速いのは{steepest}、最小になるのは{lowest}で、前者を（後者の1/10を上限として）提案します。あくまで目安です。長く学習するなら、もっと低くてもかまいません。",
    ),
    "finder.use": Words("Use {rate}", "{rate}を使う"),
    "finder.used": Words("The learning rate is {rate} now.", "学習率を{rate}にしました。"),
    "finder.go": Words("Find a learning rate", "学習率を調べる"),
    "sweep.title": Words("Several runs with different values", "値を変えて複数回学習"),
    "sweep.lead": Words(
        "Runs these settings with several values of one or two of them, one run after the other in the queue. With a fixed seed only these values differ.",
        "今の設定のうち1つか2つの値を変えた学習を、キューで順に実行します。シードを固定すると、違いはこれらの値だけになります。",
    ),
    "sweep.setting": Words("Setting to vary", "変える設定"),
    "sweep.values": Words("Values", "値"),
    "sweep.hint": Words("1e-4, 2e-4 or 1e-5..1e-3 in 5", "1e-4, 2e-4または1e-5..1e-3 in 5"),
    "sweep.none": Words("no second setting", "2つ目の設定なし"),
    "sweep.others": Words("All others", "その他"),
    "sweep.look": Words("Show the runs", "学習の一覧を確認"),
    "sweep.more": Words("and {n} more", "ほか{n}件"),
    "sweep.add": Words("Add {n:#run} to the queue", "{n}件をキューに追加"),
    "sweep.added": Words("{n:#run} added to the queue.", "{n}件をキューに追加しました。"),
    "queue.again": Words("Run “{name}” again first", "先に「{name}」をもう一度実行"),
    "queue.again.done": Words("{name} comes first now.", "{name}を先頭に追加しました。"),
    "runs.again": Words("Run again", "もう一度実行"),
    "runs.again.started": Words(
        "Started again as {name}; see the run panel.",
        "{name}としてもう一度開始しました。経過は学習パネルに表示されます。",
    ),
    "runs.again.queued": Words("Added to the queue: {name}", "キューに追加しました：{name}"),
    "forecast.disk": Words(
        "On disk: {what}, {total} in all; {free} free.", "ディスク：{what}、合計{total}（空き{free}）。"
    ),
    "forecast.disk.short": Words(
        "The disk will be full before the run is over: keep fewer saves, or free some space.",
        "途中でディスクがいっぱいになります。残す保存を減らすか、空きを作ってください。",
    ),
    "forecast.disk.alarm": Words(
        "All saves of this run take {total}, and {free} are free on the disk.",
        "この学習の保存には合計{total}が必要ですが、ディスクの空きは{free}です。",
    ),
    "forecast.disk.look": Words("Save less often", "保存の回数を減らす"),
    "idle.stop": Words(
        "When all runs are done, stop the program", "すべての学習が終わったらプログラムを終了"
    ),
    "idle.command": Words("When all runs are done, run {name}", "すべての学習が終わったら{name}を実行"),
    "idle.stopping": Words(
        "All runs are done: the program stops in {seconds} s.",
        "すべての学習が終わりました。{seconds}秒後にプログラムを終了します。",
    ),
    "idle.starting": Words(
        "All runs are done: {name} is run in {seconds} s.",
        "すべての学習が終わりました。{seconds}秒後に{name}を実行します。",
    ),
    "idle.stay": Words("Keep running", "終了しない"),
    "idle.cancel": Words("Cancel", "取りやめる"),
    "console.idle": Words(
        "All runs are done; Rareword stops.", "すべての学習が終わったため、Rarewordを終了します。"
    ),
}
