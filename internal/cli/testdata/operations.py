"""Runs command lines of an installed AWS CLI (version 2), all in one process.

Questions come on stdin, one JSON object a line, and so do the answers: {"argv"}
is answered by {"code", "out", "err"}, {"models": [service]} by what its models
say: {service: {operation: {"input", "output"}}}.
"""
import io
import json
import os
import sys

import awscli
import botocore.session
from awscli.clidriver import create_clidriver

if awscli.__version__.split(".")[0] != "2":
    sys.exit("awscli %s is not version 2" % awscli.__version__)

SESSION = botocore.session.Session()


def shape(s, above=()):
    if s is None:
        return {"type": "structure"}
    if s.name in above:
        return {"type": s.type_name}
    above += (s.name,)
    d = {"type": s.type_name}
    if s.type_name == "structure":
        if getattr(s, "is_document_type", False):
            return {"type": "document"}
        d["union"] = getattr(s, "is_tagged_union", False)
        d["members"] = [
            {"name": n, "required": n in s.required_members, "shape": shape(m, above)} for n, m in s.members.items()
        ]
    elif s.type_name == "list":
        d["element"] = shape(s.member, above)
    elif s.type_name == "map":
        d["element"] = shape(s.value, above)
    elif s.type_name == "string":
        d["enum"] = list(s.enum)
    return d


def models(service):
    model = SESSION.get_service_model(service)
    ops = {n: model.operation_model(n) for n in model.operation_names}
    return {n: {"input": shape(op.input_shape), "output": shape(op.output_shape)} for n, op in ops.items()}


drivers = {}


def driver(operation):
    # One is slow to make, and its handlers of one operation answer for others.
    if operation not in drivers:
        drivers.clear()
        drivers[operation] = create_clidriver()
    return drivers[operation]


def run(argv):
    saved = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err = io.StringIO(), io.StringIO()
    try:
        code = driver(tuple(argv[:2])).main(argv)
    except SystemExit as e:
        code = e.code
    finally:
        sys.stdout, sys.stderr = saved
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        if "models" in question:
            answer = {s: models(s) for s in question["models"]}
        else:
            answer = run(question["argv"])
        print(json.dumps(answer), flush=True)


main()
