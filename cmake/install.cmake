# `cmake --install build/release --prefix /usr`: what tools/make_dist makes, where systems look for it. Nothing of it is made by
# an ordinary build: installing makes it.
include(GNUInstallDirs)
set(dist ${CMAKE_BINARY_DIR}/dist)
add_custom_target(dist
    COMMAND ${PROJECT_SOURCE_DIR}/tools/make_dist ${CMAKE_BINARY_DIR} ${dist}
    COMMENT "Making what is installed" VERBATIM)
add_dependencies(dist postrider)

install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --target dist
                              COMMAND_ERROR_IS_FATAL ANY)
    set(bindir \"\${CMAKE_INSTALL_PREFIX}/bin\")
    configure_file(\"${PROJECT_SOURCE_DIR}/packaging/postrider.service.in\" \"${dist}/postrider.service\" @ONLY)")
install(PROGRAMS ${dist}/postrider DESTINATION bin)
install(FILES ${dist}/postrider.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/postrider.sysusers DESTINATION lib/sysusers.d RENAME postrider.conf)
install(FILES ${dist}/postrider.1 DESTINATION share/man/man1)
install(FILES ${dist}/postrider.toml.5 DESTINATION share/man/man5)
install(FILES ${dist}/postrider.bash DESTINATION share/bash-completion/completions RENAME postrider)
install(FILES ${dist}/_postrider DESTINATION share/zsh/site-functions)
install(FILES ${dist}/postrider.fish DESTINATION share/fish/vendor_completions.d)
install(FILES ${dist}/postrider.cdx.json ${dist}/licences.txt ${PROJECT_SOURCE_DIR}/LICENSE
              ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/postrider)
# One that is there is somebody's.
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/postrider/postrider.toml\")
    file(INSTALL \"${dist}/postrider.toml\" DESTINATION /etc/postrider)
endif()")
