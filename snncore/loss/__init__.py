"""Losses on sequences (T, N, classes), and penalties on activity."""

from snncore.loss.activity import firing_rate as firing_rate
from snncore.loss.activity import spike_count as spike_count
from snncore.loss.classes import first_spike_cross_entropy as first_spike_cross_entropy
from snncore.loss.classes import membrane_cross_entropy as membrane_cross_entropy
from snncore.loss.classes import rate_cross_entropy as rate_cross_entropy
from snncore.loss.classes import rate_mse as rate_mse
from snncore.loss.classes import temporal_cross_entropy as temporal_cross_entropy
from snncore.loss.trains import count_mse as count_mse
from snncore.loss.trains import van_rossum as van_rossum

__all__ = [
    "count_mse",
    "firing_rate",
    "first_spike_cross_entropy",
    "membrane_cross_entropy",
    "rate_cross_entropy",
    "rate_mse",
    "spike_count",
    "temporal_cross_entropy",
    "van_rossum",
]
