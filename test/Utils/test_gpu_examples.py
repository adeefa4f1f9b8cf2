# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The examples for CUDA, PyTorch, Triton and JAX, as far as they go without a GPU."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest

import gpu
from execution import tool
from paths import BUILD, ROOT, read_cache

pytestmark = pytest.mark.skipif(bool(read_cache("FISHER_USE_SANITIZER")),
                                reason="Python lacks the sanitizer's library")
EXAMPLES = ROOT / "examples" / "gpu"
NVCC = shutil.which("nvcc", path=f"{os.environ['PATH']}:/usr/local/cuda/bin")
LINK = [f"-L{BUILD}/lib", "-lFisherRuntime"]


def find_jax_headers():
    """Those of JAX here, or of an environment that a benchmark made."""
    spec = importlib.util.find_spec("jaxlib")
    places = list(spec.submodule_search_locations) if spec else []
    places += BUILD.glob("*-venv/lib/python3*/site-packages/jaxlib")
    return next((f"{place}/include" for place in places), None)


JAX_HEADERS = find_jax_headers()


def emit(folder, *options, kinds="object,header"):
    subprocess.run([tool("fisher-run"), EXAMPLES / "regularizer.mlir", *options,
                    f"--emit={kinds}", "-o", folder / "regularizer"], check=True)


@pytest.fixture(scope="module")
def emitted(tmp_path_factory):
    """What run.sh takes."""
    folder = tmp_path_factory.mktemp("emitted")
    emit(folder, "--device=cuda", "--chip=sm_90")
    shutil.copy(gpu.RUNTIME, folder)
    return folder


def load(name, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module(name)


class Tensor(gpu.Buffer):
    """What is asked of a tensor of PyTorch."""

    is_cuda, device, dtype = True, None, "float32"

    def is_contiguous(self):
        return True

    def data_ptr(self):
        return self.address

    def numel(self):
        return self.array.size


@pytest.mark.skipif(not gpu.can_run(), reason="needs OpenCL and llvm-spirv-15")
@pytest.mark.parametrize("n", [1, 1000, 100003])
def test_the_call_gives_what_the_formula_says(n, monkeypatch, tmp_path):
    """On the CPU through OpenCL, with the queue of the run-time library."""
    torch = types.SimpleNamespace(float32="float32", cuda=types.SimpleNamespace(
        device=contextlib.nullcontext,
        current_stream=lambda: types.SimpleNamespace(cuda_stream=None)))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.delitem(sys.modules, "compiled", raising=False)
    compiled, formula = load("compiled", monkeypatch), load("formula", monkeypatch)
    emit(tmp_path, "--device=opencl", kinds="shared")
    call = compiled.load(str(tmp_path / "regularizer"))
    numbers = np.random.default_rng(n)
    arrays = [np.float32(numbers.standard_normal(n)) for _ in range(2)]
    inputs = [Tensor(array) for array in arrays]
    results = [Tensor(np.float32(0)), *(Tensor(np.zeros_like(a)) for a in arrays)]
    call(*inputs, 0.5, *results)
    expected = formula.penalty_with_gradient(*arrays, 0.5)
    for result, numbers in zip(results, expected, strict=True):
        assert formula.error(result.read(), numbers) < 1e-6


def test_the_formula_has_its_gradient(monkeypatch):
    formula = load("formula", monkeypatch)
    mu, log_sigma = np.random.default_rng(0).standard_normal((2, 50))
    for index, direction in enumerate(np.eye(2)):
        ahead, behind = (
            formula.penalty_with_gradient(mu + sign * 1e-6 * direction[0],
                                          log_sigma + sign * 1e-6 * direction[1], 0.5)[0]
            for sign in (1, -1))
        slope = np.sum(formula.penalty_with_gradient(mu, log_sigma, 0.5)[1 + index])
        assert (ahead - behind) / 2e-6 == pytest.approx(slope, rel=1e-7)


def test_an_error_is_told(monkeypatch, capsys):
    formula = load("formula", monkeypatch)
    for worst, status, word in (1e-6, 0, "good"), (1e-4, 1, "TOO BIG"), (np.nan, 1, "TOO BIG"):
        with pytest.raises(SystemExit) as end:
            formula.finish("name", worst, 1e-5)
        assert int(end.value.code) == status
        assert word in capsys.readouterr().out


@pytest.mark.skipif(not NVCC, reason="there is no nvcc")
def test_cuda_compiles(emitted, tmp_path):
    subprocess.run([NVCC, "-Werror=all-warnings", f"-I{emitted}", EXAMPLES / "with_cuda.cu",
                    emitted / "regularizer.o", *LINK, "-o", tmp_path / "with_cuda"], check=True)


@pytest.mark.skipif(not JAX_HEADERS, reason="there are no headers of jaxlib")
def test_jax_handler_compiles(emitted, tmp_path):
    subprocess.run([read_cache("CMAKE_CXX_COMPILER"), "-std=c++17", "-shared", "-fPIC", "-Wall",
                    "-Werror", f"-I{emitted}", "-isystem", JAX_HEADERS,
                    EXAMPLES / "jax_handler.cpp", emitted / "regularizer.o", *LINK,
                    "-o", tmp_path / "libjax.so"], check=True)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_python_is_right_in_form(path):
    compile(path.read_text(), path, "exec")


def run_all(*arguments, **environment):
    return subprocess.run([EXAMPLES / "run.sh", *map(str, arguments)], capture_output=True,
                          text=True, env={**os.environ, **environment})


def test_run_all_tells_what_is_missing(tmp_path):
    assert "usage: examples/gpu/run.sh FOLDER" in run_all("--help").stdout
    assert run_all().returncode == 2
    done = run_all(tmp_path / "nowhere")
    assert done.returncode == 1 and "there is no folder" in done.stderr
    done = run_all(tmp_path)
    assert done.returncode == 1 and "has no regularizer.o; see docs/gpu.md" in done.stderr


def test_run_all_tells_a_line_each(emitted, tmp_path):
    """With programs that stand for those of a machine with a GPU."""
    python, nvcc = tmp_path / "python", tmp_path / "nvcc"
    python.write_text('#!/bin/sh\nnm -D "$2" | grep -q fisher_regularizer || exit 1\n'
                      'echo noise\necho "$(basename "$1"): good"\n')
    nvcc.write_text("#!/bin/sh\necho no compiler\nexit 1\n")
    for program in python, nvcc:
        program.chmod(0o755)
    done = run_all(emitted, PYTHON=str(python), NVCC=str(nvcc),
                   CXX=read_cache("CMAKE_CXX_COMPILER"))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:4] == ["with_cuda: FAILED", "no compiler", "with_torch.py: good",
                         "with_triton.py: good"]
    assert lines[4] == "with_jax: FAILED"
