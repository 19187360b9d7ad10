"""What may be wrong with a dataset as it would be trained."""

from __future__ import annotations

from core.errors import Message

# Images and their buckets

SKIPPED = Message(
    "W-IMG-SKIPPED",
    "{used:,} of {count:# image|# images} {used:is|are} used; the others can't be.",
    "画像{count}枚のうち{used}枚を使用します。残りは使用できません。",
)
NONE_USABLE = Message(
    "E-DIR-EMPTY",
    "none of the training images can be used.",
    "使用できる学習用画像が1枚もありません。",
    key="dataset.train_data_dir",
)
ONLY_REG = Message(
    "E-DIR-EMPTY",
    "every subset has is_reg = true, so there are no training images. Add a subset without it, or remove is_reg.",
    "すべてのsubsetがis_reg = trueのため、学習用画像がありません。is_regのないsubsetを加えるか、is_regを外してください。",
    key="dataset.dataset_config",
)
WRONG_SIZES = Message(
    "E-IMG-SIZE",
    "without buckets every image must be {size} pixels, and {count:# is|# are} not: {names}. Turn on dataset.enable_bucket, or resize them (Tools, or `python -m core tools resize`).",
    "バケットを使わない場合、画像はすべて{size}ピクセルである必要がありますが、{count}枚のサイズが異なります：{names}。dataset.enable_bucketをオンにするか、リサイズしてください（「ツール」または`python -m core tools resize`）。",
    key="dataset.resolution",
)
TOO_SMALL = Message(
    "E-IMG-SMALL",
    "image {path} is {size}; with bucket_no_upscale no side may be below {step}. Turn off bucket_no_upscale, or remove the image.",
    "画像 {path} は{size}です。bucket_no_upscaleでは各辺が{step}以上必要です。bucket_no_upscaleをオフにするか、この画像を除いてください。",
)
EXTREME_ASPECT = Message(
    "E-IMG-ASPECT",
    "image {path} is {size}, an aspect ratio of {ratio:.0f}:1: only {kept:.0%} of it would be trained. Crop it closer to a square.",
    "画像 {path} は{size}で、縦横比が{ratio:.0f}:1のため、学習されるのは{kept:.0%}だけです。正方形に近い形に切り抜いてください。",
)
CROPPED = Message(
    "W-IMG-CUT",
    "{count:,} of {total:# image|# images}: more than a quarter is cropped to fit the bucket: {names}. The preview and `plan` show the crop.",
    "画像{total}枚のうち{count}枚は、バケットに合わせる切り抜きで4分の1以上が失われます：{names}。切り抜きの位置はプレビューとplanで確認できます。",
)
ENLARGED = Message(
    "W-IMG-SMALL",
    "{count:,} of {total:# image|# images} {count:is|are} upscaled more than twice and will look blurred: {names}.",
    "画像{total}枚のうち{count}枚は2倍以上に拡大されるため、ぼやけます：{names}。",
)
OPAQUE = Message(
    "W-MASK-OPAQUE",
    "{count:,} of {total:# image|# images} {count:has|have} no transparency, so alpha_mask has no effect there: {names}.",
    "画像{total}枚のうち{count}枚は透明部分がないため、alpha_maskの効果がありません：{names}。",
    key="dataset.alpha_mask",
)
IDLE_SIZES = Message(
    "W-META-SIZES",
    "train_resolution in the metadata has no effect without enable_bucket.",
    "メタデータのtrain_resolutionは、enable_bucketがオフの場合は使われません。",
)
ROUNDED_RANGE = Message(
    "W-BUCKET-RANGE",
    "bucket sides range from {smallest} to {largest}: the limits {min} and {max} are not multiples of {step}.",
    "バケットの辺は{smallest}〜{largest}になります（{min}・{max}は{step}の倍数ではないため）。",
    key="dataset.min_bucket_reso",
)
TOO_MANY_SAMPLES = Message(
    "E-DIR-COUNT",
    "an epoch would have {samples:,} samples; the limit is {limit:,}. Lower the folders' repeats.",
    "1エポックが{samples:,}サンプルになります（上限{limit:,}）。フォルダー名の繰り返し回数を減らしてください。",
    key="dataset.train_data_dir",
)
DUPLICATES = Message(
    "W-IMG-TWIN",
    "duplicate files (trained more often than the others): {names}.",
    "同じ内容のファイルが複数あるため、ほかの画像より多く学習されます：{names}。",
)
DUPLICATES_IN_REG = Message(
    "W-REG-TWIN",
    "the same file is both a training and a regularization image, so they counteract each other: {names}. Remove it from one of the folders, or use train.prior_prediction.",
    "同じファイルが学習用と正則化用の両方にあり、互いに打ち消し合います：{names}。どちらかのフォルダーから除くか、train.prior_predictionを使ってください。",
)

# Validation and regularization

VALIDATION_TAKES_ALL = Message(
    "E-VAL-ALL",
    "validation takes {count:the only training image|all # training images}; lower validation_split below 1.",
    "学習用画像{count}枚がすべて検証用になり、学習する画像がありません。validation_splitを1より小さくしてください。",
    key="dataset.validation_split",
)
VALIDATION_COPIES = Message(
    "I-VAL-COPIES",
    "{count:# image|# images} of subsets without validation_split {count:is|are} in the validation split too, since another subset validates the same. A trained image is never validated.",
    "validation_splitのないsubsetの画像{count}枚も、別のsubsetの検証用画像と同じため学習しません。",
)
VALIDATION_EMPTY = Message(
    "W-VAL-NONE",
    "validation_split = {share:g} of so few images is none, so nothing is validated; raise it.",
    "validation_split = {share:g}では検証用の画像が1枚も選ばれません。値を大きくしてください。",
    key="dataset.validation_split",
)
REG_SURPLUS = Message(
    "W-REG-SURPLUS",
    "regularization images x repeats ({reg}) exceed training images x repeats ({train}): an epoch uses {train} of them, the others follow in the next epochs. Not in the first epoch: {spare}.{never}",
    "正則化画像×繰り返し回数（{reg}）が学習用画像×繰り返し回数（{train}）より多いため、1エポックに{train}枚を使用し、残りは次以降のエポックで順番に使用します。最初のエポックで未使用：{spare}。{never}",
    key="dataset.reg_data_dir",
)
REG_ALONE = Message(
    "W-REG-ALONE",
    "dataset {dataset} has {count:# regularization image|# regularization images} but no training images, so they are not used. Move them to the [[datasets]] of the training images.",
    "データセット{dataset}には学習用画像がないため、正則化画像{count}枚を使用しません。学習用画像と同じ[[datasets]]に入れてください。",
)
REG_REUSE = Message(
    "I-REG-REUSE",
    "regularization images x repeats ({reg}) are fewer than training images x repeats ({train}): each is used several times an epoch.",
    "正則化画像×繰り返し回数（{reg}）が学習用画像×繰り返し回数（{train}）より少ないため、1エポックに各画像を複数回使用します。",
    key="dataset.reg_data_dir",
)

# Captions

NO_WORDS = Message(
    "E-DIR-NAME",
    "folder `{name}` has no words after its number, and there is no caption for: {names}. Add the words, as in `20_sls frog`, or the captions.",
    "フォルダー「{name}」の数字の後に単語がなく、次の画像にはキャプションもありません：{names}。「20_sls frog」のように単語を付けるか、キャプションを用意してください。",
)
NO_CLASS_TOKENS = Message(
    "W-CAP-NOWORDS",
    "subset `{path}` has no class_tokens and these images have no caption, so they are trained with an empty one: {names}.",
    "subset「{path}」にclass_tokensがなく、次の画像にはキャプションもないため、空のキャプションで学習します：{names}。",
)
FALLBACK_CAPTIONS = Message(
    "I-CAP-TXT",
    "`{name}`: {count:# caption is|# captions are} read from .txt, as there is no {extension}: {names}.",
    "「{name}」：{extension}がないため、{count}個のキャプションを.txtから読みます：{names}。",
)
SHARED_CAPTION = Message(
    "W-CAP-SHARED",
    "caption file `{name}` is used for several images of the same name.",
    "キャプションファイル「{name}」を、同じ名前の複数の画像に使用します。",
)
ORPHAN_CAPTION = Message(
    "W-CAP-ORPHAN",
    "caption file `{name}` has no image of the same name.",
    "キャプションファイル「{name}」に対応する画像がありません。",
)
FOLDER_WORDS_USED = Message(
    "I-CAP-NONE",
    "{count:,} of {total:# image|# images} {count:has|have} no caption file; the folder's words are used.",
    "画像{total}枚のうち{count}枚はキャプションファイルがないため、フォルダー名の単語を使用します。",
)
FOLDER_WORDS_USED_REG = Message(
    "I-CAP-NONE",
    "{count:,} of {total:# image|# images}, those for regularization included, {count:has|have} no caption file; the folder's words are used.",
    "正則化画像を含む画像{total}枚のうち{count}枚はキャプションファイルがないため、フォルダー名の単語を使用します。",
)
LONG_CAPTIONS = Message(
    "W-CAP-LONG",
    "{count:,} of {total:# caption|# captions} {count:has|have} more than {limit} tokens and {count:is|are} truncated: {names}.",
    "キャプション{total}個のうち{count}個は{limit}トークンを超え、それより後は切り捨てられます：{names}。",
)
WORD_MISSING = Message(
    "I-CAP-IDENTIFIER",
    "the word `{word}` of folder `{name}` is missing in {count:,} of {total:# caption|# captions}: {names}. These do not teach it.",
    "フォルダー「{name}」の単語「{word}」が、キャプション{total}個のうち{count}個にありません：{names}。これらの画像からは学習されません。",
)
WORD_NOWHERE = Message(
    "W-CAP-IDENTIFIER",
    "the word `{word}` of folder `{name}` is in none of its {total:# caption|# captions}{instead}. Captions replace the folder's words, so `{word}` will mean nothing to the model. Rename the folder, or add the word to the captions.",
    "フォルダー「{name}」の単語「{word}」が、キャプション{total}個のどれにもありません{instead}。キャプションがあるとフォルダー名の単語は使われないため、「{word}」は学習されません。フォルダー名を変えるか、キャプションに単語を加えてください。",
)

# Priors

NO_REG_FOR_PRIOR = Message(
    "E-REG-NONE",
    "there are no regularization images to predict; name their folder in dataset.reg_data_dir (a subset with is_reg = true), use train.class_prior_weight instead, which needs none, or turn this off.",
    "予測の対象になる正則化画像がありません。dataset.reg_data_dirにフォルダーを指定するか（subsetならis_reg = true）、正則化画像のいらないtrain.class_prior_weightを使ってください。不要ならこの指定を外してください。",
    key="train.prior_prediction",
)
NO_CLASS_OF_FOLDER = Message(
    "E-CAP-CLASS",
    "folder {name} does not name both an identifier and a class, which the class prior needs; call it `N_identifier class`, such as `20_sls frog`, or give the words in train.class_prior_identifier and train.class_prior_class.",
    "フォルダー「{name}」の名前に、クラスの保持に必要な識別語とクラスがそろっていません。「20_sls frog」のような「繰り返し回数_識別語 クラス」にするか、train.class_prior_identifierとtrain.class_prior_classに指定してください。",
    key="train.class_prior_weight",
)
IDENTIFIER_NOWHERE = Message(
    "E-CAP-IDENTIFIER",
    "the identifier `{word}` is in none of the {total:# caption|# captions}, so the class cannot stand in its place; add it to the captions, or give the one they have in train.class_prior_identifier.",
    "識別語「{word}」がキャプション{total}個のどれにもないため、クラスに置き換えられません。キャプションに加えるか、実際の識別語をtrain.class_prior_identifierに指定してください。",
    key="train.class_prior_weight",
)
IDENTIFIER_MISSING = Message(
    "W-CAP-IDENTIFIER",
    "the identifier `{word}` is missing in {count:,} of {total:# caption|# captions}: {names}. These are trained without the class prior.",
    "識別語「{word}」が、キャプション{total}個のうち{count}個にありません：{names}。これらの画像では、クラスの保持は行いません。",
    key="train.class_prior_weight",
)
TAUGHT_WORD_NOWHERE = Message(
    "E-EMB-WORD",
    "no caption contains {word}, so nothing would be learned; put it into them (one now: {example}).",
    "{word}を含むキャプションがないため、何も学習されません。キャプション（現在の例：{example}）に入れてください。",
    key="embedding.token_string",
)
