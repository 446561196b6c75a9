"""Asks botocore how it reads random files and prints the answers as JSON.

    python3 ask_botocore.py SEED COUNT > botocore.json
"""

import json
import random
import sys
import tempfile

import botocore
import botocore.configloader as loader
import botocore.exceptions

HEADERS = [
    "default", "profile default", 'profile "default"', "DEFAULT", "profile a", 'profile "a"', "profile  a",
    "profile 'a b'", 'profile "a b"', "profile a b", "profile\ta", "profile", "profilefoo bar", " profile x",
    "profile x ", 'profile "', "profile a\\ b", 'profile "a\\"b"', "profile a'b'c", "profile ''", "foo", " default ",
    "sso-session s", 'sso-session "s t"', "sso-session", "services v", "services-x v", "a]b", "profile a]", "",
    "profile \u00e9", "profile a\u00a0b", "profile a\x0bb", "profile 'a\\b'", 'profile "a\\b"', "profile a\\",
]
KEYS = ["region", "REGION", "output", "s3", "sso_session", "a b", "aws_access_key_id", "\u00e9t\u00e9", "x[y]", "[z"]
VALUES = ["", "us-east-1", "1 ; x", "1 # x", '"q"', "a = b", "x:y", "old[v]", "  spaced  ", "[v]", "\u00e9", "\x1c", "\x0b"]
EOLS = ["\n"] * 12 + ["\r\n"] * 3 + ["\r", "\n\n", "\n \n", "\n\t\n", "\n# c\n", "\n  ; c\n"]


def line(r):
    kind = r.random()
    indent = r.choice([""] * 6 + [" ", "  ", "    ", "\t", "\u00a0"])
    if kind < 0.28:
        return r.choice([""] * 9 + [" "]) + "[" + r.choice(HEADERS) + "]" + r.choice([""] * 9 + [" # c", " x", "]"])
    if kind < 0.75:
        return indent + r.choice(KEYS) + r.choice(["=", " = ", ":", " : ", " =", "\t=\t"]) + r.choice(VALUES)
    if kind < 0.85:
        return "    " + r.choice(["x = 1", "y=2", "x = 3", "z = a = b", "bad" if r.random() < 0.2 else "w =", "v\x0bu = 1" if r.random() < 0.1 else "t=1"])
    if kind < 0.95:
        return indent + r.choice(["# c", "; c", "#region = x", ";[profile a]"])
    return r.choice(["", "", "", " ", "[", "[]", "[x", "nodelimiter", "= v", ": v", "\ufeff"])


def text(r):
    out = "" if r.random() < 0.1 else "[" + r.choice(HEADERS[:6]) + "]\n"
    for _ in range(r.randint(0, 9)):
        out += line(r) + r.choice(EOLS)
    if r.random() < 0.2:
        out += line(r)
    return out


def ordered(sections):
    return [[name, [[k, v] for k, v in keys.items()]] for name, keys in sections.items()]


def answer(content):
    with tempfile.NamedTemporaryFile("w", newline="", encoding="utf-8") as f:
        f.write(content)
        f.flush()
        try:
            raw = loader.raw_config_parse(f.name)
        except botocore.exceptions.ConfigParseError:
            return {"in": content, "refused": True}
    mapped = loader.build_profile_map(raw)
    return {
        "in": content,
        "profiles": ordered(mapped["profiles"]),
        "sso_sessions": ordered(mapped["sso_sessions"]),
        "services": ordered(mapped["services"]),
        "raw": ordered(raw),
    }


def main():
    r = random.Random(int(sys.argv[1]))
    refused, read = [], []
    count = int(sys.argv[2])
    while len(refused) < count // 4 or len(read) < count - count // 4:
        got = answer(text(r))
        (refused if "refused" in got else read).append(got)
    cases = refused[: count // 4] + read[: count - count // 4]
    json.dump({"botocore": botocore.__version__, "cases": cases}, sys.stdout, indent=0, ensure_ascii=True)


main()
