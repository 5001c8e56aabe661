"""The keys of one's own machine: made once, readable by the owner only, never made again under existing content."""

import json
import secrets
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gmsd_cli.local.errors import SecretDamaged
from gmsd_cli.local.files import write_private
from gmsd_cli.local.places import Layout
from gmsd_contracts.zones import Zone

KEY_BYTES = 32
"""AES-256 for the key-encryption keys and for the pseudonym permutation; the rounding key is as long."""
ENCRYPTED_ZONES = tuple(zone for zone in Zone if zone is not Zone.PUBLIC)


def ensure_secrets(layout: Layout) -> None:
    """Make what is missing: one key-encryption key per zone, the pseudonym key, the rounding key, and the token signing key with
    its JWKS.

    Once this state has known a cluster, a missing or cut-off data key raises SecretDamaged: a new one would look like a working
    platform whose content nobody can read, whose persons are other persons, or whose figures can be compared with the same figures
    under another key, which gives them away. The signing key protects nothing stored and is simply
    made again. Raises OSError when a file cannot be written.
    """
    in_use = layout.cluster_id.exists()
    names = [f"{zone.value}.kek" for zone in ENCRYPTED_ZONES] + ["pseudonym.key", "rounding.key"]
    layout.keks.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.auth.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        _ensure_key(layout.keks / name, in_use)
    _ensure_signing_key(layout)


def _ensure_key(path: Path, in_use: bool) -> None:
    if path.exists():
        if path.stat().st_size != KEY_BYTES:
            raise SecretDamaged(f"De sleutel {path} is niet {KEY_BYTES} bytes lang; zet de goede terug.")
    elif in_use:
        raise SecretDamaged(
            f"De sleutel {path} ontbreekt terwijl er al gegevens mee versleuteld of afgerond kunnen zijn; "
            "zet hem terug of begin met een nieuwe map met --state."
        )
    else:
        write_private(path, secrets.token_bytes(KEY_BYTES))


def _ensure_signing_key(layout: Layout) -> None:
    private, public = layout.auth / "private.json", layout.auth / "jwks.json"
    if not private.exists():
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
        write_private(private, json.dumps(key.as_dict(private=True)).encode())
    jwks = {"keys": [signing_key(layout).as_dict(private=False)]}
    # written each time: a crash between the two files must not leave tokens that nobody can verify
    write_private(public, json.dumps(jwks, indent=1).encode())


def signing_key(layout: Layout) -> ECKey:
    """The key that signs local tokens. Raises SecretDamaged when it is absent or malformed."""
    path = layout.auth / "private.json"
    try:
        return ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as e:
        raise SecretDamaged(
            f"Er is geen ondertekensleutel in {path}; start eerst `gmsd up` op deze map."
        ) from e
    except (JoseError, ValueError, KeyError, TypeError) as e:
        raise SecretDamaged(
            f"De ondertekensleutel {path} is onleesbaar; verwijder hem en start gmsd opnieuw."
        ) from e
