// What jextract reads for libmtmd, a library of its own that not every build has.
#include "mtmd.h"
#include "mtmd-helper.h"
