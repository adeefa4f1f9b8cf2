# `cpack` in the build folder writes a Debian package of what is installed.
set(FISHER_MAINTAINER "Fisher maintainers <maintainers@fisher.example>" CACHE STRING
    "Who answers for the Debian package, as Name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fisher)
set(CPACK_PACKAGE_CONTACT "${FISHER_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# Anyone can read what is installed, whatever the umask of who runs cpack.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "MLIR dialect, compiler and tools for Fisher-Rao regularization")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Fisher puts Fisher-Rao regularization into training steps and compiles them
for CPUs and GPUs. This package has the tools fisher-opt, fisher-run and
fisher-lsp-server, the plugin for mlir-opt, and what other compilers link:
headers, libraries and the CMake package.")

# What the tools and the plugin load is read from them. What find_package(Fisher)
# looks for is not needed to run them.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(llvm ${LLVM_VERSION_MAJOR})
# LLVM's library lies at two paths, of which one names no package.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libllvm${llvm}")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
  "libmlir-${llvm}-dev, libpolly-${llvm}-dev, llvm-${llvm}-dev, mlir-${llvm}-tools")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gcc, pocl-opencl-icd")

# Run on the files that cpack has gathered.
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/DebianDocs.cmake)

include(CPack)
