"""The kit that third parties run, on our own targets."""

import pytest

from neurodeploy.program import Program
from neurodeploy.testing.checks import missing_simulator
from neurodeploy.testing.conformance import Conformance, accepted_programs
from neurodeploy.testing.suite import suite

# Other tests run hundreds of random networks in each simulator, many in one process.
SIMULATED = 2
# So do the harnesses of mutations and of damaged files.
CONTROLLED = 2


@pytest.mark.usefixtures("zig")
class TestC(Conformance):
    target = "c"
    simulated, controlled = SIMULATED, CONTROLLED


@pytest.mark.usefixtures("lava", "nengo", "brian")
class TestLoihi(Conformance):
    target = "loihi"
    simulated, controlled = SIMULATED, CONTROLLED


@pytest.mark.usefixtures("onnxruntime")
class TestLynxi(Conformance):
    target = "lynxi"
    # Its packages hold five files, which take long to write; its own suite runs many in a process.
    simulated, controlled = 1, 1

    # `test_folder`, which compiles, reads and compiles again, holds every program to both.
    @pytest.mark.every(4)
    def test_compile(self, program: str) -> None:
        super().test_compile(program)

    @pytest.mark.every(4)
    def test_read(self, program: str) -> None:
        super().test_read(program)


@pytest.mark.usefixtures("onnxruntime", "reference")
class TestOnnx(Conformance):
    target = "onnx"
    simulated, controlled = SIMULATED, CONTROLLED


@pytest.mark.usefixtures("nir_reference")
class TestNir(Conformance):
    target = "nir"
    simulated, controlled = SIMULATED, CONTROLLED


class TestRtl(Conformance):
    target = "rtl"
    simulated, controlled = SIMULATED, CONTROLLED


@pytest.mark.usefixtures("xylosim")
class TestXylo(Conformance):
    target = "xylo"
    controlled = CONTROLLED


@pytest.mark.parametrize("kind", [TestLoihi, TestLynxi, TestNir, TestOnnx, TestXylo])
def test_every_simulator_is_here(kind: type[Conformance]) -> None:
    chip = kind.chip()
    assert [name for name in chip.simulators if missing_simulator(chip, name)] == []


@pytest.mark.usefixtures("icarus")
def test_icarus_is_here_where_it_can_be() -> None:
    assert missing_simulator(TestRtl.chip(), "icarus") is None


def test_the_suites_have_every_node_and_much_of_them_is_taken() -> None:
    for name, least in {"loihi": 14, "lynxi": 20, "nir": 20, "onnx": 25, "rtl": 25}.items():
        nodes = [node for case in suite(name).values() for node in case.program.nodes]
        assert {type(node) for node in nodes} == set(Program.kinds)
        assert len(accepted_programs(name)) >= least
