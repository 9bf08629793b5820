"""What an engineer starts from: the doctor's lines, the units, the settings shared by unit, compose file and server."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from ruamel.yaml import YAML

from integrations import settings
from integrations.clock import now
from liandong import prefect_server
from liandong.cli import run
from liandong.doctor import examine
from liandong.prefect_server import RunningServer
from liandong.window import DAILY, not_running, running_server
from tasks.office import Office
from tests.integrations.mailboxes import answering_smtp, free_port, mail_devel
from tests.prefect_api import call

CHECKOUT = Path(__file__).parents[2]
UNITS = sorted((CHECKOUT / "deploy" / "systemd").glob("*.service"))


def looked_at() -> dict[str, tuple[str, str]]:
    return {one.name: (one.status, one.message) for one in examine()}


def test_the_doctor_looks_at_the_whole_machine_and_says_what_to_do(office: Office) -> None:
    found = looked_at()
    expected = [
        "运行环境",
        "台账",
        "时钟",
        "日历",
        "中文字体",
        "磁盘",
        "端口 4200",
        "端口 4300",
        "定时运行",
        "外发统计",
        "发信",
        "收信",
    ]
    assert [name for name in expected if name not in found] == []
    assert found["定时运行"][0] == "注意" and "liandong serve" in found["定时运行"][1]


@pytest.mark.prefect
def test_the_doctor_says_whether_the_ticks_run_by_themselves(
    office: Office, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liandong.deployments import deploy

    monkeypatch.setenv("LIANDONG_PREFECT_API_URL", server.api_url)
    asyncio.run(deploy([]))
    assert looked_at()["定时运行"][0] == "正常"
    ids = {one["name"]: one["id"] for one in call(server, "POST", "deployments/filter", {})}
    ticks = [ids[name] for name in ("daily-round", "collect-submissions")]
    for tick in ticks:
        for paused, status in ((True, "注意"), (False, "正常")):
            call(server, "PATCH", f"deployments/{tick}", {"paused": paused})
            assert looked_at()["定时运行"][0] == status
    a_day_on = now() + DAILY
    for tick in ticks:
        assert "一天多没有跑完" in (not_running(server.api_url, a_day_on) or "")
        asyncio.run(completed(UUID(tick)))
    assert not_running(server.api_url, a_day_on) is None


@pytest.mark.prefect
def test_what_was_paused_or_switched_off_in_the_pages_stays_so_when_the_office_is_served_again(
    office: Office, server: RunningServer
) -> None:
    from liandong.deployments import deploy

    def stands() -> dict[str, tuple[bool, list[bool]]]:
        every = call(server, "POST", "deployments/filter", {})
        return {one["name"]: (one["paused"], sorted(each["active"] for each in one["schedules"])) for one in every}

    asyncio.run(deploy([]))
    made = {one["name"]: one for one in call(server, "POST", "deployments/filter", {})}
    assert [one["schedule"]["cron"] for one in made["daily-round"]["schedules"]].count("30 8 * * *") == 1  # the office's hour
    collecting = made["collect-submissions"]
    (every,) = collecting["schedules"]
    call(server, "PATCH", f"deployments/{made['daily-round']['id']}", {"paused": True})
    call(server, "PATCH", f"deployments/{collecting['id']}/schedules/{every['id']}", {"active": False})
    held = stands()
    assert (held["daily-round"][0], held["collect-submissions"][1]) == (True, [False])
    asyncio.run(deploy([]))
    assert stands() == held
    call(server, "PATCH", f"deployments/{made['daily-round']['id']}", {"paused": False})
    call(server, "DELETE", f"deployments/{collecting['id']}")
    asyncio.run(deploy([]))
    assert stands()["collect-submissions"] == (False, [True])


@pytest.mark.prefect
def test_what_a_server_with_a_password_or_without_the_pool_refuses_is_said_in_words(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "office:secret")
    guarded = prefect_server.start(office.home)
    try:
        monkeypatch.setenv("LIANDONG_PREFECT_API_URL", guarded.api_url)
        for command in (["deploy"], ["deploy", "--pool", "nope"], ["rebuild"]):
            assert run(["prefect", *command]) == 1
            assert "PREFECT_API_AUTH_STRING=" in capsys.readouterr().err
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "office:secret")
        assert run(["prefect", "deploy", "--pool", "nope"]) == 1
        assert "没有这个工作池" in capsys.readouterr().err
        (office.home / "rollup" / "汇总.txt").write_text("汇总", "utf-8")
        asked = httpx.get(f"{guarded.url}/files/rollup/汇总.txt")
        assert (asked.status_code, asked.headers["www-authenticate"][:5]) == (401, "Basic")
        assert httpx.get(asked.url, auth=("office", "wrong")).status_code == 401
        assert httpx.get(asked.url, auth=("office", "secret")).text == "汇总"
    finally:
        guarded.stop()


async def completed(deployment: UUID) -> None:
    """Make a run of a deployment that ended well."""
    from prefect.client.orchestration import get_client
    from prefect.states import Completed, Running

    async with get_client() as client:
        made = await client.create_flow_run_from_deployment(deployment)
        for state in (Running(), Completed()):
            await client.set_flow_run_state(made.id, state, force=True)


def test_an_image_takes_in_nothing_that_git_leaves_out() -> None:
    left_out = (CHECKOUT / ".dockerignore").read_text("utf-8").split()
    told = (CHECKOUT / ".gitignore").read_text("utf-8").split()
    folders = {one.strip("/") for one in told}
    assert folders - {one.removeprefix("**/") for one in left_out} == set()
    assert {".git", "deploy/liandong.env"} <= set(left_out)


@pytest.mark.parametrize(
    "address", ["不是地址", "http://[::1", "ftp://127.0.0.1/api", "http://127.0.0.1:99999/api", "127.0.0.1:4200/api"]
)
def test_an_address_that_is_none_is_no_running_server(office: Office, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_PREFECT_API_URL", address)
    assert running_server() is None


def test_the_doctor_logs_in_to_the_mail_servers(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_devel() as account, answering_smtp(tmp_path / "journal") as port:
        for name, value in {
            "LIANDONG_IMAP__HOST": account.host,
            "LIANDONG_IMAP__PORT": str(account.port),
            "LIANDONG_IMAP__SECURITY": "plain",
            "LIANDONG_IMAP__USER": account.user,
            "LIANDONG_IMAP__PASSWORD": account.password,
            "LIANDONG_SMTP__HOST": "127.0.0.1",
            "LIANDONG_SMTP__PORT": str(port),
            "LIANDONG_SMTP__SECURITY": "plain",
        }.items():
            monkeypatch.setenv(name, value)
        found = looked_at()
        assert (found["发信"][0], found["收信"][0]) == ("正常", "正常"), found
        monkeypatch.setenv("LIANDONG_IMAP__PASSWORD", "wrong")
        assert looked_at()["收信"] == (
            "不通",
            "邮箱登录被拒，请核对设置中的用户名和授权码（网易、腾讯邮箱用授权码，不用登录密码）",
        )
    monkeypatch.setenv("LIANDONG_SMTP__PORT", str(free_port()))
    assert looked_at()["发信"][0] == "不通"
    assert not (tmp_path / "journal").exists() or (tmp_path / "journal").read_text() == ""  # logging in sends nothing


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    for unit in UNITS:  # the programs stand somewhere else here
        text = unit.read_text("utf-8").replace("/opt/liandong/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text, "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_newer_bundle_replaces_what_stands_there(tmp_path: Path) -> None:
    bundle, target = tmp_path / "bundle", tmp_path / "target"
    for version, word, needs in (("1", "old", ""), ("1", "rebuilt", ""), ("2", "newer", "later")):  # unpacked over one another
        bundle_up(bundle, version, word, needs)
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run([bundle / "install.sh", target], env=environment, check=True, capture_output=True)
        code = f"import liandong; print(liandong.word); {'import later' if needs else ''}"
        python = [target / ".venv" / "bin" / "python", "-I", "-c", code]
        assert subprocess.run(python, capture_output=True, text=True, check=True).stdout.strip() == word


def bundle_up(folder: Path, version: str, word: str, needs: str) -> None:
    """Write a bundle of a program that knows one word."""
    wheels = folder / "wheelhouse"
    wheels.mkdir(parents=True, exist_ok=True)
    (folder / "deploy").mkdir(exist_ok=True)
    shutil.copy(CHECKOUT / "deploy" / "install.sh", folder)
    (folder / "constraints.txt").write_text("")
    asked = f"Provides-Extra: postgresql\n{f'Requires-Dist: {needs}' if needs else ''}"
    ours = [wheel(wheels, "liandong", version, f"word = '{word}'", asked), *([wheel(wheels, needs, "1", "")] if needs else [])]
    ours.append(wheels / f"pydantic_core-1-cp3{sys.version_info.minor}-cp3{sys.version_info.minor}-any.whl")
    ours[-1].touch()
    sums = (f"{sha256(one.read_bytes()).hexdigest()}  ./wheelhouse/{one.name}\n" for one in ours)
    (folder / "SHA256SUMS").write_text("".join(sums))


def wheel(folder: Path, name: str, version: str, code: str, asked: str = "") -> Path:
    """Write a wheel of one module."""
    made, said = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(f"{said}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}\n")
        archive.writestr(f"{said}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{said}/RECORD", "".join(f"{one},,\n" for one in archive.namelist()))
    return made


def test_units_compose_file_and_server_agree_on_their_variables() -> None:
    assert len(UNITS) == 4
    for unit in UNITS:
        assert "EnvironmentFile=/etc/liandong/liandong.env" in unit.read_text("utf-8")
    file = (CHECKOUT / "deploy" / "liandong.env").read_text("utf-8")
    said = dict(line.split("=", 1) for line in file.splitlines() if "=" in line and not line.startswith("#"))
    ours = prefect_server.environment(Path(said["LIANDONG_HOME"]), 4200)
    assert {name: said.get(name) for name in ours} == ours
    assert said["LIANDONG_PREFECT_API_URL"] == said["PREFECT_API_URL"]  # else the command line finds no server to draw into
    compose = YAML(typ="safe").load(CHECKOUT / "deploy" / "compose.yaml")
    assert set(compose["services"]) == {"postgresql", "server", "worker", "web"}
    for name in ("server", "worker", "web"):
        assert compose["services"][name]["env_file"] == "liandong.env"
    fields = {f"LIANDONG_{name.upper()}" for name in settings.Settings.model_fields}
    for name in re.findall(r"^#?(LIANDONG_[A-Z_]+)=", file, re.MULTILINE):
        assert name.split("__")[0] in fields, name


@pytest.mark.prefect
def test_the_ticks_of_prefect_yaml_are_those_that_are_served(office: Office) -> None:
    from liandong.deployments import deployments

    written = {one["name"]: one for one in YAML(typ="safe").load(CHECKOUT / "prefect.yaml")["deployments"]}
    for one in deployments([("hezhou-2020", "")]):
        said = written.pop(str(one.name))
        assert (said["entrypoint"], set(said.get("tags", ()))) == (one.entrypoint, set(one.tags))
        assert [each["cron"] for each in said.get("schedules", ())] == [each.schedule.cron for each in one.schedules or ()]  # type: ignore[union-attr]
        assert {each["timezone"] for each in said.get("schedules", ())} <= {"Asia/Shanghai"}
        alone = said.get("concurrency_limit") or {}
        assert alone.get("limit") == one.concurrency_limit
        assert one.name == "hezhou-2020" or said["description"] == one.description
    assert not written
