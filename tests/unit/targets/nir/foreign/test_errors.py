"""Networks of other writers that make no sense: one clear error each, which names the node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import ArtifactError, NeurodeployError, ValidationError
from targets.nir.foreign.graph import Reading, graph_in
from targets.nir.foreign.network import network_in
from targets.nir.foreign.profiles import PROFILES
from targets.nir.foreign.reading import FileContent
from tests.unit.targets.nir.foreign.files import (
    affine,
    chain,
    graph,
    integrate,
    lif,
    members,
    ones,
)

W = np.eye(3)


def read(node: dict[str, Any], *, dt: float | None = 1e-4, profile: str = "spec") -> Any:
    return graph_in(network_in(FileContent(members(node))), Reading(PROFILES[profile], dt))


def looped(*nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return nodes in a circle, which an input enters and an output leaves at the first."""
    base = chain(nodes[0])
    names = [name for name, _ in nodes]
    circle = list(zip(names, [*names[1:], names[0]], strict=True))
    return graph(base["nodes"] | dict(nodes), [tuple(edge) for edge in base["edges"]] + circle)


NAN = lif(3) | {"tau": np.full(3, np.nan, np.float32)}
MISSING = graph(chain(("a", affine(W)))["nodes"], [("input", "a"), ("a", "output"), ("a", "gone")])
TWICE = graph(chain(("a", affine(W)))["nodes"], [("input", "a"), ("a", "output"), ("a", "output")])
ALONE = graph(chain(("a", lif(3)), ("b", lif(3)))["nodes"], [("input", "a"), ("b", "output")])
TWO = chain(("a", {"type": "Input", "shape": np.array([3])}))
KERNEL = {
    "type": "Conv2d",
    "input_shape": np.array([8, 8]),
    "weight": ones(4, 2, 3, 3),
    "bias": ones(4),
    "stride": np.array([1, 1]),
    "padding": np.array([0, 0]),
    "dilation": np.array([1, 1]),
    "groups": np.array(1),
}
SUB = graph({"n": lif(3)}, [])
INTO = graph(chain(("a", lif(3)))["nodes"], [("input", "a"), ("a", "input"), ("a", "output")])
OUT = graph(chain(("a", lif(3)))["nodes"], [("input", "a"), ("a", "output"), ("output", "a")])
# The node b of the subgraph a, and the node a.b.
NAMESAKES = chain(("a", chain(("b", affine(W)))), ("a.b", lif(3)))
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "NaN": (chain(("a", NAN)), "a.tau: a value is NaN"),
    "missing node": (MISSING, "an edge names 'gone'"),
    "edge twice": (TWICE, "a -> output twice"),
    "no input of its own": (ALONE, "b: no edge leads to it"),
    "two inputs": (TWO, "2 nodes of type Input"),
    "unknown primitive": (chain(("a", {"type": "Sigmoid"})), "a: Sigmoid is not a primitive"),
    "no type": (chain(("a", {"weight": W})), "a: has no type"),
    "a value is missing": (chain(("a", {"type": "Linear"})), "a: a Linear without weight"),
    "wrong width": (chain(("a", affine(np.ones((3, 4))))), "a: takes 4 inputs"),
    "wrong neurons": (chain(("a", lif(4))), r"a.v_leak: \(4,\)|a.tau: \(4,\)"),
    "wrong output": (chain(("a", affine(W)), outputs=(4,)), "output.shape: says"),
    "tau of zero": (chain(("a", lif(3, tau=0.0))), "a.tau: 0 is not above zero"),
    "loop without memory": (looped(("a", affine(W)), ("b", affine(W))), "no neuron and no delay"),
    "itself": (looped(("a", affine(W))), "no neuron and no delay"),
    "half a step": (chain(("a", {"type": "Delay", "delay": ones(3, value=1.5e-4)})), "a.delay"),
    "wrong image": (chain(("a", KERNEL), inputs=(2, 9, 9)), "a.input_shape: says"),
    "wrong channels": (chain(("a", KERNEL), inputs=(3, 8, 8)), "a: kernels of 2 channels"),
    "huge input": (chain(("a", affine(W)), inputs=(1 << 20, 1 << 20)), "more than any network"),
    "subgraph without ends": (chain(("a", SUB)), "a: a subgraph with 0 nodes of type Input"),
    "edges of numbers": (graph({}, []) | {"edges": np.ones((2, 2))}, "has no list of edges"),
    "no nodes": ({"type": "NIRGraph", "edges": []}, "has no nodes"),
    "a single node": (affine(W), "holds a single node"),
    "an edge into the input": (INTO, "the edge a -> input leads into its Input"),
    "an edge out of the output": (OUT, "the edge output -> a leads out of its Output"),
    "one name for two": (NAMESAKES, "a.b: is the name of two nodes"),
    "many axes": (chain(("a", lif(1)), inputs=(1,) * 70), "input.shape: has 70 axes"),
    "a bias too many": (
        chain(("a", {"type": "Affine", "weight": W, "bias": np.zeros(4)})),
        r"a.bias: \(4,\) is not one for each",
    ),
    "more than float32": (
        chain(("a", lif(3) | {"r": np.full(3, 1e200)})),
        r"a.r: 1e\+200 is more than float32 holds",
    ),
    "a tiny time constant": (
        chain(("a", lif(3, tau=1e-44))),
        "a: with a step of 0.0001 s, float32 does not hold its share",
    ),
    "a type of other letters": (chain(("a", {"type": "LIF\n"})), r"a: its type 'LIF\\n' has"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_clear_error(name: str) -> None:
    node, words = CASES[name]
    with pytest.raises(NeurodeployError, match=words):
        read(node)


def test_what_is_not_taken_is_told() -> None:
    node = chain(("a", lif(3, tau=4e-4) | {"refractory": ones(3), "r": np.full(3, 0.1)}))
    content = FileContent(members(node | {"extra": "x"}, "9.0.0") | {"more": "y"}, ("/node",))
    notes = graph_in(network_in(content), Reading(PROFILES["spec"], 1e-4)).notes
    assert {
        "nir 9.0.0 wrote the file, and it is read as nir 1.0.8's",
        "the file: more is not part of NIR, and not used",
        "attributes are not used: those of /node",
        "the graph: extra is not part of nir 1.0.8, and not used",
        "a: refractory is not part of nir 1.0.8, and not used",
        "numbers of more than float32 are rounded to it: a.r",
    } < {*notes}


def test_nothing_is_told_where_nothing_is_lost() -> None:
    assert len(read(chain(("a", affine(W)), ("b", lif(3)))).notes) == 1


def test_a_subgraph_may_have_ends_of_dotted_names() -> None:
    ends = chain(("b", affine(2 * W)))
    nodes = {f"{name}.x": node for name, node in ends["nodes"].items()}
    inner = graph(nodes, [(f"{one}.x", f"{two}.x") for one, two in ends["edges"]])
    assert read(chain(("a.y", inner))).became == {"a.y.b.x": ("Linear", "a_y_b_x")}


def test_a_time_step_is_asked_for_where_a_node_has_a_time() -> None:
    timed = chain(("a", lif(3, tau=4e-4, r=4.0)))
    with pytest.raises(ValidationError, match=r"such as --dt 0\.0001"):
        read(timed, dt=None)
    assert read(timed, dt=None, profile="snntorch").notes[1].startswith("a step takes 0.0001 s")
    assert read(chain(("a", affine(W))), dt=None).graph.output == "a"


def test_a_file_of_before_nir_1_0_6_is_asked_about() -> None:
    old = chain(("a", {k: v for k, v in integrate(3).items() if k != "v_reset"}))
    with pytest.raises(ValidationError, match=r"a: has no v_reset.*--option reset=soft"):
        read(old)
    assert read(old, profile="norse").graph.output == "a"


@pytest.mark.parametrize(
    ("profile", "node", "words"),
    [
        ("spikingjelly", lif(3, r=2.0), "takes r = 1 or tau / dt, here 4, not 2"),
        ("snntorch", lif(3, v_leak=0.5), "takes v_leak = 0 only"),
        ("sinabs", lif(3, v_leak=0.5), "takes v_leak = 0 only"),
        ("rockpool", lif(3), "does not read a LIF"),
    ],
)
def test_a_profile_refuses_what_its_framework_refuses(
    profile: str, node: dict[str, Any], words: str
) -> None:
    with pytest.raises(NeurodeployError, match=words):
        read(chain(("a", node)), profile=profile)


def test_an_error_is_of_the_file() -> None:
    with pytest.raises(ArtifactError, match="no group /node"):
        network_in(FileContent({"version": "1.0.8"}))
