"""The form layer: one marshmallow schema a form, read strictly; values kept and errors beside the fields after a refusal.

    form = Form(NewAccount)                         # draft="…": a long one, kept on the server while it is typed
    if form.is_sent:
        with form:                                  # Invalid inside: everything undone, shown beside the fields
            accounts.open_account(**form.read())
            return redirect(url_for("accounts.index"), 303)
    return form.page("accounts/new.html", more=…)   # 200, or 422 when something is wrong

In the template: `{{ p.field(**form.of("name", hint="…")) }}`, `{{ p.error_summary(form.errors, form.labels) }}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from flask import render_template, request
from flask_login import current_user
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from web.blueprints import words
from web.core.errors import Invalid
from web.extensions import db
from web.federation.wire.kinds import FORBIDDEN_IN_LINES
from web.tenants.workbench import service as workbench

# What a browser sends besides the fields of the form: the token, and the name of the button pressed.
BESIDES = frozenset({"csrf_token", "act", "draft_form", "draft_back"})
# The library's own sentences that can still reach us.
_PLAIN = {"Missing data for required field.": "required", "Unknown field.": "unknown"}


LONGEST_LINE = 200
"""A field of more characters than this is written in lines; of any other a line break is a blank."""


class Text(fields.Field[str]):
    """Text without blanks at its ends. `required` means not empty; `limit` characters at most. `strip=False`: as it was typed.

    A browser ends lines with CR LF, and what is pasted brings tabs and marks nobody sees; messages carry none of these.
    """

    default_error_messages = {"required": "required", "too_long": "too_long"}  # noqa: RUF012

    def __init__(
        self, label: str = "", *, limit: int = 200, required: bool = False, strip: bool = True, **more: Any
    ) -> None:
        super().__init__(required=required, metadata={"label": label}, **more)
        self.limit, self.strip = limit, strip

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        said = self._seen(str(value)) if self.strip else str(value).replace("\x00", "")
        if self.required and not said:
            raise self.make_error("required")
        if len(said) > self.limit:
            raise self.make_error("too_long")
        return said

    def _seen(self, typed: str) -> str:
        lines = typed.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
        kept = ("\n" if self.limit > LONGEST_LINE else " ").join(lines)
        return FORBIDDEN_IN_LINES.sub("", kept).strip()


class One(fields.Field[str]):
    """One value of a closed list of pairs (value, words) or of values; an empty choice is refused when required."""

    default_error_messages = {"required": "choose_one", "unknown": "choose_one"}  # noqa: RUF012

    def __init__(self, label: str, options: Any, *, required: bool = True, **more: Any) -> None:
        super().__init__(required=required, metadata={"label": label}, **more)
        self.options = options

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        listed = self.options() if callable(self.options) else self.options
        keys = {str(o[0]) if isinstance(o, tuple) else str(o) for o in listed}
        if not value and not self.required:
            return ""
        if str(value) not in keys:
            raise self.make_error("unknown")
        return str(value)


class Id(fields.Field[UUID]):
    """The id of a record; whether it is ours is asked of its room, which answers NotFound."""

    default_error_messages = {"required": "choose_one", "unknown": "choose_one"}  # noqa: RUF012

    def __init__(self, label: str = "", *, required: bool = True, **more: Any) -> None:
        super().__init__(required=required, metadata={"label": label}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> UUID | None:  # type: ignore[override]
        if not value and not self.required:
            return None
        try:
            return UUID(str(value))
        except ValueError as error:
            raise self.make_error("unknown") from error


class Day(fields.Date):
    """A day of the years that messages carry, YYYY-MM-DD; empty is None unless required."""

    default_error_messages = {  # noqa: RUF012
        "required": "required", "invalid": "not_a_date", "null": "required", "years": "year_too_far",
    }  # fmt: skip

    def __init__(self, label: str = "", *, required: bool = False, **more: Any) -> None:
        super().__init__(required=required, metadata={"label": label}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not value:
            if self.required:
                raise self.make_error("required")
            return None
        day = super()._deserialize(value, attr, data, **kwargs)
        if not 1900 <= day.year <= 2199:
            raise self.make_error("years")
        return day


class Number(fields.Integer):
    """A whole number between `low` and `high`."""

    default_error_messages = {"required": "required", "invalid": "not_a_number", "null": "required"}  # noqa: RUF012

    def __init__(
        self, label: str = "", *, low: int = 0, high: int = 1_000_000, required: bool = True, **more: Any
    ) -> None:
        super().__init__(
            required=required,
            metadata={"label": label, "min": low, "max": high},
            validate=validate.Range(low, high, error="out_of_range"),
            **more,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if self.required and isinstance(value, str) and not value.strip():
            raise self.make_error("required")
        return super()._deserialize(value, attr, data, **kwargs)


class Tick(fields.Boolean):
    """A single tick: absent is False."""

    def __init__(self, label: str = "", **more: Any) -> None:
        super().__init__(load_default=False, metadata={"label": label}, **more)


class Many(fields.List[Any]):
    """Several values under one name (checkboxes, rows of a table). `required`: at least one."""

    default_error_messages = {"required": "choose_one"}  # noqa: RUF012

    def __init__(self, inner: Any, label: str = "", *, required: bool = False, **more: Any) -> None:
        if not required:
            more["load_default"] = list
        super().__init__(inner, metadata={"label": label}, required=required, **more)


def _sent(schema: Schema, form: MultiDict[str, str] | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(form, MultiDict):
        return {k: v for k, v in form.items() if k not in BESIDES}
    return {
        name: form.getlist(name) if isinstance(schema.fields.get(name), Many) else form[name]
        for name in form
        if name not in BESIDES
    }


def _codes(messages: Any) -> list[str]:
    """Flat codes out of what marshmallow says; what has no words of ours is `invalid`."""
    if isinstance(messages, dict):
        return [c for m in messages.values() for c in _codes(m)]
    said = messages if isinstance(messages, list) else [messages]
    return [str(m) if m in words.FIELD_ERRORS else _PLAIN.get(str(m), "invalid") for m in said]


def read(schema: type[Schema] | Schema, form: MultiDict[str, str] | Mapping[str, Any]) -> dict[str, Any]:
    """The values of a form, typed. Invalid (field → codes) for a wrong, missing or unknown field."""
    ready = schema() if isinstance(schema, type) else schema
    try:
        values: dict[str, Any] = ready.load(_sent(ready, form), unknown=RAISE)
    except ValidationError as error:
        raise Invalid({name: _codes(m) for name, m in error.normalized_messages().items()}) from error  # type: ignore[no-untyped-call]
    return values


class Form:
    """One form on one page: what was sent (or the values it starts with), and what is wrong with it."""

    def __init__(self, schema: type[Schema], values: Mapping[str, Any] | None = None, *, draft: str = "") -> None:
        self.schema = schema()
        self.is_sent = request.method == "POST"
        self.values: dict[str, Any] = _sent(self.schema, request.form) if self.is_sent else dict(values or {})
        self.draft = draft
        self.draft_at: datetime | None = None
        if draft and not self.is_sent:
            self._resume()
        self.errors: dict[str, list[str]] = {}
        self.labels = {n: f.metadata.get("label", "") for n, f in self.schema.fields.items()}

    def _resume(self) -> None:
        """What was kept of an earlier try: offered on the page, and filled in when the address asks for it."""
        found = workbench.draft(self.draft, current_user.actor)
        if found is None:
            return
        kept, self.draft_at = found
        if request.args.get("draft") == "1":
            self.values |= _sent(self.schema, MultiDict((n, v) for n, many in kept.items() for v in many))
            self.values = {n: v for n, v in self.values.items() if n in self.schema.fields}

    def read(self) -> dict[str, Any]:
        """The typed values; Invalid when something is wrong. What was kept as a draft goes with the form that is sent."""
        values = read(self.schema, request.form)
        if self.draft:
            workbench.drop_draft(self.draft, current_user.actor)
        return values

    def is_as_previewed(self, mark: str) -> bool:
        """Whether the preview it was sent from (`seen`) is the one of now; sent without a preview, it is taken at its word."""
        return (self.values.get("seen") or mark) == mark

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Invalid):
            return False
        # Nothing half-done may be committed with the page that shows the errors.
        db.session.rollback()
        for name, said in words.field_errors(error).items():
            self.errors.setdefault(name if name in self.schema.fields else "", []).extend(said)
        if not self.errors:
            self.errors[""] = [words.of(error)]
        return True

    def of(self, name: str, **more: Any) -> dict[str, Any]:
        """Arguments of the `field` macro: name, label, value, error, required, maxlength, and `more` of them."""
        field = self.schema.fields[name]
        known: dict[str, Any] = {
            "name": name,
            "label": self.labels[name],
            "value": self.values.get(name, ""),
            "error": self.errors.get(name, ""),
        }
        if isinstance(field, Number):
            known |= {"type": "number", "attrs": {"min": field.metadata["min"], "max": field.metadata["max"]}}
        elif isinstance(field, Day):
            known["type"] = "date"
        if not isinstance(field, Tick | Many):
            known["required"] = field.required
        if isinstance(field, Text):
            known["maxlength"] = field.limit
        return known | more

    def page(self, template: str, **more: Any) -> tuple[str, int]:
        """The page with the form: 422 when something is wrong."""
        return render_template(template, form=self, **more), 422 if self.errors else 200
