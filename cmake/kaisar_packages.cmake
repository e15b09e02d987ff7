# `cpack` makes three Debian packages: kaisar-checker, kaisar-provider, kaisar-audit. deploy/package
# builds what is in them and calls it. What is beside the programs: deploy/debian, deploy/systemd.

# The daemons find kaisar-iperf beside themselves, so each has a folder with both. A checker and a
# provider on one machine may then be of different versions.
function(kaisar_install_daemon short)
  set(name kaisar-${short})
  install(TARGETS ${name} kaisar-iperf RUNTIME DESTINATION lib/${name} COMPONENT ${short})
  kaisar_install_link(${short} ../lib/${name}/${name} ${name})
  install(FILES deploy/systemd/${name}.service DESTINATION lib/systemd/system COMPONENT ${short})
  install(FILES deploy/debian/${short}.yaml DESTINATION /etc/kaisar COMPONENT ${short})
  # For the machine that watches: nothing here reads them.
  install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION share/${name} COMPONENT ${short}
    PATTERN source EXCLUDE PATTERN make_dashboards.mjs EXCLUDE)
  set(name_of_daemon ${name})
  set(config /etc/kaisar/${short}.yaml)
  set(made ${PROJECT_BINARY_DIR}/package-files/${short})
  set(about "Kaisar ${short}")
  configure_file(deploy/debian/sysusers.conf.in ${made}/sysusers/${name}.conf @ONLY)
  install(FILES ${made}/sysusers/${name}.conf DESTINATION lib/sysusers.d COMPONENT ${short})
  foreach(script postinst prerm postrm)
    configure_file(deploy/debian/${script}.in ${made}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                       WORLD_READ WORLD_EXECUTE)
  endforeach()
  file(WRITE ${made}/conffiles "${config}\n")
  string(TOUPPER ${short} SHORT)
  set(CPACK_DEBIAN_${SHORT}_PACKAGE_CONTROL_EXTRA
    ${made}/postinst ${made}/prerm ${made}/postrm ${made}/conffiles PARENT_SCOPE)
  # systemd makes the user; in a container, what there is of it for this alone. libcurl knows no
  # https:// endpoint without certificates.
  set(CPACK_DEBIAN_${SHORT}_PACKAGE_DEPENDS
    "ca-certificates, systemd (>= 252) | systemd-standalone-sysusers" PARENT_SCOPE)
endfunction()

function(kaisar_install_link component target name)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/package-files/bin)
  file(CREATE_LINK ${target} ${PROJECT_BINARY_DIR}/package-files/bin/${name} SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/package-files/bin/${name} DESTINATION bin COMPONENT ${component})
endfunction()

# What every Debian package has in /usr/share/doc, and the given documents.
function(kaisar_install_documents short)
  set(name_of_package kaisar-${short})
  set(made ${PROJECT_BINARY_DIR}/package-files/${short})
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, where it is set
  configure_file(deploy/debian/changelog.in ${made}/changelog.Debian @ONLY)
  # When the package is made, not when this is read: the changelog changes with every commit.
  foreach(file_and_source
      changelog:${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog.Debian:${made}/changelog.Debian)
    string(REPLACE : ";" file_and_source ${file_and_source})
    list(GET file_and_source 0 file)
    list(GET file_and_source 1 source)
    install(CODE "execute_process(COMMAND gzip -9 -n -c ${source} OUTPUT_FILE ${made}/${file}.gz
      COMMAND_ERROR_IS_FATAL ANY)" COMPONENT ${short})
  endforeach()
  install(FILES deploy/debian/copyright ${made}/changelog.gz ${made}/changelog.Debian.gz ${ARGN}
    DESTINATION share/doc/kaisar-${short} COMPONENT ${short})
endfunction()

kaisar_install_daemon(checker)
kaisar_install_daemon(provider)
install(TARGETS kaisar-audit RUNTIME DESTINATION bin COMPONENT audit)
kaisar_install_documents(checker docs/operating.md deploy/policy.yaml)
kaisar_install_documents(provider docs/provider.md)
kaisar_install_documents(audit docs/auditing.md docs/log-format.md)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # a package needs none of the tests
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kaisar)
set(CPACK_PACKAGE_CONTACT "Kaisar Checker maintainers <maintainers@kaisar.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL checker provider audit)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_CHECKER_PACKAGE_NAME kaisar-checker)
set(CPACK_DEBIAN_PROVIDER_PACKAGE_NAME kaisar-provider)
set(CPACK_DEBIAN_AUDIT_PACKAGE_NAME kaisar-audit)
set(CPACK_DEBIAN_AUDIT_PACKAGE_DEPENDS ca-certificates)
set(CPACK_COMPONENT_CHECKER_DESCRIPTION
  "checks rented-out GPUs and reports what it proved
A staked node of the Kaisar network: it challenges devices, keeps a log that
anybody can verify, and reports scores to the contracts that pay.")
set(CPACK_COMPONENT_PROVIDER_DESCRIPTION
  "answers the challenges of the Kaisar network's checkers
The agent on the machine of a GPU owner. It computes on NVIDIA's GPUs where a
driver is installed, and on the CPU otherwise.")
set(CPACK_COMPONENT_AUDIT_DESCRIPTION
  "verifies logs, reports and payments of the Kaisar network
Recomputes from a checker's log and report, or from the chain, everything that
they say.")
include(CPack)
