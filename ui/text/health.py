"""Words about the health of a data set and about its buckets, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

HEALTH_WORDS: Mapping[str, Words] = {
    "health.title": Words("Dataset health", "データセットの状態"),
    "health.good": Words(
        "{n:#image} checked: sharp, large enough, no duplicates.",
        "画像{n}枚を確認しました。ぼけ・小さすぎる画像・重複はありません。",
    ),
    "health.some": Words("{n:#image} checked.", "画像{n}枚を確認しました。"),
    "health.more": Words("and {n} more: {names}", "ほか{n}枚：{names}"),
    "health.busy": Words(
        "Checking images for blur and duplicates: {done} of {total}",
        "ぼけと重複を確認中：{done}／{total}枚",
    ),
    "health.broken": Words("Broken files", "壊れたファイル"),
    "health.broken.why": Words(
        "These can't be read, so the training can't use them.", "読み込めないため、学習に使用できません。"
    ),
    "health.broken.cure": Words(
        "Export or download them again, or delete them; skip_bad_images trains without them.",
        "保存やダウンロードをやり直すか、削除してください。skip_bad_imagesをオンにすると除いて学習します。",
    ),
    "health.reg_twins": Words("Same image in training and regularization", "学習用と正則化の両方にある画像"),
    "health.reg_twins.why": Words(
        "One teaches your subject, the other that it is any of its class: they work against each other.",
        "一方は対象を教え、他方は一般のclassとして教えるため、互いに打ち消し合います。",
    ),
    "health.reg_twins.cure": Words(
        "Take them out of the regularization folder.", "正則化画像のフォルダから取り除いてください。"
    ),
    "health.twins": Words("Duplicates", "重複した画像"),
    "health.twins.why": Words(
        "An image that is there twice is trained twice as often, and overfits sooner.",
        "同じ画像が複数あると、その分多く学習され、過学習しやすくなります。",
    ),
    "health.twins.cure": Words(
        "Keep the best of each group; raise the folder's repeats if it was meant.",
        "各グループで最も良い1枚だけを残してください。多く学習させたい場合は繰り返し回数を増やします。",
    ),
    "health.small": Words("Small images", "小さい画像"),
    "health.small.why": Words(
        "They are enlarged to their bucket, and the model learns the blur of it.",
        "バケットに合わせて拡大されるため、拡大によるぼけまで学習されます。",
    ),
    "health.small.cure": Words(
        "Use larger originals, or train small images at their own size (bucket_no_upscale).",
        "より大きな元画像を使うか、小さい画像は拡大せずに学習します（bucket_no_upscale）。",
    ),
    "health.small.button": Words("Don't enlarge small images", "小さい画像を拡大しない"),
    "health.blurred": Words("Blurred images", "ぼけた画像"),
    "health.blurred.why": Words(
        "Even their sharpest edges are soft, and the model learns that softness.",
        "最もはっきりした輪郭もぼけているため、そのぼけまで学習されます。",
    ),
    "health.blurred.cure": Words(
        "Replace them by sharp ones, or leave them out if there are enough others.",
        "鮮明な画像に差し替えるか、枚数が足りていれば取り除いてください。",
    ),
    "health.flat": Words("Images of one colour", "単色の画像"),
    "health.flat.why": Words(
        "They are of one colour and teach just that.", "単色のため、その色だけが学習されます。"
    ),
    "health.flat.cure": Words("Take them out, or export them again.", "取り除くか、保存し直してください。"),
    "health.cut": Words("Much cut away", "大きく切り取られる画像"),
    "health.cut.why": Words(
        "Their shape fits no bucket well, so more than a quarter is never seen.",
        "縦横比がバケットに合わないため、1/4以上が学習されません。",
    ),
    "health.cut.cure": Words(
        "Crop them yourself around the subject, or lower bucket_reso_steps for finer buckets.",
        "対象を中心に自分で切り抜くか、bucket_reso_stepsを小さくしてください。",
    ),
    "health.long_caption": Words("Captions too long", "長すぎるキャプション"),
    "health.long_caption.why": Words(
        "What comes after {limit} tokens is cut off and teaches nothing.",
        "{limit}トークンより後は切り捨てられ、学習されません。",
    ),
    "health.long_caption.cure": Words(
        "Shorten them, or raise max_token_length in the Model tab.",
        "短くするか、モデルタブのmax_token_lengthを大きくしてください。",
    ),
    "health.no_caption": Words("Without caption", "キャプションのない画像"),
    "health.no_caption.why": Words(
        "Other images have captions; these are trained with the words of their folder.",
        "ほかの画像にはキャプションがありますが、これらはフォルダ名の単語で学習されます。",
    ),
    "health.no_caption.cure": Words(
        "Fine if it is meant; else write them below, in Captions.",
        "意図したものなら問題ありません。そうでなければ下の「キャプション」で書いてください。",
    ),
    "health.clear": Words("Transparent parts", "透明部分のある画像"),
    "health.clear.why": Words(
        "What is transparent is trained as white background.", "透明部分は白い背景として学習されます。"
    ),
    "health.clear.cure": Words(
        "Put them before a background, or leave the transparent part out of the loss (alpha_mask).",
        "背景を付けるか、透明部分を学習から除いてください（alpha_mask）。",
    ),
    "health.grey": Words("Black and white", "白黒の画像"),
    "health.grey.why": Words(
        "Among images in colour they make results paler.",
        "カラー画像に混ざると、生成結果の色が薄くなります。",
    ),
    "health.grey.cure": Words(
        "Say it in their captions (monochrome), or leave them out.",
        "キャプションに monochrome などと書くか、取り除いてください。",
    ),
    "health.colours": Words("Unusual colours", "特殊な色形式"),
    "health.colours.why": Words(
        "They are converted to 8-bit sRGB; colours may look a little different.",
        "8bitのsRGBに変換されるため、色が少し変わることがあります。",
    ),
    "health.colours.cure": Words(
        "Nothing to do if the previews below look right.", "下の表示で色が正しければ、対応は不要です。"
    ),
    "health.turned": Words("Turned by EXIF", "EXIFで回転している画像"),
    "health.turned.why": Words(
        "They are stored on their side and are turned upright here, as viewers do.",
        "横向きに保存されていますが、ここでは表示どおりの向きで学習します。",
    ),
    "health.turned.cure": Words(
        "Nothing to do here; other programs may train them sideways.",
        "対応は不要です。他の学習ツールでは横向きのまま学習されることがあります。",
    ),
    "fields.table": Words("Sizes trained at", "学習する解像度（バケット）"),
    "fields.title": Words(
        "Buckets (the dimmed part is cut away)", "バケットごとの画像（暗い部分は使われません）"
    ),
    "fields.masks": Words(
        "What is tinted pink is left out by the loss mask.", "ピンク色の部分はマスクにより学習されません。"
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
        "どの画像かは、未指定のシードによって変わります。",
    ),
    "usage.train.button": Words("Train {steps:#step}", "{steps}ステップ学習する"),
    "usage.reg": Words(
        "{n:#regularization image|regularization images} without a turn in this run; after {steps:#step} all would have had one. That does no harm: fewer of them would do.",
        "正則化画像{n}枚はこの学習では使用されません（{steps}ステップですべて使用）。問題はありません。枚数は減らせます。",
    ),
    "usage.never": Words(
        "{n:#regularization image} can never be used: there are more kinds of sizes than regularization samples in an epoch. Raise the training folder's repeats, or bring them to one size: {names}.",
        "正則化画像{n}枚は使用されません。1エポックの正則化サンプル数よりサイズの種類が多いためです。学習用フォルダの繰り返し回数を増やすか、サイズを揃えてください：{names}。",
    ),
    "usage.held": Words(
        "{n:#image is|images are} held out for validation and never trained.",
        "{n}枚は検証用のため学習されません。",
    ),
    "usage.short": Words(
        "Batches are never of two sizes, so {share} of the places in batches stay empty ({sizes}). A short batch takes nearly as long, and each of its images counts for more.",
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
        "{train:#training sample} ≥ {reg:#regularization sample} in all; class by class, other repeats match better.",
        "全体では学習用{train} ≧ 正則化{reg}ですが、classごとには別の繰り返し回数のほうが釣り合います。",
    ),
    "balance.plan": Words(
        "Renaming as below balances them. Only the folders' names change; it can be undone.",
        "次のように名前を変更すると釣り合います。変わるのはフォルダ名だけで、元に戻せます。",
    ),
    "balance.many": Words("Balance: rename {n:#folder}", "バランスを取る：{n}個のフォルダ名を変更"),
    "balance.undo": Words("Undo the renaming", "名前の変更を元に戻す"),
    "balance.undone": Words(
        "The folders have their old names again: {names}", "元の名前に戻しました：{names}"
    ),
    "balance.undo.none": Words("There is no renaming to undo.", "元に戻せる名前の変更はありません。"),
}
