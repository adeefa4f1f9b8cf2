# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The mutations of C++ sources: where they are and what they make of the text.

A mutated source holds the right code and the wrong one of each mutation, and
takes the wrong one when `fisher_mutant::active(ID)` of mutant.h says so.
So that many mutations are built once, and a test shows which of them it reaches.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass

import tree_sitter
import tree_sitter_cpp

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_cpp.language()))

KINDS = (
    "sign", "arithmetic", "constant", "comparison", "logic", "condition", "statement", "result",
)  # fmt: skip
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
ASSIGNMENT = {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="}
RESULTS = {
    "success": "failure",
    "failure": "success",
    "WalkResult::advance": "WalkResult::interrupt",
    "WalkResult::interrupt": "WalkResult::advance",
    "WalkResult::skip": "WalkResult::advance",
}

# What has to be known when it is compiled, and what is no code.
SKIPPED = {
    "ERROR", "comment", "string_literal", "raw_string_literal", "char_literal", "preproc_include",
    "preproc_def", "preproc_function_def", "preproc_call", "template_argument_list",
    "template_parameter_list", "static_assert_declaration", "enumerator", "bitfield_clause",
    "array_declarator", "attribute_declaration", "sizeof_expression", "noexcept",
    "using_declaration", "alias_declaration",
}  # fmt: skip
# Calls that say something, checks that a release does without, and what is about
# time and memory alone.
SPEAKING = re.compile(
    r"(^|\W)(assert|reserve|llvm_unreachable|LDBG|formatv|Twine|report\w*|notify\w*|emit\w*|\w*[eE]rror\w*)$"
)
STREAM = re.compile(r"(\"|\b(os|out|errs|outs|stream|note|diag\w*|message)\b|emit\w*|[eE]rror)")
# Statements like these.
SILENT = re.compile(r"^(assert\(|\(void\)|.*\.reserve\(|llvm_unreachable\(|__builtin_)", re.DOTALL)

ACTIVE = object()


@dataclass(frozen=True)
class Mutation:
    """One small fault. `parts` is what stands for the bytes from start to end: text,
    ranges of the source, and the question whether the fault is active."""

    file: str
    kind: str
    start: int
    end: int
    line: int
    last_line: int
    code: str
    before: str
    after: str
    parts: tuple
    nth: int = 0

    @property
    def key(self):
        """What is the same after changes elsewhere in the file."""
        return (self.file, self.kind, self.code, self.before, self.after, self.nth)

    def __str__(self):
        return f"{self.file}:{self.line}: {self.kind}: {self.before} -> {self.after}"


def short(text):
    return " ".join(text.split())


class Finder:
    """Collects the mutations of one source."""

    def __init__(self, name, source):
        self.name = name
        self.source = source
        self.lines = source.decode().splitlines()
        self.found = []

    def text(self, node):
        return self.source[node.start_byte : node.end_byte].decode()

    def get_code(self, row):
        """What a line is told by: what says little is preceded by the line before."""
        code = self.lines[row].strip()
        return f"{self.lines[row - 1].strip()} {code}" if row and len(code) < 24 else code

    def add(self, kind, node, before, after, *parts):
        self.found.append(
            Mutation(
                self.name,
                kind,
                node.start_byte,
                node.end_byte,
                node.start_point.row + 1,
                node.end_point.row + 1,
                self.get_code(node.start_point.row),
                short(before),
                short(after),
                parts,
            )
        )

    def walk(self, node, spoken=False):
        """`spoken` is whether the node makes up a text that someone reads."""
        if node.type in SKIPPED or node.is_missing:
            return
        find = getattr(self, "find_" + node.type, None)
        if find:
            find(node, spoken)
        skipped = None
        if node.type == "case_statement":
            skipped = node.child_by_field_name("value")
        if node.type == "call_expression":
            function = node.child_by_field_name("function")
            spoken = spoken or bool(SPEAKING.search(self.text(function)))
        if node.type == "binary_expression" and self.operator(node) == "<<":
            spoken = spoken or bool(STREAM.search(self.text(node)))
        if node.type in ("compound_statement", "lambda_expression"):
            spoken = False
        for child in node.children:
            if skipped is None or child.id != skipped.id:
                self.walk(child, spoken)

    def operator(self, node):
        return self.text(node.child_by_field_name("operator"))

    def can_stand_twice(self, node):
        text = self.text(node)
        return not re.search(r"//|/\*|\[[&=]?\]|\[[&=\w, ]*\]\s*\(|\"|#|\{", text) and len(text) < 300

    def find_binary_expression(self, node, spoken):
        operator = self.operator(node)
        left, right = (node.child_by_field_name(name) for name in ("left", "right"))
        for kind, table in (
            ("arithmetic", ARITHMETIC),
            ("comparison", COMPARISON),
            ("logic", LOGIC),
        ):
            if operator in table and not spoken and self.can_stand_twice(node):
                other = table[operator]
                a, b = (self.text(side) for side in (left, right))
                flat = f"({short(a)}) {other} ({short(b)})"
                sides = [(side.start_byte, side.end_byte) for side in (left, right)]
                self.add(
                    kind, node, self.text(node), f"{a} {other} {b}",
                    "(", ACTIVE, f" ? {flat} : (", sides[0], f") {operator}",
                    # The line breaks between the sides stay.
                    "\n" * (right.start_point.row - left.end_point.row), "(", sides[1], "))",
                )  # fmt: skip

    def find_unary_expression(self, node, spoken):
        operator = self.operator(node)
        argument = node.child_by_field_name("argument")
        inner = (argument.start_byte, argument.end_byte)
        text = self.text(argument)
        if operator == "-" and not spoken and self.can_stand_twice(node):
            self.add("sign", node, "-" + text, text,
                     "(", ACTIVE, f" ? {short(text)} : -", inner, ")")  # fmt: skip
        if operator == "!" and not spoken and node.parent.type != "condition_clause":
            self.add("condition", node, "!" + text, text,
                     "(", ACTIVE, " != !static_cast<bool>(", inner, "))")  # fmt: skip

    def find_number_literal(self, node, spoken):
        if spoken:
            return
        text = self.text(node)
        real = not text.startswith("0x") and re.search(r"[.eE]", text) or "p" in text
        if not real:
            other = text + " + 1"
        elif float.fromhex(text.rstrip("fF")) if "p" in text else float(text.rstrip("fF")):
            other = text + " * 1.2"
        else:
            other = text + " + 1.0"
        self.add("constant", node, text, other, "(", ACTIVE, f" ? {other} : {text})")

    def find_true(self, node, spoken):
        other = "false" if node.type == "true" else "true"
        self.add("constant", node, node.type, other, "(", ACTIVE, f" ? {other} : {node.type})")

    find_false = find_true

    def find_condition_clause(self, node, spoken):
        value = node.child_by_field_name("value")
        constant = any(child.type == "constexpr" for child in node.parent.children)
        if value is None or value.type in ("declaration", "comma_expression") or constant:
            return
        if node.parent.type in ("if_statement", "while_statement"):
            self.negate(value)

    def find_conditional_expression(self, node, spoken):
        if not spoken:
            self.negate(node.child_by_field_name("condition"))

    def negate(self, value):
        text = self.text(value)
        self.add("condition", value, text, f"!({text})",
                 "(", ACTIVE, " != static_cast<bool>(", (value.start_byte, value.end_byte), "))")  # fmt: skip

    def find_assignment_expression(self, node, spoken):
        operator = self.operator(node)
        if operator not in ASSIGNMENT or node.parent.type != "expression_statement":
            return
        left, right = (node.child_by_field_name(name) for name in ("left", "right"))
        if not self.can_stand_twice(node):
            return
        other = ASSIGNMENT[operator]
        a, b = (self.text(side) for side in (left, right))
        self.add("arithmetic", node, self.text(node), f"{a} {other} {b}",
                 "(", ACTIVE, f" ? {short(a)} {other} {short(b)} : ",
                 (node.start_byte, node.end_byte), ")")  # fmt: skip

    def drop(self, node):
        self.add("statement", node, self.text(node), "",
                 "{ if (!", ACTIVE, ") ", (node.start_byte, node.end_byte), " }")  # fmt: skip

    def find_expression_statement(self, node, spoken):
        kinds = ("call_expression", "assignment_expression", "update_expression")
        if node.children[0].type in kinds and not SILENT.match(self.text(node)):
            self.drop(node)

    def find_return_statement(self, node, spoken):
        if self.text(node).rstrip(";").strip() == "return":
            self.drop(node)

    def find_break_statement(self, node, spoken):
        self.drop(node)

    find_continue_statement = find_break_statement

    def find_call_expression(self, node, spoken):
        name = self.text(node.child_by_field_name("function"))
        if name in RESULTS and self.text(node) == name + "()":
            other = RESULTS[name] + "()"
            self.add("result", node, name + "()", other, "(", ACTIVE, f" ? {other} : {name}())")


def find_mutations(name, source):
    """The mutations of a source, given as bytes, in the order of the text."""
    finder = Finder(name, source)
    finder.walk(PARSER.parse(source).root_node)
    # Those that look alike are told apart by their number.
    seen = Counter()
    result = []
    for mutation in sorted(finder.found, key=lambda m: (m.start, -m.end, m.kind)):
        nth = seen[mutation.key]
        seen[mutation.key] += 1
        result.append(Mutation(**{**mutation.__dict__, "nth": nth}))
    return result


def choose(mutations, count, seed):
    """Up to `count` of the mutations, from every kind alike as long as there are
    any. More of them are these and others."""
    queues = {kind: [m for m in mutations if m.kind == kind] for kind in KINDS}
    generator = random.Random(seed)
    for queue in queues.values():
        generator.shuffle(queue)
    chosen = []
    taken = set()
    while len(chosen) < count and any(queues.values()):
        for queue in queues.values():
            while queue and len(chosen) < count:
                mutation = queue.pop()
                # What stands for the same text cannot stand there twice.
                place = (mutation.file, mutation.start, mutation.end)
                if place not in taken:
                    taken.add(place)
                    chosen.append(mutation)
                    break
    return chosen


def plant(source, numbered, header):
    """The source with the mutations of `numbered`, {number: mutation}, in it. Every
    line keeps its number."""

    def render(start, end, mutations):
        out = []
        at = start
        while mutations:
            number, outer = mutations[0]
            inner = [(n, m) for n, m in mutations[1:] if m.start < outer.end]
            mutations = mutations[1 + len(inner) :]
            out.append(source[at : outer.start].decode())
            for part in outer.parts:
                if part is ACTIVE:
                    out.append(f"fisher_mutant::active({number})")
                elif isinstance(part, tuple):
                    within = [(n, m) for n, m in inner if part[0] <= m.start and m.end <= part[1]]
                    out.append(render(*part, within))
                else:
                    out.append(part)
            at = outer.end
        out.append(source[at:end].decode())
        return "".join(out)

    ordered = sorted(numbered.items(), key=lambda item: (item[1].start, -item[1].end))
    text = render(0, len(source), ordered)
    # What is known when it is compiled cannot ask which mutation is active.
    lines = text.splitlines(keepends=True)
    for mutation in numbered.values():
        for row in range(mutation.line - 1, max(mutation.line - 40, -1), -1):
            if "constexpr" in lines[row] and "if constexpr" not in lines[row]:
                lines[row] = lines[row].replace("constexpr", "const")
            if row < mutation.line - 1 and re.search(r"[;}]\s*(//.*)?$", lines[row]):
                break
    return f'#include "{header}"\n#line 1\n' + "".join(lines)
