"""Words about the page itself: requests that failed, and settings that could not be used again."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

PAGE_WORDS: Mapping[str, Words] = {
    # requests that failed (script/faults.js)
    "fault.inside": Words(
        "Not done: an internal error; see the log {path}",
        "プログラム内部のエラーのため、実行できませんでした。詳細はログをご覧ください：{path}",
    ),
    "fault.network": Words(
        "Not done: the program does not answer. It was closed, or the connection is down; check the window it was started in. This page continues when the program is back.",
        "プログラムが応答しないため、実行できませんでした（終了したか、接続が切れています）。起動したウィンドウを確認してください。プログラムが戻れば、このページはそのまま使えます。",
    ),
    "fault.again": Words(
        "The connection broke, and the page was reloaded. Your last action was not done.",
        "プログラムとの接続が切れたため、ページを再読み込みしました。直前の操作は実行されていません。",
    ),
    "fault.large": Words(
        "Too large to send (at most {most} a file). Enter its folder on this computer instead, or send it in parts, such as two ZIPs.",
        "サイズが大きすぎて送信できません（1ファイル{most}まで）。このコンピューター上のフォルダを指定するか、ZIPを2つにするなど分けて送信してください。",
    ),
    "fault.busy": Words(
        "Not done: the program is busy. Try again in a moment.",
        "プログラムが混み合っているため、実行できませんでした。少し待ってからもう一度お試しください。",
    ),
    "fault.login": Words(
        "Not done: you are logged out. Reload this page and log in; the settings are kept.",
        "ログインの有効期限が切れたため、実行できませんでした。ページを再読み込みしてログインしてください。設定は残っています。",
    ),
    "fault.old": Words(
        "Not done: the program was restarted. Reload this page; the settings are kept.",
        "プログラムの再起動前に開いたページのため、実行できませんでした。ページを再読み込みしてください。設定は残っています。",
    ),
    "fault.page": Words(
        "An error on this page. Reload it; the settings are kept.",
        "このページでエラーが発生しました。再読み込みしてください。設定は残っています。",
    ),
    "fault.close": Words("Close", "閉じる"),
    # messages whose settings have changed since
    "dated.settings": Words("The settings have changed since.", "この表示の後に設定が変更されています。"),
    "dated.dataset": Words(
        "Out of date: the settings of the data set have changed.",
        "データセットの設定が変更されたため、この表示は最新ではありません。",
    ),
    "as.of": Words("As of {at}", "{at}現在"),
    # what an earlier window has left
    "kept.damaged": Words(
        "The last settings could not be read ({why}), so the demo's are shown. The file is kept as {file} in the workspace.",
        "前回の設定を読み込めなかったため（{why}）、デモの設定で開きました。ファイルはワークスペースに{file}として残してあります。",
    ),
    "kept.refused": Words(
        "These of the last settings can't be used here and were reset: {settings}.",
        "前回の設定のうち、次のものはここでは使えないため初期値に戻しました：{settings}。",
    ),
    "kept.choices": Words(" (possible: {names})", "（選択肢：{names}）"),
    "kept.copy": Words(
        "The original file is kept as {file} in the workspace.",
        "元のファイルはワークスペースに{file}として残してあります。",
    ),
    "kept.gone": Words(
        "Not found: {files}. Choose others, or put them back.",
        "次のものが見つかりません：{files}。選び直すか、元の場所に戻してください。",
    ),
    "kept.more": Words(" and {n} more", "、ほか{n}個"),
    "kept.close": Words("OK", "閉じる"),
}
