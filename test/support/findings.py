# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs fisher-recognize and reads what it says."""

import re
import subprocess
from dataclasses import dataclass

from paths import FISHER_OPT


@dataclass
class Finding:
    kind: str
    names: list
    values: dict  # coefficients and facts
    locations: list


def read_value(text):
    if text.startswith("["):
        return re.findall(r'"([^"]*)"', text)
    if text.startswith('"'):
        return text.strip('"')
    if text in ("true", "false"):
        return text == "true"
    if text.startswith(("loc(", "#loc")):
        return text
    return float(text.removesuffix(" : f64"))


def read_findings(text):
    """The findings of each function in a module that was printed, by its name."""
    functions = {}
    aliases = dict(re.findall(r"^(#\w+) = (#fisher\.finding<.*>)$", text, re.M))
    for name, attributes in re.findall(
            r"func\.func (?:public )?@(\w+).*fisher\.findings = \[(.*)", text):
        for alias, full in aliases.items():
            attributes = re.sub(re.escape(alias) + r"\b", lambda _: full, attributes)
        functions[name] = [
            Finding(kind, re.findall(r'"([^"]*)"', names),
                    {key: read_value(value) for key, value in re.findall(
                        r'(\w+) = (\[[^\]]*\]|"[^"]*"|loc\([^)]*\)|[^,}]+)', values)},
                    locations.split(", "))
            for kind, names, values, locations in re.findall(
                r"#fisher\.finding<(\w+) on \[([^\]]*)\] \{([^}]*)\} at \[([^\]]*)\]>",
                attributes)]
        assert len(functions[name]) == attributes.count("#fisher.finding<")
    return functions


def recognize(text, *options):
    """What fisher-recognize finds in each function of a module, after these
    passes."""
    done = subprocess.run(
        [FISHER_OPT, "-", "--allow-unregistered-dialect", *options,
         "--fisher-recognize"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return read_findings(done.stdout)
