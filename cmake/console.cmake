# The console: built by npm when its sources or the API's contract change, packed into one file.
set(POSTRIDER_CONSOLE_PACK ${CMAKE_BINARY_DIR}/console.pack)
file(GLOB_RECURSE console_sources CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/console/src/* ${PROJECT_SOURCE_DIR}/console/public/*)
# Generated from the contract while building: it must not ask for the next build.
list(FILTER console_sources EXCLUDE REGEX "/schema\\.d\\.ts$")
file(GLOB console_files CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/console/*.json ${PROJECT_SOURCE_DIR}/console/*.ts
     ${PROJECT_SOURCE_DIR}/console/*.js ${PROJECT_SOURCE_DIR}/console/*.html)
add_custom_command(
    OUTPUT ${POSTRIDER_CONSOLE_PACK}
    COMMAND ${PROJECT_SOURCE_DIR}/tools/build_console
            ${CMAKE_BINARY_DIR}/console ${POSTRIDER_CONSOLE_PACK}
    DEPENDS ${console_sources} ${console_files} ${PROJECT_SOURCE_DIR}/api/openapi.yaml
            ${PROJECT_SOURCE_DIR}/tools/build_console ${PROJECT_SOURCE_DIR}/tools/pack_console
            ${PROJECT_SOURCE_DIR}/tools/install_console
    COMMENT "Building the console" VERBATIM)
postrider_embed(postrider_console_assets
    NAMESPACE postrider::api::console HEADER api/console_assets.h
    FILES console_pack=${POSTRIDER_CONSOLE_PACK})
