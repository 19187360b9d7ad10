"""Where the pictures come from: folders by name, a dataset_config or metadata; one of them counts."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem


def pictures_are_named(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not (data.train_data_dir.strip() or data.dataset_config or data.in_json):
        yield plain_problem(
            "E-CFG-NEEDED",
            "no folder of training pictures is named; give the one that holds `20_sls frog` or the like.",
            "学習用画像のフォルダが未指定です。「20_sls frog」などを入れた親フォルダを指定してください。",
            key="dataset.train_data_dir",
        )


def pictures_are_named_once(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if data.dataset_config:
        for name in ("train_data_dir", "reg_data_dir", "in_json"):
            if str(getattr(data, name) or "").strip():
                yield plain_problem(
                    "E-CFG-TOGETHER",
                    "dataset_config names the pictures; take this one out, or take dataset_config out.",
                    "画像はdataset_configで指定されています。この指定かdataset_configのどちらかを削除してください。",
                    key=f"dataset.{name}",
                )
    elif data.in_json and (data.reg_data_dir or "").strip():
        yield plain_problem(
            "E-CFG-TOGETHER",
            "pictures named by in_json are trained without regularization pictures; take one of them out "
            "(a dataset_config can hold both).",
            "in_jsonで指定した画像は正則化画像と併用できません。どちらかを削除してください"
            "（dataset_configなら両方を使えます）。",
            key="dataset.reg_data_dir",
        )


RULES = (pictures_are_named, pictures_are_named_once)
