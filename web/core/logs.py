"""What the program writes down while it runs: one line of JSON an event, and nothing personal in any of them.

Whatever logs (ours by structlog, libraries by logging) passes `redact`, the last hand before the line: values under the
name of a registered field or a secret go, and so does whatever looks like an identity number, a telephone or a token,
wherever it stands. Of an exception the kind and the places are kept and never its words, which may hold a value.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

from web.core.fields import FIELDS

GONE = "[已隐去]"
SECRETS = frozenset(
    [
        "password",
        "passwd",
        "secret",
        "token",
        "session",
        "cookie",
        "authorization",
        "key",
        "code",
        "fingerprint",
        "jws",
        "body",
    ]
)
ALLOWED = frozenset({"code"})  # an error's own code, never a person's: ours are short words
PERSONAL = frozenset(FIELDS)
_ERROR_CODE = re.compile(r"[a-z_0-9.]{1,40}")
_LOOKS = re.compile(
    r"(?<![\w-])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])|"  # an id is nobody's: it stays
    r"\d{11,}[Xx]?"  # identity numbers, old ones of 15 too, and mobile telephones
    r"|(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"  # a telephone in groups
    r"|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"  # a landline
    r"|(?<![\w-])[\w-]{40,}(?![\w-])"  # tokens and keys; a UUID has 36 characters
)
_WIDE = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")


def hidden(text: str) -> str:
    """The text without what looks like a number of a person or a secret."""
    plain = text.translate(_WIDE)
    return _LOOKS.sub(lambda found: found[1] or GONE, plain) if _LOOKS.search(plain) else text


def _is_named(key: str) -> bool:
    word = key.lower().replace("-", "_")
    return word in PERSONAL or word in SECRETS or any(part in SECRETS - ALLOWED for part in word.split("_"))


def _clean(key: str, value: Any) -> Any:
    """The value as it may be written; containers to the bottom, anything unknown by its kind alone."""
    if value is None or isinstance(value, bool):
        return value
    if key in ALLOWED and isinstance(value, str) and _ERROR_CODE.fullmatch(value):
        return hidden(value)
    if _is_named(key):
        return GONE
    if isinstance(value, int | float):
        return GONE if abs(value) >= 10**10 else value
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, Mapping):
        return {hidden(str(k)): _clean(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", one) for one in value]
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, bytes):
        return GONE
    return hidden(str(value))


def redact(logger: object, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The one processor of redaction."""
    return {hidden(key): _clean(key, value) for key, value in event.items()}


def places(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its kind and the places it passed: file, line, function."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["error"] = type(raised).__name__
        event["places"] = _frames(raised.__traceback__)
        if raised.__cause__ is not None:
            event["cause"] = type(raised.__cause__).__name__
    return event


def _frames(trace: TracebackType | None) -> list[str]:
    short = [(f.filename.rpartition("/web/"), f) for f in traceback.extract_tb(trace)]
    return [f"{(tail if sep else f.filename)}:{f.lineno} {f.name}" for (_, sep, tail), f in short]


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    places,
    redact,
]


_TRACEBACK = "Traceback (most recent call last)"


class _Line(logging.Formatter):
    """A library's record as one of our lines. Its arguments are merged in before anything is hidden. A traceback among them
    (a worker's, of a job that raised) ends with the exception's words: of it, too, the kind and the places are kept alone.
    """

    def format(self, record: logging.LogRecord) -> str:
        said, has_traceback, _ = record.getMessage().partition(_TRACEBACK)
        event: MutableMapping[str, Any] = {"event": said.rstrip(), "logger": record.name}
        if record.exc_info or has_traceback:
            event["exc_info"] = record.exc_info or True
        for processor in _SHARED:
            event = processor(None, record.levelname.lower(), event)
        return str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "", event))


def configure(stream: TextIO | None = None) -> None:
    """From now on every line of this process goes to `stream` (standard error) as JSON."""
    out = stream or sys.stderr
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root, handler = logging.getLogger(), logging.StreamHandler(out)
    handler.setFormatter(_Line())
    for old in [h for h in root.handlers if isinstance(h.formatter, _Line)]:
        root.removeHandler(old)
    root.addHandler(handler)


def request_id() -> str:
    """The number that ties a request, the jobs it left behind and what they wrote together; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request", ""))
