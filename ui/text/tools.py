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
    "inspect.none": Words("Choose a file or folder.", "ファイルまたはフォルダを選んでください。"),
    "inspect.metadata": Words("Metadata", "メタデータ"),
    "tool.place": Words("Saved in {folder}", "{folder} に保存します"),
    "job.stop": Words("Stop", "停止"),
    "job.busy": Words("This is running already.", "すでに実行中です。"),
    "job.stopping": Words("Stopping after the current item…", "処理中の分が終わりしだい停止します…"),
    "job.stopped": Words(
        "Stopped. Start again to continue; what is done is kept.",
        "停止しました。もう一度実行すると続きから再開します（完了した分は残ります）。",
    ),
    "job.discarded": Words("Stopped; nothing was written.", "停止しました。ファイルは保存していません。"),
    "board.title": Words("Logs in TensorBoard", "TensorBoardでログを見る"),
    "board.lead": Words(
        "Curves and samples of all logged runs. Logs are written when a TensorBoard folder is set (Training tab, Log).",
        "記録した学習のグラフとサンプル画像を表示します。学習タブの「ログ」でTensorBoardのログフォルダを指定すると記録されます。",
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
}
