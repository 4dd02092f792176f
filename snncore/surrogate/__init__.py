"""Surrogate gradients: the derivatives that stand for a spike's in training."""

from snncore.surrogate.rule import Surrogate as Surrogate
from snncore.surrogate.zoo import S2NN as S2NN
from snncore.surrogate.zoo import ATan as ATan
from snncore.surrogate.zoo import Erf as Erf
from snncore.surrogate.zoo import FakeNumericalGradient as FakeNumericalGradient
from snncore.surrogate.zoo import LeakyKReLU as LeakyKReLU
from snncore.surrogate.zoo import LogTailedReLU as LogTailedReLU
from snncore.surrogate.zoo import PiecewiseExp as PiecewiseExp
from snncore.surrogate.zoo import PiecewiseLeakyReLU as PiecewiseLeakyReLU
from snncore.surrogate.zoo import PiecewiseQuadratic as PiecewiseQuadratic
from snncore.surrogate.zoo import QPseudoSpike as QPseudoSpike
from snncore.surrogate.zoo import Rectangular as Rectangular
from snncore.surrogate.zoo import Sigmoid as Sigmoid
from snncore.surrogate.zoo import SoftSign as SoftSign
from snncore.surrogate.zoo import SuperSpike as SuperSpike
from snncore.surrogate.zoo import Triangle as Triangle

KINDS = {
    kind.__name__: kind
    for kind in (
        ATan,
        Erf,
        FakeNumericalGradient,
        LeakyKReLU,
        LogTailedReLU,
        PiecewiseExp,
        PiecewiseLeakyReLU,
        PiecewiseQuadratic,
        QPseudoSpike,
        Rectangular,
        S2NN,
        Sigmoid,
        SoftSign,
        SuperSpike,
        Triangle,
    )
}

__all__ = [
    "KINDS",
    "S2NN",
    "ATan",
    "Erf",
    "FakeNumericalGradient",
    "LeakyKReLU",
    "LogTailedReLU",
    "PiecewiseExp",
    "PiecewiseLeakyReLU",
    "PiecewiseQuadratic",
    "QPseudoSpike",
    "Rectangular",
    "Sigmoid",
    "SoftSign",
    "SuperSpike",
    "Surrogate",
    "Triangle",
]
