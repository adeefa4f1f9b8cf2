# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the .td files declare is documented and tested, and its examples parse."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from paths import FISHER_OPT, LLVM_PREFIX, LLVM_TOOLS, ROOT

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


DECLARATIONS = all_declarations()
TESTS = [
    path.read_text()
    for folder in ("test", "unittests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".mlir", ".test", ".cpp", ".py"} and path != Path(__file__)
]


@pytest.mark.parametrize("kind", ["op", "attr", "type", "enum", "interface", "pass", "option"])
def test_finds_declarations(kind):
    assert any(declaration.kind == kind for declaration in DECLARATIONS)


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=str)
def test_documented(declaration):
    empty = [name for name, text in declaration.texts.items() if not (text or "").strip()]
    assert not empty, f"{declaration.place}: {declaration.name} has no {', '.join(empty)}"


@pytest.mark.parametrize("declaration", [d for d in DECLARATIONS if d.mentions], ids=str)
def test_tested(declaration):
    unseen = [
        mention
        for mention in declaration.mentions
        if not any(re.search(mention, text) for text in TESTS)
    ]
    assert not unseen, f"{declaration.place}: no test mentions {declaration.name}: {unseen}"


def examples():
    """The pieces of IR in descriptions, which are complete but for passes."""
    for declaration in (d for d in DECLARATIONS if d.kind in {"op", "attr", "type"}):
        text = declaration.texts.get("description") or ""
        for code in re.findall(r"```mlir\n(.*?)```", text, re.DOTALL):
            yield pytest.param(declaration, code, id=str(declaration))


@pytest.mark.parametrize("declaration", [d for d in DECLARATIONS if d.kind == "op"], ids=str)
def test_op_has_example(declaration):
    assert "```mlir\n" in declaration.texts["description"], declaration.place


@pytest.mark.parametrize("declaration, code", list(examples()))
def test_example_parses(declaration, code):
    done = subprocess.run([FISHER_OPT], input=code, capture_output=True, text=True)
    assert done.returncode == 0, f"{declaration.place}: {code}\n{done.stderr}"
