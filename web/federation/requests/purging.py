"""What a request that was done holds, destroyed at both counties by a word of either: the member withdrew his yes to it (S7),
or what the answer rests on ended (S6: the notice, or the flow). That it was asked, and that and when it was done, stays.

Whoever says it has destroyed its own copy in that transaction; the other's receipt is signed in the one that destroys there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta

import structlog
from sqlalchemy import ColumnElement

from web.core import clock, events, fence
from web.extensions import db
from web.federation import verbs
from web.federation.pairs import Said
from web.federation.post import service as post
from web.federation.post.models import StoredDisclosure
from web.federation.requests.models import DONE, OPEN, Request
from web.federation.wire.codes import WireError
from web.tenants.consents.service import PER_REQUEST, stands
from web.tenants.documents import scans

log = structlog.get_logger(__name__)


def holds(request: Request) -> bool:
    """Was it done, and is its content still here?"""
    return request.state in DONE and request.wrapped is not None


def held(*where: ColumnElement[bool]) -> list[Request]:
    """Those that `holds`, locked."""
    query = db.select(Request).where(Request.state.in_(DONE), Request.wrapped.is_not(None), *where)
    return list(db.session.scalars(query.order_by(Request.id).with_for_update()))


def rests_on(scopes: Collection[str], part: str) -> Callable[[Request], bool]:
    """Does what its kind asks or answers (`part`) cross under one of these scopes? Not S7: that is each request's own yes."""
    wanted = set(scopes) - PER_REQUEST
    return lambda request: any(it.scope in wanted for it in getattr(request.of_kind, part))


def purge(request: Request, reason: str) -> None:
    """Destroy its content here, and have the other county do so. `reason`: a word of `messages.REQUEST_PURGED`."""
    if request.stopped or request.pending:
        # No word of ours goes now; our own copy does not wait for a person.
        log.warning("request.stopped", request=str(request.id), wanted="purge")
        events.record("request.purge", request, reason=reason)
        request.reason = reason
        destroy(request)
        return
    verbs.say(verbs.KINDS["request"], request, "purge", {"reason": reason}, reason=reason)


def forget(before: date, limit: int = 200) -> int:
    """Destroy our own copy of what was done, or came to nothing, on that day or earlier, with the words beside it, and say
    nothing to the other; returns how many.
    """
    came_to_nothing = Request.state.not_in((*OPEN, *DONE)) & (
        Request.state_at < clock.midnight(before + timedelta(days=1))
    )
    is_old = (Request.done_on <= before) | came_to_nothing
    # The asked county keeps nothing of what came to nothing but the words it was answered with.
    is_here = Request.wrapped.is_not(None) | Request.words.is_not(None)
    query = db.select(Request).where(is_old, is_here).order_by(Request.id)
    found = db.session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()
    for request in found:
        events.record("request.forget", request)
        destroy(request)
    return len(found)


def destroy(request: Request) -> None:
    """Its key, every disclosure, what the row holds and what another county's member signed for it, in this transaction."""
    request.wrapped = request.words = None
    db.session.flush()
    post.purge(request.id)
    scans.destroy(request.id)


def unsay(request: Request) -> None:
    """What it asked with goes at the asker too: the member's yes to it ended before it was done. The words of taking it back
    are still on their way.
    """
    post.forget(request.id, [f"/{request.kind}/{it.name}" for it in request.of_kind.asks])


@events.subscribe(post.Forgotten)
def _take_out(what: post.Forgotten) -> None:
    """Of a request it is all that was asked with, also in a backup that was put back: the working copy goes too."""
    request = db.session.get(Request, (fence.tenant(), what.about_id))
    if request is not None:
        request.wrapped = None
        db.session.flush()
        scans.destroy(request.id)


def check(request: Request, said: Said) -> None:
    """The asked county's word ends what it answered, never what was asked of it."""
    if said.role == "asked" and not request.of_kind.answers:
        raise WireError("illegal_transition", verb=said.verb)


def suggested(request: Request, said: Said) -> None:
    """The asked county's own copy goes at once, before the asker has numbered it."""
    destroy(request)


def purged(request: Request, said: Said) -> None:
    """Here and there alike."""
    request.reason = said.body["reason"]
    destroy(request)


def dropped(request: Request, code: str) -> None:
    """The asker rated it while our word was on its way: said again, about the decision that is here now."""
    if code == "overtaken":
        insist(request)


def insist(request: Request) -> None:
    """As the asked county, say again what a decision of the asker's crossed."""
    if request.role == "asked" and request.wrapped is None and not (request.reason or request.pending):
        purge(request, "notice_withdrawn")


def late(request: Request) -> None:
    """What we answered was sealed under a notice that ended before the asker had it: it goes, now that it is done."""
    if request.role != "asked" or request.member_id is None:
        return
    ended = {
        it.scope
        for it in request.of_kind.answers
        if it.scope and not stands(request.member_id, request.partner_uid, it.scope, request.id)
    }
    crossed = db.select(StoredDisclosure.id).where(
        StoredDisclosure.about_id == request.id,
        StoredDisclosure.scope.in_(ended),
        StoredDisclosure.is_withheld.is_(False),
        StoredDisclosure.wrapped.is_not(None),
    )
    if ended and db.session.scalar(crossed.limit(1)) is not None:
        purge(request, "notice_withdrawn")
