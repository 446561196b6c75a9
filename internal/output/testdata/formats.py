"""Answers, a JSON line for a JSON line, what the formatters of the AWS CLI print.

A line asks for {"format", "document", "query", "columns", "color"}; the answer
is {"text"}, or {"error"} where they raise. Loaded only by tests.
"""
import argparse
import io
import json
import sys

import jmespath
from awscli import formatter, table

COMMAND = "ListAccounts"


def answer(ask):
    query = jmespath.compile(ask["query"]) if ask["query"] else None
    args = argparse.Namespace(query=query, color="on" if ask["color"] else "off")
    table.determine_terminal_width = lambda: ask["columns"] or 80
    stream = io.StringIO()
    formatter.get_formatter(ask["format"], args)(COMMAND, json.loads(ask["document"]), stream)
    return {"text": stream.getvalue()}


def main():
    out = sys.stdout  # before colorama puts something in its place
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as e:
            result = {"error": "%s: %s" % (type(e).__name__, e)}
        out.write(json.dumps(result) + "\n")
        out.flush()


# The formatters of version 1 know no YAML, and those without libyaml differ.
formatter.StreamedYAMLFormatter
import _ruamel_yaml  # noqa: E402,F401

if sys.argv[1:] != ["check"]:
    main()
