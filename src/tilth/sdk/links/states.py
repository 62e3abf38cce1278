"""The states of files that an index tells exactly, so that not each of them has to be asked for.

An index in JSON says how long a file is and when it was modified. That makes the state which the server itself would tell, if it makes
its ETags of just these two, as nginx does, or gives none. Whether it does is asked of one file of each ending in a folder: what serves
files differently mostly does so by their endings. A state that is not what the server tells later is noticed then, as every other.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from pathlib import PurePosixPath

from tilth.base.errors import Denied, Invalid, NotFound
from tilth.sdk.links.indexes import Listed
from tilth.sdk.links.remote import RemoteFile

__all__ = ["told_states"]

_MOST_ASKED = 16
_SECOND_NS = 1_000_000_000

Rule = Callable[[int, int], str]
"""Makes a state of the second in which a file was modified, and of its size."""

_RULES: tuple[Rule, ...] = (
    lambda second, size: f"{second:x}-{size:x}",
    lambda second, size: formatdate(second, usegmt=True),
)


def told_states(listed: Sequence[Listed], describe: Callable[[str], RemoteFile], *, settled_before_ns: int) -> Mapping[str, RemoteFile]:
    """The files of one folder whose state the index tells, by their addresses.

    Those that were modified at `settled_before_ns` or later are not among them: they may change again without another time.
    """
    groups: defaultdict[str, list[Listed]] = defaultdict(list)
    for one in listed:
        if not one.is_folder and one.size >= 0 and 0 < one.modified_ns < settled_before_ns:
            groups[PurePosixPath(one.address).suffix.lower()].append(one)
    worth_it = sorted((group for group in groups.values() if len(group) > 1), key=len, reverse=True)[:_MOST_ASKED]
    found: dict[str, RemoteFile] = {}
    for first, *others in worth_it:
        try:
            told = describe(first.address)
        except (Denied, Invalid, NotFound):  # who asks for each of them tells it
            continue
        found[first.address] = told
        if rule := _rule_of(first, told):
            found |= {one.address: _made(one, rule) for one in others}
    return found


def _rule_of(listed: Listed, told: RemoteFile) -> Rule | None:
    """How a server makes the states of its files, if it makes them of what the index tells."""
    return next((rule for rule in _RULES if _made(listed, rule) == told), None)


def _made(listed: Listed, rule: Rule) -> RemoteFile:
    return RemoteFile(listed.address, listed.size, rule(listed.modified_ns // _SECOND_NS, listed.size), listed.modified_ns)
