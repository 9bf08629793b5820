"""What an engineer sees in the browser: Chinese labels, and a page that asks no other host for anything."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from campaigns.errors import NotConfigured
from campaigns.window import Picture
from liandong.prefect_server import RunningServer, check_host, environment
from tasks.campaign import live_campaigns
from tasks.office import Office
from tests.liandong.test_living_window import CAMPAIGN, SENT, drop_report, living
from tests.liandong.test_window import a_picture, runs_of
from tests.prefect_api import call

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["living"]
TITLE = "测试市放心消费联合执法专项行动"
CHROMIUM = Path("/usr/bin/chromium")
in_a_browser = [
    pytest.mark.prefect,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine"),
]


@pytest.fixture
def picture(server: RunningServer) -> Picture:
    from tasks import window

    drawn = a_picture("page")
    asyncio.run(window.draw(drawn))
    return drawn


@pytest.fixture
def form(server: RunningServer, office: Office) -> str:
    """The id of the deployment of a campaign."""
    from liandong.deployments import deploy

    asyncio.run(deploy([("form-2020", "从表单启动")]))
    return str(call(server, "GET", "deployments/name/专项行动/form-2020")["id"])


@pytest.fixture
def deployed(living: Office, server: RunningServer) -> Office:
    """A living office whose campaign has a deployment, without which the pages do not let anyone cancel its run."""
    from liandong.deployments import deploy

    asyncio.run(deploy([(CAMPAIGN, TITLE)]))
    return living


@pytest.fixture
def asked() -> set[str]:
    """The hosts that the page asked for something."""
    return set()


@pytest.fixture
def page(asked: set[str]) -> "Iterator[Page]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1200}, timezone_id="Asia/Shanghai")
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).netloc))
        yield page
        browser.close()


@pytest.mark.usefixtures("picture")
class TestPages:
    pytestmark = in_a_browser

    def test_the_campaigns_page_lists_its_rounds(self, server: RunningServer, page: "Page", asked: set[str]) -> None:
        window = runs_of(server, "page")[TITLE]["id"]
        page.goto(f"{server.url}/runs/flow-run/{window}")
        page.get_by_role("tab", name="Subflow Runs").click()
        for label in ("2020年下半年", "2021年上半年"):
            page.get_by_role("link", name=label).first.wait_for()
        assert page.get_by_text("办理中").count() == 2
        page.wait_for_load_state("networkidle")
        assert {host for host in asked if host} == {urlsplit(server.url).netloc}

    def test_a_round_opens_into_duties_and_a_duty_into_its_reports(
        self, server: RunningServer, page: "Page", asked: set[str], picture: Picture
    ) -> None:
        one = picture.rounds[0]
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(f"{server.url}/runs/flow-run/{runs_of(server, 'page')[one.label]['id']}")
        page.locator("canvas").wait_for()
        page.get_by_role("tab", name="Subflow Runs").click()
        *duties, _ = one.drawn
        for duty in duties:
            page.get_by_text(duty.shown, exact=True).first.wait_for()
        link = page.get_by_role("link", name=duties[0].label).first.get_attribute("href")
        page.goto(f"{server.url}{link}")  # a click would leave the graph of the page before drawing into nothing, noisily
        page.locator("canvas").wait_for()
        page.get_by_role("tab", name="Task Runs").click()
        for bar in duties[0].inside:
            page.get_by_text(bar.label, exact=True).first.wait_for()
        assert page.get_by_text("待前置", exact=True).count() == sum(bar.state == "待前置" for bar in duties[0].inside)
        page.wait_for_load_state("networkidle")
        assert not broken
        assert {host for host in asked if host} == {urlsplit(server.url).netloc}

    def test_a_campaign_is_launched_by_its_form(self, form: str, server: RunningServer, page: "Page", asked: set[str]) -> None:
        from playwright.sync_api import expect

        page.goto(f"{server.url}/deployments/deployment/{form}/run")
        page.get_by_text("只是预演，列出要发的每一封信").wait_for()
        confirmed = page.get_by_role("switch", name="确认下发")
        for _ in range(20):  # the page takes no click before it has read everything
            confirmed.click()
            with suppress(AssertionError):
                expect(confirmed).to_be_checked(timeout=3_000)
                break
        page.get_by_role("button", name="Submit").click()
        page.get_by_role("link", name="View run").click()
        page.wait_for_url("**/runs/flow-run/**")
        run = urlsplit(page.url).path.rsplit("/", 1)[1]
        made = call(server, "GET", f"flow_runs/{run}")
        assert (made["parameters"]["campaign"], made["parameters"]["confirm"]) == ("form-2020", True)
        assert {host for host in asked if host} == {urlsplit(server.url).netloc}
        call(server, "DELETE", f"flow_runs/{run}")


@pytest.mark.prefect
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")
def test_a_file_changes_its_bar_a_click_on_cancel_stops_the_letters_and_what_is_wiped_is_drawn_again(
    deployed: Office, server: RunningServer, page: "Page"
) -> None:
    def run(*words: str) -> None:  # in a process of its own: the browser has this one's event loop
        subprocess.run([sys.executable, "-m", "liandong.cli", *words], check=True)

    def open_run(name: str) -> None:
        page.goto(f"{server.url}/runs/flow-run/{runs_of(server, CAMPAIGN)[name]['id']}")

    then = ("--as-of", SENT.isoformat())
    duty = "2020年下半年/任务3·活跃夜间商业和市场"
    run("tick", *then)
    open_run(duty)
    page.get_by_text("办理中　已报0/3").first.wait_for()
    drop_report(deployed)
    run("tick", *then)
    page.reload()
    page.get_by_text("办理中　已报1/3").first.wait_for()
    page.get_by_role("tab", name="Task Runs").click()
    page.get_by_text("已报送", exact=True).first.wait_for()

    open_run(TITLE)
    page.get_by_text("Suspended").first.wait_for()
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Cancel").click()
    page.get_by_role("button", name="Cancel Flow Run").click()
    page.get_by_text("Cancelled", exact=True).first.wait_for()
    run("tick", *then)
    assert live_campaigns() == []
    with deployed.ledger() as ledger:
        assert [one.kind for one in ledger.messages()].count("alert") == 1

    everything = {"flow_runs": {"tags": {"all_": [f"liandong:{CAMPAIGN}"]}}}
    call(server, "POST", "flow_runs/bulk_delete", everything)
    assert runs_of(server, CAMPAIGN) == {}
    run("prefect", "rebuild", *then)
    open_run(TITLE)
    page.get_by_text("已暂停", exact=True).first.wait_for()
    open_run(duty)
    page.get_by_text("办理中　已报1/3").first.wait_for()


def test_a_server_for_other_machines_needs_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_host("127.0.0.1")
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    with pytest.raises(NotConfigured, match="用户名:密码"):
        check_host("0.0.0.0")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "office:secret")
    check_host("0.0.0.0")
    assert environment(tmp_path, 4200)["PREFECT_API_AUTH_STRING"] == "office:secret"


def test_the_servers_data_stay_in_the_offices_folder_and_nothing_is_reported(tmp_path: Path) -> None:
    variables = environment(tmp_path, 4200)
    assert Path(variables["PREFECT_HOME"]).is_relative_to(tmp_path)
    assert (variables["DO_NOT_TRACK"], variables["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")
