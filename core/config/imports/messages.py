"""Messages about settings imported from other programs."""

from core.errors import Message

AFTER_THE_COMMAND = Message(
    "W-IMPORT-AFTER",
    "text after the command was not imported: {text}.",
    "コマンドの後に続く部分は取り込んでいません：{text}。",
)
STRAY_WORDS = Message(
    "W-IMPORT-STRAY",
    "belongs to no option, so it was not imported: {text}.",
    "どのオプションにも属さないため取り込んでいません：{text}。",
)
UNKNOWN_VARIABLE = Message(
    "W-IMPORT-VARIABLE",
    "{name} is a variable whose options are not in this text; add them by hand.",
    "{name}の中身はこのテキストにないため、そのオプションは手で追加してください。",
)
SEVERAL_COMMANDS = Message(
    "E-IMPORT-SEVERAL",
    "the text has {count} commands; paste one of them.",
    "コマンドが{count}個あります。1つだけ貼り付けてください。",
)
OTHER_SCRIPT = Message(
    "W-IMPORT-SCRIPT",
    "{script} is none of {known}; its options are read as theirs.",
    "{script}は{known}のいずれでもありませんが、同じオプションとして読みました。",
)
ONE_DASH = Message(
    "E-IMPORT-DASH",
    "-{name} has one dash; an option begins with two: write --{option}",
    "-{name}のハイフンが1つです。「--{option}」のように2つ書いてください。",
)
GIVEN_TWICE = Message(
    "W-IMPORT-TWICE",
    "{name} is given {count} times; the last one counts: {last}.",
    "{name}が{count}回指定されています。最後の値を使います：{last}。",
)
OTHER_FAMILY = Message(
    "E-IMPORT-FAMILY",
    "settings for another model family ({family}); only {families} can be trained here.",
    "別の種類のモデル（{family}）の設定です。学習できるのは{families}だけです。",
)
EMBEDDING = Message(
    "E-IMPORT-FAMILY",
    "OneTrainer's settings for textual inversion can't be read; choose that method here and name the word.",
    "OneTrainerのtextual inversionの設定は読み込めません。ここでその学習方法を選び、単語を指定してください。",
)
NO_METADATA = Message(
    "E-IMPORT-METADATA",
    "the file has no record of its training settings.",
    "このファイルには学習時の設定が記録されていません。",
)
UNKNOWN_RECORDS = Message(
    "W-IMPORT-UNKNOWN",
    "unknown metadata, not used: {names}.",
    "内容が不明な記録は使いません：{names}。",
)
OTHER_PROGRAM = Message(
    "E-IMPORT-PROGRAM",
    "settings of {program}: its options have other names and units, so none was imported.{found} Choose a preset and set the base model, learning rate, rank and steps by hand.",
    "{program}の設定です。オプションの名前や単位が異なるため取り込めません。{found}プリセットを選び、元モデル・学習率・ランク・ステップ数を設定してください。",
)
NO_KNOWN_FORM = Message(
    "E-IMPORT",
    "neither a command line with --options, nor TOML, JSON, YAML or .env. As TOML: {problem}",
    "「--オプション」のあるコマンドライン・TOML・JSON・YAML・.envのいずれでもありません。TOMLとしては、{problem}",
)
PLACEHOLDER = Message(
    "W-IMPORT-EMPTY",
    "{name} has no value yet: {value} is a placeholder.",
    "{name}を入力してください（{value}は説明であり値ではありません）。",
)
OPEN_QUOTE = Message("E-IMPORT", "a quote is not closed.", "引用符が閉じられていません。")
EMPTY_TEXT = Message(
    "E-IMPORT",
    "nothing to read: paste a command line with --options, or the text of a TOML, JSON, YAML or .env file.",
    "読み込む内容がありません。「--オプション」のあるコマンドラインか、TOML・JSON・YAML・.envファイルの内容を貼り付けてください。",
)
NOTHING_TAKEN = Message(
    "E-IMPORT",
    "no setting in it can be taken: paste a command line with --options, or the text of a TOML, JSON, YAML or .env file.",
    "取り込める設定がありません。「--オプション」のあるコマンドラインか、TOML・JSON・YAML・.envファイルの内容を貼り付けてください。",
)
TAKEN = Message(
    "I-IMPORT-TAKEN",
    "{count:# setting was|# settings were} taken: {names}.",
    "{count:,}個の設定を取り込みました：{names}。",
)
NOT_HERE = Message(
    "E-CFG-NOTHERE", "not taken: {reason} (found {value}).", "取り込んでいません：{reason}（値：{value}）。"
)
NOT_OF_FAMILY = Message(
    "W-CFG-READ-AS",
    "{name} = {value} is not used: {family} models do not have this option.",
    "{name} = {value}は使いません（{family}のモデルにはないオプションです）。",
)
SCRIPT_DEFAULTS = Message(
    "W-CFG-READ-AS",
    "not given, so set to the defaults of sd-scripts: {values}.",
    "指定がないため、sd-scriptsの既定値にしました：{values}。",
)
UNLIKE_SD_SCRIPTS = Message(
    "W-CFG-READ-AS",
    "some inputs of {family} are computed as the model expects them, not as sd-scripts does; to train a model or LoRA of sd-scripts further, set {options}.",
    "{family}への入力の一部は、sd-scriptsの計算ではなくモデル本来の計算によります。sd-scriptsで学習したモデルやLoRAをさらに学習するときは、{options}を指定してください。",
)
NO_WEIGHTS_OF_PART = Message(
    "W-CFG-READ-AS",
    "the file has no weights of {part}, so {option} = 0.0.",
    "このファイルには{part}の重みがないため、{option} = 0.0としました。",
)
LORA_WITH_CONVOLUTIONS = Message(
    "W-CFG-READ-AS",
    "LoRA_type {kind} is read as LoRA with network.conv_rank and network.conv_alpha.",
    "LoRA_typeの{kind}はLoRA（network.conv_rank・network.conv_alpha付き）として読みました。",
)
SHARE_AS_STEPS = Message(
    "W-CFG-READ-AS",
    "{share:g}% is read as {name} = {steps}.",
    "{share:g}%は{name} = {steps}として読みました。",
)
LEFT = Message(
    "W-IMPORT-LEFT",
    "{name} = {value} was not taken: {reason}.",
    "{name} = {value}は取り込んでいません（{reason}）。",
)
OTHERS_LEFT = Message(
    "W-IMPORT-LEFT",
    "{count:# further setting|# further settings} of {program} without a counterpart here {count:was|were} not taken: {names}.",
    "{program}の設定のうち、対応するもののない{count:,}個は取り込んでいません：{names}。",
)
PROGRAM = Message("I-IMPORT-PROGRAM", "Settings of {program}.", "{program}の設定です。")
FOLDERS = Message(
    "I-IMPORT-FOLDERS",
    "{count:# image folder was|# image folders were} taken: {names}.",
    "{count:,}個の画像フォルダーを取り込みました：{names}。",
)
ELSEWHERE = Message(
    "W-IMPORT-ELSEWHERE",
    "the {what} are in {file}, which is not part of this text; open that file too, or choose the images by hand.",
    "{what}は{file}にあり、このテキストには含まれていません。そのファイルも開くか、画像を指定してください。",
)
TRAINING_KIND = Message(
    "E-IMPORT-FAMILY",
    "settings of {program} for a kind of training that is not available here: {kind}.",
    "{program}の設定ですが、この種類の学習（{kind}）には対応していません。",
)
NO_FOLDERS = Message(
    "E-IMPORT-IMAGES",
    "settings of {program} that name no image folder on this computer.",
    "{program}の設定ですが、このコンピューターの画像フォルダーが書かれていません。",
)
NO_JOB = Message(
    "E-IMPORT-EMPTY",
    "settings of {program} without any training in them.",
    "{program}の設定ですが、学習の内容がありません。",
)
