"""Options that many commands have, said once."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

__all__ = ["FROM_0", "FROM_1", "Id", "Json", "Verbose", "Version", "Words"]

FROM_0, FROM_1 = Number(gte=0), Number(gte=1)

Id = Annotated[str | None, Parameter(help="The version: an id, the beginning of one, or project/name@version. Default: the last one.")]
Version = Annotated[str, Parameter(help="An id, the beginning of one, or project/name@version.")]
Json = Annotated[bool, Parameter(help="Print one JSON document on standard output.")]
Verbose = Annotated[bool, Parameter(help="Name each file.")]
Words = Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())]
