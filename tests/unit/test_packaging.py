"""What `packaging` says of Tilth is true: its commands, options, variables and addresses exist, and its files fit each other."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.unit.helm_templates import render
from tilth import __version__
from tilth.cli.main import app
from tilth.config.settings import SETTINGS
from tilth.server.app.site import _STATE

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
CHART = PACKAGING / "helm" / "tilth"
UNIT = PACKAGING / "systemd" / "tilth.service"
TEMPLATES = sorted((CHART / "templates").iterdir())
VARIABLES = {variable for setting in SETTINGS for variable in setting.variables}

Item = dict[str, Any]


def check_words(words: list[str]) -> None:
    """Fail unless `tilth` takes these words."""
    app.parse_args(words, exit_on_error=False, print_error=False)


def check_probe(words: list[str]) -> None:
    """Fail unless these words ask the server, in Python, for an address that it has."""
    assert words[:2] == ["python", "-c"]
    ast.parse(words[2])
    path = re.search(r"http://127\.0\.0\.1:8008(/\w+)", words[2])
    assert path
    assert path[1] in _STATE


def replaced(text: str, values: Mapping[str, str]) -> str:
    """`text` with its `${NAME:-default}` replaced, as Compose does."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1]) or (found[3] or "" if found[2] == ":-" else values[found[1]])

    return re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", value, text)


# systemd


@pytest.fixture
def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, delimiters="=", comment_prefixes="#", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser


def test_the_service_starts_a_server_that_can_be_started(unit: ConfigParser) -> None:
    environment = dict(shlex.split(line)[0].split("=", 1) for line in re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE))
    words = shlex.split(unit["Service"]["ExecStart"].replace("$TILTH_OPTIONS", environment["TILTH_OPTIONS"]))
    assert words[:2] == ["/usr/bin/env", "tilth"]
    check_words(words[2:])


def test_the_service_has_no_rights_that_it_does_not_need(unit: ConfigParser) -> None:
    service = unit["Service"]
    assert service["DynamicUser"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["StateDirectory"] == "tilth"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_understands_the_service(tmp_path: Path) -> None:
    answer = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


# Docker


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", (PACKAGING / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


def last(word: str) -> str:
    return [rest for found, rest in instructions() if found == word][-1]


def test_the_image_serves_when_it_is_run() -> None:
    assert json.loads(last("ENTRYPOINT")) == ["tilth"]
    words = json.loads(last("CMD"))
    check_words(words)
    assert words[words.index("--home") + 1] == last("VOLUME") == "/data"
    assert words[words.index("--port") + 1] == last("EXPOSE")
    check_probe(json.loads(last("HEALTHCHECK").partition("CMD")[2]))


def test_the_image_is_made_in_two_stages_and_runs_as_nobody_special() -> None:
    assert [rest for word, rest in instructions() if word == "FROM"] == ["python:3.11-slim AS build", "python:3.11-slim"]
    assert last("USER") == "10001:10001"


def test_what_the_image_copies_is_there_and_is_not_ignored() -> None:
    ignored = (PACKAGING / "Dockerfile.dockerignore").read_text().splitlines()
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    copied = [name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert any(fnmatch(name, pattern) for pattern in kept), name


def test_the_image_installs_just_what_is_locked() -> None:
    locked = (ROOT / "requirements" / "server.txt").read_text()
    names = {name.lower() for name in re.findall(r"^([\w.-]+)(?:\[\w+\])?==", locked, re.MULTILINE)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=\[]", said)[0] for said in project["dependencies"]}
    assert {"psycopg", "cryptography"} | wanted <= names
    assert "--index-url" not in locked


# Compose


@pytest.fixture
def compose() -> Item:
    text = replaced((PACKAGING / "compose.yaml").read_text(), {"POSTGRES_PASSWORD": "of the test"})
    found: Item = yaml.safe_load(text)
    return found


def test_compose_starts_a_server_that_can_be_started(compose: Item) -> None:
    tilth = compose["services"]["tilth"]
    check_words(tilth["command"])
    check_probe(tilth["healthcheck"]["test"][1:])
    assert (PACKAGING / tilth["build"]["context"] / tilth["build"]["dockerfile"]).is_file()
    assert {name for name in tilth["environment"] if name.startswith("TILTH_")} <= VARIABLES


def test_compose_has_its_secret_from_outside_and_in_no_command(compose: Item) -> None:
    with pytest.raises(KeyError):
        replaced((PACKAGING / "compose.yaml").read_text(), {})
    for service in compose["services"].values():
        assert "of the test" not in str(service.get("command"))
        assert "of the test" in service["environment"].values()


def test_compose_waits_for_the_database_and_keeps_what_matters(compose: Item) -> None:
    services = compose["services"]
    assert services["tilth"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "healthcheck" in services["postgres"]
    assert services["postgres"]["image"] == "postgres:15"
    assert {volume.split(":")[0] for service in services.values() for volume in service["volumes"]} == set(compose["volumes"])


# Helm

FULL: Item = {
    "publicUrl": "https://ml.example.org",
    "extraArguments": ["--clearml-ports"],
    "database": {"url": "postgresql://tilth@db/tilth", "password": 'a "word" \\ here', "existingSecret": ""},
    "oidc": {
        "issuer": "https://id.example.org",
        "clientId": "tilth",
        "role": "viewer",
        "domain": "example.org",
        "clientSecret": "hush",
        "existingSecret": "",
    },
    "persistence": {"size": "1Gi", "storageClass": "fast", "existingClaim": ""},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "host": "ml.example.org",
        "path": "/",
        "tlsSecret": "tls",
        "annotations": {"a/b": "0"},
    },
}
OTHERS: Item = {
    "database": FULL["database"] | {"password": "", "existingSecret": "my-database"},
    "oidc": FULL["oidc"] | {"clientSecret": "", "existingSecret": "my-oidc"},
    "persistence": FULL["persistence"] | {"existingClaim": "mine"},
    "metrics": {"enabled": False},
}


def chart_scope(values: Item) -> Item:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    known = yaml.safe_load((CHART / "values.yaml").read_text())
    assert {name: set(value) for name, value in values.items() if isinstance(value, dict) and name != "metrics"} == {
        name: set(known[name]) for name, value in values.items() if isinstance(value, dict) and name != "metrics"
    }
    return {"Values": known | values, "Release": {"Name": "my", "Namespace": "ml"}, "Chart": {"AppVersion": chart["appVersion"]}}


def documents(values: Item) -> dict[tuple[str, str], Item]:
    """What the chart makes of values, by kind and name."""
    scope = chart_scope(values)
    texts = [render(path.read_text(), scope) for path in TEMPLATES if path.suffix == ".yaml"]
    found = [document for text in texts for document in yaml.safe_load_all(text) if document]
    return {(document["kind"], document["metadata"]["name"]): document for document in found}


def pod_of(values: Item) -> Item:
    found: Item = documents(values)["Deployment", "my"]["spec"]["template"]
    return found


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {("Deployment", "my"), ("Service", "my"), ("PersistentVolumeClaim", "my-data")}),
        (
            FULL,
            {
                *(("Deployment", "my"), ("Service", "my"), ("PersistentVolumeClaim", "my-data"), ("Ingress", "my")),
                *(("Secret", "my-database"), ("Secret", "my-oidc")),
            },
        ),
        (OTHERS, {("Deployment", "my"), ("Service", "my")}),
    ],
    ids=["default", "full", "others"],
)
def test_the_chart_makes_what_its_values_ask_for(values: Item, expected: set[tuple[str, str]]) -> None:
    assert set(documents(values)) == expected


@pytest.mark.parametrize("values", [{}, FULL, OTHERS], ids=["default", "full", "others"])
def test_the_chart_starts_a_server_that_can_be_started(values: Item) -> None:
    container = pod_of(values)["spec"]["containers"][0]
    check_words(container["args"])
    assert {variable["name"] for variable in container.get("env", [])} <= VARIABLES | {"PGPASSWORD"}
    assert {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")} <= set(_STATE)
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"


@pytest.mark.parametrize("values", [{}, FULL, OTHERS], ids=["default", "full", "others"])
def test_the_parts_of_the_chart_find_each_other(values: Item) -> None:
    made = documents(values)
    deployment, service = made["Deployment", "my"]["spec"], made["Service", "my"]["spec"]
    pod = deployment["template"]
    container = pod["spec"]["containers"][0]
    assert deployment["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["ports"][0]["targetPort"] == container["ports"][0]["name"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["spec"]["volumes"]}
    wanted = {key for name, key in referred(pod) if not name.startswith("my-") or (name, key) not in secrets_of(made)}
    assert wanted == ({"password", "client-secret"} if values is OTHERS else set())


def secrets_of(made: Mapping[tuple[str, str], Item]) -> set[tuple[str, str]]:
    return {(name, key) for (kind, name), document in made.items() if kind == "Secret" for key in document["stringData"]}


def referred(pod: Item) -> Iterator[tuple[str, str]]:
    """The secrets that a pod needs, and the keys in them."""
    for variable in pod["spec"]["containers"][0].get("env", []):
        if "valueFrom" in variable:
            yield variable["valueFrom"]["secretKeyRef"]["name"], variable["valueFrom"]["secretKeyRef"]["key"]
    for volume in pod["spec"]["volumes"]:
        if "secret" in volume:
            yield volume["secret"]["secretName"], "client-secret"


def test_the_chart_says_where_metrics_are() -> None:
    annotations = pod_of({})["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] in _STATE
    assert "annotations" not in pod_of(OTHERS)["metadata"]


def test_values_come_through_as_they_are() -> None:
    made = documents(FULL)
    assert made["Secret", "my-database"]["stringData"] == {"password": 'a "word" \\ here'}
    assert made["Ingress", "my"]["spec"]["rules"][0]["host"] == "ml.example.org"
    assert made["PersistentVolumeClaim", "my-data"]["spec"]["storageClassName"] == "fast"
    assert pod_of({})["spec"]["containers"][0]["image"] == f"tilth:{__version__}"


# Whatever else is said


@pytest.mark.parametrize("path", [path for path in PACKAGING.rglob("*") if path.is_file()], ids=lambda path: path.name)
def test_commands_in_comments_and_notes_exist(path: Path) -> None:
    text = render(path.read_text(), chart_scope({})) if path in TEMPLATES else path.read_text()
    for words in re.findall(r"(?:`|-- |exec tilth )tilth ((?:--?)?[a-z][^`\n]*)", text):
        check_words(shlex.split(words))
