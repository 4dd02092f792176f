"""Files of events as cameras and data sets write them."""

from snncore.data.formats.aedat2 import read_aedat2 as read_aedat2
from snncore.data.formats.arrays import read_mat as read_mat
from snncore.data.formats.arrays import read_signed_npz as read_signed_npz
from snncore.data.formats.atis import read_atis as read_atis
from snncore.data.formats.atis import read_td as read_td

__all__ = ["read_aedat2", "read_atis", "read_mat", "read_signed_npz", "read_td"]
