"""The common part of the emulators' workers; they load it from beside them in the sandbox."""

from typing import Any

import numpy as np


def run(job: dict[str, Any], exchange: Any, worker: Any) -> dict[str, Any]:
    """Run every network of the job, or the worker's self-test."""
    if job.get("self_test"):
        result: dict[str, Any] = worker.self_test()
        return result
    for number, network in enumerate(job["networks"]):
        exchange.progress(f"network {number + 1} of {len(job['networks'])}")
        stem = f"n{number}"
        samples = np.load(exchange.input(f"{stem}.samples"))
        layers = [
            worker.read_layer(exchange, f"{stem}.l{position}", described["sources"])
            for position, described in enumerate(network["layers"])
        ]
        for position, arrays in enumerate(worker.simulate(layers, samples)):
            for key, values in arrays.items():
                np.save(exchange.output(f"{stem}.l{position}.{key}"), values)
    return {"networks": len(job["networks"])}
