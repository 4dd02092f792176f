"""Twin delayed deep deterministic policy gradients (Fujimoto et al. 2018)."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from snncore.control.deep import TwinCritic
from snncore.control.replay import Batch


class TD3:
    """An actor and its critics, and how a batch of transitions changes them.

    Both critics learn r + discount * min(Q1', Q2') at the target actor's action with clipped
    noise; every `delay` updates the actor climbs the first one, and the targets follow by
    `share`. Noise is in units of the largest action. All randomness is the generator's.
    """

    def __init__(
        self,
        actor: nn.Module,
        critic: TwinCritic,
        *,
        rates: tuple[float, float] = (1e-3, 1e-3),
        discount: float = 0.99,
        share: float = 0.005,
        delay: int = 2,
        noise: float = 0.2,
        clip: float = 0.5,
        seed: int = 0,
    ) -> None:
        if delay < 1 or not 0 < share <= 1 or not 0 <= discount < 1:
            raise ValueError(
                f"TD3: delay {delay}, share {share}, discount {discount} (take a delay of 1 or "
                "more, a share in 0..1, a discount below 1)"
            )
        self.actor, self.critic = actor, critic
        self.target_actor = deepcopy(actor).requires_grad_(False)
        self.target_critic = deepcopy(critic).requires_grad_(False)
        self.actor_optimizer = torch.optim.Adam(actor.parameters(), rates[0], fused=True)
        self.critic_optimizer = torch.optim.Adam(critic.parameters(), rates[1], fused=True)
        self.discount, self.share, self.delay = discount, share, delay
        self.noise, self.clip = noise, clip
        self.generator = torch.Generator().manual_seed(seed)
        self.updates = 0

    @torch.no_grad()
    def act(self, observations: Tensor, noise: float = 0.0) -> Tensor:
        """Return the actor's actions, with Gaussian noise."""
        actions: Tensor = self.actor(observations)
        if not noise:
            return actions
        limit = self.critic.limit
        drawn = torch.randn(actions.shape, generator=self.generator) * noise * limit
        return (actions + drawn).clamp(-limit, limit)

    def update(self, batch: Batch) -> float:
        """Learn from a batch, and return the critics' loss."""
        goal = self.goal(batch)
        first, second = self.critic(batch.observations, batch.actions)
        loss = nn.functional.mse_loss(first, goal) + nn.functional.mse_loss(second, goal)
        self.critic_optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.critic_optimizer.step()
        self.updates += 1
        if self.updates % self.delay == 0:
            self._improve(batch.observations)
            self._follow()
        return float(loss.detach())

    @torch.no_grad()
    def goal(self, batch: Batch) -> Tensor:
        """Return the returns (N,) that the critics learn."""
        limit = self.critic.limit
        actions = self.target_actor(batch.following)
        noise = torch.randn(actions.shape, generator=self.generator) * self.noise
        noise = noise.clamp(-self.clip, self.clip) * limit
        actions = (actions + noise).clamp(-limit, limit)
        least = torch.minimum(*self.target_critic(batch.following, actions))
        return batch.rewards + self.discount * (1 - batch.ended) * least

    def _improve(self, observations: Tensor) -> None:
        self.critic.requires_grad_(False)
        loss = -self.critic.judge(observations, self.actor(observations)).mean()
        self.actor_optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.actor_optimizer.step()
        self.critic.requires_grad_(True)

    @torch.no_grad()
    def _follow(self) -> None:
        for target, source in (
            (self.target_actor, self.actor),
            (self.target_critic, self.critic),
        ):
            for kept, new in zip(target.parameters(), source.parameters(), strict=True):
                kept.lerp_(new, self.share)
