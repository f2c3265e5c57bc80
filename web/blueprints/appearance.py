"""What the reader may choose of the look, kept in a cookie without a name in it; and the page of keys."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request

from web.blueprints.english import choice
from web.blueprints.filters import look_classes
from web.blueprints.policy import public

blueprint = Blueprint("appearance", __name__)

YEAR = 365 * 24 * 3600


def _own(address: str) -> str:
    """The address if it lies on this site, else the front door: no one is sent away by a link of ours."""
    parts = urlsplit(address)
    is_own = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_own and address.isprintable() else "/"


@blueprint.get("/appearance")
@public("明暗和字号的选择，与任何人的信息无关")
def choose() -> Response:
    """Keep `theme` (light, dark) or `size` (ordinary, large) in the `look` cookie, `language` in its own, and go back to `next`.

    Anything else changes nothing. Who has signed in chooses the language of the account instead.
    """
    chosen = set(look_classes(request.cookies.get("look", "")).split())
    theme, size = request.args.get("theme", ""), request.args.get("size", "")
    if theme in {"light", "dark"}:
        chosen = chosen - {"light", "dark"} | {theme}
    if size in {"ordinary", "large"}:
        chosen = chosen - {"large"} | ({"large"} if size == "large" else set())
    answer = redirect(_own(request.args.get("next", "/")), code=303)
    answer.set_cookie("look", ".".join(sorted(chosen)), max_age=YEAR, secure=request.is_secure, samesite="Lax")
    if (wanted := request.args.get("language")) in choice.LANGUAGES:
        choice.keep(answer, wanted)
    assert isinstance(answer, Response)
    return answer


@blueprint.get("/keys")
@public("按键一览，对谁都一样")
def keys() -> str:
    """All keys of the workbench; `?` opens this page in a dialog."""
    return render_template("keys.html")
