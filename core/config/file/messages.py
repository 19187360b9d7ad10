"""Messages about the text of settings files."""

from core.errors import Message

NOT_JSON = Message(
    "E-CFG-SYNTAX",
    "not valid JSON: {why} (column {column}): {line_text}",
    "JSONとして読めません。{why}（{column}文字目）：{line_text}",
)
NAME_TWICE = Message("E-CFG-SYNTAX", "{name} is set twice in one table.", "同じ名前が2回あります（{name}）。")
NOT_TOML = Message(
    "E-CFG-SYNTAX",
    "not valid TOML: {why}{advice} (column {column}): {line_text}",
    "TOMLとして読めません。{why}{advice}（{column}文字目）：{line_text}",
)
TOO_DEEP = Message(
    "E-CFG-SYNTAX",
    "nested too deeply for a settings file; options are set in one [section] each.",
    "入れ子が深すぎます。設定は1つの[セクション]の中に書いてください。",
)
TOO_MANY_DIGITS = Message(
    "E-CFG-VALUE",
    "a number of {digits:,} digits is larger than any option takes; shorten it.",
    "{digits:,}桁の数値は大きすぎます。短くしてください。",
)
TOO_LONG = Message(
    "E-CFG-SIZE",
    "not a settings file: longer than {most:,} characters.",
    "設定ファイルではありません（{most:,}文字を超えています）。",
)
NOT_UTF8 = Message(
    "E-CFG-ENCODING",
    "byte {position} is not UTF-8; save the file as UTF-8.",
    "{position}バイト目がUTF-8ではありません。UTF-8で保存し直してください。",
)
NO_SUCH_FILE = Message("E-CFG-MISSING", "no such file.", "ファイルがありません。")
TOO_LARGE = Message("E-CFG-SIZE", "the file is too large: {reason}.", "ファイルが大きすぎます（{reason}）。")
UNREADABLE = Message("E-CFG-READ", "the file can't be read: {reason}.", "読み込めません（{reason}）。")
HALF_A_CHARACTER = Message(
    "E-CFG-TEXT",
    "the text has an invalid character (half of a surrogate pair) at position {position}; retype it.",
    "{position}文字目が壊れています。入力し直してください。",
)
NOT_YAML = Message("E-CFG-SYNTAX", "not valid YAML: {why}.", "YAMLとして読めません（{why}）。")
YAML_REFERENCE = Message(
    "E-CFG-SYNTAX",
    "the text has references (*name), which are not read; write the values out.",
    "参照（*名前）は読み込みません。値を書いてください。",
)
