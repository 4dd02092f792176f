"""Proofs that the steps in an artifact's files are the program's, for every state and drive."""

from neurodeploy.proof.certificates import DIFFERENT as DIFFERENT
from neurodeploy.proof.certificates import checked_again as checked_again
from neurodeploy.proof.certificates import write_certificates as write_certificates
from neurodeploy.proof.proofs import Counterexample as Counterexample
from neurodeploy.proof.proofs import Proof as Proof
from neurodeploy.proof.proofs import Proofs as Proofs
from neurodeploy.proof.proofs import Status as Status
from neurodeploy.proof.prove import EVERY as EVERY
from neurodeploy.proof.prove import Effort as Effort
from neurodeploy.proof.prove import proofs_of as proofs_of
from neurodeploy.proof.prove import unproved as unproved
from neurodeploy.proof.solvers.solvers import SOLVERS as SOLVERS
from neurodeploy.proof.solvers.solvers import require_solver as require_solver

__all__ = [
    "DIFFERENT",
    "EVERY",
    "SOLVERS",
    "Counterexample",
    "Effort",
    "Proof",
    "Proofs",
    "Status",
    "checked_again",
    "proofs_of",
    "require_solver",
    "unproved",
    "write_certificates",
]
