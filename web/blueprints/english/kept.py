"""A sentence in the session (a flash): it comes back with its template and values, not as the Chinese alone."""

from __future__ import annotations

from typing import Any

from flask.json.tag import JSONTag

from web.core.saying import Said, restored


class SaidTag(JSONTag):
    key = " said"

    def check(self, value: Any) -> bool:
        return isinstance(value, Said)

    def to_json(self, value: Any) -> Any:
        return self.serializer.tag([value.template, dict(value.values), value.english, str.__str__(value)])

    def to_python(self, value: Any) -> Any:
        return restored(*value)
