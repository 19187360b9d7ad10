"""Words of the sample prompts' fields, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

PROMPT_WORDS: Mapping[str, Words] = {
    "prompts.one": Words("Prompt {n}", "プロンプト{n}"),
    "prompts.prompt": Words("Prompt", "プロンプト"),
    "prompts.negative": Words("Negative", "ネガティブ"),
    "prompts.width": Words("Width", "幅"),
    "prompts.height": Words("Height", "高さ"),
    "prompts.seed": Words("Seed", "シード"),
    "prompts.seed.auto": Words("auto", "自動"),
    "prompts.steps": Words("Steps", "ステップ"),
    "prompts.guidance": Words("CFG", "CFG値"),
    "prompts.sampler": Words("Sampler", "サンプラー"),
    "prompts.sampler.run": Words("default", "共通設定"),
    "prompts.add": Words("Add a prompt", "プロンプトを追加"),
    "prompts.copy": Words("Duplicate", "複製"),
    "prompts.remove": Words("Remove", "削除"),
    "prompts.more": Words("Details", "詳細"),
    "prompts.text": Words("As text", "テキストで編集"),
    "prompts.fields": Words("As fields", "項目で編集"),
}
