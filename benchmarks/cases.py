"""What is measured: for each mark a config of ours and the same work as a k6 script."""

from dataclasses import dataclass
from textwrap import dedent

CONCURRENCY = 256


@dataclass(frozen=True, kw_only=True)
class Case:
    """`units` are the checks done, for a rate; `mark_s` bounds the wall time, from process start to exit."""

    name: str
    says: str
    mark_s: float
    units: int
    config: str
    script: str | None


def _config(suites: str) -> str:
    return dedent("""\
        version: 1
        gate: bench
        targets:
          api: {url: "${API}", concurrency: 256}
          quick: {url: "${QUICK}", concurrency: 256}
          chat: {url: "${CHAT}", concurrency: 256}
        policy: {concurrency: 256}
        suites:
          bench:
            checks:
        """) + suites  # fmt: skip


def _many(target: str, path: str, count: int, samples: str) -> str:
    values = ", ".join(map(str, range(count)))
    return _config(
        f"      many:\n        for: {{n: [{values}]}}\n        samples: {samples}\n"
        f'        http: {{get: "{target}:{path}?n={{{{n}}}}", expect: {{status: 200}}}}\n'
    )


def _k6(target: str, path: str, iterations: int) -> str:
    vus = min(CONCURRENCY, iterations)
    return dedent(f"""\
        import http from 'k6/http';
        import {{ check }} from 'k6';
        export const options = {{
          scenarios: {{
            all: {{ executor: 'shared-iterations', vus: {vus}, iterations: {iterations}, maxDuration: '60s' }},
          }},
        }};
        export default function () {{
          check(http.get(`${{__ENV.{target}}}{path}`), {{ 'status is 200': (r) => r.status === 200 }});
        }}
        """)


FLOWS = """\
      flow:
        for: {n: [NUMBERS]}
        samples: once
        websocket:
          connect: chat:/
          send: {type: start_agent, n: "{{n}}"}
          where: {$.n: "{{n}}"}
          events:
            - agent_started: {within: 2s}
            - agent_thinking: {within: 2s}
            - tool_executing: {within: 2s}
            - tool_completed: {within: 2s}
            - agent_completed: {within: 2s}
""".replace("NUMBERS", ", ".join(map(str, range(50))))

K6_FLOWS = """\
import ws from 'k6/ws';
import { check } from 'k6';
export const options = {
  scenarios: { all: { executor: 'per-vu-iterations', vus: 50, iterations: 1, maxDuration: '60s' } },
};
export default function () {
  let seen = 0;
  ws.connect(__ENV.CHAT, {}, function (socket) {
    socket.on('open', () => socket.send('{"type":"start_agent"}'));
    socket.on('message', () => { seen += 1; if (seen === 5) socket.close(); });
  });
  check(seen, { 'five events': (n) => n === 5 });
}
"""

CASES = (
    Case(
        name="B1", says="one check", mark_s=0.15, units=1,
        config=_config("      one:\n        samples: once\n        http: {get: 'quick:/ok', expect: {status: 200}}\n"),
        script=_k6("QUICK", "/ok", 1),
    ),
    Case(
        name="B2", says="200 checks of 100 ms, one sample each", mark_s=0.22, units=200,
        config=_many("api", "/delay/100", 200, "once"), script=_k6("API", "/delay/100", 200),
    ),
    Case(
        name="B2s", says="the same at profile standard, 7 samples each", mark_s=0.95, units=1400,
        config=_many("api", "/delay/100", 200, "standard"), script=None,
    ),
    Case(
        name="B3", says="2,000 checks at zero delay", mark_s=0.40, units=2000,
        config=_many("quick", "/ok", 2000, "once"), script=_k6("QUICK", "/ok", 2000),
    ),
    Case(
        name="B4", says="50 WebSocket flows of 5 events", mark_s=0.28, units=50,
        config=_config(FLOWS), script=K6_FLOWS,
    ),
)  # fmt: skip
