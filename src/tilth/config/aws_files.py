"""What the AWS command line keeps in its files: keys, a region and an endpoint for each profile."""

import configparser
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tilth.base.errors import Invalid

__all__ = ["AwsProfile", "read_aws_profile"]

_NAMES: Mapping[str, str] = {
    "aws_access_key_id": "access_key",
    "aws_secret_access_key": "secret_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}
_SERVICE = "s3"
_ELSEWHERE = ("sso_session", "sso_start_url", "credential_process", "role_arn", "source_profile")
"""Keys that only the command line itself can get."""


class AwsProfile(Struct, frozen=True):
    """What a profile says, by our names."""

    values: dict[str, str]
    source: str


def read_aws_profile(environment: Mapping[str, str], asked: str = "") -> AwsProfile | None:
    """The profile `asked` for, or that `AWS_PROFILE` names, or the default one; None if there is nothing of that.

    `Invalid` if a profile that was named is not there, or gets its keys in a way that only the command line knows.
    """
    name = asked or environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or ""
    keys = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    settings = Path(environment.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    wanted = name or "default"
    found = _section(settings, wanted if wanted == "default" else f"profile {wanted}") | _section(keys, wanted)
    if not found and name:
        raise Invalid(f"there is no profile {name} in {keys} or {settings}", hint="see `aws configure list-profiles`")
    if service := _service_endpoint(settings, found.get("services", "")):
        found["endpoint_url"] = service
    values = {ours: found[theirs] for theirs, ours in _NAMES.items() if found.get(theirs)}
    if "access_key" not in values and (way := next((way for way in _ELSEWHERE if way in found), None)):
        hint = f"run `aws configure export-credentials --profile {wanted} --format env` and set what it prints"
        raise Invalid(f"the AWS profile {wanted} gets its keys by {way}, which Tilth does not do", hint=hint)
    return AwsProfile(values, f"{keys} [{wanted}]") if values else None


def _service_endpoint(settings: Path, name: str) -> str:
    """The server that a section `[services NAME]` names for S3; the names below a service are indented there."""
    lines = _section(settings, f"services {name}").get(_SERVICE, "").splitlines() if name else []
    said = {before.strip(): after.strip() for before, mark, after in (line.partition("=") for line in lines) if mark}
    return said.get("endpoint_url", "")


def _section(path: Path, name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be understood: {type(error).__name__}", hint="correct it, or name another file") from error
    return dict(parser[name]) if parser.has_section(name) else {}
