"""Branches and rulesets in, what is required on them out."""

from releasegate.demo.hub.call import Call
from releasegate.demo.hub.exchange import Json, Refused, Response, not_found
from releasegate.demo.hub.required import rulesets_of
from releasegate.demo.hub.state import Ruleset
from releasegate.demo.hub.views import api_of, node, show_commit, stamp, web_of


def show(call: Call) -> Response:
    """Give a branch with its classic protection; what rulesets want of it does not show here."""
    name, repository = call.parts["branch"], call.repository
    if name not in repository.branches:
        raise Refused(404, "Branch not found")
    url = f"{api_of(call.at, repository)}/branches/{name}"
    needs = repository.protected.get(name)
    checks = {
        "enforcement_level": "off" if needs is None else "non_admins",
        "contexts": [need.context for need in needs or ()],
        "checks": [{"context": need.context, "app_id": need.app_id} for need in needs or ()],
    }
    commit = show_commit(call.at, repository, repository.commits[repository.branches[name]])
    return Response(status=200, payload={
        "name": name, "commit": commit, "_links": {"self": url, "html": f"{web_of(call.at, repository)}/tree/{name}"},
        "protected": needs is not None, "protection": {"enabled": needs is not None, "required_status_checks": checks},
        "protection_url": f"{url}/protection",
    })  # fmt: skip


def rules(call: Call) -> Response:
    """Give each rule in force on a branch, with the ruleset that it comes from."""
    found = rulesets_of(call.repository, call.parts["branch"])
    return call.page(found, lambda ruleset: {
        **_rule(ruleset), "ruleset_source_type": "Repository", "ruleset_source": call.repository.full_name,
        "ruleset_id": ruleset.id,
    })  # fmt: skip


def rulesets(call: Call) -> Response:
    return call.page(call.repository.rulesets.values(), lambda ruleset: _show(call, ruleset))


def ruleset(call: Call) -> Response:
    """Give a ruleset whole. Who may pass it is told only to those who may change it."""
    found = call.repository.rulesets.get(call.number("ruleset"))
    if found is None:
        raise not_found()
    actors = [{"actor_id": number, "actor_type": kind, "bypass_mode": "always"} for kind, number in found.bypass]
    return Response(status=200, payload={
        **_show(call, found), "rules": [_rule(found)],
        "conditions": {"ref_name": {"include": list(found.refs), "exclude": []}},
        **({"bypass_actors": actors} if call.token.permits("administration=write") else {}),
    })  # fmt: skip


def _rule(ruleset: Ruleset) -> Json:
    checks = [
        {"context": need.context, **({} if need.app_id is None else {"integration_id": need.app_id})}
        for need in ruleset.required
    ]
    return {"type": "required_status_checks", "parameters": {
        "strict_required_status_checks_policy": ruleset.strict, "do_not_enforce_on_create": False,
        "required_status_checks": checks,
    }}  # fmt: skip


def _show(call: Call, ruleset: Ruleset) -> Json:
    url, web = f"{api_of(call.at, call.repository)}/rulesets/{ruleset.id}", web_of(call.at, call.repository)
    born = stamp(call.repository.created)
    return {
        "id": ruleset.id, "name": ruleset.name, "target": "branch", "source_type": "Repository",
        "source": call.repository.full_name, "enforcement": ruleset.enforcement,
        "node_id": node("RepositoryRuleset", ruleset.id), "created_at": born, "updated_at": born,
        "_links": {"self": {"href": url}, "html": {"href": f"{web}/rules/{ruleset.id}"}},
    }  # fmt: skip
