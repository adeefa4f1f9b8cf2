# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The mutation check finds what is code, plants it so that it compiles, and tells
what is noticed from what is not, without a change to the checkout."""

import json
import os
import subprocess
import sys

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "utils"))
from mutants.mutations import KINDS, choose, find_mutations, plant  # noqa: E402

SAMPLE = r"""
// 1 + 2 in a comment, if (x) return;
#include <array> // a < b
#define SUM (1 + 2)
static constexpr double half = 0.5;
enum Place { first = 3 };
int table(std::array<int, 4> list, int x) {
  assert(x + 1 > 0 && "x < 1");
  switch (x) {
  case 7:
    return list[2];
  }
  list.reserve(8);
  emitError() << "not " << x + 1;
  return x;
}
int f(int x, bool deep) {
  int y = -x;
  if (deep && x < 3)
    y += 2;
  else
    g(y);
  while (!deep)
    break;
  return (x * half) == y ? 1 : 0;
}
LogicalResult h() { return success(); }
"""
FOUND = [
    "constant: 0.5 -> 0.5 * 1.2",
    "constant: 2 -> 2 + 1",
    "sign: -x -> x",
    "condition: deep && x < 3 -> !(deep && x < 3)",
    "logic: deep && x < 3 -> deep || x < 3",
    "comparison: x < 3 -> x <= 3",
    "constant: 3 -> 3 + 1",
    "statement: y += 2; -> ",
    "arithmetic: y += 2 -> y -= 2",
    "constant: 2 -> 2 + 1",
    "statement: g(y); -> ",
    "condition: !deep -> !(!deep)",
    "statement: break; -> ",
    "comparison: (x * half) == y -> (x * half) != y",
    "condition: (x * half) == y -> !((x * half) == y)",
    "arithmetic: x * half -> x / half",
    "constant: 1 -> 1 + 1",
    "constant: 0 -> 0 + 1",
    "result: success() -> failure()",
]


def test_finds_code_alone():
    found = find_mutations("a.cpp", SAMPLE.encode())
    assert [str(mutation).split(": ", 1)[1] for mutation in found] == FOUND
    assert len({mutation.key for mutation in found}) == len(found)
    lines = SAMPLE.splitlines()
    assert all(m.code.endswith(lines[m.line - 1].strip()) for m in found)


def test_choice():
    found = find_mutations("a.cpp", SAMPLE.encode())
    chosen = choose(found, 8, seed=3)
    assert {mutation.kind for mutation in chosen} == set(KINDS)
    # The same seed chooses the same, more of them these and others.
    assert choose(found, 12, seed=3)[:8] == chosen != choose(found, 8, seed=4)


PROGRAM = r"""
#include <cstdio>
static constexpr int two = 2;
static int count(int n,
                 bool twice) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    if (i == 3 && twice)
      continue;
    if (sum > 100)
      break;
    else
      sum += twice ? two * i
                   : -(i +
                       1);
  }
  return sum;
}
int main() {
  std::printf("%d %d %d\n", count(5, true), count(5, false), __LINE__);
}
"""


def test_planted_program(tmp_path):
    """None of the mutations changes the program until it is named."""
    source = PROGRAM.encode()
    chosen = dict(enumerate(choose(find_mutations("a.cpp", source), 100, seed=1), 1))
    (tmp_path / "a.cpp").write_text(plant(source, chosen, ROOT / "utils" / "mutants" / "mutant.h"))
    subprocess.run(["clang++-22", "-std=c++17", "a.cpp"], cwd=tmp_path, check=True)
    trace = tmp_path / "trace"

    def run(number):
        trace.write_bytes(bytes(100))
        environment = {"FISHER_MUTANT": str(number), "FISHER_MUTANT_TRACE": str(trace)}
        try:
            return subprocess.run([tmp_path / "a.out"], env={**os.environ, **environment}, timeout=10,
                                  capture_output=True, text=True, check=True).stdout  # fmt: skip
        except subprocess.SubprocessError:
            return None

    right = run(0)
    assert right == "14 -15 20\n"
    reached = [number for number in chosen if trace.read_bytes()[number]]
    unreached = [chosen[number].before for number in chosen if number not in reached]
    assert unreached == ["break;"]
    same = {chosen[number].before for number in chosen if run(number) == right}
    # No sum is near 100.
    assert same == {"break;", "100"}


CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(sample CXX)
enable_testing()
add_executable(sample lib/Math/Sample.cpp)
add_test(NAME Sample.works COMMAND sample)
file(WRITE ${PROJECT_BINARY_DIR}/test/lit.site.cfg.py
  "config.binary = '${PROJECT_BINARY_DIR}/sample'
lit_config.load_config(config, '${PROJECT_SOURCE_DIR}/test/lit.cfg.py')")
"""
LIT = """
import lit.formats, os
config.name = "Fisher"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.dirname(config.binary) + "/test"
config.substitutions.append(("%sample", f'"{config.binary}"'))
"""
LIBRARY = """#include <cstdlib>
static const char *const names[1 + 1] = {};
int main(int argc, char **argv) {
  int sum = 0;
  for (int i = 0; i < 3; ++i)
    sum += i;
  if (argc == 2)
    sum = std::atoi(argv[1]);
  if (argc > 7)
    sum = 9;
  return sum == 3 ? 0 : 1;
}
"""


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "check out"
    files = {
        "CMakeLists.txt": CMAKE,
        "lib/Math/Sample.cpp": LIBRARY,
        "test/lit.cfg.py": LIT,
        "test/Math/sample.test": "RUN: %sample 3\nRUN: not %sample 4\n",
        ".gitignore": ".venv\n/build\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".venv").symlink_to(ROOT / ".venv")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def mutate(root, *options):
    done = subprocess.run(
        [sys.executable, ROOT / "utils" / "mutate.py", "--root", root, "--count", "100", "--jobs", "1",
         *options], capture_output=True, text=True, timeout=300)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_whole_run(checkout):
    def contents():
        return {
            path: path.read_bytes() for path in checkout.rglob("*")
            if path.is_file() and not {"build", ".git", ".venv"} & set(path.parts)
        }  # fmt: skip

    before = contents()
    status, text = mutate(checkout)
    assert status == 1, text
    assert contents() == before
    assert "not covered: lib/Math/Sample.cpp:10: statement: sum = 9; ->" in text
    assert "not noticed: lib/Math/Sample.cpp:9: constant: 7 -> 7 + 1" in text
    assert "Sample.cpp:6: statement: sum += i; ->   ctest Sample.works" in text
    assert "Sample.cpp:8: statement: sum = std::atoi(argv[1]); ->   lit Math/sample.test" in text

    # It goes on where it was: with what was read, and what no test noticed.
    left = [json.loads(line) for line in text.splitlines() if line.startswith("    {")]
    known = [line for line in left if line["before"] not in ("7", "sum = 9;")]
    with open(checkout / "known.jsonl", "w") as file:
        for line in known:
            print(json.dumps({**line, "reason": "a sample"}), file=file)
    status, text = mutate(checkout, "--known", checkout / "known.jsonl")
    assert status == 1
    assert f"testing {len(left) - len(known)} mutations" in text and "tracing 0 of 2" in text
    assert f"{len(known)} equivalent" in text

    # New tests notice the rest.
    (checkout / "test/Math/more.test").write_text("RUN: not %sample 1 2 3 4 5 6 7\n")
    (checkout / "test/Math/less.test").write_text("RUN: %sample 1 2 3 4 5 6\n")
    status, text = mutate(checkout, "--known", checkout / "known.jsonl")
    assert "tracing 2 of 4" in text
    assert status == 0, text


def test_lists_the_mutations_of_this_tree():
    done = subprocess.run(
        [sys.executable, ROOT / "utils" / "mutate.py", "--list", "--count", "8"],
        capture_output=True, text=True, check=True)  # fmt: skip
    *lines, last = done.stdout.splitlines()
    assert len(lines) == 8 and all(line.startswith("lib/") for line in lines)
    assert last.startswith("8 of ")
