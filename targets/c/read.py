"""C of ours to programs; every byte must be the one that export writes for the program."""

from __future__ import annotations

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Program
from neurodeploy.target import with_decoder
from neurodeploy.target.source import in_artifact, in_file, require_unedited, text_of
from targets.c.check import check, network_of
from targets.c.compile import HEADER, SOURCE, texts_of
from targets.c.description import rebuilt
from targets.c.text.network import Network


def read_artifact(artifact: Artifact) -> Program:
    """Return the program in an artifact's files, with the host's decoder at its end.

    Raises:
        ArtifactError: if they are not files of ours, are damaged, or were edited.
    """
    return with_decoder(open_network(artifact).program, artifact.contract)


def open_network(artifact: Artifact) -> Network:
    """Return the network in an artifact's files.

    Raises:
        ArtifactError: if they are not files of ours, are damaged, or were edited.
    """
    with in_artifact(artifact):
        texts = {name: text_of(artifact.files, name) for name in (HEADER, SOURCE)}
        with in_file(SOURCE):
            program, by_event, sha256 = rebuilt(texts[SOURCE])
            if errors := check(program):
                raise ArtifactError(f"its program is none that fits C: {errors[0]}")
            network = network_of(program, by_event)
            expected = texts_of(network)
        require_unedited(SOURCE, program, sha256, texts, expected)
        return network
