"""Neurons, written once: equations, number systems and printed code, without a library."""

from snncore.dynamics.arithmetic.integer import to_integers as to_integers
from snncore.dynamics.arithmetic.number_system import Format as Format
from snncore.dynamics.arithmetic.number_system import NumberSystem as NumberSystem
from snncore.dynamics.arithmetic.number_system import Overflow as Overflow
from snncore.dynamics.arithmetic.number_system import Rounding as Rounding
from snncore.dynamics.equations import Equations as Equations
from snncore.dynamics.equations import trace as trace
from snncore.dynamics.evaluate import evaluate as evaluate
from snncore.dynamics.expression import Op as Op
from snncore.dynamics.expression import Symbol as Symbol
from snncore.dynamics.words import absolute as absolute
from snncore.dynamics.words import detach as detach
from snncore.dynamics.words import exp as exp
from snncore.dynamics.words import firing as firing
from snncore.dynamics.words import log as log
from snncore.dynamics.words import maximum as maximum
from snncore.dynamics.words import minimum as minimum
from snncore.dynamics.words import numbers_like as numbers_like
from snncore.dynamics.words import select as select
from snncore.dynamics.words import sigmoid as sigmoid
from snncore.dynamics.words import spike as spike

__all__ = [
    "Equations",
    "Format",
    "NumberSystem",
    "Op",
    "Overflow",
    "Rounding",
    "Symbol",
    "absolute",
    "detach",
    "evaluate",
    "exp",
    "firing",
    "log",
    "maximum",
    "minimum",
    "numbers_like",
    "select",
    "sigmoid",
    "spike",
    "to_integers",
    "trace",
]
