# Every library that we link, all from Debian's packages (scripts/setup). What a system keeps up to date for everybody, and
# no release breaks, is linked as a shared object: glibc, OpenSSL, libpq, zlib. The rest is in the program
# (docs/decisions/0030).
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)

# postrider_archive(name)     the target archive::NAME, of libNAME.a; where there is none, of its shared object
function(postrider_archive name)
    find_library(ARCHIVE_${name} NAMES lib${name}.a ${name} REQUIRED)
    add_library(archive::${name} UNKNOWN IMPORTED)
    set_target_properties(archive::${name} PROPERTIES IMPORTED_LOCATION ${ARCHIVE_${name}})
endfunction()
foreach(name cares sodium sqlite3 utf8proc crypt)
    postrider_archive(${name})
endforeach()
target_link_libraries(archive::sqlite3 INTERFACE ${CMAKE_DL_LIBS} m)

# fmt and spdlog have no archives in Debian. fmt's functions are compiled once, here; spdlog's are in its headers.
get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
add_library(postrider_fmt STATIC ${PROJECT_SOURCE_DIR}/cmake/fmt.cc)
target_include_directories(postrider_fmt SYSTEM PUBLIC ${fmt_headers})
target_compile_definitions(postrider_fmt PUBLIC FMT_SHARED)
add_library(postrider_spdlog INTERFACE)
target_compile_definitions(postrider_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(postrider_spdlog INTERFACE postrider_fmt Threads::Threads)

if(POSTRIDER_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
endif()
# Asio without the parts that we do not use compiles faster.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX
                        BOOST_BEAST_USE_STD_STRING_VIEW)
