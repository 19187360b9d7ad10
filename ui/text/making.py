"""Words of the card that makes folders, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

MAKING_WORDS: Mapping[str, Words] = {
    "make.title": Words("Add images", "画像を追加"),
    "make.kind": Words("Kind of images", "画像の種類"),
    "make.kind.train": Words("Subject to train", "学習させる対象"),
    "make.kind.reg": Words("Others of its class (regularization)", "同じclassのほかの画像（正則化画像）"),
    "make.identifier": Words("Identifier", "識別語（identifier）"),
    "make.identifier.info": Words(
        "A short, rare word that will mean your subject.", "対象を表す、短く珍しい単語。"
    ),
    "make.class": Words("Class", "クラス（class）"),
    "make.class.info": Words("What it is: frog, dog, 1girl.", "対象の種類。例：frog、dog、1girl"),
    "make.repeats": Words("Repeats", "繰り返し回数"),
    "make.repeats.info": Words("How often each image is used in an epoch.", "1エポックで各画像を使う回数。"),
    "make.undo": Words("Undo", "元に戻す"),
    "make.class.needed": Words("Enter a class, such as frog.", "classを入力してください（例：frog）。"),
    "make.identifier.needed": Words(
        "Enter an identifier, such as sls.", "identifierを入力してください（例：sls）。"
    ),
    "make.lead": Words(
        "Drop images, a ZIP or a folder here, or enter a path. They are copied into a folder named for training; the originals stay as they are.",
        "画像・ZIP・フォルダをドロップするか、場所を入力してください。学習用の名前のフォルダへコピーします。元のファイルはそのままです。",
    ),
    "make.files": Words("Images, captions or a ZIP", "画像・キャプション・ZIP"),
    "make.files.info": Words("up to 4 GB a file", "1ファイル4 GBまで"),
    "make.folder": Words("Choose a whole folder", "フォルダごと選ぶ"),
    "make.source": Words(
        "or a folder, image or ZIP on this computer", "またはこのコンピューターのフォルダ・画像・ZIP"
    ),
    "make.source.hint": Words("such as /home/me/frogs", "例：C:/Users/me/frogs"),
    "make.arrange": Words("Folders such as “20_sls frog” exist", "「20_sls frog」のようなフォルダがあります"),
    "make.arrange.keep": Words("Keep these folders", "そのまま使う"),
    "make.arrange.new": Words("Put all images into one new folder", "すべての画像を新しいフォルダにまとめる"),
    "make.apply": Words("Copy", "コピー"),
    "make.empty": Words(
        "Nothing to copy: drop images or a ZIP, or enter a folder.",
        "コピーする画像がありません。画像かZIPをドロップするか、フォルダを指定してください。",
    ),
    "make.plan.one": Words("This file will be copied to {folder}", "次のファイルを {folder} へコピーします"),
    "make.plan": Words(
        "These {n:#file} will be copied to {folder}", "次の{n}個のファイルを {folder} へコピーします"
    ),
    "make.files.count": Words("{n:#file}", "{n}個"),
    "make.more": Words("and {n} more", "ほか{n}個"),
    "make.left.count": Words("{n:#file is|files are} not used", "{n}個のファイルは使いません"),
    "make.left.why.kind": Words("Neither image nor caption:", "画像でもキャプションでもない："),
    "make.left.why.junk": Words("Hidden or made by the system:", "隠しファイル・システムのファイル："),
    "make.left.why.orphan": Words("Caption without an image:", "対応する画像のないキャプション："),
    "make.left.why.link": Words("Link or device:", "リンクやデバイス："),
    "make.left.why.outside": Words("Its path leads out of the ZIP:", "ZIPの外を指すパス："),
    "make.left.why.password": Words("Password-protected:", "パスワード付き："),
    "make.left.why.method": Words("Unsupported compression:", "対応していない圧縮方式："),
    "make.left.why.large": Words("Too large:", "大きすぎる："),
    "make.left.why.damaged": Words("Damaged:", "壊れている："),
    "make.done": Words("{n:#file} copied to {folder}", "{n}個のファイルを {folder} へコピーしました"),
    "make.left": Words(
        "Your images replace the demo's regularization images, sample prompts and output name.",
        "デモの正則化画像・サンプルプロンプト・出力名も、この画像に合わせて置き換えました。",
    ),
    "make.last": Words(
        "Undo removes the {n:#file} copied to {folder} ({when}).",
        "{folder} へコピーした{n}個のファイルは「元に戻す」で取り消せます（{when}）。",
    ),
    "make.undone": Words("{n:#copy|copies} removed.", "コピーした{n}個のファイルを削除しました。"),
    "make.undo.kept": Words(
        "{n:#copy was|copies were} changed and kept: {names}", "その後変更された{n}個は残しました：{names}"
    ),
    "make.undo.missing": Words("{n:#copy was|copies were} already gone.", "{n}個はすでにありませんでした。"),
    "make.undo.none": Words("Nothing to undo.", "元に戻す操作はありません。"),
}
