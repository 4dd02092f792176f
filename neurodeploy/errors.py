"""Every error a user can meet: one root, each also a builtin, with its remedy and exit code."""


class NeurodeployError(Exception):
    """The root of every error that this project raises on purpose."""

    exit_code = 2

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class ValidationError(NeurodeployError, ValueError):
    """A value that makes no sense, such as a NaN weight or a shape that does not fit."""


class ModelFileError(NeurodeployError, ValueError):
    """A model file that is missing, damaged, of another format, or not safe to read."""


class ArtifactError(NeurodeployError, ValueError):
    """An artifact that is incomplete, edited since it was written, or in an unknown format."""


class SamplesError(NeurodeployError, ValueError):
    """Samples of the wrong shape, type or range for the network."""


class SamplesWarning(UserWarning):
    """An example whose shape was used, but whose values a program would refuse as samples."""


class OutputError(NeurodeployError, OSError):
    """A result that could not be written: no permission, no space, a name already taken."""


class UnsupportedLayerError(NeurodeployError, TypeError):
    """A layer or an operation that a graph cannot contain."""


class UnknownKindError(NeurodeployError, TypeError):
    """A kind of node or operation that a part of this project does not know."""


class UnknownNameError(NeurodeployError, LookupError):
    """A target, simulator or engine that is not installed; the message lists those that are."""


class DoesNotFitError(NeurodeployError, ValueError):
    """A network that the target cannot accept as it stands."""

    exit_code = 3


class SimulatorError(NeurodeployError, RuntimeError):
    """A simulator that is missing or failed."""

    exit_code = 4

    def __init__(self, message: str, *, remedy: str | None = None, log: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.log = log


class SimulatorMissingError(SimulatorError):
    """A simulator, or the Python it needs, that is not on this machine."""


class SimulatorScopeError(SimulatorError):
    """A simulator that does not support what a network needs, and so cannot check it."""


class PassError(NeurodeployError, RuntimeError):
    """A defect of a lowering pass: it changed something that it does not declare."""

    exit_code = 70


class PluginError(NeurodeployError, RuntimeError):
    """A defect of a plug-in: its target raised an unexpected error; names its package."""

    exit_code = 70
