"""The page of the user guide about settings, out of the table in the code: `make snapshots` writes it anew."""

from pathlib import Path
from typing import Any

from msgspec.inspect import type_info

from tilth.config.settings import SETTINGS, Setting
from tilth.config.storage import ENTRIES, Entry

__all__ = ["PAGE", "page", "write"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

_PAGE = """\
# Settings

<!-- written by tools/settings_page.py: `make snapshots` -->

Tilth needs no settings. What can be set is in the table below; of several places the first one that says something counts:

1. what a program passes to `tilth.configure`
2. the environment: `TILTH_...`
3. the environment: `CLEARML_...`
4. `tilth.toml` in the home
5. `clearml.conf`, for what is missing about a server that one of the others names: it makes Tilth work with a server by itself only
   in a process that ClearML's agent started, and its keys are not used for any other server than its own, unless `CLEARML_API_HOST`
   names that
6. the default

An empty variable counts as one that is not set. In `tilth.toml`, `api.server` is `server` in the table `[api]`; a name that means
nothing is refused.

{table}

## Object stores

`storage.url`, and `tilth up --storage`, take a folder or the address of an object store:

| address | |
|---|---|
| `s3://bucket/folder` | Amazon's, or any server that speaks S3: MinIO, Ceph, and others |
| `s3://host:9000/bucket/folder` | the same on a server of your own, spoken to over plain HTTP unless an entry says `https://host:9000` |
| `gs://bucket/folder` | Google's |
| `azure://container/folder`, `az://...` | Azure's, in the account that the environment or an entry names |
| `azure://account.blob.core.windows.net/container/folder`, `https://...` | the same with the account |

Keys, endpoints and regions come from where other tools find them: `AWS_ACCESS_KEY_ID` and its relatives, `AWS_ENDPOINT_URL`,
`AWS_REGION`, `AWS_PROFILE` with `~/.aws/credentials` and `~/.aws/config`; `GOOGLE_APPLICATION_CREDENTIALS`, or what
`gcloud auth application-default login` wrote, and `STORAGE_EMULATOR_HOST`; `AZURE_STORAGE_ACCOUNT` with `AZURE_STORAGE_KEY` or
`AZURE_STORAGE_SAS_TOKEN`, or `AZURE_STORAGE_CONNECTION_STRING`; and the roles of the machine. What differs from bucket to bucket
stands in `tilth.toml`; of several entries that fit, one that names the bucket counts:

```toml
[storage]
url = "s3://team-data/tilth"

[[storage.s3]]
bucket = "team-data"
endpoint = "https://minio.example.org:9000"
access_key = "..."
secret_key = "..."
```

Keys are taken from the first of these that has any: the entry in `tilth.toml`; an entry for the bucket, or for the server that the
address names, in the section `sdk.aws.s3`, `sdk.google.storage` or `sdk.azure.storage` of a `clearml.conf`; the environment; what
`clearml.conf` says of all buckets; the files of the AWS command line; the machine's role. Endpoint and region of an entry are kept in
any case.

{stores}

`tilth data create` and `sync` with `--storage`, or `output_uri` in a program, keep one version, and whatever is built on it, in another
store than the home's; its address is recorded, so that everybody who finds the version and has keys for the store can get it. What lies
in a store is never moved: change `storage.url` before the first version is made, not later. `tilth data gc --storage` looks into such
a store.

A store has to create an object for exactly one of several
writers (`If-None-Match: *`), which is tried before the first version; one that does not is refused.

## What is in force

```console
$ tilth config
SETTING           VALUE               ...FROM
home              .../.tilth          ...default
cache             .../.tilth/cache    ...default
cache_source      none                ...
chunk_cache       10 GB               ...
cache_limit       0                   ...
cache_age         0                   ...
author            ...
storage.url       .../.tilth/store    ...default
api.server        -
...

works in the home, without a server; `tilth init` names one
$ TILTH_SERVER_PORT=9000 tilth config | grep port
server.port       9000                ...TILTH_SERVER_PORT
```

Secrets are hidden. `tilth config --json` prints the same for scripts.

## Working with a server

`tilth init` asks for the block that `tilth up` prints, and that the server's web page shows when keys are made there. It checks the
address and the key, and writes both to `tilth.toml`, which only you can read from then on. If there is a `clearml.conf`, it offers to
take over what that says. In scripts, the block comes on standard input, or options or the environment name its parts:

<!-- not run -->
```console
$ tilth init < block
$ tilth init < ~/clearml.conf
$ TILTH_API_SECRET_KEY=... tilth init --api-server http://127.0.0.1:8008/api --access-key ...
```

Nothing is written unless the server knows the key:

```console
$ tilth init --api-server http://127.0.0.1:9/api --access-key KEY --secret-key SECRET 2>&1  # exits 7
error: http://127.0.0.1:9/api can't be reached (connection refused); check the address and whether the server runs; ...
$ echo 'api {{ api_server: http://127.0.0.1:9/api }}' | tilth init 2>&1  # exits 2
error: the access key and the secret key are missing for http://127.0.0.1:9/api; say --access-key and --secret-key, or ...
```

To work in the home again, take `[api]` out of `tilth.toml`.

## In a program or a notebook

`tilth.configure` takes the same block, or its parts by name, and `home`, `cache` and `author`. It stands over everything else in this
process, until it is called again; nothing is written.

```python
import tilth

tilth.configure(home="elsewhere", author="Ann")
```

<!-- not run -->
```python
tilth.configure(\"\"\"
api {{
  api_server: http://127.0.0.1:8008/api
  credentials {{
    "access_key" = "..."
    "secret_key" = "..."
  }}
}}
\"\"\")
```
"""


def page() -> str:
    """The whole page."""
    rows = [
        "| in `tilth.toml` | in the environment | in `clearml.conf` | default | |",
        "|---|---|---|---|---|",
        *(_row(setting) for setting in SETTINGS),
    ]
    return _PAGE.format(table="\n".join(rows), stores="\n\n".join(_entry(kind, entry) for kind, entry in ENTRIES.items()))


def write() -> None:
    """Write the page anew."""
    PAGE.write_text(page())


def _entry(kind: str, entry: type[Entry]) -> str:
    """What may stand in `[[storage.<kind>]]`."""
    fields: Any = type_info(entry)
    rows = [f"| `{field.name}` | {field.type.extra_json_schema['description']} |" for field in fields.fields]
    return "\n".join([f"| in `[[storage.{kind}]]` | |", "|---|---|", *rows])


def _row(setting: Setting) -> str:
    cells = (
        f"`{setting.name}`" if setting.in_file else "",
        "<br>".join(f"`{variable}`" for variable in setting.variables),
        f"`{setting.in_clearml_conf}`" if setting.in_clearml_conf else "",
        setting.default,
        setting.meaning,
    )
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


if __name__ == "__main__":
    write()
