# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the .td files of the tree declare, as a user writes it."""

import json
import re
import subprocess
from dataclasses import dataclass, field

from paths import LLVM_PREFIX, LLVM_TOOLS, ROOT

DIALECT = "fisher"
NAMESPACE = "::mlir::fisher"


@dataclass
class Declaration:
    """One thing that a .td file declares."""

    kind: str
    name: str  # as a user writes it
    place: str  # file:line
    texts: dict = field(default_factory=dict)  # what documents it
    mentions: tuple = ()  # patterns, each of which one test file must match

    def __str__(self):
        return f"{self.kind}-{self.name}"


def dump(td):
    """All records of a .td file, and the names of those of each class."""
    done = subprocess.run(
        [LLVM_TOOLS / "llvm-tblgen", "--dump-json", td]
        + ["-I", ROOT / "include", "-I", LLVM_PREFIX / "include"],
        capture_output=True,
        text=True,
        check=True,
    )
    records = json.loads(done.stdout)
    return records, records["!instanceof"]


def word(text):
    """A pattern for the text as a whole word, with `--` before it or not."""
    return rf"(?:(?<=--)|(?<![\w.-])){re.escape(text)}(?![\w-])"


def read_declarations(td):
    records, instances = dump(td)

    def of_class(name):
        return [records[key] for key in instances.get(name, [])]

    def resolve(reference):
        return records[reference["def"]] if reference else {}

    def documented(record):
        return {key: record[key] for key in ("summary", "description")}

    def add(kind, name, record, texts, mentions=()):
        found.append(Declaration(kind, name, record["!locs"][0], texts, mentions))

    found = []
    for op in of_class("Op"):
        if resolve(op["opDialect"]).get("name") == DIALECT:
            name = f"{DIALECT}.{op['opName']}"
            add("op", name, op, documented(op), (word(name),))
    for kind, sigil in (("AttrDef", "#"), ("TypeDef", "!")):
        for record in of_class(kind):
            if resolve(record["dialect"]).get("name") != DIALECT:
                continue
            name = f"{sigil}{DIALECT}.{record['mnemonic']}"
            # The attribute of an enumeration is written as its case.
            mentions = () if record.get("enum") else (re.escape(name) + r"(?!\w)",)
            add(kind[:4].lower(), name, record, documented(record), mentions)
    for enum in of_class("EnumInfo"):
        if enum["cppNamespace"] == NAMESPACE:
            cases = [resolve(case)["str"] for case in enum["enumerants"]]
            texts = {"summary": enum["summary"]}
            add("enum", enum["className"], enum, texts, tuple(map(word, cases)))
    for interface in of_class("Interface"):
        if interface["cppNamespace"] == NAMESPACE and interface.get("methods"):
            texts = {"description": interface["description"]}
            for method in map(resolve, interface["methods"]):
                texts[f"{method['name']}()"] = method["description"]
            add("interface", interface["cppInterfaceName"], interface, texts)
    for base in of_class("PassBase"):
        name = base["argument"]
        add("pass", name, base, documented(base), (word(name),))
        for option in map(resolve, base["options"]):
            # In a pipeline, the option follows the pass; in C++ it is a member.
            mention = word(name) + r"[^\n]*" + word(option["argument"])
            texts = {"description": option["description"]}
            add("option", f"{name}.{option['argument']}", base, texts, (mention,))
    return found


def all_declarations():
    found = {}
    for td in sorted((ROOT / "include" / "fisher").rglob("*.td")):
        for declaration in read_declarations(td):
            found[(declaration.kind, declaration.name)] = declaration
    return list(found.values())
