"""Every part says in HTML what it says in colour, keeps what was typed, and escapes what it is given."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests.blueprints import sheet


@pytest.fixture(scope="module")
def app():
    return sheet.build()


@pytest.fixture
def show(app):
    """show(source, **values) renders one expression with the parts imported as p."""

    def render(source: str, address: str = "/330110/list", **values: object) -> str:
        with app.test_request_context(address):
            template = app.jinja_env.from_string('{% import "parts.html" as p %}' + source)
            return re.sub(r"\s*\n\s*", "\n", template.render(**values)).strip()

    return render


def test_a_state_has_a_shape_and_words(show):
    assert show('{{ p.chip("now", "待<接收>") }}') == (
        '<span class="chip now"><i class="k now" aria-hidden="true"></i><span>待&lt;接收&gt;</span></span>'
    )


def test_the_line_says_where_we_stand_also_to_those_who_hear_it(show):
    steps: list[dict[str, Any]] = [
        {"state": "done", "title": "申请", "lines": ["11-09"]},
        {"state": "theirs", "title": "同意"},
        {"state": "now", "title": "接收"},
        {"state": "todo", "title": "办结"},
    ]
    line = show("{{ p.line(steps) }}", steps=steps)
    assert line.count('aria-current="step"') == 1
    assert '<li class="theirs" aria-current="step">' in line
    assert [
        re.search(rf"{title}<span class=\"sr\">（(.+?)）", line)[1] for title in ("申请", "同意", "接收", "办结")
    ] == ["已办", "等对方", "轮到您", "未到"]
    steps[3]["is_here"] = True
    assert (
        show("{{ p.line(steps) }}", steps=[{**step, "is_here": step.get("is_here", False)} for step in steps]).count(
            "aria-current"
        )
        == 1
    )
    assert "<b>1,231</b>办结" in show(
        "{{ p.line(steps, counts=true) }}", steps=[{"state": "sealed", "count": 1231, "title": "办结"}]
    )


@pytest.mark.parametrize(
    ("left", "long", "short"),
    [
        (14, "<span>剩余 14 个工作日</span>", "<span>14</span>"),
        (0, '<span class="now-t">今日到期</span>', '<span class="now-t">今日</span>'),
        (-2, '<span class="now-t">超 2 个工作日</span>', '<span class="now-t">超 2</span>'),
        (None, '<span class="none">无期限</span>', '<span class="none">无</span>'),
    ],
)
def test_deadlines(show, left, long, short):
    for source, words in (("{{ p.deadline(left) }}", long), ("{{ p.deadline(left, short=true) }}", short)):
        shown = show(source, left=left)
        assert re.sub(r' title="[^"]*"', "", shown) == words
        assert left is None or 'title="按国务院办公厅放假安排' in shown, "which calendar it was counted by"


def test_a_button_that_cannot_be_used_says_why_and_leads_nowhere(show):
    html = show('{{ p.act("印签", "/seal", "now", why="等松阳印签；由罗试甲批准") }}')
    described = re.search(r'aria-describedby="([^"]+)"', html)[1]
    assert 'aria-disabled="true"' in html
    assert 'type="button"' in html
    assert "/seal" not in html
    assert "is-now" not in html
    assert f'<span class="hint" id="{described}">等松阳印签；由罗试甲批准</span>' in html
    assert (
        show('{{ p.act("登记", "/new", key="n") }}') == '<a class="btn" href="/new" data-key="n">登记 <kbd>N</kbd></a>'
    )


def test_a_verb_is_a_form_with_its_token(show):
    html = show('{{ p.post("撤回", "/recall", fields={"version": 3}) }}')
    assert '<form class="inline" method="post" action="/recall"><input type="hidden" name="csrf_token" value="' in html
    assert '<input type="hidden" name="version" value="3">' in html


def test_a_refused_field_keeps_its_value_and_ties_its_error(show):
    html = show(
        '{{ p.field("id_no", "身份证号", value=v, hint="18 位", error=["末位不对", "请对照证件"], maxlength=18, attrs={"autocomplete": "off"}) }}',
        v='99"><b>',
    )
    assert 'value="99&#34;&gt;&lt;b&gt;"' in html
    assert 'aria-invalid="true" aria-describedby="f-id_no-e f-id_no-h"' in html
    assert '<p class="err" id="f-id_no-e">末位不对；请对照证件</p>' in html
    assert 'maxlength="18"' in html
    assert 'autocomplete="off"' in html
    assert '<label for="f-id_no">' in html


def test_each_kind_of_field(show):
    select = show(
        '{{ p.field("b", "支部", "select", options=[(1, "一支部"), (2, "二支部")], value="2", blank="不修改") }}'
    )
    assert (
        '<option value="">不修改</option><option value="1">一支部</option><option value="2" selected>二支部</option>'
        in select
    )
    area = show('{{ p.field("w", "事由", "textarea", value="\n第一行") }}')
    assert ">\n\n第一行</textarea>" in area or ">\n第一行</textarea>" in area
    assert "秘密" not in show('{{ p.field("s", "口令", "password", value="秘密") }}')
    assert 'type="date" value="2026-03-01"' in show('{{ p.field("d", "日期", "date", value="2026-03-01") }}')
    assert 'value=""' in show('{{ p.field("d", "日期", value=none) }}')
    radio = show('{{ p.choices("r", "原因", [("work", "务工"), ("trade", "经商")], value="trade", error="请选一项") }}')
    assert radio.count("checked") == 1
    assert 'value="trade" checked' in radio
    assert '<fieldset class="field bad" id="f-r"' in radio
    many = show(
        '{{ p.choices("s", "范围", [("S2", "报到"), ("S6", "状态"), ("S7", "服务")], value=["S2", "S7"], many=true) }}'
    )
    assert many.count(" checked") == 2
    assert 'type="checkbox"' in many
    assert 'name="told" value="1" checked' in show('{{ p.tick("told", "已告知", true) }}')


def test_the_summary_leads_to_each_field(show):
    html = show(
        "{{ p.error_summary(errors, {'id_no': '身份证号'}) }}", errors={"id_no": "末位不对", "": ["两处冲突", "请核对"]}
    )
    assert "有 2 处要改" in html
    assert '<a href="#f-id_no">身份证号：末位不对</a>' in html
    assert "<li>两处冲突；请核对</li>" in html
    assert show("{{ p.error_summary({}) }}") == ""


def test_sort_links_turn_round_and_begin_again_at_the_first_page(show):
    first = show('{{ p.th("姓名", "name") }}', "/330110/list?state=a&after=x")
    assert 'href="/330110/list?state=a&amp;sort=name"' in first
    assert "aria-sort" not in first
    up = show('{{ p.th("姓名", "name") }}', "/330110/list?sort=name")
    assert 'aria-sort="ascending"' in up
    assert "sort=-name" in up
    down = show('{{ p.th("姓名", "name", num=true, cls="minor") }}', "/330110/list?sort=-name")
    assert 'class="num minor" aria-sort="descending"' in down
    assert 'href="/330110/list?sort=name"' in down


def test_the_pager_keeps_the_filter(show):
    html = show('{{ p.pager(50, 1234, none, "c2", "人") }}', "/330110/list?state=a&before=c0")
    assert "本页 50 人，共 1,234 人" in html
    assert 'href="/330110/list?state=a&amp;after=c2" rel="next"' in html
    assert "<span>上一页</span>" in html


def test_filters_are_links_off_and_a_form_on(show):
    conditions = [{"label": "状态", "how": "不是", "what": "已返乡", "off": "/330110/list?home=1"}]
    fields = [
        {"name": "home", "label": "流出地", "choices": [("340828", "岳西县")], "can_be_empty": True},
        {"name": "left_after", "label": "流出不早于", "choices": None, "type": "date"},
    ]
    html = show(
        "{{ p.filters(conditions, fields, query='张', clear='/330110/list') }}",
        "/330110/list?home=1&after=x",
        conditions=conditions,
        fields=fields,
    )
    assert '<a href="/330110/list?home=1" aria-label="去掉条件：状态 不是 已返乡">×</a>' in html
    assert (
        '<optgroup label="流出地"><option value="home:340828">岳西县</option><option value="home:">（为空）</option></optgroup>'
        in html
    )
    assert 'type="date" name="left_after"' in html
    assert html.count('<input type="hidden" name="home" value="1">') == 2
    assert 'name="after"' not in html
    assert 'name="q" value="张"' in html
    assert 'method="post"' not in html


def test_all_that_match_is_a_second_step_and_carries_the_query(show):
    html = show('{{ p.bulk(1234, [("编入支部", "/assign")], 50) }}', "/330110/list?state=a&q=%E5%BC%A0")
    assert '<input type="checkbox" name="all_matching" value="1" data-pick-matching> 选择全部 1,234 条' in html
    assert '<input type="hidden" name="query" value="state=a&amp;q=%E5%BC%A0">' in html
    assert '<button class="btn" formaction="/assign">编入支部</button>' in html
    assert "all_matching" not in show("{{ p.bulk(3, [], 3) }}")
    assert 'name="id" value="7" data-pick aria-label="选择李例乙"' in show('{{ p.pick(7, "李例乙") }}')


def test_a_queue_counts_and_leads_in_two_steps(show):
    item = {
        "title": "李例乙",
        "url": "/h/1",
        "words": "岳西 → 余杭",
        "left": 0,
        "act": "接收",
        "act_url": "/h/1/accept",
    }
    queue = SimpleNamespace(title="待接收", says="等我方", url="/q", count=1, is_now=True, items=[item])
    html = show("{{ p.queue(q) }}", q=queue)
    assert 'class="n now" href="/q" aria-label="待接收 1 件">1</a>' in html
    assert '<a href="/h/1/accept" aria-label="接收：李例乙">接收</a>' in html
    assert "今日到期" in html


def test_states_of_a_view(show):
    assert '<a class="btn" href="/x">看应转未转</a>' in show(
        '{{ p.empty("没有", "会出现在这里", "看应转未转", "/x") }}'
    )
    refused = show(
        '{{ p.refused("您不能批准", "经办人不能批准自己提交的", ["罗试甲（分管领导）", ("孟演乙", "/p/2")]) }}'
    )
    assert '经办人不能批准自己提交的。可办的人：罗试甲（分管领导）、<a href="/p/2">孟演乙</a>。' in refused
    conflict = show(
        '{{ p.conflict("街道", "仓前", "五常", "林试辛", "09:38", keep="/k", fields={"version": 4}, theirs_url="/t") }}'
    )
    assert "您填 <ins>仓前</ins>，林试辛 09:38 填 <ins>五常</ins>" in conflict
    assert 'action="/k"' in conflict
    assert 'name="version" value="4"' in conflict
    assert 'name="csrf_token"' in conflict
    assert "<div>更多</div>" in show('{% call p.note("标题", "sealed") %}更多{% endcall %}')


def test_whose_turn(show):
    mine = show('{% call p.turn("ours", "轮到我方", "已等 2 天", "剩余 3 个") %}<a>办</a>{% endcall %}')
    assert 'class="turn mine"' in mine
    assert "已等 2 天，剩余 3 个" in mine
    assert '<div class="end"><a>办</a></div>' in mine
    assert 'class="turn"' in show('{{ p.turn("theirs", "轮到松阳县") }}')


def test_the_seam_says_same_different_or_only_one_side(show):
    rows = [
        {
            "label": "党费",
            "ours": "2026-10",
            "theirs": "2026-10",
            "is_same": True,
            "proof": "回执",
            "more": ["2026-10"],
        },
        {
            "label": "支部",
            "ours": "二支部",
            "theirs": "一支部",
            "is_same": False,
            "is_ours_to_move": True,
            "proof": "未送出",
            "act": "送出",
            "act_url": "/s",
            "more": [None],
        },
        {"label": "年审", "ours": None, "theirs": "合格", "is_same": None, "missing": "未同意", "more": ["合格"]},
    ]
    html = show("{{ p.seam(rows, '余杭区', '岳西县', more=['松阳县']) }}", rows=rows)
    assert re.findall(r'<span class="sr">(一致|不一致|只有一方)</span>', html) == ["一致", "不一致", "只有一方"]
    assert '<span class="now-t">未送出</span>　<a href="/s">送出</a>' in html
    assert '<span class="none">未同意</span>' in html
    assert '<span class="none">未共享</span>' in html
    assert [len(re.findall(r"<t[hd]\b", row)) for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)] == [6, 6, 6, 6]


def test_a_job_is_asked_for_while_it_runs_and_then_no_more(show):
    job = {
        "title": "导入",
        "state": "running",
        "done": 31208,
        "total": 50000,
        "left": "约剩 22 秒",
        "url": "/jobs/1",
        "cancel_url": "/jobs/1/cancel",
    }
    running = show("{{ p.progress(job) }}", job=job)
    assert 'hx-get="/jobs/1" hx-trigger="every 2s" hx-swap="outerHTML"' in running
    assert '<progress class="prog" value="31208" max="50000"' in running
    assert "31,208 / 50,000 行，约剩 22 秒，可离开再回来" in running
    assert 'action="/jobs/1/cancel"' in running
    assert ">刷新</a>" in running
    done = show("{{ p.progress(job) }}", job={**job, "state": "done", "result_url": "/jobs/1/file"})
    assert "hx-" not in done
    assert "cancel" not in done
    assert 'href="/jobs/1/file"' in done
    failed = show("{{ p.progress(job) }}", job={**job, "state": "failed", "errors_url": "/e", "retry_url": "/r"})
    assert "没有办成" in failed
    assert 'action="/r"' in failed
    assert "hx-" not in failed


def test_a_toast_undoes_by_a_form(show):
    html = show("{{ p.toast({'words': '已编入', 'undo': '/u', 'fields': {'event': 9}}) }}")
    assert 'action="/u"' in html
    assert 'name="event" value="9"' in html
    assert 'data-toast="10"' in html
    plain = show("{{ p.toast('<已存>') }}")
    assert "&lt;已存&gt;" in plain
    assert "<form" not in plain


def test_masks_show_what_they_were_given_and_nothing_more(show):
    assert show("{{ p.mask('154****0123') }}") == '<span class="mask">154<i>****</i>0123</span>'
    assert 'href="/r" data-dialog' in show("{{ p.mask('154****0123', '/r') }}")
    assert "未填" in show("{{ p.mask(none) }}")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 413, 422, 429, 500, 503, 418])
def test_every_refusal_says_what_and_what_next(app, status):
    for layout in ("bare.html", "shell.html"):
        answer = app.test_client().get(f"/wrong/{status}?layout={layout}")
        assert answer.status_code == status
        assert ("从菜单" in answer.text) == (status == 404 and layout == "shell.html"), "only where there is one"
        assert re.search(r"<h1>[^<]+</h1>", answer.text)
        assert re.search(r">现在不能这样办</p>", answer.text), (
            "what it says is a paragraph of its own: no full stop is added"
        )
        assert "罗试甲" in answer.text
        assert ("主导航" in answer.text) is (layout == "shell.html")


def test_the_shell_says_where_and_who(app):
    page = app.test_client().get("/parts").text
    assert "<title>部件 — 风筝线</title>" in page
    assert "演示数据，人员均为虚构" in page
    assert "余杭区委组织部" in page
    assert '<a href="/parts" aria-current="page">关系转接 <b>1,024</b></a>' in page
    assert '待办 <b class="now">23</b>' in page
    assert '<a href="/parts">半年报告</a>' in page
    assert 'hx-headers=\'{"X-CSRFToken": "' in page
    assert '"allowEval":false' in page
    bare = app.test_client().get("/parts?bare=1").text
    assert "主导航" not in bare
    assert "hx-headers" not in bare
    assert page.count("is-now") == 1


def test_ids_are_one_of_a_kind(app):
    page = app.test_client().get("/parts").text
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    for target in re.findall(r'(?:aria-describedby|aria-labelledby|for)="([^"]+)"', page):
        assert set(target.split()) <= set(ids), target


@pytest.mark.parametrize(("demos", "status"), [([True, True], 200), ([True, False], 404), ([], 404)])
def test_the_sheet_is_absent_where_a_county_is_real(app, monkeypatch, demos, status):
    monkeypatch.setattr(
        "web.tenants.counties.service.every", lambda: [SimpleNamespace(is_demo=is_demo) for is_demo in demos]
    )
    app.config.update(TESTING=False)
    try:
        assert app.test_client().get("/parts").status_code == status
    finally:
        app.config.update(TESTING=True)
