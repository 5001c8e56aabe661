"""The files of the site and the templates that name them."""

import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

KINDS = {
    "stijl.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "beeldmerk.svg": "image/svg+xml",
}
"""Every file, with its media type."""
FILES = {name: files("gmsd_publication.web").joinpath("static", name).read_bytes() for name in KINDS}
# The address carries the hash of the bytes, so what stands there never changes.
VERSIONS = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in FILES.items()}


def environment() -> Environment:
    """Templates of the site; `static` holds the address of each file."""
    made = Environment(
        loader=PackageLoader("gmsd_publication", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = {name: f"/static/{version}/{name}" for name, version in VERSIONS.items()}
    return made
