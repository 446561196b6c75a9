"""Prints what botocore's models say of the services named, as one JSON object.

A shape is {"type", "members": [[name, required, shape]], "element", "key",
"enum"}, or its name alone where it holds itself.
"""
import json
import sys

import botocore
import botocore.session

if tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 43):
    sys.exit("botocore %s is older than 1.43" % botocore.__version__)

SESSION = botocore.session.get_session()


def shape(s, above=()):
    if s is None:
        return {"type": "structure", "members": []}
    if s.name in above:
        return {"type": "again"}
    above += (s.name,)
    d = {"type": s.type_name}
    if s.type_name == "structure":
        if getattr(s, "is_document_type", False):
            return {"type": "document"}
        d["members"] = [[n, n in s.required_members, shape(m, above)] for n, m in s.members.items()]
        d["union"] = getattr(s, "is_tagged_union", False)
    elif s.type_name == "list":
        d["element"] = shape(s.member, above)
    elif s.type_name == "map":
        d["key"], d["element"] = shape(s.key, above), shape(s.value, above)
    elif s.type_name == "string":
        d["enum"] = sorted(s.enum)
    return d


def operation(model, pages, name):
    op = model.operation_model(name)
    return {
        "input": shape(op.input_shape),
        "output": shape(op.output_shape),
        "paging": pages.get(name),
        "open": op.auth_type == "none" or "smithy.api#noAuth" in (op.auth or []),
    }


def service(name):
    model = SESSION.get_service_model(name)
    try:
        pages = SESSION.get_component("data_loader").load_service_model(name, "paginators-1")["pagination"]
    except botocore.exceptions.UnknownServiceError:
        pages = {}
    return {n: operation(model, pages, n) for n in model.operation_names}


json.dump({name: service(name) for name in sys.argv[1:]}, sys.stdout)
