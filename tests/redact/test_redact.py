import html
import json
import re
import time
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from releasegate.model import CheckResult, Contact, Diagnosis, Expectation, Label, Outcome, Reading, Sample
from releasegate.redact import Redactor

SECRETS = st.text(st.characters(exclude_categories=("Cs",)), min_size=6, max_size=40)
AROUND = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9)

ENCODERS = {
    "plain": lambda s: s,
    "quoted": lambda s: quote(s, safe=""),
    "quoted in lower case": lambda s: "".join(
        part.lower() if part.startswith("%") else part for part in _percents(quote(s, safe=""))
    ),
    "quoted as a form": quote_plus,
    "json": lambda s: json.dumps(s)[1:-1],
    "json unescaped": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "html": html.escape,
    "html with numbers": lambda s: html.escape(s).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "json of Go": lambda s: re.sub("[<>&]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(s)[1:-1]),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
}


def _percents(text):
    return re.split(r"(%[0-9A-F]{2})", text)


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
@given(secret=SECRETS, before=AROUND, after=AROUND)
def test_a_secret_survives_no_encoding(encode, secret, before, after):
    form = encode(secret)
    assert form not in Redactor([secret]).clean(f"{before}{form}{after}").replace("***", "\0")


@given(secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), before=AROUND, after=AROUND)
def test_a_secret_survives_no_base64_at_any_offset(secret, before, after):
    for encode in (b64encode, urlsafe_b64encode):
        said = encode(f"{before}{secret}{after}".encode()).decode()
        cleaned = Redactor([secret]).clean(said)
        assert "***" in cleaned
        kept = len(cleaned.replace("***", ""))
        assert kept <= len(said) - (len(secret) * 8 // 6 - 2)


@pytest.mark.parametrize("encode", [str, lambda s: b64encode(s.encode()).decode()])
@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=40),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_secret_survives_no_break_of_lines(encode, secret, end):
    form = encode(secret)
    wrapped = end.join(form[at : at + 20] for at in range(0, len(form), 20))
    cleaned = Redactor([secret]).clean(f"said: {wrapped}")
    assert cleaned.startswith("said: ***")
    assert len(cleaned) <= len("said: ***") + len("==\r\n") + 2


def test_json_as_dotnet_writes_it_is_no_hiding_place():
    assert Redactor(["a<b>&'+\"c-secret"]).clean(r"a\u003Cb\u003E\u0026\u0027\u002B\u0022c-secret") == "***"


def test_the_longest_secret_is_replaced_first():
    assert Redactor(["abcd", "abcdefgh"]).clean("x abcdefgh y abcd") == "x *** y ***"


def test_text_without_secrets_is_left_as_it_is():
    assert Redactor(["hunter22"]).clean("staging.example.com answered") == "staging.example.com answered"


def test_a_secret_learnt_later_is_replaced_too():
    redactor = Redactor(["first-secret"])
    redactor.clean("x")
    redactor.add("second-secret")
    assert redactor.clean("first-secret second-secret") == "*** ***"


def test_what_is_too_short_is_not_replaced_and_counted():
    redactor = Redactor(["abc", ""])
    assert redactor.clean("abc") == "abc"
    assert redactor.too_short == 1


def test_json_values_are_cleaned_with_their_keys():
    given = sample({"hunter22": ["x hunter22", 7, None, True]})
    cleaned = Redactor(["hunter22"]).clean_struct(given)
    assert cleaned.expectations[0].found == [{"***": ["x ***", 7, None, True]}]


def sample(found):
    expectation = Expectation(
        subject="$.a", operator="equals", demanded="x", found=[found], met=False, text=f'$.a == "x" (got "{found}")'
    )
    return Sample(
        outcome=Outcome.UNMET, started="t", duration_s=0.0, phases=(), expectations=(expectation,), signature="s",
        contact=(Contact(target="api", host="hunter22.example.com", port=1),), excerpt=f"said {found}",
    )  # fmt: skip


def test_structs_are_cleaned_and_what_changed_can_no_longer_be_judged_from():
    cleaned = Redactor(["hunter22"]).clean_struct(sample("my hunter22"))
    assert cleaned.expectations[0].found == ["my ***"]
    assert cleaned.expectations[0].kept is False
    assert cleaned.excerpt == "said my ***"
    assert cleaned.outcome is Outcome.UNMET


def test_what_was_read_beside_a_failure_is_cleaned_too():
    beside = Diagnosis(check="s.hunter22", sample=sample("my hunter22"))
    (reading,) = Redactor(["hunter22"]).clean_struct(replace(sample("x"), diagnosis=(beside,))).diagnosis
    assert (reading.sample.excerpt, reading.sample.expectations[0].kept) == ("said my ***", False)
    assert reading.check == "s.hunter22"


def test_structs_without_secrets_are_left_as_they_are():
    untouched = sample("y")
    assert Redactor(["another-secret"]).clean_struct(untouched) is untouched


@given(st.text(max_size=2000))
def test_any_text_in_which_no_secret_begins_stays_as_it_is(text):
    assume("s3cr" not in text)
    assert Redactor(["s3cret-token"]).clean(text) == text


@pytest.mark.parametrize("secret", ["standard", "s.health", "before", "equals", "http", "target"])
def test_a_secret_that_is_also_a_word_of_the_gate_does_not_garble_what_the_gate_says(secret):
    one = replace(sample(f"staging says {secret}"), target="target")
    check = CheckResult(
        id="s.health", suite="s", kind="http", label=Label.FAILED, critical=False, weight=1.0, hash="h",
        samples=(one,), profile="standard",
    )  # fmt: skip
    reading = Reading(target="target", moment="before", at="t", revision=secret)
    cleaned, read = Redactor([secret]).clean_struct((check, reading))
    assert (cleaned.id, cleaned.kind, cleaned.profile) == ("s.health", "http", "standard")
    assert (cleaned.samples[0].target, cleaned.samples[0].expectations[0].operator) == ("target", "equals")
    assert (read.target, read.moment, read.revision) == ("target", "before", "***")
    assert cleaned.samples[0].excerpt == "said staging says ***"


LONG = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyZWxlYXNlZ2F0ZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


@pytest.mark.parametrize("size", [4, 8, 11, 12, 40, len(LONG) - 1])
def test_a_secret_of_which_a_cut_left_the_beginning_is_taken_away(size):
    assert Redactor([LONG]).clean(f'"Bearer {LONG[:size]}…" and on') == '"Bearer ***…" and on'


@pytest.mark.parametrize("size", [12, 40, len(LONG)])
def test_the_telling_beginning_of_a_secret_is_taken_away_wherever_it_stands(size):
    assert Redactor([LONG]).clean(f"{LONG[:size]} x {LONG[:size]}") == "*** x ***"


def test_words_that_only_begin_like_a_secret_are_left():
    assert (
        Redactor(["staging-password-1"]).clean("staging-api says stag and … more") == "staging-api says stag and … more"
    )


def test_much_text_with_many_secrets_is_cleaned_in_no_time():
    redactor = Redactor([f"secret-number-{n}-of-many" for n in range(10)])
    text = 'a line as evidence has it, {"text": "cut…"}\n' * 20_000
    began = time.perf_counter()
    assert redactor.clean(text) == text
    assert time.perf_counter() - began < 5


def test_a_secret_of_digits_is_taken_away_where_staging_gives_it_back_as_a_number():
    given = replace(sample(867530912345), contact=(Contact(target="api", host="h", port=8675),))
    cleaned = Redactor(["867530912345", "8675"]).clean_struct(given)
    assert cleaned.expectations[0].found == ["***"]
    assert cleaned.expectations[0].kept is False
    assert cleaned.contact[0].port == 8675
