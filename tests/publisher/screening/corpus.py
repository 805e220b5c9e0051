"""Words as colleges write them: what may not pass, and what must not be held up.

All people and numbers are made up. A leak names the rule that has to block it; among the clean
are the look-alikes that make a screening hated: hot-lines, account books, codes and dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from publisher.screening.personal.identity import check_digit


@dataclass(frozen=True)
class Case:
    """One text; `rule` has to block it, and none may where it is empty."""

    body: str
    rule: str = ""


def table(*rows: str) -> str:
    """Return a table whose first row is its head; cells are apart by "|"."""
    made = []
    for number, row in enumerate(rows):
        tag = "td" if number else "th"
        made.append("".join(f"<{tag}>{cell.strip()}</{tag}>" for cell in row.split("|")))
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in made) + "</table>"


def identity(area: str, born: str, serial: str) -> str:
    seventeen = area + born + serial
    return seventeen + check_digit(seventeen)


def card(digits: str) -> str:
    """Return a card's number: these digits and the one that Luhn asks for."""
    doubled = [int(digit) * 2 for digit in digits[::-2]]
    single = [int(digit) for digit in digits[-2::-2]]
    total = sum(n - 9 if n > 9 else n for n in doubled) + sum(single)
    return digits + str(-total % 10)


IDS = [
    identity("350583", "20040812", "001"),
    identity("350502", "19801101", "152"),
    identity("110105", "20051231", "388"),
    identity("441900", "20060229"[:6] + "28", "107"),
    identity("820000", "20010505", "013"),
    identity("320311", "19770706", "002"),
]
CARDS = [card("621700183000412345"), card("622848000112345678"), card("955880123456789012")]
MOBILES = ["13850012345", "15906012345", "18759912345", "19912345678", "17050012345"]

_ID_SENTENCES = [
    "张某某，身份证号：{}，经评审拟获资助。",
    "（身份证号{}）",
    "持有效证件（{}）于9月1日前报到。",
    "{}王小明",
    "证件号码 {}",
    "附表：姓名 王小明 {} 数控2401班",
]
_MOBILE_SENTENCES = [
    "联系人：王老师，电话：{}。",
    "有疑问请加微信：{}",
    "{}（微信同号）",
    "报名请致电 {} 王老师",
    "班主任手机号码是{}，欢迎咨询",
]
_CARD_SENTENCES = [
    "资助款汇入本人银行卡，卡号：{}。",
    "开户行：中国建设银行泉州分行 账号 {}",
    "账户 {} 已核对",
]
_LEAKS = [
    ("家庭住址：福建省泉州市洛江区万安街道 12 号", "home_or_birth"),
    ("户籍所在地：泉州市惠安县螺城镇", "home_or_birth"),
    ("现住址 晋江市青阳街道曾井小区 3 栋 502 室", "home_or_birth"),
    ("家庭地址：安溪县城厢镇", "home_or_birth"),
    ("出生日期：2004年8月12日", "home_or_birth"),
    ("出生日期：2004-08-12", "home_or_birth"),
    ("出生年月日 20040812", "home_or_birth"),
    ("王小明，男，2004年8月12日出生，中共预备党员", "home_or_birth"),
    ("王小明，1988年3月5日生，副教授", "home_or_birth"),
    ("学号：24301020112", "personal_number"),
    ("王小明（学号24301020112）", "personal_number"),
    ("考生号 23350583150123", "personal_number"),
    ("准考证号：202611280012", "personal_number"),
    ("工号：20190017", "personal_number"),
    ("职工号20190017", "personal_number"),
    ("护照号：E12345678", "personal_number"),
    ("护照号码 EA1234567", "personal_number"),
    ("港澳通行证号：C12345678", "personal_number"),
    ("机密★1年", "secrecy_mark"),
    ("秘密★", "secrecy_mark"),
    ("绝 密 ★ 长期", "secrecy_mark"),
    ("机密", "secrecy_mark"),
    ("内部资料", "secrecy_mark"),
    ("密级：秘密", "secrecy_mark"),
    ("此件不公开", "secrecy_mark"),
    ("（此件不予公开）", "secrecy_mark"),
    ("（此件依申请公开）", "secrecy_mark"),
    ("本材料仅供内部使用，不得外传。", "secrecy_mark"),
    ("内部资料，注意保存", "secrecy_mark"),
    ("阅后收回", "secrecy_mark"),
    ("请勿外传", "secrecy_mark"),
]
_LEAKING_TABLES = [
    ("身份证号", "3505832004", "personal_column"),
    ("身份证件号码", "350583200408120014", "personal_column"),
    ("学号", "24301020112", "personal_column"),
    ("学 号", "24301020113", "personal_column"),
    ("考生号", "23350583150123", "personal_column"),
    ("准考证号", "202611280012", "personal_column"),
    ("工号", "20190017", "personal_column"),
    ("教工号", "T20190017", "personal_column"),
    ("手机", "1385001234", "personal_column"),
    ("手机号码", "138 5001 2345", "personal_column"),
    ("银行卡号", "6217001830004", "personal_column"),
    ("家庭住址", "洛江区万安", "personal_column"),
    ("家庭地址", "永春县", "personal_column"),
    ("户籍", "惠安", "personal_column"),
    ("户口所在地", "惠安县螺城", "personal_column"),
    ("困难类型", "建档立卡", "personal_column"),
    ("致困原因", "家庭成员患病", "personal_column"),
    ("困难等级", "特别困难", "personal_column"),
    ("是否残疾", "是", "personal_column"),
    ("出生日期", "2004-08-12", "personal_column"),
    ("出生年月", "2004年8月12日", "personal_column"),
    ("联系方式", "13850012345", "mobile"),
    ("备注", "13850012345", "mobile"),
]

_CLEAN = [
    "定于2026年11月28日（星期六）9:00—11:00在图书馆报告厅召开。",
    "咨询电话：0595-28030369，监督电话：0595-22001001转8001。",
    "联系电话：（0595）28581077；传真 0595 28581078",
    "24小时热线 400-138-0013，火警119，急救120。",
    "QQ群：738512346，会议号：138-5001-2345",
    "腾讯会议 ID：138 5001 2345",
    "统一社会信用代码：12350000MB0X12345K",
    "统一社会信用代码 913505831562789012",
    "项目编号：350583200408120014X",
    "项目编号：[350500]FJZB[GK]2026013",
    "合同编号 QZ-2026-13850012345",
    "中标金额：13850012345.00元",
    "预算 ¥13850012345 元",
    "发文字号 泉工职院〔2026〕138号",
    "索引号：13771-0307-2026-0001",
    "ISBN 978-7-111-64123-4，ISSN 1671-1234",
    "保证金1385.00万元，共13850人次",
    "学分 3.0，学时 48，课程代码 24301020",
    "本办法依据《中华人民共和国保守国家秘密法》制定。",
    "投标人应保护商业秘密，不得泄露工作秘密。",
    "采取无记名投票（秘密投票）方式。",
    "2026年普通高等学校招生全国统一考试期间，校园实行封闭管理。",
    "评审结果公示期为5个工作日，自2026年11月27日至12月3日。",
    "获奖名单：数控2401班 王小明、林小红；机电2402班 陈大文。",
    "王小明（学号末三位 112）获一等奖。",
    "身份证号只需填写末四位：0014",
    "报到时请携带身份证原件和录取通知书。",
    "请填写身份证号码、手机号码和家庭住址三栏后提交学院办公室。",
    "持学生证（学号）入馆。",
    "凭准考证号和密码登录系统查询。",
    "工号和初始密码由人事处发放。",
    "家庭住址发生变化的，请及时更新。",
    "出生日期以身份证为准。",
    "户籍所在地公安机关出具证明。",
    "1988年3月建校，2004年8月迁入新校区。",
    "学院2014年8月产生的费用由财务处核销。",
    "邮政编码 362000，地址：福建省泉州市洛江区万安街道",
    "学校地址：泉州市丰泽区城东街道通港东街",
    "办公邮箱：xxgk@qzvc.example.edu.cn",
    "网址 https://www.example.edu.cn/info/2026/13771-0307-2026-0001.html",
    "IP 地址 10.138.50.12，端口 8080",
    "身高 175.5 cm，体重 62 kg",
    "总分 385.00，名次 1385",
    "订单号 20261127138500123456",
    "快递单号：75138500123456",
    "条形码 6901234567892",
    "面积 13850.12 平方米，造价 1.38 亿元",
    "版本号 1.38.5001，型号 HP-13850",
    "附件：1.收费标准.pdf 2.名单.xlsx",
    "班级：24301班；宿舍：3 号楼 502 室",
    "请于12月1日前将材料报送办公室（行政楼201室）。",
    "公务用车使用规定：校车 3 辆，租车 12 次。",
    "涉密文件须按规定报保密办审查。",
    "会议内部讨论不对外。",
    "请勿外出，注意防台风。",
    "公示期间如有异议，请向纪检监察室反映。",
    "内部控制制度已汇编成册。",
    "税号与识别号 350583200408120014 以营业执照为准",
    "流水号 350583200408120014",
    "3505 8320 2611 2800 12 为资产编号之一",
    "校庆倒计时 138 5001 天",
    "2026-2027学年第一学期第13周课表",
    "《机密档案》读书分享会在图书馆举行。",
    "密码学与信息安全讲座",
    "2004年08月12日印发",
    "2026112720261128两日停课",
    "成绩：88、92.5、76，平均 85.5",
    "录取分数线 385 分，招生代码 3577",
    "困难学生认定工作按学期开展。",
    "残疾人就业保障金 138500.12 元",
    "手机请调至静音。",
    "电话会议改为线下召开。",
    "护照办理讲座：请带户口本复印件。",
    "卡号、账号请勿告诉他人，谨防诈骗。",
    "缴费请使用校园卡，卡面印有姓名。",
    "食堂 1 号窗口 11:00-13:00，2 号窗口 17:00-19:00",
    "客流量 6217 0018 3000 人次",
    "学习强国积分 4392258 分",
    "会员编号 A138500123456",
]
_CLEAN_TABLES = [
    table("序号|姓名|班级|奖项", "1|王小明|数控2401|一等奖", "2|林小红|机电2402|二等奖"),
    table("序号|姓名|学号", "1|王小明|", "2||"),
    table("姓名|学号（末三位）", "王小明|112"),
    table("姓名|学号", "王小明|243****112"),
    table("姓名|身份证号码", "王小明|350***********0014"),
    table("姓名|身份证号|手机|家庭住址", "|||", "|||"),
    table("姓名|手机", "王小明|138****2345"),
    table("部门|办公电话", "教务处|0595-28030369", "学生处|28030370"),
    table("部门|电话（手机）", "保卫处|0595-28030369"),
    table("项目|金额（万元）", "公务接待费|13.85", "合计|1385.00"),
    table("岗位代码|姓名|笔试成绩|面试成绩|总成绩", "20260101|陈大文|82.50|88.20|85.92"),
    table("收费项目|标准（元/学年）|文号", "学费|7800|闽价费〔2014〕385号"),
    table("供应商|统一社会信用代码", "某公司|913505831562789012"),
    table("专业代码|专业名称|计划数", "460103|数控技术|138", "460301|机电一体化技术|135"),
    table("日期|星期|内容", "2026-11-28|六|停电", "2026-11-29|日|恢复"),
    table("设备编号|名称|数量", "20261385001|工业机器人|12"),
    table("QQ群|用途", "738512346|新生咨询", "13851234678|家长联络"),
    table("出生日期|姓名", "|", "/|/"),
    table("困难类型|人数", "|", "无|0"),
    table("ISBN|书名", "9787111641234|机械制图"),
]


_SAID = [
    ("id_number", _ID_SENTENCES, IDS),
    ("mobile", _MOBILE_SENTENCES, MOBILES),
    ("bank_account", _CARD_SENTENCES, CARDS),
]


def cases() -> Iterator[Case]:
    """Yield all of them."""
    for rule, sentences, numbers in _SAID:
        for sentence, number in product(sentences, numbers):
            yield Case(f"<p>{sentence.format(number)}</p>", rule)
    for words, rule in _LEAKS:
        yield Case(f"<p>{words}</p>", rule)
    for heading, cell, rule in _LEAKING_TABLES:
        yield Case(table(f"姓名|{heading}|备注", f"王小明|{cell}|"), rule)
    yield from (Case(f"<p>{words}</p>") for words in _CLEAN)
    yield from map(Case, _CLEAN_TABLES)
