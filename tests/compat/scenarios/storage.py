"""Files that are stored and fetched without any task."""

import json
import os
from pathlib import Path

from clearml import StorageManager
from clearml.backend_api import Session

base = f"{Session.get_files_server_host()}/own/folder ü +1"
Path("one file.bin").write_bytes(b"1" * 100_000)
Path("folder/deep").mkdir(parents=True)
Path("folder/a.txt").write_text("a")
Path("folder/deep/b+c.txt").write_text("b")
uploaded = StorageManager.upload_file("one file.bin", f"{base}/one file.bin")
copy = StorageManager.get_local_copy(uploaded)
StorageManager.upload_folder("folder", f"{base}/folder")
found = {
    "same": Path(copy).read_bytes() == Path("one file.bin").read_bytes(),
    "size": StorageManager.get_file_size_bytes(uploaded),
    "exists": [StorageManager.exists_file(uploaded), StorageManager.exists_file(f"{base}/nothing")],
    "deep": Path(StorageManager.get_local_copy(f"{base}/folder/deep/b+c.txt")).read_text(),
    "nothing": StorageManager.get_local_copy(f"{base}/nothing"),
}
Path("one file.bin").write_bytes(b"2" * 10)
StorageManager.upload_file("one file.bin", f"{base}/one file.bin")
found["replaced"] = Path(StorageManager.download_file(uploaded, local_folder="downloaded", overwrite=True)).stat().st_size
Path(os.environ["FOUND"]).write_text(json.dumps(found))
