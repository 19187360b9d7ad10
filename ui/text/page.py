"""Words of failed requests, of what is out of date, of the server and the console, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

PAGE_WORDS: Mapping[str, Words] = {
    # requests that failed (script/faults.js)
    "fault.inside": Words(
        "Not done: an internal error; see the log {path}",
        "プログラム内部のエラーのため、実行できませんでした。詳細はログをご覧ください：{path}",
    ),
    "app.fault": Words(
        "Internal error; details are in the log: {path}",
        "プログラム内部でエラーが発生しました。詳細はログをご覧ください：{path}",
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
        "サイズが大きすぎて送信できません（1ファイル{most}まで）。このコンピューター上のフォルダーを指定するか、ZIPを2つにするなど分けて送信してください。",
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
        "Out of date: the dataset or its settings have changed.",
        "データセットまたはその設定が変更されたため、この表示は最新ではありません。",
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
    # what the server refuses
    "serve.foreign": Words(
        "This file was not sent to this window, or is gone. Choose it again.",
        "このファイルは、この画面に送信されたものではないか、すでに削除されています。もう一度選んでください。",
    ),
    "serve.long": Words(
        "The request is too large (limit {most}). Send fewer files or less text at a time.",
        "リクエストが大きすぎます（上限{most}）。一度に送るファイルやテキストを減らしてください。",
    ),
    "serve.unreadable": Words(
        "The request is not valid JSON. Reload the page and try again.",
        "リクエストがJSONとして読み取れません。ページを再読み込みしてやり直してください。",
    ),
    "serve.kind": Words("Files of this kind are not used here.", "この種類のファイルは使用しません。"),
    "serve.full": Words(
        "Not enough room: {room} more can be sent to this window. Copy what was sent into a dataset and restart Rareword, or put the files on that computer in another way.",
        "容量が足りません。この画面に送信できるのはあと{room}です。送信済みのファイルをデータセットにコピーしてからRarewordを再起動するか、別の方法でファイルをそのコンピューターに置いてください。",
    ),
    "serve.full.disk": Words(
        "The disk is full: {room} more can be sent, the rest is reserved for training. Free some space and try again.",
        "ディスクの空き容量が足りません。学習用に残す分を除くと、送信できるのはあと{room}です。空き容量を増やしてからやり直してください。",
    ),
    "serve.host": Words(
        "Unknown host name “{host}”. If it is your proxy or this computer, start with --host-name {host}.",
        "この画面は「{host}」という未登録の名前で呼び出されました。お使いのプロキシまたはこのコンピューターの名前であれば、--host-name {host} を付けて起動してください。",
    ),
    "serve.origin": Words(
        "Requests from another site ({origin}) are refused. If a proxy serves the page there, start with --host-name {origin}.",
        "別のサイト（{origin}）からの要求は受け付けません。プロキシを通してそこで表示している場合は、--host-name {origin} を付けて起動してください。",
    ),
    "serve.closed": Words("There is nothing at this address.", "このアドレスには何もありません。"),
    "serve.login": Words(
        "You are logged out. Reload the page and log in.",
        "ログインしていません。ページを再読み込みしてログインしてください。",
    ),
    # login
    "login.title": Words("Log in – Rareword", "ログイン – Rareword"),
    "login.lead": Words(
        "Enter the user and password that were set or printed at start.",
        "起動時に設定した、またはコンソールに表示されたユーザー名とパスワードを入力してください。",
    ),
    "login.out": Words("Log out", "ログアウト"),
    "login.user": Words("User", "ユーザー名"),
    "login.password": Words("Password", "パスワード"),
    "login.enter": Words("Log in", "ログイン"),
    "login.wrong": Words("Wrong user or password.", "ユーザー名またはパスワードが違います。"),
    "login.wait": Words(
        "Too many failed attempts. Wait a minute and try again.",
        "失敗が多すぎます。1分待ってからやり直してください。",
    ),
    # console
    "console.open": Words("Rareword is open at {url}", "Rarewordを起動しました：{url}"),
    "console.there": Words("Rareword is already open at {url}", "Rarewordはすでに起動しています：{url}"),
    "console.stop": Words("Press Ctrl-C to close.", "終了するにはCtrl-Cを押してください。"),
    "console.login": Words(
        "Log in as {user} with the password {password}",
        "ユーザー名 {user}、パスワード {password} でログインしてください",
    ),
    "console.once": Words(
        "or with this link, once, within 10 minutes: {url}", "または10分以内に1回だけ使えるリンク：{url}"
    ),
    "console.share": Words(
        "The link goes through Gradio's tunnel, whose operator can see the traffic; it ends with this window.",
        "リンクはGradioのトンネルを経由し（運営者は通信を見られます）、このウィンドウを閉じると終了します。",
    ),
    "console.share.failed": Words(
        "No share link could be made ({why}). The page is open on this computer only.",
        "共有リンクを作成できませんでした（{why}）。このコンピューターでのみ利用できます。",
    ),
    "console.port": Words(
        "Port {port} is in use; choose another with --port.",
        "ポート{port}は使用中です。--portで別の番号を指定してください。",
    ),
    "console.host": Words("Can't listen on {host}: {why}.", "{host}で待ち受けできません（{why}）。"),
    "console.saving": Words(
        "Stopping the run and saving its state; Ctrl-C again quits at once.",
        "学習を停止して状態を保存しています。もう一度Ctrl-Cを押すとすぐに終了します。",
    ),
    "console.room": Words(
        "The disk is full: the state is not saved. Free some space, or press Ctrl-C again to end without it.",
        "ディスクに空きがなく、学習状態をまだ保存できていません。空きを作るか、もう一度Ctrl-Cを押して保存せずに終了してください。",
    ),
    "console.saved": Words(
        "The run has stopped; it can be resumed.", "学習を停止しました。後で再開できます。"
    ),
    "console.idle": Words(
        "Everything is done; Rareword stops.", "すべて終わったため、Rarewordを終了します。"
    ),
}
