"""Programs in the text of a language: described in a comment, and read back byte for byte."""

from neurodeploy.target.source.description import DAMAGE as DAMAGE
from neurodeploy.target.source.description import Description as Description
from neurodeploy.target.source.description import by_source as by_source
from neurodeploy.target.source.description import described as described
from neurodeploy.target.source.description import description_in as description_in
from neurodeploy.target.source.description import naming_damage as naming_damage
from neurodeploy.target.source.description import shape_of as shape_of
from neurodeploy.target.source.files import in_artifact as in_artifact
from neurodeploy.target.source.files import in_file as in_file
from neurodeploy.target.source.files import require_unedited as require_unedited
from neurodeploy.target.source.files import text_of as text_of

__all__ = [
    "DAMAGE",
    "Description",
    "by_source",
    "described",
    "description_in",
    "in_artifact",
    "in_file",
    "naming_damage",
    "require_unedited",
    "shape_of",
    "text_of",
]
