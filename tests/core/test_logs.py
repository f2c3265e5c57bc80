"""No log line ever holds a person's number, telephone, password or token, or the value of a registered field."""

import io
import json
import logging
import string
import traceback
from datetime import date

import pytest
import structlog
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st

from deploy import gunicorn_conf
from web.core import logs
from web.core.fields import FIELDS
from web.tenants.members import citizen_id

numbers = st.integers(1, 900).map(lambda n: citizen_id.invent("990121", date(1910 + n % 90, 1, 1), n))
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
grouped = mobiles.map(lambda p: f"{p[:3]} {p[3:7]} {p[7:]}")
wide = mobiles.map(lambda p: p.translate(str.maketrans("0123456789", "０１２３４５６７８９")))
tokens = st.text(string.ascii_letters + string.digits + "-_", min_size=43, max_size=64)
secrets = numbers | mobiles | grouped | wide | tokens
around = st.text(" ，。:='/王示abcé", max_size=8)
harmless = st.text(string.ascii_lowercase, min_size=1, max_size=8).filter(
    lambda w: w not in FIELDS and not logs._is_named(w)
)


def nested(values):
    return st.recursive(
        values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(harmless, inner, max_size=3), max_leaves=6
    )


@pytest.fixture
def lines():
    """What this process writes, line by line."""
    written = io.StringIO()
    logs.configure(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logs.configure()


def clean(event):
    return json.dumps(logs.redact(None, "info", event), ensure_ascii=False)


@given(secrets, around, around, harmless)
def test_what_looks_like_a_secret_is_gone_wherever_it_stands(secret, before, after, key):
    text = f"{before}{secret}{after}"
    for event in (
        {"event": text},
        {"event": "x", key: text},
        {"event": "x", key: [{key: (text,)}]},
        {"event": "x", text: 1},
    ):
        assert secret not in clean(event), event


@given(st.sampled_from(sorted(FIELDS) + sorted(logs.SECRETS - {"code"})), nested(st.text(min_size=12, max_size=20)))
def test_the_value_of_a_registered_field_or_a_secret_is_gone_whatever_it_is(key, value):
    said = logs.redact(None, "info", {"event": "x", key: value, "deep": {key: value}})
    assert said == {"event": "x", key: logs.GONE, "deep": {key: logs.GONE}}


@given(
    nested(
        st.integers(-9999, 9999)
        | st.sampled_from(["drain", "0199c8f2-1111-7abc-8def-0123456789ab", "/<county>/members/"])
    )
)
def test_what_is_harmless_stays(value):
    assert json.loads(clean({"event": "job", "found": value})) == {"event": "job", "found": value}


def test_an_errors_own_code_stays_and_no_other(lines):
    said = logs.redact(None, "info", {"event": "x", "code": "wrong_state", "report_in_code": "KTX-83F-2QM"})
    assert said == {"event": "x", "code": "wrong_state", "report_in_code": logs.GONE}
    assert logs.redact(None, "info", {"event": "x", "code": "13800000000"})["code"] == logs.GONE


def test_an_exception_leaves_its_kind_and_places_and_none_of_its_words(lines):
    try:
        raise KeyError("王示甲 13800000000")
    except KeyError as error:
        structlog.get_logger("here").error("request.failed", exc_info=error)
        logging.getLogger("rq.worker").exception("job of %s failed", "13800000000")
        # What a worker says of a job that raised: the whole traceback is an argument, its words at the end.
        logging.getLogger("rq.worker").error("job of %s failed\n%s", "13800000000", traceback.format_exc())
    ours, theirs, whole = lines()
    assert whole["event"] == theirs["event"]
    for line in (ours, theirs, whole):
        assert line["error"] == "KeyError" and "test_logs" in line["places"][0]
        assert "王示甲" not in json.dumps(line, ensure_ascii=False) and "138" not in json.dumps(
            line | {"timestamp": ""}
        )
    assert theirs["logger"] == "rq.worker" and theirs["event"] == f"job of {logs.GONE} failed"


def test_an_answer_that_broke_off_is_told_without_its_address_and_its_words(lines, capfd):
    log = gunicorn_conf.logger_class(Config())
    log.join()
    try:
        raise ValueError("Failing row contains (王示甲, 1990)")
    except ValueError:
        log.exception("Error handling request %s %s", "GET", "/330110/members/?q=王示甲")
        log.exception("Exception in worker process")
    log.warning("Invalid request from ip=%s: %s", "127.0.0.1", "13800000123")
    told, worker, refused = lines()
    assert (told["event"], told["error"]) == ("request.broke_off", "ValueError") and told["places"]
    assert (worker["logger"], worker["error"]) == ("gunicorn.error", "ValueError") and worker["places"]
    assert refused["event"] == f"Invalid request from ip=127.0.0.1: {logs.GONE}" and not "".join(capfd.readouterr())
    assert "王示甲" not in json.dumps(lines(), ensure_ascii=False)
