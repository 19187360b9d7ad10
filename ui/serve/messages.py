"""What may be wrong with how the window is started."""

from core.errors import Message

LOGIN_TWICE = Message(
    "E-AUTH-TWICE",
    "the login is given more than once; use one of --auth, --auth-file and {variable}.",
    "ログインが2か所以上で指定されています。--auth、--auth-file、{variable}のうち1つだけにしてください。",
)
LOGIN_FILE = Message(
    "E-AUTH-FILE",
    "the file of --auth-file can't be read ({reason}).",
    "--auth-fileのファイルを読み込めません（{reason}）。",
)
LOGIN_FORM = Message(
    "E-AUTH",
    "--auth, --auth-file and {variable} take USER:PASSWORD, with a password of at least {least} characters.",
    "--auth、--auth-file、{variable}は「ユーザー名:パスワード」の形で、パスワードは{least}文字以上にしてください。",
)
HOST_NAME = Message(
    "E-HOST-NAME",
    "--host-name takes a bare name such as train.example.net, not '{value}': no https://, no port, no path.",
    "--host-nameにはtrain.example.netのような名前だけを指定してください（指定値：{value}）。https://、ポート、パスは付けません。",
)
ROOT_PATH = Message(
    "E-ROOT-PATH",
    "--root-path takes a path such as /rareword, not '{value}'.",
    "--root-pathには/rarewordのようなパスを指定してください（指定値：{value}）。",
)
WINDOW_OPEN = Message(
    "E-WINDOW-OPEN",
    "Rareword is open already with this workspace{url}; close it first (Ctrl-C in its console), or choose another one with --workspace.",
    "このワークスペースを使うRarewordがすでに起動しています{url}。先にそのコンソールでCtrl-Cを押して終了するか、--workspaceで別のワークスペースを指定してください。",
)
NO_ROOT = Message("E-ROOT", "--root names a folder that does not exist.", "--rootのフォルダーがありません。")
WORKSPACE_UNWRITABLE = Message(
    "E-WORKSPACE",
    "the workspace can't be written: {reason}.",
    "ワークスペースに書き込めません（{reason}）。",
)
NO_COMMAND = Message(
    "E-WHEN-IDLE",
    "--when-idle takes stop, or a command whose program is on this computer; {value} is neither.",
    "--when-idleにはstop、またはこのコンピューターにあるプログラムのコマンドを指定してください（{value}）。",
)
