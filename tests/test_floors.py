"""No library with a known hole is asked for, nor is one in this environment."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent

MENDED = {
    "certifi": ("2024.7.4", "CVE-2024-39689"),
    "gradio": ("6.20", "CVE-2026-59806"),
    "h11": ("0.16", "CVE-2025-43859"),
    "Jinja2": ("3.1.6", "CVE-2025-27516"),
    "Pillow": ("11.3", "CVE-2025-48379"),
    "protobuf": ("6.31.1", "CVE-2025-4565"),
    "python-multipart": ("0.0.18", "CVE-2024-53981"),
    "PyYAML": ("5.4", "CVE-2020-14343"),
    "requests": ("2.32.4", "CVE-2024-47081"),
    "starlette": ("0.49.1", "CVE-2025-62727"),
    "torch": ("2.10", "CVE-2026-24747"),
    "tqdm": ("4.66.3", "CVE-2024-34062"),
    "transformers": ("4.48", "CVE-2024-11392"),
    "urllib3": ("2.5", "CVE-2025-50181"),
    "Werkzeug": ("3.0.6", "CVE-2024-49767"),
}
"""Library -> the first version without the last hole that this program could meet, and the hole's number."""


def asked_for() -> dict[str, Version]:
    """The lowest version of each requirement."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {
        r.name: Version(s.version) for r in requirements for s in r.specifier if s.operator in (">=", "==")
    }


def test_every_floor_is_above_the_versions_with_known_holes():
    floors = asked_for()
    assert {"gradio", "torch", "Pillow", "transformers", "PyYAML"} <= floors.keys()
    for name, (first, hole) in MENDED.items():
        assert name not in floors or floors[name] >= Version(first), hole


@pytest.mark.parametrize("name", MENDED)
def test_nothing_with_a_known_hole_is_installed(name):
    first, hole = MENDED[name]
    try:
        assert Version(version(name)) >= Version(first), hole
    except PackageNotFoundError:
        pytest.skip("not installed")
