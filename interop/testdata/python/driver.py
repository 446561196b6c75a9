"""Drives boto3. See package interop."""

import json
import sys

import boto3
import botocore
from botocore.exceptions import BotoCoreError, ClientError


def do(call):
    keys = call.get("keys") or {}
    session = boto3.Session(
        profile_name=call.get("profile"),  # whose credentials sign, by boto3's own providers
        aws_access_key_id=keys.get("accessKeyId"),
        aws_secret_access_key=keys.get("secretAccessKey"),
        aws_session_token=keys.get("sessionToken"),
    )
    client = session.client(call["service"], region_name="us-east-1")
    operation = botocore.xform_name(call["operation"])
    arguments = call.get("input") or {}
    if call.get("pages"):
        size = arguments.pop("maxResults", None)
        pages = client.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": size})
        return list(pages)
    return getattr(client, operation)(**arguments)


def describe(e):
    failure = {"code": type(e).__name__, "message": str(e)}
    if isinstance(e, ClientError):
        failure["code"] = e.response["Error"]["Code"]
        failure["error"] = e.response.get("error", "")
        failure["status"] = e.response["ResponseMetadata"]["HTTPStatusCode"]
        failure["typed"] = type(e) is not ClientError
    return failure


for line in sys.stdin:
    try:
        answer = {"output": do(json.loads(line))}
    except (BotoCoreError, ClientError) as e:
        answer = {"error": describe(e)}
    print(json.dumps(answer, default=str), flush=True)
