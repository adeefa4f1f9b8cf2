# Compiler flags that every target of the project shares.
include(CheckCXXCompilerFlag)
include(GNUInstallDirs)

set(FISHER_USE_SANITIZER "" CACHE STRING
    "Semicolon-separated sanitizers to build with, for example address;undefined")
option(FISHER_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)

# One set of flags for targets and for what checks them.
add_library(FisherFlags INTERFACE)
# LLVM's and MLIR's headers are not ours to warn about.
target_include_directories(FisherFlags SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(FISHER_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(FisherFlags INTERFACE ${FISHER_LLVM_DEFINITIONS})
target_compile_options(FisherFlags INTERFACE
  -Wall -Wextra -Wno-unused-parameter -fvisibility-inlines-hidden
  # What links them statically keeps only the functions that it uses.
  -ffunction-sections
  $<$<NOT:$<BOOL:${LLVM_ENABLE_EH}>>:-fno-exceptions>
  $<$<NOT:$<BOOL:${LLVM_ENABLE_RTTI}>>:-fno-rtti>
  $<$<BOOL:${FISHER_WARNINGS_AS_ERRORS}>:-Werror>)

if(NOT LLVM_ENABLE_ASSERTIONS)
  target_compile_options(FisherFlags INTERFACE
    "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<NOT:$<CONFIG:Release,RelWithDebInfo,MinSizeRel>>>:SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/ReleaseStatistic.h>")
endif()

if(FISHER_USE_SANITIZER)
  string(REPLACE ";" "," FISHER_SANITIZER_LIST "${FISHER_USE_SANITIZER}")
  target_compile_options(FisherFlags INTERFACE
    -fsanitize=${FISHER_SANITIZER_LIST} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(FisherFlags INTERFACE -fsanitize=${FISHER_SANITIZER_LIST})
  if("undefined" IN_LIST FISHER_USE_SANITIZER)
    # LLVM is built without vptr information.
    target_compile_options(FisherFlags INTERFACE -fno-sanitize=vptr)
    target_link_options(FisherFlags INTERFACE -fno-sanitize=vptr)
  endif()
endif()

if(NOT CMAKE_LINKER_TYPE AND NOT CMAKE_EXE_LINKER_FLAGS MATCHES "fuse-ld")
  check_cxx_compiler_flag("-fuse-ld=lld" FISHER_HAS_LLD)
  if(FISHER_HAS_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()
