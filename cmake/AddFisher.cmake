# Functions that declare the project's targets. Only the shared MLIR and LLVM
# libraries are linked: a component archive beside them would bring a second
# copy of every TypeID.

# What has to be built before the tests can run.
add_custom_target(fisher-test-depends)

# fisher_add_library(NAME sources... [LINK targets...] [DEPENDS generated...])
#
# Declares a static library that is installed and exported as Fisher::NAME.
function(fisher_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(Fisher::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:FisherFlags>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  # Where MLIR's headers are is found again by the package that is installed.
  target_link_libraries(${name} INTERFACE $<INSTALL_INTERFACE:Fisher::Upstream>)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  add_dependencies(fisher-test-depends ${name})
  install(TARGETS ${name} EXPORT FisherTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# fisher_add_tool(NAME sources... [LINK targets...])
#
# Declares an executable that is installed.
function(fisher_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE FisherFlags ${ARG_LINK} MLIR LLVM)
  # The run-time library of kernels is found where it is installed.
  set_target_properties(${name} PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  add_dependencies(fisher-test-depends ${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# fisher_add_unittest(NAME sources... [LINK targets...])
#
# Declares a GoogleTest executable; each of its tests is one of ctest's.
function(fisher_add_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE
    FisherFlags ${ARG_LINK} GTest::gtest_main MLIR LLVM)
  add_dependencies(fisher-test-depends ${name})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
endfunction()
