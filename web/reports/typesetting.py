"""Filters that set Chinese text: punctuation, numbers with their units, dates, keys, the QR code.

Every filter that makes markup escapes what it is given first.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import segno
from markupsafe import Markup, escape

BEIJING = ZoneInfo("Asia/Shanghai")

CLOSING, OPENING = "）〕】》〉」』”’。，、；：！？", "（〔【《〈「『“‘"
_PAIR = re.compile(rf"[{CLOSING}](?=[{CLOSING}{OPENING}])|(?<=[{OPENING}])[{OPENING}]")
_TAG = re.compile(r"(<[^>]*>)")
_PLAIN_START = re.compile(r"<(?:title|style|svg|code)\b")
_PLAIN_END = re.compile(r"</(?:title|style|svg|code)\b")

_UNITS = "个百分点|个工作日|个小时|个月|小时|分钟|工作日|亿元|万元|人次|学时|周岁"
# A date, an identifier, or a number with the unit behind it; none of them may be torn at a line's end.
_UNBROKEN = re.compile(
    rf"第?\d+年(?:\d+月)?(?:\d+日)?|\d+月\d+日|[A-Z]{{1,4}}-[0-9A-Z-]{{2,20}}|第?\d[\d.,]*(?:%|{_UNITS}|[\u4e00-\u9fff])?"
)


def squeeze(html: str) -> Markup:
    """Half width for the first closing or the second opening mark of a pair. Takes finished markup.

    The fonts have `halt` but no `chws`, so the pair is found here and the mark wrapped.
    """
    out: list[str] = []
    plain = 0
    for part in _TAG.split(str(html)):
        if part.startswith("<"):
            plain += bool(_PLAIN_START.match(part)) - bool(_PLAIN_END.match(part))
        elif not plain:
            part = _PAIR.sub(r'<span class="h">\g<0></span>', part)
        out.append(part)
    return Markup("".join(out))  # noqa: S704 -- the same markup with spans of our own


def nobreak(text: object) -> Markup:
    """Escaped text in which numbers stay with their units and dates stay whole (`.n`)."""
    source, done, end = str(text), Markup(), 0
    for found in _UNBROKEN.finditer(source):
        done += escape(source[end : found.start()]) + Markup('<span class="n">{}</span>').format(found[0])
        end = found.end()
    return done + escape(source[end:])


def on(day: dt.date) -> Markup:
    """2026年1月1日."""
    return Markup('<time datetime="{}">{}年{}月{}日</time>').format(day.isoformat(), day.year, day.month, day.day)


def at(moment: dt.datetime, form: str = "%Y-%m-%d %H:%M:%S") -> Markup:
    """Beijing time in the given form. ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("naive time")
    local = moment.astimezone(BEIJING)
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), local.strftime(form))


def groups(hexadecimal: str) -> Markup:
    """A fingerprint to be read aloud: 16 groups of 4 on two lines."""
    text = hexadecimal.upper()
    fours = [text[start : start + 4] for start in range(0, len(text), 4)]
    return lines(" ".join(fours[:8]), " ".join(fours[8:]))


def halves(text: str, width: int) -> Markup:
    """A long key or digest cut every `width` characters."""
    return lines(*(text[start : start + width] for start in range(0, len(text), width)))


def lines(*parts: str) -> Markup:
    """Key material, one line a part, never broken elsewhere."""
    return Markup("<br>").join(Markup('<span class="fp">{}</span>').format(part) for part in parts if part)


def qr(link: str) -> Markup:
    """The link as an inline picture, with a quiet zone of four modules and a title for readers."""
    code = segno.make_qr(link, error="m")
    drawn = code.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None, title="核验二维码")
    return Markup(drawn)  # noqa: S704 -- paths only: the link is drawn, not quoted
