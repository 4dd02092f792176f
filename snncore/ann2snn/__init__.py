"""From a trained network of ReLUs to one of spiking neurons that fire at its rates."""

from snncore.ann2snn.activation import QCFS as QCFS
from snncore.ann2snn.activation import with_qcfs as with_qcfs
from snncore.ann2snn.convert import convert as convert
from snncore.ann2snn.error import rate_errors as rate_errors
from snncore.ann2snn.integers import to_integers as to_integers
from snncore.ann2snn.neuron import RateIF as RateIF
from snncore.ann2snn.scaling import Balanced as Balanced
from snncore.ann2snn.scaling import Largest as Largest
from snncore.ann2snn.scaling import LeastSquares as LeastSquares
from snncore.ann2snn.scaling import Percentile as Percentile
from snncore.ann2snn.scaling import Scaling as Scaling

__all__ = [
    "QCFS",
    "Balanced",
    "Largest",
    "LeastSquares",
    "Percentile",
    "RateIF",
    "Scaling",
    "convert",
    "rate_errors",
    "to_integers",
    "with_qcfs",
]
