"""A device login with boto3, in time and too late.

portico local run --as alice -- python3 -m unittest
"""

import subprocess
import unittest
import webbrowser

import boto3

oidc = boto3.client("sso-oidc", region_name="us-east-1")
sso = boto3.client("sso", region_name="us-east-1")


class LoginTest(unittest.TestCase):
    def setUp(self):
        client = oidc.register_client(clientName="my-tool", clientType="public")
        self.client = {name: client[name] for name in ("clientId", "clientSecret")}
        self.device = oidc.start_device_authorization(
            **self.client, startUrl="https://d-1234567890.awsapps.com/start"
        )

    def token(self):
        return oidc.create_token(
            **self.client,
            grantType="urn:ietf:params:oauth:grant-type:device_code",
            deviceCode=self.device["deviceCode"],
        )["accessToken"]

    def test_accounts(self):
        webbrowser.open(self.device["verificationUriComplete"])  # alice signs in and allows
        accounts = sso.list_accounts(accessToken=self.token())["accountList"]
        self.assertEqual({"dev", "prod", "management"}, {a["accountName"] for a in accounts})

    def test_too_late(self):
        subprocess.check_call(["portico", "local", "clock", "advance", "11m"])
        with self.assertRaises(oidc.exceptions.ExpiredTokenException):
            self.token()
