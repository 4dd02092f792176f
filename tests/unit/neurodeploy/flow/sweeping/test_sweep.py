"""A sweep measures every target and width, the same with one worker and with many."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.errors import UnknownNameError, ValidationError
from neurodeploy.flow.post_training import quantized
from neurodeploy.flow.sharing.tasks import Tasks
from neurodeploy.flow.sweeping.sweep import Point, bits_of, narrowed, swept
from snncore import layer, neuron


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A float model, and samples with labels."""
    folder = tmp_path_factory.mktemp("sweep")
    torch.manual_seed(3)
    rng = np.random.default_rng(0)
    samples = (rng.random((6, 12, 9)) < 0.5).astype(np.uint8)
    net = torch.nn.Sequential(
        layer.Linear(9, 12), neuron.IF(0.4), layer.Linear(12, 3), neuron.IF(0.4)
    )
    nd.save(net, folder / "model.pt", example=torch.from_numpy(samples).float())
    np.savez(folder / "samples.npz", samples=samples, labels=rng.integers(0, 3, 12))
    return folder / "model.pt", folder / "samples.npz"


def test_a_point_is_what_quantizing_gives(files: tuple[Path, Path]) -> None:
    model, samples = files
    points = swept(model, samples, ["onnx", "loihi"], [3, 8, 9], Tasks(), {})
    assert [(each.target, each.bits) for each in points] == [
        ("onnx", 3),
        ("onnx", 8),
        ("loihi", 3),
        ("loihi", 8),
    ]
    for each in points[:2]:
        with np.load(samples) as file:
            result = quantized(
                nd.load(model),
                target="onnx",
                samples=file["samples"],
                labels=file["labels"],
                form=f"int{each.bits}",
            )
        assert each.accuracy == result.accuracies["quantized"]
        assert each.bytes == -(-(9 * 12 + 12 * 3) * each.bits // 8)
    # Loihi has no neurons of this kind: the point says so.
    assert all("loihi" in str(each.error) or each.error is None for each in points)
    assert points[1].operations


def test_many_workers_give_the_bytes_of_one(files: tuple[Path, Path]) -> None:
    one, many = (swept(*files, ["onnx", "lynxi"], [2, 4], Tasks(jobs), {}) for jobs in (1, 2))
    assert one == many
    assert any(each.on_front for each in one)


def test_narrow_formats_are_parts_of_the_chips_own() -> None:
    for name in ("loihi", "lynxi", "onnx"):
        form = quant.chip_format(name)
        for bits in range(2, bits_of(form.weights) + 1):
            weights = narrowed(form, bits).weights
            assert bits_of(weights) == bits
            assert form.weights.minimum <= weights.minimum < weights.maximum <= form.weights.maximum
            assert weights.step == form.weights.step
    for bits in range(2, 9):
        assert narrowed(quant.chip_format("int8"), bits) == replace(
            quant.chip_format(f"int{bits}"), name="int8"
        )
    with pytest.raises(ValidationError, match="2 to 8 bits, not 9"):
        narrowed(quant.chip_format("loihi"), 9)


def test_the_front_is_what_nothing_beats(files: tuple[Path, Path]) -> None:
    points = swept(*files, ["onnx"], [2, 5, 8], Tasks(), {})
    for each in points:
        beaten = [
            other
            for other in points
            if score(other) != score(each)
            and all(a <= b for a, b in zip(score(other), score(each), strict=True))
        ]
        assert each.on_front == (not beaten)


def score(point: Point) -> tuple[float, float, float]:
    assert point.accuracy is not None
    assert point.bytes is not None
    assert point.operations is not None
    return -point.accuracy, point.bytes, point.operations


def test_what_cannot_be_swept(files: tuple[Path, Path]) -> None:
    with pytest.raises(UnknownNameError):
        swept(*files, ["moon"], [4], Tasks(), {})
    with pytest.raises(ValidationError, match="no target"):
        swept(*files, ["loihi"], [12], Tasks(), {})
