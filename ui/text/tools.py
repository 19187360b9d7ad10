"""Words of the Tools tab: its list, runs with their checkpoints, trying a result, the other cards."""

from collections.abc import Mapping

from core.catalog import Words

TOOLS_WORDS: Mapping[str, Words] = {
    "tools.list": Words("Tools", "ツール"),
    "tools.runs": Words("Runs", "学習の履歴"),
    "tools.try": Words("Try it", "生成して試す"),
    "tools.inspect": Words("Inspect a file", "ファイルを調べる"),
    "tools.convert": Words("Convert a model", "モデルの変換"),
    "tools.resize": Words("Resize images", "画像のリサイズ"),
    "tools.merge-model": Words("Merge into a model", "モデルにマージ"),
    "tools.merge-adapters": Words("Merge adapters", "アダプターのマージ"),
    "tools.resize-adapter": Words("Change the rank", "ランクの変更"),
    "tools.convert-adapter": Words("Convert an adapter", "アダプターの変換"),
    "tools.extract": Words("Extract an adapter", "アダプターの抽出"),
    "tools.regularize": Words("Regularization images", "正則化画像"),
    "tools.compare": Words("Compare models", "モデルの見比べ"),
    "tools.judge": Words("Judge models", "モデルの評価"),
    "tools.hub": Words("Hugging Face", "Hugging Face連携"),
    "tools.notice": Words("Notifications", "通知"),
    "tools.logs": Words("Logs in TensorBoard", "TensorBoardでログを見る"),
    # one row for each run
    "runs.title": Words("Runs and their results", "学習の履歴と結果"),
    "runs.lead": Words(
        "Every run with its models and images, the newest first. Tick several to compare them.",
        "これまでの学習を新しい順に、モデルや画像とともに表示します。複数選ぶと並べて比較できます。",
    ),
    "runs.compare": Words("Compare {name}", "{name}を比較に加える"),
    "runs.open": Words("Details", "詳細"),
    "runs.close": Words("Close", "閉じる"),
    "runs.open.of": Words("Details of {name}", "{name}の詳細"),
    "runs.try": Words("Try it", "試す"),
    "runs.refused": Words("Not started ({n})", "開始できなかった学習（{n}件）"),
    "runs.name": Words("Name", "名前"),
    "runs.rename": Words("Rename", "名前を変更"),
    "runs.named": Words(
        "Renamed to {name}. Its files keep their names.",
        "名前を{name}に変更しました（ファイル名は変わりません）。",
    ),
    "runs.unnamed": Words("The run has its output name again.", "名前を出力ファイル名に戻しました。"),
    "runs.files": Words("Samples", "サンプル画像"),
    "runs.others": Words(
        "Other files in the output folder ({n})", "出力先フォルダーのほかのファイル（{n}個）"
    ),
    # checkpoints of a run
    "checkpoints.title": Words("Saved models ({n})", "保存されたモデル（{n}個）"),
    "checkpoints.none": Words(
        "No saved model of this run is in its output folder.",
        "この学習で保存されたモデルは出力先フォルダーにありません。",
    ),
    "checkpoints.last": Words("end of the run", "学習の終わり"),
    "checkpoints.best": Words("lowest validation loss", "検証lossが最小"),
    "checkpoints.loss": Words("validation loss {loss}", "検証loss {loss}"),
    "checkpoints.compare": Words("Compare these models", "これらのモデルを見比べる"),
    "checkpoints.judge": Words("Judge these models", "これらのモデルを評価する"),
    "checkpoints.judged.best": Words("best by the judge", "評価が最高"),
    "checkpoints.judged": Words(
        "subject learned {learned}, class kept {kept}", "対象の学習 {learned}・クラスの維持 {kept}"
    ),
    "checkpoints.no.images": Words("no samples at this step", "このステップのサンプル画像はありません"),
    "checkpoints.continue": Words("Train further from here", "ここからさらに学習"),
    "checkpoints.delete": Words("Move to trash…", "ごみ箱へ移動…"),
    "checkpoints.sure": Words(
        "Move {file} ({size}) to the trash in {folder}? It still takes room there, and can be restored.",
        "{file}（{size}）を {folder} に移動しますか？ディスク上には残り、元に戻せます。",
    ),
    "checkpoints.deleted": Words("Moved to trash: {file}", "ごみ箱へ移動しました：{file}"),
    "checkpoints.trash": Words("Models in the trash", "ごみ箱のモデル"),
    "checkpoints.restored": Words("Restored: {file}", "元に戻しました：{file}"),
    "checkpoints.continued": Words(
        "Settings of {name} loaded; training starts at step 1 from the weights of {file}. Optimizer and learning-rate schedule start afresh, and results are saved as {output}. To pick up a run exactly where it stopped, use “Resume”.",
        "{name}の設定を読み込みました。{file}の重みからステップ1で学習を始めます。オプティマイザーと学習率スケジュールは最初からで、結果は{output}として保存します。止めたところから正確に続けるには「再開」を使います。",
    ),
    # trying a result
    "try.title": Words("Try it", "生成して試す"),
    "try.lead": Words(
        "Generate images with any result. The model stays in memory for five minutes, or until a run starts.",
        "学習結果で画像を生成します。モデルは5分間、または学習が始まるまでメモリに残ります。",
    ),
    "try.target": Words("Model", "モデル"),
    "try.target.base": Words("Base model of the settings: {name}", "設定の元モデル：{name}"),
    "try.target.others": Words("Other files in the output folder", "出力先フォルダーのほかのファイル"),
    "try.go": Words("Generate", "生成"),
    "try.base": Words("Compare with base model", "元モデルと比較"),
    "try.base.help": Words(
        "The same image by the base model alone and by the result.",
        "同じ画像を元モデルと学習結果で生成します。",
    ),
    "try.grid": Words("Strengths 0 to 1", "強さ0〜1を比較"),
    "try.grid.help": Words(
        "The same image at strengths 0, 0.25, 0.5, 0.75 and 1.",
        "同じ画像を強さ0・0.25・0.5・0.75・1で生成します。",
    ),
    "try.more": Words("More settings", "その他の設定"),
    "try.again": Words("Back to the fields", "入力欄に戻す"),
    "try.seed": Words("Other seed", "別のシード"),
    "try.none": Words("Images appear here, with their settings.", "生成した画像と設定がここに表示されます。"),
    "try.kept": Words("All images are in {folder}.", "すべての画像は {folder} にあります。"),
    "try.strength": Words("strength {n}", "強さ {n}"),
    "try.base.only": Words("base model", "元モデル"),
    "try.image.seed": Words("seed {n}", "シード {n}"),
    "try.steps": Words("{n:#step}", "{n}ステップ"),
    "try.stopped": Words(
        "Stopped: a run has started and needs the memory.", "学習が始まったため、生成を停止しました。"
    ),
    # what a tool has made
    "tool.use.model.base": Words("Use it as the base model", "元モデルとして使う"),
    "tool.use.network.weights": Words("Train further from it", "これを続きから学習する"),
    "tool.use.dataset.train_data_dir": Words("Use it as the training images", "学習用画像として使う"),
    "tool.used": Words("{label} is now {path}.", "{label}を {path} にしました。"),
    "tool.filled": Words("{label} is set to this folder.", "{label}にこのフォルダーを設定しました。"),
    "tool.details": Words("Details", "詳細"),
    "tool.images": Words("Some of the images", "生成した画像の一部"),
    # cards of their own, and what is said of every tool
    "inspect.title": Words("Inspect a file", "ファイルを調べる"),
    "inspect.lead": Words(
        "What a model, LoRA or VAE file is, what it was trained with, and how much an adapter changes where. Nothing in it is executed.",
        "モデル・LoRA・VAEファイルの種類、学習時の設定、アダプターが各層を変える大きさを表示します。ファイル内のプログラムは実行しません。",
    ),
    "inspect.file": Words("File or folder", "ファイルまたはフォルダー"),
    "inspect.button": Words("Inspect", "調べる"),
    "inspect.none": Words("Choose a file or folder.", "ファイルまたはフォルダーを選んでください。"),
    "inspect.metadata": Words("Metadata", "メタデータ"),
    "inspect.trained": Words("What it was trained with", "学習時の設定"),
    "inspect.untold": Words(
        "The file does not tell what it was trained with.", "学習の設定はファイルに記録されていません。"
    ),
    "inspect.use": Words(
        "To train with these settings, open the file…", "この設定で学習するには、ファイルを開きます…"
    ),
    "inspect.thumbnail": Words("Image in the file", "ファイル内の画像"),
    "inspect.tags": Words("Most frequent tags", "最も多いタグ"),
    "inspect.tags.more": Words("and {n:#other tag}", "ほか{n}種類のタグ"),
    "inspect.folders": Words("Folders of images", "画像フォルダー"),
    "inspect.folder.name": Words("Folder", "フォルダー"),
    "inspect.folder.images": Words("Images", "画像数"),
    "inspect.folder.repeats": Words("Repeats", "繰り返し"),
    "inspect.folder.use": Words("Used for", "用途"),
    "inspect.folder.train": Words("training", "学習"),
    "inspect.folder.reg": Words("regularization", "正則化"),
    "inspect.weights": Words("How much it changes where", "各ブロックの変化量"),
    "inspect.weights.all": Words(
        "Norm of the change of the weights at strength 1, by block: {norm} in all, over {n:#module}. Click a block for its layers.",
        "強さ1のときの重みの変化量のノルム（ブロック別）。全体では{norm}（モジュール{n}個）。ブロックをクリックすると層ごとに表示します。",
    ),
    "inspect.weights.base": Words(
        "The norms of DoRA and OFT depend on the base model: choose the one it was trained on, on the Model tab, and inspect it again.",
        "DoRAとOFTの変化量は元モデルによって決まります。モデルタブで学習時の元モデルを選び、もう一度調べてください。",
    ),
    "inspect.weights.wait": Words("Reading its weights…", "重みを読み込んでいます…"),
    "tool.place": Words("Saved in {folder}", "{folder} に保存します"),
    "job.stop": Words("Stop", "停止"),
    "job.busy": Words("This is running already.", "すでに実行中です。"),
    "job.stopping": Words("Stopping after the current item…", "処理中の分が終わりしだい停止します…"),
    "job.stopped": Words(
        "Stopped. What is done is kept; start again to do the rest.",
        "停止しました。完了した分は残っています。もう一度実行すると残りを処理します。",
    ),
    "job.discarded": Words("Stopped; nothing was written.", "停止しました。ファイルは保存していません。"),
    "board.title": Words("Logs in TensorBoard", "TensorBoardでログを見る"),
    "board.lead": Words(
        "Curves and samples of all logged runs. Logs are written when a TensorBoard folder is set (Training tab, Log).",
        "記録した学習のグラフとサンプル画像を表示します。学習タブの「ログ」でTensorBoardのログフォルダーを指定すると記録されます。",
    ),
    "board.start": Words("Open TensorBoard", "TensorBoardを開く"),
    "board.stop": Words("Close TensorBoard", "TensorBoardを閉じる"),
    "board.busy": Words("Starting TensorBoard…", "TensorBoardを起動しています…"),
    "board.open": Words("Showing the logs in {folder}", "{folder} のログを表示します"),
    "board.empty": Words(
        "No logs in {folder} yet; they appear once a run writes them.",
        "{folder} にはまだログがありません。学習が始まると自動で表示されます。",
    ),
    "board.remote": Words(
        "This address works only on the computer that runs the program (or through an SSH tunnel).",
        "このアドレスはプログラムを実行しているコンピューターでのみ開けます（SSHトンネル経由なども可）。",
    ),
    "board.stopped": Words("TensorBoard is closed.", "TensorBoardを閉じました。"),
    # files to download
    "results.download": Words("Download", "ダウンロード"),
    "results.kind.model": Words("model", "モデル"),
    "results.kind.folder": Words("Diffusers model, as a ZIP", "Diffusersモデル（ZIP）"),
    "results.kind.samples": Words("sample images, as a ZIP", "サンプル画像（ZIP）"),
    "results.kind.sheet": Words("all samples on one sheet", "サンプル一覧の画像"),
}
