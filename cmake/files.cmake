# The files that the program serves, in one pack: the console at /, the documentation's site at /docs/, the contract; and what
# each problem means, at /problems/….
set(POSTRIDER_FILES_PACK ${CMAKE_BINARY_DIR}/files.pack)
set(POSTRIDER_PROBLEM_PAGES ${CMAKE_BINARY_DIR}/problem_pages.json)

# The console: built by npm when its sources or the API's contract change.
set(console ${PROJECT_SOURCE_DIR}/console)
file(GLOB_RECURSE console_sources CONFIGURE_DEPENDS ${console}/src/* ${console}/public/*)
# Generated from the contract while building: it must not ask for the next build.
list(FILTER console_sources EXCLUDE REGEX "/schema\\.d\\.ts$")
file(GLOB console_files CONFIGURE_DEPENDS
     ${console}/*.json ${console}/*.ts ${console}/*.js ${console}/*.html)
add_custom_command(
    OUTPUT ${CMAKE_BINARY_DIR}/console/index.html
    COMMAND ${PROJECT_SOURCE_DIR}/tools/build_console ${CMAKE_BINARY_DIR}/console
    DEPENDS ${console_sources} ${console_files} ${PROJECT_SOURCE_DIR}/api/openapi.yaml
            ${PROJECT_SOURCE_DIR}/tools/build_console ${PROJECT_SOURCE_DIR}/tools/install_console
    COMMENT "Building the console" VERBATIM)

# The site: after the console, whose packages it uses.
file(GLOB_RECURSE docs_sources CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/sdk/*.md ${PROJECT_SOURCE_DIR}/examples/receivers/README.md
     ${PROJECT_SOURCE_DIR}/tools/docs_site/*.py)
list(FILTER docs_sources EXCLUDE REGEX "/node_modules/|/docs/decisions/")
add_custom_command(
    OUTPUT ${CMAKE_BINARY_DIR}/docs/index.html ${POSTRIDER_PROBLEM_PAGES}
    COMMAND ${PROJECT_SOURCE_DIR}/tools/build_docs ${CMAKE_BINARY_DIR}/docs ${POSTRIDER_PROBLEM_PAGES}
    DEPENDS ${docs_sources} ${PROJECT_SOURCE_DIR}/api/openapi.yaml ${PROJECT_SOURCE_DIR}/api/problems.json
            ${PROJECT_SOURCE_DIR}/api/verifying.md ${PROJECT_SOURCE_DIR}/SECURITY.md
            ${PROJECT_SOURCE_DIR}/tools/build_docs ${PROJECT_SOURCE_DIR}/tools/render_docs
            ${CMAKE_BINARY_DIR}/console/index.html
    COMMENT "Building the documentation" VERBATIM)

# Debian's own interpreter, before any other on the path.
find_program(POSTRIDER_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(POSTRIDER_PYTHON python3 REQUIRED)
add_custom_command(
    OUTPUT ${POSTRIDER_FILES_PACK}
    COMMAND ${POSTRIDER_PYTHON} ${PROJECT_SOURCE_DIR}/tools/pack_files ${POSTRIDER_FILES_PACK}
            ${CMAKE_BINARY_DIR}/console docs=${CMAKE_BINARY_DIR}/docs
    DEPENDS ${CMAKE_BINARY_DIR}/console/index.html ${CMAKE_BINARY_DIR}/docs/index.html
            ${PROJECT_SOURCE_DIR}/tools/pack_files
    COMMENT "Packing the console and the documentation" VERBATIM)
postrider_embed(postrider_api_assets
    NAMESPACE postrider::api::assets HEADER api/assets.h
    FILES files_pack=${POSTRIDER_FILES_PACK}
          problem_pages=${POSTRIDER_PROBLEM_PAGES})
