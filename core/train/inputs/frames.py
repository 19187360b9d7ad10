"""How the image of each sample was resized and cropped, for models that are given it."""

from __future__ import annotations

from core.catalog import Size
from core.data.plan.plan import PlannedImage, Sample
from core.models.family import Frame


def frame(image: PlannedImage, sample: Sample, how: str) -> Frame:
    """The frame of a sample. how: the option size_condition.

    As it was: the crop's offset in the resized image, from the right where the sample is mirrored.
    """
    bucket, resized = image.fit.bucket, image.fit.resized
    if how == "zero":
        return Frame(image.size, (0, 0), bucket)
    if how == "sd_scripts":
        return Frame(image.size, _as_sd_scripts(image.size, bucket, sample.flip), bucket)
    left, top = sample.crop
    return Frame(image.size, (resized.width - bucket.width - left if sample.flip else left, top), bucket)


def _as_sd_scripts(original: Size, bucket: Size, flip: bool) -> tuple[float, float]:
    """The margins of the image fitted into the bucket, which is not the crop that is made.

    Source: sd-scripts, library/train_util.py, BucketManager.get_crop_ltrb and the dataset's __getitem__.
    """
    aspect = original.width / original.height
    if bucket.width / bucket.height > aspect:
        width, height = bucket.height * aspect, float(bucket.height)
    else:
        width, height = float(bucket.width), bucket.width / aspect
    left, top = (bucket.width - width) // 2, (bucket.height - height) // 2
    return (bucket.width - (left + width) if flip else left), top
