"""What the window refuses: paths, names, files of the demo."""

from core.errors import Message
from ui.text import WORDS

OUTSIDE_WORKSPACE = Message(
    "E-PATH-WORKSPACE",
    "'{given}' is outside the workspace ({workspace}); nothing is written elsewhere.",
    "「{given}」はワークスペース（{workspace}）の外にあるため書き込めません。",
)
OUTSIDE_ROOTS = Message(
    "E-PATH-ROOT",
    "'{given}' is outside the folders this window may use ({folders}). Start it with --root to allow more.",
    "「{given}」は使用できるフォルダー（{folders}）の外にあります。--rootを付けて起動すると追加できます。",
)
STRANGE_PATH = Message(
    "E-PATH-STRANGE",
    "'{given}' is not a file or folder on this computer.",
    "「{given}」はこのコンピューターのファイルやフォルダーではありません。",
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
DEMO_IMAGES = Message(
    "W-IMG-DEMO",
    "the demo's own images stay as they are. Copy them with “Add images” first.",
    "デモの画像は変更できません。試すには「画像を追加」で画像をコピーしてください。",
)
IMAGES_GONE = Message(
    "W-IMG-GONE",
    "nothing was done: the images have changed since this preview. Scan them again.",
    "プレビューの後に画像が変わったため、何もしませんでした。もう一度「確認とプレビュー」を押してください。",
)
UNDO_OVER = Message(
    "W-UNDO-OVER",
    "nothing was undone: this step was undone already, or it can't be any more since the trash was emptied.",
    "何も元に戻していません。この操作はすでに元に戻したか、ごみ箱を空にしたため元に戻せません。",
)
MASK_BAD = Message(
    "E-MASK-SHAPE",
    "the mask of `{name}` could not be read, or is of another shape. Paint it again.",
    "「{name}」のマスクを読み込めないか、縦横比が異なります。描き直してください。",
)
IMAGES_READ = Message(
    "W-IMG-RUN",
    "a run is in progress and reads these images. Change them when it has ended.",
    "学習中のため、画像を変更できません。学習が終わってから変更してください。",
)
NO_TENSORBOARD = Message(
    "E-TENSORBOARD",
    "TensorBoard does not start; is it installed? `pip install tensorboard`",
    "TensorBoardを起動できません。インストールされていますか？ pip install tensorboard",
)
BAD_FIELD = Message(
    "E-FIELD",
    "The value of the field “{name}” is neither text nor a number. Choose or type it again.",
    "「{name}」の値を読み取れません。もう一度選択または入力してください。",
)
OLD_PAGE = Message("E-PAGE-OLD", WORDS["fault.old"].en, WORDS["fault.old"].ja)
RUN_BUSY = Message(
    "E-RUN-BUSY",
    "A run is in progress; try again when it has ended.",
    "学習を実行中です。終わってから実行してください。",
)
GPU_BUSY = Message(
    "E-GPU-BUSY",
    "“{work}” is at work and needs the memory; stop it first, or wait for it.",
    "「{work}」を実行中で、メモリを使っています。停止するか、終わるまでお待ちください。",
)
