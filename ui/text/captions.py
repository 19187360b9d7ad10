"""Words of the caption editor, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

CAPTIONS_WORDS: Mapping[str, Words] = {
    "captions.title": Words("Captions", "キャプション"),
    "captions.lead": Words(
        "Edit captions beside their images, one at a time or all at once. Every change can be undone, even later.",
        "画像とキャプションを並べて確認・編集できます。一括変更は適用前に確認でき、後日でも元に戻せます。",
    ),
    "captions.open": Words("Show captions", "キャプションを表示"),
    "captions.open.again": Words("Reload", "ファイルを読み直す"),
    "captions.none": Words("No images to caption here.", "キャプションを付ける画像がありません。"),
    # what there is
    "captions.count.images": Words("Images", "画像"),
    "captions.count.missing": Words("Without caption file", "キャプションファイルなし"),
    "captions.count.reg": Words("{n} ({reg} for regularization)", "{n}（うち正則化画像{reg}）"),
    "captions.count.long": Words("Over {limit} tokens", "{limit}トークン超"),
    "captions.count.tags": Words("Different tags", "タグの種類"),
    "captions.encoding": Words(
        "{n:#caption file is|caption files are} not UTF-8 ({names}) and can't be trained. “Save as UTF-8” below, under “Change many captions at once”, converts them.",
        "UTF-8ではないキャプションファイルが{n}個あり（{names}）、このままでは学習できません。「一括変更」の「UTF-8で保存」で変換できます。",
    ),
    # filter
    "captions.find": Words("Search", "検索"),
    "captions.find.hint": Words("words or a file name", "語句・ファイル名"),
    "captions.show": Words("Show", "表示"),
    "captions.show.all": Words("All images", "すべての画像"),
    "captions.show.missing": Words("Without caption file", "キャプションファイルなし"),
    "captions.show.empty": Words("Empty", "空のもの"),
    "captions.show.long": Words("Too long", "長すぎるもの"),
    "captions.show.lines": Words("Several lines", "複数行のもの"),
    "captions.show.encoding": Words("Not UTF-8", "UTF-8ではないもの"),
    "captions.show.unreadable": Words("Unreadable", "読み込めないもの"),
    "captions.folder": Words("Folder", "フォルダー"),
    "captions.folder.all": Words("All folders", "すべてのフォルダー"),
    # tags
    "captions.tags": Words("Tags ({n})", "タグ（{n}種類）"),
    "captions.tags.more": Words(
        "The {shown} most frequent of {n}; search for the others.",
        "{n}種類のうち、多い順に{shown}個を表示しています。ほかは検索してください。",
    ),
    "captions.tag.only": Words("Shown: captions with {tag}", "「{tag}」を含むものだけを表示中"),
    "captions.tag.clear": Words("Show all", "絞り込みを解除"),
    "captions.tag.rename": Words("Replace…", "置き換える…"),
    "captions.tag.remove": Words("Remove…", "削除する…"),
    # grid
    "captions.tokens": Words("{n:#token}", "{n}トークン"),
    "captions.tokens.over": Words(
        "{n:#token}; only the first {limit} are trained", "{n}トークン（学習に使うのは先頭の{limit}まで）"
    ),
    "captions.trained.as": Words("no file; trained as: {text}", "ファイルなし。学習時：{text}"),
    "captions.trained.none": Words("no file yet", "ファイルなし"),
    "captions.lines": Words("{n:#line}; only the first is trained", "{n}行（学習に使うのは1行目だけ）"),
    "captions.lines.wildcard": Words(
        "{n:#line}; one of them at random is trained", "{n}行（学習時はいずれか1行を使用）"
    ),
    "captions.in": Words("read as {name}", "文字コード：{name}"),
    "captions.keys": Words(
        "Saved when you leave the field. Ctrl+Enter: save and next. Esc: cancel.",
        "欄を離れると自動で保存します。Ctrl+Enter：保存して次の画像へ、Esc：入力を取り消す。",
    ),
    "captions.unsaved": Words("not saved yet", "未保存"),
    "captions.saving": Words("saving…", "保存中…"),
    "captions.saved": Words("saved", "保存しました"),
    "captions.same": Words("unchanged", "変更なし"),
    "captions.conflict": Words(
        "Not saved: the file was changed elsewhere and now says “{text}”. Save again to overwrite it.",
        "保存していません。ファイルがほかで変更され、現在は「{text}」です。もう一度保存すると上書きします。",
    ),
    "captions.gone": Words(
        "Not saved: other folders are open. Copy your text and press Reload.",
        "保存していません。別のフォルダーが開かれています。入力をコピーして「ファイルを読み直す」を押してください。",
    ),
    "captions.lost": Words(
        "Not saved: the program does not answer. Your text is still here.",
        "保存していません。プログラムから応答がありません。入力した文字は残っています。",
    ),
    "captions.too.much": Words(
        "Not saved: more than {most} characters.", "{most}文字を超えるため保存していません。"
    ),
    "captions.page": Words("{first}–{last} of {n}", "{n}枚中 {first}〜{last}"),
    "captions.page.before": Words("Back", "前へ"),
    "captions.page.next": Words("Next", "次へ"),
    "captions.no.match": Words("No image matches this filter.", "条件に合う画像がありません。"),
    # many at once
    "captions.many": Words("Change many captions at once", "一括変更"),
    "captions.kind": Words("Operation", "操作"),
    "captions.about": Words("{what}: {about}", "{what}（{about}）"),
    "captions.kind.edit": Words("Caption edited", "キャプションの編集"),
    "captions.kind.replace": Words("Find and replace", "検索と置換"),
    "captions.kind.prefix": Words("Add in front", "先頭に追加"),
    "captions.kind.suffix": Words("Add at the end", "末尾に追加"),
    "captions.kind.rename": Words("Replace a tag", "タグを置き換え"),
    "captions.kind.remove": Words("Remove a tag", "タグを削除"),
    "captions.kind.dedupe": Words("Remove repeated tags", "重複タグを削除"),
    "captions.kind.sort": Words("Sort tags", "タグを並べ替え"),
    "captions.kind.trim": Words("Clean up spaces and commas", "空白とカンマを整理"),
    "captions.kind.identifier": Words("Add identifier and class where missing", "識別語とクラスを補う"),
    "captions.kind.folder": Words(
        "Create captions from the folder name", "フォルダー名からキャプションを作成"
    ),
    "captions.kind.caption": Words("Captioned by a model", "自動キャプション"),
    "captions.kind.utf8": Words("Save as UTF-8", "UTF-8で保存"),
    "captions.find.text": Words("Find", "検索する文字列"),
    "captions.find.tag": Words("Tag", "対象のタグ"),
    "captions.text.with": Words("Replace with", "置換後の文字列"),
    "captions.text.add": Words("Text to add", "追加する文字列"),
    "captions.joint": Words("Joined by", "つなぎ方"),
    "captions.joint.comma": Words("comma", "カンマ"),
    "captions.joint.space": Words("space", "空白"),
    "captions.joint.nothing": Words("nothing", "なし"),
    "captions.keep": Words("Tags kept at the start", "先頭で固定するタグの数"),
    "captions.case": Words("Match case", "大文字と小文字を区別"),
    "captions.missing.only": Words("Only where it is missing", "すでにあるものには追加しない"),
    "captions.shown.only": Words("Only images that match the filter", "絞り込んだ画像だけを対象にする"),
    "captions.preview": Words("Preview", "変更内容を確認"),
    "captions.apply.none": Words("Apply", "適用"),
    "captions.apply": Words("Change {n:#file}", "{n:,}個のファイルを変更"),
    "captions.plan.none": Words("No caption would change.", "変更されるキャプションはありません。"),
    "captions.plan": Words(
        "{n:,} of {total:#caption} would change (not written yet).",
        "{total:,}件中{n:,}件が変わります（まだ書き込んでいません）。",
    ),
    "captions.plan.more": Words("and {n} more", "ほか{n}件"),
    "captions.plan.needs": Words("Enter a text first.", "先に文字列を入力してください。"),
    "captions.plan.old": Words(
        "This preview is out of date; press Preview again.",
        "内容が古くなりました。もう一度確認してください。",
    ),
    "captions.plan.new": Words("(no file)", "（ファイルなし）"),
    "captions.plan.encoding": Words("{name} → UTF-8", "文字コード：{name} → UTF-8"),
    "captions.done": Words(
        "{n:#file} changed. This can be undone.", "{n:,}個のファイルを変更しました。元に戻せます。"
    ),
    # undo
    "captions.undo": Words("Undo", "元に戻す"),
    "captions.undo.none": Words("Nothing to undo.", "元に戻す操作はありません。"),
    "captions.undone": Words("Undone: {what} ({n:#file}).", "元に戻しました：{what}（{n}個のファイル）"),
    "captions.history": Words("History", "履歴"),
    "captions.history.when": Words("When", "日時"),
    "captions.history.what": Words("Change", "操作"),
    "captions.history.files": Words("Files", "ファイル数"),
}
