# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What code kernels become: with the tools that read it, where they are."""

import os
import random
import re
import shutil
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import gpu
import modules
from paths import FISHER_OPT, LLVM_PREFIX, LLVM_TOOLS

LLVM_READELF = f"{LLVM_TOOLS}/llvm-readelf"
ELEMENTS = ["f64", "f32", "bf16", "f16"]
CHIPS = {"nvptx": ["sm_80", "sm_90", "sm_100"], "amdgpu": ["gfx90a", "gfx942"],
         "spirv": [""]}
# One type is enough for later chips of NVIDIA's.
TARGETS = [(target, chip, element) for target, chips in CHIPS.items()
           for chip in chips for element in ELEMENTS
           if element == "f32" or chip not in ("sm_90", "sm_100")]
# Rows that are a block's, a thread's and a block's; matrices.
EVENTS = {"categorical": ["?x", "10x", "300x"], "centered_gaussian": ["3x3x"]}
# Bytes that ptxas spills though it has registers left: it takes 96.
SPILLED = {("centered_gaussian_cholesky_3x3x", "f64"): 16}
FAMILIES = [(family, chart)
            for family, charts in modules.charts(LLVM_PREFIX).items()
            for chart in charts]
COUNTS = modules.components(
    [f"{family}<{chart}>" for family, chart in FAMILIES], FISHER_OPT)


def penalty(family, shape="?x", element="f32", name="main"):
    return modules.penalty(family, COUNTS[family], shape, element, name)


def all_penalties(element):
    """The names of functions, and a module with them, for all families in all
    charts."""
    names, text = [], ""
    for family, chart in FAMILIES:
        for event in EVENTS.get(family, [""]):
            name = f"{family}_{chart}_{event}".rstrip("_").replace("?", "n")
            names.append(name)
            text += penalty(f"{family}<{chart}>", "?x" + event, element, name)
    return names, text


def compile_for(path, target, chip, module):
    """The code of a module's kernels, in a file, and what ptxas says of it."""
    code = modules.kernel_code(gpu.lower(module, target, chip))
    path.write_bytes(code.rstrip(b"\0") if target == "nvptx" else code)
    if target == "nvptx" and shutil.which("ptxas"):
        return path, subprocess.run(
            ["ptxas", "-v", f"-arch={chip}", path, "-o", path.with_suffix(".cubin")],
            capture_output=True, text=True)
    return path, None


def compile_all(folder, target, chip, element):
    """The same of all families' kernels."""
    return compile_for(folder / f"{target}-{chip}-{element}", target, chip,
                       all_penalties(element)[1])


@pytest.fixture(scope="module")
def compiled(request, tmp_path_factory):
    """What `compile_all` does for the tests that are to run, on all CPUs."""
    folder = tmp_path_factory.mktemp("kernels")
    wanted = [tuple(item.callspec.params[key] for key in ("target", "chip", "element"))
              for item in request.session.items
              if getattr(item, "originalname", "") == "test_every_family_compiles"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {case: pool.submit(compile_all, folder, *case) for case in wanted}


def spills(done):
    """The bytes that ptxas says are spilled, of each kernel."""
    assert done.returncode == 0, done.stderr
    found = re.findall(r"entry function '(\w+)'.*?(\d+) bytes spill stores, "
                       r"(\d+) bytes spill loads", done.stderr, re.S)
    return {name: int(stores) + int(loads) for name, stores, loads in found}


def loop_accesses(ptx):
    """The widths of the accesses to global memory in the first kernel, which is
    the one over all elements."""
    kernel = re.search(r"\.entry main_0_.*?\n\}", ptx, re.S)[0]
    accesses = re.findall(r"(ld|st)\.global\.((?:v\d\.)?\w+)", kernel)
    return [f"{kind}.{width}" for kind, width in accesses]


def first_kernels(names, kernels):
    """Each function's kernel over all elements."""
    return {name: next((k for k in kernels
                        if re.fullmatch(rf"{name}_0_[a-z]+", k)), None)
            for name in names}


def test_knows_families():
    names, _ = all_penalties("f32")
    assert {"gaussian_softplus", "categorical_logits_10x",
            "centered_gaussian_cholesky_3x3x"} <= set(names)


@pytest.mark.parametrize("target,chip,element", TARGETS)
def test_every_family_compiles(target, chip, element, compiled):
    """All in one module, which is faster."""
    names, _ = all_penalties(element)
    path, assembled = compiled[target, chip, element].result()
    if target == "nvptx":
        text = path.read_text()
        assert ".extern" not in text and ".minnctapersm 1" in text
        assert ".approx" not in text and ".ftz" not in text
        # What must not be fused says so, lest ptxas should. Pairs of f32, which
        # sm_100 has, are of what may be fused.
        if chip != "sm_100":
            assert not re.search(r"\b(add|sub)\.f(32|64)", text)
        kernels = re.findall(r"\.entry (\w+)\(", text)
        assert None not in first_kernels(names, kernels).values(), kernels
        if assembled:
            spilled = spills(assembled)
            assert spilled.keys() == set(kernels)
            # Three-by-three matrices, too, stay in registers or on the stack.
            first = first_kernels(names, kernels)
            for name, kernel in first.items():
                spilled[kernel] -= min(spilled[kernel],
                                       SPILLED.get((name, element), 0))
            assert {k: n for k, n in spilled.items() if n} == {}
    elif target == "amdgpu":
        said = subprocess.run(
            [LLVM_READELF, "--symbols", "--notes", path], check=True,
            capture_output=True, text=True).stdout
        kernels = re.findall(r"PROTECTED +\d+ (\w+)$", said, re.M)
        assert None not in first_kernels(names, kernels).values(), kernels
        # Nothing but the empty first symbol is undefined.
        assert len(re.findall(r"UND \S", said)) == 0
        spilled = dict(re.findall(
            r"\.name: +(\w+)$.*?\.vgpr_spill_count: +(\d+)", said, re.M | re.S))
        assert spilled.keys() == set(kernels)
        assert {k: n for k, n in spilled.items() if n != "0"} == {}
    elif shutil.which("spirv-val"):
        subprocess.run(["spirv-val", "--target-env", "opencl2.2", path],
                       check=True)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("chart", modules.charts(LLVM_PREFIX)["gaussian"])
def test_gaussian_moves_what_it_must(chart, element):
    """Four numbers in and two out, 16 bytes at once: 24 bytes for each element
    of f32. Where memory is not aligned, and at the end, all go one by one."""
    kernels = gpu.lower(penalty(f"gaussian<{chart}>", "?x", element), "nvptx", "sm_90")
    text = modules.kernel_code(kernels).decode()
    accesses = loop_accesses(text)
    wide = [a for a in accesses if ".v" in a]
    vector = "v2.b64" if element == "f64" else "v4.b32"
    assert sorted(wide) == [f"ld.{vector}"] * 4 + [f"st.{vector}"] * 2


@pytest.mark.parametrize("batch", ["", "1x", "?x"])
@pytest.mark.parametrize("family,event", [
    ("categorical<logits>", "5x"), ("centered_gaussian<covariance>", "3x3x")])
def test_distributions_are_one_kernel(family, event, batch):
    """Also one alone, whose sweeps the host would launch one by one."""
    t, d = f"tensor<{batch}{event}f32>", f"tensor<{batch}f32>"
    lowered = gpu.lower(f"""
!b = !fisher.belief<#fisher.{family}, {t}>
func.func @main(%x: {t}, %y: {t}) -> ({d}, {t}) {{
  %a = fisher.belief %x : !b
  %b = fisher.belief %y : !b
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> {d}, {t}
  return %d, %g : {d}, {t}
}}""", "nvptx")
    assert len(set(re.findall(r"\.entry (main_\w+)", lowered))) == 1


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
    path, assembled = compile_for(tmp_path / "kernels", "nvptx", chip,
                                  product(element, left=left))
    ptx = path.read_text()
    # Two blocks of 256 threads have 128 registers for each.
    assert ".minnctapersm 2" in ptx
    loop = main_loop(ptx)
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
    if assembled:
        # One register fewer than ptxas wants in one case.
        assert max(spills(assembled).values()) <= 8


@pytest.mark.parametrize("target,chip,element", TARGETS)
def test_contractions_of_any_size_compile(target, chip, element, tmp_path):
    path, assembled = compile_for(tmp_path / "kernels", target, chip,
                                  product(element, "?"))
    assert path.stat().st_size > 1000
    if assembled:
        assert set(spills(assembled).values()) == {0}


def test_functions_of_libraries_are_errors():
    done = gpu.lower("""
    func.func @main(%x: tensor<4xf64>) -> tensor<4xf64> {
      %0 = math.cbrt %x : tensor<4xf64>
      return %0 : tensor<4xf64>
    }""", "nvptx", check=False)
    assert done.returncode != 0
    assert "that needs no library of the device's maker" in done.stderr


def test_code_is_the_same_each_time():
    module = penalty("gaussian<log_sigma>")
    assert gpu.lower(module, "nvptx") == gpu.lower(module, "nvptx")


def test_spirv_of_one_process_shares_no_labels():
    """LLVM 22 gives a block the label that one of another module had, if their
    functions came to lie at the same address."""
    sizes = random.Random(0).choices(range(40), k=400)
    done = subprocess.run(
        [gpu.tool("fisher-opt"), "--fisher-serialize-kernels",
         "--split-input-file"], text=True, capture_output=True,
        input="\n// -----\n".join(map(kernel_with_blocks, sizes)))
    assert done.returncode == 0, done.stderr
    lowered = done.stdout.split("// -----")
    assert len(lowered) == len(sizes)
    for module in lowered:
        found = spirv_results(modules.kernel_code(module))
        assert len(found) == len(set(found))


def kernel_with_blocks(size):
    """A kernel of three blocks, and of some products."""
    products = "\n".join(f"%x{i + 1} = llvm.fmul %x{i}, %x{i} : f32"
                         for i in range(size))
    return f"""
gpu.module @kernels [#spirv.target_env<#spirv.vce<v1.2, [Kernel, Addresses], []>,
                                       #spirv.resource_limits<>>] {{
  llvm.func spir_kernelcc @kernel(%x: !llvm.ptr<1>, %c: i1)
      attributes {{gpu.kernel}} {{
    %x0 = llvm.load %x : !llvm.ptr<1> -> f32
    {products}
    llvm.cond_br %c, ^bb1, ^bb2
  ^bb1:
    llvm.store %x{size}, %x : f32, !llvm.ptr<1>
    llvm.br ^bb2
  ^bb2:
    llvm.return
  }}
}}"""


def spirv_results(code):
    """The identifiers of products and blocks."""
    places = {133: 2, 248: 1}  # OpFMul, OpLabel
    words = [word for (word,) in struct.iter_unpack("<I", code)]
    found, at = [], 5
    while at < len(words):
        if place := places.get(words[at] & 0xffff):
            found.append(words[at + place])
        at += words[at] >> 16
    return found
