"""Lava by itself, run by its own Python: steps per second of a .net file, without recording.

Usage: python _lava_plain.py WORKER NET SAMPLES.npy STEPS  (prints seconds for STEPS and 2 * STEPS)
"""

import importlib.util
import sys
import time

import numpy as np


def main() -> None:
    worker_path, net, samples_path, steps_text = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("worker", worker_path)
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    steps = int(steps_text)
    # Turn (T, N, C, H, W) into one long sequence in Lava's order, time last.
    samples = np.load(samples_path)
    frames = samples.swapaxes(0, 1).reshape(-1, *samples.shape[2:])[: 3 * steps]
    network = worker.load_netx().Network(net_config=net, reset_interval=samples.shape[0])
    order = tuple(range(frames.ndim - 1, -1, -1))
    source = worker.RingBuffer(data=frames.transpose(order).astype(np.int32))
    source.s_out.connect(network.inp)
    config = worker.Loihi2SimCfg(select_tag="fixed_pt")
    network.run(condition=worker.RunSteps(num_steps=20), run_cfg=config)
    seconds = []
    for count in (steps, 2 * steps):
        start = time.perf_counter()
        network.run(condition=worker.RunSteps(num_steps=count), run_cfg=config)
        seconds.append(time.perf_counter() - start)
    network.stop()
    print(*seconds)


if __name__ == "__main__":
    main()
