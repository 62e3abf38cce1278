"""What recording costs a run: `python -m benchmarks.recording` prints Tilth beside the official client, on the same server, taking turns.

The official client is used from `build/compat-venv`, which `make compat` installs.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.measure import let_python_compile
from tilth.testing.servers import RunningServer, running_server

_SCRIPT = """
import json, sys, time
begun = time.perf_counter()
{imports}
imported = time.perf_counter()
task = Task.init("Bench", sys.argv[1], reuse_last_task_id=False)
ready = time.perf_counter()
logger = task.get_logger()
for step in range({points}):
    logger.report_scalar("loss", "train", 1.0 / (step + 1), step)
reported = time.perf_counter()
task.close()
closed = time.perf_counter()
took = {{"import": imported - begun, "init": ready - imported, "reports": reported - ready, "close": closed - reported}}
print(json.dumps(took | {{"id": task.id}}))
"""
_POINTS = 100_000
_ROUNDS = 3


def main() -> None:
    folder = Path(mkdtemp(prefix="tilth-bench-"))
    found: dict[str, list[dict[str, float]]] = {"Tilth": [], "ClearML": []}
    try:
        with running_server(folder / "server") as server:
            (folder / "clearml.conf").write_text(_configuration(server))
            for number in range(_ROUNDS):
                for who, runs in found.items():
                    runs.append(_run(who, folder, server, number))
        with_none = [_run("Tilth alone", folder, None, number) for number in range(_ROUNDS)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("| what | Tilth | ClearML | ratio | Tilth without a server |\n|---|---:|---:|---:|---:|")
    for name, said in (("import", "import of Task"), ("init", "Task.init"), ("reports", f"{_POINTS:,} scalars"), ("close", "close")):
        ours, theirs, alone = (min(one[name] for one in runs) for runs in (found["Tilth"], found["ClearML"], with_none))
        print(f"| {said} | {ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f} | {alone:.2f} s |")
    arrived = {who: {int(one["arrived"]) for one in runs} for who, runs in found.items()}
    print(f"\nArrived: {arrived}")


def _run(who: str, folder: Path, server: RunningServer | None, number: int) -> dict[str, float]:
    script = folder / f"{who.replace(' ', '_')}.py"
    official = who == "ClearML"
    script.write_text(_SCRIPT.format(imports=f"from {'clearml' if official else 'tilth'} import Task", points=_POINTS))
    environment = os.environ | {"TILTH_HOME": str(folder / "home" / who), "CLEARML_CONFIG_FILE": str(folder / "clearml.conf")}
    if server is not None:
        known = server.credentials
        given = {f"TILTH_API_{name.upper()}": known[name] for name in ("access_key", "secret_key", "files_server")}
        environment |= given | {"TILTH_API_SERVER": known["api_server"]}
    python = "build/compat-venv/bin/python" if official else sys.executable
    words = [str(Path(python).absolute()), str(script), f"{who} {number}"]
    ended = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(_last_json(ended.stdout))
    if server is not None:
        task = str(result["id"])
        counts = server.call("tasks.get_by_id", task=task)["task"]["last_metrics"].values()
        result["arrived"] = next(item["count"] for variants in counts for item in variants.values() if item["metric"] == "loss")
    return result


def _last_json(printed: str) -> str:
    return next(line for line in reversed(printed.splitlines()) if line.startswith("{"))


def _configuration(server: RunningServer) -> str:
    names = ("web_server", "api_server", "files_server")
    addresses = "\n".join(f"  {name}: {server.credentials[name]}" for name in names)
    keys = "\n".join(f'    "{name}" = "{server.credentials[name]}"' for name in ("access_key", "secret_key"))
    return f"api {{\n{addresses}\n  credentials {{\n{keys}\n  }}\n}}\n"


if __name__ == "__main__":
    let_python_compile()
    main()
