"""Messages of the tools."""

from __future__ import annotations

from core.errors import Message

USAGE = Message("E-CLI-USAGE", "{usage}\n{error}", "{usage}\n引数の誤り：{error}")

CONVERT_NAME = Message(
    "E-CONVERT-NAME",
    "'{path}' can't be the name of the new model; give the path of the file or folder to create.",
    "「{path}」は新しいモデルの名前として使えません。作成するファイルかフォルダーのパスを指定してください。",
)
CONVERT_KIND = Message(
    "E-CONVERT-KIND",
    "{path} is not a model that can be trained here ({kind}); it can only be converted to .safetensors or .ckpt.",
    "{path} は学習に使えるモデルではないため（{kind}）、.safetensorsか.ckptにのみ変換できます。",
)

RESIZE_COPY = Message(
    "W-RESIZE-COPY", "`{name}` is not copied: {reason}.", "「{name}」はコピーしませんでした：{reason}。"
)
RESIZE_NO_FOLDER = Message(
    "E-RESIZE-SOURCE",
    "there is no folder {path}. Check the path.",
    "フォルダー {path} がありません。パスを確認してください。",
)
RESIZE_NO_IMAGES = Message("E-RESIZE-SOURCE", "there are no images in {path}.", "{path} に画像がありません。")
RESIZE_NESTED = Message(
    "E-RESIZE-TARGET",
    "One of {path} and {source} is inside the other. Choose a separate folder for the new images.",
    "{path} と {source} の一方が他方の中にあります。新しい画像には別の場所のフォルダーを指定してください。",
)
RESIZE_SAME_NAME = Message(
    "E-RESIZE-TWICE",
    "{name} and {other} in {folder} would both become {target}. Rename one of them.",
    "{folder} の{name}と{other}が、どちらも{target}になります。一方の名前を変えてください。",
)
RESIZE_SMALL = Message(
    "W-RESIZE-SMALL",
    "`{name}` ({size}) has or gets a side below {divisor} and is left out.",
    "「{name}」（{size}）は一辺が{divisor}未満になるため除きました。",
)

REG_NO_CLASS = Message(
    "E-REG-PROMPT",
    "give a class to generate, such as frog, or the folder of the training images.",
    "生成するクラス（例：frog）か、学習用画像のフォルダーを指定してください。",
)
REG_EMPTY_CLASS = Message(
    "E-REG-PROMPT",
    "a class is empty; give a word such as frog.",
    "クラスが空です。frogなどの語を指定してください。",
)
REG_PLACE = Message(
    "E-REG-PLACE",
    "the new images must not go into the folder of training images ({train}), where they would be trained as such; choose another folder.",
    "学習用画像のフォルダー（{train}）の中に生成すると学習用画像として扱われます。別のフォルダーを指定してください。",
)
REG_SHARED = Message(
    "E-REG-PROMPT",
    "{one} and {other} would share the folder {folder}; generate one of them into another folder.",
    "{one}と{other}の保存先が同じフォルダー（{folder}）になります。片方を別のフォルダーに生成してください。",
)
REG_COUNT = Message(
    "E-REG-COUNT",
    "give the number of images, or the folder of the training images, which determines it.",
    "枚数か、枚数を決めるための学習用画像のフォルダーを指定してください。",
)
REG_MODEL = Message(
    "E-MODEL-KIND",
    "{path} is not a base model of a supported family.",
    "{path} は使用できる元モデルではありません。",
)

UTF8_ENCODING = Message(
    "E-UTF8-ENCODING",
    "there is no encoding `{encoding}`; give one such as {known}.",
    "文字コード「{encoding}」はありません。{known}などを指定してください。",
)
UTF8_FOLDER = Message(
    "E-DIR-READ",
    "the folder {path} can't be read: {error}. Check the path.",
    "フォルダー {path} を読み込めません（{error}）。パスを確認してください。",
)

SAMPLER = Message(
    "E-SAMPLER",
    "no such sampler: {sampler}; there are {names}.",
    "サンプラーは{names}のいずれかです（指定：{sampler}）。",
)
SAMPLE_NONE = Message("E-SAMPLE-NONE", "the prompt is empty; write one.", "プロンプトが空です。")
SAMPLE_FOLDER = Message(
    "E-OUT-WRITE",
    "no folder can be made at {path} ({reason}). Give another one with --out.",
    "{path} にフォルダーを作成できません（{reason}）。--outに別のフォルダーを指定してください。",
)
SAMPLE_LONG = Message(
    "W-SAMPLE-LONG",
    "a prompt has {tokens} tokens; only the first {limit} are read (max_token_length).",
    "プロンプトが{tokens}トークンあり、最初の{limit}トークンだけが使われます（max_token_length）。",
)
WORDS_SEVERAL = Message(
    "E-EMB-SEVERAL",
    "one taught word can be used at a time, and these files have one each: {names}. Leave out all but one.",
    "一度に使える学習済みの単語は1つだけですが、次のファイルにそれぞれあります：{names}。1つだけ残してください。",
)
LORA_STRENGTH = Message(
    "E-LORA-STRENGTH",
    "the strength of a LoRA is a number such as 0.8, not {strength}.",
    "LoRAの強さは0.8のような数値で指定してください（指定：{strength}）。",
)

# Learning-rate range test

RANGE_REVERSED = Message(
    "E-RANGE",
    "the first rate must be below the last, and {lowest:g} is not below {highest:g}.",
    "最小の学習率は最大の学習率より小さくしてください（{lowest:g}、{highest:g}）。",
    key="lowest",
)
RANGE_FOUND_ITSELF = Message(
    "E-RANGE",
    "{optimizer} adapts the learning rate itself while it trains, so there is nothing to find: leave the learning rate at 1.",
    "{optimizer}は学習中に学習率を自動で決めるため、調べる必要がありません。学習率は1のままにしてください。",
)
RANGE_NOTHING = Message(
    "W-RANGE",
    "no rate of this range lowered the loss; try a wider range or more steps.",
    "この範囲では、どの学習率でもlossが下がりませんでした。範囲を広げるか、ステップ数を増やしてください。",
)

NO_REPOSITORY = Message(
    "E-HUB-NAME",
    "must be owner/name, such as me/my-frog; found {repo}.",
    "「所有者/名前」の形（例：me/my-frog）で指定してください（値：{repo}）。",
)
NO_TOKEN = Message(
    "E-HUB-TOKEN",
    "no Hugging Face token is set: an upload needs one with write access (https://huggingface.co/settings/tokens).",
    "Hugging Faceのトークンが設定されていません。アップロードには書き込み権限のあるトークンが必要です（https://huggingface.co/settings/tokens）。",
)
NO_MODEL_TO_UPLOAD = Message(
    "E-HUB-FILE",
    "{path} is neither a model file nor a Diffusers folder.",
    "{path} はモデルファイルでもDiffusers形式のフォルダーでもありません。",
)
REPOSITORY_PUBLIC = Message(
    "E-HUB-PUBLIC",
    "{repo} already exists and is public; nothing was uploaded. Choose another name, or upload as public.",
    "{repo} は公開リポジトリとしてすでにあります。アップロードはしていません。別の名前にするか、公開としてアップロードしてください。",
)
NAMES_TAKEN = Message(
    "E-HUB-THERE",
    "{repo} already has {names}; nothing was uploaded. Rename the model, or replace files of the same name.",
    "{repo} には {names} がすでにあるため、アップロードしていません。モデルの名前を変えるか、「同名のファイルを置き換える」を指定してください。",
)
UPLOAD_REFUSED = Message(
    "E-HUB-REFUSED",
    "the Hugging Face Hub does not let this token write to {repo}: it needs write access, and the owner must be you or an organization of yours.",
    "このトークンでは {repo} に書き込めません。書き込み権限のあるトークンで、自分または所属する組織の名前を指定してください。",
)
UPLOAD_FAILED = Message(
    "E-HUB-FAILED",
    "{repo} could not be uploaded to ({why}); check the connection and start again.",
    "{repo} にアップロードできませんでした（{why}）。接続を確認して、もう一度開始してください。",
)

# Captioning images

CAPTION_NO_IMAGES = Message(
    "E-CAPTION-SOURCE", "there are no images in {path}.", "{path} に画像がありません。", key="source"
)
CAPTION_FOLDER = Message(
    "E-CAPTION-SOURCE",
    "there is no folder {path}. Check the path.",
    "フォルダー {path} がありません。パスを確認してください。",
    key="source",
)

# Tools of adapter files

ADAPTER_FAMILY = Message(
    "E-LORA-FAMILY",
    "{path}: which model this adapter is for can't be told from the file. Only adapters for Stable Diffusion 1, 2 and XL can be used.",
    "{path}：どのモデル用のアダプターか判別できません。使えるのはStable Diffusion 1・2・XL用のものだけです。",
)
ADAPTER_OTHER = Message(
    "E-LORA-FAMILY",
    "{path} is for {own} and not for {wanted}. Choose files for the same model.",
    "{path} は{own}用で、{wanted}用ではありません。同じモデル用のファイルを選んでください。",
)
ADAPTER_NONLINEAR = Message(
    "E-LORA-KIND",
    "{path}: what {methods} changes depends on the base model. Make it a plain LoRA first (convert-adapter with the base model).",
    "{path}：{methods}の変化量は元モデルによって決まります。先に元モデルを指定して通常のLoRAに変換してください（convert-adapter）。",
)
SIZE_SHARE = Message(
    "E-SIZE",
    "a ratio is above 1, a share above 0 and at most 1; found {value:g}.",
    "比は1より大きい値、割合は0より大きく1以下の値で指定してください（値：{value:g}）。",
    key="dynamic_param",
)
BASE_FAMILY = Message(
    "E-MODEL-FAMILY",
    "{path} is {own}, and the adapter is for {wanted}. Choose the base model that it was trained on.",
    "{path} は{own}ですが、アダプターは{wanted}用です。学習に使った元モデルを選んでください。",
)
ADAPTERS_NONE = Message(
    "E-LORA-NONE",
    "give at least one adapter file.",
    "アダプターのファイルを1つ以上指定してください。",
    key="adapters",
)
ADAPTERS_STRENGTHS = Message(
    "E-LORA-STRENGTH",
    "there {strengths:is # strength|are # strengths} for {adapters:# adapter|# adapters}; give one for each, or none.",
    "アダプター{adapters}個に対して強さが{strengths}個あります。1つずつ指定するか、空欄にしてください。",
    key="strengths",
)
ADAPTERS_NUMBERS = Message(
    "E-LORA-STRENGTH",
    "`{strengths}` is not a list of numbers; write one for each adapter, such as 1,0.5.",
    "「{strengths}」は数値の並びではありません。1,0.5 のように、アダプターごとに数値を1つ指定してください。",
    key="strengths",
)
ADAPTER_NEEDS_BASE = Message(
    "E-LORA-BASE",
    "{path}: what {methods} changes depends on the base model. Name the model that it was trained on.",
    "{path}：{methods}の変化量は元モデルによって決まります。学習に使った元モデルを指定してください。",
    key="base",
)
ADAPTER_NO_CONCAT = Message(
    "E-LORA-KIND",
    "{path} is no plain LoRA ({methods}), so it can't be merged exactly. Choose SVD, or convert it to a LoRA first.",
    "{path} は通常のLoRAではないため（{methods}）、厳密にはマージできません。SVDを選ぶか、先にLoRAに変換してください。",
    key="way",
)
ADAPTER_SHAPES = Message(
    "E-LORA-SHAPE",
    "{path} is for a model of another size than the other adapters ({module}). Choose adapters for the same model.",
    "{path} は、ほかのアダプターとは大きさの違うモデル用です（{module}）。同じモデル用のものを選んでください。",
)
EXTRACT_SHAPES = Message(
    "E-MODEL-SHAPE",
    "{path} and {base} are models of different sizes ({module}). Choose the model that the tuned one was made from.",
    "{path} と {base} は大きさの違うモデルです（{module}）。学習のもとになったモデルを選んでください。",
)
EXTRACT_SAME = Message(
    "E-MODEL-SAME",
    "{path} does not differ from {base} in any layer that a LoRA is for; there is nothing to extract.",
    "{path} は、LoRAの対象となる層では {base} と同じです。抽出するものがありません。",
    key="tuned",
)
ADAPTER_NO_NAMES = Message(
    "E-LORA-NAMES",
    "{path} can't be written in the names of Diffusers, which knows LoRA and DoRA of outputs only ({methods}). Convert it to a plain LoRA.",
    "{path} はDiffusers形式では保存できません。対応するのはLoRAと出力側のDoRAだけです（{methods}）。通常のLoRAに変換してください。",
)

# Models of a run beside each other

NO_RUN = Message(
    "E-RUN-FOLDER",
    "there is no run at {path}: give its folder in `{folder}` below the output folder, or the output folder with the name of the run.",
    "{path} に学習の記録がありません。出力先フォルダーの「{folder}」にあるフォルダーか、出力先フォルダーと学習の名前を指定してください。",
    key="run",
)
RUN_NO_MODELS = Message(
    "E-RUN-MODELS",
    "no saved model of the run {path} is in its output folder.",
    "学習 {path} で保存されたモデルは出力先フォルダーにありません。",
    key="run",
)
COMPARE_NOTHING = Message(
    "E-COMPARE",
    "give a run or adapter files, one of the two.",
    "学習かアダプターのファイルのどちらか一方を指定してください。",
    key="run",
)
COMPARE_BASE = Message(
    "E-COMPARE-BASE",
    "name the model that these adapters are for.",
    "アダプターを使う元モデルを指定してください。",
    key="base",
)
COMPARE_PROMPT = Message(
    "E-COMPARE-PROMPT",
    "write a prompt: the run has no sample prompts of its own in its run file.",
    "プロンプトを入力してください。設定ファイルにサンプルのプロンプトがありません。",
    key="prompt",
)
COMPARE_FOLDER = Message(
    "E-OUT-WRITE",
    "no folder can be made in {path} ({reason}). Choose another one.",
    "{path} にフォルダーを作成できません（{reason}）。別のフォルダーを指定してください。",
    key="out",
)
COMPARE_STRENGTHS = Message(
    "E-COMPARE-STRENGTHS",
    "must be numbers from -{most:g} to {most:g} with commas between them, such as 0.6,0.8,1; found {given}.",
    "-{most:g}〜{most:g}の数値をカンマ区切りで指定してください（例：0.6,0.8,1。値：{given}）。",
    key="strengths",
)
COMPARE_STOPPED = Message(
    "W-COMPARE-STOPPED",
    "stopped after {done} of {total:# image|# images}; the sheets show what was drawn.",
    "{total}枚中{done}枚で停止しました。一覧画像には生成した分だけが表示されます。",
)

# Judging the models of a run

JUDGE_PROMPT = Message(
    "E-JUDGE-PROMPT",
    "write the prompt of the subject, such as sls frog: the folders of this run name none.",
    "対象のプロンプト（例：sls frog）を入力してください。この学習のフォルダー名からは分かりません。",
    key="prompt",
)
JUDGE_FEW = Message(
    "E-JUDGE-IMAGES",
    "{path} holds {count:# image|# images}; give a folder with two or more.",
    "{path} の画像は{count}枚です。2枚以上あるフォルダーを指定してください。",
    key="reference",
)
JUDGE_NO_IMAGES = Message(
    "E-JUDGE-IMAGES",
    "the training images of this run are not there any more, or can't be read; give a folder with two images of the subject or more.",
    "この学習の学習用画像がないか、読み込めません。対象の画像が2枚以上あるフォルダーを指定してください。",
    key="reference",
)
JUDGE_IMAGE = Message(
    "W-JUDGE-IMAGE",
    "`{name}` can't be read as an image and is left out.",
    "「{name}」を画像として読み込めないため除きました。",
)
JUDGE_TRAINED = Message(
    "W-JUDGE-TRAINED",
    "the images compared with are those that were trained: a model that copies them is rated too high. Give images that were not trained, or hold some out with validation_split.",
    "比較に使ったのは学習用画像そのものです。それらを丸写しするモデルほど高く評価されます。学習に使っていない画像を指定するか、validation_splitで検証用に取り分けてください。",
)
JUDGE_NO_CLASS = Message(
    "W-JUDGE-CLASS",
    "no prompt of the class is known, so drift was not measured; give one such as frog.",
    "クラスのプロンプトが分からないため、ずれは測っていません。frogなどを指定してください。",
)
JUDGE_LOW = Message(
    "W-JUDGE-LOW",
    "no model of this run is both like the subject and keeps the class. Where the class is lost, regularization images or a lower learning rate help; where the subject is not learned, more steps.",
    "対象に似ていてクラスも保たれているモデルは、この学習にはありません。クラスが失われている場合は正則化画像や低めの学習率、対象を学習できていない場合はステップ数の追加が有効です。",
)
JUDGE_BLIND_SUBJECT = Message(
    "W-JUDGE-BLIND",
    "to this judge the base model's images are as like the subject as its own images are to each other, so what was learned is not told. Try another judge or more images.",
    "この判定モデルでは、元モデルの画像と対象の画像を見分けられないため、対象の学習は示せません。別の判定モデルか、より多くの画像で試してください。",
)
JUDGE_BLIND_CLASS = Message(
    "W-JUDGE-BLIND",
    "to this judge images of the class are as like the subject as they are to each other, so what was kept is not told. Try another judge or more images.",
    "この判定モデルでは、クラスの画像と対象の画像を見分けられないため、クラスの維持は示せません。別の判定モデルか、より多くの画像で試してください。",
)
LAYERS_NONE = Message(
    "E-CFG-TOGETHER",
    "{path} trains no adapter; choose a run file that does (network.method).",
    "{path} はアダプターを学習する設定ではありません。アダプターの設定ファイルを選んでください（network.method）。",
)
