"""Whether boto3 gets over a portal that is busy. Old ones as Debian's know
nothing of AWS_ENDPOINT_URL, so they are led through a proxy.

portico local run --proxy -- python3 -m unittest
"""

import subprocess
import unittest

import boto3


def portico(*arguments):
    subprocess.check_call(("portico", "local") + arguments)


class ThrottledTest(unittest.TestCase):
    def test_accounts(self):
        oidc = boto3.client("sso-oidc", region_name="us-east-1")
        client = oidc.register_client(clientName="my-tool", clientType="public")
        client = {name: client[name] for name in ("clientId", "clientSecret")}
        device = oidc.start_device_authorization(**client, startUrl="https://d-1234567890.awsapps.com/start")
        portico("approve", "--as", "alice", device["userCode"])
        token = oidc.create_token(
            **client,
            grantType="urn:ietf:params:oauth:grant-type:device_code",
            deviceCode=device["deviceCode"],
        )

        portico("fault", "add", "--op", "ListAccounts", "--error", "TooManyRequestsException", "--count", "2")
        sso = boto3.client("sso", region_name="us-east-1")
        self.assertEqual(3, len(sso.list_accounts(accessToken=token["accessToken"])["accountList"]))
