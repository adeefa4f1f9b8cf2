# Reference pages that are generated from the .td files.

# Builds every page into docs/ of the build folder.
add_custom_target(fisher-doc)

# fisher_add_doc(PAGE TD generator arguments...)
#
# Declares the page docs/PAGE.md, written by mlir-tblgen from the file TD below
# include/ with the given arguments.
function(fisher_add_doc page td)
  set(source ${PROJECT_SOURCE_DIR}/include/${td})
  set(output ${PROJECT_BINARY_DIR}/docs/${page}.md)
  cmake_path(GET output PARENT_PATH folder)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARGN} ${source}
      -I ${PROJECT_SOURCE_DIR}/include -I ${MLIR_INCLUDE_DIRS}
      -o ${output} -d ${output}.d
    DEPENDS ${MLIR_TABLEGEN_TARGET} ${source}
    DEPFILE ${output}.d
    COMMENT "Writing docs/${page}.md"
    VERBATIM)
  string(MAKE_C_IDENTIFIER fisher-doc-${page} target)
  add_custom_target(${target} DEPENDS ${output})
  add_dependencies(fisher-doc ${target})
endfunction()
