"""Which proxy a target is reached through."""

import pytest
from wire_world import target_at

from releasegate.wire.proxy import BadProxyError, proxy_for

HTTP = target_at(8080, host="api.example.com")
HTTPS = target_at(443, host="api.example.com", scheme="https")


@pytest.mark.parametrize(
    ("target", "environ", "url"),
    [
        (HTTP, {}, None),
        (HTTP, {"http_proxy": ""}, None),
        (HTTP, {"http_proxy": "http://p:1"}, "http://p:1"),
        (HTTP, {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        (HTTP, {"HTTP_PROXY": "http://p:1", "http_proxy": "http://q:1"}, "http://q:1"),
        (HTTP, {"HTTP_PROXY": "http://p:1", "http_proxy": ""}, None),
        (HTTP, {"all_proxy": "http://p:1", "http_proxy": ""}, None),
        (HTTP, {"all_proxy": "http://p:1", "https_proxy": ""}, "http://p:1"),
        (HTTPS, {"HTTPS_PROXY": "http://p:1", "https_proxy": ""}, None),
        (HTTPS, {"ALL_PROXY": "http://p:1", "all_proxy": ""}, None),
        (HTTP, {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None),
        (HTTP, {"HTTP_PROXY": "", "REQUEST_METHOD": "GET", "all_proxy": "http://p:1"}, "http://p:1"),
        (HTTP, {"https_proxy": "http://p:1"}, None),
        (HTTPS, {"https_proxy": "p:1"}, "http://p:1"),
        (HTTPS, {"HTTPS_PROXY": "https://p"}, "https://p:443"),
        (HTTPS, {"http_proxy": "http://p:1"}, None),
        (HTTPS, {"ALL_PROXY": "socks5h://p"}, "socks5h://p:1080"),
        (HTTPS, {"all_proxy": "http://[::1]:3128"}, "http://[::1]:3128"),
    ],
)
def test_the_environment_names_the_proxy(target, environ, url):
    proxy = proxy_for(target, environ)
    assert (proxy.url if proxy else None) == url


@pytest.mark.parametrize(
    ("exceptions", "host", "excepted"),
    [
        ("*", "api.example.com", True),
        ("example.com", "api.example.com", True),
        (".example.com", "api.example.com", True),
        ("*.example.com", "api.example.com", True),
        ("API.example.com.", "api.example.com", True),
        ("other.net, api.example.com:8080", "api.example.com", True),
        ("api.example.com:9", "api.example.com", False),
        ("ample.com", "api.example.com", False),
        ("com.example.api", "api.example.com", False),
        (",, .", "api.example.com", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("::1", "::1", True),
        ("[::1]:8080", "::1", True),
        ("[::1]:9", "::1", False),
    ],
)
def test_no_proxy_excepts_hosts(exceptions, host, excepted):
    environ = {"http_proxy": "http://p:1", "NO_PROXY": exceptions}
    assert (proxy_for(target_at(8080, host=host), environ) is None) is excepted


def test_the_password_is_neither_in_the_url_nor_shown():
    proxy = proxy_for(HTTP, {"http_proxy": "http://me:s%40cret@p:1"})
    assert (proxy.user, proxy.password, proxy.url) == ("me", "s@cret", "http://p:1")
    assert "cret" not in repr(proxy)


@pytest.mark.parametrize(
    "text", ["http://me:hush@p:port", "ftp://me:hush@p", "http://me:hush@", "http://me:hush@p x", "http://[me:hush"]
)
def test_what_is_no_proxy_is_refused_without_showing_it(text):
    with pytest.raises(BadProxyError, match="http_proxy") as refusal:
        proxy_for(HTTP, {"http_proxy": text})
    assert "hush" not in str(refusal.value)
