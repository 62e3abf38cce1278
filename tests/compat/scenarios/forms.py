"""Every way in which a script asks for a dataset, and what it can be told about one."""

import json
import os
from pathlib import Path

import pandas as pd
from clearml import Dataset, Task

PROJECT, NAME = "compat/forms", "forms"


def write(folder, **files):
    for name, text in files.items():
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / name).write_text(text)
    return folder


def read(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


first = Dataset.create(dataset_project=PROJECT, dataset_name=NAME, dataset_version="1.0.0", dataset_tags=["old"], description="said")
write("one", a="1", b="2")
first.add_files("one", dataset_path="in/folder")
dirty = first.is_dirty()
first.set_metadata(pd.DataFrame({"c": [1, 2]}), "frame")
first.set_metadata({"k": [1]}, "plain", ui_visible=True)
first.get_logger().report_scalar("size", "files", 2, 0)
first.upload(show_progress=False)
first.finalize()

second = Dataset.create(dataset_project=PROJECT, dataset_name=NAME, parent_datasets=[first])
counted = second.sync_folder(write("two", a="1", c="3"), dataset_path="in/folder")
second.upload(show_progress=False, output_url=None, compression=0, chunk_size=1)
second.finalize(auto_upload=True)
second.publish()
second.add_tags(["new", "good"])

draft = Dataset.create(dataset_project=PROJECT, dataset_name=NAME, dataset_version="2.0.0-draft", use_current_task=False)
write("three", d="4")
draft.add_files("three")

task = Task.init(project_name=PROJECT, task_name="user of datasets", reuse_last_task_id=False)


def got(**words):
    try:
        return Dataset.get(**words).version
    except ValueError:
        return None


same = {"dataset_project": PROJECT, "dataset_name": NAME}
found = {
    "dirty": [dirty, Dataset.get(dataset_id=first.id).is_dirty()],
    "counted": list(counted),
    "latest": got(**same),
    "with drafts": got(**same, only_completed=False),
    "completed": got(**same, only_completed=True),
    "published": got(**same, only_published=True),
    "version": [got(**same, dataset_version=version) for version in ("1.0.0", "1.0.1", "9")],
    "tags": [got(**same, dataset_tags=tags) for tags in (["old"], ["new", "good"], ["none"])],
    "by name": got(dataset_name=NAME),
    "created": Dataset.get(dataset_project=PROJECT, dataset_name="automatic", auto_create=True).name,
    "listed": sorted((one["name"], one["version"]) for one in Dataset.list_datasets(PROJECT, only_completed=True)),
    "listed by name": len(Dataset.list_datasets(partial_name="^form", tags=["old"])),
    "listed by id": [one["id"] == first.id for one in Dataset.list_datasets(ids=[first.id])],
    "local": read(Dataset.get(**same).get_local_copy()),
    "first": read(Dataset.get(dataset_id=first.id).get_local_copy()),
    "soft links": read(Dataset.get(**same).get_local_copy(use_soft_links=True)),
    "mutable": read(Dataset.get(**same).get_mutable_local_copy("mutable")),
    "over": read(Dataset.get(**same).get_mutable_local_copy("mutable", overwrite=True)),
    "files": second.list_files(),
    "of first": second.list_files(dataset_id=first.id),
    "filtered": second.list_files("in/folder/a*"),
    "added": sorted(second.list_added_files()),
    "removed": second.list_removed_files(),
    "modified": second.list_modified_files(),
    "graph": second.get_dependency_graph() == {first.id: [], second.id: [first.id]},
    "num chunks": second.get_num_chunks(),
    "frame": Dataset.get(dataset_id=first.id).get_metadata("frame")["c"].tolist(),
    "plain": Dataset.get(dataset_id=first.id).get_metadata("plain"),
    "project": [second.project, second.name, second.version, sorted(second.tags)],
    "offline": Dataset.get(dataset_id=first.id, alias="mine", overridable=True).id == first.id,
}
squashed = Dataset.squash("squashed", dataset_ids=[first.id, second.id])
found["squashed"] = sorted(Dataset.get(dataset_id=squashed.id).list_files())
Dataset.move_to_project(new_dataset_project=f"{PROJECT}/moved", dataset_project=PROJECT, dataset_name="automatic")
found["moved"] = len(Dataset.list_datasets(f"{PROJECT}/moved", only_completed=False))
Dataset.rename(new_dataset_name="renamed", dataset_project=PROJECT, dataset_name=NAME)
found["renamed"] = [Dataset.get(dataset_project=PROJECT, dataset_name="renamed").id == second.id, got(**same)]
task.close()
found["alias"] = Task.get_task(task.id).get_parameters().get("Datasets/mine") == first.id
found["ids"] = [first.id, second.id]
Path(os.environ["FOUND"]).write_text(json.dumps(found))
