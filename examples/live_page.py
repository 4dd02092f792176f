"""A network on live input, on a page in the browser: events in, spikes and the decision out.

    python examples/live_page.py                # then open the address that it prints

A simulated sensor shows handwritten digits, one after another, as events. Every step goes through
`nd.Session` as it comes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.demo.digits import Digits, load_digits
from neurodeploy.demo.training import float_network, quantized_network, train

PAGE = Path(__file__).with_suffix(".html")


def trained(epochs: int) -> tuple[nd.Program, Digits]:
    """Return the demo's network as a program, and the digits that it has not seen."""
    torch.manual_seed(0)
    digits = load_digits()
    floats = float_network()
    train(floats, digits, epochs, 5e-3, lambda line: None)
    return nd.lower(quantized_network(floats), example=digits.test), digits


def steps(session: nd.Session, digits: Digits) -> Iterator[dict[str, Any]]:
    """Yield what every step shows, digit after digit, without an end."""
    while True:
        for number, label in enumerate(digits.test_labels.tolist()):
            session.reset()
            counts = np.zeros(10, np.int64)
            for step, row in enumerate(digits.test[:, number].numpy().astype(np.int64), start=1):
                counts += session.step(row).astype(np.int64)
                yield {
                    "shape": row.shape[-2:],
                    "events": np.flatnonzero(row[0]).tolist(),
                    "layers": {
                        name: [int(np.count_nonzero(each.s)), each.s.size]
                        for name, each in session.trace.layers.items()
                    },
                    "decision": int(counts.argmax()),
                    "label": label,
                    "step": step,
                    "latency": session.latency.median,
                }


class Handler(BaseHTTPRequestHandler):
    """The page, and the steps as they come; every reader has a session of its own."""

    def __init__(self, program: nd.Program, digits: Digits, pause: float, *arguments: Any) -> None:
        self.program, self.digits, self.pause = program, digits, pause
        super().__init__(*arguments)

    def do_GET(self) -> None:  # the name that http.server looks for
        """Answer with the page, or with a stream of steps."""
        if self.path not in ("/", "/steps"):
            self.send_error(404)
            return
        self.send_response(200)
        is_page = self.path == "/"
        self.send_header("Content-Type", "text/html" if is_page else "text/event-stream")
        self.end_headers()
        if is_page:
            self.wfile.write(PAGE.read_bytes())
            return
        try:
            for shown in steps(nd.Session(self.program), self.digits):
                self.wfile.write(f"data: {json.dumps(shown)}\n\n".encode())
                self.wfile.flush()
                time.sleep(self.pause)
        except (BrokenPipeError, ConnectionResetError):
            # The page was closed.
            return

    def log_message(self, *_: Any) -> None:
        """Say nothing for every request."""


def main() -> None:
    """Train for some seconds, and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8787)
    parser.add_argument("--pause", type=float, default=0.08, help="seconds between two steps")
    parser.add_argument("--epochs", type=int, default=5)
    asked = parser.parse_args()
    program, digits = trained(asked.epochs)
    handler = partial(Handler, program, digits, asked.pause)
    with ThreadingHTTPServer(("127.0.0.1", asked.port), handler) as server:
        server.daemon_threads = True
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
