include(GNUInstallDirs)

# In the manual pages; SOURCE_DATE_EPOCH sets it for builds that are to be the same again.
string(TIMESTAMP KAISAR_MANUAL_DATE "%B %d, %Y" UTC)
add_custom_target(self_descriptions ALL)

# kaisar_self_description(<tool>): what the tool says of itself (cli/self_description.h) is made and
# installed with it: its manual page, and the scripts that complete its command line.
function(kaisar_self_description tool)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/self_description)
  add_custom_command(
    OUTPUT ${made}/${tool}.1 ${made}/${tool}.1.gz ${made}/${tool} ${made}/_${tool} ${made}/${tool}.fish
    COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
    COMMAND ${tool} --man ${KAISAR_MANUAL_DATE} > ${made}/${tool}.1
    COMMAND gzip -9 -n -c ${made}/${tool}.1 > ${made}/${tool}.1.gz
    COMMAND ${tool} completion bash > ${made}/${tool}
    COMMAND ${tool} completion zsh > ${made}/_${tool}
    COMMAND ${tool} completion fish > ${made}/${tool}.fish
    DEPENDS ${tool} VERBATIM)
  add_custom_target(${tool}-self-description DEPENDS ${made}/${tool}.1)
  add_dependencies(self_descriptions ${tool}-self-description)
  string(REPLACE kaisar- "" component ${tool})
  foreach(file_and_folder
      ${tool}.1.gz:${CMAKE_INSTALL_MANDIR}/man1
      ${tool}:${CMAKE_INSTALL_DATADIR}/bash-completion/completions
      _${tool}:${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
      ${tool}.fish:${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
    string(REPLACE : ";" file_and_folder ${file_and_folder})
    list(GET file_and_folder 0 file)
    list(GET file_and_folder 1 folder)
    install(FILES ${made}/${file} DESTINATION ${folder} COMPONENT ${component})
  endforeach()
endfunction()
