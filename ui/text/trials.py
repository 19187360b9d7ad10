"""Words of trying settings out: the learning-rate test, several runs with different values."""

from collections.abc import Mapping

from core.catalog import Words

TRIAL_WORDS: Mapping[str, Words] = {
    # the learning-rate test
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
    # one run for each value
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
}
