"""What is tried again and when, what is missing and how to get it, and where the job runs: all of it pure."""

import pytest

from releasegate.errors import UsageError
from releasegate.github.job import job_of
from releasegate.github.patience import MOST_TRIES, Trouble, pause_s
from releasegate.github.scopes import missing

NOW = 1000.0


def trouble(status=None, message="", **headers):
    return Trouble(
        message=message, status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize("status", [None, 500, 502, 503, 504])
def test_what_may_pass_is_tried_five_times_with_doubling_pauses(status):
    pauses = [pause_s(trouble(status), tries, NOW) for tries in range(1, MOST_TRIES + 1)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, None]
    assert trouble(status).maybe_done


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501])
def test_what_github_refuses_is_not_asked_again(status):
    assert pause_s(trouble(status, "no"), 1, NOW) is None
    assert not trouble(status).maybe_done


@pytest.mark.parametrize(
    ("found", "waits"),
    [
        (trouble(429, retry_after="7"), 7.0),
        (trouble(403, retry_after="7"), 7.0),
        (trouble(403, x_ratelimit_remaining="0", x_ratelimit_reset="1030"), 30.0),
        (trouble(429, x_ratelimit_remaining="0", x_ratelimit_reset="900"), 1.0),
        (trouble(403, "You have exceeded a secondary rate limit."), 60.0),
        (trouble(403, "You have exceeded a secondary rate limit.", x_ratelimit_remaining="9", x_ratelimit_reset="1030"), 60.0),
        (trouble(429), 60.0),
        (trouble(429, retry_after="soon"), 60.0),
        (trouble(429, retry_after="-5"), 60.0),
        (trouble(403, x_ratelimit_remaining="0", x_ratelimit_reset="soon"), None),
    ],
)  # fmt: skip
def test_a_limit_is_waited_for_as_github_says(found, waits):
    assert pause_s(found, 1, NOW) == waits


@pytest.mark.parametrize(
    ("accepted", "named"),
    [
        ("statuses=write", "lacks statuses: write;"),
        ("issues=write; pull_requests=write", "lacks pull-requests: write;"),
        ("contents=write,workflows=write", "lacks contents: write and workflows: write;"),
        ("checks=write", "lacks checks: write;"),
    ],
)
def test_what_a_token_lacks_is_named_with_a_block_that_has_all_the_rest(accepted, named):
    said = missing(accepted)
    assert named in said
    assert "statuses: write" in said
    assert named.removeprefix("lacks ").rstrip(";").rpartition(" and ")[2] in said.partition("permissions:")[2]


@pytest.mark.parametrize("accepted", [None, "", "x: y", "::warning::=write", "a" * 10_000])
def test_what_github_does_not_name_is_the_usual_block(accepted):
    assert missing(accepted).endswith("permissions:\n  contents: read\n  statuses: write\n  pull-requests: write")


RUN = {"GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}


def test_the_attempts_page_is_made_of_the_runners_variables_alone():
    job = job_of({**RUN, "GITHUB_SERVER_URL": "https://ghe.example", "GITHUB_API_URL": "https://ghe.example/api/v3/"})
    assert job.run_url == "https://ghe.example/acme/shop/actions/runs/7/attempts/2"
    assert job.api_url == "https://ghe.example/api/v3"
    assert job_of(RUN).api_url == "https://api.github.com"


@pytest.mark.parametrize("name", RUN)
def test_outside_of_a_whole_run_there_is_no_page(name):
    assert job_of({**RUN, name: "../../x"}).run_url is None


@pytest.mark.parametrize("url", ["ftp://x", "//x", "https://user:pass@x", "https://x/?a=b", "https://x/#a", "nothing"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(UsageError, match="GITHUB_API_URL") as refused:
        job_of({"GITHUB_API_URL": url})
    assert "pass" not in str(refused.value)


def test_a_job_does_not_show_its_secrets():
    job = job_of({"GITHUB_TOKEN": "ghs_x1", "RELEASEGATE_APP_ID": "1", "RELEASEGATE_PRIVATE_KEY": "pem_x2"})
    assert job.secrets == ("ghs_x1", "pem_x2")
    assert "x1" not in repr(job)
    assert "x2" not in repr(job)
