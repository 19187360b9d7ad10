"""Words of the Tools tab, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

TOOLS_WORDS: Mapping[str, Words] = {
    "inspect.title": Words("Inspect a file", "ファイルを調べる"),
    "inspect.lead": Words(
        "Shows what a model, LoRA or VAE file is, from its header. Nothing in it is executed.",
        "モデル・LoRA・VAEファイルの内容を表示します。ファイル内のプログラムは実行しません。",
    ),
    "inspect.file": Words("File or folder", "ファイルまたはフォルダ"),
    "inspect.button": Words("Inspect", "調べる"),
    "inspect.none": Words(
        "Choose a file or folder to see what it is.", "ファイルまたはフォルダを選ぶと内容を表示します。"
    ),
    "inspect.metadata": Words("Metadata", "メタデータ"),
    "convert.title": Words("Convert a model", "モデルを変換"),
    "convert.lead": Words(
        "Between single files and Diffusers folders, and between precisions. The source stays as it is.",
        "単一ファイルとDiffusersフォルダの相互変換、精度の変換を行います。元のファイルは変更しません。",
    ),
    "convert.source": Words("Model to convert", "変換するモデル"),
    "convert.as": Words("Save as", "保存形式"),
    "convert.precision": Words("Precision", "精度"),
    "convert.precision.keep": Words("as in the source", "元のまま"),
    "convert.name": Words("Name of the result", "出力名"),
    "convert.name.info": Words(
        "Without extension; it is put into {folder}", "拡張子なし。{folder} に保存します"
    ),
    "convert.button": Words("Convert", "変換"),
    "convert.busy": Words("Converting: {done} of {total}", "変換中：{done}/{total}"),
    "convert.stopped": Words("Stopped; nothing was written.", "停止しました。ファイルは保存していません。"),
    "convert.done": Words("Written: {path}", "保存しました：{path}"),
    "convert.exists": Words(
        "{path} is there already; choose another name.", "{path} はすでにあります。別の名前にしてください。"
    ),
    "job.stop": Words("Stop", "停止"),
    "job.busy": Words("This is running already.", "すでに実行中です。"),
    "job.stopping": Words(
        "Stopping as soon as what is at hand is done…", "処理中の分が終わりしだい停止します…"
    ),
    "job.stopped": Words(
        "Stopped. Start again to go on; what is done is kept.",
        "停止しました。もう一度実行すると続きから再開します（完了した分は残ります）。",
    ),
    "job.going": Words("{done} of {total}", "{total}枚中{done}枚"),
    "job.fetching": Words(
        "Fetching the model: {done} of {total} MB", "モデルをダウンロード中：{done}/{total} MB"
    ),
    "resize.title": Words("Resize and crop pictures", "画像のリサイズと切り抜き"),
    "resize.lead": Words(
        "For training without buckets, or to make large pictures smaller. Copies with their captions go to a "
        "new folder; the originals stay as they are.",
        "バケットを使わない学習の準備や、大きな画像の縮小に使います。"
        "画像とキャプションを新しいフォルダに保存します。元の画像はそのままです。",
    ),
    "resize.source": Words("Folder of pictures", "画像のフォルダ"),
    "resize.source.info": Words(
        "Folders inside it, such as 20_sls frog, keep their names.",
        "「20_sls frog」などの中のフォルダも、そのままの名前で処理します。",
    ),
    "resize.size": Words("Size", "サイズ"),
    "resize.size.info": Words(
        "In pixels: 512, or width,height such as 448,640.", "ピクセル数：512、または幅,高さ（例：448,640）"
    ),
    "resize.fit": Words("How", "方法"),
    "resize.name": Words("Name of the new folder", "新しいフォルダの名前"),
    "resize.name.info": Words("It is made in {folder}", "{folder} の中に作ります"),
    "resize.button": Words("Resize", "リサイズ"),
    "regularize.title": Words("Make regularization images", "正則化画像を生成"),
    "regularize.lead": Words(
        "The base model of the Model tab draws its own idea of the class, so that training leaves the class "
        "as it is. Pictures that are there already are kept, so a stopped run goes on.",
        "モデルタブの元モデルでclassの画像を生成します。学習後もclass全体を元のまま保つために使います。"
        "すでにある画像はそのまま使うので、停止しても続きから再開できます。",
    ),
    "regularize.classes": Words("Prompts, one a line", "プロンプト（1行に1つ）"),
    "regularize.classes.info": Words(
        "Such as frog. Empty: the classes of the training folders.",
        "例：frog。空欄なら学習用フォルダのclassを使います。",
    ),
    "regularize.count": Words("Number of each", "それぞれの枚数"),
    "regularize.count.info": Words(
        "Empty: by the guide's rule, repeats × pictures of the training folders.",
        "空欄ならガイドの式（学習用画像の繰り返し回数×枚数）で決めます。",
    ),
    "regularize.steps": Words("Sampling steps", "サンプリングステップ数"),
    "regularize.steps.info": Words("More is slower; 30 is usual.", "多いほど時間がかかります。通常30。"),
    "regularize.negative": Words("Negative prompt", "ネガティブプロンプト"),
    "regularize.negative.info": Words("May be empty.", "省略できます。"),
    "regularize.hint": Words(
        "The guide's rule gives {n:#picture}: {sum}.", "ガイドの式では{n}枚になります：{sum}"
    ),
    "regularize.place": Words("They go to {folder}", "保存先：{folder}"),
    "regularize.button": Words("Make images", "画像を生成"),
    "regularize.busy": Words(
        "a training is running; make the images before or after it.",
        "学習中です。学習の前か後に実行してください。",
    ),
    "regularize.number": Words("“{name}” takes a whole number.", "「{name}」は整数で入力してください。"),
    "regularize.done": Words(
        "{folder}: {n:#picture}, {new} of them new", "{folder}：{n}枚（うち新規{new}枚）"
    ),
    "board.title": Words("Logs in TensorBoard", "TensorBoardでログを見る"),
    "board.lead": Words(
        "Curves and samples of all logged runs. Logs are written when a TensorBoard folder is set "
        "(Training tab, Log).",
        "記録した学習のグラフとサンプル画像を表示します。"
        "学習タブの「ログ」でTensorBoardのログフォルダを指定すると記録されます。",
    ),
    "board.start": Words("Open TensorBoard", "TensorBoardを開く"),
    "board.stop": Words("Close TensorBoard", "TensorBoardを閉じる"),
    "board.busy": Words("Starting TensorBoard…", "TensorBoardを起動しています…"),
    "board.open": Words("It shows the logs in {folder}", "{folder} のログを表示します"),
    "board.empty": Words(
        "There are no logs in {folder} yet; they appear by themselves once a run writes them.",
        "{folder} にはまだログがありません。学習が始まると自動で表示されます。",
    ),
    "board.remote": Words(
        "This address works only on the computer that runs the program, for example through an SSH tunnel.",
        "このアドレスはプログラムを実行しているコンピューターでのみ開けます（SSHトンネル経由なども可）。",
    ),
    "board.stopped": Words("TensorBoard is closed.", "TensorBoardを閉じました。"),
}
