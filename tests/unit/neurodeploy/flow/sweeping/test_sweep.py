"""A sweep measures every target and width, the same with one worker and with many."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.errors import SimulatorError, UnknownNameError, ValidationError
from neurodeploy.flow.post_training import quantized
from neurodeploy.flow.sweeping.sweep import Point, bits_of, narrowed, swept
from neurodeploy.flow.sweeping.tasks import Tasks
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


def square(item: Any) -> dict[str, Any]:
    return {"square": item["number"] ** 2, "process": os.getpid()}


def dies_once(item: Any) -> dict[str, Any]:
    mark = Path(item["mark"])
    if item["number"] == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(item)


def always_dies(item: Any) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def test_a_killed_worker_costs_its_tasks_only(tmp_path: Path) -> None:
    items = [{"number": number, "mark": str(tmp_path / "mark")} for number in range(6)]
    lines: list[str] = []
    results = Tasks(2, tmp_path / "kept", lines.append).run(dies_once, items)
    assert [each["square"] for each in results] == [number**2 for number in range(6)]
    assert any("a worker was lost" in line for line in lines)
    assert os.getpid() not in {each["process"] for each in results}
    with pytest.raises(SimulatorError, match="workers were lost 3 times"):
        Tasks(2).run(always_dies, items)


def test_a_stopped_run_goes_on_from_what_it_kept(tmp_path: Path) -> None:
    items = [{"number": number} for number in range(3)]
    first = Tasks(1, tmp_path).run(square, items)
    (one, two, _) = sorted(tmp_path.iterdir())
    kept = json.loads(one.read_text())
    one.write_text(json.dumps(kept | {"square": -1}))
    two.write_text("{")
    again = Tasks(1, tmp_path).run(square, items)
    # One was read, the damaged one was computed again.
    assert sorted(each["square"] for each in again)[0] == -1
    assert len([each for each in again if each in first]) == 2
