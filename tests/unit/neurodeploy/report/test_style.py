"""The page's colours can be read, by day and by night."""

import re
from importlib.resources import files

import pytest

STYLE = files("neurodeploy.report.html").joinpath("style.css").read_text(encoding="utf-8")
# Text, and then lines and discs, on what they stand on.
TEXT = [
    *((ink, ground) for ink in ("ink", "soft") for ground in ("paper", "card", "ground")),
    *((status, "card") for status in ("equal", "differs", "not-run")),
    *((status, "paper") for status in ("equal", "differs", "not-run")),
    ("differs", "differs-tint"),
    ("ink", "differs-tint"),
]
LINES = [(name, "ground") for name in ("spike", "c0", "c1", "c2", "c3", "differs")]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(dark: bool) -> None:
    day, night = STYLE.split("@media screen and (prefers-color-scheme: dark)")
    pattern = r"--([\w-]+): (#[0-9a-f]{6})"
    colours = dict(re.findall(pattern, day))
    if dark:
        night_colours = dict(re.findall(pattern, night.split("\n}\n")[0]))
        assert night_colours.keys() == colours.keys()
        colours = night_colours
    weak = [(a, b) for a, b in TEXT if contrast(colours[a], colours[b]) < 4.5]
    assert weak + [(a, b) for a, b in LINES if contrast(colours[a], colours[b]) < 3] == []
