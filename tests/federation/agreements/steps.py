"""Steps of the tests of agreements."""

from __future__ import annotations

import copy

from web.core import fence
from web.federation.agreements import service


def state_of(side, id_):
    with side.act():
        agreement = service.get(id_)
        version = service.current(agreement)
        return agreement.state, version.state, agreement.n, agreement.head, agreement.stopped, agreement.pending


def say(side, work, verb, *args, **more):
    with side.act():
        getattr(service, verb)(*args, **more)
        fence.commit()
    work()


def changed_text(side, id_, no=7, words="介绍信有效期一般四十五天。"):
    with side.act():
        text = copy.deepcopy(service.current(service.get(id_)).text)
    text["clauses"][no - 1]["paragraphs"] = [words] if words else []
    return text
