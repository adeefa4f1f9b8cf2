# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The run-time library of kernels, called as programs and compiled code do."""

import contextlib
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

from paths import BUILD, read_cache

pytestmark = pytest.mark.skipif(bool(read_cache("FISHER_USE_SANITIZER")),
                                reason="Python lacks the sanitizer's library")

FAKE = {"LD_LIBRARY_PATH": str(BUILD / "test" / "fake_drivers")}
OPENCL = {"FISHER_DEVICE": "opencl",
          "FISHER_OPENCL_PLATFORM": "Portable Computing Language"}
PROLOGUE = f"""
import ctypes, os
import numpy as np
library = ctypes.CDLL("{BUILD}/lib/libFisherRuntime.so")
for name in ("fisherDeviceAllocate", "mgpuModuleLoad", "mgpuEventCreate",
             "mgpuModuleGetFunction", "mgpuStreamCreate"):
    getattr(library, name).restype = ctypes.c_void_p
for name in ("fisherDeviceOpen", "fisherDeviceName", "fisherDeviceChip"):
    getattr(library, name).restype = ctypes.c_char_p
library.fisherDeviceTakeSeconds.restype = ctypes.c_double

def pointer(value):
    return ctypes.c_void_p(value)

def allocate(size):
    return library.fisherDeviceAllocate(ctypes.c_size_t(size))

def use(code, name=b"k_0_"):
    module = pointer(library.mgpuModuleLoad(code, len(code)))
    return pointer(library.mgpuModuleGetFunction(module, name))

def read(memory, like):
    result = np.empty_like(like)
    library.fisherDeviceCopy(pointer(result.ctypes.data), pointer(memory),
                             ctypes.c_size_t(result.nbytes))
    return result
"""


def run_program(command, environment):
    """What a program prints, and how it ended. Only `environment` chooses a
    device."""
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith("FISHER_")}
    return subprocess.run(command, capture_output=True, text=True,
                          env={**clean, **environment})


def run(code, environment):
    """The same of Python code that uses the library."""
    return run_program(
        [sys.executable, "-c", PROLOGUE + textwrap.dedent(code)], environment)


def fails(code, environment, message):
    done = run(code, environment)
    assert done.returncode == 1, done.stderr
    assert message in done.stderr, done.stderr


def succeeds(code, environment):
    done = run(code, environment)
    assert done.returncode == 0, done.stderr
    return done


def test_it_needs_no_driver_to_be_loaded():
    needed = subprocess.run(["ldd", BUILD / "lib" / "libFisherRuntime.so"],
                            capture_output=True, text=True, check=True).stdout
    assert "libc.so" in needed
    for name in ("cuda", "amdhip", "OpenCL", "LLVM", "MLIR"):
        assert name not in needed


@pytest.mark.parametrize("argument, device, message", [
    ("b'gpu'", None, "there is no device 'gpu'; there are cuda, hip and opencl"),
    ("None", "vulkan", "there is no device 'vulkan'"),
    ("None", None, "FISHER_DEVICE can be cuda, hip or opencl"),
])
def test_opening_tells_what_is_wrong(argument, device, message):
    environment = {"FISHER_DEVICE": device} if device else {}
    done = succeeds(f"print(library.fisherDeviceOpen({argument}).decode())",
                    environment)
    assert message in done.stdout


def test_a_process_has_one_device():
    done = succeeds("""
        print(library.fisherDeviceOpen(b"cuda"))
        print(library.fisherDeviceOpen(b"cuda"))
        print(library.fisherDeviceOpen(b"hip").decode())
        print(library.fisherDeviceName().decode(),
              library.fisherDeviceChip().decode())
        """, FAKE)
    assert done.stdout.splitlines() == [
        "None", "None", "a device of cuda is in use, not of hip",
        "Fake GPU sm_90"]


def test_without_a_choice_memory_is_an_error():
    fails("allocate(1)", {}, "error: no device was chosen")


@pytest.mark.parametrize("code, device, message", [
    (r"b'\x03\x02\x23\x07' + bytes(20)", "cuda",
     "the kernels are for opencl, but the device is of cuda"),
    (r"b'\x7fELF' + bytes(14) + b'\xe0\x00'", "cuda",
     "the kernels are for hip, but the device is of cuda"),
    (r"b'\x7fELF' + bytes(14) + b'\xbe\x00'", "hip",
     "the kernels are for cuda, but the device is of hip"),
    ("bytes(30)", "cuda", "kernels are in code of no kind that is known"),
])
def test_code_for_another_device(code, device, message):
    fails(f"use({code})",
          {**FAKE, "FISHER_DEVICE": device}, message)


def test_code_for_a_newer_chip():
    fails(r"""
        library.mgpuModuleLoadJIT.restype = ctypes.c_void_p
        code = b'.version 8.6\n.target sm_100\n'
        module = pointer(library.mgpuModuleLoadJIT(code, 3))
        library.mgpuModuleGetFunction(module, b"kernel")
        """,
          {**FAKE, "FISHER_DEVICE": "cuda", "FAKE_ERROR": "cuModuleLoadDataEx:209"},
          "error: the kernels for sm_100 cannot be loaded on Fake GPU, sm_90: "
          "CUDA_ERROR_NO_BINARY_FOR_GPU (an explanation); they have to be "
          "compiled for sm_90\n")


def test_code_chooses_the_device():
    done = succeeds(r"""
        use(b'\x7fELF' + bytes(14) + b'\xe0\x00' + bytes(20))
        print(library.fisherDeviceChip().decode())
        """, FAKE)
    assert done.stdout == "gfx942\n"


def test_memory_is_used_again():
    done = succeeds("""
        first = allocate(1000)
        second = allocate(1000)
        library.fisherDeviceFree(pointer(first))
        assert allocate(1001) == first
        assert allocate(0) not in (first, second)
        """, {**FAKE, "FISHER_DEVICE": "cuda"})
    assert done.stderr.splitlines() == ["allocate 1024", "allocate 1024",
                                        "allocate 256"]


def test_unused_memory_is_given_back_where_there_is_no_room():
    done = run("""
        library.fisherDeviceFree(pointer(allocate(1000)))
        os.environ["FAKE_ERROR"] = "cuMemAlloc_v2:2"
        allocate(5000)
        """, {**FAKE, "FISHER_DEVICE": "cuda"})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "allocate 1024", "free",
        "error: Fake GPU has no room for 5000 bytes: CUDA_ERROR_OUT_OF_MEMORY "
        "(an explanation); 1000 of 2000 bytes are free"]


def test_a_driver_that_lacks_functions(tmp_path):
    source = tmp_path / "empty.c"
    source.write_text("int cuInit(unsigned flags) { return 0; }\n")
    subprocess.run([read_cache("CMAKE_C_COMPILER"), "-shared", source, "-o",
                    tmp_path / "libcuda.so.1"], check=True)
    done = succeeds('print(library.fisherDeviceOpen(b"cuda").decode())',
                    {"LD_LIBRARY_PATH": str(tmp_path)})
    assert done.stdout == ("the NVIDIA driver is unfit: libcuda.so.1 has no "
                           "cuDeviceGetCount\n")


@pytest.mark.parametrize("ending, unloads", [("return 0;", 0), ("unload();", 1)])
def test_kernels_are_unloaded_while_there_is_a_driver(tmp_path, ending, unloads):
    """Compiled code unloads its kernels when the process ends; drivers may have
    ended before."""
    source = tmp_path / "program.c"
    source.write_text(f"""
void *mgpuModuleLoadJIT(const char *code, int level);
void *mgpuModuleGetFunction(void *module, const char *name);
void mgpuModuleUnload(void *module);
static void *module;
__attribute__((constructor)) static void load(void) {{
  module = mgpuModuleLoadJIT(".target sm_90\\n", 3);
}}
__attribute__((destructor)) static void unload(void) {{
  if (module)
    mgpuModuleUnload(module);
  module = 0;
}}
int main(void) {{
  mgpuModuleGetFunction(module, "kernel");
  {ending}
  return 0;
}}
""")
    program = tmp_path / "program"
    subprocess.run([read_cache("CMAKE_C_COMPILER"), source, "-o", program,
                    f"-L{BUILD}/lib", f"-Wl,-rpath,{BUILD}/lib",
                    "-lFisherRuntime"], check=True)
    done = run_program([program], FAKE)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "code for .target sm_90\n" + "unload\n" * unloads


STREAM = """
PTX = b".target sm_90\\n\\0"
sizes = [ctypes.c_size_t(n) for n in (4, 1, 1, 64, 1, 1)]
library.mgpuMemAlloc.restype = ctypes.c_void_p
library.mgpuModuleLoadJIT.restype = ctypes.c_void_p

def work(name):
    stream = pointer(library.mgpuStreamCreate())
    memory = pointer(library.mgpuMemAlloc(ctypes.c_uint64(300), stream, False))
    library.mgpuLaunchKernel(name, *sizes, 0, stream, None, None,
                             ctypes.c_size_t(0))
    library.mgpuMemFree(memory, stream)

def enter(stream, api=b"cuda"):
    library.fisherDeviceEnterStream(api, pointer(stream))
"""


def test_work_goes_to_the_stream_of_the_caller():
    """Memory is had in the order of the stream, and only what is asked for
    waits; this library's own device is not opened."""
    done = succeeds(STREAM + """
module = pointer(library.mgpuModuleLoadJIT(PTX, 3))
enter(0x10)
kernel = pointer(library.mgpuModuleGetFunction(module, b"k_0_"))
work(kernel)
enter(None)
work(kernel)
library.mgpuStreamSynchronize(None)
library.fisherDeviceLeaveStream()
library.mgpuModuleUnload(module)
""", {**FAKE, "FAKE_ERROR": "cuStreamCreate:1"})
    assert done.stderr.splitlines() == [
        "code for .target sm_90", "make a pool",
        "allocate 512 on stream 0x10",
        "launch k_0_: 4 1 1 of 64 1 1 on stream 0x10", "free on stream 0x10",
        "allocate 512 on stream (nil)",
        "launch k_0_: 4 1 1 of 64 1 1 on stream (nil)", "free on stream (nil)",
        "wait on stream (nil)"]


def test_a_stream_is_one_thread_s():
    done = succeeds(STREAM + """
import threading
module = pointer(library.mgpuModuleLoadJIT(PTX, 3))
get = lambda: pointer(library.mgpuModuleGetFunction(module, b"k_0_"))
enter(0x10)
thread = threading.Thread(target=lambda: work(get()))
thread.start()
thread.join()
work(get())
library.fisherDeviceLeaveStream()
work(get())
""", FAKE)
    launches = [line for line in done.stderr.splitlines() if "launch" in line]
    own = "launch k_0_: 4 1 1 of 64 1 1"
    assert launches == [own, own + " on stream 0x10", own]


def test_code_is_loaded_for_each_context():
    done = succeeds(STREAM + """
module = pointer(library.mgpuModuleLoadJIT(PTX, 3))
cuda = ctypes.CDLL("libcuda.so.1")
for context in 0x100, 0x200, 0x100:
    cuda.cuCtxSetCurrent(pointer(context))
    enter(0x10)
    work(pointer(library.mgpuModuleGetFunction(module, b"k_0_")))
    library.fisherDeviceLeaveStream()
    now = ctypes.c_void_p()
    cuda.cuCtxGetCurrent(ctypes.byref(now))
    assert now.value == context
""", FAKE)
    assert done.stderr.count("code for") == 2
    assert done.stderr.count("make a pool") == 2


@pytest.mark.parametrize("error, message", [
    ("cuMemAllocFromPoolAsync:2",
     "Fake GPU has no room for 300 bytes: CUDA_ERROR_OUT_OF_MEMORY"),
    ("cuMemPoolCreate:100",
     "Fake GPU has no room for 300 bytes: CUDA_ERROR_NO_DEVICE"),
    ("cuCtxGetDevice:1", "no NVIDIA GPU: entering the context of the thread "
     "failed: CUDA_ERROR_UNKNOWN (an explanation)"),
])
def test_errors_on_a_stream(error, message):
    fails(STREAM + """
module = pointer(library.mgpuModuleLoadJIT(PTX, 3))
enter(0x10)
work(pointer(library.mgpuModuleGetFunction(module, b"k_0_")))
""", {**FAKE, "FAKE_ERROR": error}, message)


def test_a_stream_of_another_driver():
    fails(STREAM + """
library.fisherDeviceOpen(b"cuda")
enter(0x10, b"hip")
""", FAKE, "a device of cuda is in use, not of hip")


def test_opencl_copies_and_fills():
    succeeds("""
        numbers = np.arange(1000, dtype=np.uint16)
        memory = allocate(numbers.nbytes)
        library.fisherDeviceCopy(pointer(memory), pointer(numbers.ctypes.data),
                                 ctypes.c_size_t(numbers.nbytes))
        assert (read(memory, numbers) == numbers).all()
        stream = pointer(library.mgpuStreamCreate())
        library.mgpuMemset16(pointer(memory + 20), ctypes.c_ushort(0xabcd),
                             ctypes.c_size_t(5), stream)
        library.mgpuMemset32(pointer(memory + 40), ctypes.c_uint(0x12345678),
                             ctypes.c_size_t(3), stream)
        numbers[10:15] = 0xabcd
        numbers[20:26] = [0x5678, 0x1234] * 3
        assert (read(memory, numbers) == numbers).all()
        other = allocate(numbers.nbytes)
        library.mgpuMemcpy(pointer(other), pointer(memory),
                           ctypes.c_size_t(numbers.nbytes), stream)
        event = pointer(library.mgpuEventCreate())
        library.mgpuEventRecord(event, stream)
        library.mgpuEventSynchronize(event)
        library.mgpuEventDestroy(event)
        assert (read(other, numbers) == numbers).all()
        """, OPENCL)


def test_opencl_refuses_what_is_too_large():
    fails("allocate(1 << 60)", OPENCL,
          f"has no room for {1 << 60} bytes: CL_INVALID_BUFFER_SIZE; an "
          "allocation can be ")


def test_no_size_overflows():
    fails("allocate((1 << 64) - 1)", OPENCL,
          f"has no room for {(1 << 64) - 1} bytes")


def test_opencl_platforms_are_chosen_by_name():
    done = succeeds("print(library.fisherDeviceOpen(None).decode())",
                    {**OPENCL, "FISHER_OPENCL_PLATFORM": "Nobody's"})
    assert done.stdout.startswith("no OpenCL device: no device of number 0")
    assert "is not that of FISHER_OPENCL_PLATFORM" in done.stdout


def test_spirv_needs_its_translator_where_the_driver_takes_none():
    code = r"use(b'\x03\x02\x23\x07' + bytes(20))"
    fails(code,
          {**OPENCL, "PATH": "/nowhere"},
          "takes no SPIR-V, but SPIR, which llvm-spirv-15 makes of it; install "
          "it (Debian has the package llvm-spirv-15)")
    fails(code, OPENCL,
          "llvm-spirv-15 failed for the kernels")


def test_no_file_is_left_of_what_cannot_be_translated():
    code = b"\x03\x02\x23\x07" + os.urandom(24)
    fails(f"use({code})", OPENCL,
          "llvm-spirv-15 failed for the kernels")
    for path in pathlib.Path("/tmp").glob("fisher-kernels-*"):
        with contextlib.suppress(FileNotFoundError):  # another test's
            assert path.read_bytes() != code
