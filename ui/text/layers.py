"""Words of the layers that get an adapter, on the LoRA tab."""

from collections.abc import Mapping

from core.catalog import Words

LAYERS_WORDS: Mapping[str, Words] = {
    "layers.title": Words("Layers that are trained", "学習する層"),
    "layers.all": Words("Layers", "層"),
    "layers.parameters": Words("Parameters", "パラメーター数"),
    "layers.file": Words("In the file", "ファイルサイズ"),
    "layers.block": Words("Block", "ブロック"),
    "layers.count": Words("Layers", "層"),
    "layers.blocks": Words("By block", "ブロックごと"),
    "layers.with": Words("Layers with an adapter", "アダプターを付ける層"),
    "layers.without": Words("Layers without one", "付けない層"),
    "layers.more": Words("and {n:#other}", "ほか{n}個"),
    "layers.idle": Words("{pattern} matches no layer.", "{pattern} に一致する層がありません。"),
    "layers.none": Words(
        "No layer gets an adapter: nothing would be trained.",
        "アダプターを付ける層がないため、何も学習されません。",
    ),
    "layers.oft": Words(
        "ComfyUI applies the strength of OFT twice: at 1 it is as trained, at 0.5 a quarter of the change is left.",
        "ComfyUIはOFTの強さを2回掛けます。強さ1なら学習時と同じですが、0.5では変化が4分の1になります。",
    ),
    "layers.from_file": Words(
        "Ranks and layers are those of the LoRA to train further; these are the ones of the settings.",
        "実際のランクと層は、さらに学習するLoRAのものになります。ここに表示しているのは設定上の値です。",
    ),
}
