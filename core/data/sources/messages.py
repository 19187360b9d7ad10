"""What may be wrong with folders of images, masks, a dataset_config or metadata."""

from __future__ import annotations

from core.errors import Message

# Folders

NO_FOLDER_GIVEN = Message(
    "E-DIR-MISSING",
    "no folder of training images is given. Choose the one that contains folders such as `20_sls frog`.",
    "学習用画像のフォルダーが未指定です。「20_sls frog」などを入れた親フォルダーを指定してください。",
    key="dataset.train_data_dir",
)
SAME_FOLDER = Message(
    "E-DIR-SAME",
    "training and regularization images are the same folder, {path}. Choose another one for regularization, or none.",
    "学習用画像と正則化画像が同じフォルダー（{path}）です。正則化画像には別のフォルダーを指定するか、空欄にしてください。",
    key="dataset.reg_data_dir",
)
NO_SUCH_FOLDER = Message(
    "E-DIR-MISSING",
    "there is no folder {path}. Check the path, or create the folder.",
    "フォルダー {path} がありません。パスを確認するか、フォルダーを作成してください。",
)
NOT_A_FOLDER = Message(
    "E-DIR-MISSING",
    "{path} is a file, not a folder. Choose the folder that contains folders such as `20_sls frog`.",
    "{path} はフォルダーではなくファイルです。「20_sls frog」のようなフォルダーが入ったフォルダーを選んでください。",
)
FOLDER_UNREADABLE = Message(
    "E-DIR-READ",
    "folder {path} can't be read: {reason}. Check its permissions or the drive.",
    "フォルダー {path} を読み込めません（{reason}）。アクセス権やドライブを確認してください。",
)
FOLDER_NAME = Message(
    "E-DIR-NAME",
    "folder `{name}` is not used: {reason}. Rename it, for example to `{suggestion}` (number of repeats, underscore, words).",
    "フォルダー「{name}」は使用されません。{reason}。「{suggestion}」のような名前（繰り返し回数、半角の「_」、単語）に変更してください。",
)
FOLDER_NAMES = Message(
    "E-DIR-NAME",
    "{count:# folder is|# folders are} not used in {path}: {names}. Their names do not begin with the number of repeats and an underscore. Rename those to be trained, for example to `{suggestion}`, or copy their images on the Dataset tab.",
    "{path} の{count}個のフォルダーは使用されません（{names}）。名前が「繰り返し回数」と半角の「_」で始まっていません。学習するフォルダーは「{suggestion}」のような名前に変更するか、データセットタブで画像をコピーしてください。",
)
FOLDER_EMPTY = Message(
    "E-DIR-EMPTY",
    "there are no images in folder `{name}`. Add some (.png, .jpg, ...) or remove it.",
    "フォルダー「{name}」に画像がありません。画像（.png、.jpg、.webpなど）を入れるか、フォルダーを取り除いてください。",
)
NOTHING_BELOW = Message(
    "E-DIR-EMPTY",
    "there are no images below {path}. It should look like this:\n{tree}",
    "{path} の中に画像がありません。次のような構成にしてください：\n{tree}",
)
LEAF_CHOSEN = Message(
    "W-DIR-LEAF",
    "`{folder}` itself is chosen, so only this folder is used. Choose its parent folder, {parent}, to use all folders in it.",
    "「{folder}」自体が指定されているため、このフォルダーだけを使います。隣のフォルダーも使うには、1つ上のフォルダー（{parent}）を選んでください。",
)
LOOSE_IMAGES = Message(
    "E-DIR-LAYOUT",
    "{count:# image is|# images are} directly in {path} ({names}) and not used. Move them into a folder named with the number of repeats and the words:\n{tree}",
    "{path} の直下に画像が{count}枚あり（{names}）、使用されません。「繰り返し回数_単語」という名前のフォルダーに入れてください：\n{tree}",
)
LOOP = Message(
    "W-DIR-LOOP",
    "folder `{name}` is a link to its own parent or to a folder above it, and is not used.",
    "フォルダー「{name}」は、それを含むフォルダーまたはその上のフォルダーへのリンクなので使用しません。",
)
NESTED = Message(
    "W-DIR-NESTED",
    "images in the inner folder `{name}` are not used. Move them one folder up.",
    "内側のフォルダー「{name}」の画像は使用されません。1つ上のフォルダーに移してください。",
)
FOREIGN_FORMAT = Message(
    "W-IMG-FORMAT",
    "`{name}` is not used: {suffix} files are not supported. Convert it to PNG or JPEG.",
    "「{name}」は使用されません。{suffix}形式は読み込めないため、PNGかJPEGに変換してください。",
)
NAME_NOT_TEXT = Message(
    "W-IMG-NAME",
    "`{name}` is not used: its name is not valid Unicode. Rename it.",
    "「{name}」は使用されません。ファイル名が正しいUnicode文字列ではありません。名前を変更してください。",
)

# Masks

MASK_FOLDER = Message(
    "E-MASK-DIR",
    "there is no mask folder {path}. Check the path, or leave the option empty.",
    "マスク画像のフォルダー {path} がありません。パスを確認するか、空欄にしてください。",
    key="dataset.conditioning_data_dir",
)
MASK_FOLDER_EMPTY = Message(
    "E-MASK-DIR",
    "mask folder {path} has no masks for these images. Add one for each image, with its name, or unset conditioning_data_dir.",
    "フォルダー {path} に、この画像のマスクがありません。各画像と同じ名前のマスク画像を入れるか、conditioning_data_dirの指定を外してください。",
    key="dataset.conditioning_data_dir",
)
MASK_MISSING = Message(
    "E-MASK-MISSING",
    "{count:# image has|# images have} no mask of the same name in {path}: {names}. Add the masks (all white: the whole image is trained).",
    "{path} に同じ名前のマスクがない画像が{count}枚あります：{names}。マスク画像を追加してください（真っ白なら全体を学習します）。",
    key="dataset.conditioning_data_dir",
)
MASK_SURPLUS = Message(
    "W-MASK-SURPLUS",
    "{count:# mask|# masks} without an image, not used: {names}.",
    "対応する画像がないマスクが{count}枚あり、使用しません：{names}。",
    key="dataset.conditioning_data_dir",
)
MASK_SHARED = Message(
    "E-MASK-SHARED",
    "mask {path} belongs to several images in different folders: {names}. Put the masks into folders named like the images' folders, as in {example}.",
    "マスク {path} が異なるフォルダーの複数の画像に対応しています：{names}。{example} のように、画像と同じ名前のフォルダーに分けて入れてください。",
    key="dataset.conditioning_data_dir",
)
MASK_SHAPE = Message(
    "E-MASK-SHAPE",
    "mask {path} is {size} but its image {image} is {image_size}. Make the mask {image_size}, or give it the same aspect ratio.",
    "マスク {path}（{size}）と画像 {image}（{image_size}）の縦横比が異なります。マスクを{image_size}か同じ比率にしてください。",
    key="dataset.conditioning_data_dir",
)

# Metadata (in_json)

METADATA_VALUE = Message(
    "E-META-VALUE",
    "in the metadata, `{entry}` must be {wanted}, not {value}.",
    "メタデータの「{entry}」は{wanted}にしてください（値：{value}）。",
    key="dataset.in_json",
)
METADATA_TEXT = Message(
    "E-META-TEXT",
    "in the metadata, `{entry}` contains half a surrogate pair, such as \\ud800. Write it again.",
    "メタデータの「{entry}」の文字が壊れています（\\ud800など）。書き直してください。",
    key="dataset.in_json",
)
METADATA_MORE = Message(
    "E-META-MORE",
    "{count:# more problem|# more problems} in the metadata; fix the ones above first.",
    "メタデータにほかに{count:,}件の問題があります。まず上のものを直してください。",
    key="dataset.in_json",
)
METADATA_NOT_JSON = Message(
    "E-META-SYNTAX",
    "metadata file {path} is not JSON: {reason}.",
    "メタデータファイル {path} をJSONとして読めません：{reason}。",
    key="dataset.in_json",
)
METADATA_EMPTY = Message(
    "E-META-EMPTY",
    'metadata file {path} lists no images. It should look like this: {{"001.png": {{"caption": "a frog"}}}}',
    'メタデータファイル {path} に画像がありません。次のように書いてください：{{"001.png": {{"caption": "a frog"}}}}',
    key="dataset.in_json",
)
METADATA_MISSING = Message(
    "E-META-MISSING",
    "{count:# image|# images} of the metadata can't be found{place}: {names}. Put them there, or remove their entries.",
    "メタデータにある画像のうち{count}枚が見つかりません{place}：{names}。画像を置くか、メタデータから削除してください。",
    key="dataset.in_json",
)
METADATA_EXTRA = Message(
    "W-META-EXTRA",
    "{count:# image has|# images have} no entry in the metadata, so no training: {names}.",
    "メタデータにない画像が{count}枚あり、学習しません：{names}。",
)
METADATA_TWICE = Message(
    "E-META-TWICE",
    "in the metadata, `{entry}` is a second entry of {image}; remove one of them.",
    "メタデータの「{entry}」は {image} の2つ目の項目です。どちらかを削除してください。",
    key="dataset.in_json",
)
METADATA_LINES = Message(
    "W-META-LINES",
    "{count:# caption|# captions} of the metadata with several lines; only the first is used (enable_wildcard uses all): {names}.",
    "メタデータの{count}個のキャプションは複数行ありますが、1行目だけを使用します（enable_wildcardならすべて使用）：{names}。",
)
METADATA_SILENT = Message(
    "W-META-SILENT",
    "{count:# image has|# images have} neither caption nor tags in the metadata and will be trained with an empty caption: {names}.",
    "メタデータにcaptionもtagsもない画像が{count}枚あり、空のキャプションで学習します：{names}。",
)

# dataset_config; key: of the table or value in the file

CONFIG_MORE = Message(
    "E-DS-MORE",
    "{count:# more problem|# more problems} in dataset_config; fix the ones above first.",
    "dataset_configにほかに{count:,}件の問題があります。まず上のものを直してください。",
    key="dataset.dataset_config",
)
CONFIG_NOT_JSON = Message("E-DS-SYNTAX", "this is not JSON: {reason}.", "JSONとして読めません：{reason}。")
CONFIG_NO_OBJECT = Message(
    "E-DS-SYNTAX",
    'the JSON must be of the form {{"datasets": [...]}}.',
    '{{"datasets": [...]}}の形にしてください。',
)
CONFIG_NO_TABLE = Message("E-DS-TABLE", "must be a table, not {value}.", "表にしてください（値：{value}）。")
CONFIG_NEEDS_TABLES = Message(
    "E-DS-NEEDED",
    "there is no [[{table}]]; the file needs at least one.",
    "[[{table}]]がありません。少なくとも1つ必要です。",
)
CONFIG_NEEDS_SOURCE = Message(
    "E-DS-NEEDED",
    "a subset needs image_dir (the folder of its images) or metadata_file.",
    "subsetにはimage_dir（画像のフォルダー）かmetadata_fileが必要です。",
)
CONFIG_MIXED = Message(
    "E-DS-MIXED",
    "subsets with and without metadata_file must be in separate [[datasets]].",
    "metadata_fileのあるsubsetとないsubsetは、別々の[[datasets]]に分けてください。",
)
CONFIG_TWICE = Message(
    "W-DS-TWICE",
    "{source} is in this dataset already; the second one is not used.",
    "{source} はこのデータセットですでに指定されています。2つ目は使用しません。",
)
CONFIG_TEXT = Message(
    "E-DS-VALUE",
    "contains half a surrogate pair, such as \\ud800; write it again.",
    "文字が壊れています（\\ud800など）。書き直してください。",
)
CONFIG_UNKNOWN = Message(
    "E-DS-UNKNOWN",
    "no such option; remove it. Available: {names}.",
    "そのようなオプションはありません。削除してください。使えるもの：{names}。",
)
CONFIG_MISSPELT = Message(
    "E-DS-UNKNOWN", "no such option; {meant}", "そのようなオプションはありません。{meant}"
)
CONFIG_NOT_WITH_METADATA = Message(
    "E-DS-UNKNOWN",
    "has no effect in a subset with metadata_file; remove it.",
    "metadata_fileのあるsubsetでは使えません。削除してください。",
)
CONFIG_ELSEWHERE = Message("E-DS-UNKNOWN", "belongs in {place}; move it there.", "{place}に書いてください。")
CONFIG_UNSUPPORTED = Message(
    "E-DS-NOTHERE",
    "this sd-scripts option is not supported and would change the result (value: {value}); remove it to train without it.",
    "sd-scriptsのこのオプションには対応していません（値：{value}）。これなしで学習する場合は、削除してください。",
)
