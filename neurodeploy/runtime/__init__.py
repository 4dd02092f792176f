"""Applications: an artifact that takes live input one step at a time."""

from neurodeploy.runtime.events import EventFrames as EventFrames
from neurodeploy.runtime.latency import Latency as Latency
from neurodeploy.runtime.memory import Memory as Memory
from neurodeploy.runtime.session import Session as Session

__all__ = ["EventFrames", "Latency", "Memory", "Session"]
