"""Surrogate gradients: the derivatives that stand for a spike's in training."""

from snncore.surrogate.check import SurrogateReport as SurrogateReport
from snncore.surrogate.check import check as check
from snncore.surrogate.picture import plot as plot
from snncore.surrogate.rule import Surrogate as Surrogate
from snncore.surrogate.snntorch import FastSigmoid as FastSigmoid
from snncore.surrogate.snntorch import SparseFastSigmoid as SparseFastSigmoid
from snncore.surrogate.snntorch import SpikeRateEscape as SpikeRateEscape
from snncore.surrogate.snntorch import Triangular as Triangular
from snncore.surrogate.zoo import S2NN as S2NN
from snncore.surrogate.zoo import ATan as ATan
from snncore.surrogate.zoo import Erf as Erf
from snncore.surrogate.zoo import FakeNumericalGradient as FakeNumericalGradient
from snncore.surrogate.zoo import LeakyKReLU as LeakyKReLU
from snncore.surrogate.zoo import LogTailedReLU as LogTailedReLU
from snncore.surrogate.zoo import NonzeroSignLogAbs as NonzeroSignLogAbs
from snncore.surrogate.zoo import PiecewiseExp as PiecewiseExp
from snncore.surrogate.zoo import PiecewiseLeakyReLU as PiecewiseLeakyReLU
from snncore.surrogate.zoo import PiecewiseQuadratic as PiecewiseQuadratic
from snncore.surrogate.zoo import QPseudoSpike as QPseudoSpike
from snncore.surrogate.zoo import Rectangular as Rectangular
from snncore.surrogate.zoo import Sigmoid as Sigmoid
from snncore.surrogate.zoo import SoftSign as SoftSign
from snncore.surrogate.zoo import StraightThrough as StraightThrough
from snncore.surrogate.zoo import SuperSpike as SuperSpike
from snncore.surrogate.zoo import Triangle as Triangle

KINDS = {
    kind.__name__: kind
    for kind in (
        ATan,
        Erf,
        FakeNumericalGradient,
        FastSigmoid,
        LeakyKReLU,
        LogTailedReLU,
        NonzeroSignLogAbs,
        PiecewiseExp,
        PiecewiseLeakyReLU,
        PiecewiseQuadratic,
        QPseudoSpike,
        Rectangular,
        S2NN,
        Sigmoid,
        SoftSign,
        SparseFastSigmoid,
        SpikeRateEscape,
        StraightThrough,
        SuperSpike,
        Triangle,
        Triangular,
    )
}

__all__ = [
    "KINDS",
    "S2NN",
    "ATan",
    "Erf",
    "FakeNumericalGradient",
    "FastSigmoid",
    "LeakyKReLU",
    "LogTailedReLU",
    "NonzeroSignLogAbs",
    "PiecewiseExp",
    "PiecewiseLeakyReLU",
    "PiecewiseQuadratic",
    "QPseudoSpike",
    "Rectangular",
    "Sigmoid",
    "SoftSign",
    "SparseFastSigmoid",
    "SpikeRateEscape",
    "StraightThrough",
    "SuperSpike",
    "Surrogate",
    "SurrogateReport",
    "Triangle",
    "Triangular",
    "check",
    "plot",
]
