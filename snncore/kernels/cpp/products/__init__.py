"""Products of small integers on the processor, exact on every sum."""

from snncore.kernels.cpp.products.events import SpikeSums as SpikeSums
from snncore.kernels.cpp.products.events import are_few as are_few
from snncore.kernels.cpp.products.events import spikes_are_summed as spikes_are_summed
from snncore.kernels.cpp.products.exact import FEWEST as FEWEST
from snncore.kernels.cpp.products.exact import products_work as products_work
from snncore.kernels.cpp.products.images import by_channel as by_channel
from snncore.kernels.cpp.products.images import empty as empty
from snncore.kernels.cpp.products.images import in_memory as in_memory
from snncore.kernels.cpp.products.images import order_of as order_of
from snncore.kernels.cpp.products.images import readable as readable
from snncore.kernels.cpp.products.library import HIGHEST_BYTE as HIGHEST_BYTE
from snncore.kernels.cpp.products.library import HIGHEST_WORD as HIGHEST_WORD
from snncore.kernels.cpp.products.library import most_products as most_products
from snncore.kernels.cpp.products.packed import ChannelProduct as ChannelProduct
from snncore.kernels.cpp.products.packed import WindowProduct as WindowProduct
from snncore.kernels.cpp.products.packed import pooled as pooled
from snncore.kernels.cpp.products.windows import Windows as Windows
from snncore.kernels.cpp.products.windows import whole as whole
from snncore.kernels.cpp.products.windows import windows as windows

__all__ = [
    "FEWEST",
    "HIGHEST_BYTE",
    "HIGHEST_WORD",
    "ChannelProduct",
    "SpikeSums",
    "WindowProduct",
    "Windows",
    "are_few",
    "by_channel",
    "empty",
    "in_memory",
    "most_products",
    "order_of",
    "pooled",
    "products_work",
    "readable",
    "spikes_are_summed",
    "whole",
    "windows",
]
