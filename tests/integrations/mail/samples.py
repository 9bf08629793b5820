"""One letter of every kind, with made-up people."""

from dataclasses import replace
from datetime import UTC, datetime

from campaigns.letters import (
    Alert,
    Assignment,
    Attachment,
    Body,
    Bundle,
    Decided,
    Digest,
    DutyBundle,
    Item,
    Letter,
    Line,
    MissingUnit,
    Occasion,
    Outcome,
    Receipt,
    Recipient,
    Reported,
    RollUp,
    Row,
    Section,
    Trouble,
    Undelivered,
)

SENT = datetime(2020, 10, 21, 0, 30, tzinfo=UTC)
SENDER = ("市消费者联席办", "office@example.gov.cn")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORM = Attachment("市市场监管局_2020年下半年_工作总结报表.xlsx", XLSX, b"PK\x03\x04 not really a workbook")

OCCASION = Occasion(
    office="市消费者联席办",
    mailbox="office@example.gov.cn",
    campaign="hezhou-2020",
    campaign_title="贺州市优化放心消费环境提升消费者满意度工作",
    short_title="放心消费",
    doc_no="",
    round="hezhou-2020/summary-2020-2",
    round_label="2020年下半年",
)
LIAISON = Recipient("甲某某", "scjg@example.gov.cn", "市市场监管局", "scjg")
LEADER = Recipient("乙某某", "scjg-leader@example.gov.cn", "市市场监管局", "scjg", "leader")
OFFICE = Recipient("", "office@example.gov.cn", "市消费者联席办", "office", "office")

ITEMS = (
    Item(15, "全面提高标准化水平", "牵头", "市消费者联席办", "2020年12月3日（周四）17:30", "办理中", "还有3个工作日"),
    Item(
        17,
        "围绕消费安全，大力推进重要产品追溯体系建设",
        "配合",
        "市投资促进和商务局",
        "2020年11月26日（周四）17:30",
        "办理中",
        "已逾期2个工作日",
    ),
    Item(18, "开展食品行业放心消费创建工作", "牵头", "市消费者联席办", "2020年12月3日（周四）17:30", "退回", "还有3个工作日"),
)
COLUMNS = (
    "出动执法人员（人次）",
    "检查经营主体（户次）",
    "立案（件）",
    "结案（件）",
    "案值（万元）",
    "罚没款（万元）",
    "移送司法机关（件）",
    "受理投诉举报（件）",
)
ROWS = (
    Row("市发展改革委", ("120", "60", "3", "2", "12.50", "3.20", "0", "15")),
    Row("市工信局", ("0", "0", "0", "0", "0.00", "0.00", "0", "0")),
)
TOTAL = Row("配合单位小计", ("120", "60", "3", "2", "12.50", "3.20", "0", "15"))

OWN = Section(
    "贺州市优化放心消费环境提升消费者满意度工作",
    "放心消费",
    "2020年下半年",
    "市市场监管局",
    "liaison",
    overdue=False,
    items=ITEMS,
    due="2020年12月3日（周四）17:30",
)
OFFICE_LIST = Section(
    "贺州市优化放心消费环境提升消费者满意度工作",
    "放心消费",
    "2020年下半年",
    "市消费者联席办",
    "office",
    overdue=True,
    units=(
        MissingUnit(
            "市市场监管局",
            "甲某某",
            "0000-0000001",
            "scjg@example.gov.cn",
            ITEMS,
            "市市场监管局 甲某某同志：您好，还有3项未收到。",
        ),
        MissingUnit("富川瑶族自治县人民政府", "丙某某", "0000-0000002", "fuchuan@example.gov.cn", ITEMS[1:2]),
    ),
)
BODIES: dict[str, Body] = {
    "assignment": Assignment(
        items=ITEMS,
        due="2020年11月26日（周四）17:30",
        covers="2020年10月20日至2020年12月3日",
        parts=("统计表", "工作总结", "加盖公章扫描件"),
        headings=("行业领域采取的措施", "主要作法", "亮点经验", "存在的问题", "下一步工作打算"),
    ),
    "reminder": Digest((OWN,)),
    "overdue": Digest((replace(OWN, overdue=True, due=""),)),
    "overdue-leader": Digest((replace(OWN, overdue=True, due="", capacity="leader"),)),
    "overdue-office": Digest((OFFICE_LIST,)),
    "two-campaigns": Digest(
        (
            replace(OWN, overdue=True, due="", items=ITEMS[1:2]),
            replace(
                OWN,
                campaign="贺州市网络市场监管专项行动",
                reference="贺市监〔2020〕17号",
                upload="https://upload.example.gov.cn/u/abc",
            ),
            replace(
                OWN,
                capacity="lead",
                items=(),
                units=OFFICE_LIST.units[1:],
                standing="配合单位应报3项，已报2项；还没有报送的：富川瑶族自治县人民政府。",
            ),
        )
    ),
    "bundle": Bundle(
        (
            DutyBundle(
                15,
                "全面提高标准化水平",
                (
                    Reported("市发展改革委", "2020年11月25日（周三）10:12", "第2版"),
                    Reported("市工信局", "2020年11月27日（周五）09:05", "零报告、迟报"),
                ),
                ("市科技局", "市民政局"),
                COLUMNS,
                ROWS,
                TOTAL,
            ),
            DutyBundle(16, "推进重点领域服务认证", missing=("市卫健委", "市教育局", "市住建局", "市生态环境局", "市体育局")),
        ),
        "2020年12月3日（周四）17:30",
        "市消费者联席办",
    ),
    "rollup": RollUp(
        "应报331项，已收318项，覆盖率96.1%；其中迟报12项、零报告9项，逾期未报13项。",
        COLUMNS,
        (Row("本期合计", ("3200", "1570", "45", "40", "312.50", "88.20", "2", "415")),),
        ("市科技局：任务15（配合）", "昭平县人民政府：任务1（配合）、任务2（配合）"),
    ),
    "accepted": Receipt(
        Outcome.ACCEPTED,
        "20201125-0007",
        "市市场监管局_2020年下半年_工作总结报表.xlsx",
        "2020年11月25日（周三）10:12",
        (Line(15, "全面提高标准化水平", "已接收", "第1版"), Line(18, "开展食品行业放心消费创建工作", "已接收", "零报告")),
        (Trouble("本期结案数大于立案数，请核对是否含上期立案", "牵头任务", "F9", "5", "不大于3", blocking=False),),
        ITEMS[1:2],
    ),
    "returned": Receipt(
        Outcome.RETURNED,
        "20201125-0008",
        "报表<最终版>.xlsx",
        "2020年11月25日（周三）10:12",
        (Line(15, "全面提高标准化水平", "已接收", "第1版"), Line(18, "开展食品行业放心消费创建工作", "退回修改", "2处问题")),
        (
            Trouble("合计应等于本单位本期加配合单位小计，请改正", "牵头任务", "C15", "130", "125"),
            Trouble("这一格应为数字，请去掉文字", "牵头任务", "D12", "约三十", ""),
        ),
    ),
    "undelivered": Undelivered(
        "甲某某",
        "jia@example.gov.cn",
        "【催办】放心消费 2020年下半年",
        "2020年11月25日（周三）10:12",
        "收件地址不存在（5.1.1）",
        "R-2020-000009",
    ),
    "alert": Alert("“每日例行”运行出错", "请技术人员在 Prefect 界面查看；台账没有受影响，下一次运行会补做。"),
    "decision": Decided(
        "延期",
        "经批准，以下各项的截止日期已经调整，请按新的日期报送。",
        "test-2020/D0001",
        "联席办主任",
        "来函〔2020〕1号",
        "2020年11月20日（周五）",
        (Item(1, "全面提高标准化水平", "配合", "市市场监管局", "2020年12月1日（周二）17:30", "办理中", "还有7个工作日"),),
    ),
    "refused": Receipt(
        Outcome.REFUSED,
        "20201125-0009",
        "照片.jpg",
        "2020年11月25日（周三）10:12",
        explanation="收到的是图片，请发电子表格原件。",
    ),
}


def letter(name: str, to: Recipient = LIAISON, occasion: Occasion = OCCASION) -> Letter:
    """Return the sample letter of that name."""
    return Letter(f"{occasion.round}/{name}/{to.department}", occasion, to, BODIES[name])
