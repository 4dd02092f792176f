"""Runs ONNX files; the sandbox starts it with onnxruntime or with the standard's own evaluator."""

import base64
import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

import numpy as np

# Feeds by name and the names of outputs, to the outputs in this order.
Run = Callable[[dict[str, np.ndarray], list[str]], list[np.ndarray]]

# y = x + 1 on int32, of any shape: opset 21, IR version 10
SELF_TEST = (
    "CAoSADpXChAKAXgKA29uZRIBeSIDQWRkEglpbmNyZW1lbnQqChAGKgEBQgNvbmVaFQoBeBIQCg4IBhIKCgMSAW4KAxIB"
    "bWIVCgF5EhAKDggGEgoKAxIBbgoDEgFtQgQKABAV"
)


class NetworkError(ValueError):
    """A file that the engine cannot run, or ran wrongly."""


def load(engine: str, content: bytes, optimized: bool = True) -> Run:
    """Return the file, ready to run; the standard's evaluator has no optimizer.

    Raises: NetworkError if the engine refuses it.
    """
    try:
        if engine == "onnxruntime":
            return _onnxruntime(content, optimized)
        return _reference(content)
    except Exception as error:
        raise NetworkError(f"{engine} cannot load the file: {error}") from error


def _onnxruntime(content: bytes, optimized: bool) -> Run:
    module = importlib.import_module("onnxruntime")
    options = module.SessionOptions()
    # the machine's other cores belong to the sandbox's other workers
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not optimized:
        options.graph_optimization_level = module.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = module.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda feeds, names: session.run(names, feeds)


def _reference(content: bytes) -> Run:
    onnx = importlib.import_module("onnx")
    evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator
    session = evaluator(onnx.load_from_string(content))
    return lambda feeds, names: session.run(names, feeds)


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every file of the job over its samples, or the self-test; the sandbox calls this."""
    if job.get("self_test"):
        return self_test(job["engine"])
    if job.get("live"):
        return serve(job, exchange)
    networks = job["networks"]
    for index, network in enumerate(networks):
        content = np.load(exchange.input(f"model{index}")).tobytes()
        samples = np.load(exchange.input(f"samples{index}"))
        session = load(job["engine"], content, network["optimized"])
        exchange.progress(f"network {index + 1} of {len(networks)}")
        simulate = stepwise if network["form"] == "step" else whole
        for number, array in enumerate(simulate(network, session, samples)):
            np.save(exchange.output(f"network{index}.{number}"), array)
    return {"networks": len(networks)}


def whole(network: dict[str, Any], session: Run, samples: np.ndarray) -> list[np.ndarray]:
    """Run all steps in one call; an unrolled graph's outputs by step become one array."""
    names = [name for each in network["shown"] for name in each]
    values = dict(zip(names, session({network["input"]: samples}, names), strict=True))
    rows = [[values[name] for name in each] for each in network["shown"]]
    return [row[0] if network["form"] == "scan" else np.stack(row) for row in rows]


def stepwise(network: dict[str, Any], session: Run, samples: np.ndarray) -> list[np.ndarray]:
    """Run one call per step, and pass the states of each to the next."""
    stepper = Stepper(network, session, samples.shape[1])
    rows: list[list[np.ndarray]] = [[] for _ in network["shown"]]
    for values in samples:
        results = stepper.step(values)
        for row, each in zip(rows, network["shown"], strict=True):
            row.append(results[each[0]])
    return [np.stack(row) for row in rows]


class Stepper:
    """A graph of one step, and the states between two steps."""

    def __init__(self, network: dict[str, Any], session: Run, count: int) -> None:
        self.network, self.session, self.count = network, session, count
        self.outputs = {state["input"]: state["output"] for state in network["states"]}
        shown = (each[0] for each in network["shown"])
        self.names = list(dict.fromkeys([*shown, *self.outputs.values()]))
        self.reset()

    def reset(self) -> None:
        """Begin anew, with all states zero."""
        self.states = {
            state["input"]: np.zeros(
                [length or self.count for length in state["shape"]], state["type"]
            )
            for state in self.network["states"]
        }

    def step(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Run one step, and return all its outputs by name."""
        feeds = {self.network["input"]: values, **self.states}
        results = dict(zip(self.names, self.session(feeds, self.names), strict=True))
        self.states = {name: results[output] for name, output in self.outputs.items()}
        return results


def serve(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Send all shown values, in 64 bits, for each row of input until the parent is gone."""
    (network,) = job["networks"]
    session = load(job["engine"], np.load(exchange.input("model0")).tobytes())
    row = np.empty(job["row"]["shape"], job["row"]["type"])
    link = exchange.link()
    stepper, steps = Stepper(network, session, len(row)), 0
    order = bytearray(1)
    while link.recv_into(order):
        if order == b"r":
            stepper.reset()
            link.sendall(order)
            continue
        _fill(link, row.reshape(-1).view(np.uint8).data)
        results = stepper.step(row)
        shown = (results[each[0]].astype("<i8") for each in network["shown"])
        link.sendall(b"".join(array.tobytes() for array in shown))
        steps += 1
    return {"steps": steps}


def _fill(link: Any, view: memoryview) -> None:
    """Fill memory with what the parent sends."""
    while view:
        count = link.recv_into(view)
        if not count:
            raise NetworkError("the parent went away in the middle of a row")
        view = view[count:]


def self_test(engine: str) -> dict[str, Any]:
    """Run one addition whose result is known; returns the versions that ran it."""
    session = load(engine, base64.b64decode(SELF_TEST))
    (output,) = session({"x": np.array([[1, 2]], np.int32)}, ["y"])
    if output.tolist() != [[2, 3]]:
        raise NetworkError(f"the self-test gave {output.tolist()}, not [[2, 3]]")
    package = {"onnxruntime": "onnxruntime", "reference": "onnx"}[engine]
    return {name: importlib.metadata.version(name) for name in (package, "numpy")}
