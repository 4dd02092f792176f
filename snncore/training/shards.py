"""The part of sharded tensors that this process holds, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, distributed


def local(value: Tensor) -> Tensor:
    """Return this process's part of a tensor, or all of one that is not sharded."""
    part = getattr(value, "to_local", None)
    return value if part is None else part()


def like(value: Tensor, sharded: Tensor) -> Tensor:
    """Return a part as a tensor that is sharded like another one."""
    if not distributed.is_available() or not hasattr(sharded, "to_local"):
        return value
    from torch.distributed.tensor import DTensor

    template: Any = sharded
    return DTensor.from_local(
        value.to(template.device),
        template.device_mesh,
        template.placements,
        shape=template.shape,
        stride=template.stride(),
    )


def like_network(state: Mapping[str, Tensor], network: torch.nn.Module) -> dict[str, Tensor]:
    """Shard a state dict like the network."""
    current = network.state_dict()
    return {k: like(v, current[k]) if k in current else v for k, v in state.items()}


def like_optimizer(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Shard an optimizer's state like its parameters."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    sharded = {
        index: {
            key: like(value, parameters[index])
            if isinstance(value, Tensor) and value.shape == local(parameters[index]).shape
            else value
            for key, value in values.items()
        }
        for index, values in state["state"].items()
    }
    return state | {"state": sharded}
