"""Target and environment in, the certificate authorities to trust out."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from releasegate.config.model import Target

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


class Trust(NamedTuple):
    """The path of a PEM bundle, of a directory of hashed certificates, or both."""

    file: str | None
    directory: str | None = None


def trust_for(target: Target, environ: Mapping[str, str]) -> Trust:
    """Give the target's own bundle, else what SSL_CERT_FILE and SSL_CERT_DIR name, the system's, certifi's."""
    if target.ca:
        return Trust(target.ca)
    file, directory = environ.get("SSL_CERT_FILE") or None, environ.get("SSL_CERT_DIR") or None
    if file or directory:
        return Trust(file, directory)
    for path in SYSTEM_BUNDLES:
        if os.path.exists(path):  # noqa: PTH110 - pathlib is not needed on this path
            return Trust(path)
    import certifi

    return Trust(certifi.where())
