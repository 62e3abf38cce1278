"""Broken pictures are found and removed by commands."""

import io
from typing import TYPE_CHECKING

from PIL import Image

from tilth.base.errors import Corrupt, Invalid

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal


def picture() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((200, 150), 50).save(file, format="JPEG")
    return file.getvalue()


def test_broken_pictures_are_named_and_removed_as_the_command_says(tilth: "Terminal") -> None:
    whole = picture()
    names = ["Cat/666.jpg", "Dog/it's [1] odd.jpg"]
    folder = tilth.files({"Cat/0.jpg": whole, names[0]: whole[:999], "Dog/0.jpg": whole, names[1]: b""})
    id = tilth.json("sync", "--project", "P", "--name", "pets", "--folder", folder)["id"]
    said = tilth("verify", "--media", status=Corrupt.exit_status).text.splitlines()
    assert said[0].startswith("Cat/666.jpg is damaged: ")
    assert said[1] == "Dog/it's [1] odd.jpg is empty"
    assert said[2].startswith("2 of 4 media files are broken; `tilth data create --project P --name pets --parents ")
    assert tilth("verify", "--media", "--names", status=Corrupt.exit_status).text.splitlines() == names
    document = tilth("verify", "--media", "--json", status=Corrupt.exit_status).document
    assert (document["id"], document["checked"], [error["path"] for error in document["errors"]]) == (id, 4, names)
    tilth("create", "--project", "P", "--name", "pets", "--parents", id)
    tilth("remove", "--files", *names)
    assert tilth("verify", "--media").text == "2 media files, nothing is broken\n"
    assert tilth("verify", "--media", "--path", "Cat", "--id", id, status=Corrupt.exit_status).text.count("\n") == 2


def test_options_that_say_nothing_are_refused(tilth: "Terminal") -> None:
    assert "--names go with --media" in tilth("verify", "--names", status=Invalid.exit_status).err
    assert "without --folder" in tilth("verify", "--media", "--folder", ".", status=Invalid.exit_status).err
