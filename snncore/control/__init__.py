"""Control: spiking actors that read and send populations, trained by reinforcement (TD3)."""

from snncore.control.actor import SpikingActor as SpikingActor
from snncore.control.deep import DeepActor as DeepActor
from snncore.control.deep import TwinCritic as TwinCritic
from snncore.control.environment import Environment as Environment
from snncore.control.environment import evaluate as evaluate
from snncore.control.environment import observed_range as observed_range
from snncore.control.fields import ReceptiveField as ReceptiveField
from snncore.control.fields import receptive_fields as receptive_fields
from snncore.control.replay import Batch as Batch
from snncore.control.replay import Replay as Replay
from snncore.control.td3 import TD3 as TD3
from snncore.control.training import Curve as Curve
from snncore.control.training import train as train

__all__ = [
    "TD3",
    "Batch",
    "Curve",
    "DeepActor",
    "Environment",
    "ReceptiveField",
    "Replay",
    "SpikingActor",
    "TwinCritic",
    "evaluate",
    "observed_range",
    "receptive_fields",
    "train",
]
