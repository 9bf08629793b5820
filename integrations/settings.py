"""The only reader of the environment: LIANDONG_HOME and the office's settings.toml in it (variables LIANDONG_… win)."""

import json
import os
import re
import secrets
import tomllib
from datetime import datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from campaigns.errors import NotConfigured
from campaigns.organs import Address, Name
from campaigns.workdays import OfficeHours

FILE = "settings.toml"


class Smtp(BaseModel):
    """How letters leave by SMTP; `ca_file` holds the office's own root certificate, when its mail server has no public one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 465
    security: Literal["tls", "starttls", "plain"] = "tls"
    user: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    per_minute: Annotated[int, Field(ge=1, le=60_000)] = 30


class Imap(BaseModel):
    """The mailbox to which departments write, and how its mails are fetched.

    `trusts` is the name under which the office's own mail server writes Authentication-Results; empty: none is believed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    security: Literal["tls", "starttls", "plain"] = "tls"
    user: str
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    folder: str = "INBOX"
    trusts: str = ""


class Web(BaseModel):
    """The upload page: where departments reach it; links stand in letters when this is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]


Networks = tuple[IPvAnyNetwork, ...]


class Upward(BaseModel):
    """Handing a round's totals in to the office above. `automatic`: without a command, once it is closed, or closed and approved.

    `addresses` are the networks in which the superior's server may be; without them anywhere but on this machine or its link.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    automatic: Literal["closed", "approved"] | None = None
    addresses: Networks = ()
    ca_file: Path | None = None


class Pull(BaseModel):
    """A department's own system that is read over HTTP, in its name: `{round}` in the address is the round's code.

    `addresses` are the networks in which it may be; without them anywhere but on this machine or its link.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    campaign: str
    department: str
    url: Annotated[str, Field(pattern=r"^https?://[^\s#]+$")]
    token: SecretStr = SecretStr("")
    addresses: Networks = ()
    ca_file: Path | None = None


class _File(TomlConfigSettingsSource):
    """The office's file; the mark that 记事本 puts before UTF-8 is no part of it."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return tomllib.loads(file_path.read_bytes().decode("utf-8-sig"))


class Settings(BaseSettings):
    """An office's settings. `fixed_clock` stops the clock at one moment, for a demonstration's data.

    `dask` is the address of a Dask scheduler, whose workers read what arrives in bulk.
    """

    model_config = SettingsConfigDict(env_prefix="LIANDONG_", env_nested_delimiter="__", extra="ignore", frozen=True)

    home: Path
    office: Name
    mailbox: Address
    opens_at: time = time(8, 30)
    closes_at: time = time(17, 30)
    inbox: Path | None = None
    database_url: str | None = None
    prefect_api_url: str | None = None
    dask: str | None = None
    smtp: Smtp | None = None
    imap: Imap | None = None
    web: Web | None = None
    upward: Upward = Upward()
    pull: tuple[Pull, ...] = ()
    fixed_clock: datetime | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first: arguments, environment, the office's file."""
        return init_settings, env_settings, _File(settings_cls, toml_file=home() / FILE)

    @property
    def hours(self) -> OfficeHours:
        """Return the office's hours; letters go out when it opens and at 14:30."""
        return OfficeHours(self.opens_at, self.closes_at, (self.opens_at, time(14, 30)))

    @property
    def watched_folder(self) -> Path:
        """Return the folder whose files are taken in."""
        return self.inbox or self.home / "inbox"

    @property
    def url(self) -> str:
        """Return the ledger's database URL."""
        return self.database_url or f"sqlite:///{self.home / 'liandong.db'}"

    @property
    def secret(self) -> str:
        """Return the office's signing secret."""
        return (self.home / "secret.key").read_text("ascii").strip()


def home() -> Path:
    """Return the folder of the office's data: LIANDONG_HOME, or `.liandong` in the current folder."""
    return Path(os.environ.get("LIANDONG_HOME") or ".liandong").absolute()


def load() -> Settings:
    """Return the settings of the office in LIANDONG_HOME; NotConfigured, in Chinese, when there is none or it cannot be read."""
    folder = home()
    file = folder / FILE
    if not file.is_file():
        raise NotConfigured(f"{folder} 里还没有办公室的设置，请先运行：liandong init")
    own = frozenset((name, value) for name, value in os.environ.items() if name.startswith("LIANDONG_"))
    return _load(folder, file.read_bytes(), own)


class _Stopped(Settings):
    """The settings of a demonstration's data: what the environment says of a real office never reaches it; no mail leaves."""

    smtp: None = None
    imap: None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: object,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first: arguments, the demonstration's file."""
        return init_settings, _File(settings_cls, toml_file=home() / FILE)


@lru_cache(maxsize=8)
def _load(folder: Path, text: bytes, own: frozenset[tuple[str, str]]) -> Settings:
    """Return the settings; the file's text and our own variables are what they follow from, so asking again costs nothing."""
    file = folder / FILE
    try:
        written = tomllib.loads(text.decode("utf-8-sig"))
        made = (_Stopped if "fixed_clock" in written else Settings)(home=folder)  # the rest comes from the file
        if unknown := written.keys() - Settings.model_fields.keys():
            raise NotConfigured(f"设置文件 {file} 中有不认识的项目：{'、'.join(sorted(unknown))}，请改正或删去")
        _must_have_hours(made.opens_at, made.closes_at)
        return made
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise NotConfigured(f"设置文件 {file} 第{line}行不是 UTF-8 编码，请在记事本中“另存为”，编码选 UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise NotConfigured(f"设置文件 {file} {_broken(text, error)}") from None
    except ValidationError as error:
        raise NotConfigured(f"设置文件 {file} 中这些项目缺少或不对：{_wrong(error)}") from None


def initialise(
    office: str, mailbox: str, opens_at: time, closes_at: time, inbox: Path | None, fixed_clock: datetime | None = None
) -> Settings:
    """Return the settings of a new office after writing them, its folders and its signing secret; an existing secret is kept."""
    folder = home()
    try:
        Settings(home=folder, office=office, mailbox=mailbox, opens_at=opens_at, closes_at=closes_at)
    except ValidationError as error:
        raise NotConfigured(f"{_wrong(error)}的写法不对，请重新给出；邮箱应像 office@example.gov.cn") from None
    _must_have_hours(opens_at, closes_at)
    names = ("raw", "inbox", "outbox", "forms", "rollup", "documents", "templates", "calendar", "definitions", "directories")
    for place in (*(folder / name for name in names), inbox or folder):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise NotConfigured(f"“{place}”不能用作文件夹：可能已有同名文件，或没有权限；请换一个位置") from None
    key = folder / "secret.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(32), "ascii")
    lines = [
        "# 联动：本办公室的设置",
        f"office = {json.dumps(office, ensure_ascii=False)}",
        f"mailbox = {json.dumps(mailbox)}",
        f"opens_at = {opens_at:%H:%M:%S}",
        f"closes_at = {closes_at:%H:%M:%S}",
    ]
    if inbox:
        lines.append(f"inbox = {json.dumps(str(inbox), ensure_ascii=False)}")
    if fixed_clock:
        lines += ["# 演示数据：时间停在这一刻", f"fixed_clock = {fixed_clock.isoformat()}"]
    lines += [
        "# 不设 [smtp] 时，信件只写入 outbox 文件夹，不会发出。",
        "# [smtp]",
        '# host = "smtp.example.gov.cn"',
        "# port = 465",
        '# security = "tls"        # tls、starttls 或 plain',
        '# user = "office@example.gov.cn"',
        "# per_minute = 30          # 每分钟最多发几封",
        '# ca_file = "/etc/ssl/office-ca.pem"   # 邮件服务器用单位自己签发的证书时，根证书在哪里；[imap] 同样',
        "# 密码用环境变量 LIANDONG_SMTP__PASSWORD 给出",
        "# 不设 [imap] 时，只收收件文件夹里的文件，不到邮箱取信。",
        "# [imap]",
        '# host = "imap.example.gov.cn"',
        "# port = 993",
        '# security = "tls"        # tls、starttls 或 plain',
        '# user = "office@example.gov.cn"',
        '# folder = "INBOX"',
        '# trusts = "mx.example.gov.cn"   # 本单位邮件服务器的名称：它判定为冒名的来件（Authentication-Results）一律暂存待核',
        "# 密码（网易、腾讯邮箱是授权码）用环境变量 LIANDONG_IMAP__PASSWORD 给出",
        "# 开通上传页面（liandong web）后，写上各单位打开它的地址，信里就有上传链接。",
        "# [web]",
        '# public_url = "https://upload.example.gov.cn"',
        "# 汇总后报给上级办公室（定义里写了 upward 的报送事项）：",
        "# [upward]",
        '# automatic = "approved"     # 汇总并审定（decide approve）后自动上报；closed：一汇总就上报；不写则用 liandong submit',
        '# addresses = ["10.0.0.0/8"]   # 上级服务器所在的地址段',
        "# 可以直接读取的单位系统，每个写一段：",
        "# [[pull]]",
        '# campaign = "shili-2025"',
        '# department = "gaj"        # 单位代码',
        '# url = "https://gaj.example.gov.cn/report/{round}"   # {round} 换成报送期代码',
        '# token = ""                # 对方要令牌的，以 Bearer 给出',
        '# addresses = ["10.0.0.0/8"]',
    ]
    (folder / FILE).write_text("\n".join(lines) + "\n", "utf-8")
    return load()


def _must_have_hours(opens_at: time, closes_at: time) -> None:
    """Return nothing when an office opens before it closes."""
    if opens_at >= closes_at:
        raise NotConfigured(f"办公时间不对：上班{opens_at:%H:%M}，下班{closes_at:%H:%M}；下班应晚于上班")


def set_home(folder: Path) -> None:
    """Make a folder the office's home for this process and its children."""
    os.environ["LIANDONG_HOME"] = str(folder.absolute())


_NAMES = {
    "office": "办公室名称（office）",
    "mailbox": "办公室邮箱（mailbox）",
    "opens_at": "上班时间（opens_at）",
    "closes_at": "下班时间（closes_at）",
}


def _wrong(error: ValidationError) -> str:
    keys = dict.fromkeys(".".join(map(str, one["loc"])) for one in error.errors())
    return "、".join(_NAMES.get(key, key) for key in keys)


def _broken(text: bytes, error: Exception) -> str:
    """Return where a file is no TOML, and how to mend it."""
    lines = text.decode("utf-8-sig").splitlines()
    found = re.search(r"at line (\d+)", str(error))
    number = int(found[1]) if found else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    if re.search("[“”‘’＂＇＝［］]", line.split("#")[0]):
        advice = "引号、等号和方括号要用半角的"
    else:
        advice = '每行应是“项目 = 值”，文字用半角引号 " 括起来，可对照 liandong init 生成的样子'
    what = re.split("[=＝]", line)[0].strip()  # not the value: it may be a password
    told = f"（{what}）" if what else ""
    return f"第{number}行{told}不是正确的 TOML 格式：{advice}，请修改"
