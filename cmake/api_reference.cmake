# The API reference: one HTML page made of the contract, served at /docs.
# Debian's own interpreter, to which python3-yaml belongs, before any other on the path.
find_program(POSTRIDER_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(POSTRIDER_PYTHON python3 REQUIRED)
set(POSTRIDER_API_REFERENCE ${CMAKE_BINARY_DIR}/api_reference.html)
file(GLOB reference_sources CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/tools/api_reference/* ${PROJECT_SOURCE_DIR}/api/*)
add_custom_command(
    OUTPUT ${POSTRIDER_API_REFERENCE}
    COMMAND ${POSTRIDER_PYTHON} ${PROJECT_SOURCE_DIR}/tools/render_api_reference
            ${PROJECT_SOURCE_DIR}/api ${POSTRIDER_API_REFERENCE}
    DEPENDS ${PROJECT_SOURCE_DIR}/tools/render_api_reference ${reference_sources}
    COMMENT "Rendering the API reference" VERBATIM)
postrider_embed(postrider_api_assets
    NAMESPACE postrider::api::assets HEADER api/assets.h
    FILES api_reference=${POSTRIDER_API_REFERENCE})
