"""Runs specifications in xylosim, SynSense's simulator of the chip; the sandbox starts it."""

import importlib.metadata
from typing import Any

import numpy as np
from xylosim.v2 import XyloLayer, XyloSynapse

# The states by their names in the trace, of hidden neurons and of outputs.
SHOWN = (
    {"s": "rec_recurrent_spikes", "u": "rec_i_syn", "v": "rec_v_mem"},
    {"s": "rec_out_spikes", "u": "rec_i_syn_out", "v": "rec_v_mem_out"},
)
TEST = {
    "weights_in": [[100, 50]],
    "weights_rec": [[0, 3], [0, 0]],
    "weights_out": [[0], [9]],
    "weight_shift_in": 0,
    "weight_shift_rec": 0,
    "weight_shift_out": 0,
    "dash_syn": [1, 1],
    "dash_mem": [2, 2],
    "threshold": [30, 20],
    "dash_syn_out": [1],
    "dash_mem_out": [2],
    "threshold_out": [5],
}
TESTED = [[[50, 25], [25, 14], [113, 59]], [[20, 5], [10, 18], [1, 13]], [[1, 1], [1, 0], [4, 3]]]


class Chip:
    """A chip with a specification's numbers."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        # The layer keeps no reference to its synapses, and they must outlive it.
        self.synapses = [synapses_of(numbers[f"weights_{kind}"]) for kind in ("in", "rec", "out")]
        shifts = [numbers[f"weight_shift_{kind}"] for kind in ("in", "rec", "out")]
        hidden, outputs = list(numbers["threshold"]), list(numbers["threshold_out"])
        self.layer = XyloLayer(
            synapses_in=self.synapses[0],
            synapses_rec=self.synapses[1],
            synapses_out=self.synapses[2],
            aliases=[[] for _ in hidden],
            threshold=hidden,
            threshold_out=outputs,
            has_bias=False,
            bias=[0] * len(hidden),
            bias_out=[0] * len(outputs),
            weight_shift_inp=shifts[0],
            weight_shift_rec=shifts[1],
            weight_shift_out=shifts[2],
            dash_mem=list(numbers["dash_mem"]),
            dash_mem_out=list(numbers["dash_mem_out"]),
            # A hidden neuron has two currents, of which one is used.
            dash_syns=[[each, 1] for each in numbers["dash_syn"]],
            dash_syns_out=[[each] for each in numbers["dash_syn_out"]],
            name="chip",
        )

    def evolve(self, events: np.ndarray) -> list[dict[str, np.ndarray]]:
        """Return what hidden neurons and outputs show of events (T, channels): (T, neurons)."""
        self.layer.reset_all()
        self.layer.evolve(events.astype(int).tolist())
        results = []
        for names in SHOWN:
            values = {key: np.array(getattr(self.layer, name)) for key, name in names.items()}
            # States are recorded neuron by neuron.
            results.append({k: v if k == "s" else v.T for k, v in values.items()})
        return results


def synapses_of(weights: Any) -> list[list[Any]]:
    """Return the synapses of each source, without those that are zero."""
    matrix = np.asarray(weights)
    return [
        [XyloSynapse(int(post), 0, int(row[post])) for post in np.flatnonzero(row)]
        for row in matrix.reshape(matrix.shape[0], matrix.shape[1])
    ]


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or the self-test; the sandbox calls this."""
    if job.get("self_test"):
        return self_test()
    count = job["networks"]
    for number in range(count):
        exchange.progress(f"network {number + 1} of {count}")
        numbers = {
            name: np.load(exchange.input(f"n{number}.{name}")).tolist() for name in job["names"]
        }
        chip, samples = Chip(numbers), np.load(exchange.input(f"n{number}.samples"))
        runs = [chip.evolve(samples[:, index]) for index in range(samples.shape[1])]
        for position, part in enumerate(("hidden", "out")):
            for key in SHOWN[position]:
                values = np.stack([each[position][key] for each in runs], axis=1)
                np.save(exchange.output(f"n{number}.{part}.{key}"), values)
    return {"networks": count}


def self_test() -> dict[str, Any]:
    """Run two neurons whose states are known; returns the versions that ran them."""
    hidden, out = Chip(TEST).evolve(np.array([[1], [0], [2]]))
    lists = [hidden[key].tolist() for key in ("u", "v", "s")]
    if lists != TESTED or out["s"].ravel().tolist() != [0, 1, 0]:
        raise ValueError(f"the self-test gave {lists} and {out['s'].ravel().tolist()}")
    return {name: importlib.metadata.version(name) for name in ("xylosim", "numpy")}
