"""Words of the Dataset tab but for captions, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

DATASET_WORDS: Mapping[str, Words] = {
    "token.one": Words("{word} is one token: good.", "「{word}」は1トークンです。適切です。"),
    "token.many": Words(
        "{word} is {n:#token}; one token is learned more reliably.",
        "「{word}」は{n}トークンです。1トークンの単語のほうが確実に学習できます。",
    ),
    "token.long": Words(
        "{word} is one token, but with more than three letters it likely has a meaning already.",
        "「{word}」は1トークンですが、4文字以上なので、すでに意味を持つ可能性があります。",
    ),
    "token.common": Words(
        "{word} is a common word with a meaning of its own; choose a rare one.",
        "「{word}」は一般的な単語で、すでに意味を持っています。珍しい単語を選んでください。",
    ),
    "token.offer": Words("Rare words:", "珍しい単語の例："),
    "preview.title": Words("What will be trained", "学習される内容"),
    "preview.look": Words("Scan and preview", "確認とプレビュー"),
    "preview.busy": Words("Checking images…", "画像を確認しています…"),
    "preview.progress": Words("Checking images: {done} of {total}", "画像を確認中：{done}／{total}枚"),
    "preview.lead": Words(
        "Folders, sizes and crops exactly as the training uses them.",
        "フォルダー・サイズ・切り抜きを、学習で使われるとおりに表示します。",
    ),
    "preview.folder": Words("Folder", "フォルダー"),
    "preview.prompt": Words("Prompt", "プロンプト"),
    "preview.repeats": Words("Repeats", "繰り返し"),
    "preview.images": Words("Images", "画像"),
    "preview.samples": Words("Used per epoch", "1エポックの使用数"),
    "preview.kind": Words("Kind", "種類"),
    "preview.train": Words("training", "学習用"),
    "preview.reg": Words("regularization", "正則化"),
    "preview.size": Words("Size", "サイズ"),
    "preview.cut": Words("Cropped", "切り抜き"),
    "preview.caption": Words("“{text}” ({n:#token})", "「{text}」（{n}トークン）"),
    "preview.batches": Words("Batches per epoch", "1エポックのバッチ数"),
    "preview.share": Words("Share", "割合"),
    "preview.epoch": Words(
        "One epoch is {samples:#sample} in {steps:#step}; {total:#step is|steps are} {epochs}.",
        "1エポックは{samples}サンプル・{steps}ステップ。全{total}ステップは{epochs}です。",
    ),
    "preview.about": Words(
        "One epoch is {samples:#sample} in about {steps:#step}; {total:#step is|steps are} {epochs}.",
        "1エポックは{samples}サンプル・約{steps}ステップ。全{total}ステップは{epochs}です。",
    ),
    "epochs.whole": Words("{n:#epoch}", "{n}エポック"),
    "epochs.about": Words("{n} epochs", "{n}エポック"),
    "epochs.part": Words("{n} % of an epoch", "1エポックの{n}%"),
    "preview.busy.run": Words("A scan is running already.", "すでに確認中です。"),
    "balance.none": Words(
        "No regularization images: the whole class drifts towards your subject.",
        "正則化画像がありません。クラス全体が対象の影響を受けます。",
    ),
    "balance.good": Words(
        "{train:#training sample} ≥ {reg:#regularization sample}: balanced.",
        "学習用{train} ≧ 正則化{reg}：バランスは適切です。",
    ),
    "balance.over": Words(
        "{train:#training sample} < {reg:#regularization sample}: {surplus} stay unused in an epoch.",
        "学習用{train} ＜ 正則化{reg}：1エポックごとに正則化画像{surplus}枚分が使われません。",
    ),
    "balance.under": Words(
        "{train:#training sample} ≥ {reg:#regularization sample}: {repeats:#repeat} would balance best.",
        "学習用{train} ≧ 正則化{reg}。繰り返し回数を{repeats}にすると最もよく釣り合います。",
    ),
    "balance.button": Words("Balance: rename to {name}", "バランスを取る：{name} に変更"),
    "balance.idle": Words("Balance", "バランスを取る"),
    "balance.done": Words("Renamed to {names}", "{names} に変更しました"),
    "balance.busy": Words(
        "A run is in progress; balance the folders when it has ended.",
        "学習中です。終わってから変更してください。",
    ),
    # health
    "health.title": Words("Dataset health", "データセットの状態"),
    "health.good": Words(
        "{n:#image} checked: sharp, large enough, no duplicates.",
        "画像{n}枚を確認しました。ぼけ・小さすぎる画像・重複はありません。",
    ),
    "health.some": Words("{n:#image} checked.", "画像{n}枚を確認しました。"),
    "health.more": Words("and {n} more: {names}", "ほか{n}枚：{names}"),
    "health.busy": Words(
        "Checking for blur and duplicates: {done} of {total}", "ぼけと重複を確認中：{done}／{total}枚"
    ),
    "health.broken": Words("Broken files", "壊れたファイル"),
    "health.broken.why": Words(
        "They can't be read. Export or download them again, or move them to the trash; skip_bad_images trains without them.",
        "読み込めません。保存やダウンロードをやり直すか、ごみ箱へ移動してください。skip_bad_imagesをオンにすると除いて学習します。",
    ),
    "health.reg_twins": Words("Same image in training and regularization", "学習用と正則化の両方にある画像"),
    "health.reg_twins.why": Words(
        "An image that is both counts as your subject and as any of its class, which cancels out. Remove it from the regularization folder.",
        "同じ画像が対象としても一般のクラスとしても学習され、打ち消し合います。正則化画像のフォルダーから取り除いてください。",
    ),
    "health.twins": Words("Duplicates", "重複した画像"),
    "health.twins.why": Words(
        "Duplicates are trained more often and overfit sooner. Keep one of each group; to train an image more often, raise the repeats of its folder.",
        "重複した画像は多く学習され、過学習しやすくなります。各グループで1枚だけを残してください。多く学習させたい場合はフォルダーの繰り返し回数を増やします。",
    ),
    "health.small": Words("Small images", "小さい画像"),
    "health.small.why": Words(
        "They are enlarged to their bucket, and the resulting blur is learned. Use larger originals, or train them at their own size (bucket_no_upscale).",
        "バケットに合わせて拡大されるため、拡大によるぼけも学習されます。より大きな元画像を使うか、拡大せずに学習してください（bucket_no_upscale）。",
    ),
    "health.small.button": Words("Don't enlarge small images", "小さい画像を拡大しない"),
    "health.blurred": Words("Blurred images", "ぼけた画像"),
    "health.blurred.why": Words(
        "Even their sharpest edges are soft, and the blur is learned. Replace them with sharp ones, or remove them if there are enough others.",
        "最もはっきりした輪郭もぼけているため、ぼけも学習されます。鮮明な画像に差し替えるか、枚数が足りていれば取り除いてください。",
    ),
    "health.flat": Words("Images of one colour", "単色の画像"),
    "health.flat.why": Words(
        "Only the colour is learned. Remove them, or export them again.",
        "その色だけが学習されます。取り除くか、保存し直してください。",
    ),
    "health.cut": Words("Cropped a lot", "切り抜きの大きい画像"),
    "health.cut.why": Words(
        "Their aspect ratio fits no bucket, and more than a quarter is cropped. Crop them around the subject yourself, or lower bucket_reso_steps for finer buckets.",
        "縦横比がバケットに合わないため、切り抜きで1/4以上が失われます。対象を中心に自分で切り抜くか、bucket_reso_stepsを小さくしてください。",
    ),
    "health.long_caption": Words("Long captions", "長すぎるキャプション"),
    "health.long_caption.why": Words(
        "Only the first {limit} tokens are trained. Shorten them, or raise max_token_length in the Model tab.",
        "学習に使われるのは先頭の{limit}トークンまでです。短くするか、モデルタブのmax_token_lengthを大きくしてください。",
    ),
    "health.no_caption": Words("Training images without caption", "キャプションのない学習画像"),
    "health.no_caption.why": Words(
        "These are trained with the words of their folder, the others with their captions. If that is not what you want, write captions below (Captions).",
        "ほかの画像はキャプション、これらはフォルダー名の単語で学習されます。意図したものでなければ、下の「キャプション」で入力してください。",
    ),
    "health.clear": Words("Transparent parts", "透明部分のある画像"),
    "health.clear.why": Words(
        "They are trained as a white background. Add a background, or leave them out of the loss (alpha_mask).",
        "白い背景として学習されます。背景を付けるか、学習から除いてください（alpha_mask）。",
    ),
    "health.grey": Words("Black and white", "白黒の画像"),
    "health.grey.why": Words(
        "Among colour images they make results paler. Write it into their captions (monochrome), or remove them.",
        "カラー画像に混ざると、生成結果の色が薄くなります。キャプションに monochrome などと書くか、取り除いてください。",
    ),
    "health.colours": Words("Unusual colours", "特殊な色形式"),
    "health.colours.why": Words(
        "They are converted to 8-bit sRGB; colours may shift a little. If the images below look right, nothing has to be done.",
        "8bitのsRGBに変換されるため、色が少し変わることがあります。下の画像の色が正しければ、対応は不要です。",
    ),
    "health.turned": Words("Rotated by EXIF", "EXIFで回転している画像"),
    "health.turned.why": Words(
        "They are trained upright, as viewers show them. Other trainers may train them sideways.",
        "表示どおりの向きで学習します。ほかの学習ツールでは横向きのまま学習されることがあります。",
    ),
    "fields.table": Words("Buckets", "バケット"),
    "fields.title": Words(
        "Images by bucket (the dimmed part is cropped)",
        "バケットごとの画像（暗い部分は切り抜きで失われます）",
    ),
    "fields.masks": Words(
        "The part tinted pink is left out by the loss mask.", "ピンク色の部分はマスクにより学習されません。"
    ),
    "fields.count": Words("{n:#image}", "{n}枚"),
    "fields.enlarged": Words("{n} enlarged", "{n}枚を拡大"),
    "fields.more": Words("Show {n} more of {left}", "残り{left}枚のうち{n}枚を表示"),
    "usage.train": Words(
        "{n:#training image is|training images are} never trained: the run ends after {total:#step}, an epoch takes {steps}.",
        "学習用画像{n}枚は一度も学習されません（全{total}ステップで終了、1エポックは{steps}ステップ）。",
    ),
    "usage.train.names": Words("They are: {names}.", "対象：{names}。"),
    "usage.train.seed": Words(
        "Which ones depends on the seed, which is not set.",
        "どの画像かは、シード（未指定）によって変わります。",
    ),
    "usage.train.button": Words("Train {steps:#step}", "{steps}ステップ学習する"),
    "usage.reg": Words(
        "{n:#regularization image is|regularization images are} not used in this run; after {steps:#step} all would be. That is harmless; fewer would be enough.",
        "正則化画像{n}枚はこの学習では使用されません（{steps}ステップですべて使用）。問題はありません。枚数は減らせます。",
    ),
    "usage.never": Words(
        "{n:#regularization image} can never be used: there are more kinds of sizes than regularization samples in an epoch. Raise the training folder's repeats, or bring them to one size: {names}.",
        "正則化画像{n}枚は使用されません。1エポックの正則化サンプル数よりサイズの種類が多いためです。学習用フォルダーの繰り返し回数を増やすか、サイズを揃えてください：{names}。",
    ),
    "usage.held": Words(
        "{n:#image is|images are} kept for validation and not trained.", "{n}枚は検証用のため学習されません。"
    ),
    "usage.short": Words(
        "Batches hold one size only, so {share} of their places stay empty ({sizes}). A partly empty batch takes nearly as long, and each of its images weighs more.",
        "バッチにはサイズの異なる画像を混ぜないため、枠の{share}が空きます（{sizes}）。空きのあるバッチも時間はほぼ同じで、1枚あたりの影響が大きくなります。",
    ),
    "usage.short.size": Words(
        "{size}: {last} of {whole} in the last batch", "{size}：最後のバッチは{last}／{whole}"
    ),
    "usage.short.button": Words("Set the batch size to {n}", "バッチサイズを{n}にする"),
    "usage.short.cure": Words(
        "Fewer, larger buckets (a higher bucket_reso_steps) help too.",
        "bucket_reso_stepsを大きくしてバケットを減らしても改善します。",
    ),
    "balance.uneven": Words(
        "{train:#training sample} ≥ {reg:#regularization sample} in all, but class by class other repeats balance better.",
        "全体では学習用{train} ≧ 正則化{reg}ですが、クラスごとには別の繰り返し回数のほうが釣り合います。",
    ),
    "balance.plan": Words(
        "Renaming these folders balances them; only the names change, and it can be undone.",
        "次のようにフォルダー名を変更すると釣り合います。変わるのは名前だけで、元に戻せます。",
    ),
    "balance.many": Words("Balance: rename {n:#folder}", "バランスを取る：{n}個のフォルダー名を変更"),
    # adding images
    "make.title": Words("Add images", "画像を追加"),
    "make.kind": Words("Kind of images", "画像の種類"),
    "make.kind.train": Words("Subject to train", "学習させる対象"),
    "make.kind.reg": Words("Others of its class (regularization)", "同じクラスのほかの画像（正則化画像）"),
    "make.identifier": Words("Identifier", "識別語（identifier）"),
    "make.identifier.info": Words(
        "A short, rare word that will mean your subject.", "対象を表す、短く珍しい単語。"
    ),
    "make.class": Words("Class", "クラス（class）"),
    "make.class.info": Words("What it is: frog, dog, 1girl.", "対象の種類。例：frog、dog、1girl"),
    "make.repeats": Words("Repeats", "繰り返し回数"),
    "make.repeats.info": Words("How often each image is used in an epoch.", "1エポックで各画像を使う回数。"),
    "make.undo": Words("Undo", "元に戻す"),
    "make.class.needed": Words("Enter a class, such as frog.", "クラスを入力してください（例：frog）。"),
    "make.identifier.needed": Words(
        "Enter an identifier, such as sls.", "識別語を入力してください（例：sls）。"
    ),
    "make.lead": Words(
        "Drop images, a ZIP or a folder here, or enter a path. They are copied into a folder named for training; the originals stay as they are.",
        "画像・ZIP・フォルダーをドロップするか、場所を入力してください。学習用の名前のフォルダーへコピーします。元のファイルはそのままです。",
    ),
    "make.folder": Words("Choose a folder", "フォルダーを選ぶ"),
    "make.source": Words(
        "or a folder, image or ZIP on this computer", "またはこのコンピューターのフォルダー・画像・ZIP"
    ),
    "make.source.hint": Words("such as /home/me/frogs", "例：C:/Users/me/frogs"),
    "make.arrange": Words(
        "Folders such as “20_sls frog” exist", "「20_sls frog」のようなフォルダーがあります"
    ),
    "make.arrange.keep": Words("Keep these folders", "そのまま使う"),
    "make.arrange.new": Words(
        "Put all images into one new folder", "すべての画像を新しいフォルダーにまとめる"
    ),
    "make.apply": Words("Copy", "コピー"),
    "make.none": Words("No images to copy there.", "そこにコピーできる画像がありません。"),
    "make.empty": Words(
        "Nothing to copy: drop images or a ZIP, or enter a folder.",
        "コピーする画像がありません。画像かZIPをドロップするか、フォルダーを指定してください。",
    ),
    "make.plan.one": Words("This file will be copied to {folder}", "次のファイルを {folder} へコピーします"),
    "make.plan": Words(
        "These {n:#file} will be copied to {folder}", "次の{n}個のファイルを {folder} へコピーします"
    ),
    "make.files.count": Words("{n:#file}", "{n}個"),
    "make.more": Words("and {n} more", "ほか{n}個"),
    "make.left.count": Words("{n:#file is|files are} not used", "{n}個のファイルは使いません"),
    "make.left.why.kind": Words("Neither image nor caption:", "画像でもキャプションでもない："),
    "make.left.why.junk": Words("Hidden or made by the system:", "隠しファイル・システムのファイル："),
    "make.left.why.orphan": Words("Caption without an image:", "対応する画像のないキャプション："),
    "make.left.why.link": Words("Link or device:", "リンクやデバイス："),
    "make.left.why.outside": Words("Its path leads out of the ZIP:", "ZIPの外を指すパス："),
    "make.left.why.password": Words("Password-protected:", "パスワード付き："),
    "make.left.why.method": Words("Unsupported compression:", "対応していない圧縮方式："),
    "make.left.why.large": Words("Too large:", "大きすぎる："),
    "make.left.why.damaged": Words("Damaged:", "壊れている："),
    "make.done": Words("{n:#file} copied to {folder}", "{n}個のファイルを {folder} へコピーしました"),
    "make.left": Words(
        "Your images replace the demo's regularization images, sample prompts and output name.",
        "デモの正則化画像・サンプルプロンプト・出力名も、この画像に合わせて置き換えました。",
    ),
    "make.listed": Words(
        "The images named in {file} are no longer trained; these folders replace it. Undo restores it.",
        "{file} で指定していた画像は学習に使わなくなりました（このフォルダーに置き換え）。「元に戻す」で復元できます。",
    ),
    "make.last": Words(
        "Undo removes the {n:#file} copied to {folder} ({when}).",
        "{folder} へコピーした{n}個のファイルは「元に戻す」で取り消せます（{when}）。",
    ),
    "make.undone": Words("{n:#copy|copies} removed.", "コピーした{n}個のファイルを削除しました。"),
    "make.undo.kept": Words(
        "{n:#copy was|copies were} changed and kept: {names}", "その後変更された{n}個は残しました：{names}"
    ),
    "make.undo.missing": Words("{n:#copy was|copies were} already gone.", "{n}個はすでにありませんでした。"),
    "make.undo.none": Words("Nothing to undo.", "元に戻す操作はありません。"),
}
