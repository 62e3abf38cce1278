"""Files of a version for PyTorch, read where they are stored: by number (`FileDataset`), or one after the other (`IterableFileDataset`).

Both go into a `torch.utils.data.DataLoader` with any number of workers, forked or not. This module alone loads PyTorch.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice, starmap
from typing import Any, Literal

import torch
import torch.distributed
from torch.utils import data as torch_data

from tilth._wiring import open_home
from tilth.base.errors import Invalid, PathNotFound
from tilth.sdk.dataset import Dataset
from tilth.sdk.epochs import Epoch, Uneven, turn_of
from tilth.sdk.selected import SelectedFiles

__all__ = ["FileDataset", "IterableFileDataset"]

Decode = Callable[[str, bytes], Any]
"""Makes a sample of a file's path and content."""

_FIRST_AT_ONCE, _MOST_AT_ONCE = 64, 1024
_BYTES_AT_ONCE = 16 << 20


class FileDataset(torch_data.Dataset):  # type: ignore[misc]  # PyTorch is not there when types are checked
    """The files of a final version by their numbers, in the order of their paths.

    `dataset` is a `tilth.Dataset`, an id or `project/name@version`; `files` a path, folder or pattern, or several. A sample is what
    `decode` makes of a file's path and content, or the two as a pair, and then what `transform` makes of that. A loader that asks for a
    batch gets it by as few requests as the batch's places allow.
    """

    def __init__(
        self,
        dataset: Dataset | str,
        files: str | Sequence[str] | None = None,
        *,
        decode: Decode | None = None,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self._dataset = dataset if isinstance(dataset, str) else dataset.id
        self._patterns = [files] if isinstance(files, str) else None if files is None else list(files)
        self._decode = decode
        self._transform = transform
        self._files = SelectedFiles(open_home() if isinstance(dataset, str) else dataset._home, self._dataset, self._patterns)
        if self._patterns and not self._files:
            raise PathNotFound(
                f"version {self.version} has no file that {' or '.join(self._patterns)} means",
                hint=f"`tilth data ls --id {self.version}` shows what it has",
            )

    @property
    def version(self) -> str:
        """The version's id."""
        return self._files.version

    @property
    def paths(self) -> list[str]:
        """The paths of the files, by their numbers."""
        return list(self._files.paths)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, number: int) -> Any:
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[Any]:
        count = len(self)
        for number in numbers:
            if not -count <= number < count:
                raise IndexError(f"there is no file {number}: version {self.version} gives {count}")
        return self._samples([int(number) % count for number in numbers])

    def __getstate__(self) -> dict[str, Any]:
        # The listing is fetched again in another process, and the home is that process's own.
        return {name: value for name, value in vars(self).items() if name != "_files"} | {"_dataset": self.version}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._files = SelectedFiles(open_home(), self._dataset, self._patterns)

    def _samples(self, numbers: Sequence[int]) -> list[Any]:
        return [self._sample(path, content) for path, content in self._files.read(numbers)]

    def _sample(self, path: str, content: bytes) -> Any:
        try:
            sample = self._decode(path, content) if self._decode else (path, content)
            return self._transform(sample) if self._transform else sample
        except Exception as error:
            error.add_note(f"the file is {path} of version {self.version}")
            raise


class IterableFileDataset(torch_data.IterableDataset):  # type: ignore[misc]
    """The files of a final version one after the other, shared out among ranks and workers, read ahead while samples are used.

    `dataset`, `files`, `decode` and `transform` are those of `FileDataset`. With `shuffle`, the order comes from `seed` and the epoch
    (`set_epoch`). Files of `block` neighbours, which mostly are stored together, come near to each other, so that streaming stays fast;
    with `block=1` the order is entirely random. `batch_size` is that of the loader: then the order of samples is the same with any
    number of workers, and a position in it can be gone on from. The rank is that of `torch.distributed`, unless it is given. What does
    not go into the ranks evenly is given out again (`uneven="repeat"`), left out (`"drop"`), or makes some ranks end later (`"keep"`).
    """

    def __init__(
        self,
        dataset: Dataset | str,
        files: str | Sequence[str] | None = None,
        *,
        decode: Decode | None = None,
        transform: Callable[[Any], Any] | None = None,
        shuffle: bool = False,
        seed: int = 0,
        block: int = 64,
        batch_size: int = 1,
        uneven: Literal["repeat", "drop", "keep"] = "repeat",
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        if (rank is None) != (world_size is None):
            raise Invalid("a rank needs the number of ranks, and the other way round", hint="give both rank and world_size")
        if batch_size < 1:
            raise Invalid(f"a batch can't have {batch_size} samples", hint="give the loader's batch_size")
        if uneven not in list(Uneven):
            raise Invalid(f"files that do not go into the ranks evenly can't be {uneven!r}", hint=f"give uneven as {', '.join(Uneven)}")
        self._all = FileDataset(dataset, files, decode=decode, transform=transform)
        self._order: dict[str, Any] = {"shuffle": shuffle, "seed": seed, "block": block, "uneven": Uneven(uneven)}
        self._batch_size = batch_size
        self._place = None if rank is None or world_size is None else (rank, world_size)
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # workers that stay see what is set later
        self._begin = (0, 0)
        self._done = (0, 0)
        self._epoch_of_place(0)

    @property
    def paths(self) -> list[str]:
        """The paths of all files, of all ranks."""
        return self._all.paths

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins next, from its beginning; workers that stay alive hear it too."""
        self._epoch.fill_(epoch)
        self._begin = self._done = (0, 0)

    def __len__(self) -> int:
        return len(self._epoch_of_place(int(self._epoch)))

    def __iter__(self) -> Iterator[Any]:
        worker = torch_data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        share = self._epoch_of_place(int(self._epoch)).share()
        (start, position), self._begin = self._begin, (0, 0)
        self._done = (start, position)
        turns = turn_of(share, batch=self._batch_size, start=start, position=position, worker=number, workers=count)
        path_of, sample = self._all._files.path, self._all._sample
        for place, content in self._read_ahead(share, turns):
            self._done = (start, place + 1)
            yield sample(path_of(share[place]), content)

    def state_dict(self, *, seen: int | None = None) -> dict[str, Any]:
        """Where this epoch is, to be gone on from by `load_state_dict`.

        Workers of a loader count for themselves. With them, say how many samples of the epoch this rank has `seen`: the batches so far,
        times the batch size. A loader that asks its workers, as torchdata's does, needs nothing said.
        """
        start, position = (seen, seen) if seen is not None else self._done
        if not 0 <= position <= len(self):
            raise Invalid(
                f"an epoch of {len(self)} samples can't have seen {position}", hint="count the samples of this rank in this epoch"
            )
        return self._identity() | {"epoch": int(self._epoch), "start": start, "position": position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where an epoch was; it has to be of the same files in the same order."""
        for name, value in self._identity().items():
            if state.get(name) != value:
                raise Invalid(
                    f"the state is of {name} {state.get(name)}, and this is {value}",
                    hint="make the dataset as it was when the state was taken",
                )
        self._epoch.fill_(state["epoch"])
        self._begin = self._done = (state["start"], state["position"])

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_place": self._rank()}

    def _identity(self) -> dict[str, Any]:
        rank, world_size = self._rank()
        known = {"version": self._all.version, "files": len(self._all), "rank": rank, "world_size": world_size}
        return known | self._order | {"uneven": str(self._order["uneven"])}

    def _rank(self) -> tuple[int, int]:
        if self._place is not None:
            return self._place
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return 0, 1

    def _epoch_of_place(self, epoch: int) -> Epoch:
        rank, world_size = self._rank()
        return Epoch(count=len(self._all), epoch=epoch, rank=rank, world_size=world_size, **self._order)

    def _read_ahead(self, share: Sequence[int], turns: Iterator[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
        """The places of this worker with their contents.

        What this machine has at hand is read when it is its turn: a thread for that would mostly wait for this one to let go of the
        interpreter. As soon as something is missing, the next files are fetched while these are used, until nothing of them had to be.
        """
        files, near = self._all._files, self._all._files.near
        places = chain.from_iterable(starmap(range, turns))
        at_once = _FIRST_AT_ONCE
        with ThreadPoolExecutor(1, thread_name_prefix="tilth-epoch") as thread:

            def ask(following: Iterator[int]) -> tuple[list[int], Future[tuple[list[bytes], bool]]]:
                group = list(_first(following, lambda place: files.sizes[share[place]], at_once))
                return group, thread.submit(_brought, files, [share[place] for place in group])

            for first in places:
                content = near(share[first])
                if content is not None:
                    yield first, content
                    continue
                group, coming = ask(chain((first,), places))
                while group:
                    contents, was_far = coming.result()
                    at_once = min(2 * at_once, _MOST_AT_ONCE)
                    brought = zip(group, contents, strict=True)
                    group, coming = ask(places if was_far else iter(()))
                    yield from brought


def _brought(files: SelectedFiles, numbers: Sequence[int]) -> tuple[list[bytes], bool]:
    """The contents of files, and whether any had to be fetched."""
    contents = [files.near(number) for number in numbers]
    missing = iter(files.fetch([number for number, content in zip(numbers, contents, strict=True) if content is None]))
    return [next(missing) if content is None else content for content in contents], None in contents


def _first(places: Iterator[int], size_of: Callable[[int], int], most: int) -> Iterator[int]:
    """The next places that are read together: at most so many, and not too many bytes."""
    size = 0
    for place in islice(places, most):
        yield place
        size += size_of(place)
        if size >= _BYTES_AT_ONCE:
            break
