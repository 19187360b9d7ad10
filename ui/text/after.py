"""Words of what can follow a run: training it further, running it again, in English and Japanese."""

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
    "queue.again": Words("Run “{name}” again first", "先に「{name}」をもう一度実行"),
    "queue.again.done": Words("{name} comes first now.", "{name}を先頭に追加しました。"),
    "runs.again": Words("Run again", "もう一度実行"),
    "runs.again.started": Words(
        "Started again as {name}; see the run panel.",
        "{name}としてもう一度開始しました。経過は学習パネルに表示されます。",
    ),
    "runs.again.queued": Words("Added to the queue: {name}", "キューに追加しました：{name}"),
}
