"""A tool as anybody may add one: this file, and a line in the table."""

from pathlib import Path

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.tools.tool import Card, Outcome, Tool, Work


class ToySettings(Section):
    """What is written where."""

    word: str = opt("frog", ("Word", "単語"), ("What is written.", "書き込む単語。"))
    times: int = opt(2, ("Times", "回数"), ("How often.", "繰り返す回数。"), ge=1)
    upper: bool = opt(False, ("Capitals", "大文字"), ("In capitals.", "大文字にします。"))
    out: str = opt(..., ("Name", "名前"), ("Where it is written.", "保存先。"), path="file")


def run(settings: ToySettings, work: Work) -> Outcome:
    for n in range(settings.times):
        work.at("toy", n, settings.times)
    Path(settings.out).parent.mkdir(parents=True, exist_ok=True)
    word = settings.word.upper() if settings.upper else settings.word
    Path(settings.out).write_text(word * settings.times, encoding="utf-8")
    return Outcome((Words(f"{settings.times} written", f"{settings.times}回書き込みました"),))


TOOL = Tool(
    "toy",
    Words("Write a word", "単語を書く"),
    ToySettings,
    "tests.tools.toy:run",
    Card(Words("As a test.", "テスト用。"), Words("Write", "書く"), output="out", folder="toys"),
)
