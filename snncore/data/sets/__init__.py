"""Published data sets of events, read from the files that their archives unpack to."""

from snncore.data.sets.files import EventFiles as EventFiles
from snncore.data.sets.files import Part as Part
from snncore.data.sets.files import split as split
from snncore.data.sets.folders import ASLDVS as ASLDVS
from snncore.data.sets.folders import CIFAR10DVS as CIFAR10DVS
from snncore.data.sets.folders import NMNIST as NMNIST
from snncore.data.sets.folders import NCaltech101 as NCaltech101
from snncore.data.sets.listed import HARDVS as HARDVS
from snncore.data.sets.listed import ESImageNet as ESImageNet
from snncore.data.sets.listed import NavGesture as NavGesture
from snncore.data.sets.spoken import SpokenEvents as SpokenEvents

__all__ = [
    "ASLDVS",
    "CIFAR10DVS",
    "HARDVS",
    "NMNIST",
    "ESImageNet",
    "EventFiles",
    "NCaltech101",
    "NavGesture",
    "Part",
    "SpokenEvents",
    "split",
]
