"""What goes to a bucket of its own waits for the bucket, and neither the script nor the rest of what is reported does."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tilth.base.ids import new_id
from tilth.testing import forking
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import running_server

RUN = """
import sys, time
from pathlib import Path
from tilth import OutputModel, Task
task = Task.init("Team", "to a bucket", output_uri=sys.argv[1])
print(task.id, flush=True)
deadline = time.monotonic() + 300
while not Path("go").exists():
    assert time.monotonic() < deadline
    time.sleep(0.01)
model = OutputModel(name="net")
for step in range(3):
    Path("weights.pt").write_bytes(b"weights %d" % step)
    model.update_weights("weights.pt", auto_delete_file=False)
    task.upload_artifact("numbers", {"step": step})
    task.get_logger().report_scalar("loss", "train", step, step)
print("went on")
"""
READ = """
import json, sys
from pathlib import Path
from tilth import Task
task = Task.get_task(sys.argv[1])
models = task.get_models()["output"]
found = {
    "status": task.get_status(),
    "steps": len(task.get_reported_scalars()["loss"]["train"]["x"]),
    "numbers": task.artifacts["numbers"].get() if "numbers" in task.artifacts else None,
    "numbers at": task.artifacts["numbers"].url if "numbers" in task.artifacts else None,
    "weights": [Path(model.get_local_copy()).read_text() for model in models if model.url],
    "weights at": [model.url for model in models],
}
print(json.dumps(found))
"""


def test_a_bucket_that_is_away_is_waited_for_in_the_outbox(tmp_path: Path, s3: S3Server) -> None:
    bucket = f"s3://{s3.make_bucket(f'b-{new_id()}')}/runs"
    with running_server(tmp_path / "served") as server, fault_proxy(s3.endpoint) as proxy:
        known = {f"TILTH_API_{name.upper()}": server.credentials[name] for name in ("access_key", "secret_key", "files_server")}
        environment = os.environ | s3.environment() | known | {"TILTH_API_SERVER": server.credentials["api_server"]}
        environment |= {"TILTH_HOME": str(tmp_path / "home"), "AWS_ENDPOINT_URL": proxy.endpoint, "TILTH_EXIT_WAIT": "3"}

        tilth = ["-m", "tilth.cli.main"]

        def run(*words: str) -> str:
            done = forking.run(words, env=environment, cwd=tmp_path, timeout=300)
            assert done.returncode == 0, done.stderr
            return done.stdout

        def read(id: str) -> dict[str, Any]:
            found: dict[str, Any] = json.loads(run("-c", READ, id))
            return found

        with subprocess.Popen(
            [sys.executable, "-c", RUN, bucket], env=environment, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as script:
            assert script.stdout is not None
            id = script.stdout.readline().strip()
            proxy.fail(Fault.ERROR, times=1_000_000)
            (tmp_path / "go").touch()
            out, error = script.communicate(timeout=300)
        assert (script.returncode, out) == (0, "went on\n"), error
        assert "`tilth sync` sends it" in error
        assert proxy.happened > 0
        deadline = time.monotonic() + 180
        while (found := read(id))["status"] != "completed" and time.monotonic() < deadline:
            forking.run([*tilth, "sync"], env=environment, timeout=300)
        assert found == {"status": "completed", "steps": 3, "numbers": None, "numbers at": None, "weights": [], "weights at": [None]}
        assert len(list((tmp_path / "home" / "outbox" / id / "files").iterdir())) == 4  # of the weights only the last ones
        proxy.fail(Fault.ERROR, times=0)
        assert run(*tilth, "sync") == "1 run sent\n"
        found = read(id)
        assert (found["numbers"], found["weights"]) == ({"step": 2}, ["weights 2"])
        for address in (found["numbers at"], *found["weights at"]):
            assert address.startswith(f"{bucket}/Team/to a bucket.{id}/")
        assert not (tmp_path / "home" / "outbox" / id).exists()
