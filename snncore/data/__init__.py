"""Data to train on: images that need no download, and events of cameras and ears."""

from snncore.data.augment import Augmentation as Augmentation
from snncore.data.augment import DropEvents as DropEvents
from snncore.data.augment import DropTime as DropTime
from snncore.data.augment import Flip as Flip
from snncore.data.augment import Jitter as Jitter
from snncore.data.augment import Shift as Shift
from snncore.data.dataset import EventFrames as EventFrames
from snncore.data.dataset import loader as loader
from snncore.data.dataset import tonic_dataset as tonic_dataset
from snncore.data.digits import Images as Images
from snncore.data.digits import digits as digits
from snncore.data.events import EVENT as EVENT
from snncore.data.events import Events as Events
from snncore.data.events import Size as Size
from snncore.data.events import events as events
from snncore.data.events import load_events as load_events
from snncore.data.events import save_events as save_events
from snncore.data.formats import read_aedat2 as read_aedat2
from snncore.data.formats import read_atis as read_atis
from snncore.data.formats import read_mat as read_mat
from snncore.data.formats import read_signed_npz as read_signed_npz
from snncore.data.formats import read_td as read_td
from snncore.data.frames import Frames as Frames
from snncore.data.frames import by_duration as by_duration
from snncore.data.frames import by_edges as by_edges
from snncore.data.frames import by_number as by_number
from snncore.data.frames import by_time as by_time
from snncore.data.gestures import GESTURES as GESTURES
from snncore.data.gestures import DVSGestures as DVSGestures
from snncore.data.gestures import read_aedat as read_aedat
from snncore.data.motion import MOTIONS as MOTIONS
from snncore.data.motion import MovingDigits as MovingDigits
from snncore.data.sensor import EventSensor as EventSensor
from snncore.data.sets import ASLDVS as ASLDVS
from snncore.data.sets import CIFAR10DVS as CIFAR10DVS
from snncore.data.sets import HARDVS as HARDVS
from snncore.data.sets import NMNIST as NMNIST
from snncore.data.sets import ESImageNet as ESImageNet
from snncore.data.sets import EventFiles as EventFiles
from snncore.data.sets import NavGesture as NavGesture
from snncore.data.sets import NCaltech101 as NCaltech101
from snncore.data.sets import Part as Part
from snncore.data.sets import SpokenEvents as SpokenEvents
from snncore.data.sets import split as split

__all__ = [
    "ASLDVS",
    "CIFAR10DVS",
    "EVENT",
    "GESTURES",
    "HARDVS",
    "MOTIONS",
    "NMNIST",
    "Augmentation",
    "DVSGestures",
    "DropEvents",
    "DropTime",
    "ESImageNet",
    "EventFiles",
    "EventFrames",
    "EventSensor",
    "Events",
    "Flip",
    "Frames",
    "Images",
    "Jitter",
    "MovingDigits",
    "NCaltech101",
    "NavGesture",
    "Part",
    "Shift",
    "Size",
    "SpokenEvents",
    "by_duration",
    "by_edges",
    "by_number",
    "by_time",
    "digits",
    "events",
    "load_events",
    "loader",
    "read_aedat",
    "read_aedat2",
    "read_atis",
    "read_mat",
    "read_signed_npz",
    "read_td",
    "save_events",
    "split",
    "tonic_dataset",
]
