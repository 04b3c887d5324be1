"""What GitHub says that a token lacks in, the sentence and the YAML that give it out. Pure."""

import re

SCOPE = re.compile(r"([a-z_]{1,40})=(read|write)")
USUAL = {"contents": "read", "statuses": "write", "pull-requests": "write"}
"""What publishing needs; a `permissions:` block takes away all that it does not name."""


def missing(accepted: str | None) -> str:
    """Say what is missing, of `X-Accepted-GitHub-Permissions`: alternatives parted by `;`, of scopes parted by `,`."""
    alternatives = [SCOPE.findall(part) for part in (accepted or "").split(";")]
    known = [{scope.replace("_", "-"): level for scope, level in found} for found in alternatives if found]
    if not known:
        return "the token may not do this: give the job these permissions\n" + yaml(USUAL)
    lacks = next((scopes for scopes in known if scopes.keys() <= USUAL.keys()), known[0])
    said = " and ".join(f"{scope}: {level}" for scope, level in lacks.items())
    return f"the token lacks {said}; give the job these permissions\n" + yaml({**USUAL, **lacks})


def yaml(scopes: dict[str, str]) -> str:
    return "\n".join(["permissions:", *(f"  {scope}: {level}" for scope, level in scopes.items())])
