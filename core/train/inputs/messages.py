"""Messages about what a training reads: latents, loss masks, the cache on disk."""

from core.errors import Message

LATENT_NAN = Message(
    "E-LATENT-NAN",
    "the VAE encodes this image as NaN; leave it out, or choose another VAE.",
    "この画像はVAEでNaNになります。画像を除くか、別のVAEを指定してください。",
)
NO_MASK = Message(
    "E-MASK-NONE",
    "no image has a mask; name their folder in dataset.conditioning_data_dir, turn on dataset.alpha_mask for transparent images, or turn this off.",
    "マスクのある画像がありません。dataset.conditioning_data_dirにマスクのフォルダーを指定するか、透明部分を使う場合はdataset.alpha_maskをオンにしてください。不要ならこの指定を外してください。",
    key="train.masked_loss",
)
TEXT_AS_IT_COMES = Message(
    "W-TEXT-ENCODED",
    "captions change from use to use (shuffled or dropped tags, wildcards), so each is encoded as it comes: the text encoder stays in memory, and a step takes longer. Without that, captions are encoded once and cached.",
    "キャプションが毎回変わる（タグのシャッフルやドロップアウト、wildcardなど）ため、使うたびにエンコードします。Text Encoderをメモリに残し、1ステップも少し遅くなります。変えなければ、一度だけエンコードしてキャッシュします。",
)
TEXT_NOT_KEPT = Message(
    "W-TEXT-ENCODED",
    "the encoded captions do not fit into {size}, so the text encoder stays in memory and encodes what was dropped again. With cache_latents_to_disk they are cached on disk.",
    "エンコードしたキャプションが{size}に収まらないため、Text Encoderをメモリに残し、必要に応じてエンコードし直します。cache_latents_to_diskを使うと、ディスクにキャッシュします。",
    key="dataset.cache_latents_to_disk",
)
CACHE_REDONE = Message(
    "W-CACHE-REDONE",
    "a cache entry is damaged and is made again ({reason}).",
    "壊れたキャッシュを作り直します（{reason}）。",
)
CACHE_UNWRITABLE = Message(
    "W-CACHE-WRITE",
    "nothing more is cached on disk: {fault}",
    "以後はディスクにキャッシュしません：{fault}",
)
