"""The real simulators, installed into the user's cache where they are missing."""

from contextlib import suppress

import pytest

from neurodeploy.errors import NeurodeployError, SimulatorMissingError
from neurodeploy.proof import SOLVERS
from neurodeploy.sandbox import Environment, install
from targets.c.simulators.simulate import ZIG
from targets.loihi.simulators.judges import BRIAN, NENGO
from targets.loihi.simulators.simulate import LAVA
from targets.nir.simulators.simulate import REFERENCE as NIR_REFERENCE
from targets.onnx.simulators.simulate import ONNXRUNTIME, REFERENCE
from targets.rtl.simulators.simulate import ICARUS, VERILATOR
from targets.rtl.synthesis.synthesize import YOSYS
from targets.xylo.simulators.simulate import XYLOSIM

_BY_FIXTURE = {
    "brian": BRIAN,
    "icarus": ICARUS,
    "lava": LAVA,
    "nengo": NENGO,
    "nir_reference": NIR_REFERENCE,
    "onnxruntime": ONNXRUNTIME,
    "reference": REFERENCE,
    "solvers": SOLVERS,
    "verilator": VERILATOR,
    "xylosim": XYLOSIM,
    "zig": ZIG,
}


def pytest_runtestloop(session: pytest.Session) -> None:
    # before the first test, whose time limit a download must not use up
    needed = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if session.config.option.collectonly:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    for name, environment in _BY_FIXTURE.items():
        if name in needed:
            # what cannot be had fails the tests that need it, through their fixture
            with suppress(NeurodeployError):
                install(environment, progress=reporter.write_line if reporter else None)


@pytest.fixture(scope="session")
def lava() -> Environment:
    """Lava, ready to run."""
    install(LAVA)
    return LAVA


@pytest.fixture(scope="session")
def onnxruntime() -> Environment:
    """onnxruntime, ready to run."""
    install(ONNXRUNTIME)
    return ONNXRUNTIME


@pytest.fixture(scope="session")
def reference() -> Environment:
    """The evaluator of the ONNX standard, ready to run."""
    install(REFERENCE)
    return REFERENCE


@pytest.fixture(scope="session")
def nir_reference() -> Environment:
    """NIR's own package, ready to read."""
    install(NIR_REFERENCE)
    return NIR_REFERENCE


@pytest.fixture(scope="session")
def nengo() -> Environment:
    """nengo-loihi's emulator, ready to run."""
    install(NENGO)
    return NENGO


@pytest.fixture(scope="session")
def brian() -> Environment:
    """brian2-loihi, ready to run."""
    install(BRIAN)
    return BRIAN


@pytest.fixture(scope="session")
def solvers() -> Environment:
    """The solvers that proofs ask."""
    install(SOLVERS)
    return SOLVERS


@pytest.fixture(scope="session")
def zig() -> Environment:
    """A C compiler and emulated processors, ready to run."""
    install(ZIG)
    return ZIG


@pytest.fixture(scope="session")
def xylosim() -> Environment:
    """SynSense's simulator of Xylo, ready to run."""
    install(XYLOSIM)
    return XYLOSIM


@pytest.fixture(scope="session")
def icarus() -> Environment:
    """Icarus Verilog, ready to run; without it, its tests count as not run."""
    try:
        install(ICARUS)
    except SimulatorMissingError as error:
        pytest.skip(f"not run: {error}")
    return ICARUS


@pytest.fixture(scope="session")
def yosys() -> Environment:
    """Yosys and nextpnr, ready to run."""
    install(YOSYS)
    return YOSYS


@pytest.fixture(scope="session")
def verilator() -> Environment:
    """Verilator, ready to run; without it, its tests count as not run."""
    try:
        install(VERILATOR)
    except SimulatorMissingError as error:
        pytest.skip(f"not run: {error}")
    return VERILATOR
