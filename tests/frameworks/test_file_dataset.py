"""Files of a version in PyTorch's own loader: workers, ranks, epochs, and going on in the middle."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.docs.guide import Page, blocks_of
from tests.frameworks.conftest import ALL, ROOT, Runs, python_with

pytestmark = pytest.mark.environment(ALL)

MAKE = """
import json, os, sys
from pathlib import Path
from tilth import Dataset

def made(count=50):
    for number in range(count):
        Path("source", str(number % 2)).mkdir(parents=True, exist_ok=True)
        Path("source", str(number % 2), f"{number:03}").write_bytes(bytes([number]) * (number + 1))
    dataset = Dataset.create(dataset_name="numbers", dataset_project="Torch")
    dataset.add_files("source")
    dataset.upload(preview=False)
    dataset.finalize()
    return dataset

def number(path, content):
    assert content == bytes([int(path[-3:])]) * (int(path[-3:]) + 1)
    return int(path[-3:])

"""
ORDER = [*range(0, 50, 2), *range(1, 50, 2)]


def printed(runs: Runs, script: str) -> Any:
    return json.loads(runs.run(MAKE + script).printed[-1])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_files_by_their_numbers(runs: Runs, workers: int, start: str) -> None:
    if workers == 0 and start == "spawn":
        pytest.skip("nothing is started")
    script = f"""
from torch.utils.data import DataLoader
from tilth.torch import FileDataset

if __name__ == "__main__":
    files = FileDataset(made(), decode=number)
    context = {start!r} if {workers} else None
    loader = DataLoader(files, batch_size=7, num_workers={workers}, multiprocessing_context=context)
    print(json.dumps([len(files), files[-1], [one for batch in loader for one in batch.tolist()], files.paths[0]]))
"""
    assert printed(runs, script) == [50, 49, ORDER, "0/000"]


def test_a_sample_is_path_and_content_unless_it_is_decoded(runs: Runs) -> None:
    script = """
from tilth.torch import FileDataset
dataset = made()
files = FileDataset(f"Torch/numbers@1.0.0", "1/00*")
doubled = FileDataset(dataset, ["0/004", "1/001"], decode=number, transform=lambda one: one * 2)
try:
    files[99]
except IndexError as error:
    said = str(error)
def fail(path, content):
    raise ValueError("no picture")
try:
    FileDataset(dataset, decode=fail)[3]
except ValueError as error:
    said += " " + error.__notes__[0]
print(json.dumps([files[0][0], files[0][1].hex(), len(files), doubled[0], doubled[1], said.replace(dataset.id, "ID")]))
"""
    said = "there is no file 99: version ID gives 5 the file is 0/006 of version ID"
    assert printed(runs, script) == ["1/001", "0101", 5, 8, 2, said]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_files_one_after_the_other(runs: Runs, workers: int) -> None:
    """In the same order with any number of workers, another one in each epoch, also for workers that stay."""
    script = f"""
from torch.utils.data import DataLoader
from tilth.sdk.epochs import Epoch
from tilth.torch import FileDataset, IterableFileDataset
dataset = made()
files = IterableFileDataset(dataset, decode=number, shuffle=True, seed=5, block=4, batch_size=6)
loader = DataLoader(files, batch_size=6, num_workers={workers}, persistent_workers={workers} > 0)
found = []
for epoch in range(3):
    files.set_epoch(epoch)
    found.append([one for batch in loader for one in batch.tolist()])
order = [number for number in map(int, (path[-3:] for path in files.paths))]
wanted = [[order[at] for at in Epoch(count=50, seed=5, epoch=epoch, shuffle=True, block=4).share()] for epoch in range(3)]
print(json.dumps([found, wanted, len(loader), len(files)]))
"""
    found, wanted, batches, samples = printed(runs, script)
    assert found == wanted
    assert len({tuple(epoch) for epoch in found}) == 3
    assert [sorted(epoch) for epoch in found] == [list(range(50))] * 3
    assert (batches, samples) == (9, 50)


def test_an_epoch_is_gone_on_with_by_other_workers(runs: Runs) -> None:
    script = """
from torch.utils.data import DataLoader
from tilth.base.errors import Invalid
from tilth.torch import IterableFileDataset
dataset = made()
def files(**more):
    return IterableFileDataset(dataset, decode=number, **({"shuffle": True, "batch_size": 6} | more))
def loader(of, workers):
    return DataLoader(of, batch_size=6, num_workers=workers)
first = files()
first.set_epoch(4)
batches = iter(loader(first, 2))
seen = [one for _ in range(3) for one in next(batches).tolist()]
state = json.loads(json.dumps(first.state_dict(seen=len(seen))))
second = files()
second.load_state_dict(state)
rest = [one for batch in loader(second, 3) for one in batch.tolist()]
whole = files()
whole.set_epoch(4)
alone = iter(whole)
begun = [next(alone) for _ in range(17)]
third = files()
third.load_state_dict(whole.state_dict())
ended = begun + list(third)
refused = []
for other in (files(seed=1), files(files="1"), files(shuffle=False)):
    try:
        other.load_state_dict(state)
    except Invalid as error:
        refused.append(str(error).partition(",")[0])
print(json.dumps([seen + rest, ended, list(files()) == list(files()), refused, state["position"]]))
"""
    resumed, alone, same, refused, position = printed(runs, script)
    assert resumed == alone
    assert Counter(resumed) == Counter(range(50))
    assert (same, position) == (True, 18)
    assert refused == ["the state is of seed 0", "the state is of files 50", "the state is of shuffle True"]


def test_what_is_at_hand_and_what_is_not_come_in_their_order(runs: Runs) -> None:
    script = """
from tilth.sdk.epochs import Epoch
from tilth.torch import FileDataset, IterableFileDataset
dataset = made(250)
plain = FileDataset(dataset, decode=number)
order = Epoch(count=250, seed=3, shuffle=True, block=4).share()
plain.__getitems__([order[at] for at in (*range(5), *range(80, 150), 152, 249)])
stream = IterableFileDataset(dataset, decode=number, shuffle=True, seed=3, block=4, batch_size=10)
print(json.dumps([list(stream), [int(plain.paths[at][-3:]) for at in order], list(stream) == list(stream)]))
"""
    found, wanted, again = printed(runs, script)
    assert found == wanted
    assert again


def test_torchdatas_loader_asks_its_workers(runs: Runs) -> None:
    script = """
try:
    from torchdata.stateful_dataloader import StatefulDataLoader
except ImportError:
    print("missing")
    raise SystemExit
from tilth.torch import IterableFileDataset
dataset = made()
def loader():
    return StatefulDataLoader(IterableFileDataset(dataset, decode=number, shuffle=True, batch_size=4), batch_size=4, num_workers=2)
first = loader()
batches = iter(first)
seen = [one for _ in range(5) for one in next(batches).tolist()]
state = first.state_dict()
second = loader()
second.load_state_dict(state)
rest = [one for batch in second for one in batch.tolist()]
print(json.dumps([seen + rest, list(IterableFileDataset(dataset, decode=number, shuffle=True))]))
"""
    ran = runs.run(MAKE + script)
    if ran.printed == ["missing"]:
        pytest.skip("torchdata is not installed")
    resumed, wanted = json.loads(ran.printed[-1])
    assert resumed == wanted


def test_what_is_asked_for_and_can_not_be_is_told(runs: Runs) -> None:
    script = """
from tilth.base.errors import TilthError
from tilth.torch import FileDataset, IterableFileDataset
id, said = made(4).id, []
for ask in (
    lambda: FileDataset(id, "none/*"),
    lambda: IterableFileDataset(id, ["none", "2"]),
    lambda: IterableFileDataset(id, uneven="any"),
):
    try:
        ask()
    except TilthError as error:
        said.append(error.message)
print(json.dumps([id, said, len(FileDataset(id, []))]))
"""
    id, said, none = printed(runs, script)
    assert said == [
        f"version {id} has no file that none/* means",
        f"version {id} has no file that none or 2 means",
        "files that do not go into the ranks evenly can't be 'any'",
    ]
    assert none == 0


@pytest.mark.parametrize("uneven", ["repeat", "drop", "keep"])
def test_ranks_share_the_files(runs: Runs, uneven: str) -> None:
    script = f"""
import torch.distributed, torch.multiprocessing
from torch.utils.data import DataLoader
from tilth.torch import IterableFileDataset

def rank(number_of, id):
    torch.distributed.init_process_group("gloo", init_method=f"file://{{os.getcwd()}}/meeting", rank=number_of, world_size=3)
    files = IterableFileDataset(id, decode=number, shuffle=True, batch_size=4, uneven={uneven!r})
    found = [one for batch in DataLoader(files, batch_size=4, num_workers=2) for one in batch.tolist()]
    Path(f"rank-{{number_of}}").write_text(json.dumps(found))
    torch.distributed.destroy_process_group()

if __name__ == "__main__":
    torch.multiprocessing.spawn(rank, (made().id,), nprocs=3)
    print(json.dumps([json.loads(Path(f"rank-{{number}}").read_text()) for number in range(3)]))
"""
    found = printed(runs, script)
    counted = Counter(one for rank in found for one in rank)
    assert [len(rank) for rank in found] == {"repeat": [17, 17, 17], "drop": [16, 16, 16], "keep": [16, 17, 17]}[uneven]
    assert len(counted) == (48 if uneven == "drop" else 50)


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "reading").glob("*.md")), ids=lambda page: page.stem)
def test_a_page_about_reading_is_true(page: Path, tmp_path: Path, environment: str) -> None:
    python = python_with(environment)
    wanted = "import datasets, torch, webdataset"
    if subprocess.run([python, "-c", wanted], capture_output=True, check=False).returncode:
        pytest.skip("datasets and webdataset are not installed: `make frameworks` does it")
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    with Page(home, folder, python=python) as opened:
        for block in blocks_of(page.read_text()):
            opened.run(block)


def test_without_pytorch_nothing_else_needs_it(runs: Runs) -> None:
    assert printed(runs, 'made()\nprint(json.dumps(sorted(name for name in sys.modules if name == "torch")))') == []
