"""Runs a package's .pt files in torch and its .onnx files in onnxruntime; the sandbox starts it.

Every file is called with the inputs that network.json lists, sample after sample; the states that
a call gives back are handed to the next.
"""

import base64
import importlib
import importlib.metadata
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

# The inputs in their order, to the outputs in theirs.
Run = Callable[[list[np.ndarray]], list[np.ndarray]]

# The words that a reduced module is made of; a file with others is not run.
WORDS = frozenset(
    f"aten::{word}"
    for word in (
        *("conv2d", "linear", "max_pool2d", "flatten", "split", "cat"),
        *("reshape", "permute", "slice", "matmul"),
        *("add", "sub", "rsub", "mul", "ge", "to"),
    )
)
FRAME = frozenset(
    f"prim::{word}"
    for word in (
        *("Constant", "GetAttr", "ListConstruct", "ListUnpack"),
        *("TupleConstruct", "TupleUnpack"),
    )
)
# y = x + 1 on float16 (2): opset 17, IR version 8
SELF_TEST = (
    "CAg6TAoQCgF4CgNvbmUSAXkiA0FkZBIJaW5jcmVtZW50KgsQCkIDb25lSgIAPFoPCgF4EgoKCAgKEgQKAggCYg8KAXkS"
    "CgoICAoSBAoCCAJCBAoAEBE="
)


class NetworkError(ValueError):
    """A file that cannot be run, or does not match the package."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every file of the job, or the self-test; the sandbox calls this."""
    if job.get("self_test"):
        return self_test()
    load = _torchscript if job["engine"] == "torch" else _onnxruntime
    sys.path += [folder for folder in job.get("path", ()) if folder not in sys.path]
    importlib.import_module(job["engine"])
    _limit_memory(job["memory_mb"])
    for index, entry in enumerate(job["files"]):
        exchange.progress(f"{entry['file']} ({index + 1} of {len(job['files'])})")
        content = np.load(exchange.input(f"file{index}")).tobytes()
        ports = [port for port in entry["inputs"] if port["name"] not in entry["states"]]
        inputs = {
            port["name"]: np.load(exchange.input(f"input{index}.{number}"))
            for number, port in enumerate(ports)
        }
        try:
            results = _called(load(content, entry), entry, inputs)
        except Exception as error:
            reason = error if isinstance(error, NetworkError) else f"{job['engine']}: {error}"
            raise NetworkError(f"{entry['file']}: {_one_line(str(reason))}") from error
        for number, array in enumerate(results):
            np.save(exchange.output(f"output{index}.{number}"), array)
    return {"files": len(job["files"])}


def _called(run: Run, entry: dict[str, Any], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return every output of every call: (samples, calls, ...)."""
    ports, states = entry["outputs"], entry["states"]
    samples, calls = next(iter(inputs.values())).shape[:2]
    outputs = [np.empty((samples, calls, *port["shape"]), port["dtype"]) for port in ports]
    for sample in range(samples):
        values = {
            port["name"]: np.zeros(port["shape"], port["dtype"])
            for port in entry["inputs"]
            if port["name"] in states
        }
        for call in range(calls):
            values |= {name: array[sample, call] for name, array in inputs.items()}
            results = run([values[port["name"]] for port in entry["inputs"]])
            _require_outputs(results, ports)
            values |= {name: results[position] for name, position in states.items()}
            for array, result in zip(outputs, results, strict=True):
                array[sample, call] = result
    return outputs


def _require_outputs(results: list[np.ndarray], ports: list[dict[str, Any]]) -> None:
    """Check that the outputs are those that the package lists.

    Raises: NetworkError naming the first that is not.
    """
    if len(results) != len(ports):
        raise NetworkError(f"gives {len(results)} outputs, and the package lists {len(ports)}")
    for result, port in zip(results, ports, strict=True):
        form, expected = (result.dtype.name, list(result.shape)), (port["dtype"], port["shape"])
        if form != expected:
            raise NetworkError(
                f"output {port['name']} is {form[0]} {form[1]}, and the package lists "
                f"{expected[0]} {expected[1]}"
            )
        if not np.isfinite(result).all():
            raise NetworkError(f"output {port['name']} holds values that are not finite")


def _torchscript(content: bytes, entry: dict[str, Any]) -> Run:
    """Return a TorchScript archive, ready to run.

    Raises: NetworkError for code that is not a reduced module.
    """
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    reader = torch._C.PyTorchFileReader(io.BytesIO(content))
    for record in reader.get_all_records():
        # Such a method would run while the file is loaded.
        if record.startswith("code/") and b"__setstate__" in reader.get_record(record):
            raise NetworkError(f"{record} has a method __setstate__, as no reduced module has")
    module = torch.jit.load(io.BytesIO(content), map_location="cpu")
    for node in _nodes(module.inlined_graph):
        if node.kind() not in WORDS | FRAME:
            raise NetworkError(f"holds the operation {node.kind()}, as no reduced module does")

    def run(inputs: list[np.ndarray]) -> list[np.ndarray]:
        # Unoptimized, so that nothing is fused and every word rounds as it stands.
        with torch.inference_mode(), torch.jit.optimized_execution(False):
            results = module(*(torch.from_numpy(np.ascontiguousarray(each)) for each in inputs))
        several = results if isinstance(results, tuple) else (results,)
        return [result.numpy() for result in several]

    return run


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.nodes():
        yield node
        for block in node.blocks():
            yield from _nodes(block)


def _onnxruntime(content: bytes, entry: dict[str, Any]) -> Run:
    """Return an ONNX file, ready to run.

    Raises: NetworkError for inputs or outputs that the package does not list.
    """
    session = _session(content)
    for key, values in (("inputs", session.get_inputs()), ("outputs", session.get_outputs())):
        ports = [(each.name, each.type, list(each.shape)) for each in values]
        kinds = {"float16": "tensor(float16)", "float32": "tensor(float)"}
        expected = [(port["name"], kinds[port["dtype"]], port["shape"]) for port in entry[key]]
        if ports != expected:
            raise NetworkError(f"its {key} are {ports}, and the package lists {expected}")
    names = [port["name"] for port in entry["inputs"]]
    results = [port["name"] for port in entry["outputs"]]
    return lambda inputs: session.run(results, dict(zip(names, inputs, strict=True)))


def _session(content: bytes) -> Any:
    module: Any = importlib.import_module("onnxruntime")
    options = module.SessionOptions()
    # The machine's other cores belong to the sandbox's other workers.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return module.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _limit_memory(megabytes: float) -> None:
    """Limit the memory that can be allocated, if the system supports it."""
    try:
        resource = importlib.import_module("resource")
        limit = int(megabytes * 1e6)
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    except (ImportError, AttributeError, OSError, ValueError):
        # The sandbox watches the memory as well.
        return


def _one_line(text: str) -> str:
    """Return the line that says what is wrong: the first, or the last if code was running."""
    lines = text.strip().splitlines() or ["it gave no reason"]
    return lines[-1 if "in the TorchScript interpreter" in lines[0] else 0][:400]


def self_test() -> dict[str, Any]:
    """Run one addition in float16 whose result is known; returns the versions that ran it."""
    session = _session(base64.b64decode(SELF_TEST))
    (output,) = session.run(["y"], {"x": np.array([1, 2047], np.float16)})
    if output.dtype != np.float16 or output.tolist() != [2, 2048]:
        raise NetworkError(f"the self-test gave {output.tolist()}, not [2, 2048]")
    return {name: importlib.metadata.version(name) for name in ("onnxruntime", "numpy")}
