"""The English of the screens: how a template is cut, what is looked up and what is left alone, and a catalogue that is true."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from markupsafe import Markup

from web.blueprints import filters
from web.blueprints.edge import CountySessions
from web.blueprints.english import catalogue, choice, messages
from web.blueprints.english.environment import Bilingual
from web.blueprints.english.kept import SaidTag
from web.core.saying import PLACE, joined, mark, say, within

TAG = re.compile(r"</?\w+>")

ENGLISH = {
    "共 {rows} 人": "{rows} {rows:person|people} in all",
    "查找 {name}": "Find {name}",
    "{who}党员": "Members of {who}",
    "导出{what}": "Export {what}",
    "本县党员": "our members",
    "已停用": "Closed",
    "还有 {n} 天": "{n} {n:day|days} left",
    "由{who}办理": "To be handled by {who}",
    "支部书记": "branch secretary",
    "{label}由 <del>{was}</del> 改为 <ins>{now}</ins>": "{label} changed from <del>{was}</del> to <ins>{now}</ins>",
    "件": "cases",
    "{year}年": "{year}",
    "导入 {x} 行": "Import {x} rows",
    "查看": 'Show "all" & more',
    "和": "and",
    "查找": "Find",
    "log\x04查找": "looked",
}


@pytest.fixture
def english(monkeypatch):
    """english(source, **values): the template's text in English, with a small catalogue."""
    monkeypatch.setattr(catalogue, "texts", lambda: ENGLISH)
    app = Flask("web")
    app.jinja_environment = Bilingual
    filters.register(app)
    environment = app.jinja_env
    assert isinstance(environment, Bilingual)

    def render(source, **values):
        return environment.english.from_string("{% autoescape true %}" + source + "{% endautoescape %}").render(
            **values
        )

    return render


@pytest.mark.parametrize(
    ("source", "values", "shown"),
    [
        ("<p>共 {{ rows|length|n }} 人</p>", {"rows": [1]}, "<p>1 person in all</p>"),
        ("<p>\n  共 {{ rows|length|n }} 人\n</p>", {"rows": [1, 2]}, "<p>\n  2 people in all\n</p>"),
        # a place stays an expression: it is escaped as ever
        ('<a title="查找 {{ name }}">{{ name }}</a>', {"name": '"<b>'}, '<a title="Find &#34;&lt;b&gt;">&#34;&lt;b&gt;</a>'),
        # English is text, not markup, and cannot leave its attribute
        ('<a aria-label="查看">x</a>', {}, '<a aria-label="Show &#34;all&#34; &amp; more">x</a>'),
        # a word that would touch its neighbour stands apart
        ("<b>3</b>件<i>x</i>", {}, "<b>3</b> cases <i>x</i>"),
        ("{{ n }}{% if n %}件{% endif %}", {"n": 3}, "3 cases"),
        # signs without words, by rule
        ("<i>（{{ a }}，{{ b }}）</i>", {"a": 1, "b": 2}, "<i> (1, 2) </i>"),
        # words inside expressions, looked up where they are put out
        ("{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m('已停用') }}", {}, "<i>Closed</i>"),
        ("{{ '还有 ' ~ n ~ ' 天' }}", {"n": 1}, "1 day left"),
        ("{{ ['支部书记', name]|join('、') }}", {"name": "王示甲"}, "branch secretary, 王示甲"),
        # what people typed, and what machines read
        ('<input value="{{ x }}"><textarea>{{ x }}</textarea>', {"x": "已停用"}, '<input value="已停用"><textarea>已停用</textarea>'),
        ("<script>已停用</script>", {}, "<script>已停用</script>"),
        ("<p>{{ x }}</p>", {"x": "别的话"}, "<p>别的话</p>"),
        # a paper on the page
        ('<div lang="zh-Hans"><div>已停用</div>已停用{{ x }}</div>已停用', {"x": "已停用"}, '<div lang="zh-Hans"><div>已停用</div>已停用已停用</div>Closed'),
        # sentences made in code
        ("{{ x }}", {"x": say("由{who}办理", who="支部书记")}, "To be handled by branch secretary"),
        ("{{ x }}", {"x": joined("，", ["已停用", say("还有 {n} 天", n=3)])}, "Closed, 3 days left"),
        ("{{ x }}", {"x": mark("{label}由 <del>{was}</del> 改为 <ins>{now}</ins>", label="<", was="件", now="b")}, "&lt; changed from <del>cases</del> to <ins>b</ins>"),
        # a word of ours begins small in the midst of a sentence, in templates as in code; what people typed does not
        ("<p>由{{ who }}办理</p>", {"who": "已停用"}, "<p>To be handled by closed</p>"),
        ("{{ x }}", {"x": say("由{who}办理", who="已停用")}, "To be handled by closed"),
        ("<p>由{{ who }}办理</p>", {"who": "Smith"}, "<p>To be handled by Smith</p>"),
        # one word in two contexts; one without a word of its own there is the ordinary one
        ("{{ x.a }}, {{ x.b }}", {"x": within("log", {"a": "查找", "b": "已停用"})}, "looked, Closed"),
        ("{{ x }}", {"x": say("{did}，{what}", did=say(within("log", {"a": "查找"})["a"]), what="查找")}, "looked, find"),
        ("{{ x }}", {"x": Markup("<b>已停用</b>")}, "<b>已停用</b>"),
        ("{{ x.name }}", {"x": {"name": "已停用"}}, "已停用"),
        ("{{ x|striptags }}", {"x": say("由{who}办理", who="支部书记")}, "To be handled by branch secretary"),
        # parts beside each other, with a space where two words would touch; a sum is one number
        ("{{ x ~ y }}", {"x": "支部书记", "y": say("还有 {n} 天", n=3)}, "branch secretary 3 days left"),
        ("{{ x|day ~ ' ' ~ y }}", {"x": date(2001, 3, 4), "y": "查看"}, "4 Mar 2001 Show &#34;all&#34; &amp; more"),
        ("{{ '导入 ' ~ (n + 1) ~ ' 行' }}", {"n": 2}, "Import 3 rows"),
        ("{{ x|day }}", {"x": date(2001, 3, 4)}, "4 Mar 2001"),
    ],
)  # fmt: skip
def test_a_template_in_english(english, source, values, shown):
    assert english(source, **values) == shown


def test_a_sentence_is_the_chinese_one_and_outlives_the_session():
    said = say("还有 {n} 天", n=say("{n}", n=2))
    assert said == "还有 2 天"
    serializer = CountySessions.serializer
    back = serializer.loads(
        serializer.dumps({"_flashes": [("message", said), ("message", {"words": said, "undo": "/"})]})
    )
    for one in (back["_flashes"][0][1], back["_flashes"][1][1]["words"]):
        assert one == said
        assert SaidTag(serializer).check(one)
        assert (one.template, dict(one.values)) == ("还有 {n} 天", {"n": "2"})


def test_english_is_offered_and_its_catalogue_is_whole(application):
    assert choice.ENGLISH in choice.LANGUAGES
    kept = {catalogue.key(m): m.string for m in messages.read() if m.id}
    found = messages.all_messages(application.jinja_env)
    assert sorted(found.keys() ^ kept.keys()) == [], "flask words brings the catalogue up to date"
    assert sorted(text for text, said in kept.items() if not said) == []


TERMS = {"共管共育", "风筝线"}
"""What stays Chinese in an English sentence: the name of the thing, and ours."""


def test_english_of_the_catalogue_is_english():
    """Every place stands in the English and no other, tags stay, no Chinese word or sign is left."""
    kept = {catalogue.key(m): str(m.string) for m in messages.read() if m.id and m.string}
    assert len(kept) > 4000
    for text, said in kept.items():
        assert {at[1] for at in PLACE.finditer(text)} == {at[1] for at in PLACE.finditer(said)}, text
        assert sorted(TAG.findall(text)) == sorted(TAG.findall(said)), text
        rest = re.sub("|".join(TERMS), "", said)
        assert not re.search(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]", rest), (text, said)


def test_a_sentence_that_was_stored_is_found_again(monkeypatch):
    monkeypatch.setattr(catalogue, "texts", lambda: ENGLISH)
    for cached in (catalogue._sentences, catalogue.recalled):
        cached.cache_clear()
    try:
        assert catalogue.recalled("查找 张示例") == "Find 张示例"
        assert catalogue.recalled("导出本县党员") == "Export our members"  # the one that begins with its own words
        assert catalogue.recalled("还有 1 天") == "1 day left"
        assert catalogue.recalled("由支部书记办理") == "To be handled by branch secretary"
        assert catalogue.recalled("导出2026年") == "Export 2026"  # one word with numbers alone
        assert catalogue.recalled("猴年") == "猴年"
        assert catalogue.recalled("别的话") == "别的话"
    finally:
        for cached in (catalogue._sentences, catalogue.recalled):
            cached.cache_clear()
