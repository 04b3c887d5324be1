"""An App's own token in, what it is, where it is installed and a token for there out; and what any token is worth."""

from releasegate.demo.hub.call import Call, read
from releasegate.demo.hub.exchange import Json, Refused, Response, not_found
from releasegate.demo.hub.state import HOUR_S, INSTALLATION_LIMIT, App, Bearer, Token
from releasegate.demo.hub.views import show_app, show_user, stamp


def rate_limit(call: Call) -> Response:
    token = call.token
    core = {
        "limit": token.limit, "used": token.used, "remaining": max(0, token.limit - token.used),
        "reset": int(token.resets or call.now + HOUR_S),
    }  # fmt: skip
    search = {"limit": 30, "used": 0, "remaining": 30, "reset": int(call.now) + 60}
    return Response(status=200, payload={"resources": {"core": core, "search": search}, "rate": core})


def user(call: Call) -> Response:
    blank = dict.fromkeys(("name", "company", "location", "email", "hireable", "bio", "twitter_username"))
    return Response(status=200, payload={
        **show_user(call.at, call.token.actor), **blank, "blog": "", "public_repos": 0, "public_gists": 0,
        "followers": 0, "following": 0, "created_at": stamp(0), "updated_at": stamp(0),
    })  # fmt: skip


def _app(call: Call) -> App:
    if call.token.app is None:
        raise not_found()
    return call.token.app


def app(call: Call) -> Response:
    shown = show_app(call.at, _app(call))
    return Response(status=200, payload={**shown, "installations_count": len(_app(call).installed)})


def installation(call: Call) -> Response:
    """Say where the App is installed on this repository's owner."""
    made = _app(call)
    owner = call.repository.owner
    number = next((number for number, login in made.installed.items() if login == owner.login), None)
    if number is None:
        raise not_found()
    url = f"{call.at.api}/app/installations/{number}"
    return Response(status=200, payload={
        "id": number, "account": show_user(call.at, owner), "repository_selection": "all",
        "access_tokens_url": f"{url}/access_tokens", "repositories_url": f"{call.at.api}/installation/repositories",
        "html_url": f"{call.at.web}/organizations/{owner.login}/settings/installations/{number}", "app_id": made.id,
        "app_slug": made.slug, "target_id": owner.id, "target_type": owner.kind.value,
        "permissions": {"metadata": "read", **made.permissions}, "events": [], "created_at": stamp(0),
        "updated_at": stamp(0), "single_file_name": None, "has_multiple_single_files": False,
        "single_file_paths": [], "suspended_by": None, "suspended_at": None,
    })  # fmt: skip


def access_token(call: Call) -> Response:
    """Make a token for one installation, for an hour, with no more than the App was given."""
    made, number = _app(call), call.number("installation")
    if number not in made.installed:
        raise not_found()
    owner = made.installed[number]
    permissions = _asked(call, made)
    names = read(call.given, "repositories", list)
    chosen = None if names is None else frozenset(f"{owner}/{name}".lower() for name in names)
    if chosen is not None and not chosen <= set(call.hub.repositories):
        raise Refused(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    token = Token(
        value=f"ghs_{call.hub.next_id():036d}", bearer=Bearer.INSTALLATION, actor=made.bot, app=made,
        permissions=permissions, owner=owner, repositories=chosen, ends=call.now + HOUR_S, limit=INSTALLATION_LIMIT,
    )  # fmt: skip
    call.hub.tokens[token.value] = token
    selection = {"repository_selection": "all" if chosen is None else "selected"}
    shown = {"metadata": "read", **permissions}
    return Response(
        status=201,
        payload={"token": token.value, "expires_at": stamp(call.now + HOUR_S), "permissions": shown, **selection},
    )


def _asked(call: Call, made: App) -> Json:
    """Give the permissions asked for, or all. Raises Refused (422) when the App has fewer."""
    asked = read(call.given, "permissions", dict) or dict(made.permissions)
    levels = ("", "read", "write")
    for scope, level in asked.items():
        has = "read" if scope == "metadata" else made.permissions.get(scope, "")
        if level not in levels[: levels.index(has) + 1]:
            raise Refused(422, "The permissions requested are not granted to this installation.")
    return dict(asked)
