"""Summaries: whole sentences, nothing that only leads in."""

from __future__ import annotations

from publisher.documents.summary import MAX_SUMMARY, suggest


def of(*lines: str) -> str:
    return suggest("".join(f"<p>{line}</p>" for line in lines))


def test_salutation_lead_in_and_headings_are_passed_over() -> None:
    assert of("各部门：", "现通知如下：", "一、时间", "（一）周六上午停水。") == "周六上午停水。"


def test_a_heading_that_runs_on_is_passed_over() -> None:
    assert of("一、停课安排。9月8日全校停课。") == "9月8日全校停课。"


def test_a_line_of_fact_counts_as_a_sentence() -> None:
    assert (
        of("时间：11月25日14:30", "地点：图书馆报告厅")
        == "时间：11月25日14:30。地点：图书馆报告厅。"
    )


def test_contacts_asides_and_form_lines_are_no_summary() -> None:
    assert of("（海报：宣传部）", "联系人：谢老师", "附件：登记表", "（此件主动公开）") == ""


def test_it_takes_whole_sentences_up_to_the_limit() -> None:
    first, second = "甲" * 59 + "。", "乙" * 39 + "。"

    assert of(first + second) == first + second
    assert len(first + second) == MAX_SUMMARY
    assert of(first + "乙" + second) == first


def test_a_sentence_that_is_too_long_gives_way_to_the_next() -> None:
    assert of("甲" * 100 + "。周六停水。") == "周六停水。"
    assert of("甲" * 100 + "。") == ""


def test_words_of_a_table_are_no_summary() -> None:
    assert suggest("<table><tr><td>表内句子。</td></tr></table><p>周六停水。</p>") == "周六停水。"
