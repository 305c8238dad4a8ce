# The folders of the project and the arrows between them (docs/design.md).
#
# fsc_folder(NAME SEES ... SOURCES ... LINKS ...) makes the static library fsc_NAME. Its only
# include directories are facades that hold one symbolic link each, so that
# `#include "trace_points/ring.h"` is found only by folders that may see trace_points.
# `GUEST` also makes fsc_NAME_guest: the same sources built to run inside a profiled program
# (never sanitized, hidden symbols, no stack protector or fortify, which abort).

set(FSC_GUEST_OPTIONS
    -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-omit-frame-pointer
    -fno-stack-protector -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fno-exceptions ${FSC_ARCH_OPTIONS})
if(FSC_GUEST_UBSAN)
    list(APPEND FSC_GUEST_OPTIONS -fsanitize=undefined -fsanitize-undefined-trap-on-error)
endif()

function(fsc_facade NAME)
    set(facade "${PROJECT_BINARY_DIR}/include/${NAME}")
    file(MAKE_DIRECTORY "${facade}")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${NAME}" "${facade}/${NAME}" SYMBOLIC)
    add_library(fsc_see_${NAME} INTERFACE)
    target_include_directories(fsc_see_${NAME} INTERFACE "${facade}")
endfunction()

# The arrow of a target: the folders whose headers it may include.
function(fsc_sees TARGET)
    foreach(folder IN LISTS ARGN)
        target_link_libraries(${TARGET} PRIVATE fsc_see_${folder})
    endforeach()
endfunction()

function(fsc_folder NAME)
    cmake_parse_arguments(arg "GUEST" "" "SEES;SOURCES;LINKS" ${ARGN})
    add_library(fsc_${NAME} STATIC ${arg_SOURCES})
    target_compile_options(fsc_${NAME} PRIVATE ${FSC_HOST_OPTIONS})
    target_link_options(fsc_${NAME} INTERFACE ${FSC_HOST_LINK_OPTIONS})
    fsc_sees(fsc_${NAME} ${NAME} ${arg_SEES})
    target_link_libraries(fsc_${NAME} PUBLIC ${arg_LINKS})
    if(arg_GUEST)
        add_library(fsc_${NAME}_guest STATIC ${arg_SOURCES})
        target_compile_options(fsc_${NAME}_guest PRIVATE ${FSC_GUEST_OPTIONS})
        fsc_sees(fsc_${NAME}_guest ${NAME} ${arg_SEES})
    endif()
endfunction()
