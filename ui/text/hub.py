"""Words of the card of the Hugging Face Hub, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

HUB_WORDS: Mapping[str, Words] = {
    "hub.title": Words("Hugging Face Hub", "Hugging Face Hubとの連携"),
    "hub.lead": Words(
        "A token is needed for models with terms of use, for private ones, and to upload a result.",
        "利用規約への同意が必要なモデルや非公開のモデルの取得と、結果のアップロードに使います。",
    ),
    "hub.token": Words("Access token", "アクセストークン"),
    "hub.token.none": Words("Token: not set", "トークン：未設定"),
    "hub.token.file": Words("Token: set", "トークン：設定済み"),
    "hub.token.environment": Words(
        "Token: set by the environment (HF_TOKEN)", "トークン：環境変数（HF_TOKEN）で設定済み"
    ),
    "hub.token.help": Words(
        "Create one at https://huggingface.co/settings/tokens. It is kept where `hf auth login` keeps it, in a file that only you can read, and is never shown again.",
        "https://huggingface.co/settings/tokens で作成します。`hf auth login` と同じ場所の、本人だけが読めるファイルに保存し、再表示はしません。",
    ),
    "hub.token.keep": Words("Set token", "トークンを設定"),
    "hub.token.remove": Words("Remove token", "トークンを削除"),
    "hub.token.kept": Words("The token is set.", "トークンを設定しました。"),
    "hub.token.removed": Words("The token was removed.", "トークンを削除しました。"),
    "hub.upload": Words("Upload a result", "結果のアップロード"),
    "hub.upload.none": Words("There is no trained model yet.", "学習したモデルはまだありません。"),
    "hub.upload.file": Words("Model", "モデル"),
    "hub.upload.repo": Words("Repository", "リポジトリ"),
    "hub.upload.repo.hint": Words("your-name/my-frog", "ユーザー名/my-frog"),
    "hub.upload.private": Words("Visibility", "公開範囲"),
    "hub.upload.yes": Words("private", "非公開"),
    "hub.upload.no": Words("public", "公開"),
    "hub.upload.look": Words("List what is uploaded", "アップロードする内容を確認"),
    "hub.upload.start": Words("Upload", "アップロード"),
    "hub.upload.replace": Words("Replace the files there", "Hubのファイルを置き換える"),
    "hub.upload.listed": Words("To {repo} ({who}):", "{repo}（{who}）へアップロードするファイル："),
}
