# Installs the headers and the CMake package; each library and tool installs
# itself where it is declared.
include(CMakePackageConfigHelpers)

set(FISHER_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/fisher)

install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.inc"
  PATTERN "CMakeFiles" EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT FisherTargets NAMESPACE Fisher::
  DESTINATION ${FISHER_INSTALL_CMAKEDIR})
configure_package_config_file(cmake/FisherConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/FisherConfig.cmake
  INSTALL_DESTINATION ${FISHER_INSTALL_CMAKEDIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/FisherConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/FisherConfig.cmake
  ${PROJECT_BINARY_DIR}/cmake/FisherConfigVersion.cmake
  DESTINATION ${FISHER_INSTALL_CMAKEDIR})
