"""The check of a surrogate of somebody's own, and its picture."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from snncore import surrogate
from snncore.dynamics import absolute, exp, maximum


@dataclass(frozen=True)
class Tent(surrogate.Surrogate):
    height: float = 2.0

    def gradient(self, distance: Any) -> Any:
        return maximum(self.height - self.height * self.height * absolute(distance), 0.0)


class Broken(surrogate.Surrogate):
    """A gradient that goes wrong in one way of several."""

    def __init__(self, way: str) -> None:
        vars(self)["way"] = way

    def gradient(self, distance: Any) -> Any:
        match self.way:
            case "runs away":
                return exp(100.0 * absolute(distance)) if isinstance(distance, float) else distance
            case "never learns":
                return -1.0 * absolute(distance)
            case "rounds":
                is_number = isinstance(distance, float)
                return (
                    1.0 / (1.0 + abs(distance)) if is_number else 1.0 / (1.1 + absolute(distance))
                )
            case _:
                return 1.0 if distance > 0 else 2.0


def test_the_numbers_of_a_gradient() -> None:
    report = surrogate.check(Tent())
    assert (report.at_threshold, report.largest, report.symmetric) == (2.0, 2.0, True)
    assert report.area == pytest.approx(1.0, abs=1e-6)
    assert "area 1" in report.to_text()
    assert not surrogate.check(surrogate.S2NN()).symmetric


def test_ours_pass() -> None:
    for kind in surrogate.KINDS.values():
        assert surrogate.check(kind()).largest > 0, kind


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("runs away", "Broken.gradient: is inf at a distance of"),
        ("never learns", "Broken.gradient: is nowhere above zero"),
        ("rounds", "as a number and .* as an equation"),
        ("branches", "Broken"),
    ],
)
def test_a_broken_gradient_is_named(way: str, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        surrogate.check(Broken(way))


def test_a_picture_shows_values_and_gradients() -> None:
    figure = surrogate.plot(surrogate.ATan(), Tent(), reach=1.0)
    values, gradients = figure.axes
    assert [text.get_text() for text in values.get_legend().get_texts()] == [
        "spike",
        "ATan(alpha=2)",
        "Tent(height=2)",
    ]
    x, slope = (torch.as_tensor(each) for each in gradients.lines[1].get_data())
    assert torch.allclose(slope, (2 - 4 * x.abs()).clamp(min=0))
    # The curve is the integral of the tent: 0, 1/2 at the threshold, 1.
    curve = torch.as_tensor(values.lines[2].get_data()[1])
    assert curve[[0, 500, -1]].tolist() == pytest.approx([0.0, 0.5, 1.0], abs=1e-5)
    with pytest.raises(ValueError, match="reach"):
        surrogate.plot(surrogate.ATan(), reach=-math.pi)
    with pytest.raises(ValueError, match="takes a surrogate"):
        surrogate.plot()
