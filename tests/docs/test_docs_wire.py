"""docs/wire.md names the phases, reasons and bounds that the code has, and its config loads."""

import re
from pathlib import Path

import pycurl
import pytest
from docs_examples import codes, page, rows, section, shown

from releasegate import identities, revision, sample, wire
from releasegate.checks import tcp
from releasegate.checks._http import meaning
from releasegate.config.load import load
from releasegate.config.model import DEFAULT_MAX_BODY, Target
from releasegate.wire import address, attach, dial, drive, libcurl, proxy, stream, websocket

PAGE = page("wire.md")
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(wire.__file__).parent.glob("*.py")))


def first_column(heading):
    return {codes(row[0])[0] for row in rows(section(PAGE, heading))}


def test_the_phases_are_those_of_the_code():
    opened = re.findall(r'(?:\.phase\(|doing = )"([^"]+)"', SOURCE)
    assert first_column("Phases") == {*libcurl.ORDER, *opened, websocket.RECEIVING}


def test_the_reasons_are_those_of_the_code():
    mapped = {*libcurl.REASONS.values(), *libcurl.OS_REASONS.values(), *dict(libcurl.SAID).values()}
    mapped |= {*dial.OS_REASONS.values(), libcurl.reason_for(pycurl.E_URL_MALFORMAT, 0, "")}
    said = re.findall(r'(?:trouble|_not_sent)\("([a-z ]+)"|failure = "([a-z]+)"', SOURCE)
    named = first_column("Reasons") - {"status 403"}
    assert named == mapped | {reason for pair in said for reason in pair if reason}


def test_the_bounds_are_those_of_the_code():
    bounds = {row[0]: row[1] for row in rows(section(PAGE, "Bounds"))}
    expected = {
        "making a TCP connection": f"its `timeout`; {tcp.DEFAULT_TIMEOUT_S:g} s",
        "one try of a login": f"{identities.LOGIN_TIMEOUT_S:g} s",
        "reading a revision": f"{revision.READ_TIMEOUT_S:g} s",
        "the `finally` of a sample": f"{sample.CLEAN_UP_S:g} s",
        "the body of an answer, as it comes and decompressed": f"the target's `max_body`; {DEFAULT_MAX_BODY // 2**20} MiB",
        "the body of a refused upgrade": f"{websocket.LARGEST_REFUSAL // 1024} KiB kept",
        "WebSocket messages that wait to be read": (
            f"{websocket.MOST_WAITING:,} messages, {websocket.MOST_WAITING_BYTES // 2**20} MiB; then the server waits"
        ),
        "a line of a stream": f"{stream.LONGEST_LINE // 1024} KiB",
        "saying goodbye to a WebSocket, or to a stream": f"{websocket.CLOSE_S:g} s",
        "idle HTTP connections": str(drive.KEPT_CONNECTIONS),
    }
    assert {name: bounds[name] for name in expected} == expected
    assert set(bounds) - set(expected) == {
        "a request with its redirects, also when the answer drips",
        "the head of an answer",
        "all that comes over a stream",
    }
    assert attach.GOODBYE_S == websocket.CLOSE_S
    assert f"up to {meaning.LONGEST_RETRY_AFTER_S:g} s" in PAGE


def target(host, *, private=False):
    return Target(name="api", url=f"http://{host}", scheme="http", host=host, port=80, private=private)


ADDRESSES = {
    "public": "93.184.216.34",
    "loopback": "127.0.0.1",
    "private": "10.1.2.3",
    "metadata": "169.254.169.254",
    "unusable": "0.0.0.0",
}


@pytest.mark.parametrize("row", rows(section(PAGE, "Addresses")), ids=lambda row: row[0].strip("`"))
def test_each_address_is_contacted_as_its_row_says(row):
    kind, says = codes(row[0])[0], row[1]
    at = ADDRESSES[kind]
    assert address.kind_of(at) == kind
    by_name = address.refusal(at, target("staging.example.com")) is None
    with_leave = address.refusal(at, target("staging.example.com", private=True)) is None
    assert (by_name, with_leave) == (says == "yes", not says.startswith("never"))


def test_every_kind_of_address_has_a_row():
    assert first_column("Addresses") == set(ADDRESSES)


@pytest.mark.parametrize(
    ("at", "host", "permitted"),
    [
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "api.localhost", True),
        ("10.1.2.3", "localhost", False),
        ("127.0.0.1", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("::ffff:169.254.169.254", "staging.example.com", False),
    ],
)
def test_what_the_url_says_permits_what_the_page_says(at, host, permitted):
    assert (address.refusal(at, target(host)) is None) is permitted


def test_the_proxies_are_those_of_the_code():
    text = section(PAGE, "Proxies")
    assert [scheme for scheme in proxy.PORTS if f"`{scheme}`" not in text] == []


@pytest.mark.parametrize("excepted", ["*", "example.com", "api.example.com:80", "10.0.0.0/8"])
def test_no_proxy_takes_each_form_that_is_named(excepted):
    host = "10.1.2.3" if "/" in excepted else "api.example.com"
    environ = {"http_proxy": "http://proxy:3128", "no_proxy": excepted}
    assert proxy.proxy_for(target(host), environ) is None
    assert proxy.proxy_for(target("other.test"), environ | {"no_proxy": excepted.replace("*", "")}) is not None


def test_the_lower_case_variable_is_first_and_all_proxy_last():
    environ = {"all_proxy": "http://c", "HTTP_PROXY": "http://b", "http_proxy": "http://a"}
    chosen = []
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        chosen.append(proxy.proxy_for(target("api.test"), environ).host)
        del environ[name]
    assert chosen == ["a", "b", "c"]


def test_the_config_that_is_shown_loads():
    (text,) = shown(PAGE, "yaml releasegate")
    config = load(text, {"STAGING_URL": "https://pr-7.staging.example.com"}, file="docs.yml")
    assert config.targets["six"].origin == "http://[2001:db8::7]:8080"
    with pytest.raises(Exception, match="not in allow_hosts"):
        load(text, {"STAGING_URL": "https://staging.example.org"}, file="docs.yml")
