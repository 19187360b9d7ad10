"""Words of the forecast of memory and time, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

FORECAST_WORDS: Mapping[str, Words] = {
    "forecast.need": Words("Memory needed: {needed}", "必要なメモリ：{needed}"),
    "forecast.gpu": Words("of {free} free on {name}", "{name}の空き{free}のうち"),
    "forecast.cpu": Words(
        "of {free} free in this computer (no GPU: it trains on the CPU)",
        "このコンピューターの空き{free}のうち（GPUがないためCPUで学習します）",
    ),
    "forecast.fits": Words("It will fit.", "足りる見込みです。"),
    "forecast.tight": Words(
        "A tight fit; close other programs that use this memory.",
        "ぎりぎりです。同じメモリを使うほかのプログラムは閉じてください。",
    ),
    "forecast.not": Words(
        "It will not fit: short by {short}.", "メモリが足りません（{short}不足する見込み）。"
    ),
    "forecast.look": Words("What helps most: {change}", "{change}にするのが最も効果的です"),
    "forecast.most": Words("Peak: {phase}.", "最大になる段階：{phase}"),
    "forecast.assumed": Words(
        "No base model is chosen yet; computed for Stable Diffusion 1.x.",
        "元モデルがまだないため、Stable Diffusion 1.xとして計算しています。",
    ),
    "forecast.weights": Words("Weights", "重み"),
    "forecast.gradients": Words("Gradients", "勾配"),
    "forecast.optimizer": Words("Optimizer", "オプティマイザー"),
    "forecast.activations": Words("Activations", "中間データ（activation）"),
    "forecast.other": Words("Cached latents, EMA", "latentsのキャッシュ・EMA"),
    "forecast.beside": Words("Program and libraries", "プログラム・ライブラリ"),
    "forecast.phase": Words("Phase", "段階"),
    "forecast.total": Words("Total", "合計"),
    "forecast.phase.caching": Words("Caching latents", "latentsのキャッシュ"),
    "forecast.phase.text": Words("Encoding captions", "キャプションの変換"),
    "forecast.phase.training": Words("Training step", "学習ステップ"),
    "forecast.phase.update": Words("Optimizer step", "重みの更新"),
    "forecast.phase.sampling": Words("Sample images", "サンプル画像の生成"),
    "forecast.details": Words("By phase", "段階ごとの内訳"),
    "forecast.counted.gpu": Words(
        "Computed from the model's layers at the largest bucket ({size}, batch size {batch}), plus about 0.5 GiB for CUDA and 5 % for memory its allocator can't use.",
        "モデルの各層から、最大のバケット（{size}、バッチサイズ{batch}）で計算しています。ほかにCUDA自体の約0.5 GiBと、割り当ての無駄5%を見込みます。",
    ),
    "forecast.counted.cpu": Words(
        "Computed from the model's layers at the largest bucket ({size}, batch size {batch}), plus about 0.6 GiB for Python and its libraries.",
        "モデルの各層から、最大のバケット（{size}、バッチサイズ{batch}）で計算しています。ほかにPythonとライブラリの約0.6 GiBを見込みます。",
    ),
    "forecast.paged": Words(
        "States of the paged optimizer can move to RAM and are not counted.",
        "ページングするオプティマイザーの分はRAMに置けるため、含めていません。",
    ),
    "forecast.time": Words(
        "Time: about {time} ({step} a step, as measured in the run {run}), without caching and samples.",
        "時間：約{time}（1ステップ{step}、学習「{run}」での実測から）。キャッシュとサンプル生成は別です。",
    ),
    "forecast.step": Words(
        "{step} a step, as measured in the run {run}.", "1ステップ{step}（学習「{run}」での実測から）。"
    ),
    "forecast.no.time": Words(
        "The time is shown once a run of this kind was made on this computer.",
        "かかる時間は、このコンピューターで同じ種類の学習を一度行うと表示されます。",
    ),
    "forecast.help": Words("Ways to save memory", "メモリを減らす方法"),
    "forecast.with": Words("needs {needed}", "必要なメモリ{needed}"),
    "forecast.with.fits": Words("needs {needed}, fits", "必要なメモリ{needed}、足ります"),
    "forecast.apply": Words("Set {change}", "{change}にする"),
    "forecast.on": Words("{option}: on", "{option}をオン"),
    "forecast.to": Words("{option}: {value}", "{option}を{value}"),
    "forecast.none": Words("none", "指定なし"),
    "forecast.too.large": Words(
        "No single setting is enough. Apply the first and check again, or use a smaller model.",
        "1つの設定だけでは足りません。まず先頭の設定を変えて、もう一度確認してください。",
    ),
    "forecast.hours": Words("{h} h {m} min", "{h}時間{m}分"),
    "forecast.minutes": Words("{m} min", "{m}分"),
    "forecast.seconds": Words("{s} s", "{s}秒"),
}
