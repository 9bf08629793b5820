"""Tell the office by a letter what an automation noticed."""

from prefect import flow

from campaigns.workdays import office_date
from integrations.clock import now
from tasks.alerting import alert
from tasks.launch_form import AlertCode, AlertDetail, AlertSaid
from tasks.sending import deliver


@flow(name="提醒办公室", flow_run_name="提醒办公室：{said}", description="由自动化规则调用：给办公室写一封信；同一件事一天一封。")
async def tell_office(code: AlertCode, said: AlertSaid, detail: AlertDetail = "") -> None:
    """Write the office one letter a day about the same thing, and send it."""
    moment = now()
    if alert(f"{code}:{office_date(moment)}", said, detail, moment):
        deliver(moment)
