# postrider_module(NAME [COLD] USES folder… LIBRARIES target… HOT file… SMALL file…)
#
# One folder of src/ is one static library, one test binary and its fuzz targets:
#   *.cc         the library postrider_NAME
#   *_test.cc    NAME_test, run by ctest (label: unit)
#   *_fuzz.cc    each a libFuzzer target; without libFuzzer they are linked into NAME_test, whose
#                corpus test runs them over fuzz/corpus
# COLD: an operator waits for it, or a person, and not each event: its code is made small and not fast, but for HOT files.
# SMALL: the same of single files of a folder that is not COLD.
# USES is the layering rule: the folders whose headers this folder may include. It is written to
# layers.txt in the build folder, and tools/check_layers holds every #include against it.
file(WRITE ${CMAKE_BINARY_DIR}/layers.txt "")

function(postrider_module name)
    cmake_parse_arguments(ARG "COLD" "" "USES;LIBRARIES;TEST_USES;HOT;SMALL" ${ARGN})
    file(APPEND ${CMAKE_BINARY_DIR}/layers.txt "${name}: ${ARG_USES}\n")
    if(ARG_TEST_USES)
        file(APPEND ${CMAKE_BINARY_DIR}/layers.txt "${name} test: ${ARG_TEST_USES}\n")
    endif()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cc)
    set(tests ${sources})
    set(fuzzers ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cc$")
    list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
    list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
    if(name STREQUAL "app")
        list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
    endif()
    list(TRANSFORM ARG_SMALL PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/${name}/)
    foreach(file ${ARG_SMALL})
        if(NOT file IN_LIST sources)
            message(FATAL_ERROR "postrider_module: there is no ${file}")
        endif()
        list(REMOVE_ITEM sources ${file})
    endforeach()
    list(TRANSFORM ARG_USES PREPEND postrider_ OUTPUT_VARIABLE used)

    if(sources)
        add_library(postrider_${name} STATIC ${sources})
        target_include_directories(postrider_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
        target_link_libraries(postrider_${name} PUBLIC ${used} ${ARG_LIBRARIES})
        if(ARG_COLD)
            target_compile_options(postrider_${name} PRIVATE $<$<CONFIG:Release>:-Os>)
            list(TRANSFORM ARG_HOT PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/${name}/)
            set_source_files_properties(${ARG_HOT} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-O2>)
        endif()
        if(ARG_SMALL)
            # A library of its own, which the linker sees behind all those that each event passes (src/CMakeLists.txt).
            add_library(postrider_${name}_small STATIC ${ARG_SMALL})
            target_compile_options(postrider_${name}_small PRIVATE $<$<CONFIG:Release>:-Os>)
            target_link_libraries(postrider_${name}_small PUBLIC postrider_${name})
            target_link_libraries(postrider_${name} PUBLIC postrider_${name}_small)
        endif()
    else()
        add_library(postrider_${name} INTERFACE)
        target_include_directories(postrider_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
        target_link_libraries(postrider_${name} INTERFACE ${used} ${ARG_LIBRARIES})
    endif()

    if(tests AND POSTRIDER_TESTS)
        add_executable(${name}_test ${tests})
        list(TRANSFORM ARG_TEST_USES PREPEND postrider_ OUTPUT_VARIABLE test_used)
        target_link_libraries(${name}_test PRIVATE postrider_${name} ${test_used}
                              GTest::gtest GTest::gtest_main Threads::Threads)
        gtest_discover_tests(${name}_test TEST_PREFIX ${name}. PROPERTIES LABELS unit TIMEOUT 120
                             DISCOVERY_TIMEOUT 60)
    endif()
    foreach(fuzzer ${fuzzers})
        get_filename_component(target ${fuzzer} NAME_WE)
        if(POSTRIDER_FUZZ)
            add_executable(${target} ${fuzzer})
            target_link_libraries(${target} PRIVATE postrider_${name} -fsanitize=fuzzer)
        elseif(POSTRIDER_TESTS)
            # The corpus of every fuzz target is also a unit test.
            add_executable(${target} ${fuzzer} ${PROJECT_SOURCE_DIR}/tests/support/fuzz_main.cc)
            target_link_libraries(${target} PRIVATE postrider_${name})
            add_test(NAME ${target}.corpus
                     COMMAND ${target} ${PROJECT_SOURCE_DIR}/tests/fuzz_corpus/${target})
            set_tests_properties(${target}.corpus PROPERTIES LABELS unit TIMEOUT 60)
        endif()
    endforeach()
endfunction()
