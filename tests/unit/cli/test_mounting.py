"""Versions are mounted and unmounted by commands."""

import os
from typing import TYPE_CHECKING

from tilth.base.errors import AlreadyExists, Conflict, Invalid, NotFound
from tilth.sdk.mounting import mounts
from tilth.testing.fuse import needs_fuse

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal


@needs_fuse
def test_commands_mount_and_unmount(tilth: "Terminal") -> None:
    id = tilth.json("sync", "--project", "P", "--name", "m", "--folder", tilth.files({"a/b.txt": b"b", "c.txt": b"c"}))["id"]
    place = tilth.folder / "a folder"
    known = tilth.json("mount", "P/m@1.0.0", "a folder")
    assert (known["id"], known["folder"]) == (id, str(place))
    assert (place / "a/b.txt").read_bytes() == b"b"
    assert "is mounted at" in tilth("mount", id, str(place), status=AlreadyExists.exit_status).err
    with open(place / "c.txt", "rb"):
        assert "use --lazy" in tilth("unmount", str(place), status=Conflict.exit_status).err
        assert os.path.exists(known["log"])
    assert tilth("unmount", str(place)).text == f"{place} is unmounted\n"
    assert not os.path.exists(known["log"])
    assert "nothing is mounted" in tilth("unmount", str(place), status=NotFound.exit_status).err
    (place / "mine").write_text("mine")
    assert "is not empty" in tilth("mount", id, str(place), status=Invalid.exit_status).err


@needs_fuse
def test_a_mount_in_use_goes_when_it_is_left(tilth: "Terminal") -> None:
    tilth("sync", "--project", "P", "--name", "m", "--folder", tilth.files({"c.txt": b"c"}))
    said = tilth("mount", "P/m", "there").text
    assert said == f"{tilth.folder}/there: P/m 1.0.0, 1 file, 1 B\n`tilth data unmount there` takes it away\n"
    with open("there/c.txt", "rb") as file:
        tilth("unmount", "there", "--lazy")
        assert mounts.kind_at(str(tilth.folder / "there")) is None
        assert file.read() == b"c"
