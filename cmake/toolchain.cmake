# Compiler flags, the linker and ccache; the presets choose among the options.
option(POSTRIDER_TESTS "Build the tests" ON)
option(POSTRIDER_BENCH "Build the benchmarks' programs" ON)
option(POSTRIDER_FUZZ "Build the fuzz targets with libFuzzer (clang only)" OFF)
set(POSTRIDER_SANITIZE "" CACHE STRING "-fsanitize= list, e.g. address,undefined")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # GCC 12's std::stable_sort uses what C++17 deprecates, and clang tells us of it; GCC tells of ours.
    add_compile_options(-Wthread-safety -Wno-deprecated-declarations)
    add_link_options(-fuse-ld=mold)
else()
    # GCC 12 reports these falsely inside the standard library and Boost at -O2.
    add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow
                        -Wno-array-bounds -Wno-dangling-pointer)
    add_link_options(-fuse-ld=mold)
endif()
if(POSTRIDER_SANITIZE)
    add_compile_options(-fsanitize=${POSTRIDER_SANITIZE} -fno-sanitize-recover=all)
    if(POSTRIDER_SANITIZE MATCHES undefined)
        # It asks with a pipe whether memory can be read: one test leaves no descriptors for it.
        add_compile_options(-fno-sanitize=vptr)
    endif()
    add_link_options(-fsanitize=${POSTRIDER_SANITIZE})
endif()
if(POSTRIDER_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# postrider_is_small(target)     what nothing refers to stays out, and what is the same code is there once
function(postrider_is_small target)
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT POSTRIDER_SANITIZE)
        target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,--icf=safe)
    endif()
endfunction()

# postrider_runs_elsewhere(target)     the program runs where there is another, or no, C++ library
function(postrider_runs_elsewhere target)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT POSTRIDER_SANITIZE)
        # libgcc_s stays shared: every glibc has it beside it, and GCC 12's own copy of it needs glibc 2.35.
        target_link_options(${target} PRIVATE -static-libstdc++)
    endif()
endfunction()
