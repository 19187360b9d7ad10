"""What may go wrong around a run: files that can't be read, its folder, its end."""

from core.errors import Message

# Reading

UNREADABLE = Message(
    "E-FILE-READ",
    "{source} can't be read: {reason}. {advice}",
    "{source} を読み込めません：{reason}。{advice}",
)
STALLED = Message(
    "E-READ-STALLED",
    "{path} could not be read in {seconds:.0f} seconds: its drive does not respond. Check the drive or the network, then try again.",
    "{path} を{seconds:.0f}秒以内に読み込めませんでした。ドライブが応答していません。ドライブやネットワークを確認してから、もう一度お試しください。",
)

# Starting a run

BUSY = Message(
    "E-RUN-BUSY",
    "a run is in progress; stop it first, or wait until it ends.",
    "学習を実行中です。停止するか、終わるまでお待ちください。",
)
COMMON_SEED = Message(
    "E-CFG-NEEDED",
    "several processes need a common seed; set one.",
    "複数のプロセスで学習するときは、共通のシードを指定してください。",
    key="train.seed",
)
RESULTS_THERE = Message(
    "W-OUT-THERE",
    "{count:# file or folder is|# files and folders are} in the output folder already under the names of results of {output_name}; what this run would replace is kept under names with .old. Set save.output_name to keep them apart.",
    "出力先フォルダーに{output_name}という名前の結果がすでに{count}個あります。上書きはせず、名前に.oldを付けて残します。分けるにはsave.output_nameを指定してください。",
    key="save.output_name",
)
LOCKED = Message(
    "E-RUN-LOCKED",
    "a run that saves under the name {output_name} is in progress in this output folder ({holder}); wait until it ends, stop it, or choose another output name.",
    "この出力先フォルダーでは、{output_name}という名前で保存する学習を実行中です（{holder}）。終わるまで待つか、停止するか、別の出力名を指定してください。",
    key="save.output_name",
)
NO_LOCKS = Message(
    "W-RUN-NOLOCK",
    "this drive does not support file locks, so a second run of the same output name would not be noticed; do not start one before this run has ended.",
    "このドライブはファイルロックに対応していないため、同じ出力名の学習を同時に実行しても検出できません。この学習が終わるまで、同じ出力名の学習を開始しないでください。",
    key="save.output_dir",
)
TOO_MANY_RUNS = Message(
    "E-OUT-NAMES",
    "a thousand runs started in one second; wait a moment.",
    "同じ秒に1000回開始されました。少し待ってください。",
)
NO_DISK_SPACE = Message(
    "E-DISK-ROOM",
    "this run needs about {needed} in the output folder ({results}), and {free} are free; free some space, choose a folder on another drive, or keep no states (autosave_minutes = 0, save_state = false).",
    "出力先フォルダーに約{needed}の空きが必要ですが（{results}）、空きは{free}です。空きを作る、別のドライブのフォルダーを指定する、または学習状態を保存しない設定（autosave_minutes = 0、save_state = false）にしてください。",
    key="save.output_dir",
)
DISK_FILLS_UP = Message(
    "W-DISK-ROOM",
    "with all its saves this run takes about {needed} ({results}), and {free} are free in the output folder. When it is full, saves in between are left out and the last one waits for room: free some space, or keep fewer (save_last_n_epochs, save_last_n_steps, or rarer saves).",
    "すべての保存に約{needed}が必要ですが（{results}）、出力先フォルダーの空きは{free}です。空きがなくなると途中の保存は省略され、最後の保存は空きができるまで待ちます。空きを作るか、残す数を減らしてください（save_last_n_epochs、save_last_n_steps、保存の間隔）。",
    key="save.output_dir",
)
OUTPUT_UNWRITABLE = Message(
    "E-OUT-WRITE",
    "the output folder can't be written ({reason}); choose another.",
    "出力先フォルダーに書き込めません（{reason}）。別のフォルダーを指定してください。",
    key="save.output_dir",
)

# While it runs

LOG_LOST = Message(
    "W-LOG",
    "{log} can't be written ({reason}); the run continues without it.",
    "{log}への記録に失敗しました（{reason}）。記録なしで学習を続けます。",
)
LOG_RETRIED = Message(
    "W-LOG",
    "{log} can't be written ({reason}); the run continues, and it will be retried.",
    "{log}への記録に失敗しました（{reason}）。後で再試行します。",
)
DISK_FULL = Message(
    "E-DISK-FULL",
    "The disk is full; free some space and resume.",
    "ディスクの空きがありません。空きを作ってから再開してください。",
)
OUT_OF_MEMORY = Message(
    "E-OOM",
    "Memory ran out. Try, in this order: {savers}.",
    "メモリが足りません。次の順に試してください：{savers}。",
)
OUT_OF_THREADS = Message(
    "E-THREADS",
    "The system allows this program no more threads, mostly because memory is short; close other programs, or raise the limit of the system or container.",
    "これ以上スレッドを作れません（多くはメモリ不足が原因です）。ほかのプログラムを終了するか、システムやコンテナの上限を引き上げてください。",
)
PROCESS_LOST = Message(
    "E-PROCESS",
    "Another process of this run has ended or does not respond any more, so this one ends too: start all of them again to resume from the last saved state, which is intact. See the output of the other process for the cause.",
    "同じ学習の別のプロセスが終了したか応答しなくなったため、終了します。最後に保存した学習状態は無事です。すべてのプロセスを起動し直すと再開できます。原因はそのプロセスの出力を確認してください。",
)
DISK_FAULT = Message(
    "E-DISK", "{file} can't be read or written: {reason}.", "{file} を読み書きできません：{reason}"
)
GPU_FAULT = Message(
    "E-CUDA",
    "The GPU reported a fault ({reason}). It can't be used again until this program is restarted; the last saved state is on disk and can be resumed from then. If it happens again: update the driver, and undo overclocking.",
    "GPUがエラーを返しました（{reason}）。プログラムを終了して起動し直すまでGPUは使えません。最後に保存した学習状態はディスクにあり、起動後に再開できます。繰り返す場合はドライバーを更新し、オーバークロックを解除してください。",
)
WEBHOOK = Message(
    "E-WEBHOOK",
    "The webhook address must begin with https:// (or http://) and name a host.",
    "Webhookのアドレスは、https://（またはhttp://）で始まり、ホスト名のあるものにしてください。",
)
WEBHOOK_SIGNS = Message(
    "E-WEBHOOK",
    "The webhook address may contain only ASCII letters, digits and signs: no blanks, and no user name or % before the path.",
    "Webhookのアドレスに使えるのは半角の英数字と記号だけです。空白、ユーザー名、パスより前の%は使えません。",
)
WEBHOOK_HTTPS = Message(
    "E-WEBHOOK",
    "A webhook address entered on the page must begin with https://. Others can be set in RAREWORD_WEBHOOK when the program is started.",
    "ページで指定するWebhookのアドレスは、https://で始まるものにしてください。ほかのアドレスは、起動時に環境変数RAREWORD_WEBHOOKで指定できます。",
)
WEBHOOK_HOST = Message(
    "E-WEBHOOK",
    "{host} was not found; check the address and the network.",
    "{host} が見つかりません。アドレスとネットワークを確認してください。",
)
WEBHOOK_INNER = Message(
    "E-WEBHOOK",
    "{host} is in the internal network, which is not allowed for an address entered on the page. It can be set in RAREWORD_WEBHOOK when the program is started.",
    "{host} は内部ネットワークのアドレスのため、ページからは指定できません。起動時に環境変数RAREWORD_WEBHOOKで指定できます。",
)

# Sweeps

SWEEP_OPTION = Message(
    "E-SWEEP",
    "{option} can't be varied; choose an option that is a number, a choice or a switch.",
    "{option}は変えられません。数値・選択肢・オンオフのオプションを選んでください。",
)
SWEEP_NO_VALUES = Message(
    "E-SWEEP",
    "give its values, such as 1e-4, 2e-4 or 1e-5..1e-3 in 5.",
    "値を入力してください（例：1e-4, 2e-4または1e-5..1e-3 in 5）。",
)
SWEEP_RANGE = Message(
    "E-SWEEP",
    "a range needs two numbers and how many values it has, such as 1e-5..1e-3 in 5.",
    "範囲は、2つの数値と個数で指定します（例：1e-5..1e-3 in 5）。",
)
SWEEP_NUMBER = Message("E-SWEEP", "{value} is not a number.", "{value}は数値ではありません。")
SWEEP_SWITCH = Message("E-SWEEP", "a switch is on or off.", "onかoffで指定してください。")
SWEEP_TWICE = Message(
    "E-SWEEP", "the two settings must be different ones.", "2つの設定には別のものを選んでください。"
)
SWEEP_MANY = Message(
    "E-SWEEP",
    "{count:# run is|# runs are} not possible at once; at most {most}.",
    "一度に作れる学習は{most}件までです（{count}件）。",
)
SWEEP_PROCESSES = Message(
    "E-SWEEP",
    "--vary can't be used with several processes ({count}); start it with one, or start each run by itself.",
    "--varyは複数プロセス（{count}）では使えません。1プロセスで実行するか、学習を1件ずつ開始してください。",
)
WEBHOOK_UNWRITTEN = Message(
    "E-WEBHOOK",
    "The address could not be saved in {path}: {reason}.",
    "アドレスを {path} に保存できませんでした：{reason}",
)
WEBHOOK_UNSENT = Message(
    "E-WEBHOOK",
    "{host} did not accept the notification: {reason}.",
    "{host} に通知を送れませんでした：{reason}",
)

# Tools in the queue

TOOL_FAULT = Message(
    "E-TOOL-FAULT",
    "an internal error ({fault}); details are in the program's log.",
    "プログラム内部のエラーが発生しました（{fault}）。詳細はプログラムのログにあります。",
)
TOOL_UNKNOWN = Message(
    "E-TOOL-UNKNOWN",
    "there is no tool {tool} here, or its settings can't be read; remove it from the queue.",
    "ツール{tool}がないか、その設定を読み込めません。キューから削除してください。",
)

# The command line

ARGUMENTS_MISSING = Message(
    "E-CLI-MISSING",
    "these arguments are missing: {names}.",
    "必要な引数が指定されていません：{names}",
)
ARGUMENTS_UNKNOWN = Message(
    "E-CLI-UNKNOWN",
    "there is no argument {names}; -h lists all of them.",
    "{names} という引数はありません。-h で一覧を表示できます。",
)
ARGUMENT_CHOICE = Message(
    "E-CLI-CHOICE",
    "{name} can't be {value}; choose one of: {choices}.",
    "{name} に {value} は指定できません。次のいずれかを指定してください：{choices}",
)
ARGUMENT_WHOLE = Message(
    "E-CLI-WHOLE",
    "{name} must be a whole number, not {value}.",
    "{name} には整数を指定してください（指定された値：{value}）。",
)
ARGUMENT_NUMBER = Message(
    "E-CLI-NUMBER",
    "{name} must be a number, not {value}.",
    "{name} には数値を指定してください（指定された値：{value}）。",
)
ARGUMENT_EMPTY = Message(
    "E-CLI-EMPTY",
    "{name} needs a value after it.",
    "{name} の後に値を指定してください。",
)
ARGUMENT_NO_VALUE = Message(
    "E-CLI-SWITCH",
    "{name} is a switch and takes no value; {value} was given.",
    "{name} は値を取らないスイッチです（指定された値：{value}）。",
)
ARGUMENT_AMBIGUOUS = Message(
    "E-CLI-AMBIGUOUS",
    "{name} may mean {choices}; write it out.",
    "{name} は {choices} のどれを指すか分かりません。省略せずに指定してください。",
)
