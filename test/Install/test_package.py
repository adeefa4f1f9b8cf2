# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cpack makes a Debian package that is in form, can be installed, works, and can be
removed. It is installed into a copy of this machine's root that forgets all."""

import os
import re
import shutil
import subprocess

import pytest
from paths import BUILD, ROOT, read_cache

pytestmark = pytest.mark.skipif(
    bool(read_cache("FISHER_USE_SANITIZER")), reason="nobody packages what is sanitized"
)
VERSION = re.search(r"project\(fisher VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    # The compression that is quick.
    run(
        "cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder,
        "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip",
    )  # fmt: skip
    architecture = run("dpkg", "--print-architecture").strip()
    return folder / f"fisher_{VERSION}-1_{architecture}.deb"


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    run("dpkg-deb", "--raw-extract", package, folder)
    return folder


def test_control(package):
    control = dict(
        line.split(": ", 1)
        for line in run("dpkg-deb", "--field", package).splitlines()
        if line and line[0] != " "
    )
    assert control["Package"] == "fisher" and control["Version"] == f"{VERSION}-1"
    assert re.fullmatch(r"[^<>]+ <[^@\s]+@[^@\s]+>", control["Maintainer"])
    assert len(control["Description"]) < 80 and not control["Description"].startswith("Fisher")
    # What the tools load, at least, by the names of this Debian.
    depends = {name.split()[0] for name in control["Depends"].split(", ")}
    assert {"libc6", "libllvm22", "libmlir-22", "libstdc++6", "libzip4"} <= depends
    assert not any(name.endswith("-dev") for name in depends), depends
    assert {"libmlir-22-dev", "llvm-22-dev"} <= set(control["Recommends"].split(", "))


def test_files(package, unpacked):
    """Files are root's and in Debian's places, and nobody else can write them."""
    for line in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        assert owner == "root/root", line
        assert re.fullmatch(r"d(rwxr-xr-x)|-rw[x-]r-[x-]r-[x-]", mode), line
        assert re.match(r"\./(usr/((bin|include|lib|share)/.*)?)?$", path), line
        assert mode.startswith("-rwx") == path.startswith("./usr/bin/f") or mode[0] == "d", line
    run("bash", "-c", f"cd {unpacked} && md5sum --quiet --check DEBIAN/md5sums")
    for path in [*(unpacked / "usr/bin").iterdir(), *(unpacked / "usr/lib").glob("*.so")]:
        assert ".symtab" not in run("readelf", "--section-headers", path), path
    for path in (unpacked / "usr/lib/cmake").rglob("*.cmake"):
        assert str(BUILD) not in path.read_text(), path


def test_documents(unpacked):
    documents = unpacked / "usr/share/doc/fisher"
    copyright = (documents / "copyright").read_text()
    assert "License: Apache-2.0 with LLVM-exception" in copyright
    assert "common-licenses/Apache-2.0" in copyright
    # Each line of a field begins with a space, and so do the exceptions.
    assert " As an exception, if, as a result of your compiling" in copyright
    assert re.search(r"\n \.\n In addition, if you combine", copyright)
    assert run("zcat", documents / "changelog.gz") == (ROOT / "CHANGELOG.md").read_text()
    changelog = run("zcat", documents / "changelog.Debian.gz")
    assert changelog.startswith(f"fisher ({VERSION}-1) ")
    assert sorted(path.name for path in documents.iterdir()) == [
        "README.md", "changelog.Debian.gz", "changelog.gz", "copyright"
    ]  # fmt: skip


INSTALLED = re.compile(
    r"""== fisher-opt
/usr/bin/fisher-opt
2
== fisher-run
/usr/bin/fisher-run
step 3 +loss [\d.]+ +penalty [\d.]+
out.npz
== mlir-opt
0
== find_package
Fisher_DIR:PATH=/usr/lib/cmake/fisher
fisher.policy @default
== removed
"""
)


def test_installs_works_and_is_removed(package, tmp_path):
    namespace = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    inputs = ROOT / "test" / "Install" / "Inputs" / "package"
    folder = tmp_path / "copy"
    folder.mkdir()
    output = run(
        *namespace, inputs / "in-a-copy.sh", folder, ROOT, package,
        "/mnt/test/Install/Inputs/package/smoke.sh", "/package.deb",
    )  # fmt: skip
    assert INSTALLED.fullmatch(output), output
    assert not shutil.which("fisher-opt"), "the copy was none"
