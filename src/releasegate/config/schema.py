"""The tables that read a config in, its JSON Schema for editors out."""

from typing import Any

from releasegate.config.top import TOP

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Give the schema of a config file. It says less than the loader: it knows no names and no `${NAME}`."""
    out = TOP.schema()
    out["required"] = [*out.get("required", []), "suites"]
    return {"$schema": DIALECT, "title": "releasegate.yml", **_shared(out)}


def _shared(schema: dict[str, Any]) -> dict[str, Any]:
    """Let each kind's table stand once, under `$defs`: checks and the control both refer to it."""
    control = schema["properties"]["control"]["properties"]
    check = _check_of(schema)["properties"]
    definitions = {}
    for name, table in control.items():
        definitions[name] = table
        for place in (control, check):
            place[name] = {"$ref": f"#/$defs/{name}"}
    return {**schema, "$defs": definitions}


def _check_of(schema: dict[str, Any]) -> dict[str, Any]:
    suite = schema["properties"]["suites"]["additionalProperties"]["anyOf"][0]
    found: dict[str, Any] = suite["properties"]["checks"]["additionalProperties"]
    return found
