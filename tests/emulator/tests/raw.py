"""Requests by hand, for what no SDK would send."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

VERSIONS = {
    "autoscaling": "2011-01-01",
    "ec2": "2016-11-15",
    "elasticloadbalancing": "2015-12-01",
    "iam": "2010-05-08",
    "rds": "2014-10-31",
    "sts": "2011-06-15",
}
TARGETS = {
    "acm": "CertificateManager",
    "kms": "TrentService",
    "secretsmanager": "secretsmanager",
}


class Wire:
    """A connection that signs nothing and checks nothing."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(
        self,
        service: str,
        path: str,
        body: bytes = b"",
        method: str = "POST",
        **headers: str,
    ) -> tuple[str, str]:
        """Code and message of the refusal; two empty strings for a success."""
        scope = f"AKIATESTING/20260101/us-east-1/{service}/aws4_request"
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        sent["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"
        request = urllib.request.Request(
            f"{self.url}{path}", data=body or None, method=method, headers=sent
        )
        try:
            with urllib.request.urlopen(request):
                return "", ""
        except urllib.error.HTTPError as error:
            return self.told(
                error.read().decode(), error.headers.get("x-amzn-errortype")
            )

    @staticmethod
    def told(text: str, kind: str | None) -> tuple[str, str]:
        """Code and message in the words of any protocol."""
        if text.lstrip().startswith("<"):
            code, message = (
                re.search(f"<{part}>(.*?)</{part}>", text, re.DOTALL)
                for part in ("Code", "Message")
            )
            return (code.group(1) if code else "", message.group(1) if message else "")
        found = json.loads(text)
        return kind or found["__type"], found["message"]

    def query(self, service: str, action: str, **params: Any) -> tuple[str, str]:
        """A call of EC2 or of the query protocol; "__" stands for a dot."""
        form = {"Action": action, "Version": VERSIONS[service]}
        form |= {key.replace("__", "."): value for key, value in params.items()}
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return self.send(service, "/", urlencode(form).encode(), Content_Type=kind)

    def json(self, service: str, operation: str, body: Any) -> tuple[str, str]:
        """A call of the JSON protocol; a body of text is sent as it is."""
        data = body if isinstance(body, str) else json.dumps(body)
        return self.send(
            service,
            "/",
            data.encode(),
            Content_Type="application/x-amz-json-1.1",
            X_Amz_Target=f"{TARGETS[service]}.{operation}",
        )

    def rest(
        self, service: str, order: str, body: Any = b"", **headers: str
    ) -> tuple[str, str]:
        """A call of a REST protocol: "PUT /bucket?tagging"."""
        method, path = order.split(" ", 1)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(service, path, data, method, **headers)
