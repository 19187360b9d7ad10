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
    "convert.busy": Words("Converting: {stage}", "変換中：{stage}"),
    "convert.done": Words("Written: {path}", "保存しました：{path}"),
    "convert.running": Words("A conversion is running already.", "変換は既に実行中です。"),
    "convert.exists": Words(
        "{path} is there already; choose another name.", "{path} は既にあります。別の名前にしてください。"
    ),
    "job.start": Words("starting", "開始"),
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
