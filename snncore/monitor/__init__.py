"""Monitors of the values in a network's layers, and of their cost."""

from snncore.monitor.cost import LayerCost as LayerCost
from snncore.monitor.cost import Profile as Profile
from snncore.monitor.cost import profile as profile
from snncore.monitor.layer_report import LayerReport as LayerReport
from snncore.monitor.layer_report import LayerUse as LayerUse
from snncore.monitor.layer_report import layer_report as layer_report
from snncore.monitor.recording import Recording as Recording
from snncore.monitor.recording import record as record
from snncore.monitor.silence import Silence as Silence
from snncore.monitor.silence import SilenceWarning as SilenceWarning
from snncore.monitor.silence import silent_layers as silent_layers
from snncore.monitor.silence import warn_of_silence as warn_of_silence
from snncore.monitor.silence import watch_silence as watch_silence
from snncore.monitor.watch import Watch as Watch
from snncore.monitor.watch import attribute as attribute
from snncore.monitor.watch import input_gradients as input_gradients
from snncore.monitor.watch import inputs as inputs
from snncore.monitor.watch import output_gradients as output_gradients
from snncore.monitor.watch import outputs as outputs

__all__ = [
    "LayerCost",
    "LayerReport",
    "LayerUse",
    "Profile",
    "Recording",
    "Silence",
    "SilenceWarning",
    "Watch",
    "attribute",
    "input_gradients",
    "inputs",
    "layer_report",
    "output_gradients",
    "outputs",
    "profile",
    "record",
    "silent_layers",
    "warn_of_silence",
    "watch_silence",
]
