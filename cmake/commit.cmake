# postrider_commit: a library with the commit that is built (app/version.h). Each build asks git, and writes the file only
# when the answer is another one, so that a build without a change links nothing again.
set(POSTRIDER_COMMIT "" CACHE STRING "The commit, where git cannot say it: in a source archive")
if(CMAKE_SCRIPT_MODE_FILE)
    if(NOT POSTRIDER_COMMIT)
        execute_process(COMMAND git -C ${SOURCE} rev-parse --show-toplevel
                        OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        # A source archive that lies inside of some repository is not of its commit.
        if(top STREQUAL SOURCE)
            execute_process(
                COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE POSTRIDER_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        endif()
    endif()
    if(NOT POSTRIDER_COMMIT)
        set(POSTRIDER_COMMIT unknown)
    endif()
    file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"#include \"app/version.h\"

std::string_view postrider::app::commit() { return \"@POSTRIDER_COMMIT@\"; }
")
    return()
endif()

set(commit_file ${CMAKE_BINARY_DIR}/commit.cc)
add_custom_target(postrider_ask_commit BYPRODUCTS ${commit_file}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${commit_file}
            -DPOSTRIDER_COMMIT=${POSTRIDER_COMMIT} -P ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "" VERBATIM)
add_library(postrider_commit STATIC ${commit_file})
target_include_directories(postrider_commit PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(postrider_commit PRIVATE POSTRIDER_VERSION="${PROJECT_VERSION}")
add_dependencies(postrider_commit postrider_ask_commit)
