# The contract as it is served: one HTML page at /docs and the guides below it, /openapi.json and /openapi.yaml, /problems/….
# Debian's own interpreter, to which python3-yaml belongs, before any other on the path.
find_program(POSTRIDER_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(POSTRIDER_PYTHON python3 REQUIRED)
set(POSTRIDER_CONTRACT ${CMAKE_BINARY_DIR}/contract)
file(MAKE_DIRECTORY ${POSTRIDER_CONTRACT})
file(GLOB reference_sources CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/tools/api_reference/* ${PROJECT_SOURCE_DIR}/api/*
     ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/docs/migrating/*.md)
add_custom_command(
    OUTPUT ${POSTRIDER_CONTRACT}/api_reference.html ${POSTRIDER_CONTRACT}/openapi.json
           ${POSTRIDER_CONTRACT}/problem_pages.json ${POSTRIDER_CONTRACT}/guide_pages.json
    COMMAND ${POSTRIDER_PYTHON} ${PROJECT_SOURCE_DIR}/tools/render_api_reference
            ${PROJECT_SOURCE_DIR}/api ${PROJECT_SOURCE_DIR}/docs ${POSTRIDER_CONTRACT}
    DEPENDS ${PROJECT_SOURCE_DIR}/tools/render_api_reference ${reference_sources}
    COMMENT "Rendering the API reference" VERBATIM)
postrider_embed(postrider_api_assets
    NAMESPACE postrider::api::assets HEADER api/assets.h
    FILES api_reference=${POSTRIDER_CONTRACT}/api_reference.html
          openapi_json=${POSTRIDER_CONTRACT}/openapi.json
          openapi_yaml=${PROJECT_SOURCE_DIR}/api/openapi.yaml
          problem_pages=${POSTRIDER_CONTRACT}/problem_pages.json
          guide_pages=${POSTRIDER_CONTRACT}/guide_pages.json)
