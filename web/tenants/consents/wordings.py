"""The words of the county's notice, version by version: what a member was shown can be read again years later.

The first version is the program's own, written out of the registry of fields the first time it is used and kept from
then on; a county changes it by putting a new version into use. A stored version never changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from web.core import clock, events
from web.core.errors import Invalid
from web.core.scopes import BASES, OFF, SCOPES, DataScope
from web.extensions import db
from web.tenants.consents.models import NoticeText
from web.tenants.counties import service as counties

SHOWN: tuple[DataScope, ...] = tuple(s for s in SCOPES.values() if s.basis != "agreement" and s.scope not in OFF)
"""The scopes a member is told of or asked about."""
_PLACES = ("{county}", "{partner}")
LONGEST = 2000


def default(scope: DataScope) -> str:
    """The program's own text: who, what, what for, how, until when, rights; for sensitive values need and impact too."""
    parts = [
        "{county}党委组织部门将向{partner}党委组织部门提供您的：" + scope.words + "。",
        f"用途：{scope.purpose}。依据：{BASES[scope.basis]}。方式：逐项加密、只有对方能打开的电子信函，对方每次查看都有记录。",
        f"期限：{scope.until}。",
    ]
    if scope.is_sensitive:
        parts.append(
            "其中有敏感个人信息，只在上述用途必需时提供；不提供不影响党籍和组织生活，只是对方不能据此与您联系或办理。"
        )
    parts.append(
        "您可以随时查阅、复制、更正，也可以撤回；撤回后立即停止提供，对方二十四小时内销毁，不影响您的党员权利。"
    )
    return "\n".join(parts)


def in_use() -> NoticeText:
    """The version in use now; the first is written down when it is first needed."""
    found = of_version(counties.settings().notice_version)
    if found is None:
        # Two may need it at once: the county's row is the lock, and who waited for it looks again.
        version = counties.settings(lock=True).notice_version
        found = of_version(version)
    if found is None:
        found = NoticeText(version=version, texts={s.scope: default(s) for s in SHOWN}, used_from=clock.today())
        db.session.add(found)
        db.session.flush()
    return found


def of_version(version: int) -> NoticeText | None:
    """The texts of a version, None when nobody was ever shown it."""
    return db.session.scalars(db.select(NoticeText).where(NoticeText.version == version)).first()


def every() -> list[NoticeText]:
    """All versions, the newest first."""
    return list(db.session.scalars(db.select(NoticeText).order_by(NoticeText.version.desc())))


def renew(texts: Mapping[str, str]) -> NoticeText:
    """Put a new version into use from today. Invalid, scope → code: empty, too long, unchanged, or without {partner}."""
    before = in_use().texts
    given = {s.scope: texts.get(s.scope, "").strip().replace("\r\n", "\n") for s in SHOWN}
    wrong: dict[str, object] = {}
    for scope, text in given.items():
        if not text:
            wrong[scope] = "required"
        elif len(text) > LONGEST:
            wrong[scope] = "too_long"
        elif any(place not in text for place in _PLACES):
            wrong[scope] = "places_missing"
    if not wrong and given == before:
        wrong[""] = "notice_unchanged"
    if wrong:
        raise Invalid(wrong)
    row = NoticeText(version=counties.renew_notice(), texts=given, used_from=clock.today())
    db.session.add(row)
    events.record("notice_text.renew", row, details={"scopes": [s for s in given if given[s] != before.get(s)]})
    db.session.flush()
    return row


def shown(text: str, county: str, partner: str) -> list[str]:
    """The paragraphs with the names filled in, as a member reads them."""
    return text.replace("{county}", county).replace("{partner}", partner).split("\n")
