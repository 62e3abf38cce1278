"""A mounted version outlives a network that fails: short trouble isn't seen, long trouble is an error of input, and then it goes on."""

import errno
import random
from pathlib import Path

import pytest

from tilth import Dataset, _wiring
from tilth.base.ids import new_id
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.fuse import needs_fuse
from tilth.testing.radosgw import S3Server
from tilth.testing.repositories import write_files

FILES = {f"{n}.bin": random.Random(n).randbytes(5_000_000) for n in range(3)}


@needs_fuse
def test_a_network_that_fails_is_lived_through_or_told_and_forgotten(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3.make_bucket(f"b-{new_id()}")
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    with fault_proxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        home = _wiring._open(load_settings({}, given={"home": str(tmp_path / "home"), "storage.url": f"s3://{bucket}"}))
        set_home(home)
        dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Mounted")
        dataset.add_files(write_files(tmp_path / "source", FILES))
        dataset.upload(preview=False)
        dataset.finalize()
        with dataset.mount() as folder:
            proxy.fail(Fault.CUT_ANSWER, times=2, only=b"GET", after_bytes=100_000)
            assert Path(folder, "0.bin").read_bytes() == FILES["0.bin"]
            assert proxy.happened == 2
            proxy.fail(Fault.ERROR, times=100_000)
            with pytest.raises(OSError, match="Input/output") as raised:
                Path(folder, "1.bin").read_bytes()
            assert raised.value.errno == errno.EIO
            assert Path(folder, "0.bin").read_bytes() == FILES["0.bin"]  # which is here
            (log,) = (home.folder / "mounts").iterdir()
            assert "1.bin" in log.read_text()
            proxy.fail(Fault.ERROR, times=0)
            assert {name: Path(folder, name).read_bytes() for name in FILES} == FILES
        set_home(None)
        home.close()
