"""The steps that an artifact's own files compute, as circuits, for proofs."""

from neurodeploy.target.steps.late import LateRead as LateRead
from neurodeploy.target.steps.layer import ArtifactSteps as ArtifactSteps
from neurodeploy.target.steps.layer import ComputedStep as ComputedStep
from neurodeploy.target.steps.layer import LayerStep as LayerStep
from neurodeploy.target.steps.layer import Leaves as Leaves
from neurodeploy.target.steps.layer import SumBound as SumBound

__all__ = ["ArtifactSteps", "ComputedStep", "LateRead", "LayerStep", "Leaves", "SumBound"]
