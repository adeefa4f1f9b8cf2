# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What code kernels become: with the tools that read it, where they are."""

import re
import shutil
import subprocess

import pytest

import gpu

LLVM_READELF = f"{gpu.LLVM_TOOLS}/llvm-readelf"
CHIPS = {"nvptx": ["sm_80", "sm_90", "sm_100"], "amdgpu": ["gfx90a", "gfx942"],
         "spirv": [""]}
TARGETS = [(target, chip) for target, chips in CHIPS.items() for chip in chips]
POINTWISE = {"gaussian": ("log_sigma", 2), "von_mises": ("log_kappa", 2),
             "bernoulli": ("logit", 1), "poisson": ("log_rate", 1),
             "exponential": ("log_rate", 1)}
EVENTS = {"categorical<logits>": ["?x", "10x", "300x"],
          "centered_gaussian<covariance>": ["3x3x"]}


def penalty(family, components, shape="?x", element="f32"):
    """A penalty and its gradient, weighted by a number in a buffer."""
    t = f"tensor<{shape}{element}>"
    compute = "f64" if element == "f64" else "f32"
    names = [f"%x{i}" for i in range(2 * components)]
    gradients = [f"%g{i}" for i in range(components)]
    results = ", ".join([f"tensor<{compute}>", *[t] * components])
    return f"""
!b = !fisher.belief<#fisher.{family}, {t}>
func.func @main({', '.join(f'{name}: {t}' for name in names)},
                %weight: tensor<{compute}>) -> ({results}) {{
  %w = tensor.extract %weight[] : tensor<{compute}>
  %a = fisher.belief {', '.join(names[:components])} : !b
  %b = fisher.belief {', '.join(names[components:])} : !b
  %p, {', '.join(gradients)} = fisher.penalty_with_gradient %a toward %b
      weight %w : !b -> {results}
  return %p, {', '.join(gradients)} : {results}
}}"""


ALL = ([(f"{name}<{chart}>", n, "?x", element)
        for name, (chart, n) in POINTWISE.items()
        for element in ("f64", "f32", "bf16", "f16")] +
       [(name, 1, "?x" + event, "f32")
        for name, events in EVENTS.items() for event in events])


def assemble(ptx, chip, tmp_path):
    """What ptxas says of each kernel: registers and bytes that are spilled."""
    (tmp_path / "kernels.ptx").write_bytes(ptx.rstrip(b"\0"))
    done = subprocess.run(["ptxas", "-v", f"-arch={chip}",
                           tmp_path / "kernels.ptx", "-o", tmp_path / "cubin"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"entry function '(\w+)'.*?(\d+) bytes spill stores, "
                       r"(\d+) bytes spill loads.*?Used (\d+) registers",
                       done.stderr, re.S)
    return {name: (int(registers), int(stores) + int(loads))
            for name, stores, loads, registers in found}


def loop_accesses(ptx):
    """The widths of the accesses to global memory in the first kernel, which is
    the one over all elements."""
    kernel = re.search(r"\.entry main_0_.*?\n\}", ptx, re.S)[0]
    accesses = re.findall(r"(ld|st)\.global\.((?:v\d\.)?\w+)", kernel)
    return [f"{kind}.{width}" for kind, width in accesses]


# One chip of a maker is enough for all element types.
@pytest.mark.parametrize(
    "family,components,shape,element,target,chip",
    [(*case, target, chip) for case in ALL for target, chip in TARGETS
     if case[3] == "f32" or chip not in ("sm_90", "sm_100", "gfx942")])
def test_every_family_compiles(family, components, shape, element, target, chip,
                               tmp_path):
    code = gpu.code(gpu.lower(penalty(family, components, shape, element),
                              target, chip))
    if target == "nvptx":
        text = code.decode()
        assert ".extern" not in text and ".minnctapersm 1" in text
        assert ".approx" not in text and ".ftz" not in text
        # What must not be fused says so, lest ptxas should. Pairs of f32, which
        # sm_100 has, are of what may be fused.
        if chip != "sm_100":
            assert not re.search(r"\b(add|sub)\.f(32|64)", text)
        if shutil.which("ptxas"):
            kernels = assemble(code, chip, tmp_path)
            assert kernels
            # Three-by-three matrices, too, stay in registers or on the stack.
            assert all(spilled == 0 for _, spilled in kernels.values()), kernels
    elif target == "amdgpu":
        path = tmp_path / "kernels.hsaco"
        path.write_bytes(code)
        symbols = subprocess.run([LLVM_READELF, "--symbols", path], check=True,
                                 capture_output=True, text=True).stdout
        assert re.search(r"PROTECTED +\d+ main_\d+_\w+", symbols)
        # Nothing but the empty first symbol is undefined.
        assert len(re.findall(r"UND \S", symbols)) == 0
    elif shutil.which("spirv-val"):
        path = tmp_path / "kernels.spv"
        path.write_bytes(code)
        subprocess.run(["spirv-val", "--target-env", "opencl2.2", path],
                       check=True)


@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
def test_gaussian_moves_what_it_must(element):
    """Four numbers in and two out, 16 bytes at once: 24 bytes for each element
    of f32. Where memory is not aligned, and at the end, all go one by one."""
    text = gpu.code(gpu.lower(penalty("gaussian<log_sigma>", 2, "?x", element),
                              "nvptx", "sm_90")).decode()
    accesses = loop_accesses(text)
    wide = [a for a in accesses if ".v" in a]
    vector = "v2.b64" if element == "f64" else "v4.b32"
    assert sorted(wide) == [f"ld.{vector}"] * 4 + [f"st.{vector}"] * 2


def product(element, size="4096", left="(m, k)"):
    t = f"tensor<{size}x{size}x{element}>"
    return f"""
func.func @main(%a: {t}, %b: {t}, %c: {t}) -> {t} {{
  %0 = linalg.contract
      indexing_maps = [affine_map<(m, n, k) -> {left}>,
                       affine_map<(m, n, k) -> (k, n)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : {t}, {t}) outs(%c : {t}) -> {t}
  return %0 : {t}
}}"""


def main_loop(ptx):
    """The loop that brings vectors and multiplies: from the barrier that is the
    first in a loop to its branch back."""
    loops = re.findall(r"(\$L\w+):((?:(?!\$L\w+:).)*?)\n\t@%p\d+ bra \t\1;", ptx,
                       re.S)
    return next(body for _, body in loops if "bar.sync" in body)


@pytest.mark.parametrize("chip", CHIPS["nvptx"])
@pytest.mark.parametrize("left", ["(m, k)", "(k, m)"])
@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
def test_contractions_for_nvidia(element, left, chip, tmp_path):
    code = gpu.code(gpu.lower(product(element, left=left), "nvptx", chip))
    loop = main_loop(code.decode())
    loads = re.findall(r"ld\.global\.((?:v\d\.)?\w+)", loop)
    # Sixteen bytes at once, by any name.
    assert loads in ([vector] * count for vector in ("v2.b64", "v4.b32")
                     for count in (2, 4))
    # All loads are on their way before the barrier, for the next step.
    assert "ld.global" not in loop[loop.index("bar.sync"):]
    if element in ("bf16", "f16"):
        instruction = (f"mma.sync.aligned.m16n8k16.row.col.f32.{element}."
                       f"{element}.f32")
        assert loop.count(instruction) == 32
        # Rows that lie along the depth are no columns to turn.
        plain = "ldmatrix.sync.aligned.m8n8.x4.shared.b16"
        assert loop.count(plain) == (8 if left == "(m, k)" else 0)
        assert "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16" in loop
    else:
        # sm_100 has instructions for pairs.
        pairs = loop.count("fma.rn.f32x2")
        assert loop.count(f"fma.rn.{element}") + pairs == (
            16 * 16 if element == "f64" else 64 * 8)
    if shutil.which("ptxas"):
        # Two blocks of 256 threads have 128 registers for each, one fewer than
        # ptxas wants in one case.
        for registers, spilled in assemble(code, chip, tmp_path).values():
            assert registers <= 128 and spilled <= 8


@pytest.mark.parametrize("target, chip", TARGETS)
@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
def test_contractions_of_any_size_compile(element, target, chip, tmp_path):
    code = gpu.code(gpu.lower(product(element, "?"), target, chip))
    assert len(code) > 1000
    if target == "nvptx" and shutil.which("ptxas"):
        assert all(spilled == 0 for _, spilled in
                   assemble(code, chip, tmp_path).values())


def test_functions_of_libraries_are_errors():
    done = gpu.lower("""
    func.func @main(%x: tensor<4xf64>) -> tensor<4xf64> {
      %0 = math.cbrt %x : tensor<4xf64>
      return %0 : tensor<4xf64>
    }""", "nvptx", check=False)
    assert done.returncode != 0
    assert "that needs no library of the device's maker" in done.stderr


def test_code_is_the_same_each_time():
    module = penalty("gaussian<log_sigma>", 2)
    assert gpu.lower(module, "nvptx") == gpu.lower(module, "nvptx")
