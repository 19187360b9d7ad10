"""Words of the head of the page, its settings and the forecast, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

SETTINGS_WORDS: Mapping[str, Words] = {
    "app.skip": Words("To “Start training”", "「学習開始」へ移動"),
    "app.language": Words("Language", "言語"),
    "app.level": Words("Settings shown", "表示する設定"),
    "level.basic": Words("Basic", "基本"),
    "level.advanced": Words("Advanced", "詳細"),
    "level.expert": Words("All", "すべて"),
    "unshown.count": Words(
        "{n:#more setting differs|more settings differ} from the default", "ほかに既定値と異なる設定：{n}個"
    ),
    "tab.dataset": Words("Dataset", "データセット"),
    "tab.model": Words("Model", "モデル"),
    "tab.training": Words("Training", "学習"),
    "tab.lora": Words("LoRA", "LoRA"),
    "tab.tools": Words("Tools", "ツール"),
    # presets and run files
    "preset.label": Words("Preset", "プリセット"),
    "preset.none": Words("Choose a preset", "プリセットを選ぶ"),
    "preset.other.note": Words(
        "This preset is for {families}; the base model is of another kind.",
        "{families}用のプリセットです。選択中の元モデルとは種類が異なります。",
    ),
    "preset.apply": Words("Apply", "適用"),
    "preset.more": Words("Save and open settings", "設定の保存と読み込み"),
    "preset.name": Words("Name of your preset", "プリセット名"),
    "preset.name.hint": Words("such as: my characters", "例：自分用キャラクター"),
    "preset.save": Words("Save as preset", "プリセットとして保存"),
    "preset.saved": Words("Preset saved: {name}", "プリセットを保存しました：{name}"),
    "preset.applied": Words("Preset applied: {name}", "プリセットを適用しました：{name}"),
    "preset.samples.steps": Words(
        "Samples are off: this preset turns them on, before training and every {n:#step}.",
        "サンプル生成がオフのため、このプリセットでオンにします（学習前と{n}ステップごと）。",
    ),
    "preset.samples.epochs": Words(
        "Samples are off: this preset turns them on, before training and every {n:#epoch}.",
        "サンプル生成がオフのため、このプリセットでオンにします（学習前と{n}エポックごと）。",
    ),
    "preset.samples.none": Words(
        "No samples will be generated: enter sample prompts on the Training tab to see what is learned.",
        "サンプルは生成されません。学習の様子を見るには、学習タブでサンプル画像のプロンプトを入力してください。",
    ),
    "preset.source": Words("Source of the values: {text}", "値の出典：{text}"),
    "preset.rename": Words("Rename", "名前を変更"),
    "preset.renamed": Words("Preset renamed: {name}", "プリセットの名前を変更しました：{name}"),
    "preset.delete": Words("Delete", "削除"),
    "preset.delete.sure": Words("Delete “{name}”?", "「{name}」を削除しますか？"),
    "preset.cancel": Words("Cancel", "キャンセル"),
    "preset.keep.sure": Words("Replace “{name}”", "「{name}」を置き換える"),
    "preset.keep.there": Words(
        "A preset {name} exists. Replace it with the settings on the page?",
        "プリセット「{name}」はすでにあります。画面の設定で置き換えますか？",
    ),
    "preset.deleted": Words("Preset deleted: {name}", "プリセットを削除しました：{name}"),
    "diff.none": Words("No changes: these are the current settings.", "現在の設定と同じです。"),
    "diff.many": Words("{n:#setting} would change", "変わる設定：{n}個"),
    "diff.setting": Words("Setting", "設定"),
    "diff.now": Words("Now", "現在"),
    "diff.then": Words("With this preset", "適用後"),
    "diff.proposed": Words("Proposed", "変更案"),
    "diff.on": Words("on", "オン"),
    "diff.off": Words("off", "オフ"),
    "preset.choose": Words("Choose a preset first.", "先にプリセットを選んでください。"),
    "import.label": Words("Settings of another trainer", "ほかの学習ツールの設定"),
    "import.hint": Words(
        "Paste a command or TOML of sd-scripts, a JSON of kohya_ss or OneTrainer, a job of ai-toolkit, or settings of SimpleTuner",
        "ここに貼り付け：sd-scriptsのコマンド・TOML、kohya_ss・OneTrainerのJSON、ai-toolkitのジョブ、SimpleTunerの設定",
    ),
    "import.button": Words("Import", "取り込む"),
    "import.empty": Words("Paste the settings first.", "先に設定を貼り付けてください。"),
    "import.datasets": Words(
        "These are settings of a dataset, not of a run: saved as {path} and entered in “Dataset config file” (Dataset tab, settings shown: All), with {n:#subset}. The image folder fields are empty now, since the file names the images; all other settings are unchanged.",
        "学習の設定ではなくデータセットの設定なので、{path} に保存し、「データセット設定ファイル」（データセットタブ、表示する設定「すべて」）に指定しました（subset：{n}個）。画像はこのファイルで指定されるため、画像フォルダーの欄は空にしました。ほかの設定はそのままです。",
    ),
    "import.left": Words(
        "Not taken, or to be checked ({n})", "取り込めなかった、または確認が必要な設定（{n}件）"
    ),
    "import.read": Words("Read as ({n})", "読み替えた設定（{n}件）"),
    "file.open": Words("Open a settings file", "設定ファイルを開く"),
    "file.save": Words("Download settings file", "設定ファイルをダウンロード"),
    "file.opened": Words("Settings opened: {name}", "設定を読み込みました：{name}"),
    "file.reset": Words("Reset to the demo", "デモの設定に戻す"),
    "file.reset.done": Words("Demo settings restored.", "デモの設定に戻しました。"),
    # groups of options
    "group.model": Words("Model", "モデル"),
    "group.model.more": Words("Loading", "読み込みの設定"),
    "group.network": Words("LoRA network", "LoRAネットワーク"),
    "group.embedding": Words("New word (textual inversion)", "新しい単語（Textual Inversion）"),
    "group.blocks": Words("Block by block", "ブロックごと"),
    "group.none": Words(
        "The whole model is trained, so there is nothing to set here.",
        "モデル全体を学習するため、ここで設定するものはありません。",
    ),
    "group.length": Words("Length and learning rate", "学習の長さと学習率"),
    "group.memory": Words("Precision and memory", "精度とメモリ"),
    "group.loss": Words("Loss and noise", "lossとノイズ"),
    "group.prior": Words("Keeping what the model knows", "元のモデルの知識を保つ"),
    "group.optimizer": Words("Optimizer and schedule", "オプティマイザーとスケジューラー"),
    "group.sample": Words("Sample images", "サンプル画像"),
    "group.save": Words("Saving", "保存"),
    "group.metadata": Words("Metadata", "メタデータ"),
    "group.log": Words("Log", "ログ"),
    "group.data": Words("Images", "画像の場所"),
    "group.sources": Words("Other image sources", "画像のその他の指定方法"),
    "group.sizes": Words("Size, batch and buckets", "サイズ・バッチ・バケット"),
    "group.captions": Words("Captions", "キャプション"),
    "group.images": Words("Augmentation, caching, validation", "データ拡張・キャッシュ・検証"),
    "group.result": Words("Training and saving format", "学習と保存の形式"),
    "paths.refresh": Words("Refresh the file lists", "ファイルの一覧を更新"),
    "paths.refreshed": Words(
        "Refresh the file lists ({n:#model}, {at})", "ファイルの一覧を更新（モデル{n:,}件、{at}現在）"
    ),
    # searching
    "find.label": Words("Find a setting or a tool", "設定やツールを検索"),
    "find.hint": Words("Search (Ctrl-K)", "検索（Ctrl-K）"),
    "find.none": Words(
        "No setting or tool is called “{text}”.", "「{text}」に該当する設定やツールはありません。"
    ),
    "find.more": Words("and {n} more; add a word to narrow it down.", "ほか{n}件。語を足すと絞り込めます。"),
    "find.family": Words("{family} models do not have it.", "{family}のモデルにはない設定です。"),
    "find.method": Words("Only for {methods}.", "{methods}のときだけ使います。"),
    "find.needs": Words("Only when {needs}.", "{needs}したときに使います。"),
    # what suits the base model
    "suited.title": Words("Settings for {family}", "{family}に合う設定"),
    "suited.lead": Words(
        "These settings still suit another kind of model. Nothing is changed until you apply them.",
        "次の設定は別の種類のモデルに合わせた値です。「適用」を押すまで何も変わりません。",
    ),
    "suited.apply": Words("Apply", "適用"),
    "suited.keep": Words("Keep mine", "今のままにする"),
    # what a model file is
    "identity.none": Words("Choose a base model.", "元モデルを選んでください。"),
    "identity.own": Words("The base model's own VAE is used.", "元モデルのVAEを使います。"),
    "identity.size": Words("Size", "サイズ"),
    "identity.hub": Words(
        "No file or folder here has this name: it is downloaded from the Hugging Face Hub when the run starts, once (several GiB).",
        "この名前のファイルやフォルダーはありません。学習の開始時にHugging Face Hubから一度だけ取得します（数GiB）。",
    ),
    "identity.moved": Words("Use {name}", "{name}を使う"),
    "identity.missing": Words("There is no such file or folder.", "ファイルまたはフォルダーがありません。"),
    "format.ldm": Words("single file", "単一ファイル"),
    "format.diffusers": Words("single file with Diffusers names", "Diffusersの名前の単一ファイル"),
    "format.folder": Words("Diffusers folder", "Diffusersフォルダー"),
    # forecast of memory and time
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
        "No base model is chosen yet; computed for {family}.",
        "元モデルがまだないため、{family}として計算しています。",
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
    "forecast.disk": Words(
        "On disk: {what}, {total} in all; {free} free.", "ディスク：{what}、合計{total}（空き{free}）。"
    ),
    "forecast.disk.short": Words(
        "The disk will be full before the run is over: keep fewer saves, or free some space.",
        "途中でディスクがいっぱいになります。残す保存を減らすか、空きを作ってください。",
    ),
    "forecast.disk.alarm": Words(
        "All saves of this run take {total}, and {free} are free on the disk.",
        "この学習の保存には合計{total}が必要ですが、ディスクの空きは{free}です。",
    ),
    "forecast.disk.look": Words("Save less", "保存を減らす"),
    "forecast.disk.elsewhere": Words("Choose another output folder", "別の出力先フォルダーを選ぶ"),
}
