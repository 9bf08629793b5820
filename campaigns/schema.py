"""The JSON Schema of definition files, for editors: Chinese titles and descriptions.

It knows what a file that extends another may leave out.
"""

import copy
from typing import Any

from campaigns.definition import DefinitionFile
from campaigns.duty_cells import OPEN

# What an editor says of a field beyond its title, by model and field; the others explain themselves.
DESCRIPTIONS: dict[str, str] = {
    "DefinitionFile.extends": "沿用另一份定义（代码或文件名），本文件只写不同之处",
    "DefinitionFile.values": "沿用模板时，模板要填的各项：名称: 内容",
    "DefinitionFile.template": "写了这一部分，本文件就是模板：列出要填的各项，正文中写作 <名称>",
    "DefinitionFile.directory": "通讯录的代码，任务里的单位名称都从这里查",
    "DefinitionFile.duties": "责任分工表的各行，每项一个序号",
    "DefinitionFile.reports": "要什么、何时报、谁报、报给谁",
    "DefinitionFile.ladder": "到期前后提醒谁",
    "Campaign.id": "小写字母、数字和短横线，下发后不能再改，例如 hezhou-2020",
    "Campaign.starts": "年-月-日；单位名称以这一天为准，此前什么也不发",
    "Campaign.ends": "年-月-日，含当天",
    "Campaign.basis": "依据的上级文件，自上而下（省、市、县）",
    "Campaign.forwards": "本通知所转发的文件",
    "Campaign.addressees": "主送一行里的单位，应能在通讯录里查到",
    "Campaign.contact": "通知末尾的联系人和电话，照写；写在发给各单位的信里",
    "Source.clause": "在文件中的位置，例如 第三章第二条",
    "Phase.starts": "年-月 或 年-月-日；通知没有写就不写",
    "Phase.ends": "年-月（到月底）或 年-月-日",
    "Phase.needs": "先于本阶段的阶段代码：本阶段各项任务等待那些阶段的全部任务",
    "Duty.number": "1 到 999，不能重复",
    "Duty.lead": "牵头单位，照通知写；与 joint_leads 只写一种",
    "Duty.joint_leads": "按职责分工分别负责：各报各的，没有谁牵头",
    "Duty.cooperating": "配合单位，照通知写",
    "Duty.units": "通知只写“责任单位”、没有写明牵头还是配合：须由人核对后改写，否则不能下发",
    "Duty.due": "工作本身的完成时限：年-月-日 或 年-月（到月底）；不是报送时限",
    "Duty.needs": "先要完成的任务序号",
    "Clock.months": "每年只在这几个月里报，例如4至10月写 [4, 5, 6, 7, 8, 9, 10]；报上期的，是统计的月份",
    "Clock.first": "每几个月、每几周、每几天从哪一天算起",
    "Report.clause": "通知在哪一条要求报送，例如 四（五）",
    "Report.duties": "涉及哪些任务的序号；不写就是全部任务",
    "Report.only": "只有这些单位（单位、成组单位或层级）要报",
    "Report.excluding": "这些单位不用报",
    "Report.upward": "本期汇总后报给上级办公室：填进上级下发的报表",
    "Upward.codes": "上级报表的指标代码: 本办公室的指标代码；相同的不用写",
    "Upward.duties": "上级的任务序号: [本办公室的任务序号]；不写就按相同序号对应",
    "Hop.to": "lead 牵头单位；parent 通讯录里的上级（它须是牵头单位）；office 办公室",
    "Hop.working_days_before": "从报送日期往前数几个工作日",
    "Hop.days_before": "从报送日期往前数几天（不分工作日），例如 市4日前、省8日前 写 4",
    "Hop.hour": '配合单位自己那一天的时刻，例如 县区9时前、市11时前 写 "09:00"；牵头单位的写在 clock 里',
    "Form.each": "明细表（list）每行填的是什么，例如 案件",
    "Form.unit": "明细表每行计数的单位，例如 件",
    "Form.key": "明细表里认出是哪一件的那一栏：几个单位报同一件的，只计一次",
    "Form.most": "明细表有几行，1 到 200",
    "Form.only": "只有这些单位填这张表",
    "Form.excluding": "这些单位不填这张表",
    "Indicator.sum_of": "合计：由这些指标相加，不用填写",
    "Indicator.ratio_of": "比率：[分子, 分母]，不用填写，各级都按合计数重新计算",
    "Indicator.over_periods": "本单位各期怎样累计：sum 相加，latest 取最近一期，max 取最大，average 平均",
    "Indicator.over_places": "各单位怎样汇总：sum 相加，max 取最大",
    "Indicator.only": "只有这些单位填这一项",
    "Rule.check": "指标代码、数字和 + - * 组成的比较，例如 cases_closed <= cases_filed",
    "Rule.stage": "shadow 只记录；warn 只提醒；block 按级别办",
    "DefinitionFile.targets": "指标要达到多少：规划、考核的目标值",
    "DefinitionFile.scoring": "报送工作怎样计分；没有依据的不要写",
    "DefinitionFile.doubts": "数字有多反常才提出疑问；疑问只供核对，不退回",
    "Target.numerator": "指标代码、数字和 + - *，例如 patents - patents_before",
    "Target.denominator": "不写就是数量目标；写了就是比率，单位写 % 的按百分数",
    "Target.by": "哪一年要达到；此前只算进度",
    "ScoreRule.each": "late 迟报，missing 未报，returned 退回，warned 有提醒，rate 报送率，met 达到目标，missed 未达到",
    "ScoreRule.points": "加分为正，扣分为负，例如 -2",
    "Parameter.name": "在 < > 中写的名称",
    "Parameter.example": "一个合适的例子，检查模板时用它",
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a definition file.

    A file that extends another may leave out what it does not change; in a template only the names of sections are checked.
    """
    whole = DefinitionFile.model_json_schema()
    kinds: dict[str, Any] = whole.pop("$defs")
    for name, kind in (*kinds.items(), ("DefinitionFile", whole)):
        _speak_chinese(name, kind)
    parts = {f"{name}_part": _part(kind) for name, kind in kinds.items()}
    required = whole.pop("required")
    sections = whole.pop("properties")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "专项行动定义",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"title": one["title"], "description": one["description"]} for key, one in sections.items()},
        "if": {"required": ["template"]},
        "else": {
            "if": {"required": ["extends"]},
            "then": {"properties": {key: _may_go(_part(one)) for key, one in sections.items()}},
            "else": {"properties": sections, "required": required},
        },
        "$defs": {**kinds, **parts},
    }


def _speak_chinese(name: str, kind: dict[str, Any]) -> None:
    kind.pop("description", None)  # what programmers read
    for key, one in kind.get("properties", {}).items():
        title = one.get("title", key)
        said = {"title": title, "description": DESCRIPTIONS.get(f"{name}.{key}", one.get("description", title))}
        kind["properties"][key] = {"anyOf": [one | said, {"const": OPEN}], **said}


def _part(value: Any) -> Any:
    """Return a schema of which nothing need be there, anything may be taken away, and an item may be removed."""
    if isinstance(value, list):
        return [_part(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _part(one) for key, one in copy.copy(value).items() if key not in ("required", "minItems")}
    if isinstance(made.get("$ref"), str):
        made["$ref"] += "_part"
    if isinstance(made.get("properties"), dict):
        properties = {key: _may_go(one) for key, one in made["properties"].items()}
        removed = {"title": "去掉", "type": "boolean", "description": "写 true：沿用的定义里的这一项不要了"}
        made["properties"] = {**properties, "removed": removed}
    return made


def _may_go(one: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that takes `null` too: the field is taken away."""
    return {"anyOf": [one, {"type": "null"}], **{key: one[key] for key in ("title", "description") if key in one}}
