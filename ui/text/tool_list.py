"""Words of the list of tools: its groups, and a line for each tool; without one its card's lead stands there."""

from collections.abc import Mapping

from core.catalog import Words

TOOL_LIST_WORDS: Mapping[str, Words] = {
    "tools.all": Words("All tools", "ツール一覧"),
    "tools.group.results": Words("Results", "学習結果"),
    "tools.group.images": Words("Images", "画像"),
    "tools.group.adapters": Words("Adapters", "アダプター"),
    "tools.group.models": Words("Models", "モデル"),
    "tools.group.more": Words("Sharing and cleaning up", "共有・通知・整理"),
    "tools.runs.line": Words("Models and samples of each run", "学習ごとのモデルと画像"),
    "tools.try.line": Words("Generate images with a result", "学習結果で画像を生成"),
    "tools.logs.line": Words("Curves of all logged runs", "記録したすべての学習のグラフ"),
    "tools.compare.line": Words("Steps and strengths on a sheet", "ステップと強さを並べた一覧"),
    "tools.judge.line": Words("Which checkpoint is the best", "どのステップが最もよいか"),
    "tools.caption.line": Words("A model writes the captions", "モデルがキャプションを書く"),
    "tools.resize.line": Words("Copies at the training resolution", "学習解像度に合わせたコピー"),
    "tools.regularize.line": Words("Class images by the base model", "元モデルでクラス画像を生成"),
    "tools.merge-adapters.line": Words("Several as one LoRA", "複数を1つのLoRAに"),
    "tools.resize-adapter.line": Words("A smaller LoRA, nearly the same", "ほぼ同じ働きの小さなLoRAに"),
    "tools.convert-adapter.line": Words("Other names, or a plain LoRA", "名前の形式・通常のLoRAへ"),
    "tools.extract.line": Words("A LoRA from two models", "2つのモデルの差をLoRAに"),
    "tools.inspect.line": Words("What it is, and was trained with", "種類と学習時の設定を表示"),
    "tools.convert.line": Words("Single file, Diffusers, precision", "単一ファイル・Diffusers・精度"),
    "tools.merge-model.line": Words("Adapters added to its weights", "アダプターを重みに足す"),
    "tools.hub.line": Words("Upload models to the Hub", "モデルをHubにアップロード"),
    "tools.notice.line": Words("A message when a run ends", "学習が終わったときの通知"),
    "tools.trash.line": Words("Restore images and models", "画像とモデルを元に戻す"),
}
