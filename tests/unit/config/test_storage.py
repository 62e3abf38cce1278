"""What addresses of stores mean, and who says how they are reached."""

from pathlib import Path

import pytest

from tilth.base.errors import Invalid
from tilth.config.storage import Access, AzureEntry, Entry, GsEntry, Place, S3Entry, access_to, parse_storage
from tilth.config.tilth_toml import with_table

CLEARML = """
sdk {
  aws { s3 {
    key: "GENERAL", secret: "of all", region: "eu-west-2"
    credentials: [
      {bucket: "mine", key: "MINE", secret: "of mine", region: "eu-north-1"}
      {host: "minio:9000", key: "MINIO", secret: "of minio", secure: false}
      {host: "safe:9443", key: "SAFE", secret: "of safe"}
    ]
  } }
  google.storage { credentials_json: "/keys/google.json" }
  azure.storage { containers: [{account_name: "acc", account_key: "a2V5", container_name: "box"}] }
}
"""
KEYS = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "of env", "AWS_SESSION_TOKEN": "token of env"}


class Desk:
    """A home, ClearML's configuration, and the files of the AWS command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "CLEARML_CONFIG_FILE": str(folder / "clearml.conf"),
            "AWS_CONFIG_FILE": str(folder / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws-credentials"),
        }

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def access(self, url: str, **environment: str) -> Access:
        place = parse_storage(url)
        assert isinstance(place, Place)
        return access_to(place, self.folder, self.environment | environment)

    def entry(self, url: str, **environment: str) -> Entry:
        return self.access(url, **environment).entry


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("s3://bucket", Place(kind="s3", bucket="bucket")),
        ("s3://bucket/", Place(kind="s3", bucket="bucket")),
        ("s3://bucket/some//folder/", Place(kind="s3", bucket="bucket", folder="some/folder")),
        ("s3://minio:9000/bucket/x", Place(kind="s3", bucket="bucket", folder="x", host="minio:9000")),
        ("gs://bucket/x", Place(kind="gs", bucket="bucket", folder="x")),
        ("az://box/x", Place(kind="azure", bucket="box", folder="x")),
        ("azure://box", Place(kind="azure", bucket="box")),
        ("azure://acc.blob.core.windows.net/box/x", Place(kind="azure", bucket="box", folder="x", host="acc.blob.core.windows.net")),
        ("https://acc.blob.core.windows.net/box", Place(kind="azure", bucket="box", host="acc.blob.core.windows.net")),
        ("file:///data/a%20b", Path("/data/a b")),
        ("/data/a b", Path("/data/a b")),
    ],
)
def test_what_an_address_means(said: str, place: Place | Path) -> None:
    assert parse_storage(said) == place
    if isinstance(place, Place):
        assert parse_storage(place.url) == place


def test_a_relative_folder_is_one_of_here() -> None:
    assert parse_storage("data") == Path.cwd() / "data"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("s3://", "names no bucket"),
        ("s3:///x", "names no bucket"),
        ("s3://minio:9000", "names no bucket"),
        ("azure://acc.blob.core.windows.net", "names no container"),
        ("s3://Not a bucket/x", "names no bucket"),
        ("s3://bucket/../x", "other signs"),
        ("s3://bucket/a b", "other signs"),
        ("s3://bucket/a?x=1", "more than a place"),
        ("ftp://host/x", "no place to store in"),
        ("https://example.org/x", "no place to store in"),
    ],
)
def test_what_is_no_address(said: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        parse_storage(said)


def test_keys_in_an_address_are_not_shown_again() -> None:
    with pytest.raises(Invalid, match="keys belong") as caught:
        parse_storage("s3://KEY:secret@bucket/x")
    assert "secret" not in str(caught.value)


def test_nobody_says_anything(desk: Desk) -> None:
    assert desk.access("s3://bucket") == Access(S3Entry(), "")
    assert desk.access("gs://bucket") == Access(GsEntry(), "")


def test_the_environment_is_asked(desk: Desk) -> None:
    access = desk.access("s3://bucket", **KEYS, AWS_ENDPOINT_URL="http://minio:9000", AWS_DEFAULT_REGION="eu-west-1")
    entry = S3Entry(access_key="ENV", secret_key="of env", session_token="token of env", endpoint="http://minio:9000", region="eu-west-1")
    assert access == Access(entry, "AWS_ACCESS_KEY_ID")


def test_the_entry_of_a_bucket_stands_over_the_environment(desk: Desk) -> None:
    general = '[[storage.s3]]\nendpoint = "http://any"\naccess_key = "ANY"\nsecret_key = "s"\n'
    desk.write("tilth.toml", f'{general}[[storage.s3]]\nbucket = "mine"\naccess_key = "TOML"\nsecret_key = "of toml"\n')
    assert desk.entry("s3://mine", **KEYS) == S3Entry(bucket="mine", access_key="TOML", secret_key="of toml")
    assert desk.entry("s3://other", **KEYS) == S3Entry(endpoint="http://any", access_key="ANY", secret_key="s")


def test_an_entry_without_keys_gets_those_of_the_environment(desk: Desk) -> None:
    desk.write("tilth.toml", '[[storage.s3]]\nbucket = "mine"\nendpoint = "https://minio"\nregion = "x"\n')
    entry = desk.entry("s3://mine", **KEYS, AWS_REGION="eu-west-1")
    assert entry == S3Entry(
        bucket="mine", endpoint="https://minio", region="x", access_key="ENV", secret_key="of env", session_token="token of env"
    )


def test_what_clearml_says_of_a_bucket_stands_over_the_environment_and_the_rest_under_it(desk: Desk) -> None:
    desk.write("clearml.conf", CLEARML)
    assert desk.entry("s3://mine", **KEYS) == S3Entry(bucket="mine", access_key="MINE", secret_key="of mine", region="eu-north-1")
    assert desk.entry("s3://other") == S3Entry(access_key="GENERAL", secret_key="of all", region="eu-west-2")
    assert desk.access("s3://other", **KEYS).source == "AWS_ACCESS_KEY_ID"


def test_servers_of_clearmls_configuration_are_for_addresses_that_name_them(desk: Desk) -> None:
    desk.write("clearml.conf", CLEARML)
    assert desk.entry("s3://minio:9000/bucket/x") == S3Entry(endpoint="http://minio:9000", access_key="MINIO", secret_key="of minio")
    assert desk.entry("s3://safe:9443/bucket") == S3Entry(endpoint="https://safe:9443", access_key="SAFE", secret_key="of safe")
    assert desk.entry("s3://unknown:9000/b") == S3Entry(
        endpoint="http://unknown:9000", access_key="GENERAL", secret_key="of all", region="eu-west-2"
    )


def test_the_rest_of_clearmls_configuration(desk: Desk) -> None:
    desk.write("clearml.conf", CLEARML)
    assert desk.entry("gs://bucket") == GsEntry(credentials="/keys/google.json")
    assert desk.entry("az://box") == AzureEntry(container="box", account="acc", access_key="a2V5")
    assert desk.entry("azure://acc.blob.core.windows.net/box") == AzureEntry(container="box", account="acc", access_key="a2V5")
    assert desk.entry("azure://other.blob.core.windows.net/box") == AzureEntry(account="other")
    assert desk.entry("azure://acc.blob.core.chinacloudapi.cn/x") == AzureEntry(
        account="acc", endpoint="https://acc.blob.core.chinacloudapi.cn"
    )


def test_the_files_of_the_aws_command_line(desk: Desk) -> None:
    desk.write("aws-credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = of file\n[work]\naws_access_key_id=WORK\n"
               "aws_secret_access_key=of work\naws_session_token=t\n")  # fmt: skip
    desk.write("aws-config", "[default]\nregion = eu-west-1\n[profile work]\nendpoint_url = https://work\n")
    assert desk.entry("s3://bucket") == S3Entry(access_key="FILE", secret_key="of file", region="eu-west-1")
    work = S3Entry(access_key="WORK", secret_key="of work", session_token="t", endpoint="https://work")
    assert desk.entry("s3://bucket", AWS_PROFILE="work") == work
    desk.write("tilth.toml", '[[storage.s3]]\nbucket = "b"\nprofile = "work"\n')
    assert desk.entry("s3://b") == S3Entry(
        bucket="b", profile="work", access_key="WORK", secret_key="of work", session_token="t", endpoint="https://work"
    )


def test_the_server_of_a_services_section_stands_over_that_of_its_profile(desk: Desk) -> None:
    desk.write("aws-credentials", "[work]\naws_access_key_id=WORK\naws_secret_access_key=of work\n")
    services = (
        "[services ours]\ndynamodb =\n  endpoint_url = https://tables\ns3 =\n  endpoint_url = https://buckets\n  addressing_style = path\n"
    )
    desk.write("aws-config", f"[profile work]\nservices = ours\nendpoint_url = https://all\n{services}")
    assert desk.entry("s3://bucket", AWS_PROFILE="work") == S3Entry(access_key="WORK", secret_key="of work", endpoint="https://buckets")
    desk.write("aws-config", "[profile work]\nservices = theirs\nendpoint_url = https://all\n")
    assert desk.entry("s3://bucket", AWS_PROFILE="work") == S3Entry(access_key="WORK", secret_key="of work", endpoint="https://all")


def test_a_wrong_endpoint_is_told_with_the_variable_that_says_it(desk: Desk) -> None:
    with pytest.raises(Invalid, match=r"^localhost:9000 \(AWS_ENDPOINT_URL\) is no endpoint; write it like"):
        desk.access("s3://bucket", AWS_ENDPOINT_URL="localhost:9000", **KEYS)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("file://store", r"file://store is no path of this machine.*, such as store$"),
        ("file://", "write file:///path"),
        ("s3:/bucket/x", "s3:/bucket/x lacks a slash; write s3://bucket/x, or ./s3:/bucket/x if"),
        ("file:/data", "file:/data lacks a slash; write file:///data, or"),
    ],
)
def test_what_was_meant_otherwise_is_no_folder_here(said: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        parse_storage(said)


def test_a_path_with_signs_of_addresses_is_taken_whole() -> None:
    said = ("file:///d/a%20#b?c", "file://localhost/d", "./s3:/x", "s3:x")
    assert [parse_storage(one) for one in said] == [Path("/d/a #b?c"), Path("/d"), Path("s3:/x").absolute(), Path("s3:x").absolute()]


def test_a_role_of_the_environment_stands_over_the_files(desk: Desk) -> None:
    desk.write("aws-credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = of file\n")
    assert desk.entry("s3://bucket", AWS_WEB_IDENTITY_TOKEN_FILE="/token") == S3Entry()


@pytest.mark.parametrize(
    ("name", "text", "environment", "words"),
    [
        (
            "aws-config",
            "[profile x]\nsso_session = y\n",
            {"AWS_PROFILE": "x"},
            "by sso_session, which Tilth does not do; run `aws configure",
        ),
        ("aws-config", "", {"AWS_PROFILE": "x"}, "there is no profile x"),
        ("aws-config", "nonsense", {}, "aws-config can't be understood"),
        ("tilth.toml", '[[storage.s3]]\nbuckt = "x"\n', {}, "unknown field `buckt`"),
        ("tilth.toml", "[[storage.s3]]\nanonymous = 1\n", {}, "anonymous"),
        ("tilth.toml", '[[storage.ftp]]\nbucket = "x"\n', {}, "storage.ftp, which is no kind of store"),
        ("tilth.toml", '[[storage.s3]]\nendpoint = "minio:9000"\n', {}, "is no endpoint"),
        ("tilth.toml", '[[storage.s3]]\naccess_key = "x"\n', {}, "without its secret key"),
    ],
)
def test_what_can_not_be_right(desk: Desk, name: str, text: str, environment: dict[str, str], words: str) -> None:
    desk.write(name, text)
    with pytest.raises(Invalid, match=words):
        desk.access("s3://bucket", **environment)


def test_azures_variables(desk: Desk) -> None:
    said = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2U=;EndpointSuffix=core.windows.net"
    found = desk.entry("az://box", AZURE_STORAGE_CONNECTION_STRING=said)
    assert found == AzureEntry(account="acc", access_key="a2U=", endpoint="https://acc.blob.core.windows.net")
    found = desk.entry("az://box", AZURE_STORAGE_ACCOUNT="acc", AZURE_STORAGE_KEY="a2V5", AZURE_STORAGE_ENDPOINT="http://here")
    assert found == AzureEntry(account="acc", access_key="a2V5", endpoint="http://here")


def test_a_key_of_azures_that_is_cut_off_is_told_with_who_says_it_and_not_shown(desk: Desk) -> None:
    for names in ({"AZURE_STORAGE_KEY": "a2V"}, {"AZURE_STORAGE_ACCOUNT_KEY": "a2V"}):
        with pytest.raises(Invalid, match=f"^the access key of {next(iter(names))} is not in base64, .*; copy it whole, with its"):
            desk.access("az://box", AZURE_STORAGE_ACCOUNT="acc", **names)
    with pytest.raises(Invalid, match="of AZURE_STORAGE_CONNECTION_STRING is not in base64"):
        desk.access("az://box", AZURE_STORAGE_CONNECTION_STRING="AccountName=acc;AccountKey=a2V!")
    desk.write("tilth.toml", '[[storage.azure]]\naccount = "acc"\naccess_key = "k"\n')
    with pytest.raises(Invalid, match=r"of /.*tilth\.toml is not in base64"):
        desk.access("az://box")


@pytest.mark.parametrize("said", ["s3://bucket/x", "gs://bucket/x", "az://box/x", "https://acc.blob.core.windows.net/box"])
def test_schemes_are_the_same_in_capitals(said: str) -> None:
    scheme, _, rest = said.partition("://")
    assert parse_storage(f"{scheme.upper()}://{rest}") == parse_storage(said)


@pytest.mark.parametrize("said", ["http://localhost:9023", "localhost:9023"])
def test_the_variable_of_googles_emulators(desk: Desk, said: str) -> None:
    assert desk.entry("gs://bucket", STORAGE_EMULATOR_HOST=said) == GsEntry(endpoint="http://localhost:9023")


def test_secrets_are_not_shown(desk: Desk) -> None:
    assert "of env" not in repr(desk.access("s3://bucket", **KEYS))


def test_entries_survive_when_another_table_is_written() -> None:
    before = '[storage]\nurl = "s3://b"\n\n[[storage.s3]] # ours\nbucket = "b"\n\n[[storage.s3]]\nbucket = "c"\n'
    assert before in with_table(before, "api", {"server": "http://x"})
    odd = 'storage = {url = "s3://b", s3 = [{bucket = "b"}]}\napi.server = "http://old"\n'
    assert with_table(odd, "api", {"server": "http://x"}) == (
        '[storage]\nurl = "s3://b"\n\n[[storage.s3]]\nbucket = "b"\n\n[api]\nserver = "http://x"\n'
    )
