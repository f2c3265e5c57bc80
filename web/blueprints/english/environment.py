"""Two environments of templates, Chinese and English. The Chinese one knows nothing of this; the English one is made of it
at the first need, compiles the same files a second time with the runs of `runs.py` replaced, and looks values up.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from flask.templating import Environment
from jinja2 import nodes
from jinja2.filters import do_striptags
from markupsafe import escape

from web.blueprints.english import catalogue, choice, messages
from web.blueprints.english.runs import Cutter
from web.core.saying import by_count, joined, mark, say, written


class English(Environment):
    """The same templates in English. Includes, imports and layouts of an English page are English, but for papers."""

    chinese: Environment

    put = staticmethod(catalogue.put)
    put_inside = staticmethod(catalogue.put_inside)
    by_count = staticmethod(by_count)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return Cutter(catalogue.message).template(super()._parse(source, name, filename))

    def get_template(self, name: Any, *more: Any, **named: Any) -> Any:
        if name in messages.PAPERS:
            return self.chinese.get_template(name, *more, **named)
        return super().get_template(name, *more, **named)

    @staticmethod
    def typed(value: object) -> object:
        """What people typed: the same in every language, even where it is a word of ours."""
        return written(value, value) if type(value) is str else value

    @staticmethod
    def sentence(template: str, /, **values: object) -> object:
        """A `~` with Chinese in it. With markup among the values it is markup, as `~` itself would give."""
        if any(hasattr(value, "__html__") for value in values.values()):
            return mark(str(escape(template)), **values)
        return say(template, **values)


def _join(values: Iterable[Any], between: str = "", attribute: str | int | None = None) -> object:
    """Jinja's `join` whose parts can still be said in English."""
    return joined(between, [value if attribute is None else getattr(value, str(attribute)) for value in values])


def _striptags(value: object) -> str:
    """Jinja's `striptags` of what is shown."""
    return str(do_striptags(str(catalogue.put(value))))


class Bilingual(Environment):
    """What the application renders with: the page's language is chosen where a page is asked for, here and nowhere else."""

    @cached_property
    def english(self) -> English:
        made: Any = self.overlay()
        made.__class__ = English
        made.chinese = self
        made.globals = {**self.globals, "script_words": messages.script_words}
        made.filters = {**self.filters, "join": _join, "striptags": _striptags, "recalled": catalogue.recalled}
        return cast(English, made)

    def get_or_select_template(self, *asked: Any, **more: Any) -> Any:
        if asked[0] in messages.PAPERS:
            choice.stay_chinese()
        if choice.language() == choice.ENGLISH:
            return self.english.get_or_select_template(*asked, **more)
        return super().get_or_select_template(*asked, **more)
