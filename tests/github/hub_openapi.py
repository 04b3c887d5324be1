"""An exchange with the stand-in in, what GitHub's OpenAPI description has against it out."""

import gzip
import json
import re
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import unquote

import jsonschema_rs

DATA = Path(__file__).parent / "data"
DEEP = {"path", "ref", "branch", "basehead"}
KNOWN = {
    "GET /repos/{owner}/{repo}/statuses/{ref}": "an older address of commits/{ref}/statuses: not described, still "
    "answered, and the one that PyGithub asks",
    "/repositories/{id}/": "where `Link` leads (see recordings.json); described only by repository name",
    "304": "what the client has already is not sent again, described of some endpoints only; docs say it of all",
    "errors": "which statuses an endpoint refuses with is described in part: any refusal is held against basic-error "
    "or, where it names fields, validation-error",
    "limits": "that a status ends at 140 characters and 1,000 a context, a comment at 65,536, a check run at 65,535 and "
    "50 annotations is described in prose or not at all: test_hub_limits.py holds those",
    "POST /repos/{owner}/{repo}/check-runs": "that a completed one needs a conclusion is described of PATCH alone; "
    "test_hub_limits.py holds it",
}
"""Where the description is wrong or silent, and why that is let pass."""


class Description:
    """GitHub's description, with a validator for each part that was asked for."""

    def __init__(self, whole):
        self.paths = whole["paths"]
        self.components = translated(whole["components"])
        self._closed = translated(closed(whole["components"]))

    @cached_property
    def operations(self):
        """Every (method, pattern, template), the plainest path first."""
        found = [(method, template) for template, methods in self.paths.items() for method in methods]
        found.sort(key=lambda each: (each[1].count("{"), -each[1].count("/")))
        return [(method.upper(), re.compile(re.sub(r"\{(\w+)\}", self._part, path)), path) for method, path in found]

    @staticmethod
    def _part(hole):
        return f"(?P<{hole[1]}>{'.+' if hole[1] in DEEP else '[^/]+'})"

    def find(self, method, path):
        for known, pattern, template in self.operations:
            if known == method and (hit := pattern.fullmatch(path)):
                return template, self.resolved(self.paths[template][method.lower()]), hit.groupdict()
        return None

    def resolved(self, node):
        """Follow a reference that stands where an object may."""
        while isinstance(node, dict) and "$ref" in node:
            _, _, room, name = node["$ref"].split("/")
            node = self.components[room][name]
        return node

    @cache  # noqa: B019 - one description lives as long as the tests do
    def _validator(self, schema, is_request):
        root = self._closed if is_request else self.components
        whole = {**json.loads(schema), "components": root}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def faults(self, schema, value, where, *, is_request):
        prepared = translated(closed(schema) if is_request else schema)
        validator = self._validator(json.dumps(prepared, sort_keys=True), is_request)
        return [f"{where}{_at(fault)}: {fault.message}" for fault in validator.iter_errors(value)]

    def violations(self, exchange):
        """Say what is wrong with a request and its answer; empty = nothing."""
        request, response = exchange.request, exchange.response
        path = re.sub(r"^/repositories/\d+", "/repos/o/r", request.path)
        found = self.find(request.method, path)
        if found is None:
            return [] if exchange.route in KNOWN else [f"{request.method} {request.path} is not described"]
        template, operation, parts = found
        where = f"{request.method} {template}"
        return [
            *self._parameters(operation, parts, request.query, where),
            # A body that was refused for its form or its length is what the test is about.
            *(self._body(operation, request.body, where) if response.status not in (400, 422) else ()),
            *self._answer(operation, response, where),
        ]

    def _parameters(self, operation, parts, query, where):
        declared = {}
        for parameter in map(self.resolved, operation.get("parameters", ())):
            declared[parameter["in"], parameter["name"]] = parameter["schema"]
        given = {("path", name): unquote(value) for name, value in parts.items()}
        given |= {("query", name): value for name, value in query.items()}
        for key, value in given.items():
            if key not in declared:
                yield f"{where}: {key[0]} parameter {key[1]} is not declared"
            else:
                typed = int(value) if declared[key].get("type") == "integer" and value.isdigit() else value
                yield from self.faults(declared[key], typed, f"{where} {key[1]}", is_request=True)

    def _body(self, operation, body, where):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return [f"{where}: a body is not declared"] if body else []
        if not body and not operation["requestBody"].get("required"):
            return []
        return self.faults(content["schema"], json.loads(body), f"{where} body", is_request=True)

    def _answer(self, operation, response, where):
        where = f"{where} -> {response.status}"
        if response.status >= 400:
            name = "validation-error" if "errors" in response.payload else "basic-error"
            schema = {"$ref": f"#/components/schemas/{name}"}
            return self.faults(schema, response.payload, where, is_request=False)
        if response.status == 304:
            return [] if response.payload is None else [f"{where}: has a body"]
        declared = self.resolved(operation["responses"].get(str(response.status)))
        if declared is None:
            return [f"{where}: is not declared"]
        content = declared.get("content", {}).get("application/json")
        if content is None:
            return [] if response.payload is None else [f"{where}: a body is not declared"]
        return self.faults(content["schema"], response.payload, where, is_request=False)


def _at(fault):
    return "".join(f".{step}" for step in fault.instance_path)


def translated(node):
    """Say in JSON Schema what OpenAPI 3.0 says by `nullable`."""
    if isinstance(node, list):
        return [translated(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {key: translated(value) for key, value in node.items() if key not in ("nullable", "discriminator")}
    return {"anyOf": [{"type": "null"}, out]} if node.get("nullable") is True else out


def closed(node):
    """Let an object hold nothing but what is declared of it. What alternatives declare counts as declared."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    branches = ("anyOf", "oneOf", "allOf")
    out = {key: _opened(value) if key in branches else closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "additionalProperties" not in node:
        out["unevaluatedProperties"] = False
    return out


def _opened(branches):
    """Leave alternatives as they are, but for a licence to hold anything."""
    return [{key: value for key, value in branch.items() if key != "additionalProperties"} for branch in branches]


@cache
def description():
    with gzip.open(DATA / "openapi.json.gz", "rt", encoding="utf-8") as file:
        return Description(json.load(file))
