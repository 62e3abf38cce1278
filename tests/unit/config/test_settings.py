"""Who stands over whom, that a `clearml.conf` alone changes nothing, and how what can't be right is told."""

import getpass
from pathlib import Path

import pytest

from tilth.base.errors import Invalid
from tilth.config.settings import SETTINGS, ApiSettings, ServerSettings, Settings, load_settings, settings_in_force

TOML = '[api]\nserver = "http://toml/api"\naccess_key = "TOML"\nsecret_key = "of toml"\n'
CLEARML = 'api { api_server: %s\n web_server: http://conf\n credentials {"access_key": "CONF", "secret_key": "of conf"} }'


class Desk:
    """A home, a `clearml.conf`, and an environment that names both."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.toml = self.home / "tilth.toml"
        self.clearml_conf = folder / "clearml.conf"
        self.environment = {"TILTH_HOME": str(self.home), "CLEARML_CONFIG_FILE": str(self.clearml_conf)}

    def api(self, given: dict[str, str] | None = None, **environment: str) -> ApiSettings:
        return load_settings(self.environment | environment, given=given or {}).api

    def sources(self, **environment: str) -> dict[str, str]:
        """Who says what is not a default."""
        rows = settings_in_force(self.environment | environment)
        return {
            row.setting.name: row.source for row in rows if row.source != "default" and row.setting.name not in ("home", "clearml_conf")
        }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_nobody_says_anything(desk: Desk) -> None:
    server = ServerSettings(host="127.0.0.1", port=8008, database=None, storage=None)
    assert load_settings(desk.environment) == Settings(desk.home, desk.home / "cache", getpass.getuser(), None, ApiSettings(), server)
    shown = {row.setting.name: row.value for row in settings_in_force(desk.environment)}
    assert list(shown) == [setting.name for setting in SETTINGS]
    assert (shown["server.database"], shown["server.storage"]) == (str(desk.home / "tilth.db"), str(desk.home / "store"))
    assert shown["api.server"] is None


def test_the_order_of_sources(desk: Desk) -> None:
    desk.clearml_conf.write_text(CLEARML % "http://toml/api")
    desk.toml.write_text('[api]\nserver = "http://toml/api"\n')
    conf, toml = str(desk.clearml_conf), str(desk.toml)
    keys = {"api.access_key": conf, "api.secret_key": conf, "api.web_server": conf}
    assert desk.sources() == {"api.server": toml} | keys
    desk.toml.write_text(TOML)
    keys |= {"api.access_key": toml, "api.secret_key": toml}
    assert desk.sources() == {"api.server": toml} | keys
    clearml = {"CLEARML_API_ACCESS_KEY": "A", "CLEARML_API_SECRET_KEY": "S"}
    keys |= {"api.access_key": "CLEARML_API_ACCESS_KEY", "api.secret_key": "CLEARML_API_SECRET_KEY"}
    assert desk.sources(**clearml) == {"api.server": toml} | keys
    keys |= {"api.access_key": "TILTH_API_ACCESS_KEY"}
    assert desk.sources(**clearml, TILTH_API_ACCESS_KEY="B") == {"api.server": toml} | keys
    api = desk.api({"api.access_key": "given"}, **clearml, TILTH_API_ACCESS_KEY="B")
    assert api == ApiSettings("http://toml/api", "http://conf", None, "given", "S")


def test_a_clearml_conf_alone_changes_nothing(desk: Desk) -> None:
    desk.clearml_conf.write_text(CLEARML % "http://conf/api")
    assert desk.api() == ApiSettings()
    desk.clearml_conf.write_text("is not even looked at {")
    assert desk.api() == ApiSettings()
    desk.toml.write_text(TOML + 'web_server = "http://toml"\nfiles_server = "http://toml/files"\n')
    assert desk.api() == ApiSettings("http://toml/api", "http://toml", "http://toml/files", "TOML", "of toml")


def test_keys_for_one_server_are_not_sent_to_another(desk: Desk) -> None:
    desk.clearml_conf.write_text(CLEARML % "http://conf/api")
    assert desk.api(TILTH_API_SERVER="http://mine/api") == ApiSettings("http://mine/api")
    same = ApiSettings("http://conf/api", "http://conf", None, "CONF", "of conf")
    assert desk.api(TILTH_API_SERVER="http://conf/api/") == same


def test_a_clearml_conf_names_the_server_of_a_process_that_an_agent_started(desk: Desk) -> None:
    desk.clearml_conf.write_text(CLEARML % "http://conf/api")
    task = "0" * 32
    assert desk.api(CLEARML_TASK_ID=task).server == "http://conf/api"
    assert desk.api(CLEARML_TASK_ID=task, TILTH_API_SERVER="http://other/api").server == "http://other/api"


def test_the_variable_of_clearml_goes_with_its_configuration(desk: Desk) -> None:
    desk.clearml_conf.write_text(CLEARML % "http://conf/api")
    assert desk.api(CLEARML_API_HOST="http://gateway") == ApiSettings("http://gateway", "http://conf", None, "CONF", "of conf")


def test_an_empty_variable_is_not_set(desk: Desk) -> None:
    assert desk.api(CLEARML_API_HOST="", TILTH_API_SERVER="") == ApiSettings()


def test_a_server_in_the_file(desk: Desk) -> None:
    desk.toml.write_text('[server]\nhost = "0.0.0.0"\nport = 9000\ndatabase = "postgresql://h/db"\n')
    found = load_settings(desk.environment | {"TILTH_SERVER_STORAGE": "/files"}).server
    assert found == ServerSettings(host="0.0.0.0", port=9000, database="postgresql://h/db", storage="/files")


def test_a_representation_shows_no_secret(desk: Desk) -> None:
    assert "hidden" not in repr(load_settings(desk.environment | {"TILTH_API_SECRET_KEY": "hidden", "TILTH_API_TOKEN": "hidden"}))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[api]\nsever = "x"', "has a setting api.sever that means nothing here; api.server may be meant"),
        ('server = "x"', "has a setting server that means nothing here; api.server may be meant"),
        ('secret_key = "x"', "has a setting secret_key that means nothing here; api.secret_key may be meant"),
        (
            'colour = "x"',
            "has a setting colour that means nothing here; known are cache, cache_source, chunk_cache, cache_limit, cache_age, author, ",
        ),
        ('home = "x"', "has a setting home that means nothing here"),
        ("[api]\nserver = 5", "says api.server = 5, which is no text; write its value between quotes"),
        ("[server]\nport = true", "says server.port = True, which is no number; write a whole number"),
        ('[server]\nport = "many"', "server.port is many (TOML), which is no port; use a number up to 65535"),
        ("[server]\nport = 70000", "server.port is 70000 (TOML), which is no port"),
        ('chunk_cache = "much"', "chunk_cache is much (TOML), which is no size; use a number with a unit, such as 500 MB or 10 GB"),
        ("chunk_cache = 5", "says chunk_cache = 5, which is no text"),
        ("[api\n", "can't be understood: "),
        ('[api]\nserver = "h:8008"', "api.server is h:8008 (TOML), which is no address; write it like http://host:8008/api"),
        ('[api]\nserver = "http://"', "api.server is http:// (TOML), which is no address"),
        ('[api]\nserver = "http://h:x"', "api.server is http://h:x (TOML), which is no address"),
        ('[api]\nweb_server = "s3://b"', "api.web_server is s3://b (TOML), which is no address"),
        (
            '[api]\nserver = "http://h"\nweb_server = "http://h/"',
            "api.server (TOML) and api.web_server (TOML) are both http://h; each has an address of its own: ",
        ),
    ],
)
def test_what_can_not_be_right_is_told(desk: Desk, toml: str, said: str) -> None:
    desk.toml.write_text(toml)
    with pytest.raises(Invalid) as told:
        load_settings(desk.environment)
    assert said.replace("TOML", str(desk.toml)) in str(told.value)


def test_a_variable_that_can_not_be_right_is_named(desk: Desk) -> None:
    with pytest.raises(Invalid, match=r"^api.server is nowhere \(CLEARML_API_HOST\), which is no address; "):
        desk.api(CLEARML_API_HOST="nowhere")


def test_files_may_be_kept_elsewhere(desk: Desk) -> None:
    assert desk.api(CLEARML_FILES_HOST="s3://bucket/folder/").files_server == "s3://bucket/folder"


@pytest.mark.parametrize(
    ("said", "size"),
    [("0", 0), ("500 MB", 500_000_000), ("1.5GB", 1_500_000_000), ("4 GiB", 4 << 30), ("17", 17), ("2 kB", 2_000), ("1TB", 10**12)],
)
def test_a_size_has_a_unit(desk: Desk, said: str, size: int) -> None:
    desk.toml.write_text(f'chunk_cache = "{said}"\n')
    assert load_settings(desk.environment).chunk_cache_bytes == size


def test_the_bandwidth_has_limits_if_somebody_says_so(desk: Desk) -> None:
    found = load_settings(desk.environment)
    assert (found.upload_limit_bytes, found.download_limit_bytes) == (0, 0)
    desk.toml.write_text('upload_limit = "2 MB"\n')
    found = load_settings(desk.environment | {"TILTH_DOWNLOAD_LIMIT": "500 kB"})
    assert (found.upload_limit_bytes, found.download_limit_bytes) == (2_000_000, 500_000)
    with pytest.raises(Invalid, match=r"^upload_limit is fast \(TILTH_UPLOAD_LIMIT\), which is no size"):
        load_settings(desk.environment | {"TILTH_UPLOAD_LIMIT": "fast"})


@pytest.mark.parametrize("said", ["-1 GB", "GB", "1 XB", "1,5 GB", "1 GB more"])
def test_what_is_no_size_is_told(desk: Desk, said: str) -> None:
    with pytest.raises(Invalid, match=r"^chunk_cache is .* \(TILTH_CHUNK_CACHE\), which is no size"):
        load_settings(desk.environment | {"TILTH_CHUNK_CACHE": said})
