# What `make` builds and `make install` installs (docs/packaging.md).  Everything is found from where the programs are, so an installed tree may be moved.
set(LOOM_SHARE ${CMAKE_INSTALL_DATADIR}/loom)

# ---- programs, libraries, headers ---------------------------------------------
install(TARGETS loom DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_BINARY_DIR}/helion-opt ${CMAKE_BINARY_DIR}/eval_core DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS loom-worker loom-sweep DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/loom)
install(TARGETS libloom EXPORT LoomTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/loom/loom.h include/loom/kernel_provider.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/loom)
set(product loom loom-worker loom-sweep libloom help_files)
foreach(p ${LOOM_PROVIDERS})
  install(TARGETS loom_provider_${p} DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/loom/providers)
  list(APPEND product loom_provider_${p})
endforeach()

if(TARGET loom-mpi)
  install(TARGETS loom-mpi DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/loom)
endif()
install(EXPORT LoomTargets NAMESPACE Loom:: FILE LoomConfig.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Loom)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/LoomConfigVersion.cmake VERSION ${PROJECT_VERSION} COMPATIBILITY SameMajorVersion)
file(RELATIVE_PATH LOOM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" LOOM_PC_PREFIX "${LOOM_PC_PREFIX}")
configure_file(cmake/loom.pc.in ${CMAKE_BINARY_DIR}/loom.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/LoomConfigVersion.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Loom)
install(FILES ${CMAKE_BINARY_DIR}/loom.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- Python: every package of python/, where Debian's python3 looks ---------------
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr/local")
  set(python_dir lib/python${PYTHON_EMBED_VERSION}/dist-packages)
else()
  set(python_dir lib/python3/dist-packages)
endif()
set(LOOM_PYTHON_DIR ${python_dir} CACHE STRING "where the Python packages go, below the prefix")
file(GLOB python_packages CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} python/*/__init__.py)
foreach(p ${python_packages})
  get_filename_component(p ${p} DIRECTORY)
  if(NOT IS_SYMLINK ${CMAKE_SOURCE_DIR}/${p})      # those lead to stand-ins inside of loom
    install(DIRECTORY ${p} DESTINATION ${LOOM_PYTHON_DIR} PATTERN "__pycache__" EXCLUDE PATTERN "*_test.py" EXCLUDE)
  endif()
endforeach()

# ---- data and documents ------------------------------------------------------------
install(DIRECTORY docs/schemas editors DESTINATION ${LOOM_SHARE})
install(DIRECTORY machines kernels DESTINATION ${LOOM_SHARE} PATTERN "__pycache__" EXCLUDE REGEX "/kernels/(loom|torch|helion)$" EXCLUDE)
file(RELATIVE_PATH to_python /${LOOM_SHARE}/kernels /${LOOM_PYTHON_DIR}/loom)      # what kernel scripts import, as kernels/ has it
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/kernels)
file(CREATE_LINK ${to_python} ${CMAKE_BINARY_DIR}/kernels/loom SYMBOLIC)
file(CREATE_LINK ${to_python}/upstream/torch ${CMAKE_BINARY_DIR}/kernels/torch SYMBOLIC)
file(CREATE_LINK ${to_python}/upstream/helion ${CMAKE_BINARY_DIR}/kernels/helion SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/kernels/loom ${CMAKE_BINARY_DIR}/kernels/torch ${CMAKE_BINARY_DIR}/kernels/helion DESTINATION ${LOOM_SHARE}/kernels)
install(DIRECTORY tests/tt_emulator DESTINATION ${LOOM_SHARE} PATTERN "*test*" EXCLUDE PATTERN "*examples*" EXCLUDE)   # for loom run --engine tt-emu
install(FILES README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN "score" EXCLUDE PATTERN "schemas" EXCLUDE)   # links of README lead there
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN "__pycache__" EXCLUDE PATTERN "*.sh" EXCLUDE PATTERN "build_ir/build" EXCLUDE)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE
  FILES_MATCHING PATTERN "*.sh" PATTERN "build_ir/build" PATTERN "__pycache__" EXCLUDE)

# ---- manual pages and completion, from the tables of commands and options -------
set(help ${CMAKE_BINARY_DIR}/help)
file(MAKE_DIRECTORY ${help})
set(made ${help}/loom.bash ${help}/_loom ${help}/loom.fish)
add_custom_command(OUTPUT ${made} DEPENDS loom VERBATIM
  COMMAND loom completion bash > ${help}/loom.bash COMMAND loom completion zsh > ${help}/_loom COMMAND loom completion fish > ${help}/loom.fish)
install(FILES ${help}/loom.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME loom)
install(FILES ${help}/_loom DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${help}/loom.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
find_program(SCDOC scdoc)
if(SCDOC)
  # Their date is that of the release, so that what is built tomorrow is the same.
  set(date $ENV{SOURCE_DATE_EPOCH})
  if(NOT date)
    file(STRINGS debian/changelog date REGEX "^ -- .*  " LIMIT_COUNT 1)
    string(REGEX REPLACE "^ -- .*>  " "" date "${date}")
    execute_process(COMMAND date -u -d ${date} +%s OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  # `of` is the command, "" for loom itself; its page is NAME.1.
  function(loom_manual_page name of)
    add_custom_command(OUTPUT ${help}/${name}.1 DEPENDS loom VERBATIM
      COMMAND loom manual ${of} | ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=${date} ${SCDOC} > ${help}/${name}.1)
    set(made ${made} ${help}/${name}.1 PARENT_SCOPE)
    install(FILES ${help}/${name}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endfunction()
  loom_manual_page(loom "")
  file(READ src/cli/cli.h rows)
  string(REGEX MATCHALL "\n  X\\([a-z]+, [0-9], \"" rows "${rows}")      # CLI_COMMAND_LIST
  foreach(row ${rows})
    string(REGEX REPLACE ".*\\(([a-z]+),.*" "\\1" c "${row}")
    loom_manual_page(loom-${c} ${c})
  endforeach()
  # Upstream's names of two commands.
  file(CREATE_LINK loom-opt.1 ${help}/helion-opt.1 SYMBOLIC)
  file(CREATE_LINK loom-eval.1 ${help}/eval_core.1 SYMBOLIC)
  install(FILES ${help}/helion-opt.1 ${help}/eval_core.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
add_custom_target(help_files ALL DEPENDS ${made})
add_custom_target(product DEPENDS ${product})
