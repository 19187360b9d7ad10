"""Words of the card of the notifications, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

NOTICE_WORDS: Mapping[str, Words] = {
    "notice.title": Words("Notification when a run ends", "学習終了の通知"),
    "notice.lead": Words(
        "Sent to an address of yours, also when no page is open: a Discord or Slack webhook, ntfy, or a program.",
        "ページを閉じていても、指定したアドレスへ送ります。DiscordやSlackのWebhook、ntfy、自作プログラムなどに使えます。",
    ),
    "notice.address": Words("Webhook address", "Webhookのアドレス"),
    "notice.none": Words("Address: not set", "アドレス：未設定"),
    "notice.set": Words("Notifications go to {host}", "通知先：{host}"),
    "notice.environment": Words(
        "Notifications go to {host}, set by the environment (RAREWORD_WEBHOOK)",
        "通知先：{host}（環境変数RAREWORD_WEBHOOKで設定済み）",
    ),
    "notice.help": Words(
        "The address is a secret: it is kept in a file that only you can read, in no run file and no log, and only the name of its host is shown again.",
        "アドレスは秘密の情報です。本人だけが読めるファイルに保存し、設定ファイルやログには書きません。表示するのはホスト名だけです。",
    ),
    "notice.keep": Words("Set address", "アドレスを設定"),
    "notice.remove": Words("Remove address", "アドレスを削除"),
    "notice.test": Words("Send a test", "テスト送信"),
    "notice.kept": Words("The address is set.", "アドレスを設定しました。"),
    "notice.removed": Words("The address was removed.", "アドレスを削除しました。"),
    "notice.sent": Words("Test sent to {host}.", "{host} にテストを送信しました。"),
}
