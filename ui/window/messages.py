"""What the window refuses: paths, names, files of the demo."""

from core.errors import Message

OUTSIDE_WORKSPACE = Message(
    "E-PATH-WORKSPACE",
    "'{given}' is outside the workspace ({workspace}); nothing is written elsewhere.",
    "「{given}」はワークスペース（{workspace}）の外にあるため書き込めません。",
)
OUTSIDE_ROOTS = Message(
    "E-PATH-ROOT",
    "'{given}' is outside the folders this window may use ({folders}). Start it with --root to allow more.",
    "「{given}」は使用できるフォルダ（{folders}）の外にあります。--rootを付けて起動すると追加できます。",
)
STRANGE_PATH = Message(
    "E-PATH-STRANGE",
    "'{given}' is not a file or folder on this computer.",
    "「{given}」はこのコンピューターのファイルやフォルダではありません。",
)
NOT_A_NAME = Message(
    "E-NAME",
    "'{given}' can't be a file name; use letters, digits, spaces, - and _.",
    "「{given}」はファイル名に使えません。文字・数字・空白・-・_を使ってください。",
)
DEMO_CAPTIONS = Message(
    "W-CAP-DEMO",
    "the demo's own captions stay as they are. Copy its images with “Add images” first.",
    "デモのキャプションは変更できません。試すには「画像を追加」で画像をコピーしてください。",
)
NO_TENSORBOARD = Message(
    "E-TENSORBOARD",
    "TensorBoard does not start; is it installed? `pip install tensorboard`",
    "TensorBoardを起動できません。インストールされていますか？ pip install tensorboard",
)
BAD_FIELD = Message(
    "E-FIELD",
    "The field “{name}” holds a value that is no text or number. Choose or type it again.",
    "「{name}」の値を読み取れません。もう一度選択または入力してください。",
)
