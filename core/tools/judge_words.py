"""What a judge found, in words and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.catalog import Words
from core.counting import counted
from core.judges.scores import Basis
from core.runs.judgement import Judged
from core.tools.judge_plan import Asked
from core.tools.tool import Table

NOT_TOLD = "–"
BEST = "★"


FORMULA = Words(
    "Subject learned: 0% is as the base model, 100% as alike as the images compared with are to each other. "
    "Class kept: 100% is as alike as two class images of the base model are to each other, 0% as like the "
    "subject. Score: their harmonic mean, high only where both are (docs/judging.md).",
    "対象の学習：0%は元モデルと同じ、100%は比較画像どうしと同じだけ似た状態。"
    "クラスの維持：100%は元モデルのクラス画像どうしと同じだけ似た状態、0%は対象と同じになった状態。"
    "総合：両者の調和平均で、どちらも高いときだけ高くなります（docs/judging.md）。",
)


def lines(models: Sequence[Judged]) -> Iterator[Words]:
    """The suggestion and why."""
    best = next((model for model in models if model.is_best), None)
    if best is None and any(model.score is not None for model in models):
        yield Words(
            "No suggestion: each model has learned nothing of the subject or kept nothing of the class.",
            "提案できるモデルがありません。どのモデルも、対象を学習していないか、クラスが失われています。",
        )
    elif best is None:
        yield Words(
            "No suggestion: the judge tells neither the subject nor the class apart.",
            "提案できません。この判定モデルは対象もクラスも見分けられません。",
        )
    else:
        yield _best(best)
        if (why := _why(best, models)) is not None:
            yield why


def _best(best: Judged) -> Words:
    learned, kept = percent(best.learned), percent(best.kept)
    return Words(
        f"Best: {best.file} (step {best.step}). Subject learned {learned}, class kept {kept}, "
        f"score {percent(best.score)}.",
        f"最もよいモデル：{best.file}（ステップ{best.step}）。対象の学習 {learned}、クラスの維持 {kept}、"
        f"総合 {percent(best.score)}。",
        f"最佳模型：{best.file}（第{best.step}步）。主体学习 {learned}，类别保留 {kept}，"
        f"综合 {percent(best.score)}。",
    )


def _why(best: Judged, models: Sequence[Judged]) -> Words | None:
    """How the others differ: one that learned more but kept less, or one that kept more but learned less."""
    others = [model for model in models if model is not best and model.score is not None]
    more = [one for one in others if (one.learned or 0) > (best.learned or 0)]
    if more:
        other = max(more, key=lambda one: one.learned or 0)
        learned, kept = percent(other.learned), percent(other.kept)
        return Words(
            f"Step {other.step} is more like the subject ({learned}), but keeps less of the class ({kept}).",
            f"ステップ{other.step}は対象により似ていますが（{learned}）、クラスの維持は劣ります（{kept}）。",
            f"第{other.step}步更像主体（{learned}），但类别保留较少（{kept}）。",
        )
    same = [one for one in others if one.score == best.score]
    if same:
        return Words(
            f"Step {same[0].step} scores the same; the earlier one is taken.",
            f"ステップ{same[0].step}も同点のため、先に保存された方を選びました。",
            f"第{same[0].step}步得分相同，取较早的一个。",
        )
    kept_more = [one for one in others if (one.kept or 0) > (best.kept or 0)]
    if kept_more:
        other = max(kept_more, key=lambda one: one.score or 0)
        learned, kept = percent(other.learned), percent(other.kept)
        return Words(
            f"No other is more like the subject; step {other.step} keeps more of the class ({kept}), but has "
            f"learned less of the subject ({learned}).",
            f"対象に最も似ています。ステップ{other.step}はクラスをより保ちますが（{kept}）、"
            f"対象の学習は劣ります（{learned}）。",
            f"它最像主体；第{other.step}步类别保留更多（{kept}），但主体学习较少（{learned}）。",
        )
    if not others:
        return None
    return Words(
        "No other is more like the subject or keeps more of the class.",
        "対象への近さでもクラスの維持でも、これを上回るモデルはありません。",
    )


def compared(asked: Asked) -> Words:
    """What the figures are of."""
    number = len(asked.held_out)
    images = counted(number, "image")
    kinds = {
        "given": Words(
            f"Compared with {images} of the folder that was given",
            f"指定したフォルダーの画像{number}枚と比較",
            f"与指定文件夹的{number}张图像比较",
        ),
        "validation": Words(
            f"Compared with {images} that the run held out for validation",
            f"検証用に学習から除かれた画像{number}枚と比較",
            f"与训练时留作验证的{number}张图像比较",
        ),
        "trained": Words(
            f"Compared with {images} that were trained",
            f"学習に使った画像{number}枚と比較",
            f"与训练所用的{number}张图像比较",
        ),
    }
    words, each = kinds[asked.kind], counted(asked.count, "image")
    texts = ", ".join(prompt.text for prompt in (*asked.subject, *asked.classes))
    return Words(
        f"{words.en}; {each} of each prompt ({texts}).",
        f"{words.ja}（プロンプトごとに{asked.count}枚：{texts}）",
        f"{words.zh}；每个提示词{asked.count}张（{texts}）。",
    )


def table(models: Sequence[Judged], asked: Asked, basis: Basis) -> Table:
    """A row for the base model and for each model."""
    head = [
        Words("Model", "モデル"),
        Words("Likeness", "類似度"),
        Words("Subject learned", "対象の学習"),
        Words("Drift", "ずれ"),
        Words("Class kept", "クラスの維持"),
        Words("Score", "総合"),
    ]
    base = [figure(basis.learned.low), percent(0.0), figure(0.0), percent(1.0), percent(0.0)]
    names, rows = [Words("base model", "元モデル")], [base]
    for model in models:
        mark = f" {BEST}" if model.is_best else ""
        step = f"{model.step}{mark}"
        names.append(Words(f"step {step}", f"ステップ{step}", f"第{model.step}步{mark}"))
        shares = percent(model.learned), figure(model.drift), percent(model.kept), percent(model.score)
        rows.append([figure(model.likeness), *shares])
    if basis.trained is not None:
        head += [Words("Nearest trained image", "最も近い学習画像"), Words("Looks copied", "複写の疑い")]
        rows[0] += [NOT_TOLD, NOT_TOLD]
        total = asked.count * len(asked.subject)
        for row, model in zip(rows[1:], models, strict=True):
            row += [figure(model.nearest), f"{model.copies}/{total}"]
    return Table(tuple(head), tuple(names), tuple(map(tuple, rows)))


def percent(share: float | None) -> str:
    return NOT_TOLD if share is None else f"{share:.0%}"


def figure(value: float | None) -> str:
    return NOT_TOLD if value is None else f"{value:.3f}"
