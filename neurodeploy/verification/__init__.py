"""Verification: each stage compared with the next, and the first divergence named.

training = golden   what the network computed while training is the program's integers
golden = fast       the fast engine is the golden interpreter
program = artifact  every file and the contract are what export writes of the program
golden = <name>     the vendor's simulator, run on the artifact, computes the program

<reading> = <name>  another writer's file, run as it is, computes the network that we read in it

A network in floats has no integers: its graph in double precision stands in their place, and
values are equal within a tolerance.
"""

from neurodeploy.verification.meaning import held_by as held_by
from neurodeploy.verification.meaning import meaning_of as meaning_of
from neurodeploy.verification.reading import RUN_TIMES as RUN_TIMES
from neurodeploy.verification.reading import ReadFile as ReadFile
from neurodeploy.verification.reading import verify_reading as verify_reading
from neurodeploy.verification.simulated import requested_simulators as requested_simulators
from neurodeploy.verification.simulated import require_simulator as require_simulator
from neurodeploy.verification.subject import Original as Original
from neurodeploy.verification.subject import Subject as Subject
from neurodeploy.verification.subject import subject_of as subject_of
from neurodeploy.verification.verify import PICTURED as PICTURED
from neurodeploy.verification.verify import verify as verify

__all__ = [
    "PICTURED",
    "RUN_TIMES",
    "Original",
    "ReadFile",
    "Subject",
    "held_by",
    "meaning_of",
    "requested_simulators",
    "require_simulator",
    "subject_of",
    "verify",
    "verify_reading",
]
