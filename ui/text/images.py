"""Words of what is done to the images of a dataset, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

IMAGES_WORDS: Mapping[str, Words] = {
    "images.select": Words("Select {name}", "{name} を選択"),
    "images.menu": Words("Actions for {name}", "{name} の操作"),
    "images.selected": Words("Selected: #", "選択：#枚"),
    "images.all": Words("Select all shown", "表示中をすべて選択"),
    "images.none": Words("Clear selection", "選択を解除"),
    "images.exclude": Words("Exclude", "除外"),
    "images.include": Words("Include again", "除外をやめる"),
    "images.trash": Words("Move to trash", "ごみ箱へ移動"),
    "images.left": Words("Rotate left", "左に回転"),
    "images.right": Words("Rotate right", "右に回転"),
    "images.crop": Words("Crop…", "切り抜き…"),
    "images.mask": Words("Paint mask…", "マスクを描く…"),
    "images.undo": Words("Undo", "元に戻す"),
    "images.files": Words("{n:#file}", "{n}個のファイル"),
    "images.kind.exclude": Words("Excluded", "除外"),
    "images.kind.include": Words("Included again", "除外を解除"),
    "images.kind.trash": Words("Moved to trash", "ごみ箱へ移動"),
    "images.kind.turn": Words("Rotated", "回転"),
    "images.kind.cure": Words("Fixed all", "まとめて対処"),
    "images.kind.upright": Words("Saved upright", "正しい向きで保存"),
    "images.kind.crop": Words("Cropped", "切り抜き"),
    "images.kind.mask": Words("Mask saved", "マスクを保存"),
    "images.kind.name": Words("Folder renamed", "フォルダー名を変更"),
    "images.kind.off": Words("Folder switched off", "フォルダーを使わない設定に変更"),
    "images.kind.on": Words("Folder switched on", "フォルダーを使う設定に変更"),
    "images.excluded": Words("Excluded images", "除外した画像"),
    "images.excluded.why": Words(
        "They are in a subfolder “excluded” of their folder and are not trained.",
        "各フォルダー内の「excluded」フォルダーにあり、学習には使いません。",
    ),
    "zone.drop": Words("Drop images, a folder or a ZIP here", "ここに画像・フォルダー・ZIPをドロップ"),
    "zone.choose": Words("Choose files", "ファイルを選ぶ"),
    "zone.clear": Words("Clear", "消去"),
    "zone.info": Words(
        "Captions (.txt, .caption) can be added too. Large files are sent in pieces; an interrupted upload can be resumed.",
        "キャプション（.txt、.caption）も一緒に選べます。大きなファイルは分割して送信し、中断しても続きから送れます。",
    ),
    "zone.images": Words("# image|# images", "画像#枚"),
    "zone.captions": Words("# caption|# captions", "キャプション#個"),
    "zone.zips": Words("# ZIP|# ZIPs", "ZIP #個"),
    "zone.others": Words("# other (not used)|# others (not used)", "その他#個（使いません）"),
    "zone.empty": Words("# empty file (not used)|# empty files (not used)", "空のファイル#個（使いません）"),
    "zone.progress": Words(
        "{done} of {of} sent, {came} of {total} MiB", "{of}個中{done}個を送信済み（{came}／{total} MiB）"
    ),
    "zone.done": Words("all sent ({total} MiB)", "すべて送信済み（{total} MiB）"),
    "zone.waiting": Words("connection lost, trying again…", "接続が切れました。再試行しています…"),
    "zone.resumed": Words("resumed", "続きから送信"),
    "zone.again": Words("Try again", "再試行"),
    "zone.lost": Words("not sent: the connection was lost.", "接続が切れたため、送信できませんでした。"),
    "zone.remove": Words("Remove", "取り除く"),
    "zone.more": Words("and {n} more", "ほか{n}枚"),
    "images.cancel": Words("Cancel", "キャンセル"),
    "crop.title": Words("Crop {name}", "{name} を切り抜く"),
    "crop.help": Words(
        "Drag a frame; arrow keys move it, with Shift they resize it. The original goes to the trash.",
        "ドラッグで範囲を指定します。矢印キーで移動、Shift＋矢印キーで大きさを変更。元の画像はごみ箱に残ります。",
    ),
    "crop.ratio": Words("Aspect ratio", "縦横比"),
    "crop.free": Words("Free", "自由"),
    "crop.apply": Words("Crop", "切り抜く"),
    "mask.title": Words("Mask of {name}", "{name} のマスク"),
    "mask.help": Words(
        "The part tinted pink is not trained. The image itself stays as it is.",
        "ピンク色の部分は学習されません。画像自体は変わりません。",
    ),
    "mask.brush": Words("Exclude", "除く"),
    "mask.eraser": Words("Train", "学習する"),
    "mask.size": Words("Brush size", "ブラシの大きさ"),
    "mask.fill": Words("Exclude all", "すべて除く"),
    "mask.clear": Words("Train all", "すべて学習する"),
    "mask.invert": Words("Invert", "反転"),
    "mask.undo": Words("Undo", "元に戻す"),
    "mask.apply": Words("Save mask", "マスクを保存"),
    "cure.trash": Words("Move {n:#file} to trash", "{n}個をごみ箱へ移動"),
    "cure.exclude": Words("Exclude {n:#image}", "{n}枚を除外"),
    "cure.upright": Words("Save {n:#image} upright", "{n}枚を正しい向きで保存"),
    "cure.plan.trash": Words(
        "Moved to the trash, with their captions and masks (can be undone):",
        "キャプション・マスクとともに、次の画像をごみ箱へ移動します（元に戻せます）：",
    ),
    "cure.plan.exclude": Words(
        "Excluded from training (can be undone):", "次の画像を学習から除外します（元に戻せます）："
    ),
    "cure.plan.upright": Words(
        "Saved again as they are seen; the originals are moved to the trash (can be undone):",
        "次の画像を見たままの向きで保存し直します。元の画像はごみ箱に残ります（元に戻せます）：",
    ),
    "cure.do": Words("Apply", "実行する"),
    "cure.all": Words("Fix all", "まとめて対処する"),
    "cure.copy": Words(
        "Copy these images into a named folder", "この画像を学習用の名前のフォルダーへコピーする"
    ),
    "cure.captions": Words("Show these captions", "対象のキャプションを表示"),
    "folders.on": Words("Use", "使う"),
    "folders.on.label": Words("Use folder {name}", "フォルダー {name} を使う"),
    "folders.identifier": Words("Identifier", "識別語"),
    "folders.class": Words("Class", "クラス"),
    "folders.rename": Words("Rename folder", "フォルダー名を変更"),
    "folders.off": Words("switched off", "使わない"),
}
"""The names of acts are those of `core.data.curate.curation`."""
