"""The report's page in a real browser: quiet, named, and no wider than a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.report import Report
from neurodeploy.report.write import write_report
from neurodeploy.trace import LayerTrace
from neurodeploy.verification.compare import compare
from snncore import layer, neuron
from tests.browser.checks import DARK, FAINT, NAMELESS
from tests.browser.chromium import Browser

_ARTIFACTS: list[nd.Artifact] = []


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a small network, with a convolution, a difference and labels."""
    folder = tmp_path_factory.mktemp("report")
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    samples = (rng.random((12, 4, 1, 6, 6)) < 0.4).astype(np.uint8)
    example = torch.from_numpy(samples).float()
    net = torch.nn.Sequential(
        layer.Conv2d(1, 4, 3), neuron.IF(0.3), layer.Flatten(), layer.Linear(64, 3), neuron.IF(0.3)
    )
    on_grid = quant.prepare(net, target="onnx", example=example)
    artifact = nd.export(on_grid, target="onnx", path=folder / "artifact", example=example)
    _ARTIFACTS[:] = [artifact]
    other = quant.prepare(net, target="onnx", example=example)
    with torch.no_grad():
        next(other.parameters()).mul_(1.5)
    report = nd.verify(
        artifact, model=other, samples=samples, labels=np.array([0, 1, 2, 0]), simulator="none"
    )
    assert not report.equal
    return write_report(report, folder / "report")


def _differing() -> Report:
    """A report whose traces differ in the last neuron of a step."""
    program = nd.read(_ARTIFACTS[0])
    samples = (np.random.default_rng(1).random((12, 4, 1, 6, 6)) < 0.4).astype(np.int64)
    golden = nd.simulate(program, samples)
    last = golden[golden.output_layer]
    spikes = last.s.copy()
    spikes[7, 2, 1] ^= 1
    changed = LayerTrace({**last.values, "s": spikes})
    other = replace(golden, layers={**golden.layers, golden.output_layer: changed})
    link = compare("golden = other", golden, other, 0.0)
    return Report("a network", (link,), trace=golden)


@pytest.fixture(scope="module", params=[390, 1280])
def browser(request: pytest.FixtureRequest, page: Path) -> Iterator[Browser]:
    """A browser of this width that shows the page."""
    with Browser(request.param) as running:
        running.open(page.as_uri())
        yield running


def test_nothing_is_wrong_in_the_console(browser: Browser) -> None:
    assert browser.value("document.title")
    assert browser.messages == []


def test_the_page_does_not_scroll_to_the_side(browser: Browser) -> None:
    assert browser.value("innerWidth") == browser.size[0]
    assert browser.value("document.querySelector('h1 strong').getBoundingClientRect().width") > 30
    assert browser.value("document.documentElement.scrollWidth") <= browser.size[0]


def test_everything_has_a_name_and_is_readable(browser: Browser) -> None:
    assert browser.value("document.querySelectorAll('svg').length") > 0
    assert browser.value(NAMELESS) == []
    assert browser.value(FAINT) == []


def test_dark_colours_are_readable_too(browser: Browser) -> None:
    with browser.dark():
        assert browser.value(DARK)
        assert browser.value(FAINT) == []
    assert not browser.value(DARK)


CURSORS = "[...document.querySelectorAll('.activity .cursor')].map(c => c.getAttribute('d'))"


def test_a_step_is_followed_through_all_pictures(browser: Browser) -> None:
    pictures = browser.value("document.querySelectorAll('.activity svg[data-steps]').length")
    assert pictures >= 4
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Tab")
    browser.value("document.querySelector('#step').focus()")
    before = browser.value(CURSORS)
    for kind in ("keyDown", "keyUp"):
        key = {"key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39}
        browser.ask("Input.dispatchKeyEvent", type=kind, **key)
    after = browser.value(CURSORS)
    assert len(after) == pictures
    assert all(one != other for one, other in zip(before, after, strict=True))
    step = browser.value("Number(document.querySelector('#step').value)")
    said = browser.value("document.querySelector('.at-step').textContent")
    counts = browser.value("JSON.parse(document.querySelector('[data-counts]').dataset.counts)")
    first = browser.value("Number(document.querySelector('[data-counts]').dataset.first)")
    assert said.startswith(f"Step {step}: {counts[step - first]} spike")
    # The line stands in the middle of its cell.
    data = browser.value("({...document.querySelector('.activity svg[data-steps]').dataset})")
    x = float(data["left"]) + (step - int(data["first"]) + 0.5) * float(data["cell"])
    assert float(after[0].removeprefix("M").split()[0]) == pytest.approx(x)


def test_layers_are_filtered_and_reached(browser: Browser) -> None:
    visible = "[...document.querySelectorAll('.activity article')].filter(a => !a.hidden).length"
    everything = browser.value(visible)
    assert everything == 2
    typed = (
        "(text => {const f = document.querySelector('#filter'); f.value = text;"
        "f.dispatchEvent(new Event('input'));})"
    )
    browser.value(f"{typed}('4')")
    assert browser.value(visible) == 1
    browser.value(f"{typed}('')")
    assert browser.value(visible) == everything
    browser.value("document.querySelector('.to-layer').click()")
    top = browser.value("document.querySelector('.activity article').getBoundingClientRect().top")
    assert abs(top) < browser.size[1]


def test_a_box_of_the_graph_leads_to_its_layer(browser: Browser) -> None:
    box = "document.querySelectorAll('.network .node.linked')"
    assert browser.value(f"[...{box}].map(each => each.dataset.layer)") == ["1", "4"]
    browser.value(f"{box}[1].focus()")
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter")
    card = "[...document.querySelectorAll('.activity article')].at(-1)"
    top = browser.value(f"{card}.getBoundingClientRect().top")
    assert -1 <= top < browser.size[1]
    # Cores have numbers, which lead nowhere.
    assert browser.value("document.querySelectorAll('.plain .to-layer').length") == 0


def test_a_difference_is_reached_by_its_button(page: Path) -> None:
    report = _differing()
    path = write_report(report, page.parent / "differing")
    first = report.first_divergence
    assert first is not None
    with Browser(1280) as running:
        running.open(path.as_uri())
        running.value("document.querySelector('.tools button').click()")
        assert running.value("Number(document.querySelector('#step').value)") == first.step
        chosen = "Number(document.querySelector('.picker input:checked')?.value ?? 0)"
        assert running.value(chosen) == first.sample
        assert running.messages == []


def test_printed_pages_have_no_tools(browser: Browser) -> None:
    shown = "getComputedStyle(document.querySelector('.tools')).display"
    assert browser.value(shown) == "flex"
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert browser.value(shown) == "none"
    browser.ask("Emulation.setEmulatedMedia", media="")


def test_the_checks_see_what_is_wrong() -> None:
    wrong = "<p style='color:%23aaa'>faint</p><svg></svg><script>console.error('bad')</script>"
    with Browser(390) as browser:
        browser.open(f"data:text/html,{wrong}")
        assert len(browser.value(FAINT)) == 1
        assert len(browser.value(NAMELESS)) == 1
        assert len(browser.messages) == 1
