# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How lit runs the tests: which files they are, which tools and names they use."""

import ctypes
import os
import shutil

import lit.formats

config.name = "Fisher"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Versions", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.fisher_build_dir, "test")

# The tools that were built, then those of the MLIR that they were built with.
tool_dirs = [os.path.join(config.fisher_build_dir, "bin"), config.llvm_tools_dir]
config.environment["PATH"] = os.pathsep.join(tool_dirs + [os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --allow-unused-prefixes=false"

library_dir = os.path.join(config.fisher_build_dir, "lib")
plugin = os.path.join(library_dir, "FisherPlugin" + config.module_suffix)
plugins = f"--load-dialect-plugin={plugin} --load-pass-plugin={plugin}"
configure = " ".join(
    [
        f"{config.cmake} -G {config.generator}",
        f"-DCMAKE_BUILD_TYPE={config.build_type}",
        f"-DCMAKE_C_COMPILER={config.c_compiler}",
        f"-DCMAKE_CXX_COMPILER={config.cxx_compiler}",
        f"-DMLIR_DIR={config.mlir_dir}",
    ]
)
config.substitutions += [
    # Names that start alike go from the longest to the shortest.
    ("%fisher_plugins", plugins),
    ("%fisher_plugin", plugin),
    ("%fisher_src", config.fisher_source_dir),
    ("%fisher_build", config.fisher_build_dir),
    ("%fisher_configure", configure),
    ("%cmake", config.cmake),
    ("%cc", config.c_compiler),
    ("%python", config.python),
    ("%shlibext", config.shared_library_suffix),
]



def can_open(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


# What kernels can be run on; PoCL runs those of OpenCL on the CPU.
config.environment["FISHER_OPENCL_PLATFORM"] = "Portable Computing Language"
if can_open("libOpenCL.so.1") and shutil.which("llvm-spirv-15"):
    config.available_features.add("opencl")
if can_open("libcuda.so.1"):
    config.available_features.add("cuda")
if can_open("libamdhip64.so"):
    config.available_features.add("hip")

if config.sanitizer:
    config.available_features.add("sanitizer")
