"""What pydantic finds wrong with a request, in sentences that name the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publisher.model import words

MAX_SENTENCES = 5  # of one answer
LABELS = words.FIELDS | {
    "body_html": "正文",
    "body_markdown": "正文",
    "overrides": "分目标设置",
    "role": "文件用途",
    "alt": "图片说明",
    "name": "文件名",
    "digest": "摘要值",
    "stage": "审核环节",
    "verdict": "审核结论",
    "opinion": "审核意见",
    "reason": "原因",
    "note": "说明",
    "outcome": "核实结果",
    "url": "网址",
}
SENTENCES = {  # by pydantic's name of the error
    "missing": "缺少{name}，请补上",
    "extra_forbidden": "没有{name}这一项，请检查拼写或删去",
    "string_type": "{name}要写成文字",
    "string_too_long": "{name}最多 {max_length} 个字，请缩短",
    "too_long": "{name}最多 {max_length} 个，请减少",
    "literal_error": "{name}只能是 {expected}",
    "enum": "{name}只能是 {expected}",
    "int_parsing": "{name}要写成整数",
    "int_type": "{name}要写成整数",
    "list_type": "{name}要写成列表",
    "dict_type": "{name}要写成对象",
    "model_type": "{name}要写成对象",
    "model_attributes_type": "{name}要写成对象",
    "value_error": "{name}要用 multipart/form-data 上传",  # text where a file is asked for
}
OTHERWISE = "{name}不合要求，请对照接口说明 openapi.json 检查"
NO_BODY = "请求要有 JSON 对象作为内容，并写明 Content-Type: application/json"


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A malformed request as a problem."""

    status: int
    code: str
    sentence: str
    field: str = ""


def explain(errors: Sequence[Mapping[str, Any]]) -> Explained:
    """Explain what is wrong; code and field are those of the first error."""
    first = errors[0]
    if first["type"] == "json_invalid":
        sentence = f"请求内容不是合法的 JSON，错在第 {first['loc'][1] + 1} 个字符"
        return Explained(status=400, code="bad_json", sentence=sentence)
    if first["loc"][0] == "path":
        sentence = f"没有编号为 {first['input']} 的记录，编号是正整数"
        return Explained(status=404, code="not_found", sentence=sentence)
    sentences = list(dict.fromkeys(_sentence(error) for error in errors))
    return Explained(
        status=422,
        code=_code(first),
        sentence="；".join(sentences[:MAX_SENTENCES]),
        field=_field(first),
    )


def _sentence(error: Mapping[str, Any]) -> str:
    facts = error.get("ctx", {})
    field = _field(error)
    if not field:
        return NO_BODY
    name = _name(field)
    if "sentence" in facts:  # fields.refusal
        return f"{name}{facts['sentence']}"
    return SENTENCES.get(error["type"], OTHERWISE).format_map({**facts, "name": name})


def _code(error: Mapping[str, Any]) -> str:
    if "sentence" in error.get("ctx", {}):
        return str(error["type"])
    codes = {"missing": "missing", "extra_forbidden": "unknown_field"}
    return codes.get(error["type"], "invalid")


def _field(error: Mapping[str, Any]) -> str:
    """Return the name of the field as the request spells it: "attachments[0].digest"."""
    if "field" in error.get("ctx", {}):  # fields.refusal
        return str(error["ctx"]["field"])
    _, *places = error["loc"]  # the first says only: body or query
    spelt = "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    return spelt.removeprefix(".")


def _name(field: str) -> str:
    label = LABELS.get(field.rpartition(".")[2].partition("[")[0])
    return f"{label}（{field}）" if label else f" {field} "
