"""A name in, the fault that it switches on out; and those that cannot be shown yet, with the reason."""

from enum import StrEnum


class Fault(StrEnum):
    """What can be wrong with the staging. Several may be on at once."""

    DOWN = "down"
    SLOW = "slow"
    FLAKY = "flaky"
    WS_TIMEOUT = "ws-timeout"
    WS_DROP = "ws-drop"
    WS_REORDER = "ws-reorder"
    WS_SILENT = "ws-silent"
    AUTH_EXPIRED = "auth-expired"
    AUTH_OPEN = "auth-open"
    STALE_REVISION = "stale-revision"
    MID_RUN_DEPLOY = "mid-run-deploy"
    CONTRACT_BREAK = "contract-break"
    CONTRACT_ADD = "contract-add"
    EMPTY_200 = "empty-200"
    WRONG_TYPE = "wrong-type"
    REDIS_SLOW = "redis-slow"
    POSTGRES_SLOW = "postgres-slow"
    MCP_MISSING_TOOL = "mcp-missing-tool"
    WORKFLOW_STUCK = "workflow-stuck"
    WORKFLOW_FAILED = "workflow-failed"
    MEMORY_LEAK = "memory-leak"


FAULTS: dict[str, str] = {
    Fault.DOWN.value: "the api refuses every connection; what stands before it is healthy",
    Fault.SLOW.value: "the api answers everything but MCP a second late",
    Fault.FLAKY.value: "GET /api/mcp/config answers 503 now and then: one request in thirteen",
    Fault.WS_TIMEOUT.value: "after agent_started the agent falls silent: agent_thinking never comes",
    Fault.WS_DROP.value: "the chat connection is cut after agent_thinking, without a goodbye",
    Fault.WS_REORDER.value: "tool_completed comes before tool_executing",
    Fault.WS_SILENT.value: "the chat accepts the connection and answers nothing; other clients' events still come",
    Fault.AUTH_EXPIRED.value: "the login gives tokens that have expired already",
    Fault.AUTH_OPEN.value: "what needs a bearer answers everybody",
    Fault.STALE_REVISION.value: "an older commit runs than the one that is judged",
    Fault.MID_RUN_DEPLOY.value: "another commit is deployed as soon as the first workflow is created",
    Fault.CONTRACT_BREAK.value: "GET /api/mcp/config has lost its field agents",
    Fault.CONTRACT_ADD.value: "every JSON answer and every chat event has new fields; none is gone",
    Fault.EMPTY_200.value: "every 200 under /api/ has an empty body; /health says healthy",
    Fault.WRONG_TYPE.value: "GET /api/mcp/servers gives an object where a list was",
    Fault.REDIS_SLOW.value: "Redis answers 400 ms late, and an agent that thinks asks it twenty times",
    Fault.POSTGRES_SLOW.value: "PostgreSQL answers 400 ms late, and an agent's tool asks it once",
    Fault.MCP_MISSING_TOOL.value: "the MCP server has lost its tool run_agent",
    Fault.WORKFLOW_STUCK.value: "workflows stay in waiting_for_agents: one agent never comes back",
    Fault.WORKFLOW_FAILED.value: "workflows reach failed: one agent gives up",
    Fault.MEMORY_LEAK.value: "the staging keeps 2 MiB with each request to the api for good, up to 600 MiB",
}

LATER: dict[str, str] = {
    "preexisting": "the gate does not compare with a base build yet",
}
