"""Messages about run files, presets, and the options and scripts of sd-scripts."""

from core.errors import Message

NOT_A_RUN_FILE = Message(
    "E-CFG-DATASETS",
    "describes datasets (a dataset_config), not a run; keep it as its own file and refer to it in the run file: dataset.dataset_config = 'path of the file'.",
    "これは学習の設定ではなく、データセットの設定（dataset_config）です。別のファイルとして保存し、設定ファイルでdataset.dataset_config = 'そのファイルのパス' と指定してください。",
    "datasets",
)
SET_SYNTAX = Message(
    "E-CFG-SET",
    "--set takes section.key=value, not {override}.",
    "--setは「section.key=値」の形で指定してください（指定：{override}）。",
)
SET_VALUE = Message(
    "E-CFG-SET",
    "{value} is not a TOML value; write text as \"'text'\".",
    "{value}はTOMLの値ではありません。文字列は\"'文字列'\"と書いてください。",
)
SECTION_AS_OPTION = Message(
    "E-CFG-UNKNOWN",
    "is a section, not an option; write [{name}] once, and its options below it.",
    "設定ではなくセクションです。[{name}]を1回だけ書き、その下に設定を書いてください。",
)
PRESET_FORMAT = Message(
    "W-PRESET-FORMAT",
    "this preset has format {version}; this version knows format {format} and uses what it knows.",
    "このプリセットの形式は{version}で、このバージョンの形式は{format}です。対応している設定だけを使います。",
)
PRESET_NOT_USED = Message(
    "W-PRESET-NOT-USED",
    "not used, but kept in the preset: {problem}",
    "使いませんが、プリセットには残します：{problem}",
)
PRESET_EXISTS = Message(
    "E-PRESET-EXISTS",
    "a preset {name} exists already; choose another name.",
    "プリセット「{name}」はすでにあります。別の名前にしてください。",
)
PRESET_NAME = Message(
    "E-PRESET-NAME",
    "{name} is not a valid preset name; use letters, digits, spaces, - and _, at most 64.",
    "{name}はプリセット名に使えません。文字・数字・空白・-・_で64文字以内にしてください。",
)
DIFFUSERS_SCRIPT = Message(
    "E-IMPORT-PROGRAM",
    "{script} belongs to diffusers, whose options have other names and meanings, so none was imported. Put the images into folders such as 20_sls frog (repeats, then instance prompt), choose LoRA or DreamBooth, and set model, learning rate, steps and resolution by hand.",
    "{script}はdiffusersのスクリプトで、オプションの名前や意味が異なるため取り込めません。画像を「20_sls frog」（繰り返し回数_instance prompt）のようなフォルダーに入れ、LoRAかDreamBoothを選び、モデル・学習率・ステップ数・解像度を設定してください。",
)
OTHER_TRAINING = Message(
    "E-IMPORT-FAMILY",
    "{script} trains what is not supported here; supported: {known}.",
    "{script}の学習には対応していません（対応：{known}）。",
)
OTHER_FORMAT = Message(
    "E-CFG-FORMAT",
    "the file has format {found}; this version reads format {format}.",
    "このファイルの形式は{found}です。このバージョンで読めるのは{format}です。",
)

UNKNOWN_OPTION = Message(
    "E-CFG-UNKNOWN", "no such option; {advice}", "そのようなオプションはありません。{advice}"
)
SET_TWICE = Message(
    "E-CFG-TWICE",
    "{first} already sets {option} to {value}; remove one of them.",
    "{first}が{option}を{value}に設定済みです。どちらかを削除してください。",
)
OVERRULED = Message(
    "W-CFG-READ-AS",
    "{name} = {value} is not used beside {switch}.",
    "{switch}があるため、{name} = {value}は使いません。",
)
PRECISION_NEEDED = Message(
    "E-CFG-TOGETHER",
    "{full} needs mixed_precision {needed!r}, not {value}; set it, or remove {full}.",
    "{full}にはmixed_precision={needed}が必要です（値：{value}）。変更するか、{full}を外してください。",
)

EMPTY = Message(
    "E-CFG-VALUE",
    "is empty; the default is {default}.",
    "空です（初期値は{default}）。値を入力してください。",
)
NOT_WHOLE = Message(
    "E-CFG-VALUE", "must be a whole number, not {value}.", "整数にしてください（値：{value}）。"
)
NOT_A_NUMBER = Message("E-CFG-VALUE", "must be a number, not {value}.", "数値にしてください（値：{value}）。")
NOT_FINITE = Message(
    "E-CFG-VALUE", "must be a finite number, not {value}.", "有限の数値にしてください（値：{value}）。"
)
NOT_A_SWITCH = Message(
    "E-CFG-VALUE", "must be true or false, not {value}.", "trueまたはfalseにしてください（値：{value}）。"
)
NOT_TEXT = Message(
    "E-CFG-VALUE",
    "must be text in quotes, not {value}.",
    "引用符で囲んだ文字列にしてください（値：{value}）。",
)
NOT_A_LIST = Message(
    "E-CFG-VALUE",
    "must be a list of texts in quotes, not {value}.",
    "引用符で囲んだ文字列のリストにしてください（値：{value}）。",
)
NOT_A_SIZE = Message(
    "E-CFG-VALUE",
    'must be a number or "width,height", not {value}.',
    "数値または「幅,高さ」にしてください（値：{value}）。",
)
ONE_NUMBER = Message("E-CFG-VALUE", "needs two numbers, found {value}.", "数値が2つ必要です（値：{value}）。")
MORE_THAN_TWO = Message(
    "E-CFG-VALUE", "takes two numbers, found {value}.", "数値は2つまでです（値：{value}）。"
)
NOT_STEPS = Message(
    "E-CFG-VALUE",
    'must be a whole number of steps, a share such as 0.1, or a percentage such as "10%", not {value}.',
    'ステップ数（整数）、0.1のような1未満の割合、または"10%"のような百分率にしてください（値：{value}）。',
)
NOT_A_CHOICE = Message(
    "E-CFG-VALUE",
    "must be one of {choices}, not {value}.",
    "{choices}のいずれかにしてください（値：{value}）。",
)
NOT_A_PATTERN = Message(
    "E-CFG-VALUE",
    "{value} is not a valid pattern: {detail}. Patterns are regular expressions for whole names of layers, such as .*attn1.*",
    "{value}は使えるパターンではありません：{detail}。パターンは層の名前全体に一致する正規表現です（例：.*attn1.*）。",
)
BELOW_BOUND = Message(
    "E-CFG-VALUE", "must be at least {bound}, not {value}.", "{bound}以上にしてください（値：{value}）。"
)
NOT_ABOVE_BOUND = Message(
    "E-CFG-VALUE", "must be above {bound}, not {value}.", "{bound}より大きくしてください（値：{value}）。"
)
ABOVE_BOUND = Message(
    "E-CFG-VALUE", "must be at most {bound}, not {value}.", "{bound}以下にしてください（値：{value}）。"
)
NOT_BELOW_BOUND = Message(
    "E-CFG-VALUE", "must be below {bound}, not {value}.", "{bound}より小さくしてください（値：{value}）。"
)
NO_MULTIPLE = Message(
    "E-CFG-VALUE",
    "must be a multiple of {bound}, not {value}.",
    "{bound}の倍数にしてください（値：{value}）。",
)
BAD_VALUE = Message(
    "E-CFG-VALUE", "{detail}, found {value}.", "値が正しくありません（{detail}、値：{value}）。"
)

READ_AS = Message("W-CFG-READ-AS", "{name} is read as {value}.", "{name}は{value}として読みました。")
TOO_MANY_RATES = Message(
    "E-CFG-VALUE",
    "takes one learning rate, or one for each of {most} text encoders; found {found}.",
    "学習率は1つ、またはText Encoder{most}つそれぞれに1つ指定します（{found}個あります）。",
)
FIRST_RATE = Message(
    "W-CFG-READ-AS",
    "{name} is read as its first learning rate, {value}: only {families} has a second text encoder.",
    "{name}は最初の値{value}として読みました（2つ目のText Encoderがあるのは{families}だけです）。",
)
RATE_OF_EACH = Message(
    "W-CFG-READ-AS",
    "{name} is read as {value}: for the first text encoder and the second; networks.lora of sd-scripts uses the first rate for both.",
    "{name}は{value}として読みました（1つ目と2つ目のText Encoder）。sd-scriptsのnetworks.loraは両方に最初の値を使います。",
)
WINDOW_FIELD = Message(
    "W-CFG-READ-AS",
    "{name} is a field of kohya_ss's window, not an option of sd-scripts; it is not used.",
    "{name}はkohya_ssの画面の項目で、sd-scriptsのオプションではないため使いません。",
)
NOT_NEEDED = Message("W-CFG-READ-AS", "{name} is not needed: {reason}.", "{name}は不要です（{reason}）。")
NOT_HERE = Message(
    "E-CFG-NOTHERE",
    "{reason} (found {value}); remove it to train without it.",
    "{reason}（値：{value}）。これなしで学習する場合は、削除してください。",
)
NETWORK_MODULE = Message(
    "E-CFG-NOTHERE",
    "{value} can't be trained here; there are networks.lora, networks.loha, networks.lokr and lycoris.kohya.",
    "{value}はここでは学習できません。使えるのはnetworks.lora、networks.loha、networks.lokr、lycoris.kohyaです。",
)
LYCORIS_ALGORITHM = Message(
    "E-CFG-NOTHERE",
    "this algorithm of LyCORIS can't be trained here (found {value}); there are {known}.",
    "LyCORISのこのalgoはここでは学習できません（値：{value}）。使えるのは{known}です。",
)
LYCORIS_PRESET = Message(
    "E-CFG-NOTHERE",
    "this preset of LyCORIS is not known here (found {value}); there are {known}. Patterns of layers can be set in network.exclude_patterns and network.include_patterns.",
    "LyCORISのこのpresetには対応していません（値：{value}）。使えるのは{known}です。層はnetwork.exclude_patternsとnetwork.include_patternsで選べます。",
)
LYCORIS_ARGUMENT = Message(
    "E-CFG-NOTHERE",
    "{name} of LyCORIS is not available here and would change the result (found {value}); remove it.",
    "LyCORISの{name}には対応しておらず、結果が変わります（値：{value}）。削除してください。",
)
LYCORIS_CONVOLUTIONS = Message(
    "W-CFG-LYCORIS",
    "LyCORIS trains convolutions too where no conv_dim is given, so network.conv_rank = {rank} was set; conv_in, conv_out and the time embedding, which its preset full trains as well, are left alone.",
    "LyCORISはconv_dimの指定がなくても畳み込み層を学習するため、network.conv_rank = {rank}にしました。presetのfullで学習するconv_in・conv_out・time embeddingは学習しません。",
)
PLACE_OF_RESUME = Message(
    "E-CFG-NOTHERE",
    "a resumed run continues exactly where its state was saved, so this is not needed (found {value}); remove it and set the state in save.resume.",
    "再開時は保存した時点から正確に続くため不要です（値：{value}）。削除して、save.resumeに学習状態を指定してください。",
)
CONFIG_FILE = Message(
    "E-CFG-NOTHERE",
    "the settings in the file {value} are not read from here; open that file itself.",
    "ファイル{value}の設定はここからは読み込みません。そのファイルを直接開いてください。",
)

NETWORK_ARGUMENT_SYNTAX = Message(
    "E-CFG-NOTHERE",
    "write name=value, such as conv_dim=4, not {value}.",
    "「conv_dim=4」のように「名前=値」で書いてください（値：{value}）。",
)
UNKNOWN_NETWORK_ARGUMENT = Message(
    "E-CFG-NOTHERE",
    "networks.lora has no argument {name}; {advice}",
    "networks.loraに引数{name}はありません。{advice}",
)
ARGUMENT_SYNTAX = Message(
    "E-OPT-ARGS",
    "write name=value, such as weight_decay=0.01, not {line_text}.",
    "「weight_decay=0.01」のように「名前=値」で書いてください（{line_text}）。",
)
ARGUMENT_VALUE = Message(
    "E-OPT-ARGS",
    "the value of {name} is not a number, list or True/False: {value}.",
    "{name}の値が数値・リスト・True/Falseのいずれでもありません：{value}。",
)
STEP_RULES_NEEDED = Message(
    "E-OPT-ARGS",
    "piecewise_constant needs its pieces, such as step_rules=1:100,0.5:200,0.1.",
    "piecewise_constantには区間の指定が必要です（例：step_rules=1:100,0.5:200,0.1）。",
)
NOT_STEP_RULES = Message(
    "E-OPT-ARGS",
    "only step_rules=... is accepted here, for piecewise_constant, not {line_text}.",
    "指定できるのはpiecewise_constant用のstep_rules=…だけです（{line_text}）。",
)
STEP_RULES_SYNTAX = Message(
    "E-OPT-ARGS",
    "write step_rules as 1:100,0.5:200,0.1 (factor:up to which step, ..., factor), not {value}.",
    "step_rulesは「1:100,0.5:200,0.1」（倍率:終わりのステップ, …, 最後の倍率）と書いてください（{value}）。",
)
