"""Contents out of a cache that others may write to, instead of the store: each is compared with its hash before it is believed.

What is taken becomes a file of this user's own, in a cache of the user's own, so nobody else can change it later.
"""

import errno
import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tilth.datasets.cache.blobs import BlobCache, blob_name
from tilth.datasets.cache.evicting import keep_within
from tilth.datasets.placing import copied

__all__ = ["borrow"]

_WORKERS = 4


def borrow(cache: BlobCache, wanted: Mapping[bytes, int]) -> None:
    """Take contents, by hash and with their sizes, that the cache does not have from the one beside it, as far as that has them."""
    if cache.source is None:
        return
    source = f"{cache.source}/blobs"
    there = {digest: size for digest, size in wanted.items() if _is_file(f"{source}/{blob_name(digest)}", size)}
    there = {digest: size for digest, size in there.items() if not os.path.exists(f"{cache.blobs}/{blob_name(digest)}")}
    if not there:
        return
    keep_within(cache, incoming_bytes=sum(there.values()))
    with cache.scratch() as scratch, ThreadPoolExecutor(_WORKERS, thread_name_prefix="tilth-borrow") as pool:
        for folder in {blob_name(digest)[:2] for digest in there}:
            (scratch / folder).mkdir()
        names = [blob_name(digest) for digest in there]
        came = pool.map(lambda name: _came(f"{source}/{name}", f"{scratch}/{name}"), names)
        cache.install(scratch, [digest for digest, is_right in zip(there, came, strict=True) if is_right])


def _is_file(path: str, size: int) -> bool:
    """Whether a file has the size that it should have: one that is larger than the disk would be copied until that is full."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def _came(source: str, target: str) -> bool:
    try:
        return copied(source, target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False  # it can't be read there: the store has it
