# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The modules that are measured, and how they become machine code."""

import hashlib
import os
import re
import subprocess
from pathlib import Path

from cases import STATE, WEIGHT

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("FISHER_BUILD_DIR", ROOT / "build"))

# Vectors as wide as there are and vector functions, but no rounding that the
# source does not say.
KERNEL_FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-fopenmp"]
if os.uname().machine == "x86_64":
    KERNEL_FLAGS += ["-mprefer-vector-width=512", "-fveclib=libmvec"]


class BuildError(Exception):
    """A compiler failed."""


def llvm_tools():
    cache = (BUILD / "CMakeCache.txt").read_text()
    return Path(re.search(r"^MLIR_DIR:\w+=(.*)$", cache, re.MULTILINE)[1]).parents[2] / "bin"


def _run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"{Path(command[0]).name} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def compiler_version():
    return re.search(r"version ([\d.]+)", _run(llvm_tools() / "clang", "--version"))[1]


def _type(shape):
    return "tensor<" + "".join(f"{n}x" for n in shape) + "f32>"


def _pointwise(family, case):
    return f"""
!t = {_type(case.size)}
!b = !fisher.belief<#fisher.{family}, !t>
func.func @main(%mu: !t, %sigma: !t, %mean: !t, %scale: !t) -> (tensor<f32>, !t, !t) {{
  %weight = arith.constant {WEIGHT:e} : f32
  %belief = fisher.belief %mu, %sigma : !b
  %reference = fisher.belief %mean, %scale : !b
  %p, %g:2 = fisher.penalty_with_gradient %belief toward %reference
      weight %weight : !b -> tensor<f32>, !t, !t
  return %p, %g#0, %g#1 : tensor<f32>, !t, !t
}}
"""


def _categorical(case):
    return f"""
!t = {_type(case.size)}
!b = !fisher.belief<#fisher.categorical<logits>, !t>
func.func @main(%logits: !t, %reference: !t) -> (tensor<f32>, !t) {{
  %weight = arith.constant {WEIGHT:e} : f32
  %belief = fisher.belief %logits : !b
  %other = fisher.belief %reference : !b
  %p, %g = fisher.penalty_with_gradient %belief toward %other
      weight %weight : !b -> tensor<f32>, !t
  return %p, %g : tensor<f32>, !t
}}
"""


def _adamw(case):
    def update(name, gradient):
        return f"""
  %{name}.next:3 = linalg.generic {{
      indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id],
      iterator_types = ["parallel"]}}
      ins(%{name}, %{name}_m, %{name}_v, %{name}_gradient, {gradient} : !t, !t, !t, !t, !t)
      outs(%empty, %empty, %empty : !t, !t, !t) {{
  ^bb0(%p: f32, %m: f32, %v: f32, %g0: f32, %g1: f32, %o0: f32, %o1: f32, %o2: f32):
    %slope = arith.addf %g0, %g1 : f32
    %m0 = arith.mulf %b1, %m : f32
    %m1 = arith.mulf %one_b1, %slope : f32
    %m2 = arith.addf %m0, %m1 : f32
    %v0 = arith.mulf %b2, %v : f32
    %v1 = arith.mulf %one_b2, %slope : f32
    %v2 = arith.mulf %v1, %slope : f32
    %v3 = arith.addf %v0, %v2 : f32
    %mh = arith.divf %m2, %first : f32
    %vh = arith.divf %v3, %second : f32
    %root = math.sqrt %vh : f32
    %below = arith.addf %root, %eps : f32
    %change = arith.divf %mh, %below : f32
    %shrink = arith.mulf %decay, %p : f32
    %both = arith.addf %change, %shrink : f32
    %move = arith.mulf %rate, %both : f32
    %q = arith.subf %p, %move : f32
    linalg.yield %q, %m2, %v3 : f32, f32, f32
  }} -> (!t, !t, !t)"""

    state = ", ".join(f'%{name}: !t {{fisher.name = "{name}"}}' for name in STATE)
    results = ", ".join(f'!t {{fisher.updates = "{name}"}}' for name in STATE)
    returned = ", ".join(
        f"%{name}.next#{place}" for place in range(3) for name in ("mu", "sigma")
    )
    constants = {
        "weight": WEIGHT, "one": 1, "b1": 0.9, "one_b1": 0.1, "b2": 0.999, "one_b2": 0.001,
        "eps": 1e-8, "decay": 1e-2, "rate": 1e-5,
    }  # fmt: skip
    constant = "\n".join(
        f"  %{name} = arith.constant {value:e} : f32" for name, value in constants.items()
    )
    return f"""
#id = affine_map<(i) -> (i)>
!t = {_type(case.size)}
!b = !fisher.belief<#fisher.gaussian<sigma>, !t>
func.func @main({state}, %mu_gradient: !t, %sigma_gradient: !t, %mean: !t, %scale: !t,
    %step: tensor<f32>) -> ({results}, tensor<f32>) {{
{constant}
  %t = tensor.extract %step[] : tensor<f32>
  %b1t = math.powf %b1, %t : f32
  %b2t = math.powf %b2, %t : f32
  %first = arith.subf %one, %b1t : f32
  %second = arith.subf %one, %b2t : f32
  %belief = fisher.belief %mu, %sigma : !b
  %reference = fisher.belief %mean, %scale : !b
  %penalty, %g:2 = fisher.penalty_with_gradient %belief toward %reference
      weight %weight : !b -> tensor<f32>, !t, !t
  %empty = tensor.empty() : !t
{update("mu", "%g#0")}
{update("sigma", "%g#1")}
  return {returned}, %penalty : {", ".join(["!t"] * len(STATE))}, tensor<f32>
}}
"""


def _network(case):
    """The demo's training step, with hidden layers of another width."""
    text = (ROOT / "examples" / "bayes_mlp" / "step.mlir").read_text()
    (width,) = case.size

    def widen(shape):
        return re.sub(r"(?<!\d)32(?=x)", str(width), shape[0])

    text = re.sub(r"tensor<[\dx]+x\w+>", widen, text)
    return text.replace("output_shape [1, 32]", f"output_shape [1, {width}]")


def module_text(case):
    return {
        "W1": lambda: _pointwise("gaussian<sigma>", case),
        "W2": lambda: _categorical(case),
        "W3": lambda: _pointwise("von_mises<kappa>", case),
        "W4": lambda: _adamw(case),
        "W5": lambda: _network(case),
    }[case.workload]()


def make_library(base, text, passes, cpu="native", flags=("-fopenmp",)):
    """A shared library BASE.so with the function `_mlir_ciface_main` of a module,
    which passes lower to the LLVM dialect; made anew each time."""
    source, llvm, ir, optimized, code = (
        base.with_name(base.name + end) for end in (".mlir", ".llvm.mlir", ".ll", ".opt.ll", ".o")
    )
    source.write_text(text)
    tools = llvm_tools()
    _run(
        BUILD / "bin" / "fisher-opt", source, "--llvm-request-c-wrappers", *passes, "-o", llvm,
    )  # fmt: skip
    _run(tools / "mlir-translate", "--mlir-to-llvmir", llvm, "-o", ir)
    _run(tools / "opt", "-O3", f"-mcpu={cpu}", "-S", ir, "-o", optimized)
    _run(
        tools / "llc", "-O3", f"-mcpu={cpu}", "-relocation-model=pic", "-filetype=obj",
        optimized, "-o", code,
    )  # fmt: skip
    return _link(base.with_name(base.name + ".so"), code, *flags)


def compile_case(case, regularized=True):
    """A library of the case. Its function takes a descriptor for each argument,
    and for each result that updates none."""
    folder = BUILD / "runtime"
    folder.mkdir(exist_ok=True)
    name = str(case).replace(" ", "-") + ("" if regularized else "-plain")
    insert = []
    if case.workload == "W5" and regularized:
        insert = [f"--fisher-insert=policy-file={ROOT / 'examples' / 'prior.policy.mlir'}"]
    return make_library(folder / name, module_text(case), [*insert, "--fisher-cpu-pipeline"])


def compile_kernels():
    """The shared library of kernels.cpp, kept while the file is as it was."""
    source = HERE / "kernels.cpp"
    key = hashlib.sha256(source.read_bytes() + " ".join(KERNEL_FLAGS).encode()).hexdigest()
    library = BUILD / "runtime" / f"kernels-{key[:12]}.so"
    if not library.exists():
        library.parent.mkdir(exist_ok=True)
        _link(library, *KERNEL_FLAGS, "-std=c++17", "-fPIC", source)
    return library


def _link(library, *inputs):
    # Calls inside a library stay there, though each has a `main`.
    unfinished = library.with_suffix(f".{os.getpid()}.so")
    _run(
        llvm_tools() / "clang++", "-shared", "-Wl,-Bsymbolic", *inputs, "-lm",
        "-o", unfinished,
    )  # fmt: skip
    unfinished.rename(library)
    return library
