"""The words of the window that belong to no option, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.catalog import Words
from core.counting import counted
from core.errors import Lang
from ui.text.captions import CAPTIONS_WORDS
from ui.text.dataset import DATASET_WORDS
from ui.text.files import FILES_WORDS
from ui.text.forecast import FORECAST_WORDS
from ui.text.health import HEALTH_WORDS
from ui.text.making import MAKING_WORDS
from ui.text.page import PAGE_WORDS
from ui.text.run import RUN_WORDS
from ui.text.runs import RUNS_WORDS
from ui.text.tools import TOOLS_WORDS

_SHELL_WORDS: Mapping[str, Words] = {
    "app.motto": Words("Teach Stable Diffusion a new word", "Stable Diffusionに新しい言葉を教える"),
    "app.language": Words("Language", "言語"),
    "app.level": Words("Settings shown", "表示する設定"),
    "level.basic": Words("Basic", "基本"),
    "level.advanced": Words("Advanced", "詳細"),
    "level.expert": Words("All", "すべて"),
    "tab.dataset": Words("Dataset", "データセット"),
    "tab.model": Words("Model", "モデル"),
    "tab.training": Words("Training", "学習"),
    "tab.lora": Words("LoRA", "LoRA"),
    "tab.tools": Words("Tools", "ツール"),
    # presets and run files
    "preset.label": Words("Preset", "プリセット"),
    "preset.none": Words("Choose a preset", "プリセットを選ぶ"),
    "preset.own": Words("own", "自作"),
    "preset.apply": Words("Apply", "適用"),
    "preset.more": Words("Save and open settings", "設定の保存と読み込み"),
    "preset.name": Words("Name of your preset", "プリセット名"),
    "preset.name.hint": Words("such as: my characters", "例：自分用キャラクター"),
    "preset.save": Words("Save as preset", "プリセットとして保存"),
    "preset.saved": Words("Preset saved: {name}", "プリセットを保存しました：{name}"),
    "preset.applied": Words("Preset applied: {name}", "プリセットを適用しました：{name}"),
    "preset.source": Words("Source of the values: {text}", "値の出典：{text}"),
    "preset.rename": Words("Rename", "名前を変更"),
    "preset.renamed": Words("Preset renamed: {name}", "プリセットの名前を変更しました：{name}"),
    "preset.delete": Words("Delete", "削除"),
    "preset.delete.sure": Words("Delete “{name}”?", "「{name}」を削除しますか？"),
    "preset.cancel": Words("Cancel", "キャンセル"),
    "preset.keep.sure": Words("Replace “{name}”", "「{name}」を置き換える"),
    "preset.keep.there": Words(
        "A preset {name} exists. Replace it with the settings on the page?",
        "プリセット「{name}」はすでにあります。画面の設定で置き換えますか？",
    ),
    "preset.deleted": Words("Preset deleted: {name}", "プリセットを削除しました：{name}"),
    "diff.none": Words("No changes: these are the current settings.", "現在の設定と同じです。"),
    "diff.many": Words("{n:#setting} would change", "変わる設定：{n}個"),
    "diff.setting": Words("Setting", "設定"),
    "diff.now": Words("Now", "現在"),
    "diff.then": Words("With this preset", "適用後"),
    "diff.on": Words("on", "オン"),
    "diff.off": Words("off", "オフ"),
    "preset.choose": Words("Choose a preset first.", "先にプリセットを選んでください。"),
    "import.label": Words("Settings of another trainer", "他の学習ツールの設定"),
    "import.hint": Words(
        "Paste a command or TOML of sd-scripts, or a JSON of kohya_ss",
        "ここに貼り付け：sd-scriptsのコマンド・TOML、kohya_ssのJSON",
    ),
    "import.button": Words("Import", "取り込む"),
    "import.empty": Words("Paste the settings first.", "先に設定を貼り付けてください。"),
    "import.datasets": Words(
        "These are settings of a dataset, not of a run: saved as {path} and entered in “Dataset config file” (Dataset tab, settings shown: All), with {n:#subset}. The image folder fields are empty now, since the file names the images; all other settings are unchanged.",
        "学習の設定ではなくデータセットの設定なので、{path} に保存し、「データセット設定ファイル」（データセットタブ、表示する設定「すべて」）に指定しました（subset：{n}個）。画像はこのファイルで指定されるため、画像フォルダの欄は空にしました。ほかの設定はそのままです。",
    ),
    "import.left": Words("Please check ({n})", "確認してください（{n}件）"),
    "import.read": Words("Converted ({n})", "読み替えた設定（{n}件）"),
    "file.open": Words("Open a settings file", "設定ファイルを開く"),
    "file.save": Words("Download settings file", "設定ファイルをダウンロード"),
    "file.opened": Words("Settings opened: {name}", "設定を読み込みました：{name}"),
    "file.reset": Words("Reset to the demo", "デモの設定に戻す"),
    "file.reset.done": Words("Demo settings restored.", "デモの設定に戻しました。"),
    # groups of options
    "group.model": Words("Base model", "元モデル"),
    "group.model.more": Words("Loading", "読み込みの設定"),
    "group.method": Words("Training method", "学習方法"),
    "group.network": Words("LoRA network", "LoRAネットワーク"),
    "group.blocks": Words("Block by block", "ブロックごと"),
    "group.none": Words(
        "The whole model is trained, so there is nothing to set here. Choose LoRA above for a small adapter file.",
        "モデル全体を学習するため設定はありません。小さな追加ファイルを作る場合は上でLoRAを選んでください。",
    ),
    "group.length": Words("Length and learning rate", "学習の長さと学習率"),
    "group.memory": Words("Precision and memory", "精度とメモリ"),
    "group.loss": Words("Loss and noise", "lossとノイズ"),
    "group.validation": Words("Validation", "検証"),
    "group.optimizer": Words("Optimizer and schedule", "オプティマイザーとスケジューラ"),
    "group.sample": Words("Sample images", "サンプル画像"),
    "group.save": Words("Saving", "保存"),
    "group.metadata": Words("Metadata", "メタデータ"),
    "group.log": Words("Log", "ログ"),
    "group.data": Words("Images", "画像の場所"),
    "group.sources": Words("Other image sources", "画像のその他の指定方法"),
    "group.sizes": Words("Size, batch and buckets", "サイズ・バッチ・バケット"),
    "group.captions": Words("Captions", "キャプション"),
    "group.images": Words("Images and augmentation", "画像とデータ拡張"),
    "group.cache": Words("Caching", "キャッシュ"),
    "paths.refresh": Words("Refresh the file lists", "ファイルの一覧を更新"),
    "paths.refreshed": Words(
        "Refresh the file lists ({n:#model}, {at})", "ファイルの一覧を更新（モデル{n:,}件、{at}現在）"
    ),
    # searching
    "find.label": Words("Find a setting", "設定を検索"),
    "find.hint": Words(
        "Find a setting: learning rate, bucket, noise…", "設定を検索：学習率、バケット、ノイズ…"
    ),
    "find.none": Words("No setting is called “{text}”.", "「{text}」に該当する設定はありません。"),
    "find.more": Words("and {n} more; add a word to narrow it down.", "ほか{n}件。語を足すと絞り込めます。"),
    "find.family": Words("{family} models do not have it.", "{family}のモデルにはない設定です。"),
    "find.method": Words("Only for {methods}.", "{methods}のときだけ使います。"),
    "find.needs": Words("Only when {needs}.", "{needs}したときに使います。"),
    # what a model file is
    "identity.none": Words("Choose a base model.", "元モデルを選んでください。"),
    "identity.own": Words("The base model's own VAE is used.", "元モデルのVAEを使います。"),
    "identity.size": Words("Size", "サイズ"),
    "identity.hub": Words(
        "No file or folder here has this name: it is downloaded from the Hugging Face Hub when the run starts, once (some GB).",
        "この名前のファイルやフォルダはありません。学習の開始時にHugging Face Hubから一度だけ取得します（数GB）。",
    ),
    "identity.missing": Words("There is no such file or folder.", "ファイルまたはフォルダがありません。"),
    "format.ldm": Words("single file", "単一ファイル"),
    "format.diffusers": Words("single file with Diffusers names", "Diffusersの名前の単一ファイル"),
    "format.folder": Words("Diffusers folder", "Diffusersフォルダ"),
    # what the server refuses
    "serve.foreign": Words(
        "This file was not sent to this window, or is gone. Choose it again.",
        "このファイルは、この画面に送信されたものではないか、すでに削除されています。もう一度選んでください。",
    ),
    "serve.long": Words(
        "The request is too large (limit {most} MB). Send fewer files or less text at a time.",
        "リクエストが大きすぎます（上限{most}MB）。一度に送るファイルやテキストを減らしてください。",
    ),
    "serve.unreadable": Words(
        "The request is no valid JSON. Reload the page and try again.",
        "リクエストがJSONとして読み取れません。ページを再読み込みしてやり直してください。",
    ),
    "serve.full": Words(
        "Not enough room: {room} GB more can be sent to this window. Copy what was sent into a dataset and restart Rareword, or put the files on that computer in another way.",
        "容量が足りません。この画面に送信できるのはあと{room}GBです。送信済みのファイルをデータセットにコピーしてからRarewordを再起動するか、別の方法でファイルをそのコンピューターに置いてください。",
    ),
    "serve.full.disk": Words(
        "The disk is full: {room} GB more can be sent, the rest is reserved for training. Free some space and try again.",
        "ディスクの空き容量が足りません。学習用に残す分を除くと、送信できるのはあと{room}GBです。空き容量を増やしてからやり直してください。",
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
    "app.fault": Words(
        "Internal error; details are in the log: {path}",
        "プログラム内部でエラーが発生しました。詳細はログをご覧ください：{path}",
    ),
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
    "console.saved": Words(
        "The run has stopped; it can be resumed.", "学習を停止しました。後で再開できます。"
    ),
    # faults of ours
}

WORDS: Mapping[str, Words] = MappingProxyType(
    {
        **_SHELL_WORDS,
        **CAPTIONS_WORDS,
        **DATASET_WORDS,
        **FILES_WORDS,
        **FORECAST_WORDS,
        **MAKING_WORDS,
        **HEALTH_WORDS,
        **PAGE_WORDS,
        **RUN_WORDS,
        **RUNS_WORDS,
        **TOOLS_WORDS,
    }
)


def say(key: str, lang: Lang, **values: object) -> str:
    """The sentence of a key in a language, with its {gaps} filled.

    {n:#file} is a count with its noun, "1 file" or "2 files"; {n:#file is|files are} takes the verb along.
    """
    words = WORDS[key]
    text = words.ja if lang == "ja" else words.en
    return text.format(**{name: _counting(value) for name, value in values.items()}) if values else text


class _Count(int):
    """A number that knows the noun behind it."""

    def __format__(self, spec: str) -> str:
        if not spec.startswith("#"):
            return super().__format__(spec)
        one, _, many = spec[1:].partition("|")
        return counted(self, one, many)


def _counting(value: object) -> object:
    return _Count(value) if isinstance(value, int) and not isinstance(value, bool) else value
