"""Which address a target may be contacted at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_world import target_at

from releasegate.wire.address import kind_of, literal_refusal, refusal

METADATA = [
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::1", "fd00:ec2::254",
    "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "2002:a9fe:a9fe::1", "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "::ffff:100.100.100.200",
]  # fmt: skip
UNUSABLE = ["0.0.0.0", "::", "::ffff:0.0.0.0", "0.1.2.3", "224.0.0.1", "ff02::1", "255.255.255.255", "", "not one"]
LOOPBACK = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.127.255.254", "fc00::1", "fd12::1", "fec0::1",
    "240.0.0.1", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "::10.0.0.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize(
    ("kind", "address"),
    [(kind, address) for kind, many in (
        ("metadata", METADATA), ("unusable", UNUSABLE), ("loopback", LOOPBACK), ("private", PRIVATE), ("public", PUBLIC),
    ) for address in many],
)  # fmt: skip
def test_an_address_is_of_one_kind(kind, address):
    assert kind_of(address) == kind


@pytest.mark.parametrize("address", METADATA + UNUSABLE)
@pytest.mark.parametrize("host", ["staging.example.com", "localhost", "10.0.0.1", "169.254.169.254"])
def test_metadata_and_what_is_no_host_is_never_contacted(address, host):
    assert "never contacted" in refusal(address, target_at(80, host=host, private=True))


@pytest.mark.parametrize("address", LOOPBACK + PRIVATE)
def test_a_name_leads_inside_only_with_leave(address):
    assert "targets.api.private: true" in refusal(address, target_at(80, host="staging.example.com"))
    assert refusal(address, target_at(80, host="staging.example.com", private=True)) is None


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_needs_no_leave(address):
    assert refusal(address, target_at(80, host="staging.example.com")) is None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "api.localhost", "127.0.0.1", "::1"])
def test_an_url_that_says_loopback_means_it(host):
    assert refusal("127.0.0.1", target_at(80, host=host)) is None


def test_localhost_does_not_mean_the_private_network():
    assert refusal("10.0.0.1", target_at(80, host="localhost"))


@pytest.mark.parametrize(
    "host", ["notlocalhost", "localhost.example.com", "127.0.0.1.example.com", "127.1", "2130706433"]
)
def test_what_only_looks_like_loopback_is_a_name(host):
    assert refusal("127.0.0.1", target_at(80, host=host))


@pytest.mark.parametrize(
    "host", [*METADATA[:3], "::ffff:169.254.169.254", "0.0.0.0", "0xa9fea9fe", "2852039166", "169.254.43518"]
)
def test_behind_a_proxy_an_address_in_the_url_is_vetted(host):
    assert literal_refusal(target_at(80, host=host, private=True))


@pytest.mark.parametrize(
    "host", ["staging.example.com", "10.0.0.1", "localhost", "8.8.8.8", "face.example", "0x.example"]
)
def test_behind_a_proxy_names_are_the_proxys_affair(host):
    assert literal_refusal(target_at(80, host=host)) is None


@given(st.ip_addresses())
def test_each_address_has_a_kind_and_wrapping_it_does_not_make_it_milder(ip):
    kind = kind_of(str(ip))
    assert kind in {"metadata", "unusable", "loopback", "private", "public"}
    if ip.version == 4:
        assert {kind_of(f"::ffff:{ip}"), kind_of(f"64:ff9b::{ip}")} == {kind}


@given(st.text())
def test_no_text_is_a_crash(text):
    assert kind_of(text)
    literal_refusal(target_at(80, host=text))
