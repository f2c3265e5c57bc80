"""A text kept for the next agreement: parties and days taken out and put in again; a county's own."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from tests import world
from web.core import clock, fence
from web.core.errors import Invalid, NotFound
from web.core.scopes import GRANTABLE
from web.federation.agreements import clauses, service, templates, texts
from web.federation.agreements.models import VersionState


def test_saved_from_an_agreement_changed_and_begun_with_other_parties(agreed):
    hub, id_ = agreed.host, agreed.ref.id
    third = world.third(agreed)
    starts, ends = clock.today() + timedelta(days=10), clock.today() + timedelta(days=375)
    with hub.act():
        kept = templates.save(id_, "常用协议")
        first, last = kept.text["clauses"][0]["paragraphs"][0], kept.text["clauses"][15]["paragraphs"][0]
        assert f"《{clauses.TITLE}》" in first and clauses.FROM in last and clauses.TO in last
        assert (kept.text["gives"], kept.text["takes"]) == (world.HOST_GIVES.split(), world.HOME_GIVES.split())
        assert all("owner" not in item and "due" not in item for item in kept.text["items"])
        with pytest.raises(Invalid) as again:
            templates.save(id_, "常用协议")
        assert again.value.fields == {"name": ["taken"]}
        templates.change(kept.id, "松阳用", {"gives": ["S0"], "items": kept.text["items"][:1]})
        offices = [(hub.uid, "中共余杭区委组织部"), (third.uid, "中共松阳县委组织部")]
        text = templates.text_from(templates.find(kept.id), "余杭、松阳协议", offices, starts, ends, 30)
        begun = service.begin([third.uid], text)
        version = service.current(begun)
        assert version.state is VersionState.DRAFT
        texts.check(version.text)
        assert "《余杭、松阳协议》" in version.text["clauses"][0]["paragraphs"][0]
        assert clauses._on(ends) in version.text["clauses"][15]["paragraphs"][0]
        assert {g["scope"] for g in version.text["grants"] if g["owner"] == str(hub.uid)} == {"S0"}
        assert [(i["owner"], i["due"]) for i in version.text["items"]] == [("all", ends.isoformat())]
        # Begun by townships, and kept from theirs for the next one of counties: each says who concludes it and what crosses.
        towns = templates.text_from(templates.find(kept.id), "街道协议", offices, starts, ends, 30, is_township=True)
        first, sixth = (towns["clauses"][no]["paragraphs"] for no in (0, 5))
        assert clauses.OF_TOWNSHIPS in first[0] and clauses.OF_COUNTIES not in first[0]
        assert sixth.count(clauses.NO_PERSONS) == 1 and {g["scope"] for g in towns["grants"]} == {"S0", "S1"}
        templates.change(kept.id, "街道用", {"clauses": towns["clauses"]})
        back = templates.text_from(templates.find(kept.id), "县级协议", offices, starts, ends, 30)
        first, sixth = (back["clauses"][no]["paragraphs"] for no in (0, 5))
        assert clauses.OF_COUNTIES in first[0] and clauses.NO_PERSONS not in sixth and len(sixth) == 2
        # What a text leaves out of a scope, the next one leaves out as well.
        text = copy.deepcopy(text)
        for grant in text["grants"]:
            if grant["scope"] == "S6":
                grant["fields"].remove("dues_until")
            elif grant["scope"] == "S5":
                grant["fields"].remove("study_minutes")  # no county's own choice: some other program's
        service.revise(begun.id, text)
        narrow = templates.text_from(templates.save(begun.id, "窄的"), "第二份", offices, starts, ends, 30)
        found = {g["scope"]: g["fields"] for g in narrow["grants"]}
        assert found["S6"] == sorted(set(GRANTABLE["S6"].fields) - {"dues_until"})
        assert [found[s] for s in ("S3", "S5")] == [sorted(GRANTABLE[s].fields) for s in ("S3", "S5")]
        template_id, begun_id = kept.id, begun.id
        fence.commit()
    with agreed.home.act():
        assert templates.every() == []
        own = templates.save(id_, "常用协议")
        gives, takes = world.HOME_GIVES.split(), world.HOST_GIVES.split()
        assert (own.text["gives"], own.text["takes"]) == (gives, takes), "who keeps it will lead what is begun from it"
        with pytest.raises(NotFound):
            templates.find(template_id)
    with hub.act():
        templates.drop(template_id)
        assert [it.name for it in templates.every()] == ["窄的"] and service.get(begun_id).id == begun_id
