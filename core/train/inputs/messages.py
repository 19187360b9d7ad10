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
    "マスクのある画像がありません。dataset.conditioning_data_dirにマスクのフォルダを指定するか、透明部分を使う場合はdataset.alpha_maskをオンにしてください。不要ならこの指定を外してください。",
    key="train.masked_loss",
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
