/* expect: (negative|size of array) */
/* flags: -fno-short-wchar */
#include <ndis.h>

NDIS_STRING name = NDIS_STRING_CONST("four bytes a character");
