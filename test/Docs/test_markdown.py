# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The commands of README.md, CONTRIBUTING.md and docs/*.md are run, and do what is shown.

The word after a code block's language says what the block is:

    ```sh run           commands that succeed
    ```sh fails         commands of which the last one fails
    ```text output      what the commands before print, in any language
    ```mlir PATH        the file PATH of the tree, in any language
    ```python raises    Python that ends with an error
    ```text from PATH   what the test PATH sees printed

The blocks of a document are run in their order by one shell, in a folder that
looks like the root of the tree. Shown text is compared word by word, numbers
with a decimal point within a thousandth or a millionth; a line `// ...` or `# ...` in it
stands for anything.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from paths import BUILD, LLVM_TOOLS, ROOT, read_cache

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

# A process that is not instrumented cannot load a sanitized plugin.
IS_SANITIZED = bool(read_cache("FISHER_USE_SANITIZER"))
NEEDS_PLUGIN = "FisherPlugin"

# Commands that a document shows and other tests run.
RUN_ELSEWHERE = {
    ".venv/bin/python utils/mutate.py --list --count 8": "test/Utils/test_mutate.py",
    "cpack --config build/CPackConfig.cmake": "test/Install/test_package.py",
    "cmake --install build --prefix /opt/fisher": "test/Install/find-package.test",
    "python3 -m venv venv && . venv/bin/activate": "test/Python/test_wheel.py",
    "pip install '.[examples]'": "test/Python/test_wheel.py",
    "python examples/jax_bayes_mlp.py": "test/Python/test_examples.py",
    "python -m fisher.report $TMPDIR/traced.jsonl -o $TMPDIR/report.html --png $TMPDIR/figures": (
        "test/Python/test_report.py"
    ),
}

# Documents whose Python, and what it prints, is run with the package installed.
PYTHON_RUN_BY = {
    "README.md": "test/Python/test_jax_docs.py",
    "docs/architecture.md": "test/Python/test_jax_docs.py",
    "docs/differentiation.md": "test/Python/test_jax_docs.py",
    "docs/jax.md": "test/Python/test_jax_docs.py",
    "docs/ordinary-networks.md": "test/Python/test_jax_docs.py",
    "docs/python-api.md": "test/Python/test_python_api_blocks.py",
    "docs/recognition.md": "test/Python/test_recognition_torch.py",
    "docs/torch.md": "test/Python/test_torch_docs.py",
    "docs/troubleshooting.md": "test/Python/test_jax_docs.py",
}


# Runs tests that run anyway.
PYTEST = re.compile(r"(?:\.venv|build/python-venv)/bin/python -m pytest (?:-q )?")


@dataclass
class Block:
    line: int
    language: str
    mark: str
    text: str


def read_blocks(document):
    blocks, opened = [], None
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if not line.startswith("```"):
            if opened:
                opened.text += line + "\n"
        elif opened:
            blocks.append(opened)
            opened = None
        else:
            language, _, mark = line[3:].partition(" ")
            opened = Block(number, language, mark.strip(), "")
    assert opened is None, f"{document}:{opened.line}: is not closed"
    return blocks


BLOCKS = {document: read_blocks(document) for document in DOCUMENTS}
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def split_words(text):
    """The words of a shown text; `None` for lines that stand for anything."""
    words = []
    for line in text.splitlines():
        if re.match(r"\s*(//|#) \.\.\.", line):
            words.append(None)
        else:
            words += line.split()
    return words


def matches(shown, actual):
    """Whether the actual text is the shown one."""
    pattern, numbers = "", []
    for word in split_words(shown):
        if word is None:
            pattern += r"(?:.*\s)?"
            continue
        start = 0
        for number in NUMBER.finditer(word):
            pattern += re.escape(word[start : number.start()]) + f"({NUMBER.pattern})"
            numbers.append(float(number[0]))
            start = number.end()
        pattern += re.escape(word[start:]) + r"\s+"
    found = re.fullmatch(r"\s*" + pattern, actual + "\n", re.DOTALL)
    return bool(found) and all(
        abs(float(got) - number) <= 1e-3 * abs(number) + 1e-6
        for got, number in zip(found.groups(), numbers, strict=True)
    )


def test_matches():
    assert matches("a 1.0\nb", "a\n 1.0001 b\n")
    assert matches("a\n// ... and so on\nb", "a\nx y\nb\n")
    assert matches("a\n# ...\n", "a\n")
    assert not matches("a 1.0 b", "a 1.01 b\n")
    assert not matches("a b", "ab\n") and not matches("a", "a b\n") and not matches("a b", "a\n")


def with_plugin_left_out(blocks):
    """The blocks, in a sanitized build without what loads the plugin."""
    kept, left_out = [], False
    for block in blocks:
        if block.language == "sh":
            left_out = IS_SANITIZED and NEEDS_PLUGIN in block.text
        if not left_out:
            kept.append(block)
    return kept


def run_all(blocks, folder):
    """What each of the shell blocks prints, and its exit status."""
    root = folder / "root"
    root.mkdir()
    for path in ROOT.iterdir():
        if not path.name.startswith("build"):
            (root / path.name).symlink_to(path)
    (root / "build").symlink_to(BUILD)
    (folder / "tmp").mkdir()
    script = folder / "script.sh"
    script.write_text(
        "".join(
            f"set {'-e' if block.mark == 'run' else '+e'}\n{block.text}printf '\\nEND {index} %d\\n' $?\n"
            for index, block in enumerate(blocks)
        )
    )
    paths = [str(LLVM_TOOLS), str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        ["bash", script],
        cwd=root,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": os.pathsep.join(paths), "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pieces = re.split(r"\nEND (\d+) (\d+)\n", done.stdout)
    assert pieces[1::3] == [str(index) for index in range(len(blocks))], done.stdout
    return [(output, int(status)) for output, status in zip(pieces[0::3], pieces[2::3])]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands(document, tmp_path):
    blocks = with_plugin_left_out(BLOCKS[document])
    commands = [b for b in blocks if b.language == "sh" and b.mark in ("run", "fails")]
    results = run_all(commands, tmp_path)
    wrong, output = [], None
    for block in blocks:
        place = f"{document.name}:{block.line}"
        if block in commands:
            output, status = results[commands.index(block)]
            # The shell stops at the first command that should not fail.
            if status == 0 and block.mark == "fails":
                wrong.append(f"{place}: exit status {status}\n{block.text}{output}")
        elif block.mark == "output" and not matches(block.text, output):
            wrong.append(f"{place}: is shown\n{block.text}but printed is\n{output}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_shown_files(document):
    for block in BLOCKS[document]:
        path = ROOT / block.mark
        if block.language == "sh" or block.mark in ("", "output", "raises"):
            continue
        if block.mark.startswith("from "):
            test = (ROOT / block.mark.removeprefix("from ")).read_text()
            assert document.name in test, f"{document.name}:{block.line}: not tested there"
            continue
        assert path.is_file(), f"{document.name}:{block.line}: no file {block.mark}"
        assert matches(block.text, path.read_text()), f"{document.name}:{block.line}: differs"


def name_files(command):
    """The files of the tree that a command is, or that run it."""
    if command in RUN_ELSEWHERE:
        return [RUN_ELSEWHERE[command]]
    if tests := PYTEST.match(command):
        return command[tests.end() :].split()
    return command.split()[:1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_is_tested(document):
    """A command that is not run here is a script of the tree or run elsewhere."""
    for block in BLOCKS[document]:
        if block.language != "sh" or block.mark in ("run", "fails"):
            continue
        assert block.mark == "", f"{document.name}:{block.line}: unknown mark '{block.mark}'"
        for line in block.text.splitlines():
            command = line.split("#")[0].strip()
            for path in name_files(command):
                assert (ROOT / path).exists(), f"{document.name}:{block.line}: {line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_is_tested(document):
    """A block without a mark is of the shell, or run by the tests of Python."""
    name = str(document.relative_to(ROOT))
    assert not re.search(r"^[ \t]+```", document.read_text(), re.MULTILINE), "blocks begin lines"
    for block in BLOCKS[document]:
        if block.language == "sh" or block.mark not in ("", "raises"):
            continue
        place = f"{name}:{block.line}"
        assert block.language in ("python", "text"), f"{place}: nothing tests it"
        test = PYTHON_RUN_BY.get(name)
        assert test and document.stem in (ROOT / test).read_text(), f"{place}: nothing runs it"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links(document):
    """What a document links to is there."""
    text = document.read_text()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


FOLDERS = "benchmarks|docs|examples|experiments|include|lib|python|test|tools|unittests|utils"
# What a document calls a path, and what a picture does.
PATHS = {".md": rf"`((?:{FOLDERS})/[\w./*-]+)`", ".svg": rf">((?:{FOLDERS})/[\w./-]+)<"}


@pytest.mark.parametrize(
    "document", [*DOCUMENTS, *sorted((ROOT / "docs").glob("*.svg"))], ids=lambda path: path.name
)
def test_paths_exist(document):
    named = re.findall(PATHS[document.suffix], document.read_text())
    assert not [path for path in named if not list(ROOT.glob(path))]
