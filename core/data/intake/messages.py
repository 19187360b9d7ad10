"""What may go wrong while images are copied into folders, unpacked or renamed."""

from __future__ import annotations

from core.errors import Message

# The folder's name

FINAL_DOT = Message(
    "E-DIR-NAME",
    "a folder name can't end with a full stop. Remove it.",
    "フォルダー名の末尾に「.」は使えません。取り除いてください。",
)
NAME_TOO_LONG = Message(
    "E-PATH-LONG",
    "the folder name is {length:,} bytes long; the limit is {limit}. Shorten it.",
    "フォルダー名が{length:,}バイトあります（上限{limit}）。単語を短くしてください。",
)
CLASS_MISSING = Message(
    "E-DIR-NAME",
    "the class is missing: enter what the images show, such as frog.",
    "クラスがありません。frogのように、画像に写っているものを入力してください。",
)
FORBIDDEN_CHARACTERS = Message(
    "E-DIR-NAME",
    "the {field} can't contain {characters}: not allowed in folder names. Remove that.",
    "{field}に {characters} は使えません（フォルダー名に使えない文字です）。取り除いてください。",
)
BROKEN_CHARACTER = Message(
    "E-DIR-NAME",
    "the {field} contains half a surrogate pair. Type it again.",
    "{field}の文字が壊れています。入力し直してください。",
)
REPEATS = Message(
    "E-DIR-NAME",
    "the number of repeats must be a whole number from 1 to {most:,}{given}.",
    "繰り返し回数は1〜{most:,}の整数にしてください{given}。",
)
PATH_TOO_LONG = Message(
    "E-PATH-LONG",
    "{excess}. Choose a folder with a shorter path, or shorten the words.",
    "{excess}。パスの短いフォルダーを選ぶか、単語を短くしてください。",
)

# Copying

SAME_WORDS = Message(
    "W-DIR-SAME",
    "a folder `{name}` with the same words already exists; both will be trained.",
    "同じ単語のフォルダー「{name}」がすでにあります。両方の画像が学習されます。",
)
ALREADY_COPIED = Message(
    "W-COPY-SAME",
    "{names} {count:is|are} already in `{name}` and will not be copied.",
    "{names}はすでに「{name}」にあるため、コピーしません。",
)
LOOSE_IMAGES = Message(
    "W-COPY-LOOSE",
    "{count:# image|# images} ({names}) outside of folders such as `20_sls frog` will not be copied.",
    "「20_sls frog」のようなフォルダーに入っていない画像{count}枚（{names}）はコピーしません。",
)
COPY_FAILED = Message(
    "E-COPY",
    "`{file}` could not be copied: {reason}. The copy was rolled back; try again.",
    "「{file}」をコピーできませんでした（{reason}）。コピーは取り消しました。もう一度お試しください。",
)
COPY_KEPT = Message(
    "W-COPY-KEPT",
    "`{name}` was changed since it was copied, or is in use, and is kept.",
    "「{name}」はコピー後に変更されたか使用中のため、残しました。",
)

# Renaming

NAME_TAKEN = Message(
    "E-DIR-EXISTS",
    "two folders can't both be named {name}. Merge their images into one folder, or rename one.",
    "「{name}」という名前のフォルダーが重複します。画像を1つのフォルダーにまとめるか、名前を変更してください。",
)

# ZIP files

NOT_A_ZIP = Message(
    "E-ZIP-BAD",
    "`{name}` is not a ZIP file, or a damaged one. Pack the images again.",
    "「{name}」はZIPファイルではないか、壊れています。もう一度作成してください。",
)
LARGE_ZIP = Message(
    "E-ZIP-LARGE",
    "`{name}` would be {size} unpacked; the limit is {limit}. Split it, or unpack it yourself and choose the folder.",
    "「{name}」は展開すると{size}になります（上限{limit}）。分割するか、展開したフォルダーを指定してください。",
)
ZIP_BOMB = Message(
    "E-ZIP-BOMB",
    "`{name}` would grow {times:,.0f} times when unpacked, which images never do. It is not opened.",
    "「{name}」は展開すると{times:,.0f}倍になります。画像ではありえない大きさのため開きません。",
)
MANY_IN_ZIP = Message(
    "E-ZIP-MANY",
    "`{name}` contains {count:,} files; the limit is {limit:,}. Split it.",
    "「{name}」には{count:,}個のファイルがあります（上限{limit:,}）。分割してください。",
)
LONG_ZIP_LISTING = Message(
    "E-ZIP-MANY",
    "the file list of `{name}` is {size} long; the limit is {limit}. Split it.",
    "「{name}」のファイル一覧が{size}あります（上限{limit}）。分割してください。",
)
NO_SPACE_FOR_ZIP = Message(
    "E-ZIP-SPACE",
    "there is not enough disk space to unpack `{name}` ({size}).",
    "ディスクの空きが足りず、「{name}」（{size}）を展開できません。",
)
CANNOT_UNPACK = Message(
    "E-ZIP-WRITE",
    "the ZIP file can't be unpacked to {path}: {reason}. Check the drive and its permissions.",
    "{path} に展開できません（{reason}）。ドライブとアクセス権を確認してください。",
)
