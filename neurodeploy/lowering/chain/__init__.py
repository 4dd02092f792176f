"""Programs with branches as a chain of layers: relays, joined layers and joined weights."""

from neurodeploy.lowering.chain.form import ChainForm as ChainForm
from neurodeploy.lowering.chain.to_chain import to_chain as to_chain

__all__ = ["ChainForm", "to_chain"]
