"""Training at scale: memory, processes, and runs that go on where they stopped."""

from snncore.training.bits import from_bits as from_bits
from snncore.training.bits import to_bits as to_bits
from snncore.training.compression import compressed_spikes as compressed_spikes

__all__ = ["compressed_spikes", "from_bits", "to_bits"]
