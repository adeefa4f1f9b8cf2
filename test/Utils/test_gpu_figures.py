# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""benchmarks/gpu_code reads machine code, and docs/performance.md has what it
found. After a change of kernels, run: benchmarks/run.sh gpu_code --write"""

import re
import runpy
import subprocess
import sys

import pytest
from paths import BUILD, LLVM_PREFIX, ROOT

import modules

PROGRAM = ROOT / "benchmarks" / "gpu_code"
sys.path.append(str(PROGRAM))

import gcn
import sass
from chips import CHIPS
from kernel import per_element

DOCUMENT = ROOT / "docs" / "performance.md"


def listing(name, *lines):
    """What nvdisasm writes of a kernel, where labels end in a colon."""
    text, address = f"\t.section\t.text.{name},\"ax\",@progbits\n.text.{name}:\n", 0
    for line in lines:
        if line.endswith(":"):
            text += f"{line}\n"
        else:
            text += f"        /*{address:04x}*/                   {line} ;   /* 0x0 */\n"
            address += 16
    return text + "\t.section\t.nv.info\n"


def said(name, stack=0, stores=0, loads=0, registers=40, rest=""):
    return (f"ptxas info    : Function properties for {name}\n"
            f"    {stack} bytes stack frame, {stores} bytes spill stores, {loads} bytes spill loads\n"
            f"ptxas info    : Used {registers} registers, used 1 barriers{rest}\n")


def read(*lines, threads=256):
    ptx = f".visible .entry main_0_pp(\n\t.param .u64 a\n)\n.maxntid {threads}, 1, 1\n{{\n}}"
    return sass.kernels(listing("main_0_pp", *lines), said("main_0_pp"), ptx)[0]


# A number and two arrays are read and one is written, one by one or four at once.
POINTWISE = [
    "LDC.64 R14, c[0x0][0x230]",
    "LDG.E R14, desc[UR4][R14.64]",
    "@P0 BRA `(.L_x_1)",
    "LDG.E R4, desc[UR4][R2.64+0x4]",
    "LDG.E R5, desc[UR4][R8.64]",
    "FADD R4, R4, R5",
    "STG.E desc[UR4][R6.64], R4",
    "EXIT",
    ".L_x_1:",
    "LDG.E.128 R4, desc[UR4][R2.64]",
    "LDG.E.128 R8, desc[UR4][R12.64+0x10]",
    "MUFU.RCP R16, R4",
    "FFMA R16, R16, R4, 1",
    "BSSY B0, `(.L_x_2)",
    "@!P1 BRA `(.L_x_2)",
    "MOV R20, 0x90",
    "CALL.REL.NOINC `($__internal_0_$slowpath)",
    ".L_x_2:",
    "BSYNC B0",
    # What is rare is longer.
    "BRA P2, `(.L_x_3)",
    "FMUL R4, R4, R5",
    "FMUL R4, R4, R5",
    ".L_x_3:",
    "F2F.F64.F32 R18, R4",
    "DADD R20, R20, R18",
    "ISETP.GE.AND P0, PT, R3, R2, PT",
    "STG.E.128 desc[UR4][R6.64], R4",
    "EXIT",
    "$__internal_0_$slowpath:",
    "FADD R16, R16, R16",
    "RET.REL.NODEC R20 `(main_0_pp)",
]


def test_way_of_aligned_arrays():
    work = per_element(read(*POINTWISE), sass, 1, 4, 1, 32)
    assert (work.loaded, work.stored, work.accesses, work.wide) == (8, 4, 0.75, 0.75)
    assert {name: 4 * count for name, count in work.counts.items()} == {
        "load": 4, "store": 1, "f32": 1, "special": 2, "f64": 1, "logic": 1, "control": 6}
    assert not work.at_least


def test_slow_path_is_not_the_short_one():
    """The call is a shorter way than the arithmetic that it replaces."""
    work = per_element(read(
        ".L_x_0:", "LDG.E R4, desc[UR4][R2.64]", "@P1 BRA `(.L_x_1)",
        "CALL.REL.NOINC `($slow)", "BRA `(.L_x_2)",
        ".L_x_1:", "FADD R4, R4, R4", "FADD R4, R4, R4", "FADD R4, R4, R4",
        ".L_x_2:", "STG.E desc[UR4][R6.64], R4", "@P0 BRA `(.L_x_0)", "EXIT",
        "$slow:", "RET.REL.NODEC R20 `(main_0_pp)"), sass, 1, 4, 1, 32)  # fmt: skip
    assert work.counts == {"load": 1, "f32": 3, "store": 1, "control": 2}


@pytest.mark.parametrize("bound, times", [("0x28", 10), ("R9", 1)])
def test_rounds_of_a_loop(bound, times):
    """Ten elements for each distribution, and a distance that is stored, too."""
    kernel = read(
        ".L_x_0:", "MOV R3, RZ",
        ".L_x_1:", "LDG.E R4, desc[UR4][R2.64]", "LDG.E.CONSTANT R5, desc[UR4][R8.64]",
        "FMUL R4, R4, R5", "STG.E desc[UR4][R6.64], R4", "IADD3 R3, P0, R3, 0x4, RZ",
        f"ISETP.NE.U32.AND P0, PT, R3, {bound}, PT", "@P0 BRA `(.L_x_1)",
        "STG.E desc[UR4][R10.64], R4", "@P1 BRA `(.L_x_0)", "EXIT")  # fmt: skip
    work = per_element(kernel, sass, 1, 4, 10, 32)
    assert work.counts["f32"] == pytest.approx(times / 10)
    assert work.counts["control"] == pytest.approx((times + 1) / 10)
    assert work.loaded == pytest.approx(4 * times / 10)
    assert work.at_least == (times == 1)


def row_kernel(*loops):
    """Loops over a row, and what a thread does once for it."""
    lines = []
    for i, loop in enumerate(loops):
        lines += [f".L_x_{i + 1}:", *loop, f"@P0 BRA `(.L_x_{i + 1})"]
    return read(
        ".L_x_0:", "MOV R3, RZ", *lines, "STS [R9], R9", "BAR.SYNC.DEFER_BLOCKING 0x0",
        "STG.E desc[UR4][R10.64], R9", "@P1 BRA `(.L_x_0)", "EXIT")  # fmt: skip


def test_row_of_a_block():
    """A row of 1024 is 4 elements a round of the loop, for each of 256 threads."""
    loads = [f"LDG.E R4, desc[UR4][R2.64{offset}]" for offset in ("", "+0x400", "+0x800", "+0xc00")]
    work = per_element(row_kernel([*loads, *["FADD R9, R9, R4"] * 4]), sass, 1, 4, 1024, 32)
    # A quarter of what a thread does once for a row.
    assert work.counts == {"load": 1, "f32": 1, "control": 0.25 + 2 / 4, "store": 2 / 4,
                           "logic": 1 / 4}
    assert (work.loaded, work.stored) == (4, 0)


def test_row_of_vectors():
    """Rows of bf16, with a buffer of f32: 8 elements, or one, a round."""
    wide = row_kernel(["LDG.E.128 R4, desc[UR4][R2.64]", "FADD R9, R9, R4"])
    assert per_element(wide, sass, 1, 2, 1 << 30, 32).loaded == 2
    narrow = row_kernel(["LDG.E.U16 R4, desc[UR4][R2.64]", "LDG.E R5, desc[UR4][R6.64]"])
    assert per_element(narrow, sass, 1, 2, 1 << 30, 32).loaded == 6


def test_rest_of_a_row():
    """Eight loads of two arrays in any registers are four elements; a loop that
    takes one for the end does not count."""
    loads = [f"LDG.E R4, desc[UR4][R{2 * i}.64]" for i in range(8)]
    kernel = row_kernel([*loads, "FADD R9, R9, R4"], [*loads[:2], "FADD R9, R9, R4"],
                        [*loads[:2], "STG.E desc[UR4][R6.64], R4"])
    work = per_element(kernel, sass, 1, 4, 1 << 30, 32)
    assert (work.loaded, work.stored) == (16, 4)
    assert work.counts["f32"] == 1 / 4


def test_row_in_registers():
    """Of 512 elements, each of 256 threads has two."""
    work = per_element(read(
        ".L_x_0:", "LDG.E R4, desc[UR4][R2.64]", "LDG.E R5, desc[UR4][R2.64+0x400]",
        "SHFL.BFLY PT, R9, R4, 0x1, 0x1f", "BAR.SYNC.DEFER_BLOCKING 0x0",
        "STG.E desc[UR4][R6.64], R4", "STG.E desc[UR4][R6.64+0x400], R5",
        "@P0 BRA `(.L_x_0)", "EXIT"), sass, 1, 4, 512, 32)  # fmt: skip
    assert (work.loaded, work.stored) == (4, 4)
    assert work.counts == {"load": 1, "store": 1, "control": 1.5}


def test_jumps():
    """A call of a label is one, as are branches by a predicate or by divergence."""
    flow = sass.flow_of({".L_x_1": 16})
    assert flow("@!P0 CALL.REL.NOINC `(.L_x_1)") == ([16], True)
    assert flow("@!P0 BRA !P2, `(.L_x_1)") == flow("BRA.DIV UR4, `(.L_x_1)") == ([16], True)
    assert flow("BRA.U UP0, `(.L_x_1)") == ([16], True)
    assert flow("BRA `(.L_x_1)") == ([16], False)
    assert flow("@P0 EXIT") == ([], True) and flow("EXIT") == ([], False)
    assert flow("CALL.REL.NOINC `($slow)") is None and flow("BSYNC B0") is None


def test_what_the_assembler_says():
    messages = said("main_1_p", registers=24) + said(
        "main_0_pp", stack=128, stores=8, loads=12, registers=66, rest=", 2048 bytes smem")
    ptx = "".join(f".entry {name}(\n)\n.maxntid {n}, 1, 1\n"
                  for name, n in (("main_0_pp", 128), ("main_1_p", 1024)))
    text = listing("main_1_p", "EXIT") + listing("main_0_pp", "EXIT")
    first, second = sass.kernels(text, messages, ptx)
    assert (first.name, first.registers, first.spilled, first.stack, first.shared,
            first.threads) == ("main_0_pp", 66, 20, 128, 2048, 128)
    assert (second.name, second.registers, second.spilled, second.threads) == (
        "main_1_p", 24, 0, 1024)


def test_code_of_amd():
    text = """
0000000000001b00 <main_0_pp>:
	s_mov_b32 s4, 0                          // 000000001B00: BE840080
	global_load_dwordx4 v[2:5], v0, s[0:1] offset:16   // 000000001B04: DC5C8010 02000000
	v_pk_mul_f32 v[2:3], v[2:3], v[4:5]      // 000000001B0C: D3B14002 18020902
	v_rcp_f32_e32 v2, v2                     // 000000001B14: 7E044502
	s_and_saveexec_b64 s[6:7], vcc           // 000000001B18: BE86206A
	s_cbranch_execz 2                        // 000000001B1C: BF880002 <main_0_pp+0x28>
	v_add_f64 v[8:9], v[8:9], v[8:9]         // 000000001B20: D2800008 00021108
	global_store_dwordx4 v0, v[2:5], s[2:3]  // 000000001B28: DC7C8000 00020200
	s_endpgm                                 // 000000001B30: BF810000
"""
    notes = """
amdhsa.kernels:
  - .agpr_count:     0
    .args:
      - .name:           a
        .size:           8
    .group_segment_fixed_size: 2048
    .max_flat_workgroup_size: 256
    .name:           main_0_pp
    .private_segment_fixed_size: 16
    .sgpr_spill_count: 0
    .vgpr_count:     62
    .vgpr_spill_count: 3
amdhsa.target:   amdgcn-amd-amdhsa--gfx942
"""
    (kernel,) = gcn.kernels(text, notes)
    assert (kernel.registers, kernel.spilled, kernel.stack, kernel.shared, kernel.threads) == (
        62, 12, 16, 2048, 256)
    work = per_element(kernel, gcn, 1, 4, 1, 64)
    assert (work.loaded, work.stored, work.wide, work.accesses) == (4, 4, 0.5, 0.5)
    assert {name: 4 * count for name, count in work.counts.items()} == {
        "load": 1, "store": 1, "f32": 1, "special": 1, "control": 4}


def test_accesses():
    found = sass.access("@!P1 LDS.64 R4, [R3+UR4+0x400]")
    assert found == (True, "shared", 8, "R3+UR4", 0x400)
    assert sass.access("STG.E.U16 desc[UR4][R2.64+-0xc], R4") == (False, "global", 2, "R2.64", -12)
    assert sass.access("LDG.E.CONSTANT R4, desc[UR4][R2.64]") is None
    assert gcn.access("ds_read2_b64 v[0:3], v4 offset1:1") == (True, "shared", 16, "v4", 0)
    assert gcn.access("global_load_ushort v1, v[2:3], off offset:-2") == (
        True, "global", 2, "v[2:3]", -2)
    assert gcn.access("global_store_short_d16_hi v0, v2, s[2:3]").size == 2
    assert gcn.access("s_load_dword s33, s[24:25], 0x0") is None


def test_chips():
    """By the numbers of the data sheets."""
    h200 = CHIPS["sm_90"]
    assert h200.budget(24) == pytest.approx(132 * 4 * 32 * 1.98e9 / 4.8e12 * 24)
    # Blocks of 8 warps, 2 on each of 4 schedulers: 3 of 72 registers fit.
    assert h200.occupancy(72, 2048, 256) == 24 / 64
    assert h200.occupancy(32, 2048, 256) == 1
    assert h200.occupancy(40, 0, 1024) == 32 / 64
    # Of 228 KB.
    assert h200.occupancy(32, 75 * 1024, 256) == 24 / 64
    assert h200.occupancy(16, 0, 32) == 32 / 64
    assert CHIPS["gfx942"].occupancy(66, 2048, 256) == 28 / 32


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, "--build-dir", BUILD, *arguments],
                          capture_output=True, text=True)


def rows(text):
    """(chip, label) -> column -> text."""
    found, chip = {}, None
    for line in text.splitlines():
        if heading := re.match(r"\*\*(\w+)\*\*, in f32", line):
            chip = heading[1]
        elif chip and line.startswith("| family |"):
            header = [cell.strip() for cell in line.strip("|").split("|")]
        elif chip and line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[chip, cells[0]] = dict(zip(header, cells, strict=True))
        elif line.startswith("#"):
            chip = None
    return found


def test_document_has_every_family():
    found = rows(DOCUMENT.read_text())
    expected = {(chip, f"`{family}<{chart}>`") for chip in CHIPS
                for family, charts in modules.charts(LLVM_PREFIX).items() for chart in charts}
    assert {(chip, label.split()[0]) for chip, label in found} == expected
    assert ("sm_90", "`categorical<logits>` 50000") in found
    for (chip, label), row in found.items():
        if label.startswith(("`gaussian", "`von_mises", "`categorical")):
            assert row["spilled"] == "0", (chip, label)
        if label.startswith("`gaussian"):
            assert (row["bytes"], row["in 16"]) == ("24", "100 %"), (chip, label)


def test_says_what_is_measured():
    """AMD's tools come with LLVM."""
    label = "`gaussian<sigma>`"
    done = run("--chips", "gfx942", "--families", label.strip("`"))
    assert done.returncode == 0, done.stderr
    row, told = rows(done.stdout)["gfx942", label], rows(DOCUMENT.read_text())["gfx942", label]
    assert (row["bytes"], row["in 16"], row["spilled"]) == ("24", "100 %", "0")
    for column in ("registers", "f32", "logic", "all", "ratio"):
        assert float(row[column]) == pytest.approx(float(told[column]), rel=0.2), column


def test_writes_between_marks(tmp_path):
    write = (program := runpy.run_path(str(PROGRAM / "__main__.py"), run_name="gpu_code"))["write"]
    path = tmp_path / "document.md"
    path.write_text(f"before\n{program['BEGIN']}\nold\n{program['END']}\nafter\n")
    write("new\n", [path])
    write("newer\n", [path])
    assert path.read_text() == f"before\n{program['BEGIN']}\n\nnewer\n\n{program['END']}\nafter\n"
    path.write_text("no marks")
    with pytest.raises(SystemExit, match="no lines"):
        write("new\n", [path])


def test_tells_what_is_missing():
    program = runpy.run_path(str(PROGRAM / "__main__.py"), run_name="gpu_code")
    with pytest.raises(program["Missing"], match="(?s)nvfoo is needed.*benchmarks/run.sh gpu_code"):
        program["find"]("nvfoo")


@pytest.mark.parametrize("arguments, message", [
    (["--families", "cauchy"], "invalid choice: 'cauchy'"),
    (["--chips", "sm_1"], "invalid choice: 'sm_1'"),
    (["--chips", "sm_90", "--write"], "--write is for all families and chips"),
])
def test_errors(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2 and message in done.stderr
