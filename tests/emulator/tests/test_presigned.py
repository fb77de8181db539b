"""STS takes an address that was signed for it, with the headers it was signed with."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HOST = "sts.us-east-1.amazonaws.com"
QUESTION = f"https://{HOST}/?Action=GetCallerIdentity&Version=2011-06-15"


def signed(cluster: str, secret: str = "secret", expires: int = 60) -> str:
    """An address as `aws eks get-token` signs it."""
    request = AWSRequest("GET", QUESTION, headers={"x-k8s-aws-id": cluster})
    credentials = Credentials("AKIATESTING", secret)
    SigV4QueryAuth(credentials, "sts", "us-east-1", expires=expires).add_auth(request)
    return request.url


def ask(emulator, address: str, headers: dict[str, str]) -> tuple[int, str]:
    """Ask it here, as if it were there."""
    query = urlsplit(address).query
    request = urllib.request.Request(
        f"{emulator.url}/?{query}", headers={"Host": HOST, **headers}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_signer_is_told(emulator):
    status, text = ask(emulator, signed("one"), {"x-k8s-aws-id": "one"})
    assert status == 200
    assert "<Arn>arn:aws:sts::123456789012:assumed-role/" in text


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-k8s-aws-id": "two"}, {"x-k8s-aws-id": "one", "Host": "sts.amazonaws.com"}],
)
def test_without_the_signed_headers_it_is_refused(emulator, headers):
    status, text = ask(emulator, signed("one"), headers)
    assert status == 403
    assert "SignatureDoesNotMatch" in text


@pytest.mark.wrong_requests
def test_another_secret_another_question_and_too_late_are_refused(emulator):
    header = {"x-k8s-aws-id": "one"}
    for address in (
        signed("one", secret="other"),
        signed("one") + "&Extra=1",
        signed("one").replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
    ):
        status, text = ask(emulator, address, header)
        assert (status, "SignatureDoesNotMatch" in text) == (403, True)
    status, text = ask(emulator, signed("one", expires=-5), header)
    assert (status, "Signature expired" in text) == (403, True)


def test_a_call_with_its_signature_in_a_header_is_as_before(aws):
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"
