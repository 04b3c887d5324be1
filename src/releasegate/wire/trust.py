"""Target and environment in, the certificate authorities to trust out."""

import os
from collections.abc import Mapping

from releasegate.config.model import Target

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def bundle_for(target: Target, environ: Mapping[str, str]) -> str:
    """Give the path of a PEM bundle: the target's own, SSL_CERT_FILE, the system's, certifi's."""
    declared = target.ca or environ.get("SSL_CERT_FILE")
    if declared:
        return declared
    for path in SYSTEM_BUNDLES:
        if os.path.exists(path):  # noqa: PTH110 - pathlib is not needed on this path
            return path
    import certifi

    return certifi.where()
