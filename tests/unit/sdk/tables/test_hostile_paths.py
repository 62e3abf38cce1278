"""Tables are joined in a folder of this machine: a listing that somebody else wrote can't make them land elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tilth import Dataset
from tilth.base.errors import PathInvalid
from tilth.sdk import contents
from tilth.sdk.home import Home


@pytest.mark.parametrize("path", ["../../out.csv", "/tmp/out.csv", "a/../../out.csv"])
def test_a_table_whose_path_leads_elsewhere_is_not_joined(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    versions = []
    for number in range(2):
        (tmp_path / f"{number}.csv").write_text(f"id\n{number}\n")
        versions.append(Dataset.create(f"d{number}", "Team/Tables"))
        versions[-1].add_files(tmp_path / f"{number}.csv")
        versions[-1].finalize(auto_upload=True)
    own.reports.close(60)
    digests = contents.digests

    def elsewhere(*asked: Any) -> Iterator[tuple[str, int, bytes]]:
        return ((path, size, digest) for _, size, digest in digests(*asked))

    monkeypatch.setattr(contents, "digests", elsewhere)
    with pytest.raises(PathInvalid, match="can't be a path in a dataset"):
        Dataset.merge_tables(versions, "joined")
    assert not list(own.folder.rglob("out.csv"))
    assert not Path("/tmp/out.csv").exists()
    monkeypatch.undo()
    assert not Dataset.list_datasets(partial_name="joined")
