"""Write CUDA kernels in a few lines; they are compiled for a GPU, or run on the CPU.

Usage: python examples/inline_cuda.py
"""

from __future__ import annotations

import torch

from snncore.kernels import inline

LIF = inline.time_loop(
    """
    v += (x - v) * leak;
    s = v >= 1.0f ? 1.0f : 0.0f;
    if (s > 0.0f) v = 0.0f;
    """,
    states=("v",),
    parameters=("leak",),
    name="lif",
    backward="""
    const float h = v + (x - v) * leak;
    const float far = (h - 1.0f) * 3.14159265f;
    const float slope = 1.0f / (1.0f + far * far);
    const float grad_h = (grad_s - grad_v * h) * slope + (h >= 1.0f ? 0.0f : grad_v);
    grad_x = grad_h * leak;
    grad_leak += grad_h * (x - v);
    grad_v = grad_h * (1.0f - leak);
    """,
)
COUNT = """
// @kernel
__global__ void count(const float *spikes, int *counts, int steps, int neurons)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= neurons) return;
    int sum = 0;
    for (int t = 0; t < steps; t++) sum += spikes[t * neurons + i] > 0.0f;
    counts[i] = sum;
}
"""


def main() -> None:
    """Train a leak until the neurons fire as often as they should."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    architecture = None if device == "cuda" else "cpu"
    torch.manual_seed(0)
    x = 2 * torch.rand(16, 64, device=device)
    leak = torch.tensor(0.2, device=device, requires_grad=True)
    optimizer = torch.optim.Adam([leak], 0.02)
    for _ in range(60):
        s, _ = LIF(x, leak=leak)
        loss = (s.mean() - 0.25).square()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    counts = torch.empty(64, dtype=torch.int32, device=device)
    spikes = LIF(x, leak=leak)[0].detach()
    inline.load(COUNT, architecture=architecture).count(spikes, counts, 16, 64)
    rate = counts.sum().item() / spikes.numel()
    print(f"on {device}: leak {leak.item():.2f}, {rate:.2f} spikes a step; 0.25 was asked for")


if __name__ == "__main__":
    main()
