"""Messages of the rules: options that do not go together in a run."""

from core.errors import Message

SEPARATOR_WITHIN = Message(
    "E-CFG-TOGETHER",
    "must not contain caption_separator ({caption_separator}), found {value}; use another one, such as `;;;`.",
    "caption_separator（{caption_separator}）を含められません（値：{value}）。「;;;」などにしてください。",
)
SEPARATORS_EQUAL = Message(
    "E-CFG-TOGETHER",
    "must differ from keep_tokens_separator ({keep_tokens_separator}).",
    "keep_tokens_separator（{keep_tokens_separator}）と異なるものにしてください。",
    "dataset.secondary_separator",
)
CAPTION_EXTENSION = Message(
    "E-CAP-EXTENSION",
    "{given} is not an extension of caption files; use .caption or .txt.",
    "{given}はキャプションファイルの拡張子ではありません。.captionか.txtにしてください。",
    "dataset.caption_extension",
)
ALL_RATES_ZERO = Message(
    "E-CFG-TOGETHER",
    "every learning rate is 0, so nothing would be trained; raise one.",
    "学習率がすべて0のため何も学習されません。いずれかを0より大きくしてください。",
    "train.learning_rate",
)
SCHEDULE_FACTOR_ZERO = Message(
    "W-TRAIN-IDLE",
    "a factor of 0 sets the learning rate to 0: nothing is trained during these steps.",
    "倍率が0の区間では学習率が0になり、何も学習されません。",
    "optimizer.lr_scheduler_args",
)
REGULARIZATION_WEIGHT_ZERO = Message(
    "W-TRAIN-IDLE",
    "0 disables the regularization images, although they take half of the training; leave reg_data_dir empty, or use 1.",
    "0では正則化画像が学習に影響しないまま、学習の半分を占めます。reg_data_dirを空欄にするか、1.0にしてください。",
    "dataset.prior_loss_weight",
)
TWO_MASKS = Message(
    "E-CFG-TOGETHER",
    "cannot be used with dataset.conditioning_data_dir: an image has one mask. Choose one of them.",
    "dataset.conditioning_data_dirと同時には使えません（マスクは画像ごとに1つです）。どちらかにしてください。",
    "dataset.alpha_mask",
)
TIMESTEPS_EMPTY = Message(
    "E-CFG-RANGE",
    "must not be above max_timestep ({high}), found {low}.",
    "max_timestep（{high}）以下にしてください（値：{low}）。",
    "train.min_timestep",
)
ADAPTIVE_WITHOUT_OFFSET = Message(
    "E-CFG-TOGETHER",
    "needs a noise offset; set train.noise_offset above 0, or remove this option.",
    "noise_offsetに加算する値です。train.noise_offsetを0より大きくするか、この指定を外してください。",
    "train.adaptive_noise_scale",
)
FOR_V_ONLY = Message(
    "E-CFG-TOGETHER",
    "is for v-prediction models, and this model predicts {prediction}; turn it off.",
    "v予測モデル専用です。このモデルは{prediction}を予測するため、オフにしてください。",
    "train.scale_v_pred_loss_like_noise_pred",
)
FOR_EPSILON_ONLY = Message(
    "E-CFG-TOGETHER",
    "is for epsilon-prediction models, and this model predicts {prediction}; set it to 0.",
    "epsilon（ノイズ）を予測するモデル専用です。このモデルは{prediction}を予測するため、0にしてください。",
    "train.v_pred_like_loss",
)
ZERO_SNR_WITH_EPSILON = Message(
    "W-CFG-ZERO-SNR",
    "zero_terminal_snr is meant for v-prediction models; an epsilon-prediction model learns nothing from pure noise.",
    "zero_terminal_snrはv予測モデル向けです。ノイズを予測するモデルは、完全なノイズからは何も学習できません。",
    "train.zero_terminal_snr",
)
BLOCK_NUMBERS = Message(
    "E-CFG-VALUE",
    "must be {count} numbers with commas between them{curves}{family}, not {text}.",
    "{family}カンマ区切りの{count}の数値{curves}にしてください（値：{text}）。",
)
BLOCK_COUNT = Message(
    "E-CFG-VALUE",
    "takes {count} numbers{curves}{family}, found {found}.",
    "{family}数値は{count}{curves}必要です（{found}個あります）。",
)
BLOCKS_IGNORED = Message(
    "W-CFG-READ-AS",
    "only the first {count} of its {found} numbers are used: {family} has no more blocks there.",
    "{found}個のうち先頭の{count}個だけを使います（{family}のブロック数は{count}です）。",
)
BLOCKS_FILLED = Message(
    "W-CFG-READ-AS",
    "has {found} of the {count} numbers for {family}; 1 is used for the others.",
    "{family}では{count}個必要ですが{found}個しかないため、不足分は1とします。",
)
RANKS_WHOLE = Message(
    "E-CFG-VALUE",
    "must be whole numbers from 0 to 1024, not {text}.",
    "0〜1024の整数にしてください（値：{text}）。",
)
FACTOR_TOO_LARGE = Message(
    "E-CFG-VALUE",
    "must be at most {most:,.0f} each, found {text}.",
    "それぞれ{most:,.0f}以下にしてください（値：{text}）。",
)
BELOW_ZERO = Message(
    "E-CFG-VALUE", "must not be below 0, found {text}.", "0以上にしてください（値：{text}）。"
)
NO_WEIGHTS_FOR_RANKS = Message(
    "E-CFG-NEEDED",
    "needs a LoRA file to read the ranks from; set network.weights.",
    "ランクを取得するLoRAファイルが必要です。network.weightsで指定してください。",
    "network.dim_from_weights",
)
RANKS_FROM_FILE = Message(
    "E-CFG-TOGETHER",
    "cannot be used with network.dim_from_weights, which reads every rank from the file; turn one of them off.",
    "ランクをすべてファイルから取得するnetwork.dim_from_weightsとは同時に使えません。どちらかを切ってください。",
)
FACTOR_TOO_LOW = Message(
    "W-OPT-RATE",
    "{optimizer} finds the learning rate itself and uses this value as a factor of it: 1 is typical, {rate:g} is too low.",
    "{optimizer}は学習率を自動で決め、この値はその倍率になります。{rate:g}は低すぎます（通常は1）。",
)
RATE_FACTOR_UNUSED = Message(
    "W-OPT-ONE-RATE",
    "has no effect: {optimizer} has a single learning rate.",
    "{optimizer}の学習率は全体で1つなので使われません。",
)
ONE_RATE = Message(
    "W-OPT-ONE-RATE",
    "{optimizer} has a single learning rate: {rate:g}, the U-Net's, is used for the text encoder too.",
    "{optimizer}の学習率は全体で1つです。Text EncoderにもU-Netの{rate:g}を使います。",
    "train.text_encoder_lr",
)
RATE_TOO_HIGH = Message(
    "W-OPT-RATE",
    "{rate} is far too high: for {trained} with {optimizer}, {usual} is typical. Training will most likely fail.",
    "{rate}は高すぎます。{trained}を{optimizer}で学習する場合の目安は{usual}です。このままでは学習に失敗する可能性が高くなります。",
)
RATE_TOO_LOW = Message(
    "W-OPT-RATE",
    "{rate} is very low: for {trained} with {optimizer}, {usual} is typical. Training will hardly change the model.",
    "{rate}は低すぎます。{trained}を{optimizer}で学習する場合の目安は{usual}です。このままではほとんど学習が進みません。",
)
ADAFACTOR_SCHEDULE = Message(
    "W-CFG-READ-AS",
    "Adafactor sets its own step sizes, so the schedule is adafactor, and learning_rate and lr_warmup_steps are not used; to use them, set relative_step=False in optimizer_args.",
    "Adafactorは学習率を自動で決めるため、スケジューラーはadafactorになり、learning_rateとlr_warmup_stepsは使われません。指定する場合はoptimizer_argsにrelative_step=Falseを加えてください。",
    "optimizer.lr_scheduler",
)
ADAFACTOR_SCHEDULE_ONLY = Message(
    "E-CFG-TOGETHER",
    "this schedule is only for Adafactor with relative_step, not for {optimizer} as configured; choose constant or another one.",
    "このスケジューラーはrelative_stepのAdafactor専用で、現在の{optimizer}では使えません。constantなどを選んでください。",
    "optimizer.lr_scheduler",
)
SCHEDULE_FREE = Message(
    "E-CFG-TOGETHER",
    "{optimizer} averages the weights instead of lowering the learning rate; choose constant.",
    "{optimizer}は学習率を下げる代わりに重みを平均します。constantを選んでください。",
    "optimizer.lr_scheduler",
)
EMA_TWICE = Message(
    "E-CFG-TOGETHER",
    "{optimizer} averages the weights already; leave ema_decay empty.",
    "{optimizer}は重みの平均をすでに行います。ema_decayを空欄にしてください。",
    "train.ema_decay",
)
MIN_RATE_NEEDED = Message(
    "E-CFG-NEEDED",
    "cosine_with_min_lr needs the lowest learning rate as a share of the rate, such as 0.1.",
    "cosine_with_min_lrには学習率の下限の比率が必要です（例：0.1）。",
    "optimizer.lr_scheduler_min_lr_ratio",
)
DECAY_NEEDED = Message(
    "W-CFG-DECAY",
    "without a length, such as 20%, warmup_stable_decay never lowers the learning rate.",
    "長さ（例：20%）を指定しないと、warmup_stable_decayでも学習率は下がりません。",
    "optimizer.lr_decay_steps",
)
WARMUP_AND_DECAY = Message(
    "E-CFG-RANGE",
    "warm-up and decay together are longer than the run; shorten one of them.",
    "ウォームアップと減衰の合計が学習全体より長くなっています。どちらかを短くしてください。",
    "optimizer.lr_decay_steps",
)
WARMUP_TOO_LONG = Message(
    "W-CFG-WARMUP",
    "warm-up ({warmup}) is as long as the run: the learning rate never reaches its target.",
    "ウォームアップ（{warmup}）が学習全体以上のため、学習率は設定値に達しません。",
    "optimizer.lr_warmup_steps",
)
FUSED_ACCUMULATION = Message(
    "E-CFG-TOGETHER",
    "cannot be used with gradient_accumulation_steps = {steps}: a gradient is used up as soon as it is computed; set it to 1, or turn this option off.",
    "gradient_accumulation_steps = {steps}とは同時に使えません（勾配は計算後すぐに使われて消えるため）。1にするか、このオプションをオフにしてください。",
    "train.fused_backward_pass",
)
FUSED_FP16 = Message(
    "E-CFG-TOGETHER",
    "cannot be used with {precision}, which has to see all gradients before any weight is updated; use {other}, or turn this option off.",
    "{precision}では、重みを更新する前にすべての勾配を調べる必要があるため使えません。{other}にするか、このオプションをオフにしてください。",
    "train.fused_backward_pass",
)
FUSED_OPTIMIZER = Message(
    "E-CFG-TOGETHER",
    "cannot be used with {optimizer}, which has to see all weights at once; choose another optimizer such as AdamW8bit or Adafactor, or turn this option off.",
    "{optimizer}はすべての重みを同時に更新する必要があるため使えません。AdamW8bitやAdafactorなどを選ぶか、このオプションをオフにしてください。",
    "train.fused_backward_pass",
)
AMONG_IMAGES = Message(
    "E-OUT-DATA",
    "the {what} folder must not be the folder of training images or inside it ({option} = {folder}): results would be mixed with images; choose another.",
    "{what}フォルダーに、学習用画像のフォルダーやその中は指定できません（{option} = {folder}）。結果と画像が混ざるため、別のフォルダーを指定してください。",
)
OVER_A_SOURCE = Message(
    "E-OUT-SOURCE",
    "this run would overwrite {given}, one of its own inputs ({option}); choose another output name or folder.",
    "学習の入力である{given}（{option}）を上書きする設定です。別の出力名か出力先フォルダーを指定してください。",
    "save.output_name",
)
ZERO_BYTE = Message(
    "E-CFG-PATH",
    "contains a zero byte, which no path can have: {value}; retype it.",
    "パスに使えない文字（U+0000）が含まれています：{value}。入力し直してください。",
)
NO_PATH = Message(
    "E-CFG-PATH",
    "no folder or file is given ({value}); set one, or remove this option.",
    "フォルダーやファイルの指定がありません（値：{value}）。指定するか、この項目を削除してください。",
)
PATH_QUOTED = Message(
    "E-CFG-PATH",
    "quotes and blanks around a path, and ~, are read as part of it: {value}; write {meant}.",
    "前後の引用符・空白や「~」もパスの一部として扱われます（値：{value}）。{meant}と書いてください。",
)
PATH_TOO_LONG = Message(
    "E-PATH-LONG",
    "{excess}. Choose a folder with a shorter path.",
    "{excess}。パスの短いフォルダーを使ってください。",
)
NO_BASE = Message(
    "E-CFG-NEEDED",
    "no base model is set; give a .safetensors or .ckpt file or a Diffusers folder.",
    "元モデルが指定されていません。.safetensors・.ckptファイルかDiffusersフォルダーを指定してください。",
    "model.base",
)
SIDE_TOO_LARGE = Message(
    "E-CFG-RANGE",
    "must be at most {most}, not {side}.",
    "{most}以下にしてください（値：{side}）。",
    "dataset.resolution",
)
SIDE_MULTIPLE = Message(
    "E-CFG-MULTIPLE",
    "must be a multiple of {step}, not {side}; {near} is the nearest.",
    "{step}の倍数にしてください（値：{side}、最も近いのは{near}）。",
    "dataset.resolution",
)
BUCKET_BELOW_STEP = Message(
    "E-CFG-RANGE",
    "must be at least bucket_reso_steps ({step}), found {found}.",
    "bucket_reso_steps（{step}）以上にしてください（値：{found}）。",
    "dataset.min_bucket_reso",
)
BUCKETS_REVERSED = Message(
    "E-CFG-RANGE",
    "must not be above max_bucket_reso ({largest}), found {found}.",
    "max_bucket_reso（{largest}）以下にしてください（値：{found}）。",
    "dataset.min_bucket_reso",
)
BUCKET_ABOVE_RESOLUTION = Message(
    "E-CFG-RANGE",
    "must not be above the smaller side of the resolution ({side}), found {found}; lower it or raise the resolution.",
    "解像度の短辺（{side}）以下にしてください（値：{found}）。",
    "dataset.min_bucket_reso",
)
BUCKET_BELOW_RESOLUTION = Message(
    "E-CFG-RANGE",
    "must not be below the larger side of the resolution ({side}), found {found}; raise it or lower the resolution.",
    "解像度の長辺（{side}）以上にしてください（値：{found}）。",
    "dataset.max_bucket_reso",
)
BUCKETS_ALL_SQUARE = Message(
    "W-CFG-BUCKET",
    "no bucket is longer than the resolution ({side}), so images that are not square are trained smaller than the model can take. Set max_bucket_reso to {more}.",
    "解像度（{side}）より長いバケットがないため、正方形でない画像は本来より小さく学習されます。max_bucket_resoを{more}にしてください。",
    "dataset.max_bucket_reso",
)
NOT_WITH_CACHE = Message(
    "E-CFG-TOGETHER",
    "cannot be used with dataset.{cache}: cached latents never change. Turn one of them off.",
    "dataset.{cache}と同時には使えません（キャッシュしたlatentsは変化しないため）。どちらかを切ってください。",
)
LORA_FORMAT = Message(
    "E-CFG-TOGETHER",
    "a LoRA is a single file; choose safetensors or ckpt.",
    "LoRAは単一ファイルで保存します。safetensorsかckptを選んでください。",
    "save.save_model_as",
)
NAMES_OF_DIFFUSERS = Message(
    "E-CFG-TOGETHER",
    "Diffusers reads LoRA and DoRA of outputs only, found {method}; choose kohya, or another method.",
    "Diffusersが読み込めるのはLoRAと出力側のDoRAだけです（学習方法：{method}）。kohyaか、別の学習方法を選んでください。",
    "save.adapter_names",
)
NAMES_NEED_METADATA = Message(
    "E-CFG-TOGETHER",
    "the alpha of these names stands in the metadata, which a .ckpt file does not have; choose kohya, or safetensors.",
    "Diffusers形式のalphaはメタデータに入りますが、.ckptには入れられません。kohyaか、safetensorsを選んでください。",
    "save.adapter_names",
)
NAME_TOO_LONG = Message(
    "E-PATH-LONG",
    "the name is {length:,} bytes long; at most {most} are possible, since numbers and extensions are appended. Shorten it.",
    "名前が{length:,}バイトあります（番号と拡張子が付くため、上限は{most}）。短くしてください。",
    "save.output_name",
)
BAD_FILE_NAME = Message(
    "E-CFG-NAME",
    "{name} is not a valid file name on every system; use letters, digits, spaces, - and _.",
    "{name}はファイル名に使えません。文字・数字・空白・-・_を使ってください。",
    "save.output_name",
)
NO_PROMPT = Message(
    "E-CFG-NEEDED",
    "sample images are enabled, but no prompt is given.",
    "サンプル画像を生成する設定ですが、プロンプトがありません。",
    "sample.sample_prompts",
)
NOT_OF_FAMILY = Message(
    "E-CFG-FAMILY",
    "{family} models do not have this option; remove it, or choose a base model of {families}.",
    "{family}のモデルにはない設定です。削除するか、元モデルを{families}にしてください。",
)
METHOD_UNUSED = Message(
    "W-CFG-UNUSED", "has no effect with method {method}.", "method = {method}では使われません。"
)
NO_IMAGES = Message(
    "E-CFG-NEEDED",
    "no folder of training images is set; give the one that contains `20_sls frog` or the like.",
    "学習用画像のフォルダーが指定されていません。「20_sls frog」などを入れた親フォルダーを指定してください。",
    "dataset.train_data_dir",
)
IMAGES_TWICE = Message(
    "E-CFG-TOGETHER",
    "the images are set in dataset_config; remove this option, or remove dataset_config.",
    "画像はdataset_configで指定されています。この指定かdataset_configのどちらかを削除してください。",
)
IN_JSON_WITH_REGULARIZATION = Message(
    "E-CFG-TOGETHER",
    "images listed in in_json are trained without regularization images; remove one of them (a dataset_config can have both).",
    "in_jsonで指定した画像は正則化画像と併用できません。どちらかを削除してください（dataset_configなら両方を使えます）。",
    "dataset.reg_data_dir",
)
STOPS_EARLY = Message(
    "E-CFG-TOGETHER",
    "only the text encoder is trained and it stops at {stop}, so nothing would be trained after that; leave this empty, shorten the run, or train the U-Net too.",
    "Text Encoderだけを学習する設定で、{stop}で止まるため、それ以降は何も学習されません。空欄にするか、学習を短くするか、U-Netも学習してください。",
    "train.stop_text_encoder_training",
)
NEED_UNMET = Message("W-CFG-UNUSED", "has no effect unless {need}.", "{need}しないと使われません。")
TEXT_TRAINED_TOO = Message(
    "W-CFG-TEXT",
    "not set, so the text encoders are trained too, at {rate:g}. {family} is usually trained without them: set it to 0, or to the rate that is meant.",
    "未設定のため、Text Encoderも学習率{rate:g}で学習します。{family}では通常Text Encoderを学習しません。0にするか、学習率を指定してください。",
    key="train.text_encoder_lr",
)
PRIOR_WITHOUT_ADAPTER = Message(
    "E-CFG-TOGETHER",
    'needs an adapter that can be switched off for the prediction (network.method = "lora", for example). Use regularization images instead (dataset.reg_data_dir).',
    '予測のときに外せるアダプターの学習（network.method = "lora"など）が必要です。代わりに正則化画像（dataset.reg_data_dir）を使ってください。',
)
NO_WORD = Message(
    "E-EMB-WORD",
    "textual inversion needs the word to teach, such as frg-dog; put it into the captions too.",
    "Textual Inversionには学習する単語（frg-dogなど）が必要です。キャプションにも書いてください。",
    "embedding.token_string",
)
NOT_ONE_WORD = Message(
    "E-EMB-WORD",
    "must be one word of at most {most} characters, without blanks or commas, found {word}.",
    "空白やカンマを含まない{most}文字以内の1語にしてください（値：{word}）。",
    "embedding.token_string",
)
PRIOR_OF_NEW_WORD = Message(
    "E-CFG-TOGETHER",
    "does not go with embedding.token_string: the frozen model does not know the word `{word}`, so it cannot predict captions with it. Set this to 0; train.class_prior_weight works.",
    "embedding.token_stringと併用できません。元のモデルは「{word}」を知らず、それを含むキャプションを予測できません。0にしてください。train.class_prior_weightは使えます。",
    "train.masked_prior_weight",
)
