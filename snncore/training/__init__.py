"""Training at scale: memory, processes, and runs that go on where they stopped."""

from snncore.training.bits import from_bits as from_bits
from snncore.training.bits import to_bits as to_bits
from snncore.training.capture import CapturedStep as CapturedStep
from snncore.training.checkpoint import load_run as load_run
from snncore.training.checkpoint import save_run as save_run
from snncore.training.compression import compressed_spikes as compressed_spikes
from snncore.training.events import event_driven as event_driven
from snncore.training.fusion import NormNeuron as NormNeuron
from snncore.training.fusion import fuse_norms as fuse_norms
from snncore.training.fusion import unfuse_norms as unfuse_norms
from snncore.training.memory import FittedNetwork as FittedNetwork
from snncore.training.memory import fit_memory as fit_memory
from snncore.training.processes import Process as Process
from snncore.training.processes import data_parallel as data_parallel
from snncore.training.processes import fully_sharded as fully_sharded
from snncore.training.processes import processes as processes
from snncore.training.step import training_step as training_step

__all__ = [
    "CapturedStep",
    "FittedNetwork",
    "NormNeuron",
    "Process",
    "compressed_spikes",
    "data_parallel",
    "event_driven",
    "fit_memory",
    "from_bits",
    "fully_sharded",
    "fuse_norms",
    "load_run",
    "processes",
    "save_run",
    "to_bits",
    "training_step",
    "unfuse_norms",
]
