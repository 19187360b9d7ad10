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
        "Checking for blur and duplicates: {done} of {total}", "ぼけと重複を確認中：{done}／{total}枚"
    ),
    "health.broken": Words("Broken files", "壊れたファイル"),
    "health.broken.why": Words(
        "They can't be read. Export or download them again, or delete them; skip_bad_images trains without them.",
        "読み込めません。保存やダウンロードをやり直すか、削除してください。skip_bad_imagesをオンにすると除いて学習します。",
    ),
    "health.reg_twins": Words("Same image in training and regularization", "学習用と正則化の両方にある画像"),
    "health.reg_twins.why": Words(
        "An image that is both counts as your subject and as any of its class, which cancels out. Remove it from the regularization folder.",
        "同じ画像が対象としても一般のclassとしても学習され、打ち消し合います。正則化画像のフォルダから取り除いてください。",
    ),
    "health.twins": Words("Duplicates", "重複した画像"),
    "health.twins.why": Words(
        "Duplicates are trained more often and overfit sooner. Keep one of each group; to train an image more often, raise the repeats of its folder.",
        "重複した画像は多く学習され、過学習しやすくなります。各グループで1枚だけを残してください。多く学習させたい場合はフォルダの繰り返し回数を増やします。",
    ),
    "health.small": Words("Small images", "小さい画像"),
    "health.small.why": Words(
        "They are enlarged to their bucket, and the blur of it is learned. Use larger originals, or train them at their own size (bucket_no_upscale).",
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
    "health.cut": Words("Cropped a lot", "大きく切り取られる画像"),
    "health.cut.why": Words(
        "Their aspect ratio fits no bucket, and more than a quarter is cropped. Crop them around the subject yourself, or lower bucket_reso_steps for finer buckets.",
        "縦横比がバケットに合わないため、1/4以上が切り取られます。対象を中心に自分で切り抜くか、bucket_reso_stepsを小さくしてください。",
    ),
    "health.long_caption": Words("Long captions", "長すぎるキャプション"),
    "health.long_caption.why": Words(
        "Only the first {limit} tokens are trained. Shorten them, or raise max_token_length in the Model tab.",
        "学習に使われるのは先頭の{limit}トークンまでです。短くするか、モデルタブのmax_token_lengthを大きくしてください。",
    ),
    "health.no_caption": Words("Without caption", "キャプションのない画像"),
    "health.no_caption.why": Words(
        "These are trained with the words of their folder, the others with their captions. If that is not what you want, write captions below (Captions).",
        "ほかの画像はキャプション、これらはフォルダ名の単語で学習されます。意図したものでなければ、下の「キャプション」で入力してください。",
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
        "表示どおりの向きで学習します。他の学習ツールでは横向きのまま学習されることがあります。",
    ),
    "fields.table": Words("Buckets", "バケット"),
    "fields.title": Words(
        "Images by bucket (the dimmed part is cropped)", "バケットごとの画像（暗い部分は切り取られます）"
    ),
    "fields.masks": Words(
        "The loss mask leaves out what is tinted pink.", "ピンク色の部分はマスクにより学習されません。"
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
        "{n:#regularization image is|regularization images are} not used in this run; after {steps:#step} all would be. That does no harm: fewer would do.",
        "正則化画像{n}枚はこの学習では使用されません（{steps}ステップですべて使用）。問題はありません。枚数は減らせます。",
    ),
    "usage.never": Words(
        "{n:#regularization image} can never be used: there are more kinds of sizes than regularization samples in an epoch. Raise the training folder's repeats, or bring them to one size: {names}.",
        "正則化画像{n}枚は使用されません。1エポックの正則化サンプル数よりサイズの種類が多いためです。学習用フォルダの繰り返し回数を増やすか、サイズを揃えてください：{names}。",
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
        "全体では学習用{train} ≧ 正則化{reg}ですが、classごとには別の繰り返し回数のほうが釣り合います。",
    ),
    "balance.plan": Words(
        "Renaming these folders balances them; only the names change, and it can be undone.",
        "次のようにフォルダ名を変更すると釣り合います。変わるのは名前だけで、元に戻せます。",
    ),
    "balance.many": Words("Balance: rename {n:#folder}", "バランスを取る：{n}個のフォルダ名を変更"),
    "balance.undo": Words("Undo the renaming", "名前の変更を元に戻す"),
    "balance.undone": Words("Old names restored: {names}", "元の名前に戻しました：{names}"),
    "balance.undo.none": Words("There is no renaming to undo.", "元に戻せる名前の変更はありません。"),
}
