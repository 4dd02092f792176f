"""Plots hold what they are given."""

from pathlib import Path

import numpy as np
import torch

from snncore import plot

SPIKES = (torch.rand(20, 2, 3, 2, generator=torch.Generator().manual_seed(0)) < 0.3).float()


def test_a_raster_marks_every_spike_of_its_sample(tmp_path: Path) -> None:
    figure = plot.raster(SPIKES, sample=1, title="layer")
    (marks,) = figure.axes[0].collections
    points = np.asarray(marks.get_offsets())
    expected = SPIKES[:, 1].flatten(1).nonzero().numpy()
    assert len(points) > 10
    assert np.array_equal(points, expected)
    assert figure.axes[0].get_title() == "layer"
    figure.savefig(tmp_path / "raster.png")
    assert (tmp_path / "raster.png").stat().st_size > 1000


def test_traces_draw_each_neuron_and_the_threshold() -> None:
    values = SPIKES.cumsum(0)
    figure = plot.traces(values, neurons=4, threshold=1.0)
    lines = figure.axes[0].lines
    assert len(lines) == 5
    assert np.array_equal(lines[2].get_ydata(), values[:, 0].flatten(1)[:, 2].numpy())
    assert list(lines[4].get_ydata()) == [1.0, 1.0]


def test_rates_are_bars() -> None:
    figure = plot.rates({"conv": 0.25, "dense": 0.5})
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.25, 0.5]
