"""Verifying 1,000 samples without the vendor's simulator: training = golden = fast = artifact."""

from __future__ import annotations

from _common import demo_network, exported, seconds

import neurodeploy as nd


def main() -> None:
    """Print the time of one verification."""
    network, digits = demo_network()
    artifact = exported(network, digits)
    samples = digits.train[:, :1000]

    def verify() -> nd.Report:
        return nd.verify(artifact, model=network, samples=samples, simulator="none")

    report = verify()
    if not report.equal:
        raise SystemExit(report.to_text())
    values = sum(link.compared for link in report.links)
    duration = seconds(verify, rounds=3)
    print(
        f"verify, 1,000 samples of {samples.shape[0]} steps: {duration:.1f} s ({values:,} values)"
    )


if __name__ == "__main__":
    main()
