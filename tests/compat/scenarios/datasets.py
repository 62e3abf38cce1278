"""`Dataset.get` in all its forms, and versions with parents."""

import json
import os
from pathlib import Path

from clearml import Dataset

PROJECT, NAME = "compat/data #1 & ü", "n+a%26m"
Path("data/sub dir").mkdir(parents=True)
Path("data/a.txt").write_text("a")
Path("data/sub dir/b #%.txt").write_text("b")

first = Dataset.create(dataset_project=PROJECT, dataset_name=NAME, dataset_tags=["t1"])
first.add_files("data")
first.upload(show_progress=False)
first.finalize()

second = Dataset.create(dataset_project=PROJECT, dataset_name=NAME, parent_datasets=[first.id])
Path("more.txt").write_text("more")
second.add_files("more.txt")
second.remove_files("a.txt")
second.set_metadata({"k": 1}, "notes")
second.upload(show_progress=False)
second.finalize()

other = Dataset.create(dataset_project=PROJECT, dataset_name="other")
Path("more.txt").write_text("from the other")
other.add_files("more.txt")
other.upload(show_progress=False)
other.finalize()

merged = Dataset.create(dataset_project=PROJECT, dataset_name="merged", parent_datasets=[second.id, other.id])
merged.upload(show_progress=False)
merged.finalize()


def files(dataset):
    folder = Path(dataset.get_local_copy())
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


found = {
    "ids": [first.id, second.id, merged.id],
    "by id": files(Dataset.get(dataset_id=first.id)),
    "latest": Dataset.get(dataset_project=PROJECT, dataset_name=NAME).id == second.id,
    "version": Dataset.get(dataset_project=PROJECT, dataset_name=NAME, dataset_version="1.0.0").id == first.id,
    "tag": Dataset.get(dataset_project=PROJECT, dataset_name=NAME, dataset_tags=["t1"]).id == first.id,
    "only completed": Dataset.get(dataset_project=PROJECT, dataset_name=NAME, only_completed=True).id == second.id,
    "second": files(Dataset.get(dataset_id=second.id)),
    "merged": files(Dataset.get(dataset_id=merged.id)),
    "mutable": sorted(path.name for path in Path(second.get_mutable_local_copy("mutable")).rglob("*") if path.is_file()),
    "parts": [len(list(Path(second.get_local_copy(part=part, num_parts=2)).rglob("*.txt"))) for part in range(2)],
    "metadata": Dataset.get(dataset_id=second.id).get_metadata("notes"),
    "numbers": [Dataset.get(dataset_id=id).version for id in (first.id, second.id)],
    "listed": len(Dataset.list_datasets(dataset_project=PROJECT)),
    "verify": second.verify_dataset_hash(),
    "wrote": writable.id if (writable := Dataset.get(dataset_project=PROJECT, dataset_name=NAME, writable_copy=True)) else None,
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
