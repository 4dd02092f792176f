"""The encoder of a network's samples, which becomes a field of its graph's input."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

import quant
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.calls import INPUT, TracedCall
from neurodeploy.frontend.kinds import is_idle
from snncore import encoding


@dataclass
class Samples:
    """A network's samples: their encoder, and the calls that read them as they are."""

    encoding: Encoding | None = None
    encoder: str = ""
    # The calls whose value are the samples themselves, and the others that read these.
    names: set[str] = field(default_factory=lambda: {INPUT})
    readers: list[str] = field(default_factory=list)

    def passed(self, call: TracedCall, module: nn.Module | None) -> bool:
        """Note a call; return whether it passes its source on, as it is or encoded.

        Raises:
            UnsupportedLayerError: if it encodes something other than the samples.
        """
        reads = bool(self.names & set(call.inputs))
        if module is not None and is_idle(module):
            if reads:
                self.names.add(call.name)
            return True
        if isinstance(module, encoding.Direct):
            raise UnsupportedLayerError(
                f"{call.name}: rounds samples in floats, which a file of floats does not",
                remedy="quantize the network with quant.prepare, or leave out the exponent",
            )
        if isinstance(module, quant.InputEncoder):
            self._encode(call.name, module, reads)
            return True
        if reads:
            self.readers.append(call.name)
        return False

    def _encode(self, name: str, module: quant.InputEncoder, reads: bool) -> None:
        if not reads or self.encoding is not None:
            raise UnsupportedLayerError(
                f"{name}: encodes what is not the network's samples",
                remedy="put one encoder, before all other layers",
            )
        form = module.form
        self.encoder, self.encoding = name, Encoding(form.exponent, form.low, form.high)

    def require_encoded(self) -> None:
        """Check that no layer reads the samples beside their encoder.

        Raises:
            UnsupportedLayerError: if one does; names it.
        """
        if self.encoding is not None and self.readers:
            raise UnsupportedLayerError(
                f"{self.readers[0]}: reads the samples beside {self.encoder}, which encodes them",
                remedy="let it read what the encoder returns",
            )
