# kaisar_embed(<target> <header> NAMESPACE <namespace> FILES …): a header with the text of each file as
# a constant, kReportHtml of page/report.html, for the sources of the target to include. It is made
# anew when a file changes. A file has less than 64 KiB, the most that C++ promises of a literal.
function(kaisar_embed target header)
  cmake_parse_arguments(ARG "" "NAMESPACE" "FILES" ${ARGN})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(paths ${ARG_FILES})
  list(TRANSFORM paths PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(
    OUTPUT ${folder}/${header}
    COMMAND ${CMAKE_COMMAND} -D OUT=${folder}/${header} -D NAMESPACE=${ARG_NAMESPACE}
            -D "FILES=${paths}" -P ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${folder}/${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
