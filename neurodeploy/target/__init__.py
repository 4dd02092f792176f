"""Targets: static facts about a chip or format, and four pure functions; found by entry points."""

from neurodeploy.simulator.host import chip_part as chip_part
from neurodeploy.simulator.host import decoder_contract as decoder_contract
from neurodeploy.simulator.host import encoding_contract as encoding_contract
from neurodeploy.simulator.host import finished as finished
from neurodeploy.simulator.host import on_chip_part as on_chip_part
from neurodeploy.simulator.host import with_decoder as with_decoder
from neurodeploy.simulator.host import with_encoding as with_encoding
from neurodeploy.target.capabilities import Capabilities as Capabilities
from neurodeploy.target.capabilities import Option as Option
from neurodeploy.target.examples import ExampleNeuron as ExampleNeuron
from neurodeploy.target.findings import Finding as Finding
from neurodeploy.target.findings import Severity as Severity
from neurodeploy.target.findings import require_fits as require_fits
from neurodeploy.target.lowered import as_built as as_built
from neurodeploy.target.lowered import fitted as fitted
from neurodeploy.target.lowered import lowered as lowered
from neurodeploy.target.lowered import restructured as restructured
from neurodeploy.target.opening import naming as naming
from neurodeploy.target.opening import open_artifact as open_artifact
from neurodeploy.target.price import Price as Price
from neurodeploy.target.price import price_of as price_of
from neurodeploy.target.protocol import BringsExamples as BringsExamples
from neurodeploy.target.protocol import BuiltIn as BuiltIn
from neurodeploy.target.protocol import ChoosesSimulators as ChoosesSimulators
from neurodeploy.target.protocol import ComparesFiles as ComparesFiles
from neurodeploy.target.protocol import ComparesRuns as ComparesRuns
from neurodeploy.target.protocol import Emulates as Emulates
from neurodeploy.target.protocol import ExtendsLowering as ExtendsLowering
from neurodeploy.target.protocol import JudgesForeignFiles as JudgesForeignFiles
from neurodeploy.target.protocol import KnowsBoards as KnowsBoards
from neurodeploy.target.protocol import KnowsChips as KnowsChips
from neurodeploy.target.protocol import KnowsTimes as KnowsTimes
from neurodeploy.target.protocol import LiveRun as LiveRun
from neurodeploy.target.protocol import NamesReceivers as NamesReceivers
from neurodeploy.target.protocol import ReadsForeignFiles as ReadsForeignFiles
from neurodeploy.target.protocol import RestructuresPrograms as RestructuresPrograms
from neurodeploy.target.protocol import RunsLive as RunsLive
from neurodeploy.target.protocol import RunsSlowly as RunsSlowly
from neurodeploy.target.protocol import ShowsSteps as ShowsSteps
from neurodeploy.target.protocol import Simulation as Simulation
from neurodeploy.target.protocol import Synthesizes as Synthesizes
from neurodeploy.target.protocol import TakesFloats as TakesFloats
from neurodeploy.target.protocol import Target as Target
from neurodeploy.target.protocol import checked_options as checked_options
from neurodeploy.target.protocol import on_chip as on_chip
from neurodeploy.target.registry import GROUP as GROUP
from neurodeploy.target.registry import board as board
from neurodeploy.target.registry import target as target
from neurodeploy.target.registry import targets as targets
from neurodeploy.target.samples import random_samples as random_samples
from neurodeploy.target.simulators import chosen_simulator as chosen_simulator

__all__ = [
    "GROUP",
    "BringsExamples",
    "BuiltIn",
    "Capabilities",
    "ChoosesSimulators",
    "ComparesFiles",
    "ComparesRuns",
    "Emulates",
    "ExampleNeuron",
    "ExtendsLowering",
    "Finding",
    "JudgesForeignFiles",
    "KnowsBoards",
    "KnowsChips",
    "KnowsTimes",
    "LiveRun",
    "NamesReceivers",
    "Option",
    "Price",
    "ReadsForeignFiles",
    "RestructuresPrograms",
    "RunsLive",
    "RunsSlowly",
    "Severity",
    "ShowsSteps",
    "Simulation",
    "Synthesizes",
    "TakesFloats",
    "Target",
    "as_built",
    "board",
    "checked_options",
    "chip_part",
    "chosen_simulator",
    "decoder_contract",
    "encoding_contract",
    "finished",
    "fitted",
    "lowered",
    "naming",
    "on_chip",
    "on_chip_part",
    "open_artifact",
    "price_of",
    "random_samples",
    "require_fits",
    "restructured",
    "target",
    "targets",
    "with_decoder",
    "with_encoding",
]
