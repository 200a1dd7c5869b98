# Every library that we link, all from Debian's packages (scripts/setup).
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
# Their archives where there are any: what runs elsewhere needs no package for them.
find_library(UTF8PROC_LIBRARY NAMES libutf8proc.a utf8proc REQUIRED)
find_library(CRYPT_LIBRARY NAMES libcrypt.a crypt REQUIRED)
if(POSTRIDER_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
endif()
# Asio without the parts that we do not use compiles faster.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX
                        BOOST_BEAST_USE_STD_STRING_VIEW)
