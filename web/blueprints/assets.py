"""The few files a page needs: our own under /static with their digest in the address, and htmx out of its wheel, by an allow-list."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask.blueprints import BlueprintSetupState

from web.blueprints.policy import public

blueprint = Blueprint("assets", __name__)

YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Vendored:
    """A file of an installed distribution that we serve as it is, or not at all."""

    package: str
    path: str
    sha256: str


VENDORED = {
    # the wheel is wanted for this one file; Django is never imported
    "htmx.js": Vendored(
        "django-htmx",
        "django_htmx/static/django_htmx/htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
}


@lru_cache
def vendored_text(name: str) -> bytes:
    """The file's bytes; RuntimeError when the installed one is not the one we pinned."""
    wanted = VENDORED[name]
    found = Path(str(distribution(wanted.package).locate_file(wanted.path))).read_bytes()
    if hashlib.sha256(found).hexdigest() != wanted.sha256:
        raise RuntimeError(f"{wanted.package}: {wanted.path} is not the file that was pinned")
    return found


def vendored_version(name: str) -> str:
    """The part of the address that changes with the file."""
    return VENDORED[name].sha256[:10]


@lru_cache(maxsize=512)
def _address(root: str, name: str) -> str:
    digest = hashlib.sha256((Path(current_app.static_folder or "") / name).read_bytes()).hexdigest()[:10]
    return url_for("static", filename=name, v=digest)


def asset(name: str) -> str:
    """The address of one of our static files, with its digest, so that it can be kept for a year. A page names twenty: each
    is worked out once a process, and anew each time only where files change under the server (debug).
    """
    return (_address.__wrapped__ if current_app.debug else _address)(request.script_root, name)


@blueprint.get("/assets/<name>")
@public("清单内的脚本文件，对谁都一样")
def file(name: str) -> Response:
    """One of VENDORED; anything else is absent."""
    if name not in VENDORED:
        abort(404)
    answer = Response(vendored_text(name), mimetype="text/javascript")
    answer.set_etag(VENDORED[name].sha256)
    answer.make_conditional(request)
    return answer


@blueprint.after_app_request
def keep(answer: Response) -> Response:
    """A file whose address holds its digest never changes; without it, ask each time."""
    if request.endpoint in {"static", "assets.file"} and answer.status_code in {200, 304}:
        answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if request.args.get("v") else "no-cache"
    return answer


@blueprint.record_once
def begin(state: BlueprintSetupState) -> None:
    """Refuse to start with an unknown script rather than serve it."""
    for name in VENDORED:
        vendored_text(name)
    state.app.jinja_env.globals.update(asset=asset, vendored_version=vendored_version)
